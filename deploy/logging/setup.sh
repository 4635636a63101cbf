#!/bin/sh
# What Elasticsearch and Kibana must know of the log; may be repeated. Usage: setup.sh ELASTICSEARCH KIBANA, e.g.
# deploy/logging/setup.sh http://127.0.0.1:9200 http://127.0.0.1:5601
set -eu
cd "$(dirname "$0")"

curl --fail-with-body -sS -X PUT "$1/_index_template/logs-evaltrack" -H 'Content-Type: application/json' \
    --data-binary @index-template.json
# Kibana answers 200 and tells of failures in its text.
answer=$(curl --fail-with-body -sS -X POST "$2/api/saved_objects/_import?overwrite=true" -H 'kbn-xsrf: evaltrack' \
    --form file=@kibana.ndjson)
echo "$answer"
case $answer in
    *'"success":true'*) ;;
    *) exit 1 ;;
esac
