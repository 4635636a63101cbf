#!/bin/sh
# How the container `alertmanager` starts: the mail server and the secrets of `.env` come by the environment, and
# Alertmanager reads files.
set -eu
umask 077
secrets=/etc/alertmanager/secrets/evaltrack-alerts
printf %s "$MAIL_PASSWORD" >"$secrets/smtp-password"
printf %s "$SLACK_WEBHOOK_URL" >"$secrets/slack-webhook"
printf %s "$PAGERDUTY_KEY" >"$secrets/pagerduty-key"
# A way without its secret is left out: it would fail, and so would the alert that says so.
left_out=
[ -n "$SLACK_WEBHOOK_URL" ] || left_out='/slack_configs: \[/d; /slack_configs:$/,/ text:/d;'
[ -n "$PAGERDUTY_KEY" ] || left_out="$left_out"'/pagerduty_configs: \[/d; /pagerduty_configs:$/,/&page/d'
unset MAIL_PASSWORD SLACK_WEBHOOK_URL PAGERDUTY_KEY
case $MAIL_ENCRYPTION in
    none) tls=false ;;
    *) tls=true ;;
esac
sed -e "s|smtp_smarthost:.*|smtp_smarthost: $MAIL_HOST:$MAIL_PORT|" \
    -e "s|smtp_require_tls:.*|smtp_require_tls: $tls|" \
    -e "s|smtp_from:.*|smtp_from: $MAIL_FROM_ADDRESS|" \
    -e "s|smtp_auth_username:.*|smtp_auth_username: '$MAIL_USERNAME'|" \
    -e "$left_out" \
    /etc/alertmanager/alertmanager.yml >"$secrets/alertmanager.yml"
exec /bin/alertmanager "--config.file=$secrets/alertmanager.yml" --storage.path=/alertmanager
