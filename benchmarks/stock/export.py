"""Exports as import-export's documentation has them: a ModelResource with a field for each column.

Headers and values are those of our own files, so that both can be compared cell by cell.
"""

from typing import Any

from import_export.fields import Field
from import_export.resources import ModelResource

from hr.models import Attendance, Employee


class StockAttendance(ModelResource):
    event = Field("event__code", "Event")
    code = Field("employee__code", "Code")
    country = Field("employee__country", "Country")
    national_id = Field("employee__national_id", "National id")
    session = Field(column_name="Session")
    status = Field("get_status_display", "Status")
    outcome = Field("get_outcome_display", "Outcome")

    RELATED = ("event", "employee")

    class Meta:
        model = Attendance
        fields = ("event", "code", "country", "national_id", "session", "status", "outcome")

    def dehydrate_session(self, row: Any) -> str:
        return ""


class StockEmployees(ModelResource):
    code = Field("code", "Code")
    first_name = Field("first_name", "First name")
    last_name = Field("last_name", "Last name")
    country = Field("country", "Country")
    national_id = Field("national_id", "National id")
    work_email = Field("work_email", "E-mail")
    work_phone = Field("work_phone", "Work phone")
    private_phone = Field("private_phone", "Private phone")
    birth_date = Field("birth_date", "Birth date")
    hired_on = Field("hired_on", "Hired on")
    org_unit = Field("org_unit__name", "Unit")
    position = Field("position__title", "Position")
    reports_to = Field("reports_to__code", "Reports to")
    status = Field("get_status_display", "Status")
    ended_on = Field("ended_on", "Ended on")

    RELATED = ("org_unit", "position", "reports_to")

    class Meta:
        model = Employee
        fields = (
            "code", "first_name", "last_name", "country", "national_id", "work_email", "work_phone", "private_phone",
            "birth_date", "hired_on", "org_unit", "position", "reports_to", "status", "ended_on",
        )  # fmt: skip
