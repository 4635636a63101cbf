"""What the lists of people, units and positions have for spreadsheets: buttons, pages, downloads."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from unfold.enums import ActionVariant

from hr.admin.export_pages import ExportPages
from hr.admin.import_pages import ImportPages


class SpreadsheetAdmin(ImportPages, ExportPages, ModelAdmin):
    """Mixed into the admin of a model that can be loaded and exported (hr/loading/kinds.py).

    Each page asks for its own right, `import_*` or `export_*`; on whom it acts is the scope's decision.
    """

    def get_urls(self) -> list[URLPattern]:
        pages = [
            ("import/", self.import_view, "import"),
            ("import/<int:job_id>/", self.import_job_view, "import_job"),
            ("import/<int:job_id>/columns/", self.import_mapping_view, "import_mapping"),
            ("import/<int:job_id>/errors/", self.import_errors_view, "import_errors"),
            ("import/<int:job_id>/file/", self.import_file_view, "import_file"),
            ("import/<int:job_id>/undo/", self.import_undo_view, "import_undo"),
            ("import/<int:job_id>/missing/", self.import_roster_view, "import_roster"),
            ("export/", self.export_form_view, "export_form"),
            ("export/<slug:format_>/", self.export_view, "export"),
            ("template/", self.template_view, "template"),
            ("sample/<str:name>", self.sample_view, "sample"),
        ]
        return [
            path(route, self.admin_site.admin_view(view), name=self._page(name)) for route, view, name in pages
        ] + super().get_urls()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None)
        if context is not None and "actions_list" in context:
            context["actions_list"] = [*context["actions_list"], *self._buttons(request)]
        return response

    def first_steps(self, request: HttpRequest) -> list[dict[str, str]]:
        """What an empty list offers, see HrAdmin."""
        steps = super().first_steps(request)
        if self.has_import_permission(request):
            title, link = _("Load from a spreadsheet"), self.address("import")
            steps = [*steps, {"title": title, "link": link, "icon": "upload_file"}]
        return steps

    def _buttons(self, request: HttpRequest) -> list[dict[str, Any]]:
        buttons = []
        if self.has_import_permission(request):
            # The event whose list it is goes along, too.
            event = request.GET.get("event__id__exact") if self.kind.of_events else None
            query = f"?{urlencode({'event': event})}" if event else ""
            buttons.append(_button(_("Load"), "upload_file", self.address("import") + query))
        if self.has_export_permission(request):
            # The list's own query goes along: what is shown is what is exported.
            query = f"?{request.GET.urlencode()}" if request.GET else ""
            items = [
                _button(title, "table", self.address("export", format_) + query)
                for format_, title in (("xlsx", _("Excel (.xlsx)")), ("csv", _("Text (.csv)")))
            ]
            items.append(_button(_("Choose the columns …"), "view_column", self.address("export_form") + query))
            buttons.append(_button(_("Export"), "download", "") | {"method_name": "Export", "items": items})
        return buttons

    def address(self, page: str, *args: Any) -> str:
        return reverse(f"{self.admin_site.name}:{self._page(page)}", args=args)


def _button(title: str, icon: str, path_: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "path": path_, "variant": ActionVariant.DEFAULT, "attrs": {}}
