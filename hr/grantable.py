"""What may be granted on employees and units, and what such a grant reaches (hr/rights.py has the rights)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core import grantable
from core.models import User
from core.services.users import account_of
from hr import paths
from hr.models import Employee, Event, OrgUnit
from hr.rights import DELEGATION, EMPLOYEE_GRANTS, EVENT_GRANTS, UNIT_GRANTS
from hr.scope import has_role_right, scope_for

if TYPE_CHECKING:
    from collections.abc import Iterable

EMPLOYEE_LABELS = {
    "view_employee": _("see this person"),
    "change_employee": _("change this person's data"),
    "view_personal_data": _("see national id, private phone and birth date"),
    "view_attendance_of": _("see this person's attendance"),
    "add_attendance_of": _("enrol this person in events"),
    "mark_attendance_of": _("mark this person's attendance"),
    "view_evaluation_of": _("see this person's evaluations"),
    "grade_evaluation_of": _("grade this person's evaluations"),
}
UNIT_LABELS = {
    "view_employee_in": _("see the people of the unit and of all units below"),
    "change_employee_in": _("change their data"),
    "view_personal_data_in": _("see their national ids, private phones and birth dates"),
    "add_employee_in": _("hire people into these units"),
    "view_attendance_in": _("see their attendance"),
    "add_attendance_in": _("enrol them in events"),
    "mark_attendance_in": _("mark their attendance"),
    "view_evaluation_in": _("see their evaluations"),
    "grade_evaluation_in": _("grade their evaluations"),
}
EVENT_LABELS = {
    "view_attendance_at": _("see everybody's attendance of this event"),
    "mark_attendance_at": _("take the roll of this event"),
}


def register() -> None:
    """Called when the app starts."""
    grantable.register(
        grantable.Grantable(
            model=Employee,
            labels=EMPLOYEE_LABELS,
            suggested=("view_employee",),
            holds=lambda user, codename, row: scope_for(user, EMPLOYEE_GRANTS[codename]).covers(row),
            reaches=_reaching_employee,
            held_by=lambda row: account_of(row.uid),
        )
    )
    grantable.register(
        grantable.Grantable(
            model=OrgUnit,
            labels=UNIT_LABELS,
            suggested=("view_employee_in",),
            holds=_holds_in,
            reaches=lambda row: _on_units(paths.ids(row.path)),
        )
    )
    grantable.register(
        grantable.Grantable(
            model=Event,
            labels=EVENT_LABELS,
            suggested=("view_attendance_at", "mark_attendance_at"),
            holds=lambda user, codename, row: has_role_right(user, EVENT_GRANTS[codename]),
            reaches=grantable.on,
        )
    )
    grantable.name_permission(DELEGATION, _("stand in for this manager"))


def _holds_in(user: User, codename: str, unit: OrgUnit) -> bool:
    scope = scope_for(user, UNIT_GRANTS[codename])
    return scope.everything or unit.pk in scope.unit_ids


def _reaching_employee(employee: Employee) -> Q:
    return grantable.on(employee) | _on_units(paths.ids(employee.org_unit.path))


def _on_units(keys: Iterable[int]) -> Q:
    unit_type = ContentType.objects.get_for_model(OrgUnit)
    return Q(content_type=unit_type, object_pk__in=[str(key) for key in keys])
