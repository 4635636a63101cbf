"""Hiring people, and changing what is known of them. The verbs about their status are in employment.py.

Every verb takes many rows at once and writes them in a handful of statements per thousand; one person is a call of one.
`actor` None is the system itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import batched
from typing import TYPE_CHECKING, Any, NoReturn

from django.contrib.auth import get_user_model
from django.db import connections
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, NotFound
from core.services.users import refuse_without_administrator
from hr.countries import DEFAULT_COUNTRY
from hr.models import Employee, OrgUnit, Position
from hr.models.employee import searched_personal, searched_text
from hr.permissions import (
    can_change,
    can_change_guarded,
    can_change_status,
    can_enter_personal_data,
    can_hire,
    can_hire_into,
    can_move_to,
    can_see_personal_data,
    can_serve_himself,
    require,
)
from hr.rights import CHANGE, GUARDED_FIELDS, OWN_FIELDS
from hr.scope import facts_of, scope_for
from hr.services.account_follow import FOLLOWED_FIELDS, follow
from hr.services.clean import by_attname, check_fields, clean_code, clean_employee
from hr.services.codes import next_codes
from hr.services.enrolment import withdraw_leavers
from hr.services.leavers import note_statuses
from hr.services.lines import looped
from hr.services.org_units import vacate_heads
from hr.services.rows import assign, hold, levels, lock, locked, naming, refuse_stale, require_all, require_known
from hr.services.writing import BATCH, DATABASE, business_atomic, insert, insert_stored, record, write

if TYPE_CHECKING:
    from core.models import User

ACTIVE, TERMINATED = Employee.Status.ACTIVE, Employee.Status.TERMINATED


@dataclass(slots=True, kw_only=True)
class NewEmployee:
    """One person to hire, as typed: the service normalises. Without a code one is made from the pattern.

    The boss is named by `reports_to_id`, or by `reports_to_code`, which may be of the same call, further down too.
    """

    first_name: str
    last_name: str
    hired_on: date
    org_unit_id: int
    code: str = ""
    country: str = DEFAULT_COUNTRY
    national_id: str | None = None
    work_email: str | None = None
    work_phone: str = ""
    private_phone: str = ""
    birth_date: date | None = None
    position_id: int | None = None
    reports_to_id: int | None = None
    reports_to_code: str = ""
    status: str = Employee.Status.ACTIVE
    ended_on: date | None = None


@business_atomic
def hire_employees(rows: Sequence[NewEmployee], *, actor: User | None) -> list[Employee]:
    """Add people; returns them in the order given, with their keys.

    Raises NotAllowed, NotFound for a unit, position or boss the actor does not see, DomainError for a broken rule.
    """
    require(can_hire(actor))
    made = iter(_codes_for(rows))
    employees, boss_codes = [], []
    for row in rows:
        values = asdict(row) | {"code": clean_code(row.code) or next(made)}
        boss_codes.append(clean_code(values.pop("reports_to_code")))
        with naming(values["code"], among=len(rows)):
            cleaned = clean_employee(values, country=row.country)
            check_fields(Employee, cleaned)
            _check_end(cleaned["ended_on"])
        employees.append(Employee(**cleaned))
    _require_places([row.org_unit_id for row in employees], [row.position_id for row in employees], actor)
    for employee in employees:
        with naming(employee, among=len(rows)):
            _check_hire(employee, actor)
    _resolve_bosses(employees, boss_codes, actor)
    record([employee.pk for employee in _insert_bosses_first(employees)], Employee, "+")
    return employees


@business_atomic
def hire_checked(rows: Sequence[Mapping[str, Any]], *, actor: User | None) -> list[int]:
    """Add many people whose values the check of a file left as the database holds them, by attname; returns their keys
    in the order given.

    Rights, and what may have changed since that check, are asked once for all. Raises as `hire_employees`.
    """
    require(can_hire(actor))
    units = {row["org_unit_id"] for row in rows}
    _require_places(units, {row.get("position_id") for row in rows}, actor)
    for unit in units:
        require(can_hire_into(actor, unit), _("You may not hire into this unit."))
    for unit in {row["org_unit_id"] for row in rows if any(map(row.get, Employee.PERSONAL_FIELDS))}:
        require(can_enter_personal_data(actor, unit))
    bosses = _statuses({row["reports_to_id"] for row in rows if row.get("reports_to_id")}, actor)
    for row in rows:
        boss = row.get("reports_to_id")
        if boss and bosses[boss] == TERMINATED and row.get("status", ACTIVE) != TERMINATED:
            raise DomainError(_("%(boss)s no longer works here.") % {"boss": _("The boss")}, field="reports_to")
    new_uid = _uid_maker()
    complete = [
        {
            **row,
            "uid": new_uid(),
            "search_text": searched_text(row["first_name"], row["last_name"], row["code"], row.get("work_email")),
            "search_personal": searched_personal(row.get("national_id"), row.get("private_phone", "")),
        }
        for row in rows
    ]
    return insert_stored(Employee, complete)


@business_atomic
def change_checked(changes: Mapping[int, Mapping[str, Any]], *, actor: User | None, reason: str = "") -> list[Employee]:
    """Set values that the check of a file left clean, {id: {attname: value}}; returns the rows as they were written.

    The rules of one row that may have changed since are asked in bulk, all others as in `change_employees`, by which
    the statuses go. Raises as that, and NotFound for whom the actor may not change.
    """
    if any(values.get("reports_to_id") for values in changes.values()):
        hold("hr.lines")
    bosses = {values["reports_to_id"] for values in changes.values() if values.get("reports_to_id")}
    found = lock(Employee, changes.keys() | bosses, actor)
    require_all(found, bosses, field="reports_to")
    require_all(_changeable(found, changes.keys(), actor), changes)
    fields = {}
    for key, values in changes.items():
        with naming(found[key], among=len(changes)):
            fields[key] = _assign_checked(found[key], values, actor)
    return _settle([found[key] for key in changes if fields[key]], fields, found, actor=actor, reason=reason)


@business_atomic
def change_employees(
    changes: Mapping[int, Mapping[str, Any]],
    *,
    actor: User | None,
    versions: Mapping[int, int] | None = None,
    reason: str = "",
) -> list[Employee]:
    """Set values per employee, {id: {field: value}}; returns those that differ from before, as they were written.

    Takes every field, unit, boss and status included, each by its rules, and writes a row once. `versions` are those
    the rows were read at. Who is terminated no longer heads a unit; those who report to him still do, so that the
    line above them holds until somebody gives them another boss.

    Raises StaleRow, NotFound, NotAllowed, InvalidTransition, DomainError.
    """
    named = {key: by_attname(Employee, values) for key, values in changes.items()}
    new_bosses = {values["reports_to_id"] for values in named.values() if values.get("reports_to_id")}
    if new_bosses:
        hold("hr.lines")
    found = lock(Employee, named.keys() | new_bosses, actor)
    require_all(found, named)
    require_all(found, new_bosses, field="reports_to")
    refuse_stale(found, versions, actor)

    written, fields = [], {}
    for key, values in named.items():
        with naming(found[key], among=len(named)):
            if changed := _change(found[key], values, actor):
                written.append(found[key])
                fields[key] = changed
    return _settle(written, fields, found, actor=actor, reason=reason)


def _settle(
    written: Sequence[Employee],
    fields: Mapping[int, Collection[str]],
    found: Mapping[int, Employee],
    *,
    actor: User | None,
    reason: str,
) -> list[Employee]:
    """Ask the rules of several rows about what was set in memory, write it, and what follows from it. `fields` are the
    columns that differ, by key; `found` holds the rows and their new bosses.
    """
    units = [row.org_unit_id for row in written if "org_unit_id" in fields[row.pk]]
    _require_places(units, [row.position_id for row in written if "position_id" in fields[row.pk]], actor)
    _check_lines([row for row in written if "reports_to_id" in fields[row.pk]], found)
    moved = [row for row in written if "status" in fields[row.pk]]
    leavers = [row for row in moved if row.status == TERMINATED]
    vacate_heads(leavers)
    note_statuses(moved)
    _keep_an_administrator([row for row in moved if row.status != ACTIVE])
    rows = write(written, sorted({name for changed in fields.values() for name in changed}), reason=reason)
    withdraw_leavers([row.pk for row in leavers], actor=actor)
    if renamed := [row for row in rows if FOLLOWED_FIELDS & set(fields[row.pk])]:
        follow(renamed)
    return rows


@business_atomic
def change_own_phones(values: Mapping[str, str], *, version: int, actor: User) -> Employee:
    """Set the actor's own phones, of OWN_FIELDS. `version` is that at which they were read.

    Raises NotAllowed for who is no employee, StaleRow, DomainError for what is no number.
    """
    require(can_serve_himself(actor) and OWN_FIELDS.issuperset(values))
    key = facts_of(actor).employee_id
    employee = locked(Employee, [key], actor)[key]  # type: ignore[list-item, index]
    refuse_stale({employee.pk: employee}, {employee.pk: version}, actor)
    cleaned = clean_employee(values, country=employee.country)
    check_fields(Employee, cleaned)
    if changed := assign(employee, cleaned):
        write([employee], changed)
    return employee


@business_atomic
def move_employees(ids: Collection[int], *, org_unit: OrgUnit, actor: User | None) -> list[Employee]:
    """Put people into a unit; their boss stays. Returns those who were elsewhere before."""
    return change_employees({key: {"org_unit": org_unit} for key in ids}, actor=actor)


@business_atomic
def change_boss(ids: Collection[int], *, reports_to: Employee | None, actor: User | None) -> list[Employee]:
    """Let people report to somebody else, or to nobody. Raises DomainError if a line would lead back to itself."""
    return change_employees({key: {"reports_to": reports_to} for key in ids}, actor=actor)


def _require_places(units: Iterable[int], positions: Iterable[int | None], actor: User | None) -> None:
    """Raise NotFound unless these units and positions exist for the actor."""
    require_known(OrgUnit, units, actor, field="org_unit")
    require_known(Position, positions, actor, field="position")


def _statuses(keys: Collection[int], actor: User | None) -> dict[int, str]:
    """Of bosses to be, who are locked so that they do not leave meanwhile. Raises NotFound on the boss."""
    seen = Employee.objects.all() if actor is None else Employee.objects.visible_to(actor)
    statuses: dict[int, str] = {}
    for batch in batched(sorted(keys), BATCH):
        statuses.update(seen.lock(batch).values_list("pk", "status"))
    require_all(statuses, keys, field="reports_to")  # type: ignore[type-var]
    return statuses


def _uid_maker() -> Callable[[], Any]:
    """Makes new uids as the database holds them."""
    prepare, connection = Employee._meta.get_field("uid").get_db_prep_save, connections[DATABASE]
    return lambda: prepare(uuid.uuid4(), connection)


def _changeable(found: Mapping[int, Employee], keys: Collection[int], actor: User | None) -> dict[int, Employee]:
    """Those of the rows that the actor may change."""
    if actor is None or scope_for(actor, CHANGE).everything:
        return dict(found)
    allowed: set[int] = set()
    for batch in batched(keys, BATCH):
        rows = Employee.objects.changeable_by(actor).filter(pk__in=batch).order_by()
        allowed.update(rows.values_list("pk", flat=True))
    return {key: row for key, row in found.items() if key in allowed}


def _check_hire(employee: Employee, actor: User | None) -> None:
    require(can_hire_into(actor, employee.org_unit_id), _("You may not hire into this unit."))
    if any(getattr(employee, name) for name in Employee.PERSONAL_FIELDS):
        require(can_enter_personal_data(actor, employee.org_unit_id))


def _codes_for(rows: Sequence[NewEmployee]) -> list[str]:
    given = {clean_code(row.code) for row in rows}
    return next_codes(sum(not clean_code(row.code) for row in rows), taken=given)


def _resolve_bosses(employees: Sequence[Employee], boss_codes: Sequence[str], actor: User | None) -> None:
    """Set `reports_to` to rows: of this call, unsaved as yet, or of the table, locked."""
    by_code = {employee.code: employee for employee in employees}
    elsewhere = {code for code in boss_codes if code} - by_code.keys()
    keys = dict(Employee.objects.filter(code__in=elsewhere).values_list("code", "pk")) if elsewhere else {}
    bosses = lock(Employee, {*keys.values(), *(row.reports_to_id for row in employees if row.reports_to_id)}, actor)
    for employee, code in zip(employees, boss_codes, strict=True):
        with naming(employee, among=len(employees)):
            boss = by_code.get(code) or bosses.get(keys.get(code, employee.reports_to_id or 0))
            if boss is None and (code or employee.reports_to_id):
                raise NotFound(field="reports_to")
            _check_boss(employee, boss)
        employee.reports_to = boss


def _insert_bosses_first(employees: Sequence[Employee]) -> list[Employee]:
    written: list[Employee] = []
    for level in levels(employees, "reports_to"):
        written += insert(level)
    if len(written) < len(employees):
        _refuse_loop(next(employee for employee in employees if not employee.pk))
    return written


def _change(employee: Employee, values: Mapping[str, Any], actor: User | None) -> list[str]:
    """Set the values in memory, by the rules of one row; returns the columns that differ from before."""
    require(can_change(actor, employee))
    may_see_personal = can_see_personal_data(actor, employee)  # asked before the unit changes
    if values.get("country", employee.country) != employee.country:
        # The number must be one of the new country, too.
        values = {"national_id": employee.national_id} | dict(values)
    cleaned = clean_employee(values, country=employee.country)
    check_fields(Employee, cleaned)
    return _assign(employee, cleaned, actor, may_see_personal=may_see_personal)


def _assign_checked(employee: Employee, values: Mapping[str, Any], actor: User | None) -> list[str]:
    """The same with values that are clean, of an employee whom the actor may change."""
    personal = any(name in values for name in Employee.PERSONAL_FIELDS)
    may_see_personal = personal and can_see_personal_data(actor, employee)
    return _assign(employee, dict(values), actor, may_see_personal=may_see_personal)


def _assign(employee: Employee, cleaned: dict[str, Any], actor: User | None, *, may_see_personal: bool) -> list[str]:
    status = cleaned.pop("status", employee.status)
    if status != employee.status and status != TERMINATED:
        cleaned.setdefault("ended_on", None)
    changed = assign(employee, cleaned)
    if status != employee.status:
        employee.move_to(status)
        changed.append("status")
    if {"status", "ended_on"} & set(changed):
        require(can_change_status(actor, employee), _("Nobody decides about the end of his own employment."))
    if "ended_on" in changed:
        _check_end(employee.ended_on)
    if set(Employee.PERSONAL_FIELDS) & set(changed):
        require(may_see_personal)
    if "org_unit_id" in changed:
        require(can_move_to(actor, employee.org_unit_id), _("You may not put anybody into this unit."))
    if GUARDED_FIELDS & {Employee._meta.get_field(name).name for name in changed}:
        require(can_change_guarded(actor), _("Only HR changes the code, the work e-mail and the boss."))
    return changed


def _check_end(ended_on: date | None) -> None:
    """An end takes effect at once, access included, so that it cannot be told in advance."""
    if ended_on is not None and ended_on > timezone.localdate():
        raise DomainError(_("An employment cannot end in the future: enter it on the day."), field="ended_on")


def _keep_an_administrator(leaving: Collection[Employee]) -> None:
    """Who leaves loses all access: refused where nobody would be left to give it."""
    accounts = get_user_model().objects.filter(employee_uid__in=[row.uid for row in leaving])
    if leaving and accounts.exists():
        refuse_without_administrator(accounts)


def _check_boss(employee: Employee, boss: Employee | None) -> None:
    if boss is not None and boss.status == TERMINATED and employee.status != TERMINATED:
        raise DomainError(_("%(boss)s no longer works here.") % {"boss": boss}, field="reports_to")


def _check_lines(changed: Iterable[Employee], found: Mapping[int, Employee]) -> None:
    new = {row.pk: row for row in changed}
    for row in new.values():
        with naming(row, among=len(new)):
            _check_boss(row, found.get(row.reports_to_id) if row.reports_to_id else None)
    if loops := looped({key: row.reports_to_id for key, row in new.items()}):
        _refuse_loop(new[loops[0]])


def _refuse_loop(employee: Employee) -> NoReturn:
    raise DomainError(
        _("%(employee)s would report to himself or herself, directly or through others.") % {"employee": employee},
        field="reports_to",
    )
