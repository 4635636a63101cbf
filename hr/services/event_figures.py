"""Keeps the figures of events that are over (EventFigures), so that reports need not count a million rows.

Whatever is written that they are made of is noted in the same transaction (FiguresDue). From then on the rows
themselves are counted, until the clock has counted the event anew: a figure is never older than what was written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from django.db.models import F, QuerySet
from django.utils import timezone

from hr.figures import Tally, by_event, by_unit, count
from hr.models import Attendance, Employee, Event, EventFigures, EventSession, FiguresDue, SessionMark
from hr.services.writing import FOLLOWED, business_atomic, insert_from, insert_only

if TYPE_CHECKING:
    from core.models import User

EVENTS_AT_ONCE = 50
DUE_AT_ONCE = 10_000
# Where a row says which event it is about.
EVENT_OF = {
    Attendance: "event_id",
    SessionMark: "attendance__event_id",
    EventSession: "event_id",
    Event: "pk",
}


def note_due(rows: QuerySet, fields: Collection[str]) -> None:
    """Of the events that these rows are about."""
    path = EVENT_OF[rows.model]
    insert_from(FiguresDue, rows.order_by().distinct(), {"event_id": F(path)} | _now())


def note_moved(people: QuerySet, fields: Collection[str]) -> None:
    """Of all events of people who came into another unit."""
    if "org_unit" in fields or "org_unit_id" in fields:
        rows = Attendance._base_manager.filter(employee__in=people.order_by().values("pk"))
        note_due(rows, fields)


def _now() -> dict[str, object]:
    # A default would differ from row to row.
    now = timezone.now()
    return {"created_at": now, "updated_at": now}


FOLLOWED.update(dict.fromkeys(EVENT_OF, note_due) | {Employee: note_moved})


@business_atomic
def count_due(*, limit: int, actor: User | None) -> int:
    """Count the next events whose figures are missing or due. Returns `limit` where there may be more of them."""
    due: defaultdict[int, list[int]] = defaultdict(list)
    for key, event_id in FiguresDue.objects.order_by("pk").values_list("pk", "event_id")[:DUE_AT_ONCE]:
        due[event_id].append(key)
    over = Event.objects.filter(state__in=Event.HELD)
    held = set(over.filter(pk__in=due).values_list("pk", flat=True))
    missing = over.without_figures().order_by("pk").values_list("pk", flat=True)
    keys = [key for key in due if key in held][:EVENTS_AT_ONCE]
    keys += [key for key in missing[: EVENTS_AT_ONCE - len(keys)] if key not in keys]
    count_anew(keys, actor=actor)
    # An event that is not over will be noted when it is.
    done = [key for event_id, found in due.items() if event_id not in held or event_id in keys for key in found]
    FiguresDue.objects.filter(pk__in=done).delete()
    return limit if len(keys) == EVENTS_AT_ONCE else 0


@business_atomic
def count_anew(event_ids: Collection[int], *, actor: User | None) -> None:
    """Replace the figures of these events by what their rows say."""
    now = timezone.now()
    found = counted_of(event_ids)
    EventFigures.objects.filter(event__in=event_ids).delete()
    rows = (
        {"event_id": event_id, "org_unit_id": unit_id, **vars(tally)} for (event_id, unit_id), tally in found.items()
    )
    insert_only(EventFigures, rows, common={"version": 1, "created_at": now, "updated_at": now})


def counted_of(event_ids: Collection[int]) -> dict[tuple[int, int], Tally]:
    """By event and unit what there is to be stored, of everybody too, and be it nothing."""
    attendance = Attendance.objects.filter(event__in=event_ids).held()
    marks = SessionMark.objects.filter(attendance__event__in=event_ids).held()
    found = count(attendance, marks, by_event, by_unit)
    for event_id in event_ids:
        found[event_id, EventFigures.EVERYBODY] = Tally()
    for (event_id, unit_id), tally in list(found.items()):
        if unit_id != EventFigures.EVERYBODY:
            found[event_id, EventFigures.EVERYBODY] += tally
    return found


def miscounted(event_ids: Collection[int]) -> Iterator[int]:
    """Those whose stored figures differ from their rows, though nothing says that they are due."""
    due = set(FiguresDue.objects.filter(event_id__in=event_ids).values_list("event_id", flat=True))
    stored = {
        (figures.event_id, figures.org_unit_id): _tally(figures)
        for figures in EventFigures.objects.filter(event__in=event_ids)
    }
    known = {event_id for event_id, _unit_id in stored}
    counted = counted_of(event_ids)
    for event_id in event_ids:
        if event_id in known - due and _of(event_id, stored) != _of(event_id, counted):
            yield event_id


def _of(event_id: int, figures: dict[tuple[int, int], Tally]) -> set[tuple[int, Tally]]:
    return {(unit_id, tally) for (of_event, unit_id), tally in figures.items() if of_event == event_id}


def _tally(figures: EventFigures) -> Tally:
    return Tally(figures.enrolled, figures.came, figures.absent, figures.time)
