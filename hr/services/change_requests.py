"""What people ask of HR about a person: another value for one's own data, or who is not, or should be, one's own.

HR decides, and an approval makes the change by hr/services/employees.py. Nobody decides what he asked for, nor about
himself. docs/self-service.md tells the rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any

from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, NotFound, StaleRow
from core.text import fold
from hr.change_requests import ASKABLE, ROWS, WRONG, as_text, label_of, text_of, value_of
from hr.models import ChangeRequest, Employee, OrgUnit, Position
from hr.permissions import (
    can_decide_request,
    can_decide_requests,
    can_report_people,
    can_serve_himself,
    is_self,
    require,
)
from hr.scope import facts_of
from hr.services import outbox
from hr.services.clean import check_fields, clean_code, clean_employee, clean_reason
from hr.services.employees import change_employees
from hr.services.rows import hold, locked, naming, refuse_stale
from hr.services.writing import BATCH, business_atomic, insert, record, write

if TYPE_CHECKING:
    from core.models import User

Kind, State = ChangeRequest.Kind, ChangeRequest.State
DECISION_FIELDS = ("state", "answer", "decided_by_id", "decided_by_name", "decided_at")
LONGEST_REASON, LONGEST_VALUE = 300, 254


# --- Asking -----------------------------------------------------------------------------------------------------------
@business_atomic
def ask_changes(
    values: Mapping[str, Any], *, reason: str, actor: User, version: int | None = None
) -> list[ChangeRequest]:
    """Ask for other values of the actor's own data, {field: value}; one request for each that differs. A unit, position
    or boss is named in words.

    Raises NotAllowed for who is no employee, StaleRow, DomainError for a value that cannot be, for nothing that differs
    or for a field about which one waits already.
    """
    require(can_serve_himself(actor))
    key = facts_of(actor).employee_id
    employee = locked(Employee, [key], actor)[key]  # type: ignore[list-item, index]
    refuse_stale({employee.pk: employee}, None if version is None else {employee.pk: version}, actor)
    reason = clean_reason(reason, most=LONGEST_REASON)
    waiting = dict(_waiting(Kind.DATA, employee_id=employee.pk).values_list("field", "new"))
    wanted = _wanted(values, country=values.get("country") or waiting.get("country") or employee.country)
    asked = []
    for field, new in wanted.items():
        old = text_of(employee, field)
        if new == old or (field in ROWS and not new):
            continue
        if field in waiting:
            raise DomainError(_("A request about this waits for HR already."), field=field)
        asked.append(_request(Kind.DATA, reason, actor, employee=employee, field=field, old=old, new=new))
    if not asked:
        raise DomainError(_("Nothing differs from what is known of you."))
    insert(asked, unique="field", within={"state": State.WAITING, "kind": Kind.DATA, "employee_id": employee.pk})
    return _noted(asked)


@business_atomic
def disown_employees(ids: Collection[int], *, field: str, reason: str, actor: User) -> list[ChangeRequest]:
    """Tell HR that people are not the actor's, because their unit or their boss (`field`) is wrong.

    Raises NotFound, NotAllowed for whom he does not answer for, DomainError.
    """
    reason = clean_reason(reason, most=LONGEST_REASON)
    if field not in WRONG:
        raise DomainError(_("Say what is wrong: the unit or the boss."), field="field")
    people = locked(Employee, ids, actor)
    led: set[int] = set()
    waiting: set[int] = set()
    for part in batched(sorted(people), BATCH):
        led.update(Employee.objects.led_by(actor).filter(pk__in=part).order_by().values_list("pk", flat=True))
        waiting.update(_waiting(Kind.NOT_MINE, field=field, employee_id__in=part).values_list("employee_id", flat=True))
    asked = []
    for employee in people.values():
        with naming(employee, among=len(people)):
            require(employee.pk in led, _("You do not answer for this person."))
            if employee.pk in waiting:
                raise DomainError(_("HR has been told already, and has not decided yet."))
            old = text_of(employee, field)
            if not old:
                raise DomainError(_("This person reports to nobody."), field="field")
        asked.append(_request(Kind.NOT_MINE, reason, actor, employee=employee, field=field, old=old))
    insert(asked, unique="employee_id", within={"state": State.WAITING, "kind": Kind.NOT_MINE, "field": field})
    return _noted(asked)


@business_atomic
def report_missing(people: Sequence[str], *, reason: str, actor: User) -> list[ChangeRequest]:
    """Tell HR of people who should be the actor's, each named by his code or in words.

    The answer is the same whether such a person exists. Raises NotAllowed for who answers for nobody, DomainError.
    """
    require(can_report_people(actor), _("Only who answers for people reports that somebody is missing."))
    reason = clean_reason(reason, most=LONGEST_REASON)
    named = {fold(text): text for text in (" ".join(person.split()) for person in people) if text}
    if not named:
        raise DomainError(_("Say who is missing."), field="people")
    if any(len(text) > LONGEST_VALUE for text in named.values()):
        raise DomainError(
            _("Name each person in at most %(most)d characters.") % {"most": LONGEST_VALUE}, field="people"
        )
    # Of those he answers for he may be told that he does.
    codes = [clean_code(text) for text in named.values()]
    if known := Employee.objects.led_by(actor).filter(code__in=codes).first():
        raise DomainError(_("%(employee)s is one of your people already.") % {"employee": known}, field="people")
    hold("hr.missing_people")
    waiting = _waiting(Kind.MISSING, asked_by_id=actor.pk)
    if again := {fold(text) for text in waiting.values_list("new", flat=True)} & named.keys():
        text = named[min(again)]
        raise DomainError(
            _("HR knows of %(person)s already, and has not decided yet.") % {"person": text}, field="people"
        )
    asked = [_request(Kind.MISSING, reason, actor, new=text) for text in named.values()]
    insert(asked, unique="new", within={"state": State.WAITING, "kind": Kind.MISSING, "asked_by_id": actor.pk})
    return _noted(asked)


# --- Deciding ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What HR says where a request does not: who is missing, and which unit, position or boss is the right one."""

    employee: Employee | None = None
    org_unit: OrgUnit | None = None
    position: Position | None = None
    reports_to: Employee | None = None


