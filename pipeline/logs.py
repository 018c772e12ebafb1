"""What log lines a person sees, and how: faults that their reader can mend are messages, not tracebacks."""

import logging
import re

from pipeline import errors
from pipeline.errors import PlumblineError

KINDS = "|".join(
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, PlumblineError)
)
TRACEBACK = re.compile(
    rf"\s*Traceback \(most recent call last\):\n.*?^pipeline\.errors\.(?:{KINDS}): ", re.DOTALL | re.MULTILINE
)
SUMMARY = "===== Luigi Execution Summary ====="
SUCCEEDED = ":)"


class Lines(logging.StreamHandler):  # type: ignore[type-arg] # logging.cfg gives the stream
    """Passes on warnings, what our own stages say, and Luigi's summary of a run that did not succeed."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a person should see the line."""
        if record.name.startswith("luigi") and record.levelno < logging.WARNING:
            message = record.getMessage()
            return SUMMARY in message and SUCCEEDED not in message
        return True


class Plain(logging.Formatter):
    """Leaves out tracebacks where the error's own message says it all."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, with the message of a mendable fault in place of its traceback."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, PlumblineError):
            task = record.args[-1] if isinstance(record.args, tuple) and record.args else "it"
            told = {"msg": "%s failed:\n%s", "args": (task, error), "exc_info": None, "exc_text": None}
            record = logging.makeLogRecord({**vars(record), **told})
        return TRACEBACK.sub("\n", super().format(record)).rstrip()
