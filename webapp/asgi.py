"""What gunicorn runs: ``gunicorn -k asgi webapp.asgi:application``."""

import os
import warnings

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

# Files of the pages are small, and may be read at once.
warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")

django = get_asgi_application()

from webapp.checks import refuse_wrong_settings  # noqa: E402 - needs the settings

refuse_wrong_settings()

application = django
