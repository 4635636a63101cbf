"""Loads on their way: the row of the job says what is to be done next, and `run` does it, in whatever process."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from itertools import batched
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import OperationalError, transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.errors import DomainError, InvalidTransition, NotAllowed
from hr.loading.apply import (
    MOVED,
    UNDO_KEPT,
    Run,
    apply_next,
    begin_to_take_back,
    held,
    in_one_transaction,
    refuse_load,
)
from hr.loading.collector import collecting_rarely
from hr.loading.engine import check, note_outcome, read_file
from hr.loading.errors import UnusableFile
from hr.loading.kinds import KINDS
from hr.loading.lines import Sheet
from hr.loading.notes import AT_ONCE_ROWS
from hr.loading.options import Options
from hr.loading.plan import Plan
from hr.loading.recognition import MUST_BE_ANSWERED, require_answers
from hr.loading.rows import import_rows, store_rows
from hr.loading.turns import is_embedded
from hr.loading.undo import undo_next
from hr.loading.writers import writer_of
from hr.models import ImportJob, ImportRow
from hr.services import files
from hr.services.column_mappings import recall_for, remember
from hr.services.writing import DATABASE, business_atomic, write

if TYPE_CHECKING:
    from core.models import User

State = ImportJob.State
WAITING = (State.UPLOADED, State.MAPPED, State.APPLYING, State.UNDOING)
STALLED_AFTER = timedelta(minutes=3)
# Among ImportJob.options: its loader looked at how the file was read.
SEEN = "seen"
# How often a check says how far it is.
BEAT_SECONDS = 1
# Rows of a preview in one transaction.
STORED_AT_ONCE = 5_000
DROPPED_AT_ONCE = 5_000
# Between two chunks, so that others who wait to write the one file come in.
PAUSE_SECONDS = 0.02

# As ImportJob.error keeps it, for readers of either language.
MOVED_SINCE = gettext_noop(
    "The data changed since the preview. Nothing was written: look at the new preview and confirm again."
)

log = logging.getLogger(__name__)


class _NotMine(InvalidTransition):
    """The check was cancelled, or another process has taken it over."""

    def __init__(self) -> None:
        super().__init__(_("This load is not being checked any more."))


def error_of(job: ImportJob) -> str:
    """What went wrong with the load: in the reader's language where it is kept for both, else in its loader's."""
    return _(MOVED_SINCE) if job.error == MOVED_SINCE else job.error


def wake_later(job_id: int) -> None:
    """Have the worker run the job once the current transaction has committed."""
    from hr.tasks import run_import  # the task imports this module

    transaction.on_commit(partial(run_import.enqueue, job_id), using=DATABASE)


@collecting_rarely()
def run(job_id: int, *, source: str = "import", sheet: Sheet | None = None) -> None:
    """Do what the job's state asks for until it waits for somebody. Safe to call twice, and in two processes at once.

    `source` is where the writing comes from, as history says it; `sheet` the file, if it was read already.
    """
    done: set[str] = set()
    # Each state once: whoever finds it unchanged after its step leaves it to the process that holds the job.
    while (job := _to_be_done(job_id)) is not None and job.state not in done:
        done.add(job.state)
        ImportJob.objects.filter(pk=job_id).update(heartbeat_at=timezone.now())
        with translation.override(job.language):
            _do_step(job, source, sheet)


def _to_be_done(job_id: int) -> ImportJob | None:
    job = ImportJob.objects.filter(pk=job_id, state__in=WAITING).select_related("file").first()
    # A file with questions waits for its loader.
    return None if job is not None and job.state == State.UPLOADED and job.reading else job


def _do_step(job: ImportJob, source: str, sheet: Sheet | None) -> None:
    steps: dict[str, Callable[[], None]] = {
        State.UPLOADED: partial(_read, job, sheet),
        State.MAPPED: partial(_check, job),
        State.APPLYING: partial(_apply, job, source),
        State.UNDOING: partial(_undo, job, source),
    }
    try:
        steps[job.state]()
    except _NotMine:
        return
    except DomainError as error:
        _fail(job.pk, job.state, str(error), actor=None)
    except OperationalError:
        # A database that is busy or gone for a moment: `wake_stalled` tries again.
        raise
    except Exception:
        log.exception("load %s failed", job.pk)
        _fail(job.pk, job.state, _("Something went wrong here. Nothing was written; please try again."), actor=None)


def actor_of(job: ImportJob) -> User | None:
    """Who loads, with the rights of now; None for a command of the system. Raises NotAllowed if they do not suffice."""
    if job.created_by_id is None:
        return None
    return _who_may_load(job, job.created_by_id)


def _who_may_load(job: ImportJob, user_id: int | None) -> User:
    actor = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    if actor is None or not actor.has_perm(KINDS[job.resource].right("import")):
        raise NotAllowed(_("You may not load files of this kind."))
    return actor


@collecting_rarely()
def read_and_check(job_id: int) -> None:
    """The first steps of a job just stored, for a command: what is wrong with the file is raised, not noted."""
    job = ImportJob.objects.select_related("file").get(pk=job_id)
    sheet = _sheet(job)
    # A command has nobody to ask.
    require_answers(sheet.reading, every=True)
    _note_reading(job.pk, sheet, actor=actor_of(job))
    _check_sheet(job, sheet)


# --- Reading and checking --------------------------------------------------------------------------------------------
def _read(job: ImportJob, sheet: Sheet | None) -> None:
    """Find out what is in the file, and check it unless its loader has to be asked."""
    sheet = sheet or _sheet(job, ask=True)
    if _note_reading(job.pk, sheet, actor=actor_of(job)):
        _check_sheet(job, sheet)


@business_atomic
def _note_reading(job_id: int, sheet: Sheet, *, actor: User | None) -> bool:
    """Whether the file can be checked as it was read."""
    job = held(job_id, State.UPLOADED)
    if job is None:
        return False
    job.reading, job.rows, job.columns = sheet.reading.as_json(), sheet.reading.rows, sheet.mapping.columns
    seen = SEEN in job.options
    if any(question.code in MUST_BE_ANSWERED or not seen for question in sheet.reading.questions):
        job.heartbeat_at = None
    else:
        job.state = State.MAPPED
        if seen and actor is not None:
            remember(job.resource, sheet.reading.header_sha256, Options.from_json(job.options), actor=actor)
    write([job], ["state", "reading", "rows", "columns", "heartbeat_at"])
    return job.state == State.MAPPED


def _check(job: ImportJob) -> None:
    _check_sheet(job, _sheet(job))


def _check_sheet(job: ImportJob, sheet: Sheet) -> None:
    """Store the preview."""
    plan = check(
        sheet,
        KINDS[job.resource],
        user=actor_of(job),
        create_missing=job.create_missing,
        mode=job.mode,
        full_roster=job.full_roster,
        progress=_progress_of(job.pk, len(sheet.rows)),
    )
    _store_preview(job.pk, plan)


def _progress_of(job_id: int, rows: int) -> Callable[[int], None] | None:
    """Notes about once a second how far a long check is, and that its process lives."""
    if rows <= AT_ONCE_ROWS:
        return None
    _note_progress(job_id, rows_done=0, rows_to_do=rows, started_at=timezone.now())
    told_at = time.monotonic()

    def note(done: int) -> None:
        nonlocal told_at
        # After the last row comes the storing of the preview.
        if done == rows or time.monotonic() - told_at >= BEAT_SECONDS:
            _note_progress(job_id, rows_done=done)
            told_at = time.monotonic()

    return note


def _note_progress(job_id: int, **values: Any) -> None:
    """Raises _NotMine if the load is not being checked any more."""
    being_checked = ImportJob.objects.filter(pk=job_id, state=State.MAPPED)
    try:
        held = being_checked.update(**values, heartbeat_at=timezone.now())
    except OperationalError:
        # A database that is busy hears of it next time.
        return
    if not held:
        raise _NotMine


def _sheet(job: ImportJob, *, ask: bool = False) -> Sheet:
    if job.file is None:
        raise UnusableFile(_("The file is gone. Load it again."))
    return read_file(
        files.read_file(job.file),
        KINDS[job.resource],
        event_id=job.event_id,
        options=Options.from_json(job.options),
        recall=recall_for(job.resource, actor_of(job)),
        ask=ask,
    )


def _store_preview(job_id: int, plan: Plan) -> None:
    """Store rows and counts. Many rows take several transactions, so that nobody waits long for the database: who is
    killed in between leaves some, which the next to check drops first.
    """
    taken = _take(job_id, actor=None)
    while _drop_part(taken, actor=None):
        _let_others_write()
    parts = batched(import_rows(plan), STORED_AT_ONCE)
    part = next(parts, ())
    for following in parts:
        _store_part(taken, part, actor=None)
        _let_others_write()
        part = following
    _store_last_part(taken, part, plan, actor=None)


@business_atomic
def _take(job_id: int, *, actor: None) -> ImportJob:
    """The job; as long as its version stays, its rows are this process's. Raises _NotMine."""
    job = held(job_id, State.MAPPED)
    if job is None:
        raise _NotMine
    job.heartbeat_at = timezone.now()
    write([job], ["heartbeat_at"])
    return job