@business_atomic
def approve_change_requests(
    ids: Collection[int], *, actor: User, answer: str = "", choice: Choice | None = None
) -> list[ChangeRequest]:
    """Change the people as asked. `choice` holds for all requests that need one.

    Who is not one's own may have been put right meanwhile: then nothing needs to be chosen.

    Raises NotFound, NotAllowed, InvalidTransition for what is decided already, StaleRow for a value that has changed
    since it was asked for, DomainError.
    """
    rows = _decided(ids, State.APPROVED, answer, actor)
    choice = choice or Choice()
    changes: defaultdict[int, dict[str, Any]] = defaultdict(dict)
    reasons: defaultdict[int, list[str]] = defaultdict(list)
    people: dict[int, Employee] = {}
    for request in rows:
        with naming(request, among=len(rows)):
            employee, values = _change_of(request, choice, actor)
            _merge(changes[employee.pk], values)
        people[employee.pk] = employee
        if request.reason not in reasons[employee.pk]:
            reasons[employee.pk].append(request.reason)
    by_reason: defaultdict[str, list[int]] = defaultdict(list)
    for key, given in reasons.items():
        if changes[key]:
            by_reason["; ".join(given)].append(key)
    for reason, keys in by_reason.items():
        # As they were read here, so that what was compared is what is changed.
        versions = {key: people[key].version for key in keys}
        change_employees({key: changes[key] for key in keys}, versions=versions, actor=actor, reason=reason)
    return rows


@business_atomic
def reject_change_requests(ids: Collection[int], *, actor: User, answer: str) -> list[ChangeRequest]:
    """Leave everything as it is, and say why. Raises as `approve_change_requests` does."""
    return _decided(ids, State.REJECTED, clean_reason(answer, most=LONGEST_REASON), actor)


@business_atomic
def withdraw_change_requests(ids: Collection[int], *, actor: User) -> list[ChangeRequest]:
    """Take back what one asked for. Raises NotFound, NotAllowed for what somebody else did, InvalidTransition."""
    rows = _locked_requests(ids, actor)
    for request in rows:
        # Not named: who takes back what he asked for may no longer see whom it was about.
        request.move_to(State.WITHDRAWN)
        require(request.asked_by_id == actor.pk, _("Only who asked for it withdraws it."))
    return _close(rows, "", actor)


