"""The list of loads: one's own, and everybody's for who may see them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from core.admin.badges import badge_column
from hr.admin.base import HrAdmin
from hr.admin.filters import MomentRangeFilter
from hr.admin.import_preview import is_undoable
from hr.admin.labels import LOAD_LABELS, load_state
from hr.loading.discretion import Discretion
from hr.loading.kinds import KINDS
from hr.models import ImportJob
from hr.permissions import can_undo_load


def count_column(field: str) -> Any:
    @display(description=ImportJob._meta.get_field(field).verbose_name, ordering=field)  # type: ignore[union-attr]
    def count(admin: Any, job: ImportJob) -> str:
        return number_format(getattr(job, field), force_grouping=True)

    return count


# The rows, and what they add up from.
COUNTS = ["row_count", "new_count", "changed_count", "unchanged_count", "skipped_count", "faulty_count"]


class WhoseFilter(DropdownFilter):
    """One's own loads, or those of others."""

    title = gettext_lazy("loaded by")
    parameter_name = "whose"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("mine", _("me")), ("others", _("others"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case "mine":
                return queryset.filter(created_by_id=request.user.pk)
            case "others":
                return queryset.exclude(created_by_id=request.user.pk)
        return queryset


@admin.register(ImportJob)
class ImportJobAdmin(HrAdmin):
    has_few_rows = True
    list_display = [
        "name", "what", "state_label", *COUNTS, "came", "links",
    ]  # fmt: skip
    list_display_links = ["name"]
    search_fields = ["file_name", "created_by_name"]
    list_filter = [
        ("resource", ChoicesDropdownFilter),
        ("state", ChoicesDropdownFilter),
        WhoseFilter,
        ("created_at", MomentRangeFilter),
    ]
    empty_text = gettext_lazy("Files you load will be listed here, with what became of them.")

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """With what this reader may do next with each load."""
        user: Any = request.user
        changes = super().get_changelist_instance(request)
        for job in changes.result_list:
            job.is_own = job.created_by_id == user.pk
            job.has_file = job.is_own and job.file_id is not None and not Discretion(job, user).hides_file
            job.can_undo = is_undoable(job) and can_undo_load(user, job)
        return changes

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

    @display(description=gettext_lazy("file"), ordering="file_name")
    def name(self, job: ImportJob) -> str:
        return job.file_name

    @badge_column(description=gettext_lazy("state"), colours=LOAD_LABELS)
    def state_label(self, job: ImportJob) -> tuple[str, str]:
        return load_state(job, own=job.is_own)

    row_count = count_column("rows")
    new_count = count_column("created")
    changed_count = count_column("updated")
    unchanged_count = count_column("unchanged")
    skipped_count = count_column("skipped")
    faulty_count = count_column("failed")

    @display(description=gettext_lazy("what"), ordering="resource")
    def what(self, job: ImportJob) -> SafeString:
        """With how many of the file's columns were loaded; which, its page tells."""
        headers = [field for header, field in job.columns if header or field]
        loaded = sum(field is not None for field in headers)
        columns = _("%(loaded)d of %(all)d columns") % {"loaded": loaded, "all": len(headers)} if headers else ""
        return format_html('{} <span class="whitespace-nowrap">{}</span>', job.get_resource_display(), columns)

    @display(description=gettext_lazy("loaded"), ordering="created_at")
    def came(self, job: ImportJob) -> SafeString:
        """When and by whom."""
        moment = date_format(timezone.localtime(job.created_at), "SHORT_DATETIME_FORMAT")
        return format_html('<span><span class="whitespace-nowrap">{}</span> {}</span>', moment, job.created_by_name)

    @display(description="")
    def links(self, job: Any) -> SafeString:
        """To the file, and to the way back."""
        kind, found = KINDS[job.resource], []
        if job.has_file:
            found.append((page_of(kind, "import_file", job.pk), "download", _("Download the file")))
        if job.can_undo:
            found.append((page_of(kind, "import_undo", job.pk), "undo", _("Undo this load")))
        return format_html_join(
            " ",
            '<a href="{}" title="{}" aria-label="{}" class="material-symbols-outlined load-link">{}</a>',
            ((link, title, title, icon) for link, icon, title in found),
        )


def job_page(job: ImportJob) -> str:
    return page_of(KINDS[job.resource], "import_job", job.pk)


def page_of(kind: Any, page: str, *args: Any) -> str:
    opts = kind.model._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{page}", args=args)
