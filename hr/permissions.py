"""May this user do this? One predicate `can_<verb>` per question; services `require` it, pages hide by it.

`user` None is the system itself (commands, seeding, the clock): it may do everything. Rows are those the user sees:
who may see a row is `visible_to`, not a question for here. What each rule gives is the table of hr/rights.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from core.errors import NotAllowed
from hr.rights import ADD, CHANGE, DECIDE, ENROL, GRADE, IMPORT_RIGHTS, MARK, PERSONAL
from hr.scope import Scope, events_for, facts_of, has_role_right, people_of, scope_for

if TYPE_CHECKING:
    from core.models import User
    from hr.models import (
        Attendance,
        ChangeRequest,
        Employee,
        Evaluation,
        EvaluationForm,
        EvaluationRound,
        Event,
        EventKind,
        ImportJob,
        OrgUnit,
        Position,
    )

EVERYBODY = Scope(everything=True)


def require(allowed: bool, message: str = "") -> None:
    """Raise NotAllowed with the message, or with a general one, unless `allowed`."""
    if not allowed:
        raise NotAllowed(message)


def can_hire(user: User | None) -> bool:
    """Whether the user may hire into some unit, if not into every."""
    return bool(_scope(user, ADD))


def can_hire_into(user: User | None, unit_id: int) -> bool:
    return _holds_in(_scope(user, ADD), unit_id)


def can_enter_personal_data(user: User | None, unit_id: int | None = None) -> bool:
    """Whether the user may fill in personal data of somebody he hires into the unit, or into any open to him."""
    personal = _scope(user, PERSONAL)
    if unit_id is not None:
        return _holds_in(personal, unit_id)
    hiring = _scope(user, ADD)
    return personal.everything or (not hiring.everything and hiring.unit_ids <= personal.unit_ids)


def can_change(user: User | None, employee: Employee) -> bool:
    """Whether the user may correct the employee's data."""
    return _scope(user, CHANGE).covers(employee)


def can_move_to(user: User | None, unit_id: int) -> bool:
    """Whether the user may put somebody he may change into this unit: not out of his own reach, nor into another's."""
    return _holds_in(_scope(user, CHANGE), unit_id) or _holds_in(_scope(user, ADD), unit_id)


def can_move(user: User | None) -> bool:
    """Whether there is any unit into which the user may put people who work here."""
    scopes = [_scope(user, CHANGE), _scope(user, ADD)]
    return any(scope.everything or scope.unit_ids for scope in scopes)


def can_change_guarded(user: User | None) -> bool:
    """Whether the user may change GUARDED_FIELDS of those he may change: a right of roles, granted on nobody."""
    return _holds(user, CHANGE)


def can_change_status(user: User | None, employee: Employee) -> bool:
    """Whether the user may suspend, reactivate, terminate or rehire; nobody decides about his own employment."""
    return can_change(user, employee) and not is_self(user, employee)


def can_see_personal_data(user: User | None, employee: Employee) -> bool:
    return _scope(user, PERSONAL).covers(employee)


def can_create_units(user: User | None) -> bool:
    return _holds(user, "hr.add_orgunit")


def can_change_unit(user: User | None, unit: OrgUnit) -> bool:
    """Whether the user may rename or move the unit or name its head."""
    return _holds(user, "hr.change_orgunit")


def can_delete_unit(user: User | None, unit: OrgUnit) -> bool:
    return _holds(user, "hr.delete_orgunit")


def can_create_positions(user: User | None) -> bool:
    return _holds(user, "hr.add_position")


def can_change_position(user: User | None, position: Position) -> bool:
    return _holds(user, "hr.change_position")


def can_delete_position(user: User | None, position: Position) -> bool:
    return _holds(user, "hr.delete_position")


def can_create_events(user: User | None) -> bool:
    return _holds(user, "hr.add_event")


def can_change_event(user: User | None, event: Event | None = None) -> bool:
    """Whether the user plans the event (any, without one) and leads it through its states."""
    return _holds(user, "hr.change_event")


def can_delete_event(user: User | None, event: Event) -> bool:
    return _holds(user, "hr.delete_event")


def can_create_event_kinds(user: User | None) -> bool:
    return _holds(user, "hr.add_eventkind")


def can_change_event_kind(user: User | None, kind: EventKind) -> bool:
    return _holds(user, "hr.change_eventkind")


def can_delete_event_kind(user: User | None, kind: EventKind) -> bool:
    return _holds(user, "hr.delete_eventkind")


def can_remind(user: User | None) -> bool:
    """Whether there is anybody whom the user may remind of a mandatory event: whom he may enrol in one."""
    return bool(_scope(user, ENROL))


def can_take_rolls(user: User | None) -> bool:
    """Whether there is anybody whose attendance the user may mark, or an event of which he may."""
    return bool(_scope(user, MARK)) or (user is not None and bool(events_for(user, MARK)))


