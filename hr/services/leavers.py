"""Who leaves loses what was granted to him, and nobody stands in for him any more. Rehired, he begins without."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import access
from core.models import User
from hr.models import Employee, OutboxMessage
from hr.rights import DELEGATION
from hr.services import outbox

LEFT = "employee.left"


def note_leavers(employees: Iterable[Employee]) -> None:
    """In the transaction that ends the employments; the grants live in the other database."""
    outbox.add(LEFT, {f"{LEFT}:{row.pk}:{row.version + 1}": {"employee_id": row.pk} for row in employees})


def end_grants(messages: Sequence[OutboxMessage]) -> outbox.Expansion:
    """End their grants. Repeated, it finds none in force. Whoever is back already keeps what he was granted since."""
    employees = Employee.objects.in_bulk([message.payload["employee_id"] for message in messages])
    accounts = User.objects.in_bulk([row.uid for row in employees.values()], field_name="employee_uid")
    for message in messages:
        employee = employees.get(message.payload["employee_id"])
        if employee is None:
            continue
        begun_by = message.created_at if employee.status == Employee.Status.ACTIVE else None
        if account := accounts.get(employee.uid):
            access.end_all(account, begun_by=begun_by)
        access.end_all_on(employee, DELEGATION, begun_by=begun_by)
    return outbox.Expansion()


def describe(message: OutboxMessage) -> str:
    return _("End of what was granted to %(person)s") % {"person": getattr(message, "person", None) or _("somebody")}


outbox.KINDS[LEFT] = outbox.Kind(label=gettext_lazy("end of grants"), expand=end_grants, deliver=None, text=describe)
