#!/bin/sh
# Makes .venv with the first Python that is new enough. Each candidate is run, not only looked up: a version
# manager's `python3` may exist and refuse to start.
set -eu
cd "$(dirname "$0")/.."

# Its own path, which a version manager's `python3` does not tell.
path_if_new_enough='import sys; print(sys.executable); sys.exit(sys.version_info < (3, 12))'

# The arguments are what a candidate is run by.
make_venv() {
    for python in python3 python3.14 python3.13 python3.12 python /usr/bin/python3 /usr/local/bin/python3 \
        "$HOME"/.pyenv/versions/3.1[2-9]*/bin/python3; do
        if path=$("$@" "$python" -c "$path_if_new_enough" 2>/dev/null); then
            echo "Making .venv with $("$path" -V) ..."
            "$path" -m venv --clear .venv || {
                echo "Could not make .venv. On Debian and Ubuntu: apt install python3-venv" >&2
                exit 1
            }
            exit 0
        fi
    done
}

# What root puts there others run: rather a Python that is not in root's home.
case $PWD in */opt/evaltrack/*) make_venv runuser -u nobody -- ;; esac
make_venv
echo "EvalTrack needs Python 3.12 or newer. Found: $(python3 -V 2>&1 | head -n 1 || true)" >&2
exit 1
