"""The list of loads: one's own, and everybody's for who may see them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from hr.admin.base import HrAdmin
from hr.admin.filters import MomentRangeFilter
from hr.admin.labels import LOAD_LABELS
from hr.loading.kinds import KINDS
from hr.models import ImportJob


@admin.register(ImportJob)
class ImportJobAdmin(HrAdmin):
    list_display = ["name", "resource", "state_label", "rows", "created", "updated", "failed", "who", "at"]
    list_display_links = None
    list_filter = [
        ("resource", ChoicesDropdownFilter),
        ("state", ChoicesDropdownFilter),
        ("created_at", MomentRangeFilter),
    ]
    empty_text = gettext_lazy("Files you load will be listed here, with what became of them.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def first_steps(self, request: HttpRequest) -> list[dict[str, str]]:
        kinds = [kind for kind in KINDS.values() if request.user.has_perm(kind.right("import"))]
        titles = [str(kind.model._meta.verbose_name_plural).capitalize() for kind in kinds]
        return [
            {"title": title, "link": page_of(kind, "import"), "icon": "upload_file"}
            for title, kind in zip(titles, kinds, strict=True)
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A load has a page of its own."""
        job = self.get_object(request, object_id) if object_id else None
        if job is None:
            raise Http404
        return HttpResponseRedirect(job_page(job))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """That page tells all that became of it."""
        return self.changeform_view(request, object_id)

    @display(description=gettext_lazy("file"))
    def name(self, job: ImportJob) -> SafeString:
        return format_html('<a href="{}">{}</a>', job_page(job), job.file_name)

    @display(description=gettext_lazy("state"), label=LOAD_LABELS)
    def state_label(self, job: ImportJob) -> tuple[str, str]:
        return job.state, job.get_state_display()

    @display(description=gettext_lazy("loaded by"))
    def who(self, job: ImportJob) -> str:
        return job.created_by_name

    @display(description=gettext_lazy("loaded at"), ordering="created_at")
    def at(self, job: ImportJob) -> Any:
        return job.created_at


def job_page(job: ImportJob) -> str:
    return page_of(KINDS[job.resource], "import_job", job.pk)


def page_of(kind: Any, page: str, *args: Any) -> str:
    opts = kind.model._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{page}", args=args)
