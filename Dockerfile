# Two images from one folder: `web` answers and keeps the registry, without TensorFlow; `pipeline` makes what is approved.
#   docker build --target web --tag plumbline-web .
#   docker build --target pipeline --tag plumbline-pipeline .
# Both run as a user without rights on a read-only root: what they write is below /data and /tmp. So the code is compiled
# here: no process could keep what it compiled.

FROM python:3.11-slim AS base
ENV PATH=/venv/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
RUN useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin plumbline \
    && install --directory --owner=10001 --group=10001 /data
WORKDIR /app
COPY requirements-web.txt ./
RUN python3 -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --requirement requirements-web.txt
VOLUME /data

FROM base AS web
ENV PLUMBLINE_MODE=production \
    PLUMBLINE_DATA=/data \
    PLUMBLINE_BIND=0.0.0.0:8000
COPY pyproject.toml manage.py gunicorn.conf.py ./
COPY bundle bundle
COPY webapp webapp
RUN pip --python /venv/bin/python install --no-cache-dir --no-deps --editable . \
    && python -m compileall -q bundle webapp
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PLUMBLINE_BIND'].rpartition(':')[2] + '/v2/health/live', timeout=4)"]
CMD ["sh", "-c", "python manage.py check && exec gunicorn"]

FROM base AS pipeline
ENV MPLCONFIGDIR=/tmp/matplotlib
COPY requirements.txt ./
RUN sed '/^-e /d' requirements.txt > pins.txt \
    && pip --python /venv/bin/python install --no-cache-dir --requirement pins.txt \
    && rm pins.txt
COPY pyproject.toml luigi.cfg ./
COPY bundle bundle
COPY pipeline pipeline
COPY problems problems
RUN pip --python /venv/bin/python install --no-cache-dir --no-deps --editable . \
    && python -m compileall -q bundle pipeline \
    && ln --symbolic /data data
USER 10001:10001
ENTRYPOINT ["luigi", "--module", "pipeline"]
CMD ["RunAll"]
