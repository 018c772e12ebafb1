"""What gunicorn runs: predictions answered by serving, which asks no database; everything else by Django."""

import os
import warnings
from dataclasses import replace
from typing import cast

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

# Files of the pages are small, and may be read at once.
warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")

django = get_asgi_application()

from django.conf import settings  # noqa: E402 - after the name of their module

from webapp.checks import refuse_wrong_settings  # noqa: E402 - needs the settings
from webapp.registry import watch  # noqa: E402 - likewise
from webapp.serving import asgi  # noqa: E402 - likewise
from webapp.serving.settings import Settings  # noqa: E402 - likewise

refuse_wrong_settings()

application = asgi.application(
    cast("asgi.App", django),
    replace(
        Settings.from_environment(),
        data=settings.DATA_FOLDER,
        secret=settings.SECRET_KEY,
        earlier=tuple(settings.SECRET_KEY_FALLBACKS),
        guarded=settings.PRODUCTION,
    ),
    beside=watch.start,
)
