"""The mail settings, from the names Laravel gave them."""

from email.headerregistry import Address
from pathlib import Path
from typing import Any

from backoffice.env import Environment

# Anymail's providers that need no more than one key, and the name each gives it.
PROVIDER_KEYS = {
    "brevo": "BREVO_API_KEY",
    "mailersend": "MAILERSEND_API_TOKEN",
    "mailgun": "MAILGUN_API_KEY",
    "mailtrap": "MAILTRAP_API_TOKEN",
    "mandrill": "MANDRILL_API_KEY",
    "postmark": "POSTMARK_SERVER_TOKEN",
    "resend": "RESEND_API_KEY",
    "sparkpost": "SPARKPOST_API_KEY",
}
MAILERS = {
    "smtp": "django.core.mail.backends.smtp.EmailBackend",
    "log": "django.core.mail.backends.console.EmailBackend",
    "file": "django.core.mail.backends.filebased.EmailBackend",
    "outbox": "core.mail.StoredMailBackend",
} | {provider: f"anymail.backends.{provider}.EmailBackend" for provider in PROVIDER_KEYS}
# Mail that nobody receives is for places without real people.
OUTBOX_ENVIRONMENTS = {"demo", "local", "testing"}
IMPLICIT_TLS_PORT = 465


def mail_settings(env: Environment, *, environment: str, app_name: str, host: str, data_dir: Path) -> dict[str, Any]:
    """`EMAIL_*`, `ANYMAIL` and the sender. Reads the `MAIL_*` variables."""
    mailer = env.choice("MAIL_MAILER", list(MAILERS), "outbox" if environment in OUTBOX_ENVIRONMENTS else "smtp")
    if mailer == "outbox" and environment not in OUTBOX_ENVIRONMENTS:
        env.faults.append(f"MAIL_MAILER=outbox sends nothing; it is for {', '.join(sorted(OUTBOX_ENVIRONMENTS))}.")
    if mailer == "smtp" and not env.text("MAIL_HOST"):
        env.faults.append("MAIL_HOST is missing, and MAIL_MAILER is smtp.")
    port = env.port("MAIL_PORT", 587)
    encryption = env.choice("MAIL_ENCRYPTION", ["tls", "ssl", "none", "null"], "tls")
    implicit = encryption == "ssl" or (encryption == "tls" and port == IMPLICIT_TLS_PORT)
    return {
        "EMAIL_BACKEND": MAILERS[mailer],
        "EMAIL_HOST": env.text("MAIL_HOST", "localhost"),
        "EMAIL_PORT": port,
        "EMAIL_HOST_USER": env.text("MAIL_USERNAME"),
        "EMAIL_HOST_PASSWORD": env.secret("MAIL_PASSWORD"),
        "EMAIL_USE_SSL": implicit,
        "EMAIL_USE_TLS": encryption == "tls" and not implicit,
        "EMAIL_TIMEOUT": 10,
        "EMAIL_FILE_PATH": data_dir / "mail",
        "ANYMAIL": provider_settings(env, mailer),
        "DEFAULT_FROM_EMAIL": sender(env, app_name, host),
    }


def provider_settings(env: Environment, mailer: str) -> dict[str, str]:
    if mailer not in PROVIDER_KEYS:
        return {}
    key, webhook_secret = env.secret("MAIL_API_KEY"), env.secret("MAIL_WEBHOOK_SECRET")
    if not key:
        env.faults.append(f"MAIL_API_KEY is missing, and MAIL_MAILER is {mailer}.")
    return {PROVIDER_KEYS[mailer]: key} | ({"WEBHOOK_SECRET": webhook_secret} if webhook_secret else {})


def sender(env: Environment, app_name: str, host: str) -> str:
    address = env.text("MAIL_FROM_ADDRESS", f"noreply@{host}")
    try:
        return str(Address(env.text("MAIL_FROM_NAME", app_name), addr_spec=address))
    except (ValueError, IndexError):
        env.faults.append(f"MAIL_FROM_ADDRESS={address} is not an e-mail address.")
        return app_name
