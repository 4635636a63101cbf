"""Units of a load, by the verbs of the tree: paths follow the parents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hr.loading.apply_rows import RowWriter
from hr.loading.references import by_depth
from hr.loading.turns import Turn, require_fit
from hr.models import ImportJob
from hr.services.org_units import LOCK, NewOrgUnit, change_org_units, create_org_units
from hr.services.rows import hold

if TYPE_CHECKING:
    from core.models import User


class UnitWriter(RowWriter):
    """`above` is the unit of which it is a part."""

    above = "parent"

    def write(self, turns: Sequence[Turn], *, job: ImportJob, actor: User | None) -> None:
        hold(LOCK)
        self.here = {}
        self.refuse_moved([turn for turn in turns if not turn.is_new], job, seen="read_version")
        require_fit(turns)
        for level in by_depth(turns, self.above):
            values = self.values_of(level, [turn.after for turn in level], job)
            require_fit(level)
            if changed := [turn for turn in level if not turn.is_new]:
                self.set_values(changed, values, actor=actor)
            if new := [turn for turn in level if turn.is_new]:
                units = create_org_units([NewOrgUnit(**values[turn.pk]) for turn in new], actor=actor)
                self.note_new(new, [unit.pk for unit in units])
        self.note_versions(turns)

    def set_values(
        self,
        turns: Sequence[Turn],
        values: Mapping[int, Mapping[str, Any]],
        *,
        actor: User | None,
        reason: str = "",
    ) -> None:
        changes = {turn.object_id: values[turn.pk] for turn in turns if turn.object_id}
        change_org_units(changes, actor=actor, reason=reason)

    def remove(self, turns: Sequence[Turn], *, job: ImportJob, actor: User | None) -> None:
        hold(LOCK)
        super().remove(turns, job=job, actor=actor)
