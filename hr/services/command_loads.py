"""Files loaded, and loads undone, by command: at once, and without a trace of what was refused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils import translation
from django.utils.translation import gettext as _

from core.errors import DomainError, NotFound
from hr.loading import jobs
from hr.loading.kinds import Kind
from hr.loading.options import Note, Reading
from hr.loading.plan import Outcome
from hr.loading.undo import UndoPreview, kept_rows
from hr.models import ImportJob, ImportRow
from hr.services import imports

if TYPE_CHECKING:
    from core.models import User

State, Verdict = ImportJob.State, ImportRow.Verdict
SOURCE = "cli"
# Somebody else may change the same records again and again; after so many times it is his turn to wait.
ATTEMPTS = 5


@dataclass
class Report:
    """What became, or would become, of a file. `errors` are of cells: {"row", "column", "value", "message"}.

    `notes` are what was recognised in it. `number` is that of the load, None where nothing is left of it; `waits` says
    that somebody has to approve it first.
    """

    outcome: Outcome
    errors: list[dict[str, Any]] = field(default_factory=list)
    unknown_columns: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    missing: int = 0
    number: int | None = None
    waits: bool = False


def load_file(
    kind: Kind,
    file_name: str,
    content: bytes,
    *,
    actor: User | None,
    accept_valid: bool = False,
    dry_run: bool = False,
    **options: Any,
) -> Report:
    """Load the file, or say what that would do. Raises DomainError if it is unusable."""
    options["sha256"] = hashlib.sha256(content).hexdigest()
    language = (translation.get_language() or "es")[:2]
    job = imports.store(kind, file_name, content, actor=actor, options=options, language=language)
    try:
        jobs.read_and_check(job.pk)
        job.refresh_from_db()
        report = _report(job, refused=bool(job.failed) and not accept_valid)
        if dry_run or (job.failed and not accept_valid):
            imports.discard(job, actor=actor)
            return report
    except DomainError:
        imports.discard(job, actor=actor)
        raise
    return _write(job, actor=actor, accept_valid=accept_valid)


def undo_load(kind: Kind, number: int, *, actor: User | None, dry_run: bool) -> UndoPreview:
    """Take a load of this kind back, or say what that would do. Raises DomainError."""
    if not ImportJob.objects.filter(pk=number, resource=kind.name).exists():
        raise NotFound(_("There is no load %(number)d of this kind.") % {"number": number})
    preview = imports.undo_preview(number, actor=actor)
    if dry_run:
        return preview
    imports.to_undoing(number, actor=actor)
    jobs.run(number, source=SOURCE)
    job = ImportJob.objects.get(pk=number)
    return UndoPreview(job.removed, job.restored, job.kept, kept_rows(job, user=actor))


def _write(job: ImportJob, *, actor: User | None, accept_valid: bool) -> Report:
    for _attempt in range(ATTEMPTS):
        job = imports.confirm_own(job, actor=actor, accept_valid=accept_valid)
        jobs.run(job.pk, source=SOURCE)
        job.refresh_from_db()
        if job.state != State.CHECKED or (job.failed and not accept_valid):
            break
    if job.state == State.FAILED:
        raise DomainError(jobs.error_of(job))
    written = job.state in (State.APPLIED, State.PARTLY_APPLIED)
    report = _report(job, refused=not written)
    report.waits = job.state == State.AWAITING_APPROVAL
    report.number = job.pk if written or report.waits else None
    if report.waits:
        message = _("A second person has to approve this load first: it waits as number %(number)d.")
        report.errors.append(_error(message=message % {"number": job.pk}))
    elif not written:
        report.errors.append(_error(message=jobs.error_of(job)))
        imports.discard(job, actor=actor)
    return report


def _report(job: ImportJob, *, refused: bool) -> Report:
    counts = {name: getattr(job, name) for name in ("rows", "created", "updated", "unchanged", "skipped", "failed")}
    if refused:
        counts |= {"created": 0, "updated": 0, "unchanged": 0, "skipped": job.rows - job.failed}
    return Report(
        Outcome(**counts),
        list(_errors(job)),
        [header for header, name in job.columns if name is None and header],
        Reading.from_json(job.reading).notes,
        missing=job.lines.filter(verdict=Verdict.MISSING).count() if job.full_roster else 0,
    )


def _errors(job: ImportJob) -> Iterator[dict[str, Any]]:
    rows = job.lines.filter(verdict=Verdict.FAULTY).order_by("number").values_list("number", "errors")
    for number, errors in rows.iterator(chunk_size=2000):
        for error in errors:
            yield _error(number, error["column"], error["value"], error["message"])


def _error(
    row: int | None = None, column: str | None = None, value: str | None = None, message: str = ""
) -> dict[str, Any]:
    return {"row": row, "column": column, "value": value, "message": message}
