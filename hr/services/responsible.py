"""Who is asked to decide about somebody: his nearest manager who can log in, else everybody who may by a role."""

from __future__ import annotations

from collections.abc import Iterator

from core import access
from core.models import User
from hr import paths
from hr.models import Employee, OrgUnit
from hr.rights import DELEGATION


def responsible_for(employee: Employee, *, right: str, asked_by: int | None = None) -> list[User]:
    """The first who can log in of his boss, those above, and the heads of his units, with who stands in for him; where
    there is none, who holds `right` (app.codename) by a role.

    Nobody decides about himself, nor what he asked for.
    """
    deciders = _nearest_manager(employee, asked_by) or list(User.objects.holding(right))
    return [user for user in deciders if user.employee_uid != employee.uid and user.pk != asked_by]


def _nearest_manager(employee: Employee, asked_by: int | None) -> list[User]:
    """With his deputies; nobody if no manager can log in."""
    for manager in _managers_above(employee):
        account = User.objects.filter(employee_uid=manager.uid, is_active=True).exclude(pk=asked_by).first()
        if account is not None:
            deputies = access.holders(DELEGATION, [manager])[manager.pk]
            return [account, *User.objects.filter(pk__in=deputies, is_active=True).order_by("pk")]
    return []


def _managers_above(employee: Employee) -> Iterator[Employee]:
    """Those who work here: of his line, then the heads of his units, the nearest first."""
    for manager in [*Employee.objects.bosses_of(employee.pk), *_heads_above(employee)]:
        if manager.status == Employee.Status.ACTIVE and manager.pk != employee.pk:
            yield manager


def _heads_above(employee: Employee) -> list[Employee]:
    units = OrgUnit.objects.filter(pk__in=paths.ids(employee.org_unit.path)).exclude(head=None)
    return [unit.head for unit in units.select_related("head").order_by("-path")]