def _wanted(values: Mapping[str, Any], *, country: str) -> dict[str, str]:
    """The values as texts, normalised as those of employees are."""
    if set(values) - set(ASKABLE):
        raise DomainError(_("HR is not asked about this: phones you change yourself."))
    plain = {field: value for field, value in values.items() if field not in ROWS}
    cleaned = clean_employee(plain, country=country)
    check_fields(Employee, cleaned)
    wanted = {field: as_text(cleaned[field]) for field in plain}
    for field in values.keys() - plain.keys():
        wanted[field] = " ".join(str(values[field] or "").split())
        if len(wanted[field]) > LONGEST_VALUE:
            raise DomainError(_("Use at most %(most)d characters.") % {"most": LONGEST_VALUE}, field=field)
    return {field: wanted[field] for field in ASKABLE if field in wanted}


def _request(kind: str, reason: str, actor: User, **values: Any) -> ChangeRequest:
    return ChangeRequest(kind=kind, reason=reason, asked_by_id=actor.pk, asked_by_name=str(actor)[:200], **values)


def _waiting(kind: str, **about: Any) -> Any:
    return ChangeRequest.objects.waiting().filter(kind=kind, **about).order_by()


def _noted(asked: list[ChangeRequest]) -> list[ChangeRequest]:
    record([request.pk for request in asked], ChangeRequest, "+")
    _tell("change_request.asked", asked)
    return asked


def _decided(ids: Collection[int], state: str, answer: str, actor: User) -> list[ChangeRequest]:
    rows = _locked_requests(ids, actor)
    require(can_decide_requests(actor), _("HR decides about requests."))
    for request in rows:
        with naming(request, among=len(rows)):
            request.move_to(state)
            require(can_decide_request(actor, request), _("Somebody else decides about you and what you asked for."))
    rows = _close(rows, answer, actor)
    _tell("change_request.decided", rows)
    return rows


def _locked_requests(ids: Collection[int], actor: User) -> list[ChangeRequest]:
    rows = list(locked(ChangeRequest, ids, actor).values())
    prefetch_related_objects(rows, "employee")
    return rows


def _close(rows: list[ChangeRequest], answer: str, actor: User) -> list[ChangeRequest]:
    for request in rows:
        request.answer, request.decided_at = answer[:LONGEST_REASON], timezone.now()
        request.decided_by_id, request.decided_by_name = actor.pk, str(actor)[:200]
    return write(rows, DECISION_FIELDS)


def _change_of(request: ChangeRequest, choice: Choice, actor: User) -> tuple[Employee, dict[str, Any]]:
    """Whom the request changes, and what of him."""
    if request.kind == Kind.MISSING:
        return _added(choice, actor)
    employee = request.employee
    if employee is None:  # a constraint says there is one
        raise NotFound
    chosen = getattr(choice, request.field) if request.field in ROWS else None
    now = text_of(employee, request.field)
    new = as_text(chosen.pk if chosen else None) if request.field in ROWS else request.new
    if request.kind == Kind.NOT_MINE and now != request.old and chosen is None:
        return employee, {}
    if request.field in ROWS and chosen is None:
        raise DomainError(
            _("Say which one is right: %(field)s.") % {"field": label_of(request.field)}, field=request.field
        )
    if now not in (request.old, new):
        raise StaleRow(
            _(
                "%(field)s of %(employee)s has changed since this was asked for. Reject it, and change what is "
                "wrong now."
            )
            % {"field": label_of(request.field), "employee": employee}
        )
    if request.kind == Kind.NOT_MINE and new == request.old:
        raise DomainError(_("That is what is said to be wrong."), field=request.field)
    return employee, {request.field: chosen or value_of(request.field, request.new)}


def _added(choice: Choice, actor: User) -> tuple[Employee, dict[str, Any]]:
    """Who was missing, and where HR puts him."""
    employee = choice.employee
    if employee is None:
        raise DomainError(_("Say who is meant."), field="employee")
    require(not is_self(actor, employee), _("Somebody else decides about you and what you asked for."))
    values: dict[str, Any] = {}
    if choice.org_unit:
        values["org_unit"] = choice.org_unit
    if choice.reports_to:
        values["reports_to"] = choice.reports_to
    if not values:
        raise DomainError(_("Say into which unit the person belongs, or to whom he or she reports."), field="org_unit")
    return employee, values


def _merge(values: dict[str, Any], more: Mapping[str, Any]) -> None:
    for field, value in more.items():
        if values.setdefault(field, value) != value:
            raise DomainError(
                _("Two of the requests ask for different values: %(field)s.") % {"field": label_of(field)}
            )


def _tell(kind: str, rows: Collection[ChangeRequest]) -> None:
    outbox.add(kind, {f"{kind}:{row.pk}": {"change_request_id": row.pk} for row in rows})
