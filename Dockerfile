# One image, four processes: `docker run IMAGE web`, `worker`, `clock` or `migrate`; `backup`, `restore`, and
# `manage COMMAND` for any other command of manage.py. It wants a writable /tmp and nothing else, so it runs with a
# read-only root file system.
FROM python:3.13-slim-bookworm@sha256:67a1e1f215ccda113cfc024e8639049257e88f273898f595b61476d128d387e8 AS base

# --- Everything that needs a compiler --------------------------------------------------------------------------------
FROM base AS build
# Debian takes old versions away, so a pinned one would soon not build.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev libmariadb-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
# Before the code: these layers stay while only the code changes.
COPY requirements-mysql.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements-mysql.txt
COPY . .
# The hashed names of static files are a matter of qa, staging and production, which start only with everything set:
# the key is made up and forgotten, the addresses have nothing behind them.
RUN export APP_ENV=production APP_URL=https://build.invalid DB_CONNECTION=pgsql MAIL_HOST=build.invalid \
        DB_PGSQL_HOST=127.0.0.1 DB_PGSQL_PORT=1 DB_HOST=127.0.0.1 DB_PORT=1 \
    && APP_KEY=$(python -c 'import secrets; print(secrets.token_urlsafe(48))') \
        python manage.py collectstatic --noinput \
    && python -m compileall -q backoffice core hr

# --- What runs -------------------------------------------------------------------------------------------------------
FROM base
# tini is process 1: a Python there would ignore SIGTERM until it has set up its own handler. Both clients, zstd and age
# are what backup and restore work with.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        age libmariadb3 mariadb-client postgresql-client tini zstd \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /tmp --shell /usr/sbin/nologin evaltrack \
    && install -d -o evaltrack -g evaltrack -m 700 /backup \
    && install -d -o evaltrack -g evaltrack /metrics
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    APP_DATA_DIR=/tmp/evaltrack \
    BACKUP_DIR=/backup \
    HOST=0.0.0.0 \
    PORT=8000
# Everything belongs to root: the program cannot change itself. By number, so that Kubernetes can tell it is not root.
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Asks the web process. The other processes listen nowhere; who runs them turns it off.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 CMD ["python", "/app/deploy/docker/healthcheck.py"]
ENTRYPOINT ["tini", "--", "/app/deploy/docker/entrypoint.sh"]
CMD ["web"]

# Last: they change with every build.
ARG VERSION=1.0.0
ARG COMMIT=unknown
ENV APP_VERSION=${VERSION} APP_COMMIT=${COMMIT}
LABEL org.opencontainers.image.title="EvalTrack" \
      org.opencontainers.image.source="https://github.com/company/evaltrack" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.ref.name="evaltrack-web:v${VERSION}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}"