def can_ask_corrections(user: User) -> bool:
    """Whether there is attendance of which the user may say that it is wrong: his own, or that of whom he marks."""
    return can_serve_himself(user) or can_take_rolls(user)


def can_correct_at_once(user: User | None) -> bool:
    """Whether the user may change outcomes of closed events, of others, by himself: who could reopen the event."""
    return can_change_event(user) and can_take_rolls(user)


def can_create_forms(user: User | None) -> bool:
    return _holds(user, "hr.add_evaluationform")


def can_change_form(user: User | None, form: EvaluationForm) -> bool:
    """Whether the user may rename the form, write its questions and publish them."""
    return _holds(user, "hr.change_evaluationform")


def can_create_rounds(user: User | None) -> bool:
    return _holds(user, "hr.add_evaluationround")


def can_change_round(user: User | None, round_: EvaluationRound) -> bool:
    """Whether the user may change the days of the round and give it to people."""
    return _holds(user, "hr.change_evaluationround")


def can_answer(user: User | None, evaluation: Evaluation) -> bool:
    """Only its employee answers an evaluation, whatever anybody else may do to it."""
    return user is None or is_self(user, evaluation.employee)


def can_grade(user: User | None, evaluation: Evaluation) -> bool:
    """Whether the user may grade the evaluation, or return it; nobody his own."""
    return _scope(user, GRADE).covers(evaluation.employee) and not is_self(user, evaluation.employee)


def can_grade_anybody(user: User | None) -> bool:
    return bool(_scope(user, GRADE))


def can_manage_evaluation(user: User | None, evaluation: Evaluation) -> bool:
    """Whether the user may reopen or cancel the evaluation: HR, and nobody his own."""
    return _holds(user, "hr.change_evaluation") and not is_self(user, evaluation.employee)


def can_enrol(user: User | None, employee: Employee | None = None) -> bool:
    """Whether the user may put the employee (somebody, without one) into events, and take him out.

    Himself only by a role. Of many, `enrollable_by` of their queryset tells.
    """
    scope = _scope(user, ENROL)
    if employee is None or scope.everything:
        return bool(scope)
    return scope.covers(employee) and not is_self(user, employee)


def can_cancel(user: User | None, attendance: Attendance) -> bool:
    """Whether the user may end the enrolment: anybody's he may enrol, and his own before the event starts."""
    employee = attendance.employee
    return can_enrol(user, employee) or (is_self(user, employee) and attendance.event.starts_at > timezone.now())


def can_register(user: User, event: Event) -> bool:
    """Whether the event is one the user may put himself into."""
    return type(event).objects.open_for(user).filter(pk=event.pk).exists()


def can_confirm(user: User | None, employee: Employee | None = None) -> bool:
    """Whether the user may say that the employee (everybody, without one) will come: for himself, or by a role."""
    return _holds(user, ENROL) or (employee is not None and is_self(user, employee))


def can_serve_himself(user: User) -> bool:
    """Whether the user is an employee: changes his phones, asks for changes, has events and evaluations of his own."""
    return facts_of(user).employee_id is not None


def can_report_people(user: User) -> bool:
    """Whether the user answers for people as a manager, so that he may say who is not his, or is missing."""
    return bool(people_of(user))


def can_disown(user: User, employee: Employee) -> bool:
    """Whether the employee is one of the user's people, of whom he may say that he is not."""
    return people_of(user).covers(employee) and not is_self(user, employee)


def can_decide_requests(user: User | None) -> bool:
    return _holds(user, DECIDE)


def can_decide_request(user: User | None, request: ChangeRequest) -> bool:
    """Whether the user decides the request: HR, and nobody what he asked for or what is about himself."""
    if user is None:
        return True
    own = facts_of(user).employee_id
    is_own = request.asked_by_id == user.pk or (own is not None and request.employee_id == own)
    return can_decide_requests(user) and not is_own


def can_approve_load(user: User | None, job: ImportJob) -> bool:
    """Whether the user may approve the load, or refuse it: who could have loaded it himself, and nobody his own."""
    if user is None or job.created_by_id == user.pk:
        return False
    return _holds(user, "hr.approve_importjob") and _holds(user, IMPORT_RIGHTS[job.resource])


def can_undo_load(user: User | None, job: ImportJob) -> bool:
    """Whether the user may take back what the load wrote: whose it is, and who may approve those of others."""
    if user is None:
        return True
    is_own = job.created_by_id == user.pk and _holds(user, IMPORT_RIGHTS[job.resource])
    return is_own or can_approve_load(user, job)


def is_self(user: User | None, employee: Employee) -> bool:
    return user is not None and facts_of(user).employee_id == employee.pk


def _holds(user: User | None, permission: str) -> bool:
    return user is None or has_role_right(user, permission)


def _scope(user: User | None, permission: str) -> Scope:
    return EVERYBODY if user is None else scope_for(user, permission)


def _holds_in(scope: Scope, unit_id: int) -> bool:
    return scope.everything or unit_id in scope.unit_ids
