"""The one way a file goes in, for pages and commands alike: read it, check it, write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from hr.loading.apply import apply_at_once
from hr.loading.errors import UnusableFile
from hr.loading.kinds import Kind
from hr.loading.lines import Sheet, read_sheet
from hr.loading.mapping import map_headers
from hr.loading.plan import Outcome, Plan
from hr.loading.reading import read_table
from hr.loading.rows import import_rows
from hr.loading.writers import writer_of
from hr.models import ImportJob, ImportRow
from hr.services.writing import business_atomic, insert_only, write

if TYPE_CHECKING:
    from core.models import User

RESULT_FIELDS = (
    "state", "columns", "missing", "causes", "rows", "created", "updated", "unchanged", "skipped", "failed", "error",
    "heartbeat_at", "approval_reasons", "approved_by_id", "approved_by_name", "approved_at",
)  # fmt: skip


def read_file(content: bytes, kind: Kind, *, event_id: int | None = None) -> Sheet:
    """The file's table, cell by cell; nothing is asked of the database. Raises UnusableFile."""
    resource = kind.resource
    table = read_table(content, resource.recognise)
    mapping = map_headers(table, resource)
    if kind.of_events and event_id is None and "event" not in mapping.positions:
        raise UnusableFile(
            _("Nothing says which event the file is about. Choose the event together with the file, or add a column.")
        )
    return read_sheet(table, mapping, resource, event_id=event_id)


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
    note_plan(plan, job, outcome)
    apply_at_once(job, writer_of(kind.model), actor=actor)
    keys = dict(job.lines.values_list("number", "object_id"))
    for line in plan.lines:
        line.object_id = keys.get(line.number)
    return plan, outcome


def note_plan(plan: Plan, job: ImportJob, outcome: Outcome) -> None:
    """Store the plan with the job: counts, columns, and every row that is not unchanged."""
    job.columns = plan.sheet.mapping.columns
    job.missing, job.causes = plan.missing, plan.groups.as_json()
    job.rows, job.created, job.updated = outcome.rows, outcome.created, outcome.updated
    job.unchanged, job.skipped, job.failed = outcome.unchanged, outcome.skipped, outcome.failed
    job.approval_reasons, job.approved_by_id, job.approved_by_name, job.approved_at = [], None, "", None
    job.heartbeat_at = timezone.now()
    write([job], RESULT_FIELDS)
    ImportRow.objects.filter(job=job).delete()
    insert_only(ImportRow, import_rows(plan, job))
