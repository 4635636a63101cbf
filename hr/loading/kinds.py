"""The kinds of files that can be loaded, and what belongs to each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hr.loading.check import Check
from hr.loading.check_attendance import AttendanceCheck
from hr.loading.check_catalogue import OrgUnitCheck, PositionCheck
from hr.loading.check_employees import EmployeeCheck
from hr.models import ImportJob
from hr.models.base import BusinessModel
from hr.resources.attendance import AttendanceResource
from hr.resources.base import SpreadsheetResource
from hr.resources.employees import EmployeeResource
from hr.resources.org_units import OrgUnitResource
from hr.resources.positions import PositionResource


@dataclass(frozen=True)
class Kind:
    """`name` is ImportJob.Resource's value; the page rights are named for the model.

    `person` leads from a row to the key of the employee whose personal data it holds. `of_events`: the rows are about
    an event, named in the file or chosen together with it.
    """

    name: str
    resource_class: type[SpreadsheetResource]
    check: type[Check]
    person: str = ""
    of_events: bool = False

    @property
    def model(self) -> type[BusinessModel]:
        return self.check.model

    @property
    def resource(self) -> SpreadsheetResource:
        return self.resource_class()

    def right(self, verb: str) -> str:
        """`hr.import_employee`, `hr.export_orgunit`, …"""
        return f"hr.{verb}_{self.model._meta.model_name}"


KINDS = {
    kind.name: kind
    for kind in (
        Kind(ImportJob.Resource.EMPLOYEES, EmployeeResource, EmployeeCheck, person="pk"),
        Kind(ImportJob.Resource.UNITS, OrgUnitResource, OrgUnitCheck),
        Kind(ImportJob.Resource.POSITIONS, PositionResource, PositionCheck),
        Kind(
            ImportJob.Resource.ATTENDANCE,
            AttendanceResource,
            AttendanceCheck,
            person="employee_id",
            of_events=True,
        ),
    )
}


def kind_of(model: type[Any]) -> Kind:
    """The kind whose rows are of this model."""
    return next(kind for kind in KINDS.values() if kind.model is model)
