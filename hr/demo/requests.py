"""What the demo's people have asked HR to change."""

from __future__ import annotations

from datetime import timedelta

from hr.demo.cast import Cast
from hr.models import Employee
from hr.services.change_requests import (
    ask_changes,
    disown_employees,
    reject_change_requests,
    report_missing,
)


def ask(cast: Cast) -> None:
    """The employee's birthday and a wrong boss wait; one request was refused."""
    employee, manager = cast.persons["employee"], cast.persons["manager"]
    birth_date = employee.birth_date - timedelta(days=1) if employee.birth_date else None
    ask_changes({"birth_date": birth_date}, reason="El día está mal: vea mi cédula.", actor=cast.employee)
    asked = ask_changes({"position": "Especialista"}, reason="Cambié de funciones en marzo.", actor=cast.employee)
    reject_change_requests([row.pk for row in asked], answer="El cambio de cargo aún no está aprobado.", actor=cast.hr)
    theirs = Employee.objects.active().filter(org_unit__code="OPE-CCS-CAL", headed_units=None).order_by("code")[:1]
    disown_employees(
        [person.pk for person in theirs],
        field="org_unit",
        reason="Trabaja en Valencia desde julio.",
        actor=cast.manager,
    )
    report_missing(["Rosa Méndez"], reason=f"Empezó el lunes en {manager.org_unit.name}.", actor=cast.manager)
