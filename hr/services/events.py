"""The life of events, verb by verb. Legal steps are Event.NEXT; HR takes them, and some the clock (`actor` None).

Locks are taken in one order everywhere: events, then attendance, then evaluations.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidTransition
from hr import wall_clock
from hr.models import Attendance, Event, Outcome
from hr.permissions import can_change_event, require
from hr.services import enrolment, marks, outbox
from hr.services.clean import clean_reason
from hr.services.evaluations import cancel_evaluations_of
from hr.services.event_plans import NewEvent, change_events, clone_event, create_events, delete_events
from hr.services.rows import locked, naming
from hr.services.sessions import move_sessions, tell_of_new_times
from hr.services.writing import business_atomic, write

if TYPE_CHECKING:
    from core.models import User

__all__ = [
    "NewEvent",
    "cancel_events",
    "change_events",
    "clone_event",
    "close_events",
    "complete_events",
    "create_events",
    "delete_events",
    "postpone_events",
    "publish_events",
    "reopen_events",
    "start_events",
    "unpublish_events",
]

State = Event.State


@business_atomic
def publish_events(ids: Collection[int], *, actor: User | None) -> list[Event]:
    """Make drafts known and enrol their audience, those included whom going back to draft had cancelled.

    Of an event that is over nobody is told: it is published for its roll.
    """
    events = _move(ids, State.PUBLISHED, actor=actor)
    enrolment.renew_after_draft(ids, actor=actor)
    enrolment.enrol_audience(ids, actor=actor, announced=True)
    _tell("event.published", [event for event in events if not event.is_over])
    return events


@business_atomic
def unpublish_events(ids: Collection[int], *, actor: User | None, reason: str = "") -> list[Event]:
    """Back to draft: every enrolment is cancelled. Raises DomainError once attendance was marked."""
    events = _move(ids, State.DRAFT, actor=actor, reason=reason)
    marked = Attendance.objects.filter(event_id__in=ids).exclude(outcome=Outcome.PENDING)
    if first := marked.order_by("pk").select_related("event").first():
        message = _("Attendance of %(event)s was marked, so that it cannot be a draft.")
        raise DomainError(message % {"event": first.event})
    enrolment.cancel_all(ids, cancelled_from=Attendance.CancelledFrom.DRAFT, actor=actor)
    return events


@business_atomic
def start_events(ids: Collection[int], *, actor: User | None) -> list[Event]:
    """Published events take place now: the clock says so when they begin, HR may before."""
    return _move(ids, State.IN_PROGRESS, actor=actor)


@business_atomic
def complete_events(ids: Collection[int], *, actor: User | None) -> list[Event]:
    """Events are over; the roll-call goes on until they are closed. Raises InvalidTransition before they end."""
    events = _move(ids, State.COMPLETED, only_from=State.IN_PROGRESS, actor=actor)
    for event in events:
        if not event.is_over:
            raise InvalidTransition(
                _("%(event)s ends on %(moment)s. If it ended before, change that first.")
                % {"event": event, "moment": _moment(event.ends_at)}
            )
    return events


@business_atomic
def close_events(ids: Collection[int], *, actor: User | None) -> list[Event]:
    """The roll is final: whoever is still pending was absent, and later changes are corrections."""
    events = _step(ids, State.CLOSED, actor=actor)
    marks.close_pending(ids, actor=actor)
    return _write(events)


@business_atomic
def reopen_events(ids: Collection[int], *, actor: User | None, reason: str) -> list[Event]:
    """Closed events go back to completed, so that the roll can be taken again."""
    return _move(ids, State.COMPLETED, only_from=State.CLOSED, actor=actor, reason=clean_reason(reason))


@business_atomic
def cancel_events(ids: Collection[int], *, actor: User | None, reason: str) -> list[Event]:
    """Events do not take place, or not further: for good. Every enrolment is cancelled, with the evaluations
    not submitted yet, and people are told."""
    known = {key for key, event in locked(Event, ids, actor).items() if event.state != State.DRAFT}
    events = _move(ids, State.CANCELLED, actor=actor, reason=clean_reason(reason))
    enrolment.cancel_all(ids, cancelled_from=Attendance.CancelledFrom.EVENT, actor=actor)
    cancel_evaluations_of(ids, actor=actor)
    _tell("event.cancelled", [event for event in events if event.pk in known])
    return events


@business_atomic
def postpone_events(
    ids: Collection[int], *, starts_at: datetime, actor: User | None, ends_at: datetime | None = None, reason: str = ""
) -> list[Event]:
    """Let events begin at another time, later or earlier; without `ends_at` they last as long as before.

    Sessions move along by the clock on the wall. A published event takes a reason, and people are told. Raises
    InvalidTransition once an event has begun, DomainError for a time that has passed.
    """
    events = list(locked(Event, ids, actor).values())
    for event in events:
        with naming(event, among=len(events)):
            require(can_change_event(actor, event))
            _postpone(event, starts_at, ends_at)
    tell_of_new_times(events, reason=reason)
    return events


def _postpone(event: Event, starts_at: datetime, ends_at: datetime | None) -> None:
    """Set the new times in memory, and write those of the sessions."""
    if event.state not in (State.DRAFT, State.PUBLISHED):
        raise InvalidTransition(
            _("%(event)s is %(now)s and cannot be postponed.") % {"event": event, "now": event.get_state_display()}
        )
    if event.state == State.PUBLISHED and starts_at <= timezone.now():
        raise DomainError(_("That time has passed."), field="starts_at")
    if starts_at == event.starts_at and ends_at in (None, event.ends_at):
        raise DomainError(_("These are its times already."), field="starts_at")
    sessions = move_sessions(event, wall_clock.apart(starts_at, event.starts_at))
    if not sessions:
        event.starts_at, event.ends_at = starts_at, ends_at or starts_at + event.duration
        return
    if ends_at not in (None, sessions[-1].ends_at):
        raise DomainError(_("It ends with its last session: leave this empty."), field="ends_at")
    event.starts_at, event.ends_at = sessions[0].starts_at, sessions[-1].ends_at


def _move(
    ids: Collection[int], state: str, *, actor: User | None, only_from: str | None = None, reason: str = ""
) -> list[Event]:
    return _write(_step(ids, state, actor=actor, only_from=only_from), reason=reason)


def _step(ids: Collection[int], state: str, *, actor: User | None, only_from: str | None = None) -> list[Event]:
    """The events, locked, in their next state, which is not written yet."""
    events = list(locked(Event, ids, actor).values())
    for event in events:
        require(can_change_event(actor, event))
        event.move_to(state, only_from=only_from)
    return events


def _write(events: Sequence[Event], *, reason: str = "") -> list[Event]:
    for event in events:
        event.state_reason = reason
    return write(events, ["state", "state_reason"], reason=reason)


def _tell(kind: str, events: Iterable[Event]) -> None:
    outbox.add(kind, {f"{kind}:{event.pk}:{event.version}": {"event_id": event.pk} for event in events})


def _moment(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")
