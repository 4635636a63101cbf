"""May this user do this? One predicate `can_<verb>` per question; services `require` it, pages hide by it.

`user` None is the system itself (commands, seeding, the clock): it may do everything. Rows are those the user sees:
who may see a row is `visible_to`, not a question for here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import NotAllowed
from hr.models import Employee, OrgUnit, Position
from hr.scope import facts_of, has_role_right, scope_for

if TYPE_CHECKING:
    from core.models import User


def require(allowed: bool, message: str = "") -> None:
    """Raise NotAllowed with the message, or with a general one, unless `allowed`."""
    if not allowed:
        raise NotAllowed(message)


def can_hire(user: User | None) -> bool:
    return _holds(user, "hr.add_employee")


def can_change(user: User | None, employee: Employee) -> bool:
    """Whether the user may correct the employee's data, unit, position or boss."""
    return _reaches(user, "hr.change_employee", employee)


def can_change_status(user: User | None, employee: Employee) -> bool:
    """Whether the user may suspend, reactivate, terminate or rehire; nobody decides about his own employment."""
    return can_change(user, employee) and not is_self(user, employee)


def can_see_personal_data(user: User | None, employee: Employee) -> bool:
    return _reaches(user, "hr.view_personal_data", employee)


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


def is_self(user: User | None, employee: Employee) -> bool:
    return user is not None and facts_of(user).employee_id == employee.pk


def _holds(user: User | None, permission: str) -> bool:
    return user is None or has_role_right(user, permission)


def _reaches(user: User | None, permission: str, employee: Employee) -> bool:
    if user is None:
        return True
    scope = scope_for(user, permission)
    return scope.everything or employee.pk in scope.employee_ids
