"""The pages of a load: upload, progress, preview, result. What happens is decided in hr/services/imports.py."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.admin.rows import is_key
from core.errors import DomainError, NotAllowed, NotFound
from hr.admin.accounts import tell
from hr.admin.audience_form import RowField
from hr.admin.import_rows import cards_of, shown_rows
from hr.demo.samples import sample_names
from hr.loading.kinds import Kind
from hr.loading.reading import MAX_BYTES, check_size
from hr.models import Attendance, Event, ImportJob, ImportRow
from hr.permissions import can_create_positions, can_create_units
from hr.services import imports
from hr.services.accounts import can_invite, invite_created_by

State = ImportJob.State
Verdict = ImportRow.Verdict
ROWS_A_PAGE = 50
RECENT = 5


class UploadForm(forms.Form):
    """The file, and what to do with units and positions nobody knows, or which event it is about."""

    file = forms.FileField(
        label=gettext_lazy("file"),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,.txt"}),
        error_messages={"required": gettext_lazy("Choose a file first.")},
    )
    create_missing = forms.BooleanField(
        label=gettext_lazy("Create units and positions that do not exist yet"), required=False
    )
    event = RowField(
        Attendance,
        "event",
        label=gettext_lazy("Event"),
        required=False,
        help_text=gettext_lazy("Where the file has no column for it: all its rows are about this event."),
    )

    def __init__(self, *args: Any, kind: Kind, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind.of_events:
            self.fields["event"].queryset = Event.objects.visible_to(user)
        else:
            del self.fields["event"]


class ImportPages(ModelAdmin):
    """Part of SpreadsheetAdmin."""

    kind: Kind

    def import_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_import_permission(request):
            raise PermissionDenied
        sent = (request.POST, request.FILES) if request.method == "POST" else ()
        # From the page of an event, where it is chosen already.
        form = UploadForm(*sent, kind=self.kind, user=request.user, initial={"event": self._asked_event(request)})
        if form.is_bound and form.is_valid():
            try:
                return HttpResponseRedirect(self._job_page(self._upload(request, form)))
            except DomainError as error:
                form.add_error("event" if error.field == "event" else "file", error.message)
        jobs = ImportJob.objects.changeable_by(request.user).filter(resource=self.kind.name)
        context = {
            "title": _("Load %(rows)s from a spreadsheet") % {"rows": self.opts.verbose_name_plural},
            "form": form,
            "columns": list(self.kind.resource.columns.values()),
            "template_link": self.address("template"),
            "samples": [(name, self.address("sample", name)) for name in sample_names(self.kind.name)],
            "recent": [(job, self._job_page(job), _badge(job)) for job in jobs[:RECENT]],
            "may_create": bool(self._creatable(request)),
            "megabytes": MAX_BYTES // 1024**2,
            "media": self.media + form.media,
        }
        return self._page_of(request, "upload", context, status=400 if form.errors else 200)

    @staticmethod
    def _asked_event(request: HttpRequest) -> str:
        asked = request.GET.get("event", "")
        return (
            asked if is_key(Event, asked) and Event.objects.visible_to(request.user).filter(pk=asked).exists() else ""
        )

    def _upload(self, request: HttpRequest, form: UploadForm) -> ImportJob:
        file, event = form.cleaned_data["file"], form.cleaned_data.get("event")
        check_size(file.size)
        return imports.upload(
            self.kind,
            file.name,
            file.read(),
            actor=request.user,
            create_missing=form.cleaned_data["create_missing"],
            event_id=event.pk if event else None,
        )

    def import_job_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        jobs = ImportJob.objects.visible_to(request.user).filter(resource=self.kind.name)
        job = jobs.filter(pk=job_id).first()
        if job is None:
            raise Http404
        if request.method == "POST":
            return self._act(request, job)
        if job.state in (State.UPLOADED, State.MAPPED, State.APPLYING, State.UNDOING):
            return self._page_of(request, "progress", {"title": job.file_name, "job": job})
        return self._page_of(request, "job", self._told(request, job))

    def _act(self, request: HttpRequest, job: ImportJob) -> HttpResponse:
        """One of the page's buttons."""
        actor: Any = request.user
        try:
            match request.POST.get("action"):
                case "confirm":
                    imports.confirm(job.pk, actor=actor, accept_valid="accept_valid" in request.POST)
                case "check":
                    imports.recheck(job.pk, actor=actor, create_missing="create_missing" in request.POST)
                case "cancel":
                    imports.cancel(job.pk, actor=actor)
                    messages.info(request, _("The load was cancelled. Nothing was written."))
                    return HttpResponseRedirect(self.address("import"))
                case "invite" if "sure" not in request.POST:
                    messages.warning(request, _("Nobody was invited: tick first that the invitations are to be sent."))
                case "invite":
                    tell(request, invite_created_by(job, actor=actor))
                case _:
                    raise Http404
        except NotFound:
            raise Http404 from None
        except NotAllowed as error:
            raise PermissionDenied(str(error)) from None
        except DomainError as error:
            messages.error(request, error.message)
        return HttpResponseRedirect(self._job_page(job))

    def _told(self, request: HttpRequest, job: ImportJob) -> dict[str, Any]:
        """The context of preview and result."""
        rows = ImportRow.objects.visible_to(request.user).filter(job=job)
        cards = cards_of(job)
        offered = [card.show for card in cards if card.show]
        show = request.GET.get("show") or (Verdict.FAULTY if job.failed else "")
        show = show if show in offered else ""
        rows = rows.filter(verdict=show) if show else rows
        page = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("p"))
        own = job.created_by_id == request.user.pk
        waiting = job.state == State.CHECKED
        return {
            "title": job.file_name,
            "job": job,
            "badge": _badge(job),
            "cards": cards,
            "show": show,
            "page": page,
            "page_range": page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1),
            "rows": shown_rows(page.object_list, self.kind, self.admin_site.name, user=request.user),
            "event": Event.objects.visible_to(request.user).filter(pk=job.event_id).first() if job.event_id else None,
            "waiting": waiting,
            "own": own,
            "may_create": self._creatable(request) & job.missing.keys(),
            "missing": [
                (self.kind.resource.columns[name].header, sorted(found.items(), key=lambda item: (-item[1], item[0])))
                for name, found in job.missing.items()
            ],
            "missing_count": sum(len(found) for found in job.missing.values()),
            "to_write": job.created + job.updated,
            "unknown_columns": [header for header, field in job.columns if field is None and header],
            "can_invite": own and self._hired(job) and can_invite(request.user),
            "list_link": self.address("changelist"),
            "again_link": self.address("import") if self.has_import_permission(request) else "",
        }

    def _creatable(self, request: HttpRequest) -> set[str]:
        """The fields whose unknown values this user may have created."""
        if self.kind.name != ImportJob.Resource.EMPLOYEES:
            return set()
        user: Any = request.user
        rights = {"org_unit": can_create_units(user), "position": can_create_positions(user)}
        return {name for name, allowed in rights.items() if allowed}

    @staticmethod
    def _hired(job: ImportJob) -> bool:
        """Whether the load brought new people in."""
        return job.resource == ImportJob.Resource.EMPLOYEES and job.applied_at is not None and job.created > 0

    def _job_page(self, job: ImportJob) -> str:
        return self.address("import_job", job.pk)

    def _page_of(self, request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> TemplateResponse:
        request.current_app = self.admin_site.name
        context = {**self.admin_site.each_context(request), "opts": self.opts, "kind": self.kind.name, **context}
        return TemplateResponse(request, f"hr/admin/imports/{name}.html", context, status=status)


def _badge(job: ImportJob) -> str:
    """The label's colour."""
    return {
        State.APPLIED: "success",
        State.PARTLY_APPLIED: "warning",
        State.CHECKED: "info",
        State.FAILED: "danger",
    }.get(State(job.state), "")
