"""The one way a file goes in, for pages and commands alike: read it, check it, write it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.utils import timezone, translation

from hr.loading.apply import apply_at_once
from hr.loading.kinds import Kind
from hr.loading.lines import Sheet, read_sheet
from hr.loading.matrix import sessions_by_day
from hr.loading.options import Options
from hr.loading.plan import Outcome, Plan
from hr.loading.recognition import Recall, recognise_file, require_answers
from hr.loading.rows import import_rows, store_rows
from hr.loading.writers import writer_of
from hr.models import ImportJob
from hr.services.writing import business_atomic, write

if TYPE_CHECKING:
    from core.models import User

RESULT_FIELDS = (
    "state", "columns", "missing", "causes", "rows", "created", "updated", "unchanged", "skipped", "failed",
    "error", "heartbeat_at", "rows_done", "rows_to_do", "approval_reasons", "approved_by_id", "approved_by_name",
    "approved_at",
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
    fixes = options.fixes if options else {}
    return read_sheet(found.table, found.mapping, kind.resource, event_id=event_id, reading=found.reading, fixes=fixes)


def check(sheet: Sheet, kind: Kind, *, user: User | None, **options: Any) -> Plan:
    """What loading the sheet would do now; `options` are those of Check."""
    return kind.check(sheet, user=user, **options).run()


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
    """Check and write at once, in one transaction. A refused file leaves no trace."""
    plan = check(sheet, kind, user=actor, create_missing=create_missing)
    outcome = plan.outcome(accept_valid=accept_valid)
    if plan.faulty and not accept_valid:
        return plan, outcome
    job = ImportJob.objects.create(
        resource=kind.name,
        state=ImportJob.State.CHECKED,
        file_name=file_name,
        event_id=sheet.event_id,
        accept_valid=accept_valid,
        create_missing=create_missing,
        language=(translation.get_language() or "es")[:2],
        created_by_id=actor.pk if actor else None,
        created_by_name=str(actor)[:200] if actor else "",
    )
    note_outcome(plan, job, outcome)
    store_rows(import_rows(plan), job)
    apply_at_once(job, writer_of(kind.model), actor=actor)
    keys = dict(job.lines.values_list("number", "object_id"))
    for line in plan.lines:
        line.object_id = keys.get(line.number)
    return plan, outcome


def note_outcome(plan: Plan, job: ImportJob, outcome: Outcome) -> None:
    """Store with the job what the check found, save for its rows (hr/loading/rows.py)."""
    job.columns = plan.sheet.mapping.columns
    job.missing, job.causes = plan.missing, plan.groups.as_json()
    job.rows, job.created, job.updated = outcome.rows, outcome.created, outcome.updated
    job.unchanged, job.skipped, job.failed = outcome.unchanged, outcome.skipped, outcome.failed
    job.approval_reasons, job.approved_by_id, job.approved_by_name, job.approved_at = [], None, "", None
    job.heartbeat_at, job.rows_done, job.rows_to_do = timezone.now(), 0, 0
    write([job], RESULT_FIELDS)
