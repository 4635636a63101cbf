"""Beginning, status and end of an employment: the model's rules and the verbs', line by line."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django.utils import timezone
from django.utils.translation import gettext as _

from hr.loading.check import Check
from hr.loading.lines import Line
from hr.models import Employee
from hr.permissions import is_self

TERMINATED = Employee.Status.TERMINATED


class EmploymentCheck(Check):
    """Part of EmployeeCheck."""

    @staticmethod
    def status_of(line: Line) -> str:
        """What the line leaves the employee's status at."""
        existing = line.existing
        return cast(str, line.values.get("status") or (existing.status if existing else Employee.Status.ACTIVE))

    def check_status(self, line: Line, existing: Any) -> None:
        old = existing.status if existing else Employee.Status.ACTIVE
        ended_on = line.values.get("ended_on")
        status = line.values.get("status") or (TERMINATED if ended_on else old)
        self._check_end(line, status, ended_on or (existing.ended_on if existing else None))
        if status == old:
            line.values.pop("status", None)
        else:
            line.values["status"] = status
            if existing and status not in Employee.NEXT[Employee.Status(old)]:
                words = {"old": Employee.Status(old).label, "new": Employee.Status(status).label}
                self.fault(line, "status", _("Who is %(old)s cannot become %(new)s at once.") % words, "transition")
        ends = status != old or (existing and ended_on and ended_on != existing.ended_on)
        if existing and ends and is_self(self.user, existing):
            self.fault(line, "status", _("Nobody decides about the end of his own employment."), "own_end")

    def _check_end(self, line: Line, status: str, ended_on: date | None) -> None:
        given = line.values.get("ended_on")
        if given and status != TERMINATED:
            self.fault(
                line,
                "ended_on",
                _("Only who is terminated has an end date. Remove it, or set the status."),
                "end_without_leaving",
            )
        elif given and given > timezone.localdate():
            self.fault(line, "ended_on", _("An employment cannot end in the future: enter it on the day."), "future")
        elif status == TERMINATED and not ended_on and not self._bad(line, "ended_on"):
            self.fault(
                line,
                "ended_on",
                _("Missing. A terminated employee has an end date: fill in this cell."),
                "end_required",
            )

    def _bad(self, line: Line, name: str) -> bool:
        """Whether the cell is filled but could not be read, which is reported already."""
        return name not in line.values and bool(self.sheet.cell(line, name))

    def check_dates(self, line: Line, existing: Any) -> None:
        values = line.values

        def day(name: str) -> date | None:
            if name in values:
                return values[name]
            return getattr(existing, name) if existing else None

        hired_on, birth_date, ended_on = day("hired_on"), day("birth_date"), day("ended_on")
        if self.status_of(line) != TERMINATED:
            ended_on = None
        if hired_on and ended_on and ended_on < hired_on:
            name = "ended_on" if "ended_on" in line.values else "hired_on"
            self.fault(
                line,
                name,
                _("An employment cannot end before it begins. Correct one of the two dates."),
                "end_before_start",
            )
        if hired_on and birth_date and birth_date >= hired_on:
            name = "birth_date" if "birth_date" in line.values else "hired_on"
            self.fault(
                line,
                name,
                _("The birth date must lie before the hiring date. Correct one of the two dates."),
                "birth_after_start",
            )
