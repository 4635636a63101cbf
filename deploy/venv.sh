#!/bin/sh
# Makes .venv with the first Python that is new enough. Each candidate is run, not only looked up: a version
# manager's `python3` may exist and refuse to start.
set -eu
cd "$(dirname "$0")/.."

new_enough='import sys; sys.exit(sys.version_info < (3, 12))'
for python in python3 python3.14 python3.13 python3.12 python /usr/bin/python3 /usr/local/bin/python3 \
    "$HOME"/.pyenv/versions/3.1[2-9]*/bin/python3; do
    if "$python" -c "$new_enough" >/dev/null 2>&1; then
        echo "Making .venv with $("$python" -V) ..."
        "$python" -m venv --clear .venv || {
            echo "Could not make .venv. On Debian and Ubuntu: apt install python3-venv" >&2
            exit 1
        }
        exit 0
    fi
done
echo "EvalTrack needs Python 3.12 or newer. Found: $(python3 -V 2>&1 | head -n 1 || true)" >&2
exit 1
