"""What catalogues, of positions and of kinds of events, have in common: rows with a code and a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from hr.models.base import BusinessModel
from hr.permissions import require
from hr.services.clean import check_fields, clean_catalogue
from hr.services.rows import assign, locked, naming, refuse_stale
from hr.services.writing import insert, record, write

if TYPE_CHECKING:
    from core.models import User


def create_rows[Row: BusinessModel](model: type[Row], new: Sequence[Any]) -> list[Row]:
    """Rows made from dataclasses of their values; in the order given."""
    rows = []
    for values in new:
        with naming(values.code, among=len(new)):
            cleaned = clean_catalogue(model, asdict(values))
            check_fields(model, cleaned)
        rows.append(model(**cleaned))
    record([row.pk for row in insert(rows)], model, "+")
    return rows


def change_rows[Row: BusinessModel](
    model: type[Row],
    changes: Mapping[int, Mapping[str, Any]],
    *,
    may_change: Callable[[User | None, Row], bool],
    actor: User | None,
    versions: Mapping[int, int] | None,
    reason: str,
) -> list[Row]:
    """Set values per row, {id: {field: value}}; returns those that differ from before."""
    rows = locked(model, changes.keys(), actor)
    refuse_stale(rows, versions, actor)
    written, fields = [], set()
    for key, values in changes.items():
        row = rows[key]
        with naming(row, among=len(changes)):
            require(may_change(actor, row))
            cleaned = clean_catalogue(model, values)
            check_fields(model, cleaned)
            changed = assign(row, cleaned)
        if changed:
            written.append(row)
            fields.update(changed)
    return write(written, sorted(fields), reason=reason)
