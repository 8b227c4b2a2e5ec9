# syntax=docker/dockerfile:1

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /srv/finance
RUN python -m venv .venv
COPY requirements.lock ./
RUN .venv/bin/python -m pip install --quiet --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md ./
COPY alembic alembic
COPY app app
# Editable, so that the program finds its migrations beside it.
RUN .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable . \
    && .venv/bin/python -m compileall -q app alembic

FROM python:3.11-slim
RUN groupadd --system --gid 10001 finance \
    && useradd --system --uid 10001 --gid finance --no-create-home --home-dir /data --shell /usr/sbin/nologin finance \
    && install --directory --owner=finance --group=finance --mode=0700 /data
COPY --from=build /srv/finance /srv/finance
ENV PATH=/srv/finance/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data
WORKDIR /srv/finance
USER finance
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health', timeout=4)"]
CMD ["finance", "serve"]
