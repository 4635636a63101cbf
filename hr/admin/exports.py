"""The log of exports: one's own, and everybody's for who may see it. Of one that the worker makes, how far it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from core.admin.badges import badge_column
from core.admin.buttons import led_to_button
from hr.admin.base import HrAdmin
from hr.admin.filters import MomentRangeFilter
from hr.loading.export import FORMATS
from hr.loading.kinds import KINDS
from hr.models import ExportLog
from hr.services import exports, files

State = ExportLog.State
LABELS = {State.RUNNING: "info", State.DONE: "success", State.FAILED: "danger", State.CANCELLED: "warning"}
REPORTS = {exports.REPORT: gettext_lazy("attendance report"), exports.RESULTS: gettext_lazy("results of evaluations")}


def name_of(what: str) -> str:
    """The kind of rows, or the report."""
    return str(KINDS[what].model._meta.verbose_name_plural) if what in KINDS else str(REPORTS.get(what, what))


class WhatFilter(DropdownFilter):
    title = gettext_lazy("what")
    parameter_name = "what"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Iterable[tuple[str, Any]]:
        return [(what, name_of(what)) for what in (*KINDS, *REPORTS)]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(what=self.value()) if self.value() else queryset


@admin.register(ExportLog)
class ExportLogAdmin(HrAdmin):
    has_few_rows = True
    list_display = ["file_name", "kind_name", "state_label", "format", "row_count", "who", "at"]
    list_display_links = ["file_name"]
    list_filter = [
        WhatFilter,
        ("state", ChoicesDropdownFilter),
        ("format", ChoicesDropdownFilter),
        ("created_at", MomentRangeFilter),
    ]
    search_fields = ["file_name", "created_by_name", "sha256"]
    search_help_text = gettext_lazy("File, person, or hash of a file that turned up somewhere")
    empty_text = gettext_lazy("Files that you export will be listed here.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        pages = [
            ("<path:object_id>/file/", self.file_view, "file"),
            ("<path:object_id>/stop/", self.stop_view, "stop"),
        ]
        return [
            path(route, self.admin_site.admin_view(view), name=self._page(name)) for route, view, name in pages
        ] + super().get_urls()

    def first_steps(self, request: HttpRequest) -> list[dict[str, str]]:
        kinds = [kind for kind in KINDS.values() if request.user.has_perm(kind.right("export"))]
        opened = [kind for kind in kinds if admin.site.get_model_admin(kind.model).has_view_permission(request)]
        return [
            {
                "title": capfirst(name_of(kind.name)),
                "link": reverse(f"{self.admin_site.name}:hr_{kind.model._meta.model_name}_export_form"),
                "icon": "download",
            }
            for kind in opened
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """What is known of an export; while the worker makes it the page asks for itself again."""
        row = self.get_object(request, unquote(object_id)) if object_id else None
        if row is None:
            raise Http404
        user: Any = request.user
        at_work = row.state == State.RUNNING and row.heartbeat_at is not None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Export: %(file)s") % {"file": row.file_name or name_of(row.what)},
            "opts": self.opts,
            "original": row,
            "export": row,
            "badge": LABELS.get(row.state, ""),
            "facts": self._facts(row),
            "filters": [(name, value) for name, values in QueryDict(row.query).lists() for value in values],
            "shown_link": self._shown(request, row),
            "columns": _headers(row),
            "at_work": at_work,
            "progress": exports.progress_of(row) if at_work else None,
            "stop_link": self._address("stop", row) if at_work and row.created_by_id == user.pk else "",
            "file_link": self._address("file", row) if exports.may_download(row, user) else "",
            "list_link": reverse(f"{self.admin_site.name}:{self._page('changelist')}"),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "hr/admin/exports/export.html", context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Its page tells all that became of it."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        return HttpResponseRedirect(self._address("change", row))

    def file_view(self, request: HttpRequest, object_id: str) -> FileResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        user: Any = request.user
        if not exports.may_download(row, user):
            raise PermissionDenied
        response = FileResponse(files.open_file(row.file), as_attachment=True, filename=row.file_name)
        response["Content-Type"], response["Cache-Control"] = FORMATS[row.format], "no-store"
        return response

    def stop_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        user: Any = request.user
        if row.created_by_id != user.pk:
            raise PermissionDenied
        if request.method != "POST":
            return led_to_button(request, self._address("change", row))
        with self.domain_errors_to_messages(request):
            exports.cancel(row.pk, actor=user)
            messages.info(request, _("The export was cancelled."))
        return HttpResponseRedirect(self._address("change", row))

    @staticmethod
    def _shown(request: HttpRequest, row: ExportLog) -> str:
        """The list with the same filter, of whoever reads this."""
        model = KINDS[row.what].model if row.what in KINDS else None
        if model is None or not admin.site.get_model_admin(model).has_view_permission(request):
            return ""
        address = reverse(f"admin:hr_{model._meta.model_name}_changelist")
        return f"{address}?{row.query}" if row.query else address

    @staticmethod
    def _facts(row: ExportLog) -> list[tuple[str, Any]]:
        kept = row.file.expires_at if row.file else None
        facts = [
            (_("what"), capfirst(name_of(row.what))),
            (_("exported by"), row.created_by_name or _("a command")),
            (_("asked for at"), row.created_at),
            (_("finished at"), row.finished_at),
            (_("format"), row.get_format_display()),
            (_("rows"), number_format(row.rows, force_grouping=True) if row.state == State.DONE else None),
            (_("file kept until"), kept),
            (_("hash (SHA-256)"), row.sha256),
        ]
        return [(name, value) for name, value in facts if value not in (None, "")]

    def _address(self, page: str, row: ExportLog) -> str:
        return reverse(f"{self.admin_site.name}:{self._page(page)}", args=[row.pk])

    @display(description=gettext_lazy("what"), ordering="what")
    def kind_name(self, row: ExportLog) -> str:
        return capfirst(name_of(row.what))

    @badge_column(description=gettext_lazy("state"), colours=LABELS, ordering="state")
    def state_label(self, row: ExportLog) -> tuple[str, str]:
        return row.state, row.get_state_display()

    @display(description=gettext_lazy("rows"), ordering="rows")
    def row_count(self, row: ExportLog) -> Any:
        known = row.state == State.DONE
        return number_format(row.rows, force_grouping=True) if known else self.get_empty_value_display()

    @display(description=gettext_lazy("exported by"), ordering="created_by_name")
    def who(self, row: ExportLog) -> str:
        return row.created_by_name or _("a command")

    @display(description=gettext_lazy("asked for at"), ordering="created_at")
    def at(self, row: ExportLog) -> str:
        return date_format(timezone.localtime(row.created_at), "SHORT_DATETIME_FORMAT")


def _headers(row: ExportLog) -> list[str]:
    """The columns as they are headed; a report has its own."""
    known = KINDS[row.what].resource.columns if row.what in KINDS else {}
    return [known[name].header if name in known else str(name) for name in row.columns]
