"""Mail in the reader's language, text and simple HTML, over whatever backend the settings name."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from email.mime.base import MIMEBase
from email.utils import make_msgid
from typing import Any
from urllib.parse import urlsplit

from anymail.exceptions import AnymailAPIError, AnymailInvalidAddress, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from core.models import StoredMail

MOST_ATTEMPTS = 10
LONGEST_WAIT_MINUTES = 60
PERMANENT = 500  # SMTP reply codes from here on say that a second try is in vain


class Refused(Exception):
    """The mail server does not take mail for this address; trying again is in vain."""


class NotSent(Exception):
    """The mail could not be handed over now."""


class StoredMailBackend(BaseEmailBackend):
    """Keeps mail in the database, where the admin shows it with its links (demo, local)."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        StoredMail.objects.bulk_create(
            StoredMail(recipient=", ".join(mail.recipients())[:500], subject=mail.subject[:500], text=str(mail.body))
            for mail in email_messages
        )
        return len(email_messages)


@contextmanager
def connected() -> Iterator[BaseEmailBackend]:
    """One connection for several mails. Raises NotSent if the mail server cannot be reached."""
    connection = get_connection()
    try:
        connection.open()
    except (smtplib.SMTPException, OSError, ValueError) as error:  # a password that SMTP cannot carry is a ValueError
        connection.close()
        raise NotSent(_reason(error)) from error
    try:
        yield connection
    finally:
        connection.close()


def send(
    template: str,
    to: str,
    *,
    language: str,
    context: dict[str, Any],
    connection: BaseEmailBackend | None = None,
    metadata: dict[str, str] | None = None,
    attachments: Sequence[MIMEBase] = (),
) -> str:
    """Send one mail and return the id its bounce will name; the first line of `template`.txt is the subject.

    `metadata` comes back with the provider's bounce notice. Raises Refused or NotSent.
    """
    context = {"app_name": settings.APP_NAME, "app_url": settings.APP_URL, **context}
    with translation.override(language):
        subject, _, text = render_to_string(f"{template}.txt", context).lstrip().partition("\n")
        html = render_to_string(f"{template}.html", context)
    message = EmailMultiAlternatives(subject, text.strip() + "\n", to=[to], connection=connection)
    message.extra_headers["Message-ID"] = make_msgid(domain=urlsplit(settings.APP_URL).hostname)
    # Keeps the reader's "I am on holiday" from answering.
    message.extra_headers["Auto-Submitted"] = "auto-generated"
    message.attach_alternative(html, "text/html")
    for attachment in attachments:
        message.attach(attachment)
    if metadata:
        message.metadata = metadata  # type: ignore[attr-defined]
    try:
        message.send()
    except (smtplib.SMTPRecipientsRefused, AnymailRecipientsRefused, AnymailInvalidAddress) as error:
        if isinstance(error, smtplib.SMTPRecipientsRefused) and not _is_final(error):
            raise NotSent(_reason(error)) from error
        raise Refused(_reason(error)) from error
    except (smtplib.SMTPException, OSError, AnymailAPIError, ValueError) as error:
        if connection is not None:
            connection.close()  # it may be dead; the next mail opens it again
        raise NotSent(_reason(error)) from error
    status = getattr(message, "anymail_status", None)
    return str(getattr(status, "message_id", None) or message.extra_headers["Message-ID"])


def backoff(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts: 1, 2, 4 … minutes, at most an hour."""
    return timedelta(minutes=min(2 ** max(attempts - 1, 0), LONGEST_WAIT_MINUTES))


def _is_final(error: smtplib.SMTPRecipientsRefused) -> bool:
    return all(code >= PERMANENT for code, _reply in error.recipients.values())


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        replies = [f"{code} {reply.decode(errors='replace')}" for code, reply in error.recipients.values()]
        return "; ".join(replies)[:500]
    return (str(error).partition("\n")[0] or error.__class__.__name__)[:500]
