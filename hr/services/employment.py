"""Suspending, ending and resuming employments. Nobody decides about his own."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidTransition
from hr.models import Employee
from hr.services.employees import change_employees
from hr.services.rows import locked
from hr.services.writing import business_atomic

if TYPE_CHECKING:
    from core.models import User

Status = Employee.Status


@business_atomic
def suspend_employees(ids: Collection[int], *, actor: User | None, reason: str = "") -> list[Employee]:
    """Take people out of work for a while; they lose access at once. Raises InvalidTransition unless all are active."""
    _require_status(ids, {Status.ACTIVE}, actor)
    return change_employees({key: {"status": Status.SUSPENDED} for key in ids}, actor=actor, reason=reason)


@business_atomic
def reactivate_employees(ids: Collection[int], *, actor: User | None, reason: str = "") -> list[Employee]:
    """End a suspension. Raises InvalidTransition unless all are suspended."""
    _require_status(ids, {Status.SUSPENDED}, actor)
    return change_employees({key: {"status": Status.ACTIVE} for key in ids}, actor=actor, reason=reason)


@business_atomic
def terminate_employees(
    ids: Collection[int], *, ended_on: date, actor: User | None, reason: str = ""
) -> list[Employee]:
    """End employments as of a day, today at the latest; access ends at once, headed units are left without a head,
    reports keep their boss. Raises InvalidTransition if one has ended already.
    """
    _require_status(ids, {Status.ACTIVE, Status.SUSPENDED}, actor)
    values = {"status": Status.TERMINATED, "ended_on": ended_on}
    return change_employees(dict.fromkeys(ids, values), actor=actor, reason=reason)


@business_atomic
def rehire_employees(ids: Collection[int], *, hired_on: date, actor: User | None, reason: str = "") -> list[Employee]:
    """Start a new employment of people who left; the history keeps the dates of the old one, grants do not return.

    Raises InvalidTransition unless all have left, DomainError for a day before they did.
    """
    for employee in _require_status(ids, {Status.TERMINATED}, actor):
        if employee.ended_on and hired_on < employee.ended_on:
            raise DomainError(
                _("%(employee)s was employed until %(day)s.")
                % {"employee": employee, "day": date_format(employee.ended_on, "SHORT_DATE_FORMAT")},
                field="hired_on",
            )
    values = {"status": Status.ACTIVE, "hired_on": hired_on}
    return change_employees(dict.fromkeys(ids, values), actor=actor, reason=reason)


def _require_status(ids: Collection[int], wanted: set[str], actor: User | None) -> Iterable[Employee]:
    """The employees, locked; each verb starts from some statuses only, although others lead to the same."""
    employees = locked(Employee, ids, actor).values()
    if others := [employee for employee in employees if employee.status not in wanted]:
        raise InvalidTransition(
            _("%(count)d of the chosen people cannot: %(employee)s is %(status)s.")
            % {"count": len(others), "employee": others[0], "status": others[0].get_status_display()},
        )
    return employees
