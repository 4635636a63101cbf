"""The seats of an event and its wait-list: whoever writes attendance of an event holds the event first.

A free seat never stays beside somebody who waits for it, because every change of an enrolment ends with filling them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING

from django.utils import timezone

from hr.models import Attendance, Event
from hr.querysets import AttendanceQuerySet
from hr.services import outbox
from hr.services.rows import lock, locked
from hr.services.writing import BATCH, write

if TYPE_CHECKING:
    from core.models import User

Status = Attendance.Status
ENROLLED, WAITLISTED = "attendance.enrolled", "attendance.waitlisted"
PROMOTED, CANCELLED = "attendance.promoted", "attendance.cancelled"


@dataclass
class Held:
    """Events under lock, by key, and how many people got a seat that had become free."""

    events: dict[int, Event]
    promoted: list[int] = field(default_factory=list)


@contextmanager
def held(event_ids: Collection[int], actor: User | None = None) -> Iterator[Held]:
    """The events, locked in key order. In the end free seats go to who waits, and what changed is written.

    Raises NotFound if one does not exist for the actor.
    """
    here = Held(locked(Event, event_ids, actor))
    taken = {event.pk: event.seats_taken for event in here.events.values()}
    yield here
    for event in _waited_for(here.events.values()):
        here.promoted += _promote(event)
    write([event for event in here.events.values() if event.seats_taken != taken[event.pk]], ["seats_taken"])


def place(event: Event, rows: Iterable[Attendance]) -> None:
    """Give each, in their order, a seat while there is one and then a place in the wait-list; in memory."""
    for row in rows:
        has_seat = event.seats_left != 0
        status = Status.REGISTERED if has_seat else Status.WAITLISTED
        if row.pk is None:
            row.status = status
        else:
            row.move_to(status)
        event.seats_taken += has_seat


def tell(kind: str, ids: Mapping[Event, Sequence[int]]) -> None:
    """Write the messages about these enrolments, {event: enrolments}, in parts that stay small.

    Of an event that is over one is told only that an enrolment ended.
    """
    moment = f"{timezone.now():%Y%m%d%H%M%S%f}"
    parts = {
        f"{kind}:{event.pk}:{moment}:{part[0]}": {"attendance_ids": list(part)}
        for event, of_event in ids.items()
        if kind == CANCELLED or not event.is_over
        for part in batched(of_event, BATCH)
    }
    outbox.add(kind, parts)


def _waited_for(events: Iterable[Event]) -> list[Event]:
    """Those of the events that have a free seat and somebody who waits for it."""
    free = {event.pk: event for event in events if event.state in Event.ENROLLING and event.seats_left != 0}
    wanted: set[int] = set()
    for part in batched(free, BATCH):
        wanted.update(_waiting().filter(event_id__in=part).order_by().values_list("event_id", flat=True).distinct())
    return [event for key, event in free.items() if key in wanted]


def _promote(event: Event) -> list[int]:
    """First come, first served. Who is suspended keeps his place, and is passed over until he is back."""
    promoted: list[int] = []
    while event.seats_left != 0 and (rows := _first_waiting(event)):
        for row in rows:
            row.move_to(Status.REGISTERED)
        event.seats_taken += len(rows)
        promoted += [row.pk for row in write(rows, ["status"])]
    if promoted:
        tell(PROMOTED, {event: promoted})
    return promoted


def _first_waiting(event: Event) -> list[Attendance]:
    most = BATCH if event.seats_left is None else min(BATCH, event.seats_left)
    keys = _waiting().filter(event=event).values_list("pk", flat=True)[:most]
    return list(lock(Attendance, list(keys), None).values())


def _waiting() -> AttendanceQuerySet:
    return Attendance.objects.waiting().filter(employee__status="active")
