#!/bin/sh
# Writes the lock files: pinned, with hashes, for every platform and Python from 3.12 on, and no host names.
set -eu
cd "$(dirname "$0")/.."

lock() {
    output=$1
    shift
    # shellcheck disable=SC2086  # LOCK_ARGS holds words, e.g. --upgrade
    .venv/bin/uv pip compile "$@" --universal --python-version 3.12 --generate-hashes \
        --no-header --no-annotate --quiet --output-file "$output" ${LOCK_ARGS:-}
}

lock requirements.txt pyproject.toml
lock requirements-mysql.txt pyproject.toml --extra mysql --constraint requirements.txt
lock requirements-dev.txt pyproject.toml --extra dev --constraint requirements.txt
lock requirements-deploy.txt --group pyproject.toml:deploy
