"""What a committed fact brings about elsewhere: accounts, notifications, mail. The clock carries it out.

A service calls `add` in its own transaction, so the fact and its consequences are written together or not at all. No
commit spans both databases; every step can be repeated, and a kill repeats at most the one mail it interrupted.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import Any

from django.core.mail.backends.base import BaseEmailBackend
from django.db import InterfaceError, OperationalError
from django.db.models import F
from django.utils import timezone
from django.utils.functional import Promise

from core import mail
from core.context import current_change
from hr.models import Notification, OutboxMessage
from hr.services.writing import BATCH, business_atomic, insert

logger = logging.getLogger(__name__)

Channel, State = Notification.Channel, Notification.State
LOST_DATABASE = (OperationalError, InterfaceError)


@dataclass(frozen=True)
class Outcome:
    """What became of one mail. `state` is one of Notification.State."""

    state: str
    error: str = ""


@dataclass(frozen=True)
class Addressee:
    """Somebody to be told of the message over one channel."""

    message_id: int
    user_id: int
    user_name: str
    channel: str


@dataclass
class Expansion:
    """Who is told what of a batch of messages, and which of them could not be carried out: error codes by key."""

    addressees: list[Addressee] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """One kind of message.

    `expand` does what the messages ask for in the other database, as often as it is called; `deliver` mails one
    notification or raises mail.NotSent, None for a kind that mails nothing; `text` is what the reader sees of a
    message, `errors` what its codes mean.
    """

    label: Promise
    expand: Callable[[Sequence[OutboxMessage]], Expansion]
    deliver: Callable[[Notification, BaseEmailBackend], Outcome] | None
    text: Callable[[OutboxMessage], str]
    errors: Mapping[str, Promise] = field(default_factory=dict)


KINDS: dict[str, Kind] = {}


@business_atomic
def add(kind: str, facts: Mapping[str, Mapping[str, Any]]) -> int:
    """Write one message per fact, by unique key, in the caller's transaction; a key already there is passed over.

    Payloads hold ids only. Returns how many were written.
    """
    known: set[str] = set()
    for keys in batched(facts, BATCH):
        known.update(OutboxMessage.objects.filter(key__in=keys).values_list("key", flat=True))
    change = current_change()
    messages = [
        OutboxMessage(kind=kind, key=key, payload=payload, actor_id=change.user_id, actor_name=change.user_name)
        for key, payload in facts.items()
        if key not in known
    ]
    return len(insert(messages, unique="key"))


def expand_due(*, limit: int) -> int:
    """Carry out waiting messages, at most `limit`; returns how many were tried. One that fails holds no other up."""
    due = OutboxMessage.objects.filter(done_at=None, next_attempt_at__lte=timezone.now()).order_by("pk")[:limit]
    by_kind: dict[str, list[int]] = defaultdict(list)
    for pk, kind in due.values_list("pk", "kind"):
        by_kind[kind].append(pk)
    for kind, ids in by_kind.items():
        _expand(kind, ids)
    return sum(map(len, by_kind.values()))


def deliver_due(*, limit: int, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Mail waiting notifications, at most `limit`; returns how many were tried. Each is noted as soon as it is sent."""
    due = Notification.objects.filter(
        state=State.PENDING, channel=Channel.MAIL, next_attempt_at__lte=timezone.now()
    ).select_related("message")
    batch = list(due.order_by("next_attempt_at", "pk")[:limit])
    if not batch:
        return 0
    try:
        with mail.connected() as connection:
            for tried, notification in enumerate(batch):
                if should_stop():
                    return tried
                _deliver(notification, connection)
    except mail.NotSent as error:
        # The server is not there. Nobody's own failure: no attempt is counted, all wait.
        note_notifications(
            [notification.pk for notification in batch],
            error=str(error),
            next_attempt_at=timezone.now() + mail.backoff(1),
        )
    return len(batch)


@business_atomic
def note_notifications(ids: Sequence[int], **values: Any) -> int:
    """Write delivery states; returns how many rows there were."""
    stamp = {"version": F("version") + 1, "updated_at": timezone.now()}
    return Notification.objects.filter(pk__in=ids).update(**values, **stamp)


