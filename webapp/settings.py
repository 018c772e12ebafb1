"""The web application's settings. What differs between installations comes from the environment, and is named here.

=============================  =====================================================================================
PLUMBLINE_MODE                 ``local`` (one person, this machine; the default) or ``production``
PLUMBLINE_DATA                 the folder of everything that is made (default: ``data`` beside this package)
PLUMBLINE_FORWARDED_ALLOW_IPS  proxies that are believed, as addresses or networks (default: this machine's own)
DATABASE_URL                   such as ``postgres://user:password@host/name`` (default: SQLite in the data folder)
DJANGO_SECRET_KEY              signs sessions, the audit trail and what is live; made where none is set in local mode
DJANGO_SECRET_KEY_OLD          earlier secrets, between commas, whose signatures are still believed
DJANGO_ALLOWED_HOSTS           the host names that are answered, between commas (local default: this machine's own)
DJANGO_DEBUG                   ``1`` shows tracebacks in the browser; refused in production
=============================  =====================================================================================
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url

from webapp import environment

PACKAGE = Path(__file__).parent
PRODUCTION = environment.choice("PLUMBLINE_MODE", ("local", "production")) == "production"
DATA_FOLDER = Path(environment.text("PLUMBLINE_DATA", str(PACKAGE.parent / "data"))).resolve()
MODELS_FOLDER = DATA_FOLDER / "models"
SERVING_FOLDER = DATA_FOLDER / "serving"

SECRET_KEY = environment.text("DJANGO_SECRET_KEY")
if not SECRET_KEY and not PRODUCTION:
    SECRET_KEY = environment.local_secret(DATA_FOLDER / "secret_key")
SECRET_KEY_FALLBACKS = environment.listed("DJANGO_SECRET_KEY_OLD", [])
DEBUG = environment.flag("DJANGO_DEBUG", default=False)
ALLOWED_HOSTS = environment.listed("DJANGO_ALLOWED_HOSTS", [] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]"])
PROXIES = environment.networks("PLUMBLINE_FORWARDED_ALLOW_IPS", "127.0.0.1")

INSTALLED_APPS = [
    "webapp",
    "webapp.registry",
    "webapp.monitoring",
    "webapp.access",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "webapp.middleware.content_security_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "webapp.middleware.known_methods",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "webapp.access.passwords.must_change",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

ROOT_URLCONF = "webapp.urls"
ASGI_APPLICATION = "webapp.asgi.application"

SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": DATA_FOLDER / "plumbline.sqlite3",
    "OPTIONS": {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",  # who writes waits for the other, instead of failing half-way
        "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;",
    },
}
SERVER_LIMITS = {  # seconds, and once milliseconds, after which a server that does not answer is given up
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 15_000,
}
DATABASE_URL = environment.text("DATABASE_URL")
DATABASES: dict[str, Any] = {"default": dj_database_url.parse(DATABASE_URL) if DATABASE_URL else SQLITE}
if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"]["OPTIONS"] = SERVER_LIMITS | DATABASES["default"].get("OPTIONS", {})
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_FAILURE_LIMIT = 10
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # so that nobody can shut another out from elsewhere
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "webapp.registry.source.address_of"
AXES_LOCKOUT_CALLABLE = "webapp.access.login.locked_out"
AXES_SENSITIVE_PARAMETERS = ["username"]  # not to be logged, for some type their password there
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = AXES_VERBOSE = False

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTH_PASSWORD_VALIDATORS.append({"NAME": "webapp.access.passwords.Another"})
LOGIN_URL = "admin:login"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True  # served from the packages themselves, so that nothing need be collected first

SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = PRODUCTION  # the scheme comes from the proxy that gunicorn is told to believe
SECURE_REDIRECT_EXEMPT = [r"^api/v1/alerts/$"]  # Alertmanager asks from beside the server, without the proxy
SECURE_HSTS_SECONDS = 30 * 24 * 60 * 60 if PRODUCTION else 0
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # whether sub-domains join in is for the domain's owner to say
    "security.W021",  # and so is whether browsers may know of it beforehand
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "webapp.access.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["webapp.registry.api.permissions.Nobody"],
    "DEFAULT_PAGINATION_CLASS": "webapp.registry.api.pagination.Pages",
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "rest_framework.filters.SearchFilter",
        "rest_framework.filters.OrderingFilter",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.UserRateThrottle"],  # nobody else gets as far
    "DEFAULT_THROTTLE_RATES": {"user": "600/min"},  # in each worker
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Plumbline",
    "DESCRIPTION": "Models, their versions, and the decisions about them.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "axes": {"level": "WARNING"},
    },
}