def _still(taken: ImportJob) -> ImportJob:
    """The job, locked, if it is as this process took it. Raises _NotMine."""
    same = ImportJob.objects.select_for_update().filter(pk=taken.pk, state=State.MAPPED, version=taken.version)
    job = same.first()
    if job is None:
        raise _NotMine
    return job


@business_atomic
def _drop_part(taken: ImportJob, *, actor: None) -> int:
    """Drop rows of an earlier check; returns how many."""
    _still(taken)
    return _drop_first(taken.pk)


@business_atomic
def _store_part(taken: ImportJob, rows: Sequence[Mapping[str, Any]], *, actor: None) -> None:
    _still(taken)
    store_rows(rows, taken)
    ImportJob.objects.filter(pk=taken.pk).update(heartbeat_at=timezone.now())


@business_atomic
def _store_last_part(taken: ImportJob, rows: Sequence[Mapping[str, Any]], plan: Plan, *, actor: None) -> None:
    job = _still(taken)
    store_rows(rows, taken)
    job.state = State.CHECKED
    note_outcome(plan, job, plan.outcome(accept_valid=True))


# --- Writing and taking back -----------------------------------------------------------------------------------------
def _apply(job: ImportJob, source: str) -> None:
    """Do exactly what was previewed."""
    run = Run(writer_of(KINDS[job.resource].model))
    try:
        # The rights of who loads are asked again for each chunk.
        while (step := apply_next(job.pk, run, actor=actor_of(job), source=source)) is not None:  # type: ignore[call-arg]
            run.last_step = step
            _let_others_write()
        _fill_cells(job)
    except DomainError as error:
        if in_one_transaction(job):
            _back_to_check(job.pk, actor=None)
        else:
            refuse_load(job.pk, error.message, actor=None)


