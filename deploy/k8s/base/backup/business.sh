#!/bin/bash
# The business database into /backup, compressed. A dump that was cut off fails.
set -euo pipefail
umask 077
cd "${BACKUP_DIR:-/backup}"

name=business-$(date -u +%Y%m%dT%H%M%SZ).sql.gz
trap 'rm -f "$name.part"' EXIT
# From the environment: a command line is seen by others.
export MYSQL_PWD=$DB_PASSWORD
mysqldump --host="$DB_HOST" --port="$DB_PORT" --user="$DB_USERNAME" \
    --single-transaction --quick --hex-blob --no-tablespaces "$DB_DATABASE" | gzip >"$name.part"
last=$(gzip -dc "$name.part" | tail -n 1)
case $last in
    "-- Dump completed"*) ;;
    *)
        echo "The dump of $DB_DATABASE is not complete." >&2
        exit 1
        ;;
esac
sha256sum "$name.part" | sed 's/\.part$//' >"$name.sha256"
mv "$name.part" "$name"
