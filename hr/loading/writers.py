"""Who writes the rows of each kind of load. A kind that is not named here has plain columns, and needs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hr.loading.apply_attendance import AttendanceWriter
from hr.loading.apply_employees import EmployeeWriter
from hr.loading.apply_rows import RowWriter
from hr.loading.apply_units import UnitWriter
from hr.models import Attendance, Employee, OrgUnit

if TYPE_CHECKING:
    from hr.models.base import BusinessModel

_WRITERS: dict[type[BusinessModel], type[RowWriter]] = {
    Employee: EmployeeWriter,
    OrgUnit: UnitWriter,
    Attendance: AttendanceWriter,
}


def writer_of(model: type[BusinessModel]) -> RowWriter:
    return _WRITERS.get(model, RowWriter)(model)