@business_atomic
def _back_to_check(job_id: int, *, actor: None) -> None:
    """Nothing was written, because a row no longer fits: a preview of what would be done now is next."""
    job = held(job_id, State.APPLYING)
    if job is None:
        return
    if job.cancel_asked:
        begin_to_take_back(job, "")
        return
    job.state, job.error, job.heartbeat_at = State.MAPPED, MOVED_SINCE, timezone.now()
    write([job], ["state", "error", "heartbeat_at"])


def _fill_cells(job: ImportJob) -> None:
    """Rows that turned out faulty while they were written get their cells, for the workbook of errors."""
    unfit = ImportRow.objects.filter(job=job, verdict=ImportRow.Verdict.FAULTY, errors__0__cause=MOVED)
    keys = dict(unfit.values_list("number", "pk")) if job.file is not None else {}
    if not keys:
        return
    for number, cells in _sheet(job).rows:
        if number in keys:
            ImportRow.objects.filter(pk=keys[number]).update(cells=[str(cell) for cell in cells])


def _undo(job: ImportJob, source: str) -> None:
    """Take back what a load wrote: one that did not come to its end by itself, one that is in for whoever asked."""
    is_asked = job.applied_at is not None and job.undone_by_id is not None
    while undo_next(job.pk, actor=_who_may_load(job, job.undone_by_id) if is_asked else None, source=source):  # type: ignore[call-arg]
        _let_others_write()


