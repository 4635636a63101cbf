#!/bin/sh
# The processes by name. Each replaces this shell, so that a signal reaches it.
set -eu

case "${1:-}" in
    web) exec gunicorn -c deploy/gunicorn.conf.py ;;
    worker | clock) exec python manage.py "$1" ;;
    migrate) exec python manage.py migrate_all ;;
    backup | restore)
        program=$1
        shift
        exec "deploy/$program" "$@"
        ;;
    manage)
        shift
        exec python manage.py "$@"
        ;;
    *)
        echo "Say web, worker, clock, migrate, backup, restore, or manage COMMAND." >&2
        exit 64
        ;;
esac
