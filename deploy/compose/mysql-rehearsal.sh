#!/bin/sh
# The image of MySQL runs it once database and user are made: the user may also make what a rehearsal restores into.
set -eu
MYSQL_PWD=$MYSQL_ROOT_PASSWORD mysql --user=root \
    --execute="GRANT ALL ON \`${MYSQL_DATABASE}_rehearsal\`.* TO '$MYSQL_USER'@'%'"