def _let_others_write() -> None:
    if is_embedded():
        time.sleep(PAUSE_SECONDS)


@business_atomic
def _fail(job_id: int, state: str, message: str, *, actor: None) -> None:
    """End the step; what chunks wrote already is taken back."""
    job = ImportJob.objects.select_for_update().filter(pk=job_id, state=state).first()
    if job is None:
        return
    if state == State.APPLYING and ImportRow.objects.filter(job=job).exclude(written_version=None).exists():
        begin_to_take_back(job, message)
        return
    job.state = State.PARTLY_UNDONE if state == State.UNDOING and job.applied_at else State.FAILED
    job.error = message
    write([job], ["state", "error"])


# --- What the clock does ---------------------------------------------------------------------------------------------
def wake_stalled() -> int:
    """Wake loads whose process died, or whose task was lost; returns how many. The clock calls it."""
    stalled = ImportJob.objects.filter(state__in=WAITING, heartbeat_at__lt=timezone.now() - STALLED_AFTER)
    woken = list(stalled.values_list("pk", flat=True))
    for job_id in woken:
        ImportJob.objects.filter(pk=job_id).update(heartbeat_at=timezone.now())
        wake_later(job_id)
    return len(woken)


def clean_up() -> int:
    """Drop files and rows whose time is over: the rows of a load that can no longer be undone, or ended unwritten as
    long ago; the file of an upload that was never written after a day, and of one that was after ninety.

    The load itself, with its counts, stays. Returns how many files went. The clock calls it.
    """
    now = timezone.now()
    ended = ImportJob.objects.exclude(state__in=[*WAITING, State.CHECKED, State.AWAITING_APPROVAL])
    over = Q(undo_until__lt=now) | Q(undo_until=None, updated_at__lt=now - UNDO_KEPT)
    for job_id in ended.filter(over, lines__isnull=False).values_list("pk", flat=True).distinct():
        drop_rows(job_id)
    expired = ImportJob.objects.filter(file__expires_at__lt=now)
    return sum(
        _forget(job_id, actor=None)
        for job_id in expired.exclude(state__in=(State.APPLYING, State.UNDOING)).values_list("pk", flat=True)
    )


def drop_rows(job_id: int) -> int:
    """The rows of a load, in parts that hold nobody up; returns how many."""
    dropped = 0
    while part := _drop_rows(job_id, actor=None):
        dropped += part
    return dropped


@business_atomic
def _drop_rows(job_id: int, *, actor: None) -> int:
    return _drop_first(job_id)


def _drop_first(job_id: int) -> int:
    """Some rows of a load; returns how many."""
    keys = list(ImportRow.objects.filter(job_id=job_id).order_by("pk").values_list("pk", flat=True)[:DROPPED_AT_ONCE])
    return ImportRow.objects.filter(pk__in=keys)._raw_delete(DATABASE) if keys else 0


@business_atomic
def _forget(job_id: int, *, actor: None) -> int:
    job = ImportJob.objects.select_for_update().select_related(None).filter(pk=job_id).first()
    if job is None or job.file is None or job.state in (State.APPLYING, State.UNDOING):
        return 0
    file, job.file = job.file, None
    if job.applied_at is None:
        if job.state not in (State.FAILED, State.CANCELLED):
            job.state, job.error = State.CANCELLED, ""
        ImportRow.objects.filter(job=job)._raw_delete(DATABASE)
    write([job], ["file", "state", "error"])
    files.drop_file(file)
    return 1
