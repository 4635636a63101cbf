#!/bin/bash
# The identity database into /backup, in pg_restore's form; then away with what is older than two weeks.
set -euo pipefail
umask 077
cd "${BACKUP_DIR:-/backup}"

name=identity-$(date -u +%Y%m%dT%H%M%SZ).dump
trap 'rm -f "$name.part"' EXIT
# From the environment: a command line is seen by others.
export PGPASSWORD=$DB_PGSQL_PASSWORD
pg_dump --host="$DB_PGSQL_HOST" --port="$DB_PGSQL_PORT" --username="$DB_PGSQL_USERNAME" \
    --no-password --format=custom --file="$name.part" "$DB_PGSQL_DATABASE"
# A dump without a table in it is none.
pg_restore --list "$name.part" | grep -q ' TABLE DATA ' || {
    echo "The dump of $DB_PGSQL_DATABASE holds no data." >&2
    exit 1
}
sha256sum "$name.part" | sed 's/\.part$//' >"$name.sha256"
mv "$name.part" "$name"
find . -maxdepth 1 \( -name 'identity-*' -o -name 'business-*' \) -mtime +14 -delete
