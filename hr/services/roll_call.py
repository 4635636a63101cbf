"""One page of a roll-call sent at once: who came of those enrolled, and who came without being so."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hr.models import Attendance, Employee, Event, SessionMark
from hr.models.attendance import Outcome
from hr.services.enrolment import enrol_employees, people_to_enrol
from hr.services.marks import mark_attendance, mark_sessions
from hr.services.roll import require_markable
from hr.services.rows import locked
from hr.services.writing import business_atomic

if TYPE_CHECKING:
    from core.models import User


@dataclass(frozen=True)
class Taken:
    """How many marks are another one now; of the walk-ins, who was marked before, with the outcome he keeps, and who
    found no seat.
    """

    count: int
    kept: list[tuple[Employee, str]] = field(default_factory=list)
    seatless: list[Employee] = field(default_factory=list)


@business_atomic
def take_roll(
    event_id: int,
    outcomes: Mapping[int, str],
    *,
    actor: User,
    session_id: int | None = None,
    seen: Mapping[int, str] | None = None,
    walk_ins: Collection[int] = (),
) -> Taken:
    """Note the outcomes, {attendance: outcome}, of the event or of one session, and enrol employees who are there.

    Who finds no seat is not enrolled, so that it costs nobody else his mark. Raises as marks and enrolment do.
    """
    came: dict[int, str] = {}
    kept: list[tuple[Employee, str]] = []
    seatless: list[Employee] = []
    if walk_ins:
        # Held, so that nobody is marked, and no seat taken, in between.
        event = locked(Event, [event_id], actor)[event_id]
        known = _going(event, walk_ins, actor)
        seated, seatless = _with_a_seat(event, people_to_enrol(list(dict.fromkeys(walk_ins)), actor), known)
        marked = _marked([known[person.pk] for person in seated if person.pk in known], session_id)
        rows = enrol_employees(event_id, [person.pk for person in seated], actor=actor)
        came = {row.pk: Outcome.PRESENT for row in rows if row.pk not in marked}
        kept = [(known[row.employee_id].employee, marked[row.pk]) for row in rows if row.pk in marked]
    outcomes = came | dict(outcomes)
    if session_id is None:
        count = len(mark_attendance(outcomes, actor=actor, seen=seen))
    else:
        sittings = {(key, session_id): outcome for key, outcome in outcomes.items()}
        seen_there = {(key, session_id): outcome for key, outcome in (seen or {}).items()}
        count = len(mark_sessions(sittings, actor=actor, seen=seen_there))
    return Taken(count, kept, seatless)


def _going(event: Event, employee_ids: Collection[int], actor: User) -> dict[int, Attendance]:
    """Those of the people who take part already, or wait, by employee. Raises NotAllowed."""
    rows = event.attendance.going().filter(employee_id__in=employee_ids).select_related("employee")
    known = {row.employee_id: row for row in rows}
    require_markable({row.pk: row for row in known.values()}, actor)
    return known


def _with_a_seat(
    event: Event, people: Sequence[Employee], known: Mapping[int, Attendance]
) -> tuple[list[Employee], list[Employee]]:
    """Who has a seat in the event, which is held, or finds a free one in this order, and who does not."""
    seated: list[Employee] = []
    seatless: list[Employee] = []
    left = event.seats_left
    for person in people:
        row = known.get(person.pk)
        has_seat = left != 0 if row is None else row.status in Attendance.SEATED
        (seated if has_seat else seatless).append(person)
        if row is None and left:
            left -= 1
    return seated, seatless


def _marked(rows: Collection[Attendance], session_id: int | None) -> dict[int, str]:
    """{attendance: outcome} of whom something is noted."""
    if session_id is None:
        marks = {row.pk: row.outcome for row in rows}
    else:
        noted = SessionMark.objects.filter(session_id=session_id, attendance_id__in=[row.pk for row in rows])
        marks = dict(noted.values_list("attendance_id", "outcome"))
    return {key: outcome for key, outcome in marks.items() if outcome != Outcome.PENDING}
