"""Mail to be sent, and what became of it: read, sent, bounced, failed.

A kill repeats at most the mail that was being sent: each is noted as soon as it has left.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import batched
from typing import TYPE_CHECKING, Any

from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F, Model, QuerySet
from django.utils import timezone

from core import mail
from hr.models import Notification, OutboxMessage
from hr.services.outbox import KINDS, LOST_DATABASE, Outcome
from hr.services.writing import BATCH, business_atomic

if TYPE_CHECKING:
    from core.models import User

logger = logging.getLogger(__name__)

Channel, State = Notification.Channel, Notification.State


def deliver_due(*, limit: int, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Mail waiting notifications, `limit` or a few more; returns how many were tried.

    What waits for the same user and is of the same kind goes into one mail.
    """
    mails = _due_mails(limit)
    if not mails:
        return 0
    tried = 0
    try:
        with mail.connected() as connection:
            for notifications in mails:
                if should_stop():
                    return tried
                _deliver(notifications, connection)
                tried += len(notifications)
    except mail.NotSent as error:
        # The server is not there. Nobody's own failure: no attempt is counted, all wait.
        note_notifications(
            [notification.pk for notifications in mails for notification in notifications],
            error=str(error),
            next_attempt_at=timezone.now() + mail.backoff(1),
        )
    return sum(map(len, mails))


def _due_mails(limit: int) -> list[list[Notification]]:
    due = Notification.objects.filter(
        state=State.PENDING, channel=Channel.MAIL, next_attempt_at__lte=timezone.now()
    ).order_by("next_attempt_at", "pk")
    first = list(due[:limit])
    rest = due.filter(user_id__in={row.user_id for row in first}).exclude(pk__in=[row.pk for row in first])
    found = first + list(rest[:BATCH])
    messages = OutboxMessage.objects.in_bulk({row.message_id for row in found})
    mails: dict[tuple[Any, ...], list[Notification]] = {}
    for row in found:
        row.message = messages[row.message_id]
        kind = row.message.kind
        together = (row.user_id, kind) if kind in KINDS and KINDS[kind].digest else (row.pk,)
        mails.setdefault(together, []).append(row)
    return list(mails.values())[:limit]


@business_atomic
def note_notifications(ids: Sequence[int], **values: Any) -> int:
    """Write delivery states; returns how many rows there were."""
    stamp = {"version": F("version") + 1, "updated_at": timezone.now()}
    return sum(Notification.objects.filter(pk__in=batch).update(**values, **stamp) for batch in batched(ids, BATCH))


@business_atomic
def note_bounced(notification_id: int, reason: str) -> int:
    """A mail came back: that of this notification, and of all that went with it. Returns how many there were."""
    row = Notification.objects.filter(pk=notification_id).first()
    if row is None:
        return 0
    same_mail = Notification.objects.filter(user_id=row.user_id, channel=row.channel, sent_at=row.sent_at)
    keys = list(same_mail.exclude(sent_at=None).values_list("pk", flat=True)) or [row.pk]
    return note_notifications(keys, state=State.BOUNCED, error=reason[:500])


@business_atomic
def mark_read(ids: Sequence[int] | None, *, actor: User) -> int:
    """The actor has read these, or all; others' are left alone. Returns how many were his and unread."""
    mine = Notification.objects.unread_by(actor)
    if ids is not None:
        mine = mine.filter(pk__in=ids)
    return note_notifications(list(mine.values_list("pk", flat=True)), state=State.READ)


@business_atomic
def retry_mails(ids: Sequence[int]) -> int:
    """Let mails that failed or came back be sent again, and those that wait to be at once; returns how many."""
    failed = (Notification.objects.undelivered() | Notification.objects.failing()).filter(pk__in=ids)
    again = {"state": State.PENDING, "attempts": 0, "error": "", "next_attempt_at": timezone.now()}
    return note_notifications(list(failed.values_list("pk", flat=True)), **again)


def inbox_of(user: User) -> QuerySet[Notification]:
    """What the user was told in the application, newest first."""
    return Notification.objects.told(user).select_related("message")


def unread_count(user: User, *, most: int) -> int:
    """How many notifications the user has not read, counted up to `most`."""
    return Notification.objects.unread_by(user)[:most].count()


def drop_old(*, before: datetime) -> int:
    """Take away notifications and messages that were done with before this moment; returns how many rows."""
    told = Notification.objects.filter(created_at__lt=before).exclude(state=State.PENDING)
    done = OutboxMessage.objects.filter(created_at__lt=before, done_at__isnull=False, notifications=None)
    return sum(_drop_in_batches(rows) for rows in (told, done))


def _drop_in_batches(rows: QuerySet) -> int:
    dropped = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        dropped += _drop(rows.model, keys)
    return dropped


@business_atomic
def _drop(model: type[Model], keys: Sequence[int]) -> int:
    return model._base_manager.filter(pk__in=keys).delete()[0]


def _deliver(notifications: Sequence[Notification], connection: BaseEmailBackend) -> None:
    attempts = max(notification.attempts for notification in notifications) + 1
    values: dict[str, Any] = {"attempts": attempts}
    try:
        outcome = _delivery_of(notifications[0].message.kind)(notifications, connection)
    except LOST_DATABASE:
        raise
    except Exception as error:
        # One that cannot be written (a fault of ours) must not keep those behind it from leaving.
        if not isinstance(error, mail.NotSent):
            logger.exception("mail of notification %s failed", notifications[0].pk)
        given_up = attempts >= mail.MOST_ATTEMPTS
        values |= {"error": str(error), "state": State.FAILED if given_up else State.PENDING}
        values["next_attempt_at"] = timezone.now() + mail.backoff(attempts)
    else:
        values |= {"error": outcome.error, "state": outcome.state}
        values["sent_at"] = timezone.now() if outcome.state == State.SENT else None
    values["error"] = values["error"][:500]
    note_notifications([notification.pk for notification in notifications], **values)


def _delivery_of(kind: str) -> Callable[[Sequence[Notification], BaseEmailBackend], Outcome]:
    deliver = KINDS[kind].deliver
    assert deliver is not None, "expanded to mail by a kind that mails nothing"
    return deliver
