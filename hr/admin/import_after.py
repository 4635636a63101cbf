"""What can be done once a load is written: taking it back, and deciding about people whom its file does not name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, override

from hr.admin.dialogs import DayInput
from hr.loading.apply import MOVED
from hr.loading.error_workbook import error_workbook
from hr.loading.export import FORMATS
from hr.models import Employee, ImportJob, ImportRow
from hr.services import files, imports

ROWS_A_PAGE = 50
# Rows whose undo is foreseen while the reader waits for the page.
FORESEEN_AT_ONCE = 5000
WRITTEN = (ImportJob.State.APPLIED, ImportJob.State.PARTLY_APPLIED)


class RosterForm(forms.Form):
    """What becomes of the people who are missing from the file. Nothing is chosen beforehand."""

    action = forms.ChoiceField(
        label=gettext_lazy("What becomes of them"),
        choices=[
            ("suspend", gettext_lazy("Suspend: they cannot log in until somebody reactivates them")),
            ("terminate", gettext_lazy("Terminate: they no longer work here")),
        ],
        error_messages={"required": gettext_lazy("Choose what becomes of them.")},
    )
    ended_on = forms.DateField(label=gettext_lazy("Last day"), required=False, widget=DayInput)
    sure = forms.BooleanField(error_messages={"required": gettext_lazy("Tick that you looked at the list.")})

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("action") == "terminate" and not given.get("ended_on") and "ended_on" not in self.errors:
            self.add_error("ended_on", _("Say which day was their last."))
        return given


@dataclass(frozen=True)
class Gone:
    """The people whom a full roster does not name: how many, how many of them may still be decided about, and in
    sentences what became of the others.
    """

    count: int
    waiting: int
    told: list[str]


def gone_of(job: ImportJob, rows: QuerySet) -> Gone | None:
    """Of the rows that the reader sees; None if nobody is missing."""
    missing = rows.filter(verdict=ImportRow.Verdict.MISSING)
    written = Q(written_version__isnull=False)
    back, ended = Q(undone=ImportRow.Undone.RESTORED), Q(after__status=Employee.Status.TERMINATED.value)
    found = missing.aggregate(
        count=Count("pk"),
        suspended=Count("pk", filter=written & ~back & ~ended),
        ended=Count("pk", filter=written & ~back & ended),
        back=Count("pk", filter=written & back),
        unfit=Count("pk", filter=~written & Q(errors__0__cause=MOVED)),
        left=Count("pk", filter=~written),
    )
    if not found["count"]:
        return None
    days = missing.filter(written & ended).values_list("after__ended_on", flat=True)[:1] if found["ended"] else []
    sentences = {
        "suspended": ngettext("%(n)s was suspended.", "%(n)s were suspended.", found["suspended"]),
        "ended": ngettext(
            "%(n)s was terminated as of %(day)s.", "%(n)s were terminated as of %(day)s.", found["ended"]
        ),
        "back": ngettext(
            "%(n)s is as before: what was decided was undone.",
            "%(n)s are as before: what was decided was undone.",
            found["back"],
        ),
        "unfit": ngettext(
            "%(n)s was left alone, because of a change meanwhile.",
            "%(n)s were left alone, because of a change meanwhile.",
            found["unfit"],
        ),
    }
    if job.applied_at is not None and job.state not in (*WRITTEN, ImportJob.State.APPLYING):
        # Nobody decides any more.
        found["left"], left = 0, found["left"] - found["unfit"]
        sentences["over"] = ngettext("%(n)s was left alone.", "%(n)s were left alone.", left)
        found["over"] = left
    day = "".join(date_format(date.fromisoformat(day), "DATE_FORMAT") for day in days)
    told = [
        text % {"n": number_format(found[name], force_grouping=True), "day": day}
        for name, text in sentences.items()
        if found[name]
    ]
    return Gone(found["count"], found["left"], told)


def missing_page(request: HttpRequest, job: ImportJob, site: str) -> dict[str, Any]:
    """Who is missing from the file, a page at a time."""
    rows = ImportRow.objects.visible_to(request.user).filter(job=job, verdict=ImportRow.Verdict.MISSING)
    page = Paginator(rows.order_by("label", "pk"), ROWS_A_PAGE).get_page(request.GET.get("p"))
    return {
        "title": _("People who are not in %(file)s") % {"file": job.file_name},
        "job": job,
        "page": page,
        "page_range": page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1),
        "people": [(row, reverse(f"{site}:hr_employee_change", args=[row.object_id])) for row in page.object_list],
        "count": page.paginator.count,
        "waiting": rows.filter(written_version=None).count(),
        "may_decide": job.state in WRITTEN,
    }


def undo_page(request: HttpRequest, job: ImportJob) -> dict[str, Any]:
    """How many rows would be removed, restored and kept, and why the last. Raises DomainError if it is too late.

    Of a large load the page is there at once, and asks for this when it is.
    """
    user: Any = request.user
    if job.created + job.updated > FORESEEN_AT_ONCE and "counted" not in request.GET and job.state in WRITTEN:
        return {"title": _("Undo %(file)s") % {"file": job.file_name}, "job": job, "counting": True}
    told = imports.undo_preview(job.pk, actor=user)
    counts = [
        (told.removed, _("new rows that go"), "text-red-700 dark:text-red-400"),
        (told.restored, _("changed rows that go back"), "text-blue-700 dark:text-blue-400"),
        (told.kept, _("rows that stay"), "text-important"),
    ]
    return {
        "title": _("Undo %(file)s") % {"file": job.file_name},
        "job": job,
        "told": told,
        "counts": counts,
        "more_kept": max(told.kept - len(told.rows), 0),
    }


def errors_of(job: ImportJob, user: Any) -> HttpResponseBase:
    """The error workbook, to download."""
    with override(job.language):
        name = _("errors") + f"-{job.file_name.rpartition('.')[0] or job.pk}.xlsx"
    response = StreamingHttpResponse(error_workbook(job, user=user), content_type=FORMATS["xlsx"])
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["Cache-Control"] = "no-store"
    return response


def original_of(job: ImportJob) -> HttpResponseBase:
    """The bytes as they were uploaded; never shown in the browser, whatever they are."""
    response = HttpResponse(files.read_file(job.file), content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, job.file_name)
    response["Cache-Control"] = "no-store"
    return response
