"""Four eyes: a load above the limits of the settings waits until somebody else approves exactly what was checked."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from hr.loading.kinds import KINDS
from hr.models import ImportJob, ImportRow

ROWS, TERMINATIONS, MOVES = "rows", "terminations", "moves"
Verdict = ImportRow.Verdict


def reasons_of(job: ImportJob) -> list[dict[str, Any]]:
    """The limits that the load goes beyond: [{"limit", "allowed", "found"}, …]."""
    limits = {
        ROWS: (settings.LOAD_APPROVAL_ROWS, _to_write),
        TERMINATIONS: (settings.LOAD_APPROVAL_TERMINATIONS, _terminations),
        MOVES: (settings.LOAD_APPROVAL_MOVES, _moves),
    }
    counted = [(name, allowed, count(job)) for name, (allowed, count) in limits.items() if allowed is not None]
    return [{"limit": name, "allowed": allowed, "found": found} for name, allowed, found in counted if found > allowed]


def has_moved(job: ImportJob) -> bool:
    """Whether a record that the load changes is no longer as it was checked, or is gone."""
    model = KINDS[job.resource].model
    as_checked = model._base_manager.filter(pk=OuterRef("object_id"), version=OuterRef("read_version"))
    return _rows(job).exclude(read_version=None).filter(~Exists(as_checked)).exists()


def _rows(job: ImportJob) -> QuerySet:
    return ImportRow.objects.filter(job=job, verdict__in=[Verdict.NEW, Verdict.CHANGED, Verdict.MISSING]).order_by()


def _to_write(job: ImportJob) -> int:
    return job.created + job.updated


def _terminations(job: ImportJob) -> int:
    """Employments that end by the file, and those that may end because it does not name the people."""
    if job.resource != ImportJob.Resource.EMPLOYEES:
        return 0
    ended = Q(verdict=Verdict.CHANGED, after__status="terminated")
    return _rows(job).filter(ended | Q(verdict=Verdict.MISSING)).count()


def _moves(job: ImportJob) -> int:
    """People who get another unit or another boss, units another place."""
    moved = Q()
    for name in ("org_unit", "reports_to", "parent"):
        moved |= Q(after__has_key=name)
    return _rows(job).filter(moved, verdict=Verdict.CHANGED).count()
