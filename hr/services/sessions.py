"""The sessions of an event of several planned: in order, apart from one another, and the event lasts as long as they.

The event is locked first, and gets a new version whenever its sessions change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidTransition, NotFound
from hr import wall_clock
from hr.models import Attendance, Event, EventSession, Outcome, SessionMark
from hr.permissions import can_change_event, require
from hr.services import marks, outbox
from hr.services.clean import clean_reason
from hr.services.rows import assign, locked, naming, refuse_stale
from hr.services.writing import business_atomic, complete, insert, record, remove_lines, write

if TYPE_CHECKING:
    from core.models import User

State = Event.State
MOST = 200
# Above every number of a session.
APART = 10_000


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """When one session is; `id` is that of a session that exists already."""

    starts_at: datetime
    ends_at: datetime
    id: int | None = None


@business_atomic
def plan_sessions(
    plans: Mapping[int, Sequence[SessionTimes]],
    *,
    actor: User | None,
    reason: str = "",
    versions: Mapping[int, int] | None = None,
) -> list[Event]:
    """Let events have just these sessions, {event id: planned}; returns the events whose sessions changed.

    Sessions that are not named go. They are numbered in the order of time; the event begins with the first and ends
    with the last. People know the times of a published event: to change them takes a reason, and they are told.
    Raises InvalidTransition from completed on, DomainError for a session of which attendance was marked, StaleRow.
    """
    events = locked(Event, plans.keys(), actor)
    refuse_stale(events, versions, actor)
    changed = []
    for key, planned in plans.items():
        with naming(events[key], among=len(plans)):
            require(can_change_event(actor, events[key]))
            if _plan(events[key], planned):
                changed.append(events[key])
    tell_of_new_times(changed, reason=reason)
    marks.follow_sessions([event.pk for event in changed], actor=actor)
    return changed


def tell_of_new_times(events: Sequence[Event], *, reason: str) -> None:
    """Write events whose times were changed, and tell whoever knows the old ones, which takes a reason."""
    known = [event for event in events if event.state != State.DRAFT]
    for event in known:
        event.state_reason = clean_reason(reason)
    write(events, ["starts_at", "ends_at", "state_reason"], reason=reason)
    kind = "event.postponed"
    outbox.add(kind, {f"{kind}:{event.pk}:{event.version}": {"event_id": event.pk} for event in known})


def add_sessions(event: Event, planned: Sequence[SessionTimes]) -> None:
    """Give an event of the same call its sessions."""
    _insert([_new(event, number, times) for number, times in enumerate(planned, 1)])


def shifted(planned: Sequence[SessionTimes], by: timedelta) -> list[SessionTimes]:
    """As much later by the clock on the wall, each as long as before."""
    moved = []
    for times in planned:
        starts_at = wall_clock.shifted(times.starts_at, by)
        moved.append(SessionTimes(starts_at, starts_at + (times.ends_at - times.starts_at), times.id))
    return moved


def move_sessions(event: Event, by: timedelta) -> list[SessionTimes]:
    """Let all sessions of an event be as much later, by the clock on the wall; returns when they are then.

    The caller has locked the event, and writes its times.
    """
    planned = shifted(times_of(event), by)
    _plan(event, planned)
    return planned


def times_of(event: Event) -> list[SessionTimes]:
    rows = EventSession.objects.filter(event=event).order_by("number")
    return [SessionTimes(row.starts_at, row.ends_at, row.pk) for row in rows]


def _plan(event: Event, planned: Sequence[SessionTimes]) -> bool:
    """Write the sessions of an event and set its times, unwritten; whether anything is other than before."""
    if event.state not in (State.DRAFT, *Event.ENROLLING):
        raise InvalidTransition(
            _("%(event)s is %(now)s, and its sessions stay as they are.")
            % {"event": event, "now": event.get_state_display()}
        )
    ordered = sorted(planned, key=lambda times: (times.starts_at, times.ends_at))
    _check(ordered)
    going = {row.pk: row for row in EventSession.objects.filter(event=event).select_for_update().order_by("pk")}
    if ordered and not going:
        _refuse_noted(event)
    new, changed, moved = [], [], []
    for number, times in enumerate(ordered, 1):
        if times.id is None:
            new.append(_new(event, number, times))
            continue
        row = going.pop(times.id, None)
        if row is None:
            raise NotFound()
        fields = assign(row, {"number": number, "starts_at": times.starts_at, "ends_at": times.ends_at})
        if fields:
            changed.append(row)
        if fields not in ([], ["number"]):
            moved.append(row)
    if not (going or new or changed):
        return False
    _refuse_marked([*going.values(), *moved])
    remove_lines(EventSession, list(going))
    _write(changed)
    _insert(new)
    if ordered:
        event.starts_at, event.ends_at = ordered[0].starts_at, ordered[-1].ends_at
    return True


def _check(ordered: Sequence[SessionTimes]) -> None:
    if len(ordered) > MOST:
        raise DomainError(_("An event has at most %(most)d sessions.") % {"most": MOST})
    for number, times in enumerate(ordered, 1):
        if times.ends_at <= times.starts_at:
            raise DomainError(_("Session %(number)d must end after it starts.") % {"number": number})
    for number, (before, after) in enumerate(pairwise(ordered), 1):
        if after.starts_at < before.ends_at:
            raise DomainError(
                _("Session %(next)d begins before session %(number)d ends.") % {"number": number, "next": number + 1}
            )


def _refuse_marked(sessions: Sequence[EventSession]) -> None:
    marks = SessionMark.objects.filter(session__in=[row.pk for row in sessions])
    if marks.exists():
        raise DomainError(_("Attendance was marked at a session that would move or go; it stays as it is."))


def _refuse_noted(event: Event) -> None:
    if Attendance.objects.filter(event=event).exclude(outcome=Outcome.PENDING).exists():
        raise DomainError(_("Attendance was marked for the event as a whole; it cannot get sessions now."))


def _write(rows: Sequence[EventSession]) -> None:
    """Two may change numbers, which are unique: all give theirs up first."""
    numbers = [row.number for row in rows]
    for row in rows:
        row.number += APART
    complete(rows, ["number"])
    for row, number in zip(rows, numbers, strict=True):
        row.number = number
    write(rows, ["number", "starts_at", "ends_at"])


def _new(event: Event, number: int, times: SessionTimes) -> EventSession:
    return EventSession(event=event, number=number, starts_at=times.starts_at, ends_at=times.ends_at)


def _insert(rows: Sequence[EventSession]) -> None:
    if rows:
        insert(rows, unique="number", within={"event_id": rows[0].event_id})
        record([row.pk for row in rows], EventSession, "+")
