#!/bin/sh
# The rules as the Prometheus operator reads them; `make rules` puts them into deploy/k8s/monitoring/rules.yaml.
set -eu
cd "$(dirname "$0")"

cat <<'EOF'
# Made by `make rules` from deploy/monitoring/rules.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: evaltrack
spec:
  groups:
EOF
for file in rules/*.yml; do
    sed -e '/^#/d' -e '/^groups:$/d' -e '/./s/^/  /' "$file"
done
