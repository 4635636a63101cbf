"""What is told of loads: to the loader how it ended, to those who may approve that one waits for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hr.services import outbox

if TYPE_CHECKING:
    from hr.models import ImportJob

ENDED, TO_APPROVE, DECIDED = "load.ended", "load.to_approve", "load.decided"
# Smaller loads are done while their loader looks on.
AT_ONCE_ROWS = 500


def tell_of_end(job: ImportJob) -> None:
    if job.created_by_id is not None and job.rows_to_do > AT_ONCE_ROWS:
        _tell(ENDED, job)


def tell_approvers(job: ImportJob) -> None:
    _tell(TO_APPROVE, job)


def tell_of_decision(job: ImportJob) -> None:
    _tell(DECIDED, job)


def _tell(kind: str, job: ImportJob) -> None:
    outbox.add(kind, {f"{kind}:{job.pk}:{job.version}": {"importjob_id": job.pk, "state": job.state}})
