"""The one way a file goes in, for pages and commands alike: read it, check it, write it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from django.utils import timezone, translation

from core.context import changing
from hr.loading.kinds import Kind
from hr.loading.lines import FAULTY, UNCHANGED, Line, Sheet, read_sheet
from hr.loading.matrix import sessions_by_day
from hr.loading.options import Options
from hr.loading.plan import Outcome, Plan
from hr.loading.recognition import Recall, recognise_file, require_answers
from hr.models import ImportJob, ImportRow
from hr.services.rows import hold
from hr.services.writing import business_atomic, insert_only, write

if TYPE_CHECKING:
    from core.models import User

LABEL_LENGTH = 200
RESULT_FIELDS = (
    "state", "columns", "missing", "rows", "created", "updated", "unchanged", "skipped", "failed", "digest", "error",
    "accept_valid", "create_missing", "heartbeat_at", "applied_at",
)  # fmt: skip


def read_file(
    content: bytes,
    kind: Kind,
    *,
    event_id: int | None = None,
    options: Options | None = None,
    recall: Recall | None = None,
    ask: bool = False,
) -> Sheet:
    """The file's table, cell by cell, and how it was read (`sheet.reading`). Raises UnusableFile.

    Nothing is asked of the database, save for the sessions of the event where the file names them by day. With `ask`
    what only the loader knows stays among the reading's questions; without, it makes the file unusable.
    """
    found = recognise_file(
        content,
        kind.resource,
        options,
        of_events=kind.of_events,
        event_chosen=event_id is not None,
        sessions=partial(sessions_by_day, event_id),
        recall=recall,
    )
    if not ask:
        require_answers(found.reading)
    return read_sheet(found.table, found.mapping, kind.resource, event_id=event_id, reading=found.reading)


def check(sheet: Sheet, kind: Kind, *, user: User | None, create_missing: bool = False, lock: bool = False) -> Plan:
    """What loading the sheet would do now."""
    return kind.check(sheet, user=user, create_missing=create_missing, lock=lock).run()


@business_atomic
def load(
    sheet: Sheet,
    kind: Kind,
    *,
    actor: User | None,
    file_name: str,
    accept_valid: bool = False,
    create_missing: bool = False,
) -> tuple[Plan, Outcome]:
    """Check and write at once, as the commands do. A refused file leaves no trace."""
    hold_lines(sheet)
    plan = check(sheet, kind, user=actor, create_missing=create_missing, lock=True)
    outcome = plan.outcome(accept_valid=accept_valid)
    if plan.faulty and not accept_valid:
        return plan, outcome
    job = ImportJob.objects.create(
        resource=kind.name,
        state=ImportJob.State.APPLYING,
        file_name=file_name,
        event_id=sheet.event_id,
        accept_valid=accept_valid,
        create_missing=create_missing,
        language=(translation.get_language() or "es")[:2],
        created_by_id=actor.pk if actor else None,
        created_by_name=str(actor)[:200] if actor else "",
    )
    write_plan(plan, kind, job, actor=actor)
    return plan, outcome


def hold_lines(sheet: Sheet) -> None:
    """One change of lines of command at a time: taken first, as the services do, so that two loads never cross."""
    if "reports_to" in sheet.mapping.positions:
        hold("hr.lines")


def write_plan(plan: Plan, kind: Kind, job: ImportJob, *, actor: User | None) -> None:
    """Write the plan's rows and note in the job what became of each; inside the caller's transaction."""
    with changing(job_id=job.pk):
        kind.write(plan, actor=actor)
    job.state = ImportJob.State.PARTLY_APPLIED if plan.faulty else ImportJob.State.APPLIED
    job.applied_at = timezone.now()
    note_plan(plan, job, plan.outcome(accept_valid=job.accept_valid))


def note_plan(plan: Plan, job: ImportJob, outcome: Outcome) -> None:
    """Store the plan with the job: counts, columns, and every row that is not unchanged."""
    job.columns = plan.sheet.mapping.columns
    job.missing = plan.missing
    job.rows, job.created, job.updated = outcome.rows, outcome.created, outcome.updated
    job.unchanged, job.skipped, job.failed = outcome.unchanged, outcome.skipped, outcome.failed
    job.digest = plan.digest()
    job.heartbeat_at = timezone.now()
    write([job], RESULT_FIELDS)
    ImportRow.objects.filter(job=job).delete()
    insert_only(ImportRow, _rows(plan, job))


def _rows(plan: Plan, job: ImportJob) -> Iterator[dict[str, Any]]:
    """The columns of an ImportRow for each line that is not unchanged."""
    now = timezone.now()
    common = {"job_id": job.pk, "version": 1, "created_at": now, "updated_at": now}
    for line in plan.lines:
        if line.verdict == UNCHANGED:
            continue
        written = line.verdict != FAULTY
        yield common | {
            "number": line.number,
            "step": None,
            "verdict": line.verdict,
            "label": line.label[:LABEL_LENGTH],
            "object_id": line.object_id or (line.existing.pk if line.existing else None),
            "employee_id": line.employee_id,
            "event_id": line.event_id,
            "before": line.before if written else {},
            "after": line.after if written else {},
            "read_version": line.existing.version if line.existing else None,
            "written_version": (line.written_version or _version(line)) if line.object_id else None,
            "errors": [asdict(error) for error in line.errors],
            "causes": "",
            "cells": [],
            "undone": "",
            "kept_because": "",
        }


def _version(line: Line) -> int:
    return line.existing.version + 1 if line.existing else 1
