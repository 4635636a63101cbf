"""One page of a roll-call sent at once: who came of those enrolled, and who came without being so."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from hr.models.attendance import Outcome
from hr.services.enrolment import enrol_employees
from hr.services.marks import mark_attendance, mark_sessions
from hr.services.writing import business_atomic

if TYPE_CHECKING:
    from core.models import User


@business_atomic
def take_roll(
    event_id: int,
    outcomes: Mapping[int, str],
    *,
    actor: User,
    session_id: int | None = None,
    seen: Mapping[int, str] | None = None,
    walk_ins: Collection[int] = (),
) -> int:
    """Note the outcomes, {attendance: outcome}, of the event or of one session, and enrol employees who are there.

    Returns how many marks are another one now. Raises as marks and enrolment do.
    """
    outcomes = dict(outcomes)
    if walk_ins:
        enrolled = enrol_employees(event_id, walk_ins, actor=actor)
        outcomes |= {row.pk: Outcome.PRESENT for row in enrolled}
    if session_id is None:
        return len(mark_attendance(outcomes, actor=actor, seen=seen))
    return len(
        mark_sessions(
            {(key, session_id): outcome for key, outcome in outcomes.items()},
            actor=actor,
            seen={(key, session_id): outcome for key, outcome in (seen or {}).items()},
        )
    )
