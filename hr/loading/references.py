"""What rows name that the load itself brings: other rows of it, and units and positions nobody knew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import batched
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from core.text import fold
from hr.loading.catalogue import folded, made_code
from hr.loading.turns import Turn, require_fit
from hr.models import ImportJob, ImportRow, OrgUnit, Position
from hr.services.org_units import NewOrgUnit, create_org_units
from hr.services.positions import NewPosition, create_positions
from hr.services.writing import BATCH, insert_only

if TYPE_CHECKING:
    from core.models import User

MADE = ImportRow.Verdict.MADE


def row_named(value: Any) -> int | None:
    """The number in {"row": 17}."""
    return value.get("row") if isinstance(value, dict) else None


def name_to_create(value: Any) -> str | None:
    """The name in {"create": "Ventas Norte"}."""
    return value.get("create") if isinstance(value, dict) else None


def keys_of_rows(job: ImportJob, numbers: Iterable[int]) -> dict[int, int]:
    """The keys of rows written before, by their numbers in the file."""
    keys: dict[int, int] = {}
    for batch in batched(sorted(set(numbers)), BATCH):
        rows = ImportRow.objects.filter(job=job, number__in=batch).exclude(written_version=None).exclude(object_id=None)
        keys.update(rows.order_by().values_list("number", "object_id"))
    return keys


def by_depth(turns: Sequence[Turn], field: str) -> list[list[Turn]]:
    """Rows so that each comes after the row of them that it names in `field`."""
    numbered = {turn.number: turn for turn in turns}
    known = {turn.object_id: turn for turn in turns if turn.object_id}
    depths: dict[int, int] = {}
    levels: list[list[Turn]] = []
    # Steps put who is above before who is below.
    for turn in turns:
        named = turn.after.get(field)
        above = known.get(named) if isinstance(named, int) else numbered.get(row_named(named))
        depth = depths.get(above.pk, 0) + 1 if above is not None else 1
        depths[turn.pk] = depth
        if len(levels) < depth:
            levels.append([])
        levels[depth - 1].append(turn)
    return levels


def put_rows(
    turns: Iterable[Turn],
    values: Mapping[int, dict[str, Any]],
    field: str,
    job: ImportJob,
    here: Mapping[int, int],
) -> None:
    """Put keys in place of {"row": 17}; a row that was not written is a problem of those who name it. `here` are the
    keys of rows not noted yet.
    """
    named = {turn.pk: number for turn in turns if (number := row_named(values[turn.pk].get(field))) is not None}
    elsewhere = set(named.values()) - here.keys()
    keys = {**here, **keys_of_rows(job, elsewhere)} if elsewhere else here
    for turn in turns:
        number = named.get(turn.pk)
        if number is None:
            continue
        if number in keys:
            values[turn.pk][field] = keys[number]
        else:
            turn.refuse(_("Row %(row)d, which this row names, was not written.") % {"row": number}, field)


def create_named(turns: Sequence[Turn], job: ImportJob, *, actor: User | None) -> dict[str, dict[str, int]]:
    """Create the units and positions that these rows name and no earlier ones did: {field: {folded name: key}}.

    They are noted as rows of the load, so that an undo finds them.
    """
    wanted: dict[str, dict[str, str]] = {}
    for turn in turns:
        for field in _CREATORS:
            if name := name_to_create(turn.after.get(field)):
                wanted.setdefault(field, {}).setdefault(fold(name), name)
    if not wanted:
        return {}
    keys: dict[str, dict[str, int]] = {field: {} for field in wanted}
    for after, key in ImportRow.objects.filter(job=job, verdict=MADE).values_list("after", "object_id"):
        for field, name in after.items():
            keys.setdefault(field, {})[fold(name)] = key
    for field, names in wanted.items():
        new = [name for folded_name, name in names.items() if folded_name not in keys[field]]
        _refuse_known(turns, field, new)
        if new:
            rows = _CREATORS[field](new, actor)
            keys[field].update((fold(name), row.pk) for name, row in zip(new, rows, strict=True))
            _note_made(job, field, new, rows)
    return keys


def _refuse_known(turns: Sequence[Turn], field: str, names: Iterable[str]) -> None:
    """Names that somebody else gave meanwhile: with a second unit of that name nobody could tell them apart."""
    model = MADE_MODELS[field]
    name_field = "title" if field == "position" else "name"
    known = folded(model.objects.values_list(name_field, flat=True)) if names else set()
    for turn in turns:
        name = name_to_create(turn.after.get(field))
        if name is not None and name in names and fold(name) in known:
            turn.refuse(_("%(name)s has been created meanwhile.") % {"name": f"«{name}»"}, field)
    require_fit(turns)


def _create_units(names: Sequence[str], actor: User | None) -> Sequence[Any]:
    taken = folded(OrgUnit.objects.values_list("code", flat=True))
    roots = list(OrgUnit.objects.filter(parent=None).values_list("pk", flat=True)[:2])
    # Below the organisation itself where there is one; whoever knows better moves them.
    parent = roots[0] if len(roots) == 1 else None
    new = [NewOrgUnit(code=made_code(name, taken), name=name, parent_id=parent) for name in names]
    return create_org_units(new, actor=actor)


def _create_positions(names: Sequence[str], actor: User | None) -> Sequence[Any]:
    taken = folded(Position.objects.values_list("code", flat=True))
    return create_positions([NewPosition(code=made_code(name, taken), title=name) for name in names], actor=actor)


_CREATORS: dict[str, Callable[[Sequence[str], Any], Sequence[Any]]] = {
    "org_unit": _create_units,
    "position": _create_positions,
}
MADE_MODELS: dict[str, type[OrgUnit] | type[Position]] = {"org_unit": OrgUnit, "position": Position}


def _note_made(job: ImportJob, field: str, names: Sequence[str], rows: Sequence[Any]) -> None:
    now = timezone.now()
    common = {
        "job_id": job.pk, "version": 1, "created_at": now, "updated_at": now, "number": None, "step": None,
        "verdict": MADE, "employee_id": None, "event_id": None, "before": {}, "read_version": None,
        "written_version": 1, "errors": [], "causes": "", "cells": [], "undone": "", "kept_because": "",
    }  # fmt: skip
    insert_only(
        ImportRow,
        [
            common | {"label": str(row)[:200], "object_id": row.pk, "after": {field: name}}
            for name, row in zip(names, rows, strict=True)
        ],
    )
