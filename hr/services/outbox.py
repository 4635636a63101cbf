"""What a committed fact brings about elsewhere: accounts, notifications, mail. The clock carries it out.

A service calls `add` in its own transaction, so the fact and its consequences are written together or not at all. No
commit spans both databases; every step can be repeated, and a kill repeats at most the one mail it interrupted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING, Any

from django.core.mail.backends.base import BaseEmailBackend
from django.db import InterfaceError, OperationalError
from django.db.models import F
from django.utils import timezone
from django.utils.functional import Promise

from core import mail
from core.context import changing, current_change
from hr.models import Notification, OutboxMessage
from hr.services.writing import BATCH, business_atomic, insert

if TYPE_CHECKING:
    from hr.services.subjects import Subject

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
    """Somebody to be told of the message over one channel; of which row, if of one."""

    message_id: int
    user_id: int
    user_name: str
    channel: str
    about_id: int | None = None


@dataclass
class Expansion:
    """Who is told what of a batch of messages, and which of them could not be carried out: error codes by key."""

    addressees: list[Addressee] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """One kind of message.

    `expand` does what the messages ask for in the other database, as often as it is called; `deliver` mails
    notifications of one user, together if `digest`, or raises mail.NotSent; None for a kind that mails nothing. `text`
    is the sentence the reader sees, given the name of what it is about, '' where that is not his to know; `subject`
    says what that is, and `key` where a message that is about one row has it. `errors` says what its codes mean.
    """

    label: Promise
    expand: Callable[[Sequence[OutboxMessage]], Expansion]
    deliver: Callable[[Sequence[Notification], BaseEmailBackend], Outcome] | None
    text: Callable[[str], str]
    subject: Subject | None = None
    key: str = ""
    errors: Mapping[str, Promise] = field(default_factory=dict)
    digest: bool = False


KINDS: dict[str, Kind] = {}


@business_atomic
def add(kind: str, facts: Mapping[str, Mapping[str, Any]]) -> int:
    """Write one message per fact, by unique key, in the caller's transaction; a key already there is passed over.

    Payloads hold ids and codes only. Returns how many were written.
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


def split(message: OutboxMessage, name: str, ids: Sequence[int]) -> None:
    """Write a message like this one about these rows alone; part of carrying it out."""
    with changing(user_id=message.actor_id, user_name=message.actor_name):
        add(message.kind, {f"{message.key}/{ids[0]}": message.payload | {name: list(ids)}})


def expand_due(*, limit: int, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Carry out waiting messages, at most `limit`, and those they were split into; returns how many were tried.

    One that fails holds no other up.
    """
    tried = 0
    while tried < limit and (due := _due_groups(limit - tried)):
        for kind, ids in due:
            if should_stop():
                return tried
            _expand(kind, ids)
            tried += len(ids)
    return tried


def carry_out_now(keys: Iterable[str]) -> None:
    """Carry out these messages without waiting for the clock, which does it if this fails."""
    for pk, kind in OutboxMessage.objects.filter(key__in=list(keys), done_at=None).values_list("pk", "kind"):
        _expand(kind, [pk])


@business_atomic
def retry_messages(ids: Collection[int]) -> int:
    """Let messages that failed be tried again; returns how many."""
    now = timezone.now()
    again = {"done_at": None, "attempts": 0, "next_attempt_at": now, "updated_at": now, "version": F("version") + 1}
    return OutboxMessage.objects.stuck().filter(pk__in=ids).update(**again)


def _due_groups(limit: int) -> list[tuple[str, list[int]]]:
    """Keys of waiting messages, each with its kind, as they are carried out together: for a thousand people at most."""
    due = OutboxMessage.objects.filter(done_at=None, next_attempt_at__lte=timezone.now()).order_by("pk")[:limit]
    groups: list[tuple[str, list[int]]] = []
    open_groups: dict[str, tuple[list[int], int]] = {}
    for pk, kind, payload in due.values_list("pk", "kind", "payload"):
        weight = max([len(value) for value in payload.values() if isinstance(value, list)], default=1)
        ids, carried = open_groups.get(kind, ([], 0))
        if not ids or carried + weight > BATCH:
            ids, carried = [], 0
            groups.append((kind, ids))
        ids.append(pk)
        open_groups[kind] = (ids, carried + weight)
    return groups


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
                about_id=someone.about_id,
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
