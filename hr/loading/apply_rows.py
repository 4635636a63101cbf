"""How rows of one model are written and taken back. Most models need nothing more than `RowWriter`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import batched
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext as _

from hr.loading.references import put_rows
from hr.loading.turns import Turn, column_names, refuse_overtaken, require_fit, versions_of
from hr.models import ImportJob
from hr.models.base import BusinessModel
from hr.permissions import require
from hr.scope import has_role_right
from hr.services.rows import assign, lock
from hr.services.writing import BATCH, insert_stored, remove_unused, write

if TYPE_CHECKING:
    from core.models import User

FIRST_VERSION = 1


@dataclass
class Foreseen:
    """What a preview of an undo takes as done: records removed, by model, and those whose field is as before again."""

    removed: defaultdict[type[models.Model], set[int]] = field(default_factory=lambda: defaultdict(set))
    restored: defaultdict[tuple[type[models.Model], str], set[int]] = field(default_factory=lambda: defaultdict(set))

    def add(self, writer: RowWriter, turn: Turn) -> None:
        key = turn.object_id or 0
        if turn.is_new:
            self.removed[writer.model].add(key)
        else:
            for name in turn.after:
                self.restored[writer.model, name].add(key)

    def no_longer_names(self, link: Any) -> set[int]:
        """The records that name nothing by `link` any more."""
        removed, restored = self.removed.get(link.model, set()), self.restored.get((link.model, link.name), set())
        return removed | restored if removed and restored else removed or restored


class RowWriter:
    """Writes rows that hold plain columns. `above` names the field in which a row may name another one of the load.

    Every method is called inside the transaction of a chunk, and raises DomainError if a row of it does not fit: the
    caller takes back what was written and finds out which one.
    """

    above = ""

    def __init__(self, model: type[BusinessModel]) -> None:
        self.model = model
        self.foreseen = Foreseen()
        # The keys of rows that the running call wrote, by their numbers in the file.
        self.here: dict[int, int] = {}
        self.columns = column_names(model)
        self.days = {column.name for column in model._meta.concrete_fields if isinstance(column, models.DateField)}

    # --- Writing ------------------------------------------------------------------------------------------------
    def write(self, turns: Sequence[Turn], *, job: ImportJob, actor: User | None) -> None:
        """Write the rows, in the order given, and note in each its key and version."""
        self.here = {}
        new = [turn for turn in turns if turn.is_new]
        changed = [turn for turn in turns if not turn.is_new]
        self.refuse_moved(changed, job, seen="read_version")
        require_fit(turns)
        if new:
            self.add(new, job=job, actor=actor)
        if changed:
            self.change(changed, job=job, actor=actor)
        self.note_versions(turns)

    def refuse_moved(self, turns: Sequence[Turn], job: ImportJob, *, seen: str) -> None:
        """Lock the rows, and give a problem to those that are not as they were at the `seen` version."""
        found: dict[int, int] = {}
        for batch in batched(sorted({turn.object_id for turn in turns if turn.object_id}), BATCH):
            found.update(self.model.objects.lock(batch).values_list("pk", "version"))
        refuse_overtaken(turns, found, model=self.model, job=job, seen=seen)

    def add(self, turns: Sequence[Turn], *, job: ImportJob, actor: User | None) -> None:
        require(self._holds(actor, "add"))
        values = self.values_of(turns, [turn.after for turn in turns], job)
        require_fit(turns)
        keys = insert_stored(self.model, [values[turn.pk] for turn in turns])
        self.note_new(turns, keys)

    def change(self, turns: Sequence[Turn], *, job: ImportJob, actor: User | None) -> None:
        require(self._holds(actor, "change"))
        self.set_values(turns, self.values_of(turns, [turn.after for turn in turns], job), actor=actor)

    def set_values(
        self,
        turns: Sequence[Turn],
        values: Mapping[int, Mapping[str, Any]],
        *,
        actor: User | None,
        reason: str = "",
    ) -> None:
        rows = lock(self.model, {turn.object_id for turn in turns if turn.object_id}, actor)
        changed, fields = [], set()
        for turn in turns:
            row = rows.get(turn.object_id or 0)
            if row is None:
                turn.refuse(_("You may not change this one any more."))
                continue
            if names := assign(row, self.as_python(values[turn.pk])):
                changed.append(row)
                fields.update(names)
        require_fit(turns)
        write(changed, sorted(fields), reason=reason)

    # --- Taking back --------------------------------------------------------------------------------------------
    def take_back(self, turns: Sequence[Turn], *, job: ImportJob, actor: User | None) -> None:
        """Remove what the rows created and restore what they changed, unless it is in use or changed since."""
        new = [turn for turn in turns if turn.is_new]
        changed = [turn for turn in turns if not turn.is_new]
        self._refuse_changed(turns, job, actor)
        require_fit(turns)
        # First, since what they were changed to may be what goes.
        if changed:
            self.restore(changed, job=job, actor=actor)
        if new:
            self.refuse_used(new, job)
            require_fit(new)
            self.remove(new, job=job, actor=actor)

    def refuse_unreturnable(self, turns: Sequence[Turn], *, job: ImportJob, actor: User | None) -> None:
        """Give a problem to the rows that have to be kept; nothing is written, so that a preview can ask, too."""
        self._refuse_changed(turns, job, actor)
        self.refuse_used([turn for turn in turns if turn.is_new and not turn.problem], job)

    def _refuse_changed(self, turns: Sequence[Turn], job: ImportJob, actor: User | None) -> None:
        self.refuse_moved(turns, job, seen="written_version")
        self.refuse_unseen(turns, actor)

    def refuse_used(self, turns: Sequence[Turn], job: ImportJob) -> None:
        """Give a problem to rows that something refers to which stays when they go."""
        going = {turn.object_id: turn for turn in turns if turn.object_id}
        for link in links_to(self.model):
            if link.model is not self.model:
                for key in self._referred(link, going.keys()):
                    going.pop(key).refuse(in_use(link.model._meta.verbose_name_plural))
        for link in links_to(self.model):
            if link.model is self.model:
                self._refuse_above_kept(link, going)

    def _refuse_above_kept(self, link: Any, going: dict[int, Turn]) -> None:
        """Of rows above one another, each stays that one below it needs."""
        pairs: list[tuple[int, int]] = []
        for batch in batched(sorted(going), BATCH):
            rows = self.model._base_manager.filter(**{f"{link.name}__in": batch}).order_by()
            pairs += rows.values_list("pk", link.attname)
        freed = self.foreseen.no_longer_names(link)
        needed = True
        while needed:
            staying = {above for below, above in pairs if below not in going and below not in freed}
            needed = bool(staying & going.keys())
            for key in staying & going.keys():
                going.pop(key).refuse(in_use(self.model._meta.verbose_name_plural))

    def _referred(self, link: Any, keys: Iterable[int]) -> set[int]:
        """Those of the keys that records name by `link`."""
        freed = self.foreseen.no_longer_names(link)
        found: set[int] = set()
        for batch in batched(sorted(keys), BATCH):
            rows = link.model._base_manager.filter(**{f"{link.name}__in": batch}).order_by()
            if freed:
                pairs = rows.values_list("pk", link.attname).iterator(chunk_size=5000)
                found.update(named for pk, named in pairs if pk not in freed)
            else:
                found.update(rows.values_list(link.attname, flat=True).distinct())
        return found

    def remove(self, turns: Sequence[Turn], *, job: ImportJob, actor: User | None) -> None:
        remove_unused(self.model, [turn.object_id for turn in turns if turn.object_id], reason=reason_of(job))

    def restore(self, turns: Sequence[Turn], *, job: ImportJob, actor: User | None) -> None:
        values = self.values_of(turns, [turn.before for turn in turns], job)
        self.set_values(turns, values, actor=actor, reason=reason_of(job))

    # --- Help for them ------------------------------------------------------------------------------------------
    def values_of(
        self, turns: Sequence[Turn], given: Sequence[Mapping[str, Any]], job: ImportJob
    ) -> dict[int, dict[str, Any]]:
        """The stored values of each row, by attname and by the key of its turn."""
        values = {turn.pk: dict(of_row) for turn, of_row in zip(turns, given, strict=True)}
        if self.above:
            put_rows(turns, values, self.above, job, self.here)
        return {pk: {self.columns[name]: value for name, value in of_row.items()} for pk, of_row in values.items()}

    def as_python(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Days as days."""
        return {
            name: date.fromisoformat(value) if value and name in self.days else value for name, value in values.items()
        }

    def note_new(self, turns: Sequence[Turn], keys: Sequence[int]) -> None:
        for turn, key in zip(turns, keys, strict=True):
            turn.object_id, turn.written_version = key, FIRST_VERSION
            if turn.number is not None:
                self.here[turn.number] = key

    def note_versions(self, turns: Sequence[Turn]) -> None:
        """The versions of changed rows; those of new ones are known."""
        changed = [turn for turn in turns if turn.written_version is None]
        versions = versions_of(self.model, {turn.object_id for turn in changed if turn.object_id})
        for turn in changed:
            turn.written_version = versions.get(turn.object_id or 0)

    def refuse_unseen(self, turns: Sequence[Turn], actor: User | None) -> None:
        """Rows that left the actor's scope are no longer his to change back, nor, where he made them, to remove."""
        if actor is None:
            return
        allowed: set[int] = set()
        for is_new, rows in (
            (True, self.model.objects.visible_to(actor)),
            (False, self.model.objects.changeable_by(actor)),
        ):
            keys = [turn.object_id for turn in turns if turn.is_new is is_new and turn.object_id]
            for batch in batched(keys, BATCH):
                allowed.update(rows.filter(pk__in=batch).order_by().values_list("pk", flat=True))
        for turn in turns:
            if turn.object_id not in allowed and not turn.problem:
                turn.refuse(_("You may not change this one any more."))

    def _holds(self, actor: User | None, verb: str) -> bool:
        return actor is None or has_role_right(actor, f"hr.{verb}_{self.model._meta.model_name}")


def links_to(model: type[models.Model]) -> list[Any]:
    """Every foreign key that names rows of the model; history goes on naming who is gone."""
    related = [each for each in model._meta.get_fields(include_hidden=True) if isinstance(each, models.ManyToOneRel)]
    return [each.field for each in related if getattr(each.field, "db_constraint", True)]


def in_use(what: object) -> str:
    return _("It is in use: %(what)s.") % {"what": what}


def reason_of(job: ImportJob) -> str:
    """What history says of an undo."""
    return _("Undo of load %(number)d") % {"number": job.pk}
