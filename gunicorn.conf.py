"""How gunicorn runs the server. Every value has a default for one machine, and a variable to set it."""

import gc
import os
import shutil
import tempfile
from pathlib import Path


def whole(name: str, default: int) -> int:
    """The whole number that the variable holds; ``default`` where it is not set."""
    given = os.environ.get(name) or str(default)
    if not (given.isascii() and given.isdigit()):
        raise SystemExit(f"{name} must be a whole number, got {given!r}. Correct it, or unset it.")
    return int(given)


# Each worker has its own models and answers on one thread; more of them come from numpy and only cost memory.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# What the workers of this server share while it runs: their counts, and marks of what they load.
SHARED = Path(os.environ.get("PLUMBLINE_SHARED") or tempfile.mkdtemp(prefix="plumbline-"))
os.environ["PLUMBLINE_SHARED"] = str(SHARED)  # a reload goes on with it
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(SHARED / "counts")
(SHARED / "counts").mkdir(parents=True, exist_ok=True)

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
wsgi_app = os.environ.get("PLUMBLINE_APP", "webapp.asgi:application")
bind = os.environ.get("PLUMBLINE_BIND", "127.0.0.1:8000")
if os.environ.get("PLUMBLINE_MODE", "local") == "local" and bind.rpartition(":")[0] not in LOOPBACK:
    raise SystemExit(
        f"In local mode anybody who reaches the server may ask it: PLUMBLINE_BIND must be at one of {LOOPBACK}, "
        f"got {bind!r}. Set PLUMBLINE_MODE=production to serve others."
    )
workers = whole("PLUMBLINE_WORKERS", 2)
worker_class = "asgi"
asgi_lifespan = "on"  # a worker loads its models after the fork, before it takes a request
preload_app = True  # the workers share what was imported before the fork: some 30 MB less
timeout = whole("PLUMBLINE_TIMEOUT", 30)
graceful_timeout = whole("PLUMBLINE_GRACEFUL_TIMEOUT", 30)
keepalive = whole("PLUMBLINE_KEEPALIVE", 75)
max_requests = whole("PLUMBLINE_MAX_REQUESTS", 0)
max_requests_jitter = max_requests // 10
forwarded_allow_ips = os.environ.get("PLUMBLINE_FORWARDED_ALLOW_IPS", "127.0.0.1")
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a heartbeat needs no disk
control_socket_disable = True
accesslog = os.environ.get("PLUMBLINE_ACCESS_LOG") or None
errorlog = "-"
logconfig_dict = {"loggers": {"webapp": {"level": "INFO", "handlers": ["error_console"], "propagate": False}}}
loglevel = os.environ.get("PLUMBLINE_LOG_LEVEL", "info")


def on_exit(server: object) -> None:  # noqa: ARG001 - as gunicorn calls it
    """Take away what the workers shared."""
    shutil.rmtree(SHARED, ignore_errors=True)


def pre_fork(server: object, worker: object) -> None:  # noqa: ARG001 - as gunicorn calls it
    """Leave what was imported to lie still, so that the workers go on sharing it."""
    gc.collect()
    gc.freeze()
