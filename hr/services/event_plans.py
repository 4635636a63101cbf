"""Planning events: create, change, copy, delete. Their states are led by hr/services/events.py, which has all verbs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidTransition
from hr import wall_clock
from hr.models import Attendance, EvaluationRound, Event, EventAudience, EventKind, EventSession, SessionMark
from hr.permissions import can_change_event, can_create_events, can_delete_event, require
from hr.services import enrolment
from hr.services.audiences import copy_audience
from hr.services.clean import check_fields, clean_catalogue, clean_code
from hr.services.codes import next_event_codes
from hr.services.rows import assign, locked, naming, refuse_stale, require_known
from hr.services.sessions import add_sessions, shifted, times_of
from hr.services.writing import business_atomic, insert, record, remove, remove_lines, write

if TYPE_CHECKING:
    from core.models import User

State = Event.State
TIMES = frozenset({"starts_at", "ends_at"})
WORDS = frozenset({"title", "description", "place"})
PLAN = WORDS | {"code", "kind_id", "capacity", "mandatory", "open_enrolment", "completion_percent"}
# What may still be changed. Whoever was told when a published event begins is told of another time: postpone_events.
CHANGEABLE: dict[str, frozenset[str]] = {
    State.DRAFT: PLAN | TIMES,
    State.PUBLISHED: PLAN,
    State.IN_PROGRESS: PLAN | {"ends_at"},
    State.COMPLETED: WORDS | {"code", "kind_id", "mandatory"},
    State.CLOSED: frozenset({"mandatory"}),
    State.CANCELLED: frozenset(),
}
COPIED = ("title", "kind_id", "description", "place", "capacity", "mandatory", "open_enrolment", "completion_percent")


@dataclass(slots=True, kw_only=True)
class NewEvent:
    """One event to plan; without a code it gets the next free one."""

    title: str
    kind_id: int
    starts_at: datetime
    ends_at: datetime
    code: str = ""
    description: str = ""
    place: str = ""
    capacity: int | None = None
    mandatory: bool = False
    open_enrolment: bool = False
    completion_percent: int = 80


@business_atomic
def create_events(rows: Sequence[NewEvent], *, actor: User | None) -> list[Event]:
    """Add drafts; returns them in the order given. Raises NotAllowed, NotFound for a kind, DomainError."""
    require(can_create_events(actor))
    given = {clean_code(row.code) for row in rows}
    made = iter(next_event_codes(sum(not clean_code(row.code) for row in rows), taken=given))
    events = []
    for row in rows:
        values = asdict(row) | {"code": clean_code(row.code) or next(made)}
        with naming(values["code"], among=len(rows)):
            cleaned = clean_catalogue(Event, values)
            check_fields(Event, cleaned)
        events.append(Event(**cleaned))
    require_known(EventKind, [event.kind_id for event in events], actor, field="kind")
    record([event.pk for event in insert(events)], Event, "+")
    return events


@business_atomic
def change_events(
    changes: Mapping[int, Mapping[str, Any]],
    *,
    actor: User | None,
    versions: Mapping[int, int] | None = None,
    reason: str = "",
) -> list[Event]:
    """Set values per event, {id: {field: value}}; returns those that differ from before.

    What may be changed depends on the state (CHANGEABLE). More seats let the first of the wait-list in.
    Raises StaleRow, NotFound, NotAllowed, InvalidTransition for a field that is settled, DomainError.
    """
    events = locked(Event, changes.keys(), actor)
    refuse_stale(events, versions, actor)
    written, fields, roomier = [], set(), []
    for key, values in changes.items():
        event = events[key]
        with naming(event, among=len(changes)):
            require(can_change_event(actor, event))
            changed = _change(event, values)
        if changed:
            written.append(event)
            fields.update(changed)
        if "capacity" in changed and event.state in Event.ENROLLING:
            roomier.append(key)
    require_known(EventKind, [event.kind_id for event in written], actor, field="kind")
    write(written, sorted(fields), reason=reason)
    if roomier:
        enrolment.promote_waitlisted(roomier, actor=actor)
    return written


@business_atomic
def clone_event(
    event_id: int, *, actor: User | None, starts_at: datetime | None = None, title: str = "", code: str = ""
) -> Event:
    """A new draft like the event: for the same audience, with the same sessions, all as much later as it begins."""
    source = locked(Event, [event_id], actor)[event_id]
    starts_at = starts_at or source.starts_at
    sessions = times_of(source)
    if starts_at != source.starts_at:
        sessions = shifted(sessions, wall_clock.apart(starts_at, source.starts_at))
    values = {name: getattr(source, name) for name in COPIED} | ({"title": title} if title else {})
    ends_at = sessions[-1].ends_at if sessions else starts_at + source.duration
    [copy] = create_events([NewEvent(**values, code=code, starts_at=starts_at, ends_at=ends_at)], actor=actor)
    add_sessions(copy, sessions)
    copy_audience(source, copy)
    return copy


@business_atomic
def delete_events(ids: Collection[int], *, actor: User | None) -> int:
    """Delete drafts in which nobody was ever enrolled, with audience and sessions; returns how many."""
    events = locked(Event, ids, actor)
    for event in events.values():
        require(can_delete_event(actor, event))
        if event.state != State.DRAFT:
            raise InvalidTransition(
                _("%(event)s is %(now)s; only drafts are deleted.") % {"event": event, "now": event.get_state_display()}
            )
        _refuse_used(event)
    for model in (EventAudience, EventSession):
        remove_lines(model, list(model.objects.filter(event_id__in=events).values_list("pk", flat=True)))
    return remove(list(events.values()))


def _change(event: Event, values: Mapping[str, Any]) -> list[str]:
    """Set the values in memory, by the rules of one event; returns the columns that differ from before."""
    cleaned = clean_catalogue(Event, values)
    check_fields(Event, cleaned)
    before = event.completion_percent
    changed = assign(event, cleaned)
    for name in changed:
        if name not in CHANGEABLE[event.state]:
            raise InvalidTransition(_refusal(event, name), field=Event._meta.get_field(name).name)
    if TIMES & set(changed) and EventSession.objects.filter(event=event).exists():
        raise DomainError(_("Its times follow from its sessions: change those."), field="starts_at")
    if "capacity" in changed and event.capacity is not None and event.capacity < event.seats_taken:
        raise DomainError(
            _("%(seats)d seats are taken: it cannot have fewer.") % {"seats": event.seats_taken}, field="capacity"
        )
    if event.completion_percent != before and SessionMark.objects.filter(session__event=event).exists():
        raise DomainError(_("Attendance was marked by this rule already."), field="completion_percent")
    return changed


def _refusal(event: Event, name: str) -> str:
    if name in TIMES and event.state == State.PUBLISHED:
        return _("Everybody was told when it begins and ends: postpone it, with a reason.")
    return _("%(event)s is %(now)s: «%(field)s» stays as it is.") % {
        "event": event,
        "now": event.get_state_display(),
        "field": Event._meta.get_field(name).verbose_name,
    }


def _refuse_used(event: Event) -> None:
    """A draft may have been published before."""
    people = Attendance.objects.filter(event=event).count()
    if people or EvaluationRound.objects.filter(event=event).exists():
        raise DomainError(
            _("%(event)s is in use: people who were enrolled %(people)d, or an evaluation. Cancel it instead.")
            % {"event": event, "people": people}
        )
