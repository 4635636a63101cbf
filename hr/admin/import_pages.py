"""The pages of a load: upload, columns, progress, preview, report. What happens, hr/services/imports.py decides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import get_language, get_language_info
from django.utils.translation import gettext as _

from core.admin.rows import is_key
from core.errors import DomainError, NotAllowed, NotFound
from hr.admin.accounts import tell
from hr.admin.import_after import RosterForm, errors_of, missing_page, original_of, undo_page
from hr.admin.import_mapping import MappingForm
from hr.admin.import_preview import creatable_by, preview, progress_of
from hr.admin.import_upload import UploadForm
from hr.admin.labels import LOAD_LABELS, load_state
from hr.demo.samples import sample_names
from hr.loading.discretion import Discretion
from hr.loading.kinds import Kind
from hr.loading.reading import MAX_BYTES, check_size
from hr.loading.template import blank_cells
from hr.models import Event, ImportJob
from hr.permissions import can_undo_load
from hr.services import imports
from hr.services.accounts import invite_created_by

State = ImportJob.State
RECENT = 5


class ImportPages(ModelAdmin):
    """Part of SpreadsheetAdmin."""

    kind: Kind

    # --- The file ----------------------------------------------------------------------------------------------------
    def import_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_import_permission(request):
            raise PermissionDenied
        sent = (request.POST, request.FILES) if request.method == "POST" else ()
        # From the page of an event, where it is chosen already.
        form = UploadForm(*sent, kind=self.kind, user=request.user, initial={"event": self._asked_event(request)})
        same: ImportJob | None = None
        if form.is_bound and form.is_valid():
            try:
                return HttpResponseRedirect(self._job_page(self._upload(request, form)))
            except imports.SameFile as error:
                same = ImportJob.objects.visible_to(request.user).filter(pk=error.job.pk).first()
                form.offer_again(error.message)
            except DomainError as error:
                form.add_error("event" if error.field == "event" else "file", error.message)
        jobs = ImportJob.objects.changeable_by(request.user).filter(resource=self.kind.name)
        context = {
            "title": _("Load %(rows)s from a spreadsheet") % {"rows": self.opts.verbose_name_plural},
            "form": form,
            "same_link": self._job_page(same) if same else "",
            "columns": list(self.kind.resource.columns.values()),
            "blank_cells": blank_cells(self.kind),
            "templates": self._templates(),
            "samples": [(name, self.address("sample", name)) for name in sample_names(self.kind.name)],
            "recent": [(job, self._job_page(job), *_badge(job, own=True)) for job in jobs[:RECENT]],
            "may_create": bool(creatable_by(self._user(request), self.kind)),
            "megabytes": MAX_BYTES // 1024**2,
            "media": self.media + form.media,
        }
        return self._page_of(request, "upload", context, status=400 if form.errors else 200)

    def _templates(self) -> list[tuple[str, str]]:
        """(language in its own name, address), that of the reader first."""
        languages = sorted(settings.LANGUAGES, key=lambda language: language[0] != get_language())
        return [
            (get_language_info(code)["name_local"].capitalize(), f"{self.address('template')}?language={code}")
            for code, _name in languages
        ]

    @staticmethod
    def _asked_event(request: HttpRequest) -> str:
        asked = request.GET.get("event", "")
        return (
            asked if is_key(Event, asked) and Event.objects.visible_to(request.user).filter(pk=asked).exists() else ""
        )

    def _upload(self, request: HttpRequest, form: UploadForm) -> ImportJob:
        chosen = form.cleaned_data
        check_size(chosen["file"].size)
        return imports.upload(
            self.kind,
            chosen["file"].name,
            chosen["file"].read(),
            actor=self._user(request),
            create_missing=chosen["create_missing"],
            event_id=chosen["event"].pk if chosen.get("event") else None,
            mode=chosen["mode"] or ImportJob.Mode.BOTH,
            full_roster=chosen.get("full_roster", False),
            again=chosen["again"],
        )

    # --- The load ----------------------------------------------------------------------------------------------------
    def import_job_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        job = self._job(request, job_id)
        if request.method == "POST":
            return self._act(request, job)
        if is_under_way(job):
            return self._progress(request, job)
        if "HX-Request" in request.headers:
            # The page that watched it has seen its end.
            return HttpResponse(headers={"HX-Refresh": "true"})
        if job.state == State.UPLOADED and self._is_own(request, job):
            return HttpResponseRedirect(self.address("import_mapping", job.pk))
        return self._page_of(request, "job", self._told(request, job))

    def _progress(self, request: HttpRequest, job: ImportJob) -> HttpResponse:
        context = {
            "title": _("Load: %(file)s") % {"file": job.file_name},
            "job": job,
            "own": self._is_own(request, job),
            "may_cancel": job.state != State.UNDOING,
            **progress_of(job),
        }
        return self._page_of(request, "progress", context)

    def _told(self, request: HttpRequest, job: ImportJob) -> dict[str, Any]:
        """The context of preview and report."""
        own = self._is_own(request, job)
        return preview(request, job, self.kind, self.admin_site.name) | {
            "list_link": self.address("changelist"),
            "again_link": self.address("import") if self.has_import_permission(request) else "",
            "mapping_link": self.address("import_mapping", job.pk) if own else "",
            "errors_link": self.address("import_errors", job.pk),
            "file_link": self.address("import_file", job.pk),
            "undo_link": self.address("import_undo", job.pk),
            "roster_link": self.address("import_roster", job.pk),
        }

    def _act(self, request: HttpRequest, job: ImportJob) -> HttpResponse:
        """One of the page's buttons."""
        actor, sent = self._user(request), request.POST
        with self._answers(request):
            match sent.get("action"):
                case "confirm":
                    imports.confirm(job.pk, actor=actor, accept_valid="accept_valid" in sent)
                case "check":
                    imports.recheck(
                        job.pk,
                        actor=actor,
                        create_missing="create_missing" in sent,
                        mode=sent.get("mode") if sent.get("mode") in ImportJob.Mode.values else None,
                        # A tick that was not asked for says nothing.
                        full_roster="full_roster" in sent if "roster_asked" in sent else None,
                    )
                case "fix" if sent.get("index", "").isdecimal():
                    imports.fix_cause(job.pk, actor=actor, index=int(sent["index"]), value=sent.get("value", ""))
                case "approve":
                    imports.approve(job.pk, actor=actor)
                case "refuse":
                    imports.refuse(job.pk, actor=actor, reason=sent.get("reason", ""))
                case "cancel":
                    job = imports.cancel(job.pk, actor=actor)
                    if job.state == State.CANCELLED:
                        messages.info(request, _("The load was cancelled. Nothing was written."))
                        return HttpResponseRedirect(self.address("import"))
                case "invite" if "sure" not in sent:
                    messages.warning(request, _("Nobody was invited: tick first that the invitations are to be sent."))
                case "invite":
                    tell(request, invite_created_by(job, actor=actor))
                case _:
                    raise Http404
        return HttpResponseRedirect(self._job_page(job))

    # --- Its other pages ---------------------------------------------------------------------------------------------
    def import_mapping_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """What was found in the file, and the questions it leaves."""
        job = self._own_job(request, job_id)
        if not job.reading or job.state not in (State.UPLOADED, State.CHECKED):
            return HttpResponseRedirect(self._job_page(job))
        form = MappingForm(request.POST if request.method == "POST" else None, job=job, user=self._user(request))
        if form.is_bound and form.is_valid():
            with self._answers(request):
                imports.map_columns(job.pk, actor=self._user(request), options=form.options(), event_id=form.event_id())
                return HttpResponseRedirect(self._job_page(job))
        context = {
            "title": _("Columns of %(file)s") % {"file": job.file_name},
            "job": job,
            "form": form,
            "job_link": self._job_page(job),
            "media": self.media + form.media,
        }
        return self._page_of(request, "mapping", context, status=400 if form.errors else 200)

    def import_undo_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """What undoing the load would do, and the button for it."""
        job = self._job(request, job_id)
        if not can_undo_load(self._user(request), job):
            raise Http404
        if request.POST.get("action") == "undo":
            with self._answers(request):
                imports.undo(job.pk, actor=self._user(request))
            return HttpResponseRedirect(self._job_page(job))
        try:
            context = undo_page(request, job)
        except DomainError as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(self._job_page(job))
        return self._page_of(request, "undo", context | {"job_link": self._job_page(job)})

    def import_roster_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """Who works here and is not in a file that names everybody; what becomes of them is asked apart."""
        job = self._own_job(request, job_id)
        if not job.full_roster:
            raise Http404
        form = RosterForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            with self._answers(request):
                imports.end_missing(
                    job.pk,
                    actor=self._user(request),
                    action=form.cleaned_data["action"],
                    ended_on=form.cleaned_data["ended_on"],
                )
                return HttpResponseRedirect(self._job_page(job))
        context = missing_page(request, job, self.admin_site.name) | {"form": form, "job_link": self._job_page(job)}
        return self._page_of(request, "roster", context, status=400 if form.errors else 200)

    def import_errors_view(self, request: HttpRequest, job_id: int) -> HttpResponseBase:
        """The error workbook."""
        job = self._own_job(request, job_id)
        if not job.failed:
            raise Http404
        return errors_of(job, self._user(request))

    def import_file_view(self, request: HttpRequest, job_id: int) -> HttpResponseBase:
        """The file as it was uploaded, while its loader may see the personal data in it."""
        job = self._own_job(request, job_id)
        if job.file is None or Discretion(job, self._user(request)).hides_file:
            raise Http404
        return original_of(job)

    # --- What they share ---------------------------------------------------------------------------------------------
    def _job(self, request: HttpRequest, job_id: int) -> ImportJob:
        jobs = ImportJob.objects.visible_to(request.user).filter(resource=self.kind.name)
        job = jobs.filter(pk=job_id).first()
        if job is None:
            raise Http404
        return job

    def _own_job(self, request: HttpRequest, job_id: int) -> ImportJob:
        """What only who loaded the file opens: whoever else may look at the load is not offered it."""
        jobs = ImportJob.objects.changeable_by(request.user).filter(resource=self.kind.name)
        job = jobs.filter(pk=job_id).select_related("file").first()
        if job is None:
            raise Http404
        return job

    def _is_own(self, request: HttpRequest, job: ImportJob) -> bool:
        return job.created_by_id == request.user.pk

    @staticmethod
    def _user(request: HttpRequest) -> Any:
        return request.user

    @contextmanager
    def _answers(self, request: HttpRequest) -> Iterator[None]:
        """What a service refuses is said on the next page; what is not the user's does not exist."""
        try:
            yield
        except NotFound:
            raise Http404 from None
        except NotAllowed as error:
            raise PermissionDenied(str(error)) from None
        except DomainError as error:
            messages.error(request, error.message)

    def _job_page(self, job: ImportJob) -> str:
        return self.address("import_job", job.pk)

    def _page_of(self, request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> TemplateResponse:
        request.current_app = self.admin_site.name
        context = {**self.admin_site.each_context(request), "opts": self.opts, "kind": self.kind.name, **context}
        return TemplateResponse(request, f"hr/admin/imports/{name}.html", context, status=status)


def is_under_way(job: ImportJob) -> bool:
    """Whether somebody works on it: who looks has to wait."""
    return job.state in (State.MAPPED, State.APPLYING, State.UNDOING) or (
        job.state == State.UPLOADED and not job.reading
    )


def _badge(job: ImportJob, *, own: bool) -> tuple[str, str]:
    """The words for its state, and their colour."""
    key, words = load_state(job, own=own)
    return words, LOAD_LABELS[key]
