#!/bin/sh
# The processes by name. Each replaces this shell, so that a signal reaches it.
set -eu

case "${1:-}" in
    web) exec gunicorn -c deploy/gunicorn.conf.py ;;
    worker | clock) exec python manage.py "$1" ;;
    migrate) exec python manage.py migrate_all ;;
    manage)
        shift
        exec python manage.py "$@"
        ;;
    *)
        echo "Say web, worker, clock, migrate, or manage COMMAND." >&2
        exit 64
        ;;
esac
