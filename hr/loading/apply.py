"""A confirmed load, written from its rows alone: at once up to ONE_TRANSACTION rows, above that chunk by chunk.

A chunk is one transaction: the records, their history, what an undo needs, and how far the load is. Whatever ends the
process, the next one goes on with the first row that is not written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from core.context import changing
from hr.loading import notes
from hr.loading.apply_rows import RowWriter
from hr.loading.chunks import do_what_fits
from hr.loading.turns import Turn, note_written, read_turns
from hr.models import ImportJob, ImportRow
from hr.services.writing import business_atomic, write

if TYPE_CHECKING:
    from core.models import User

State, Verdict = ImportJob.State, ImportRow.Verdict
ONE_TRANSACTION = 20_000
CHUNK = 2_000
UNDO_KEPT = timedelta(days=30)
FILE_KEPT = timedelta(days=90)
MOVED = "moved"
MOST_GROUPS = 200
FIELDS = [
    "state", "error", "created", "updated", "skipped", "failed", "causes", "rows_done", "heartbeat_at", "applied_at",
    "undo_until",
]  # fmt: skip


@dataclass
class Run:
    """One process at work on one load. `last_step` is that of the last row it knows to be written: those before need
    not be looked through again.
    """

    writer: RowWriter
    last_step: int = 0


def held(job_id: int, state: str) -> ImportJob | None:
    """The job, locked, if it still is in the state and no other process holds it."""
    jobs = ImportJob.objects.select_for_update(skip_locked=True)
    return jobs.filter(pk=job_id, state=state).first()


def in_one_transaction(job: ImportJob) -> bool:
    return job.rows_to_do <= ONE_TRANSACTION and not ends_missing(job)


def ends_missing(job: ImportJob) -> bool:
    """Whether the file itself is in, so that those who are missing from it are what is left to be written."""
    return job.applied_at is not None


@business_atomic
def apply_next(job_id: int, run: Run, *, actor: User | None) -> int | None:
    """Write the next rows; returns the step of the last, None if there is nothing more to do.

    Raises DomainError, with nothing written, if a row no longer fits and the load is not to write what does.
    """
    job = held(job_id, State.APPLYING)
    if job is None:
        return None
    with changing(job_id=job.pk):
        if job.cancel_asked:
            _stop(job)
            return None
        if in_one_transaction(job):
            _write_all(job, run, actor)
            return None
        turns = _next_turns(job, run.last_step)
        if turns:
            step = _write_part(job, run, turns, actor, forgiving=job.accept_valid or ends_missing(job))
            job.heartbeat_at = timezone.now()
            write([job], FIELDS)
            return step
        _finish(job)
        return None


@business_atomic
def apply_at_once(job: ImportJob, writer: RowWriter, *, actor: User | None) -> None:
    """Write a job just checked in the caller's transaction, whatever its size."""
    job.state, job.rows_to_do = State.APPLYING, job.created + job.updated
    write([job], ["state", "rows_to_do"])
    with changing(job_id=job.pk):
        _write_all(job, Run(writer), actor)


def _write_all(job: ImportJob, run: Run, actor: User | None) -> None:
    step = 0
    while turns := _next_turns(job, step):
        step = _write_part(job, run, turns, actor, forgiving=False)
    _finish(job)


def _next_turns(job: ImportJob, after: int) -> list[Turn]:
    rows = ImportRow.objects.filter(job=job, step__gt=after, written_version=None)
    return read_turns(rows.order_by("step")[:CHUNK])


def _write_part(job: ImportJob, run: Run, turns: Sequence[Turn], actor: User | None, *, forgiving: bool) -> int:
    def work(part: Sequence[Turn]) -> None:
        for turn in part:
            turn.start_over()
        run.writer.write(part, job=job, actor=actor)

    if forgiving:
        written, unfit = do_what_fits(work, turns)
        _note_unfit(job, unfit)
    else:
        work(turns)
        written = list(turns)
    note_written(written)
    job.rows_done += len(turns)
    return turns[-1].step or 0


def _note_unfit(job: ImportJob, turns: Sequence[Turn]) -> None:
    """These rows turned out faulty: the data changed since they were checked."""
    headers = {field: header for header, field in job.columns if field}
    for turn in turns:
        name = turn.problem_field if turn.problem_field in headers else ""
        column = headers.get(name, "")
        error = {"column": column, "field": name, "value": "", "message": turn.problem, "cause": MOVED}
        values: dict[str, Any] = {"step": None, "errors": [error], "version": F("version") + 1}
        if turn.verdict != Verdict.MISSING:
            place = _group(job, name, column, turn.problem)
            values |= {"verdict": Verdict.FAULTY, "causes": f",{place}," if place is not None else ""}
            job.failed += 1
            job.created -= turn.verdict == Verdict.NEW
            job.updated -= turn.verdict == Verdict.CHANGED
        ImportRow.objects.filter(pk=turn.pk).update(**values)


def _group(job: ImportJob, field: str, column: str, message: str) -> int | None:
    """The place among the job's causes of what became unfit in this field."""
    for place, group in enumerate(job.causes):
        if group["cause"] == MOVED and group["field"] == field:
            group["rows"] += 1
            return place
    if len(job.causes) >= MOST_GROUPS:
        return None
    group = {"cause": MOVED, "field": field, "column": column, "value": "", "message": message, "rows": 1, "fix": None}
    job.causes.append(group)
    return len(job.causes) - 1


def _stop(job: ImportJob) -> None:
    """The loader wants no more of it: what was written stays if it may stand alone, else it is taken back."""
    written = ImportRow.objects.filter(job=job).exclude(written_version=None)
    if ends_missing(job) or (job.accept_valid and written.exists()):
        _finish(job)
    else:
        begin_to_take_back(job, "")


def begin_to_take_back(job: ImportJob, error: str) -> None:
    """All or nothing, and not all: what was written already goes again."""
    job.state, job.error = State.UNDOING, error
    job.rows_to_do, job.rows_done = job.rows_done, 0
    job.started_at = job.heartbeat_at = timezone.now()
    write([job], ["state", "error", "rows_to_do", "rows_done", "started_at", "heartbeat_at"])


def _finish(job: ImportJob) -> None:
    now = timezone.now()
    _skip_the_rest(job)
    job.state = State.PARTLY_APPLIED if job.failed or job.skipped else State.APPLIED
    job.error = ""
    job.heartbeat_at = now
    job.applied_at = job.applied_at or now
    job.undo_until = now + UNDO_KEPT
    write([job], FIELDS)
    if job.file is not None:
        job.file.expires_at = now + FILE_KEPT
        write([job.file], ["expires_at"])
    notes.tell_of_end(job)


def _skip_the_rest(job: ImportJob) -> None:
    """Rows that were not written, because the load was cancelled."""
    left = ImportRow.objects.filter(job=job, step__gt=0, written_version=None)
    if not job.cancel_asked:
        return
    new, changed = (left.filter(verdict=verdict).count() for verdict in (Verdict.NEW, Verdict.CHANGED))
    job.created, job.updated, job.skipped = job.created - new, job.updated - changed, job.skipped + new + changed
    left.update(step=None, version=F("version") + 1)


@business_atomic
def refuse_load(job_id: int, message: str, *, actor: None = None) -> None:
    """A row of a load in chunks no longer fits, and it was to be all or nothing."""
    job = held(job_id, State.APPLYING)
    if job is not None:
        begin_to_take_back(job, _("Nothing of it stays: %(message)s") % {"message": message})