@business_atomic
def mark_read(ids: Sequence[int], *, actor: Any) -> int:
    """The actor has read these; others' are left alone. Returns how many were his and unread."""
    mine = Notification.objects.filter(pk__in=ids, user_id=actor.pk, channel=Channel.APP).exclude(state=State.READ)
    return note_notifications(list(mine.values_list("pk", flat=True)), state=State.READ)


def _expand(kind: str, ids: Sequence[int]) -> None:
    try:
        _carry_out(kind, ids, actor=None, source="job")  # type: ignore[call-arg]  # business_atomic takes it
    except LOST_DATABASE:
        raise
    except Exception as error:
        if len(ids) > 1:
            for pk in ids:
                _expand(kind, [pk])
            return
        logger.exception("outbox message %s failed", ids[0])
        _postpone_message(ids[0], f"{error.__class__.__name__}: {error}")


@business_atomic
def _carry_out(kind: str, ids: Sequence[int], *, actor: None) -> None:
    messages = list(OutboxMessage.objects.filter(done_at=None).lock(ids))
    expansion = KINDS[kind].expand(messages)
    _tell(expansion.addressees + _complaints(messages, expansion.errors))
    now = timezone.now()
    done = {"done_at": now, "updated_at": now, "version": F("version") + 1}
    well = [message.pk for message in messages if message.pk not in expansion.errors]
    OutboxMessage.objects.filter(pk__in=well).update(error="", **done)
    for pk, error in expansion.errors.items():
        OutboxMessage.objects.filter(pk=pk).update(error=error[:500], **done)


def _complaints(messages: Sequence[OutboxMessage], errors: Mapping[int, str]) -> list[Addressee]:
    """Who caused a message that could not be carried out is told so in the application."""
    return [
        Addressee(message.pk, message.actor_id, message.actor_name, Channel.APP)
        for message in messages
        if message.pk in errors and message.actor_id is not None
    ]


def _tell(addressees: Sequence[Addressee]) -> None:
    told = set(
        Notification.objects.filter(message_id__in={someone.message_id for someone in addressees}).values_list(
            "message_id", "user_id", "channel"
        )
    )
    now = timezone.now()
    Notification.objects.bulk_create(
        [
            Notification(
                message_id=someone.message_id,
                user_id=someone.user_id,
                user_name=someone.user_name[:200],
                channel=someone.channel,
                state=State.PENDING if someone.channel == Channel.MAIL else State.SENT,
                sent_at=None if someone.channel == Channel.MAIL else now,
            )
            for someone in addressees
            if (someone.message_id, someone.user_id, someone.channel) not in told
        ],
        batch_size=BATCH,
    )


@business_atomic
def _postpone_message(pk: int, error: str) -> None:
    message = OutboxMessage.objects.lock([pk]).get()
    message.attempts += 1
    message.error, message.updated_at, message.version = error[:500], timezone.now(), message.version + 1
    if message.attempts >= mail.MOST_ATTEMPTS:
        message.done_at = timezone.now()
    message.next_attempt_at = timezone.now() + mail.backoff(message.attempts)
    message.save()


def _deliver(notification: Notification, connection: BaseEmailBackend) -> None:
    attempts = notification.attempts + 1
    deliver = KINDS[notification.message.kind].deliver
    assert deliver is not None, "expanded to mail by a kind that mails nothing"
    try:
        outcome = deliver(notification, connection)
    except mail.NotSent as error:
        given_up = attempts >= mail.MOST_ATTEMPTS
        note_notifications(
            [notification.pk],
            attempts=attempts,
            error=str(error)[:500],
            state=State.FAILED if given_up else State.PENDING,
            next_attempt_at=timezone.now() + mail.backoff(attempts),
        )
        return
    sent_at = timezone.now() if outcome.state == State.SENT else None
    note_notifications(
        [notification.pk], attempts=attempts, error=outcome.error[:500], state=outcome.state, sent_at=sent_at
    )
