"""Loading files through the pages: upload, look at the preview, confirm or cancel. A load belongs to its user."""

from __future__ import annotations

from datetime import timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.errors import DomainError, InvalidTransition, NotAllowed, NotFound
from hr.loading import jobs
from hr.loading.engine import read_file
from hr.loading.kinds import Kind
from hr.loading.reading import check_size
from hr.models import Event, ImportJob, ImportRow
from hr.services import files
from hr.services.rows import require_known
from hr.services.writing import business_atomic, write

if TYPE_CHECKING:
    from core.models import User

State = ImportJob.State
UPLOAD_KEPT = timedelta(days=1)
# Up to these sizes the request does the work itself; what is larger goes to the worker.
READ_AT_ONCE_BYTES = 256 * 1024
AT_ONCE_ROWS = 500


def upload(
    kind: Kind,
    file_name: str,
    content: bytes,
    *,
    actor: User,
    create_missing: bool = False,
    event_id: int | None = None,
) -> ImportJob:
    """Take a file in and have it checked; small ones are checked when this returns.

    `event_id` is the event its rows are about, where they do not name one. Raises NotAllowed without the right to load
    this kind, NotFound for an event the actor does not see, UnusableFile if the file is no table.
    """
    require_import(kind, actor)
    require_known(Event, [event_id], actor, field="event")
    check_size(len(content))
    small = len(content) <= READ_AT_ONCE_BYTES
    rows = len(read_file(content, kind, event_id=event_id).rows) if small else None
    options = {"create_missing": create_missing, "event_id": event_id}
    job = _store(kind, PurePath(file_name).name[-255:], content, rows or 0, actor=actor, options=options)
    return _run(job, at_once=rows is not None and rows <= AT_ONCE_ROWS)


def recheck(job_id: int, *, actor: User, create_missing: bool) -> ImportJob:
    """Check again, with unknown units and positions to be created or not."""
    return _run(_back_to_check(job_id, actor=actor, create_missing=create_missing))


def confirm(job_id: int, *, actor: User, accept_valid: bool = False) -> ImportJob:
    """Write what the preview shows; of several calls one has an effect.

    Raises NotFound for another's load, InvalidTransition unless it waits for this, DomainError if rows are faulty and
    `accept_valid` is not set.
    """
    return _run(_to_applying(job_id, actor=actor, accept_valid=accept_valid))


@business_atomic
def cancel(job_id: int, *, actor: User) -> ImportJob:
    """Drop a load that was not written, with its file. Raises NotFound, InvalidTransition."""
    job = _own(job_id, actor)
    _move(job, State.CANCELLED)
    file, job.file = job.file, None
    write([job], ["state", "file", "error"])
    ImportRow.objects.filter(job=job).delete()
    if file:
        files.drop_file(file)
    return job


def require_import(kind: Kind, actor: User) -> None:
    if not actor.has_perm(kind.right("import")):
        raise NotAllowed(_("You may not load files of this kind."))


@business_atomic
def _store(kind: Kind, file_name: str, content: bytes, rows: int, *, actor: User, options: dict[str, Any]) -> ImportJob:
    file = files.keep_file("imports", file_name, content, actor=actor, expires_at=timezone.now() + UPLOAD_KEPT)
    return ImportJob.objects.create(
        resource=kind.name,
        state=State.MAPPED,
        file=file,
        file_name=file_name,
        rows=rows,
        **options,
        language=actor.language,
        heartbeat_at=timezone.now(),
        created_by_id=actor.pk,
        created_by_name=str(actor)[:200],
    )


@business_atomic
def _back_to_check(job_id: int, *, actor: User, create_missing: bool) -> ImportJob:
    job = _own(job_id, actor)
    _move(job, State.MAPPED)
    job.create_missing = create_missing
    write([job], ["state", "create_missing", "error", "heartbeat_at"])
    return job


@business_atomic
def _to_applying(job_id: int, *, actor: User, accept_valid: bool) -> ImportJob:
    job = _own(job_id, actor)
    if job.state == State.CHECKED and job.failed and not accept_valid:
        text = ngettext(
            "%(count)d row is faulty. Correct the file, or have the valid rows written.",
            "%(count)d rows are faulty. Correct the file, or have the valid rows written.",
            job.failed,
        )
        raise DomainError(text % {"count": job.failed})
    _move(job, State.APPLYING)
    job.accept_valid = accept_valid
    write([job], ["state", "accept_valid", "error", "heartbeat_at"])
    return job


def _own(job_id: int, actor: User) -> ImportJob:
    job = ImportJob.objects.changeable_by(actor).select_for_update().filter(pk=job_id).first()
    if job is None:
        raise NotFound()
    return job


def _move(job: ImportJob, state: str) -> None:
    if state not in ImportJob.NEXT.get(State(job.state), ()):
        raise InvalidTransition(_("This load is %(state)s.") % {"state": job.get_state_display()})
    job.state, job.error, job.heartbeat_at = state, "", timezone.now()


def _run(job: ImportJob, *, at_once: bool | None = None) -> ImportJob:
    if at_once if at_once is not None else job.rows <= AT_ONCE_ROWS:
        jobs.run(job.pk)
    else:
        jobs.wake_later(job.pk)
    job.refresh_from_db()
    return job
