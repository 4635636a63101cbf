"""One mail to one user about what he is told: text and HTML in his language, calendar entries attached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from email.mime.base import MIMEBase
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format, time_format

from core import mail
from core.models import User
from hr import ics
from hr.models import Evaluation, Event, Notification
from hr.services.outbox import Outcome
from hr.services.subjects import visible_rows

if TYPE_CHECKING:
    from hr.services.notices import Notice

# More than these are told by their number, and found in the application.
MOST_ENTRIES = 20
State = Notification.State


@dataclass(frozen=True)
class Entry:
    """What a mail says of one row; what does not apply is empty."""

    text: str
    link: str
    when: str = ""
    place: str = ""
    due_on: date | None = None
    attachments: list[MIMEBase] = field(default_factory=list)


def deliver(notice: Notice, notifications: Sequence[Notification], connection: BaseEmailBackend) -> Outcome:
    """Mail these of one user and kind. What is no longer so, or no longer exists for him, is left out."""
    user = User.objects.filter(pk=notifications[0].user_id).first()
    if user is None or not user.may_act or not user.email:
        return Outcome(State.DROPPED)
    asked = [(notice.subject, row.about_id) for row in notifications if row.about_id is not None]
    rows = visible_rows(asked, user)
    found = [rows[key] for key in dict.fromkeys(asked) if key in rows and notice.needed(rows[key])]
    # Of several about one row, the last.
    payloads = {row.about_id: row.message.payload for row in notifications}
    if not found:
        return Outcome(State.DROPPED)
    with translation.override(user.language):
        entries = [_entry(notice, row, user, payloads[row.pk]) for row in found[:MOST_ENTRIES]]
        subject = entries[0].text if len(found) == 1 else str(notice.many) % {"count": len(found)}
    context = {
        "user": user,
        "subject": subject,
        "entries": entries,
        "more": len(found) - len(entries),
        "inbox": settings.APP_URL + reverse("admin:hr_notification_inbox"),
        "time_zone": settings.TIME_ZONE,
    }
    try:
        mail.send(
            "hr/mail/notice",
            user.email,
            language=user.language,
            context=context,
            connection=connection,
            metadata={"notification": str(notifications[0].pk)},
            attachments=[attachment for entry in entries for attachment in entry.attachments],
        )
    except mail.Refused as error:
        return Outcome(State.BOUNCED, str(error))
    return Outcome(State.SENT)


def _entry(notice: Notice, row: Any, user: User, payload: Mapping[str, Any]) -> Entry:
    page = notice.subject.link(row.pk)
    link = settings.APP_URL + (page or reverse("admin:hr_notification_inbox"))
    text = str(notice.one) % {"about": notice.subject.told(row, payload)}
    if isinstance(row, Event):
        return Entry(text, link, when=_when(row), place=row.place, attachments=_attachments(notice, row, user, link))
    if isinstance(row, Evaluation) and row.state in Evaluation.ANSWERABLE:
        return Entry(text, link, due_on=row.due_on)
    return Entry(text, link)


def _attachments(notice: Notice, event: Event, user: User, link: str) -> list[MIMEBase]:
    if not notice.calendar or user.email is None:
        return []
    found = ics.calendars(event, method=notice.calendar, attendee=user.email, link=link)
    return [
        ics.attachment(calendar, method=notice.calendar, name=f"{event.code}-{number}")
        for number, calendar in enumerate(found, 1)
    ]


def _when(event: Event) -> str:
    """Of an event that ends on another day, both days."""
    starts, ends = timezone.localtime(event.starts_at), timezone.localtime(event.ends_at)
    first = f"{date_format(starts, 'DATE_FORMAT')}, {time_format(starts.time(), 'TIME_FORMAT')}"
    last = time_format(ends.time(), "TIME_FORMAT")
    return f"{first} – {last if ends.date() == starts.date() else f'{date_format(ends, "DATE_FORMAT")}, {last}'}"
