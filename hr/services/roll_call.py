"""One page of a roll-call sent at once: who came of those enrolled, and who came without being so."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hr.models import Attendance, Employee, Event, SessionMark
from hr.models.attendance import Outcome
from hr.services.enrolment import enrol_employees
from hr.services.marks import mark_attendance, mark_sessions
from hr.services.roll import require_markable
from hr.services.rows import locked
from hr.services.writing import business_atomic

if TYPE_CHECKING:
    from core.models import User


@dataclass(frozen=True)
class Taken:
    """How many marks are another one now, and which of the walk-ins were marked before, with the outcome they keep."""

    count: int
    kept: list[tuple[Employee, str]] = field(default_factory=list)


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

    Raises as marks and enrolment do.
    """
    kept: list[tuple[Employee, str]] = []
    if walk_ins:
        # Held, so that nobody is marked in between.
        event = locked(Event, [event_id], actor)[event_id]
        marked = _marked(event, walk_ins, session_id, actor)
        rows = enrol_employees(event_id, walk_ins, actor=actor)
        outcomes = {row.pk: Outcome.PRESENT for row in rows if row.pk not in marked} | dict(outcomes)
        kept = [(row.employee, marked[row.pk]) for row in rows if row.pk in marked]
    if session_id is None:
        count = len(mark_attendance(outcomes, actor=actor, seen=seen))
    else:
        sittings = {(key, session_id): outcome for key, outcome in outcomes.items()}
        seen_there = {(key, session_id): outcome for key, outcome in (seen or {}).items()}
        count = len(mark_sessions(sittings, actor=actor, seen=seen_there))
    return Taken(count, kept)


def _marked(event: Event, employee_ids: Collection[int], session_id: int | None, actor: User) -> dict[int, str]:
    """Of those who take part already, {attendance: outcome} of whom something is noted. Raises NotAllowed."""
    going = Attendance.objects.filter(event=event, employee_id__in=employee_ids).going().select_related("employee")
    rows = {row.pk: row for row in going}
    require_markable(rows, actor)
    if session_id is None:
        marks = {key: row.outcome for key, row in rows.items()}
    else:
        noted = SessionMark.objects.filter(session_id=session_id, attendance_id__in=rows)
        marks = dict(noted.values_list("attendance_id", "outcome"))
    return {key: outcome for key, outcome in marks.items() if outcome != Outcome.PENDING}
