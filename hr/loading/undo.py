"""Taking back what a load wrote, the last row first, in chunks: who is above goes after those below.

Records that changed since, or that somebody uses, are kept and named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from django.db.models import Count, QuerySet
from django.utils import timezone

from core.context import changing
from hr.loading import notes
from hr.loading.apply import CHUNK, held
from hr.loading.apply_rows import Foreseen, RowWriter
from hr.loading.chunks import do_what_fits
from hr.loading.collector import collecting_rarely
from hr.loading.kinds import KINDS
from hr.loading.references import MADE_MODELS
from hr.loading.turns import Turn, note_undone, read_turns
from hr.loading.writers import writer_of
from hr.models import ImportJob, ImportRow
from hr.services.writing import business_atomic, write

if TYPE_CHECKING:
    from core.models import User

State, Verdict, Undone = ImportJob.State, ImportRow.Verdict, ImportRow.Undone
FIELDS = ["state", "rows_done", "heartbeat_at", "removed", "restored", "kept", "undone_at"]
MOST_NAMED = 100


@dataclass(frozen=True)
class Kept:
    """A row that an undo leaves as it is, and why."""

    number: int | None
    label: str
    reason: str


@dataclass
class UndoPreview:
    """How many records would be removed, restored, or kept; of the kept ones those of the first that the user sees."""

    removed: int = 0
    restored: int = 0
    kept: int = 0
    rows: list[Kept] = field(default_factory=list)


@business_atomic
def undo_next(job_id: int, *, actor: User | None) -> bool:
    """Take the next rows back; whether there are more."""
    job = held(job_id, State.UNDOING)
    if job is None:
        return False
    with changing(job_id=job.pk):
        turns = _next_turns(_written(job))
        for writer, part in _by_writer(job, turns):
            done, kept = do_what_fits(partial(writer.take_back, job=job, actor=actor), part)
            note_undone(kept, Undone.KEPT)
            note_undone([turn for turn in done if turn.is_new], Undone.REMOVED)
            note_undone([turn for turn in done if not turn.is_new], Undone.RESTORED)
        if turns:
            job.rows_done += len(turns)
            job.heartbeat_at = timezone.now()
            write([job], FIELDS)
        else:
            _finish(job)
    return bool(turns)


@collecting_rarely()
def undo_of(job: ImportJob, *, user: User | None) -> UndoPreview:
    """What an undo would do now."""
    preview = UndoPreview()
    kept: dict[int, str] = {}
    foreseen = Foreseen()
    for turns in _all_turns(job):
        for writer, part in _by_writer(job, turns):
            writer.foreseen = foreseen
            writer.refuse_unreturnable(part, job=job, actor=user)
            for turn in part:
                if turn.problem:
                    preview.kept += 1
                    if len(kept) < MOST_NAMED:
                        kept[turn.pk] = turn.problem
                    continue
                foreseen.add(writer, turn)
                preview.removed += turn.verdict == Verdict.NEW
                preview.restored += not turn.is_new
    preview.rows = [
        Kept(row.number, row.label, kept[row.pk]) for row in _seen(job, user).filter(pk__in=kept).order_by("number")
    ]
    return preview


def kept_rows(job: ImportJob, *, user: User | None) -> list[Kept]:
    """The first of the rows that an undo left as they are."""
    rows = _seen(job, user).filter(undone=Undone.KEPT).order_by("number")[:MOST_NAMED]
    return [Kept(row.number, row.label, row.kept_because) for row in rows]


def _seen(job: ImportJob, user: User | None) -> QuerySet:
    rows = ImportRow.objects.all() if user is None else ImportRow.objects.visible_to(user)
    return rows.filter(job=job)


def count_written(job: ImportJob) -> int:
    return _written(job).count()


def _written(job: ImportJob) -> QuerySet:
    return ImportRow.objects.filter(job=job, undone="").exclude(written_version=None)


def _phases(rows: QuerySet) -> list[QuerySet]:
    """In the order of an undo: who was missing comes back, then the rows, then what was created for them."""
    return [
        rows.filter(verdict=Verdict.MISSING).order_by("pk"),
        rows.filter(verdict__in=[Verdict.NEW, Verdict.CHANGED]).order_by("-step"),
        rows.filter(verdict=Verdict.MADE).order_by("-pk"),
    ]


def _next_turns(rows: QuerySet) -> list[Turn]:
    for phase in _phases(rows):
        if turns := read_turns(phase[:CHUNK]):
            return turns
    return []


def _all_turns(job: ImportJob) -> Iterator[list[Turn]]:
    for phase in _phases(_written(job)):
        begin = 0
        while turns := read_turns(phase[begin : begin + CHUNK]):
            yield turns
            begin += CHUNK


def _by_writer(job: ImportJob, turns: Sequence[Turn]) -> list[tuple[RowWriter, list[Turn]]]:
    """The rows with the writers of their models: what was created for rows is of other models than these."""
    parts: defaultdict[str, list[Turn]] = defaultdict(list)
    for turn in turns:
        parts[next(iter(turn.after)) if turn.verdict == Verdict.MADE else ""].append(turn)
    return [(writer_of(MADE_MODELS[made] if made else KINDS[job.resource].model), part) for made, part in parts.items()]


def _finish(job: ImportJob) -> None:
    rows = ImportRow.objects.filter(job=job).exclude(undone="").order_by()
    found = {
        (undone, verdict): count
        for undone, verdict, count in rows.values_list("undone", "verdict").annotate(count=Count("pk"))
    }
    job.removed = found.get((Undone.REMOVED, Verdict.NEW), 0)
    job.restored = sum(count for (undone, _verdict), count in found.items() if undone == Undone.RESTORED)
    job.kept = sum(count for (undone, _verdict), count in found.items() if undone == Undone.KEPT)
    job.heartbeat_at = timezone.now()
    if job.applied_at is None:
        job.state = State.CANCELLED if job.cancel_asked else State.FAILED
    else:
        job.state = State.PARTLY_UNDONE if job.kept else State.UNDONE
        job.undone_at = timezone.now()
    write([job], FIELDS)
    notes.tell_of_end(job)
