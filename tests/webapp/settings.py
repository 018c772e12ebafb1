"""The web application's settings for tests: a data folder of their own, and passwords that are quick to check."""

import atexit
import os
import shutil
import tempfile

FOLDER = tempfile.mkdtemp(prefix="plumbline-tests-")
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
os.environ["PLUMBLINE_DATA"] = FOLDER
for name in (
    "PLUMBLINE_MODE",
    "DJANGO_SECRET_KEY",
    "DJANGO_DEBUG",
    "DJANGO_ALLOWED_HOSTS",
    "PLUMBLINE_FORWARDED_ALLOW_IPS",
):
    os.environ.pop(name, None)

from webapp.settings import *  # noqa: E402, F403 - after the environment that they are read from

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGGING["loggers"]["django"]["level"] = "ERROR"  # noqa: F405 - refusals are what the tests ask for
