"""Outcomes of closed events: somebody asks for another one and says why, somebody else decides.

Who could reopen the event may also change it at once, with a reason; nobody decides about himself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from itertools import batched
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidTransition
from hr.models import Attendance, AttendanceCorrection, Event
from hr.models.attendance import MarkedFrom, Outcome
from hr.permissions import can_correct_at_once, is_self, require
from hr.services import outbox
from hr.services.clean import clean_reason
from hr.services.roll import locked_attendance, note_outcomes, require_markable, require_seat
from hr.services.rows import locked, naming
from hr.services.writing import BATCH, business_atomic, insert, record, write

if TYPE_CHECKING:
    from core.models import User

State = AttendanceCorrection.State
DECISION_FIELDS = ("state", "answer", "decided_by_id", "decided_by_name", "decided_at")


@business_atomic
def ask_corrections(outcomes: Mapping[int, str], *, reason: str, actor: User) -> list[AttendanceCorrection]:
    """Ask for other outcomes, {attendance: outcome}: of one's own attendance, or of people one may mark.

    Raises NotFound, NotAllowed, InvalidTransition while an event is not closed, DomainError.
    """
    reason = clean_reason(reason, most=300)
    rows = locked_attendance(outcomes, actor)
    require_markable({key: row for key, row in rows.items() if not is_self(actor, row.employee)}, actor)
    waiting = _waiting_for(rows)
    asked = []
    for key, row in rows.items():
        with naming(row.employee, among=len(rows)):
            _check_correction(row, outcomes[key])
            if key in waiting:
                raise DomainError(_("A correction of this waits for a decision already."))
        asked.append(
            AttendanceCorrection(
                attendance=row,
                outcome=outcomes[key],
                reason=reason,
                asked_by_id=actor.pk,
                asked_by_name=str(actor)[:200],
            )
        )
    # One waits for each at most, and these rows are locked.
    insert(asked, unique="attendance_id", within={"state": State.WAITING})
    record([correction.pk for correction in asked], AttendanceCorrection, "+")
    _tell("correction.asked", asked)
    return asked


@business_atomic
def approve_corrections(ids: Collection[int], *, actor: User, answer: str = "") -> list[AttendanceCorrection]:
    """Change the outcomes as asked. Raises NotFound, NotAllowed for what one asked for oneself or is about oneself,
    InvalidTransition if one is decided already.
    """
    decided = _decide(ids, State.APPROVED, answer, actor)
    rows = {correction.attendance_id: correction.attendance for correction in decided}
    by_reason: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for correction in decided:
        by_reason[correction.reason][correction.attendance_id] = correction.outcome
    for reason, outcomes in by_reason.items():
        note_outcomes(rows, outcomes, actor=actor, marked_from=MarkedFrom.CORRECTION, reason=reason)
    return decided


@business_atomic
def reject_corrections(ids: Collection[int], *, actor: User, answer: str) -> list[AttendanceCorrection]:
    """Leave the outcomes as they are, and say why. Raises as `approve_corrections` does."""
    return _decide(ids, State.REJECTED, clean_reason(answer, most=300), actor)


@business_atomic
def withdraw_corrections(ids: Collection[int], *, actor: User) -> list[AttendanceCorrection]:
    """Take back what one asked for. Raises NotAllowed for what somebody else did."""
    rows = _moved(_locked_corrections(ids, actor), State.WITHDRAWN)
    for correction in rows:
        with naming(correction.attendance.employee, among=len(rows)):
            require(correction.asked_by_id == actor.pk, _("Only who asked for it withdraws it."))
    return _close(rows, "", actor)


@business_atomic
def correct_at_once(outcomes: Mapping[int, str], *, reason: str, actor: User) -> list[Attendance]:
    """Change outcomes of closed events without asking anybody, {attendance: outcome}; returns those that differed.

    Raises NotFound, NotAllowed, InvalidTransition while an event is not closed, DomainError.
    """
    reason = clean_reason(reason, most=300)
    rows = locked_attendance(outcomes, actor)
    require(can_correct_at_once(actor), _("Only HR changes what is closed without asking anybody."))
    require_markable(rows, actor)
    for key, row in rows.items():
        with naming(row.employee, among=len(rows)):
            require(not is_self(actor, row.employee), _("Nobody decides about his own attendance."))
            _check_correction(row, outcomes[key], may_be_same=True)
    return note_outcomes(rows, outcomes, actor=actor, marked_from=MarkedFrom.CORRECTION, reason=reason)


def _decide(ids: Collection[int], state: str, answer: str, actor: User) -> list[AttendanceCorrection]:
    rows = _moved(_locked_corrections(ids, actor), state)
    require_markable({row.attendance_id: row.attendance for row in rows if not _is_about(row, actor)}, actor)
    for correction in rows:
        with naming(correction.attendance.employee, among=len(rows)):
            require(not _is_about(correction, actor), _("Nobody decides about his own attendance."))
            require(correction.asked_by_id != actor.pk, _("Somebody else decides what you asked for."))
    return _close(rows, answer, actor)


def _moved(rows: list[AttendanceCorrection], state: str) -> list[AttendanceCorrection]:
    """In memory, before anything else is asked: of what is decided nobody needs to know who might have."""
    for correction in rows:
        with naming(correction.attendance.employee, among=len(rows)):
            correction.move_to(state)
    return rows


def _close(rows: list[AttendanceCorrection], answer: str, actor: User) -> list[AttendanceCorrection]:
    for correction in rows:
        correction.answer, correction.decided_at = answer, timezone.now()
        correction.decided_by_id, correction.decided_by_name = actor.pk, str(actor)[:200]
    write(rows, DECISION_FIELDS)
    _tell("correction.decided", rows)
    return rows


def _locked_corrections(ids: Collection[int], actor: User) -> list[AttendanceCorrection]:
    """In key order, after their events and attendance, which they come with."""
    known: dict[int, int] = {}
    for batch in batched(sorted(set(ids)), BATCH):
        seen = AttendanceCorrection.objects.visible_to(actor).filter(pk__in=batch)
        known.update(seen.order_by().values_list("pk", "attendance_id"))
    attendance = locked_attendance(known.values(), actor)
    rows = locked(AttendanceCorrection, ids, actor)
    for row in rows.values():
        row.attendance = attendance[row.attendance_id]
    return list(rows.values())


def _check_correction(row: Attendance, outcome: str, *, may_be_same: bool = False) -> None:
    if row.event.state != Event.State.CLOSED:
        raise InvalidTransition(_("The event is not closed. Note it in the roll instead."), field="outcome")
    require_seat(row)
    if outcome == Outcome.PENDING or outcome not in Outcome.values:
        raise DomainError(_("Say whether the person came."), field="outcome")
    if outcome == row.outcome and not may_be_same:
        raise DomainError(_("That is what is noted already."), field="outcome")


def _waiting_for(rows: Collection[int]) -> set[int]:
    found: set[int] = set()
    for batch in batched(sorted(rows), BATCH):
        waiting = AttendanceCorrection.objects.waiting().filter(attendance_id__in=batch)
        found.update(waiting.values_list("attendance_id", flat=True))
    return found


def _is_about(correction: AttendanceCorrection, actor: User) -> bool:
    return is_self(actor, correction.attendance.employee)


def _tell(kind: str, rows: Collection[AttendanceCorrection]) -> None:
    outbox.add(kind, {f"{kind}:{row.pk}": {"correction_id": row.pk} for row in rows})
