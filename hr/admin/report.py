"""The report of attendance rate, training hours and completion: on a page, and as a workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.admin.rows import rows_for
from core.replica import reading_from_replica
from hr.admin.charts import rate_bars, rate_line
from hr.admin.counted import attendance_list
from hr.admin.dialogs import DayInput, RowField
from hr.admin.export_pages import sent
from hr.admin.tiles import Tile
from hr.figures import MOST_MONTHS, Asked, Line, Period, largest
from hr.models import Employee, Event
from hr.report import BY, Report, report
from hr.report_file import report_file
from hr.rights import VIEW_ATTENDANCE
from hr.scope import answers_for_others, has_role_right
from hr.services import exports

if TYPE_CHECKING:
    from hr.admin.attendance import AttendanceAdmin

EXPORT = "hr.export_attendance"
SHOWN = 100  # all are in the file
CHARTED = 20


class ReportForm(forms.Form):
    """Of whom, of what and when; all optional."""

    unit = RowField(Employee, "org_unit", label=gettext_lazy("Unit"), required=False)
    kind = RowField(Event, "kind", label=gettext_lazy("Kind of event"), required=False)
    first = forms.DateField(label=gettext_lazy("From"), required=False, widget=DayInput)
    last = forms.DateField(label=gettext_lazy("To"), required=False, widget=DayInput)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("unit", "kind"):
            field: Any = self.fields[name]
            field.queryset = rows_for(user, field.queryset.model.objects.all())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        period = self.period(cleaned)
        if period.first > period.last:
            raise forms.ValidationError(_("The first day is after the last one."))
        if len(period.months) > MOST_MONTHS:
            raise forms.ValidationError(_("Choose at most %(months)d months.") % {"months": MOST_MONTHS})
        return cleaned

    @staticmethod
    def period(values: dict[str, Any]) -> Period:
        """The last twelve months, where nothing else is asked for."""
        usual = Period.last_months()
        return Period(values.get("first") or usual.first, values.get("last") or usual.last)


def may_report(request: HttpRequest) -> bool:
    """Who sees the attendance of others. Asked for every sidebar."""
    return answers_for_others(request.user, VIEW_ATTENDANCE)  # type: ignore[arg-type]


def report_view(request: HttpRequest, model_admin: AttendanceAdmin) -> HttpResponse:
    """By unit, by kind or by month (`?by=`), with a link from every count to the list of what it counts."""
    form, asked = _asked(request)
    by = request.GET.get("by", "")
    by = by if by in BY else "unit"
    with reading_from_replica():
        found = report(asked, by)
    query = {name: request.GET[name] for name in form.fields if request.GET.get(name)}
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Attendance report"),
        "opts": model_admin.opts,
        "media": model_admin.media + form.media,
        "form": form,
        "asked": asked,
        "by": by,
        "tiles": _tiles(asked, found),
        "total": told(asked, Line(_("Total"), found.total)),
        "lines": [told(asked, line, drill=_drill(query, line)) for line in found.lines[:SHOWN]],
        "left_out": max(len(found.lines) - SHOWN, 0),
        "heading": BY[by],
        "chart": _chart(found, by),
        "tabs": [(label, urlencode(query | {"by": name}), name == by) for name, label in BY.items()],
        "file": f"{reverse('admin:hr_attendance_report_file')}?{urlencode(query)}" if _may_export(request) else "",
    }
    request.current_app = model_admin.admin_site.name
    status = 400 if form.errors else 200
    return TemplateResponse(request, "hr/admin/attendance/report.html", context, status=status)


def _tiles(asked: Asked, found: Report) -> list[Tile]:
    tally, links = found.total, told(asked, Line("", found.total))["links"]
    of = _("of %(count)s who came or were absent") % {"count": number_format(tally.counted, force_grouping=True)}
    return [
        Tile(_("Attendance rate"), tally.rate, links["rated"], "how_to_reg", of, "%"),
        Tile(_("Training hours"), tally.hours, links["came"], "schedule"),
        Tile(_("Completion"), tally.completion, links["enrolled"], "task_alt", unit="%"),
        Tile(_("Enrolled"), tally.enrolled, links["enrolled"], "groups"),
    ]


def report_file_view(request: HttpRequest, model_admin: AttendanceAdmin) -> HttpResponse | StreamingHttpResponse:
    form, asked = _asked(request)
    if not _may_export(request):
        raise PermissionDenied
    if form.errors:
        return report_view(request, model_admin)
    name = _("attendance-%(day)s.xlsx") % {"day": timezone.localdate().isoformat()}
    file = report_file(asked)
    logged = exports.Asked(exports.REPORT, "xlsx", name, request.GET.urlencode())
    return sent(logged, file.pieces, rows=lambda: file.rows, actor=request.user)


def told(asked: Asked, line: Line, *, drill: str = "") -> dict[str, Any]:
    """A line with the addresses of the lists that its numbers count."""
    where: dict[str, Any] = {"unit": line.unit or asked.unit, "kind": line.kind or asked.kind}
    period = line.period or asked.period
    links = {counts: attendance_list(counts, period, **where) for counts in ("enrolled", "rated", "came", "absent")}
    return {"label": line.label, "tally": line.tally, "links": links, "drill": drill}


def _asked(request: HttpRequest) -> tuple[ReportForm, Asked]:
    if not may_report(request):
        raise PermissionDenied
    user: Any = request.user
    usual = ReportForm.period({})
    form = ReportForm(
        {"first": usual.first.isoformat(), "last": usual.last.isoformat()} | request.GET.dict(), user=user
    )
    values = form.cleaned_data if form.is_valid() else {}
    return form, Asked(user, form.period(values), values.get("unit"), values.get("kind"))


def _drill(query: dict[str, str], line: Line) -> str:
    """Of a unit, the report of what is below it."""
    rows: dict[str, Model | Any] = {"unit": line.unit, "kind": line.kind}
    chosen = {name: str(row.pk) for name, row in rows.items() if row is not None}
    return urlencode(query | chosen | {"by": "unit"}) if chosen else ""


def _chart(found: Report, by: str) -> dict[str, Any] | None:
    if not found.total.counted:
        return None
    if by == "month":
        return rate_line(found.lines)
    return rate_bars(largest(found.lines, CHARTED))


def _may_export(request: HttpRequest) -> bool:
    return has_role_right(request.user, EXPORT)  # type: ignore[arg-type]
