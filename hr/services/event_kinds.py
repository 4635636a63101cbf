"""The catalogue of kinds of events."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from core.errors import DomainError
from hr.models import EventKind
from hr.permissions import can_change_event_kind, can_create_event_kinds, can_delete_event_kind, require
from hr.services.catalogue import change_rows, create_rows
from hr.services.rows import locked
from hr.services.writing import business_atomic, remove

if TYPE_CHECKING:
    from core.models import User


@dataclass(slots=True, kw_only=True)
class NewEventKind:
    """`validity_months`: how long attendance counts where it is mandatory; None for ever."""

    code: str
    name: str
    validity_months: int | None = None


@business_atomic
def create_event_kinds(rows: Sequence[NewEventKind], *, actor: User | None) -> list[EventKind]:
    """Add kinds; returns them in the order given. Raises NotAllowed, DomainError for a broken rule."""
    require(can_create_event_kinds(actor))
    return create_rows(EventKind, rows)


@business_atomic
def change_event_kinds(
    changes: Mapping[int, Mapping[str, Any]],
    *,
    actor: User | None,
    versions: Mapping[int, int] | None = None,
    reason: str = "",
) -> list[EventKind]:
    """Set code, name or validity per kind, {id: {field: value}}; returns those that differ from before.

    Raises StaleRow, NotFound, NotAllowed, DomainError.
    """
    return change_rows(
        EventKind, changes, may_change=can_change_event_kind, actor=actor, versions=versions, reason=reason
    )


@business_atomic
def delete_event_kinds(ids: Collection[int], *, actor: User | None) -> int:
    """Delete kinds of which there is no event; returns how many. Their history stays."""
    kinds = locked(EventKind, ids, actor)
    for kind in kinds.values():
        require(can_delete_event_kind(actor, kind))
        if count := kind.events.count():
            raise DomainError(_("%(kind)s is in use: events of this kind %(count)d.") % {"kind": kind, "count": count})
    return remove(list(kinds.values()))
