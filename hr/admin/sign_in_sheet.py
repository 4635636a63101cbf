"""The list people sign on paper: of an event, or one of its sessions. Personal data only of whom the reader may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from core.admin.paginator import KeysFirstPaginator
from hr.admin.roll_pages import roll_context, roll_of
from hr.models import Employee

if TYPE_CHECKING:
    from hr.admin.attendance import AttendanceAdmin

# A ream is 500 sheets of some 25 names: nobody prints more at once.
PER_PART = 1000
EMPTY_LINES = 10


def sign_in_sheet_view(request: HttpRequest, event_id: int, model_admin: AttendanceAdmin) -> HttpResponse:
    roll = roll_of(request, event_id, model_admin)
    rows = roll.rows().select_related("employee__org_unit")
    page = KeysFirstPaginator(rows, PER_PART).get_page(request.GET.get("p"))
    people = [row.employee for row in page.object_list]
    told = Employee.objects.visible_to(request.user).personal_to(request.user)
    personal = set(told.filter(pk__in=[person.pk for person in people]).values_list("pk", flat=True))
    context = roll_context(request, roll, "sign_in_sheet")
    context |= {
        "lines": [
            (number, person, (person.national_id or "") if person.pk in personal else "")
            for number, person in enumerate(people, page.start_index())
        ],
        "shows_ids": bool(personal),
        "empty_lines": range(EMPTY_LINES) if not page.has_next() else (),
        "page": page,
        "page_range": page.paginator.get_elided_page_range(page.number),
    }
    return TemplateResponse(request, "hr/admin/attendance/sign_in_sheet.html", context)
