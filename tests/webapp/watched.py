"""The whole application, which writes down every file that it opens: for gunicorn, as ``PLUMBLINE_APP``."""

import os
import sys

_written = os.open(os.path.join(os.environ["PLUMBLINE_DATA"], "opened.txt"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)  # noqa: PTH118


def _watch(event, args):
    if event in ("open", "os.listdir", "os.scandir") and isinstance(args[0], str | bytes):
        os.write(_written, os.fsencode(args[0]) + b"\n")


sys.addaudithook(_watch)

from webapp.asgi import application  # noqa: E402, F401 - so that nothing is opened unseen
