"""The catalogue of positions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from core.errors import DomainError
from hr.models import Position
from hr.permissions import can_change_position, can_create_positions, can_delete_position, require
from hr.services.catalogue import change_rows, create_rows
from hr.services.rows import locked
from hr.services.writing import business_atomic, remove

if TYPE_CHECKING:
    from core.models import User


@dataclass(slots=True, kw_only=True)
class NewPosition:
    code: str
    title: str


@business_atomic
def create_positions(rows: Sequence[NewPosition], *, actor: User | None) -> list[Position]:
    """Add positions; returns them in the order given. Raises NotAllowed, DomainError for a broken rule."""
    require(can_create_positions(actor))
    return create_rows(Position, rows)


@business_atomic
def change_positions(
    changes: Mapping[int, Mapping[str, Any]],
    *,
    actor: User | None,
    versions: Mapping[int, int] | None = None,
    reason: str = "",
) -> list[Position]:
    """Set code or title per position, {id: {field: value}}; returns those that differ from before.

    Raises StaleRow, NotFound, NotAllowed, DomainError.
    """
    return change_rows(Position, changes, may_change=can_change_position, actor=actor, versions=versions, reason=reason)


@business_atomic
def delete_positions(ids: Collection[int], *, actor: User | None) -> int:
    """Delete positions that nobody holds or held, and no event names; returns how many. Their history stays."""
    positions = locked(Position, ids, actor)
    for position in positions.values():
        require(can_delete_position(actor, position))
        if people := position.employees.count():
            raise DomainError(
                _("%(position)s is in use: people who hold or held it %(people)d.")
                % {"position": position, "people": people}
            )
    return remove(list(positions.values()))
