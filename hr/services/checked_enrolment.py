"""Enrolment, confirmation and outcome in one, of many people in many events: what the check of a file found to fit."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING

from hr.models import Attendance, Employee, Event, Outcome
from hr.models.attendance import MarkedFrom
from hr.permissions import can_confirm
from hr.rights import MARK, VIEW_ATTENDANCE
from hr.scope import facts_of
from hr.services.evaluations import follow_outcomes
from hr.services.roll import sessions_of_events, stamp
from hr.services.seats import ENROLLED, Status, held, tell
from hr.services.writing import BATCH, as_stored, business_atomic, find_keys, insert_stored

if TYPE_CHECKING:
    from core.models import User

# Of one enrolment: (event, employee).
Pair = tuple[int, int]
UNIQUE = ("event_id", "employee_id")


@dataclass(frozen=True, slots=True)
class Entry:
    """What becomes of somebody in an event beside his enrolment."""

    confirmed: bool = False
    outcome: str = Outcome.PENDING.value


@business_atomic
def enrol_checked(entries: Mapping[Pair, Entry], *, actor: User | None) -> dict[Pair, int]:
    """Enrol people as a file says, {(event, employee): how}, each written once; returns the keys of their rows.

    What may have changed since the check of the file is asked once for all. Whoever does not simply fit is passed over:
    enrol_in_events, confirm_attendance and mark_attendance do it step by step, or say why not. That is who is in the
    list already, and everybody of an event with sessions or without a seat for all of its entries.

    Raises NotFound for an event that does not exist for the actor.
    """
    with held({event_id for event_id, _employee_id in entries}, actor) as here:
        new = {pair: entries[pair] for pair in _fitting(entries, here.events, actor)}
        keys = _insert(new, actor)
        seated: defaultdict[Event, list[int]] = defaultdict(list)
        for (event_id, _employee_id), key in keys.items():
            seated[here.events[event_id]].append(key)
        for event, ids in seated.items():
            event.seats_taken += len(ids)
        tell(ENROLLED, seated)
        marked = {pair: entry.outcome for pair, entry in new.items() if entry.outcome != Outcome.PENDING}
        follow_outcomes(marked, actor=actor)
    return keys


def _fitting(entries: Mapping[Pair, Entry], events: Mapping[int, Event], actor: User | None) -> list[Pair]:
    """Those who simply fit, one event after the other."""
    taking = _taking_all(events, Counter(event_id for event_id, _employee_id in entries))
    confirming = {key for key in taking if events[key].state in Event.ENROLLING} if can_confirm(actor) else set()
    people = _within_reach({employee_id for _event_id, employee_id in entries}, actor)
    fitting = [
        (event_id, employee_id)
        for (event_id, employee_id), entry in sorted(entries.items(), key=lambda each: each[0][0])
        if event_id in (confirming if entry.confirmed else taking) and employee_id in people
    ]
    listed = find_keys(Attendance, UNIQUE, fitting)
    return [pair for pair in fitting if pair not in listed]


def _taking_all(events: Mapping[int, Event], asked: Mapping[int, int]) -> set[int]:
    """The events whose roll is open, without sessions, that have a seat for as many as are asked."""
    sessions = sessions_of_events(events)
    return {
        key
        for key, event in events.items()
        if event.state in Event.MARKING
        and key not in sessions
        and (event.seats_left is None or event.seats_left >= asked[key])
    }


def _within_reach(employee_ids: Collection[int], actor: User | None) -> set[int]:
    """Those who are active and on whom the actor holds every right that an entry may need; not himself."""
    people = Employee.objects.active()
    if actor is not None:
        people = people.enrollable_by(actor).held_by(actor, VIEW_ATTENDANCE).held_by(actor, MARK)
        people = people.exclude(pk=facts_of(actor).employee_id)
    found: set[int] = set()
    for part in batched(sorted(employee_ids), BATCH):
        found.update(people.filter(pk__in=part).order_by().values_list("pk", flat=True))
    return found


def _insert(entries: Mapping[Pair, Entry], actor: User | None) -> dict[Pair, int]:
    outcomes = {entry.outcome for entry in entries.values()} - {Outcome.PENDING.value}
    marks = {each: as_stored(Attendance, stamp(each, actor, MarkedFrom.IMPORT)) for each in outcomes}
    rows = [
        {
            "event_id": event_id,
            "employee_id": employee_id,
            "status": (Status.CONFIRMED if entry.confirmed else Status.REGISTERED).value,
            **marks.get(entry.outcome, {}),
        }
        for (event_id, employee_id), entry in entries.items()
    ]
    return dict(zip(entries, insert_stored(Attendance, rows, unique=UNIQUE), strict=True))
