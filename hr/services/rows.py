"""What services share before they write: rows under lock and in scope, the order of changes, stale versions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import batched
from typing import TYPE_CHECKING, Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, NotFound, StaleRow
from hr.history import what_changed_since
from hr.models import Lease
from hr.models.base import BusinessModel
from hr.services.writing import BATCH

if TYPE_CHECKING:
    from core.models import User


def locked[Row: BusinessModel](model: type[Row], ids: Collection[int], actor: User | None) -> dict[int, Row]:
    """The rows by key, locked in key order. Raises NotFound if one is missing or outside the actor's scope."""
    rows = lock(model, ids, actor)
    require_all(rows, ids)
    return rows


def lock[Row: BusinessModel](model: type[Row], ids: Collection[int], actor: User | None) -> dict[int, Row]:
    """Those of the rows that exist for the actor, locked in key order, so that two callers never cross."""
    rows: dict[int, Row] = {}
    for batch in batched(sorted(set(ids)), BATCH):
        rows.update((row.pk, row) for row in _visible(model, actor).lock(batch))
    return rows


def require_all[Row: BusinessModel](rows: Mapping[int, Row], ids: Iterable[int], *, field: str | None = None) -> None:
    """Raise NotFound (on `field`) unless every id is among the rows."""
    if set(ids) - rows.keys():
        raise NotFound(field=field)


def require_known(model: type[BusinessModel], ids: Iterable[int | None], actor: User | None, *, field: str) -> None:
    """Raise NotFound on `field` unless all rows that its values name exist for the actor."""
    wanted = sorted({key for key in ids if key is not None})
    for batch in batched(wanted, BATCH):
        if _visible(model, actor).filter(pk__in=batch).count() < len(batch):
            raise NotFound(field=field)


def hold(name: str) -> None:
    """Until the transaction ends nobody else passes here: for rules over many rows, such as "no cycle".

    It also writes the row it locks, so that a second Galera node fails certification.
    """
    defaults = {"holder": "", "expires_at": timezone.now()}
    lock, _created = Lease.objects.select_for_update().get_or_create(name=name, defaults=defaults)
    Lease.objects.filter(pk=lock.pk).update(version=F("version") + 1)


def refuse_stale(rows: Mapping[int, BusinessModel], versions: Mapping[int, int] | None, actor: User | None) -> None:
    """Raise StaleRow if a row is no longer at the version it was read at, saying who changed what since."""
    for key, version in (versions or {}).items():
        if rows[key].version != version:
            raise StaleRow(what_changed_since(rows[key], version, user=actor))


def levels[Row: BusinessModel](rows: Sequence[Row], above: str) -> Iterator[list[Row]]:
    """Unsaved rows so that each comes after the unsaved row it has in `above`: the caller saves a level, then takes
    the next. Rows that wait for one another are never given out.
    """
    waiting: dict[int, list[Row]] = {}
    level: list[Row] = []
    for row in rows:
        parent = getattr(row, above)
        (level if parent is None or parent.pk else waiting.setdefault(id(parent), [])).append(row)
    while level:
        for row in level:
            setattr(row, above, getattr(row, above))  # takes over the key that the row above has by now
        yield level
        level = [below for row in level for below in waiting.get(id(row), ())]


@contextmanager
def naming(row: object, *, among: int) -> Iterator[None]:
    """In a call about several rows, a broken rule says which row it is about."""
    try:
        yield
    except DomainError as error:
        if among > 1:
            error.message = _("%(row)s: %(message)s") % {"row": row, "message": error.message}
        raise


def assign(row: BusinessModel, values: Mapping[str, Any]) -> list[str]:
    """Set the values on the row; returns the fields that differ from before."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed


def _visible[Row: BusinessModel](model: type[Row], actor: User | None):
    return model.objects.all() if actor is None else model.objects.visible_to(actor)
