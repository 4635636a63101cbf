"""Which rows a user answers for. Two rules hold today: rights through a role, and one's own record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.apps import apps

if TYPE_CHECKING:
    from core.models import User


@dataclass(frozen=True)
class Facts:
    """What the rules need to know of a user. `employee_id` is None for external staff."""

    may_act: bool
    employee_id: int | None


@dataclass(frozen=True)
class Scope:
    """The employees a permission reaches: all of them, or those named."""

    everything: bool = False
    employee_ids: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return self.everything or bool(self.employee_ids)


# Through the self rule an employee holds these on his own record.
SELF_PERMISSIONS = frozenset({"hr.view_employee", "hr.view_personal_data"})


def facts_of(user: User) -> Facts:
    """Read once per user object, that is once per request: one query, none for external staff.

    A linked user acts only while the employee is active, whatever his role says.
    """
    facts = getattr(user, "_hr_facts", None)
    if facts is None:
        facts = user._hr_facts = _read_facts(user)  # type: ignore[attr-defined]
    return facts


def _read_facts(user: User) -> Facts:
    if not user.is_authenticated or not user.is_active:
        return Facts(may_act=False, employee_id=None)
    if user.employee_uid is None:
        return Facts(may_act=True, employee_id=None)
    employees = apps.get_model("hr", "Employee")._base_manager.filter(uid=user.employee_uid)
    employee_id = employees.filter(status="active").values_list("pk", flat=True).first()
    return Facts(may_act=employee_id is not None, employee_id=employee_id)


def may_act(user: User) -> bool:
    """`settings.MAY_ACT`: without it `user.has_perm` is false for everything."""
    return facts_of(user).may_act


def has_role_right(user: User, permission: str) -> bool:
    """Whether a role gives the user `permission` (app.codename) over the whole organisation."""
    return user.is_authenticated and user.has_perm(permission)


def scope_for(user: User, permission: str) -> Scope:
    """The employees on whom `user` holds `permission` now."""
    if has_role_right(user, permission):
        return Scope(everything=True)
    own = facts_of(user).employee_id
    if own is not None and permission in SELF_PERMISSIONS:
        return Scope(employee_ids=frozenset({own}))
    return Scope()
