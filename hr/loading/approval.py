"""Four eyes: a load above the limits of the settings waits until somebody else has approved exactly what was checked."""

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
    counts = {
        ROWS: lambda: job.created + job.updated,
        TERMINATIONS: lambda: _terminations(job),
        MOVES: lambda: _moves(job),
    }
    limits = {
        ROWS: settings.LOAD_APPROVAL_ROWS,
        TERMINATIONS: settings.LOAD_APPROVAL_TERMINATIONS,
        MOVES: settings.LOAD_APPROVAL_MOVES,
    }
    found = {name: counts[name]() for name, allowed in limits.items() if allowed is not None}
    return [
        {"limit": name, "allowed": limits[name], "found": count}
        for name, count in found.items()
        if count > limits[name]
    ]


def has_moved(job: ImportJob) -> bool:
    """Whether a record that the load changes is no longer as it was checked, or is gone."""
    model = KINDS[job.resource].model
    as_checked = model._base_manager.filter(pk=OuterRef("object_id"), version=OuterRef("read_version"))
    return _rows(job).exclude(read_version=None).filter(~Exists(as_checked)).exists()


def _rows(job: ImportJob) -> QuerySet:
    return ImportRow.objects.filter(job=job, verdict__in=[Verdict.NEW, Verdict.CHANGED, Verdict.MISSING]).order_by()


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
