"""Rows of a load whose turn it is to be written, or to be taken back: read from ImportRow, and noted there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched, groupby
from typing import Any

from django.db import connections
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from core.errors import DomainError
from hr.models import ImportJob, ImportRow
from hr.models.base import BusinessModel
from hr.services.writing import BATCH, DATABASE, update_by_key

FIELDS = (
    "pk", "number", "step", "verdict", "object_id", "employee_id", "event_id", "before", "after", "read_version",
    "written_version",
)  # fmt: skip
LONGEST_REASON = 200
SHORTEST_RUN = 50


@dataclass(slots=True)
class Turn:
    """An ImportRow without what only pages show. `made` are values that writing added to `after`.

    `problem` says why the row could not be written, or not be taken back; about which of its fields, if of one.
    """

    pk: int
    number: int | None
    step: int | None
    verdict: str
    object_id: int | None
    employee_id: int | None
    event_id: int | None
    before: dict[str, Any]
    after: dict[str, Any]
    read_version: int | None
    written_version: int | None
    made: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    problem_field: str = ""

    @property
    def is_new(self) -> bool:
        return self.read_version is None

    def start_over(self) -> None:
        """Forget what an attempt to write the row noted, which was taken back."""
        self.made, self.written_version, self.problem, self.problem_field = {}, None, "", ""
        if self.is_new:
            self.object_id = None

    def refuse(self, message: str, name: str | None = None) -> None:
        self.problem, self.problem_field = str(message), name or ""


class Unfit(DomainError):
    """Rows no longer fit, each named with its `problem`: nothing of the call was written."""

    def __init__(self, turns: Iterable[Turn]) -> None:
        self.turns = [turn for turn in turns if turn.problem]
        super().__init__(self.turns[0].problem)


def require_fit(turns: Iterable[Turn]) -> None:
    """Raise Unfit if a problem of one was found."""
    if unfit := [turn for turn in turns if turn.problem]:
        raise Unfit(unfit)


def read_turns(rows: QuerySet) -> list[Turn]:
    return [Turn(*values) for values in rows.values_list(*FIELDS)]


def note_written(turns: Sequence[Turn]) -> None:
    """Note keys, versions and made values with the rows."""
    if any(turn.made for turn in turns):
        columns = {"object_id": "BIGINT", "written_version": "INT", "after": "LONGTEXT"}
        rows = [[turn.pk, turn.object_id, turn.written_version, json.dumps(turn.after | turn.made)] for turn in turns]
    else:
        columns = {"object_id": "BIGINT", "written_version": "INT"}
        rows = [[turn.pk, turn.object_id, turn.written_version] for turn in _but_runs(turns)]
    update_by_key(ImportRow, columns, rows)


def _but_runs(turns: Sequence[Turn]) -> list[Turn]:
    """Note what became of rows whose keys follow one another as those of their new records do: one statement says it
    of all. The other turns are returned.
    """
    others: list[Turn] = []
    for (distance, _first, version, is_new), found in groupby(enumerate(turns), _run_of):
        run = [turn for _place, turn in found]
        if is_new and len(run) >= SHORTEST_RUN:
            rows = ImportRow._base_manager.filter(pk__range=(run[0].pk, run[-1].pk))
            rows.update(object_id=F("pk") + distance, written_version=version)
        else:
            others += run
    return others


def _run_of(placed: tuple[int, Turn]) -> tuple[int, int, int | None, bool]:
    """Equal for neighbours of one run."""
    place, turn = placed
    return (turn.object_id or 0) - turn.pk, turn.pk - place, turn.written_version, turn.is_new


def note_undone(turns: Sequence[Turn], undone: str) -> None:
    rows = [[turn.pk, undone, turn.problem[:LONGEST_REASON]] for turn in turns]
    update_by_key(ImportRow, {"undone": "VARCHAR(8)", "kept_because": f"VARCHAR({LONGEST_REASON})"}, rows)


def versions_of(model: type[BusinessModel], keys: Iterable[int]) -> dict[int, int]:
    versions: dict[int, int] = {}
    for batch in batched(sorted(set(keys)), BATCH):
        versions.update(model._base_manager.filter(pk__in=batch).order_by().values_list("pk", "version"))
    return versions


def refuse_overtaken(
    turns: Iterable[Turn], versions: Mapping[int, int], *, model: type[BusinessModel], job: ImportJob, seen: str
) -> None:
    """Give a problem to the rows whose record is gone, or at another version than the one `seen` ("read_version",
    "written_version") without the load's own doing.
    """
    overtaken: list[Turn] = []
    for turn in turns:
        version = versions.get(turn.object_id or 0)
        if version is None:
            turn.refuse(_("It does not exist any more."))
        elif version != getattr(turn, seen):
            overtaken.append(turn)
    own = _own_versions(model, {turn.object_id for turn in overtaken}, job) if overtaken else {}
    for turn in overtaken:
        key: int = turn.object_id  # type: ignore[assignment]
        since = set(range(getattr(turn, seen) + 1, versions[key] + 1))
        if not since or not since <= own.get(key, set()):
            turn.refuse(_("It was changed since."))


def _own_versions(model: Any, keys: Iterable[int | None], job: ImportJob) -> dict[int, set[int]]:
    """The versions that this load itself wrote: of a unit that moved along with another row's, of somebody whose
    enrolment and session stand in two rows.
    """
    own: dict[int, set[int]] = {}
    for batch in batched(sorted(key for key in keys if key), BATCH):
        entries = model.history.filter(id__in=batch, history_job_id=job.pk).order_by()
        for key, version in entries.values_list("id", "version"):
            own.setdefault(key, set()).add(version)
    return own


def column_names(model: type[BusinessModel]) -> dict[str, str]:
    """The attname of each field, by its name."""
    return {field.name: field.attname for field in model._meta.concrete_fields}


def is_embedded() -> bool:
    """Whether one file holds everything, which one process at a time writes."""
    return connections[DATABASE].vendor == "sqlite"
