"""Loads on their way: the row of the job says what is to be done next, and `run` does it, in whatever process."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import OperationalError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.errors import DomainError, NotAllowed
from hr.loading.engine import check, hold_lines, note_plan, read_file, write_plan
from hr.loading.errors import UnusableFile
from hr.loading.kinds import KINDS, Kind
from hr.loading.lines import Sheet
from hr.models import ImportJob, ImportRow
from hr.services import files
from hr.services.writing import DATABASE, business_atomic, write

if TYPE_CHECKING:
    from core.models import User

State = ImportJob.State
WAITING = (State.MAPPED, State.APPLYING)
STALLED_AFTER = timedelta(minutes=3)
ROWS_KEPT = timedelta(days=30)

log = logging.getLogger(__name__)


def wake_later(job_id: int) -> None:
    """Have the worker run the job once the current transaction has committed."""
    from hr.tasks import run_import  # the task imports this module

    transaction.on_commit(partial(run_import.enqueue, job_id), using=DATABASE)


def run(job_id: int) -> None:
    """Check or write the job, whichever its state asks for. Safe to call twice, and from two processes at once."""
    job = ImportJob.objects.filter(pk=job_id, state__in=WAITING).select_related("file").first()
    if job is None:
        return
    ImportJob.objects.filter(pk=job_id).update(heartbeat_at=timezone.now())
    with translation.override(job.language):
        try:
            kind, actor = KINDS[job.resource], _actor(job)
            if job.file is None:
                raise UnusableFile(_("The file is gone. Load it again."))
            sheet = read_file(files.read_file(job.file), kind, event_id=job.event_id)
            step = _check if job.state == State.MAPPED else _apply
            step(job_id, sheet, kind, actor=actor, source="import")  # type: ignore[call-arg]  # business_atomic takes it
        except DomainError as error:
            _fail(job_id, job.state, str(error))
        except OperationalError:
            # A database that is busy or gone for a moment: `wake_stalled` tries again.
            raise
        except Exception:
            log.exception("load %s failed", job_id)
            _fail(job_id, job.state, _("Something went wrong here. Nothing was written; please try again."))


def _actor(job: ImportJob) -> User:
    """Who loads, with the rights of now. Raises NotAllowed if they no longer suffice."""
    actor = get_user_model().objects.filter(pk=job.created_by_id, is_active=True).first()
    if actor is None or not actor.has_perm(KINDS[job.resource].right("import")):
        raise NotAllowed(_("You may not load files of this kind."))
    return actor


def _locked(job_id: int, state: str) -> ImportJob | None:
    """The job if it still is in the state and no other process holds it."""
    jobs = ImportJob.objects.select_for_update(skip_locked=True)
    return jobs.filter(pk=job_id, state=state).first()


@business_atomic
def _check(job_id: int, sheet: Sheet, kind: Kind, *, actor: User) -> None:
    """Store the preview."""
    job = _locked(job_id, State.MAPPED)
    if job is None:
        return
    plan = check(sheet, kind, user=actor, create_missing=job.create_missing)
    job.state = State.CHECKED
    note_plan(plan, job, plan.outcome(accept_valid=True))


@business_atomic
def _apply(job_id: int, sheet: Sheet, kind: Kind, *, actor: User) -> None:
    """Do exactly what was previewed, or go back to the preview if the data moved since."""
    job = _locked(job_id, State.APPLYING)
    if job is None:
        return
    hold_lines(sheet)
    plan = check(sheet, kind, user=actor, create_missing=job.create_missing, lock=True)
    if plan.digest() == job.digest:
        job.error = ""
        write_plan(plan, kind, job, actor=actor)
        job.file.expires_at = timezone.now() + ROWS_KEPT
        write([job.file], ["expires_at"])  # type: ignore[type-var]  # a job that applies has its file
        return
    job.state = State.CHECKED
    job.error = _("The data changed since the preview. Nothing was written: look at the new preview and confirm again.")
    note_plan(plan, job, plan.outcome(accept_valid=True))


@business_atomic
def _fail(job_id: int, state: str, message: str) -> None:
    job = ImportJob.objects.select_for_update().filter(pk=job_id, state=state).first()
    if job is not None:
        job.state, job.error = State.FAILED, message
        write([job], ["state", "error"])


def wake_stalled() -> int:
    """Wake loads whose process died, or whose task was lost; returns how many. The clock calls it."""
    stalled = ImportJob.objects.filter(state__in=WAITING, heartbeat_at__lt=timezone.now() - STALLED_AFTER)
    woken = list(stalled.values_list("pk", flat=True))
    for job_id in woken:
        ImportJob.objects.filter(pk=job_id).update(heartbeat_at=timezone.now())
        wake_later(job_id)
    return len(woken)


def clean_up() -> int:
    """Drop files and rows whose time is over: a day after an upload that was never written, thirty after one that was.

    Returns how many files went. The clock calls it.
    """
    written = ImportJob.objects.filter(applied_at__lt=timezone.now() - ROWS_KEPT, lines__isnull=False)
    ImportRow.objects.filter(job_id__in=list(written.values_list("pk", flat=True).distinct())).delete()
    over = ImportJob.objects.filter(file__expires_at__lt=timezone.now())
    gone = 0
    for job_id in over.exclude(state=State.APPLYING).values_list("pk", flat=True):
        gone += _forget(job_id)
    return gone


@business_atomic
def _forget(job_id: int) -> int:
    job = ImportJob.objects.select_for_update().select_related(None).filter(pk=job_id).first()
    if job is None or job.file is None or job.state == State.APPLYING:
        return 0
    file, job.file = job.file, None
    if job.state in (State.MAPPED, State.CHECKED):
        job.state, job.error = State.CANCELLED, ""
    write([job], ["file", "state", "error"])
    ImportRow.objects.filter(job=job).delete()
    files.drop_file(file)
    return 1
