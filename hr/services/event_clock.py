"""What the clock does about events: they begin and end by themselves, and people are reminded a day before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import batched

from django.db.models import QuerySet
from django.utils import timezone

from hr import wall_clock
from hr.models import Event
from hr.services import outbox
from hr.services.events import complete_events, start_events
from hr.services.rows import lock
from hr.services.writing import business_atomic

State = Event.State
REMINDED_BEFORE = timedelta(days=1)


@business_atomic
def start_due(*, limit: int, actor: None = None) -> int:
    """Start published events that have begun, those longest ago first; returns how many."""
    due = Event.objects.filter(state=State.PUBLISHED, starts_at__lte=timezone.now())
    return len(start_events(_still(due, limit), actor=actor))


@business_atomic
def complete_due(*, limit: int, actor: None = None) -> int:
    """Complete events in progress that are over; returns how many."""
    due = Event.objects.filter(state=State.IN_PROGRESS, ends_at__lte=timezone.now())
    return len(complete_events(_still(due, limit), actor=actor))


@business_atomic
def remind_due(*, limit: int, actor: None = None) -> int:
    """Remind of published events that begin within a day, of each once; of a postponed one again. Returns how many.

    All that are near are looked at, so many at once: those reminded of already must not stand before the others.
    """
    now = timezone.now()
    near = Event.objects.filter(
        state=State.PUBLISHED, starts_at__gt=now, starts_at__lte=wall_clock.shifted(now, REMINDED_BEFORE)
    )
    times = near.order_by("starts_at", "pk").values_list("pk", "starts_at")
    return sum(_remind(part) for part in batched(times, limit))


def _remind(times: Iterable[tuple[int, datetime]]) -> int:
    kind = "event.reminder"
    return outbox.add(kind, {f"{kind}:{key}:{at:%Y%m%dT%H%M%S}": {"event_id": key} for key, at in times})


def _still(due: QuerySet[Event], limit: int) -> list[int]:
    """The keys of the first due events, locked: one that somebody changed meanwhile is not among them."""
    keys = list(due.order_by("starts_at", "pk").values_list("pk", flat=True)[:limit])
    locked = lock(Event, keys, None)
    return list(due.filter(pk__in=locked).order_by("pk").values_list("pk", flat=True))
