"""Loading files through pages and commands: upload, map, preview, confirm, approve, cancel, undo.

A load belongs to its user; to others with a say in it (`can_approve_load`, `can_undo_load`) it exists as far as they
see it. What takes longer than a request goes on in the worker.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import batched
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.errors import DomainError, InvalidTransition, NotAllowed, NotFound
from core.text import fold
from hr.loading import jobs, notes
from hr.loading.apply import UNDO_KEPT
from hr.loading.approval import TERMINATIONS, has_moved, reasons_of
from hr.loading.engine import read_file
from hr.loading.kinds import Kind
from hr.loading.lines import Sheet
from hr.loading.notes import AT_ONCE_ROWS
from hr.loading.reading import check_size
from hr.loading.undo import UndoPreview, count_written, undo_of
from hr.models import Employee, Event, ImportJob, ImportRow
from hr.permissions import can_approve_load, can_undo_load, require
from hr.services import files
from hr.services.clean import clean_reason
from hr.services.column_mappings import recall_for
from hr.services.rows import hold, require_known
from hr.services.writing import BATCH, business_atomic, update_by_key, write

if TYPE_CHECKING:
    from core.models import User

State, Verdict = ImportJob.State, ImportRow.Verdict
UPLOAD_KEPT = timedelta(days=1)
# Up to this size the request reads the file itself, and up to AT_ONCE_ROWS it checks and writes it, too.
READ_AT_ONCE_BYTES = 256 * 1024
# What keeps a second load of the same bytes from being needed.
LOADED = (State.AWAITING_APPROVAL, State.APPLYING, State.APPLIED, State.PARTLY_APPLIED)
SUSPEND, TERMINATE = "suspend", "terminate"


class SameFile(DomainError):
    """The same bytes are in already, or about to be, by `job`."""

    def __init__(self, job: ImportJob) -> None:
        self.job = job
        super().__init__(
            _("This very file was loaded already: by %(user)s on %(day)s (load %(number)d).")
            % {
                "user": job.created_by_name or _("a command"),
                "day": date_format(timezone.localtime(job.created_at), "SHORT_DATETIME_FORMAT"),
                "number": job.pk,
            }
        )


@dataclass(frozen=True)
class Progress:
    """`rate` is in rows per second, of the step that runs; it and `seconds_left` are None until rows are done."""

    done: int
    to_do: int
    rate: float | None = None
    seconds_left: int | None = None

    @property
    def percent(self) -> int:
        return min(100, self.done * 100 // self.to_do) if self.to_do else 0


def progress(job: ImportJob) -> Progress:
    if not job.rows_done or job.started_at is None:
        return Progress(job.rows_done, job.rows_to_do)
    # Until the last chunk: while the next is written, the clock runs on and nothing is done.
    seconds = max(((job.heartbeat_at or timezone.now()) - job.started_at).total_seconds(), 0.001)
    rate = job.rows_done / seconds
    left = max(job.rows_to_do - job.rows_done, 0)
    return Progress(job.rows_done, job.rows_to_do, rate, round(left / rate))


# --- The way in ------------------------------------------------------------------------------------------------------
def upload(
    kind: Kind,
    file_name: str,
    content: bytes,
    *,
    actor: User,
    create_missing: bool = False,
    event_id: int | None = None,
    mode: str = ImportJob.Mode.BOTH,
    full_roster: bool = False,
    again: bool = False,
) -> ImportJob:
    """Take a file in and have it checked; small ones are checked when this returns.

    `event_id` is the event its rows are about, where they do not name one. Raises NotAllowed without the right to load
    this kind, NotFound for an event the actor does not see, UnusableFile if the file is no table, SameFile unless
    `again` if it is in already.
    """
    require_import(kind, actor)
    require_known(Event, [event_id], actor, field="event")
    check_size(len(content))
    options: dict[str, Any] = {
        "create_missing": create_missing,
        "event_id": event_id,
        "mode": mode,
        "full_roster": full_roster and kind.model is Employee,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    if not again:
        _refuse_same_file(kind.name, options["sha256"], event_id)
    # What is no table at all is refused before anything is stored.
    sheet = None
    if len(content) <= READ_AT_ONCE_BYTES:
        sheet = read_file(content, kind, event_id=event_id, recall=recall_for(kind.name, actor), ask=True)
    job = store(kind, PurePath(file_name).name[-255:], content, actor=actor, options=options)
    return _run(job, at_once=sheet is not None and len(sheet.rows) <= AT_ONCE_ROWS, sheet=sheet)


def map_columns(job_id: int, *, actor: User, options: dict[str, Any], event_id: int | None = None) -> ImportJob:
    """Have the file read as its loader says (ImportJob.options), and check it: also where all was read well.

    `event_id` is the event its rows are about, None to leave that as it is. Raises NotFound for one the actor does not
    see.
    """
    require_known(Event, [event_id], actor, field="event")
    event = {"event_id": event_id} if event_id else {}
    return _read_again(_back_to_check(job_id, actor=actor, values={"options": options, **event}))


def recheck(
    job_id: int,
    *,
    actor: User,
    create_missing: bool | None = None,
    mode: str | None = None,
    full_roster: bool | None = None,
    options: dict[str, Any] | None = None,
) -> ImportJob:
    """Check again with other choices; None leaves one as it is."""
    asked = {"create_missing": create_missing, "mode": mode, "full_roster": full_roster, "options": options}
    values = {name: value for name, value in asked.items() if value is not None}
    job = _back_to_check(job_id, actor=actor, values=values)
    return _run(job) if options is None else _read_again(job)


def fix_cause(job_id: int, *, actor: User, index: int, value: str) -> ImportJob:
    """Have the cells of a group of errors, ImportJob.causes[index], mean `value`, and check again."""
    return _run(_with_fix(job_id, actor=actor, index=index, value=value))


def confirm(job_id: int, *, actor: User, accept_valid: bool = False) -> ImportJob:
    """Write what the preview shows, or have it approved first; of several calls one has an effect.

    Raises NotFound for another's load, InvalidTransition unless it waits for this, DomainError if rows are faulty and
    `accept_valid` is not set, SameFile if another load of the same file went in since the upload.
    """
    return _run(_confirmed(job_id, actor=actor, accept_valid=accept_valid))


@business_atomic
def cancel(job_id: int, *, actor: User) -> ImportJob:
    """Drop a load that was not written, with its file; one that is being written stops after its chunk.

    What is written then stays if the valid rows were to be written, else it is taken back. Raises NotFound,
    InvalidTransition.
    """
    job = _own(job_id, actor)
    if job.state == State.APPLYING:
        job.cancel_asked = True
        write([job], ["cancel_asked"])
        return job
    _move(job, State.CANCELLED)
    file, job.file = job.file, None
    write([job], ["state", "file", "error"])
    jobs.drop_rows(job.pk)
    if file:
        files.drop_file(file)
    return job


# --- Four eyes -------------------------------------------------------------------------------------------------------
def approve(job_id: int, *, actor: User) -> ImportJob:
    """Have a load written as it was checked. If the data moved since, it is checked again, and approval asked again
    when its loader confirms that.

    Raises NotFound, NotAllowed for one's own load, InvalidTransition.
    """
    return _run(_approved(job_id, actor=actor))


@business_atomic
def refuse(job_id: int, *, actor: User, reason: str) -> ImportJob:
    """Give a load back to its loader, who reads the reason. Raises as `approve`, DomainError without a reason."""
    job = _to_decide(job_id, actor)
    text = clean_reason(reason)
    _move(job, State.CHECKED)
    job.refusal = text
    write([job], ["state", "error", "heartbeat_at", "refusal"])
    notes.tell_of_decision(job)
    return job


# --- Undo, and who was missing ---------------------------------------------------------------------------------------
def undo(job_id: int, *, actor: User | None) -> ImportJob:
    """Take back what a load wrote; records that changed since, or are in use, are kept and named.

    Raises NotFound, InvalidTransition, DomainError after thirty days.
    """
    return _run(to_undoing(job_id, actor=actor), rows=lambda job: job.rows_to_do)


@business_atomic
def undo_preview(job_id: int, *, actor: User | None) -> UndoPreview:
    """What an undo would do now. Raises as `undo`."""
    job = _undoable(job_id, actor)
    return undo_of(job, user=actor)


def end_missing(job_id: int, *, actor: User, action: str, ended_on: date | None = None) -> ImportJob:
    """Suspend, or terminate as of a day, the people whom a full roster does not name; a part of the load from then on.

    Raises NotFound, InvalidTransition unless the load is in, DomainError without anybody, or beyond the limit of
    LOAD_APPROVAL_TERMINATIONS without a second person's approval of the load.
    """
    return _run(_to_ending(job_id, actor=actor, action=action, ended_on=ended_on), rows=lambda job: job.rows_to_do)


def require_import(kind: Kind, actor: User) -> None:
    if not actor.has_perm(kind.right("import")):
        raise NotAllowed(_("You may not load files of this kind."))


@business_atomic
def store(
    kind: Kind,
    file_name: str,
    content: bytes,
    *,
    actor: User | None,
    options: dict[str, Any],
    language: str = "",
) -> ImportJob:
    """A job to be read and checked, with its file."""
    file = files.keep_file("imports", file_name, content, actor=actor, expires_at=timezone.now() + UPLOAD_KEPT)
    return ImportJob.objects.create(
        resource=kind.name,
        state=State.UPLOADED,
        file=file,
        file_name=file_name,
        **options,
        language=language or (actor.language if actor else "es"),
        heartbeat_at=timezone.now(),
        created_by_id=actor.pk if actor else None,
        created_by_name=str(actor)[:200] if actor else "",
    )


@business_atomic
def confirm_own(job: ImportJob, *, actor: User | None, accept_valid: bool) -> ImportJob:
    """The same as `confirm`, for a command: without a user nobody has to approve."""
    job = ImportJob.objects.select_for_update().get(pk=job.pk)
    return _begin(job, accept_valid=accept_valid, needs_approval=actor is not None)


@business_atomic
def discard(job: ImportJob, *, actor: User | None) -> None:
    """Leave no trace of a load of which nothing was written."""
    jobs.drop_rows(job.pk)
    ImportJob.objects.filter(pk=job.pk).delete()
    if job.file:
        files.drop_file(job.file)


def _refuse_same_file(resource: str, sha256: str, event_id: int | None, *, since: Any = None, but: int = 0) -> None:
    """Raise SameFile if the same bytes are in, or about to be; `since` a moment, if one is given."""
    same = ImportJob.objects.filter(resource=resource, sha256=sha256, state__in=LOADED).exclude(pk=but)
    same = same.filter(event=None) if event_id is None else same.filter(event_id=event_id)
    if since is not None:
        same = same.filter(Q(started_at__gte=since) | Q(state=State.AWAITING_APPROVAL))
    if job := same.order_by("-pk").first():
        raise SameFile(job)


@business_atomic
def _back_to_check(job_id: int, *, actor: User, values: dict[str, Any]) -> ImportJob:
    job = _own(job_id, actor)
    if job.state == State.UPLOADED and not job.reading:
        raise _not_now(job)
    _move(job, State.UPLOADED if "options" in values else State.MAPPED, again="options" in values)
    before = job.options
    for name, value in values.items():
        setattr(job, name, value)
    if "options" in values:
        # What was corrected in cells goes for the file however its columns are read.
        fixes = {"fixes": before["fixes"]} if "fixes" in before else {}
        job.options, job.reading = fixes | values["options"] | {jobs.SEEN: True}, {}
    write([job], ["state", *values, "reading", "error", "refusal", "heartbeat_at"])
    return job


@business_atomic
def _with_fix(job_id: int, *, actor: User, index: int, value: str) -> ImportJob:
    job = _own(job_id, actor)
    if not 0 <= index < len(job.causes):
        raise NotFound
    group = job.causes[index]
    fixes = {**job.options.get("fixes", {})}
    fixes[group["field"]] = {**fixes.get(group["field"], {}), fold(group["value"]): value}
    _move(job, State.MAPPED)
    job.options = {**job.options, "fixes": fixes}
    write([job], ["state", "options", "error", "refusal", "heartbeat_at"])
    return job


@business_atomic
def _confirmed(job_id: int, *, actor: User, accept_valid: bool) -> ImportJob:
    # Of two loads of one file the second finds the first.
    hold("hr.loads")
    job = _own(job_id, actor)
    if job.state == State.CHECKED:
        _refuse_same_file(job.resource, job.sha256, job.event_id, since=job.created_at, but=job.pk)
    return _begin(job, accept_valid=accept_valid, needs_approval=True)


def _begin(job: ImportJob, *, accept_valid: bool, needs_approval: bool) -> ImportJob:
    if job.state != State.CHECKED:
        raise _not_now(job)
    if job.failed and not accept_valid:
        text = ngettext(
            "%(count)d row is faulty. Correct the file, or have the valid rows written.",
            "%(count)d rows are faulty. Correct the file, or have the valid rows written.",
            job.failed,
        )
        raise DomainError(text % {"count": job.failed})
    reasons = reasons_of(job) if needs_approval else []
    _move(job, State.AWAITING_APPROVAL if reasons else State.APPLYING)
    job.accept_valid, job.refusal, job.approval_reasons = accept_valid, "", reasons
    _set_going(job, job.created + job.updated)
    fields = ["state", "accept_valid", "refusal", "error", "approval_reasons", *GOING]
    write([job], fields)
    if reasons:
        if job.file is not None:
            job.file.expires_at = timezone.now() + UNDO_KEPT
            write([job.file], ["expires_at"])
        notes.tell_approvers(job)
    return job


GOING = ["rows_to_do", "rows_done", "started_at", "heartbeat_at", "cancel_asked"]


def _set_going(job: ImportJob, rows: int) -> None:
    job.rows_to_do, job.rows_done, job.cancel_asked = rows, 0, False
    job.started_at = job.heartbeat_at = timezone.now()


@business_atomic
def _approved(job_id: int, *, actor: User) -> ImportJob:
    job = _to_decide(job_id, actor)
    if has_moved(job):
        _move(job, State.MAPPED)
        job.error = jobs.MOVED_SINCE
        write([job], ["state", "error", "heartbeat_at"])
        notes.tell_of_decision(job)
        return job
    _move(job, State.APPLYING)
    job.approved_by_id, job.approved_by_name, job.approved_at = actor.pk, str(actor)[:200], timezone.now()
    _set_going(job, job.rows_to_do)
    write([job], ["state", "error", "approved_by_id", "approved_by_name", "approved_at", *GOING])
    notes.tell_of_decision(job)
    return job


def _to_decide(job_id: int, actor: User) -> ImportJob:
    """The load, locked, if the actor sees it; its loader may look on, not decide."""
    job = _seen(job_id, actor)
    require(can_approve_load(actor, job), _("A second person has to approve this load."))
    if job.state != State.AWAITING_APPROVAL:
        raise _not_now(job)
    return job


@business_atomic
def to_undoing(job_id: int, *, actor: User | None) -> ImportJob:
    """The beginning of `undo`; `jobs.run` does the rest."""
    job = _undoable(job_id, actor)
    _move(job, State.UNDOING)
    job.undone_by_id, job.undone_by_name = (actor.pk, str(actor)[:200]) if actor else (None, "")
    _set_going(job, count_written(job))
    write([job], ["state", "error", "undone_by_id", "undone_by_name", *GOING])
    return job


def _undoable(job_id: int, actor: User | None) -> ImportJob:
    job = _seen(job_id, actor)
    if not can_undo_load(actor, job):
        raise NotFound
    if State.UNDOING not in ImportJob.NEXT.get(State(job.state), ()) or job.applied_at is None:
        raise _not_now(job)
    if job.undo_until is None or job.undo_until < timezone.now():
        raise DomainError(_("A load can be undone for thirty days."))
    return job


@business_atomic
def _to_ending(job_id: int, *, actor: User, action: str, ended_on: date | None) -> ImportJob:
    job = _own(job_id, actor)
    if job.state not in (State.APPLIED, State.PARTLY_APPLIED):
        raise _not_now(job)
    missing = ImportRow.objects.filter(job=job, verdict=Verdict.MISSING, written_version=None)
    keys = list(missing.order_by("pk").values_list("pk", "object_id"))
    if not keys:
        raise DomainError(_("Nobody is missing from the file."))
    after, ended = _ending(action, ended_on)
    allowed = {each["limit"]: each["allowed"] for each in reasons_of(job)}
    if TERMINATIONS in allowed and action == TERMINATE and job.approved_by_id is None:
        raise DomainError(
            _("A second person has to approve so many terminations: load the file again, and confirm it.")
        )
    _note_endings(keys, after, ended)
    _move(job, State.APPLYING)
    _set_going(job, len(keys))
    write([job], ["state", "error", *GOING])
    return job


def _ending(action: str, ended_on: date | None) -> tuple[dict[str, Any], date | None]:
    if action == SUSPEND:
        return {"status": Employee.Status.SUSPENDED.value}, None
    if action != TERMINATE or ended_on is None:
        raise DomainError(_("Say on which day the employments ended."), field="ended_on")
    if ended_on > timezone.localdate():
        raise DomainError(_("An employment cannot end in the future: enter it on the day."), field="ended_on")
    return {"status": Employee.Status.TERMINATED.value, "ended_on": ended_on.isoformat()}, ended_on


def _note_endings(rows: list[tuple[int, int | None]], after: dict[str, Any], ended_on: date | None) -> None:
    """Give the rows their turns, and what becomes of the people; what was before is what an undo restores."""
    columns = {"step": "INT", "before": "LONGTEXT", "after": "LONGTEXT"}
    step = 0
    for part in batched(rows, BATCH):
        statuses = dict(
            Employee.objects.filter(pk__in=[key for _pk, key in part]).order_by().values_list("pk", "status")
        )
        values = []
        for pk, key in part:
            step += 1
            before = {"status": statuses.get(key or 0, "active")} | ({"ended_on": None} if ended_on else {})
            values.append([pk, step, json.dumps(before), json.dumps(after)])
        update_by_key(ImportRow, columns, values)


def _own(job_id: int, actor: User) -> ImportJob:
    job = ImportJob.objects.changeable_by(actor).select_for_update().filter(pk=job_id).first()
    if job is None:
        raise NotFound
    return job


def _seen(job_id: int, actor: User | None) -> ImportJob:
    visible = ImportJob.objects.all() if actor is None else ImportJob.objects.visible_to(actor)
    job = visible.select_for_update().filter(pk=job_id).first()
    if job is None:
        raise NotFound
    return job


def _not_now(job: ImportJob) -> InvalidTransition:
    return InvalidTransition(_("This load is %(state)s.") % {"state": job.get_state_display()})


def _move(job: ImportJob, state: str, *, again: bool = False) -> None:
    """`again`: also from the same state."""
    if not (again and job.state == state) and state not in ImportJob.NEXT.get(State(job.state), ()):
        raise _not_now(job)
    job.state, job.error, job.heartbeat_at = state, "", timezone.now()


def _read_again(job: ImportJob) -> ImportJob:
    size = job.file.size if job.file else 0
    return _run(job, at_once=size <= READ_AT_ONCE_BYTES and job.rows <= AT_ONCE_ROWS)


def _run(
    job: ImportJob,
    *,
    at_once: bool | None = None,
    rows: Callable[[ImportJob], int] | None = None,
    sheet: Sheet | None = None,
) -> ImportJob:
    """Do it in the request if it is small, else leave it to the worker."""
    size = rows(job) if rows else job.rows
    if at_once if at_once is not None else size <= AT_ONCE_ROWS:
        jobs.run(job.pk, sheet=sheet)
    else:
        jobs.wake_later(job.pk)
    job.refresh_from_db()
    return job
