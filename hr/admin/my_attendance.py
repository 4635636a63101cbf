"""My attendance: every row there is of oneself, and counters that are the number of rows behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from hr.admin.event_pages import told_times
from hr.admin.labels import OUTCOME_LABELS, STATUS_LABELS
from hr.admin.self_pages import paged, require_employee, self_page
from hr.models import Attendance, Event
from hr.self_service import LABELS, TOLD, attendance_of, counters, kinds_of, told_of, years_of

if TYPE_CHECKING:
    from hr.admin.attendance import AttendanceAdmin

COLOURS = STATUS_LABELS | OUTCOME_LABELS


def my_attendance_view(request: HttpRequest, model_admin: AttendanceAdmin) -> HttpResponse:
    """Of `?year=` and `?kind=`, the key of a kind of event; `?told=` leaves one sort of rows."""
    user = require_employee(request)
    years, kinds = years_of(user), kinds_of(user)
    year = next((year for year in years if str(year) == request.GET.get("year")), None)
    kind = next((kind for kind in kinds if str(kind.pk) == request.GET.get("kind")), None)
    rows = attendance_of(user, year=year, kind_id=kind.pk if kind else None)
    counted = counters(rows)
    asked = request.GET.get("told", "")
    told = asked if asked in TOLD else ""
    context = paged(request, rows.filter(TOLD[told]) if told else rows)
    chosen = {"year": year or "", "kind": kind.pk if kind else ""}
    context |= {
        "title": _("My attendance"),
        "years": years,
        "kinds": kinds,
        "year": year,
        "kind": kind,
        "told": told,
        "told_label": LABELS[told] if told else "",
        "total": {"count": sum(counter.count for counter in counted), "link": _link(chosen), "active": not told},
        "counters": [
            {
                "label": counter.label,
                "count": counter.count,
                "link": _link(chosen | {"told": counter.told}),
                "active": told == counter.told,
            }
            for counter in counted
        ],
        "cards": [_card(row) for row in context["page"]],
    }
    return self_page(request, model_admin, "my_attendance.html", context)


def _card(row: Attendance) -> dict[str, Any]:
    told = told_of(row.status, row.outcome)
    return {
        "row": row,
        "times": told_times(row.event),
        "label": (LABELS[told], COLOURS[told]),
        "is_closed": row.event.state == Event.State.CLOSED and row.status in Attendance.SEATED,
    }


def _link(values: dict[str, Any]) -> str:
    return f"?{urlencode({name: value for name, value in values.items() if value})}"
