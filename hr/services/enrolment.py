"""Who takes part in an event: enrolling, registering, confirming, cancelling. docs/enrolment.md tells the rules.

Every verb holds the events first and then their attendance, and leaves the seats right (seats.py). What is done to all
of an event's people at once is in mass_enrolment.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import batched, chain
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidTransition, NotAllowed, NotFound
from hr.models import Attendance, Employee, Event, Outcome
from hr.models.attendance import CAME
from hr.permissions import can_confirm, can_register, require
from hr.scope import facts_of
from hr.services.mass_enrolment import cancel_all, enrol_audience, renew_after_draft
from hr.services.rows import locked, naming, require_all
from hr.services.seats import CANCELLED, ENROLLED, WAITLISTED, Status, held, place, tell
from hr.services.writing import BATCH, business_atomic, insert, record, write

if TYPE_CHECKING:
    from core.models import User

__all__ = [
    "cancel_all",
    "cancel_attendance",
    "confirm_attendance",
    "enrol_audience",
    "enrol_employees",
    "enrol_in_events",
    "people_to_enrol",
    "promote_waitlisted",
    "register",
    "renew_after_draft",
    "withdraw_leavers",
]

By = Attendance.CancelledFrom


@business_atomic
def enrol_employees(event_id: int, employee_ids: Collection[int], *, actor: User | None) -> list[Attendance]:
    """Put people into an event until it is closed, walk-ins included; returns theirs, in the order of `employee_ids`.

    Who is in it already stays as he is; a cancelled enrolment is renewed. Without a free seat they wait. Raises
    NotFound, NotAllowed, DomainError for who is not active or an event that takes nobody.
    """
    return enrol_in_events({event_id: employee_ids}, actor=actor)


@business_atomic
def enrol_in_events(people: Mapping[int, Collection[int]], *, actor: User | None) -> list[Attendance]:
    """The same for several events, {event: employees}; returns theirs, one event after the other."""
    wanted = {event_id: list(dict.fromkeys(keys)) for event_id, keys in people.items()}
    rows: list[Attendance] = []
    with held(wanted, actor) as here:
        for event in here.events.values():
            require_state(event, Event.MARKING)
        found = {person.pk: person for person in people_to_enrol(list(dict.fromkeys(chain(*wanted.values()))), actor)}
        for employee in found.values():
            with naming(employee, among=len(found)):
                _require_active(employee)
        for event_id, keys in wanted.items():
            rows += _enrol(here.events[event_id], [found[key] for key in keys])
    return rows


@business_atomic
def register(event_id: int, *, actor: User) -> Attendance:
    """The actor takes part: in a published event with open enrolment that is meant for him, before it starts.

    Raises NotFound, NotAllowed; DomainError if it has begun, or if a manager or HR took him out.
    """
    with held([event_id], actor) as here:
        event = here.events[event_id]
        require_state(event, {Event.State.PUBLISHED})
        require(can_register(actor, event), _("%(event)s is not open for you to register.") % {"event": event})
        require_not_begun(event)
        employee = Employee.objects.get(pk=facts_of(actor).employee_id)  # type: ignore[misc]  # who may register is one
        known = event.attendance.filter(employee=employee, status=Status.CANCELLED).first()
        if known is not None and known.cancelled_from == By.MANAGER:
            raise NotAllowed(_("Your enrolment was cancelled. Ask your manager or HR to renew it."))
        return _enrol(event, [employee])[0]


@business_atomic
def confirm_attendance(ids: Collection[int], *, actor: User | None) -> int:
    """Note that people will come; returns how many had not confirmed before. Their own, or by HR.

    Raises NotFound, NotAllowed, InvalidTransition for who waits or was cancelled.
    """
    confirmed = 0
    with held(_events_of(ids, actor)) as here:
        for rows in _locked_in_parts(ids, here.events, actor):
            for row in rows:
                require(can_confirm(actor, row.employee))
                require_state(row.event, Event.ENROLLING)
            new = [row for row in rows if row.status != Status.CONFIRMED]
            for row in new:
                row.move_to(Status.CONFIRMED)
            confirmed += len(write(new, ["status"]))
    return confirmed


@business_atomic
def cancel_attendance(ids: Collection[int], *, actor: User | None, reason: str = "") -> int:
    """End enrolments: one's own before the event starts, others' until it is closed; returns how many.

    The seats go to who waits. Raises NotFound, NotAllowed, DomainError for who came or an event that has begun.
    """
    with held(_events_of(ids, actor)) as here:
        for rows in _locked_in_parts(ids, here.events, actor):
            answered = _answered_for(rows, actor)
            for row in rows:
                with naming(row.employee, among=len(ids)):
                    require_state(row.event, Event.MARKING)
                    by = _cancelled_by(row, answered, actor)
                    require_not_come(row)
                    _cancel(row, by, reason)
            _write_cancelled(rows, reason)
    return len(set(ids))


@business_atomic
def withdraw_leavers(employee_ids: Collection[int], *, actor: User | None) -> int:
    """Take people who have left out of the events to come, and out of those now on in which nothing is marked of them.

    The system does, whoever ended the employments. Returns how many enrolments ended.
    """
    count = 0
    for part in batched(sorted(set(employee_ids)), BATCH):
        theirs = Attendance.objects.going().filter(
            employee_id__in=part, event__state__in=Event.ENROLLING, outcome=Outcome.PENDING
        )
        with held(set(theirs.order_by().values_list("event_id", flat=True))) as here:
            # Asked again under the lock; an event that took somebody in meanwhile is left to the clock.
            keys = list(theirs.filter(event_id__in=here.events).order_by("pk").values_list("pk", flat=True))
            for rows in _locked_in_parts(keys, here.events, None):
                for row in rows:
                    _cancel(row, By.LEFT, "")
                _write_cancelled(rows, "")
            count += len(keys)
    return count


@business_atomic
def promote_waitlisted(event_ids: Collection[int], *, actor: User | None) -> int:
    """Give seats that are free, after the capacity grew, to who waits; returns how many got one."""
    with held(event_ids) as here:
        pass
    return len(here.promoted)


def _enrol(event: Event, people: Sequence[Employee]) -> list[Attendance]:
    """Their enrolments in the event, which is held: new, renewed or as they were."""
    rows: dict[int, Attendance] = {}
    for part in batched([person.pk for person in people], BATCH):
        known = event.attendance.filter(employee_id__in=part).select_for_update().order_by("pk")
        rows.update({row.employee_id: row for row in known})
    now, changed = timezone.now(), []
    for person in people:
        row = rows.setdefault(person.pk, Attendance(event=event, employee=person))
        if row.pk is None or row.status == Status.CANCELLED:
            row.enrolled_at, row.cancelled_from, row.cancel_reason = now, "", ""
            changed.append(row)
    place(event, changed)
    new = [row for row in changed if row.pk is None]
    renewed = [row for row in changed if row.pk is not None]
    insert(new, unique="employee_id", within={"event_id": event.pk})
    record([row.pk for row in new], Attendance, "+")
    write(renewed, ["status", "enrolled_at", "cancelled_from", "cancel_reason"])
    tell(ENROLLED, {event: [row.pk for row in changed if row.status == Status.REGISTERED]})
    tell(WAITLISTED, {event: [row.pk for row in changed if row.status == Status.WAITLISTED]})
    return [rows[person.pk] for person in people]


def people_to_enrol(ids: Sequence[int], actor: User | None) -> list[Employee]:
    """Those to be enrolled, in the order given. Raises NotFound, NotAllowed."""
    seen, answered = Employee.objects.all(), Employee.objects.all()
    if actor is not None:
        seen, answered = seen.visible_to(actor), answered.enrollable_by(actor)
    found: dict[int, Employee] = {}
    allowed: set[int] = set()
    for part in batched(ids, BATCH):
        found.update(seen.in_bulk(part))
        allowed.update(answered.filter(pk__in=part).order_by().values_list("pk", flat=True))
    require_all(found, ids)
    require(allowed.issuperset(ids))
    return [found[key] for key in ids]


def _events_of(ids: Collection[int], actor: User | None) -> set[int]:
    """The events of enrolments that exist for the actor. Raises NotFound if one does not."""
    seen = Attendance.objects.all() if actor is None else Attendance.objects.visible_to(actor)
    events: dict[int, int] = {}
    for part in batched(sorted(set(ids)), BATCH):
        events.update(seen.filter(pk__in=part).order_by().values_list("pk", "event_id"))
    if set(ids) - events.keys():
        raise NotFound
    return set(events.values())


def _locked_in_parts(
    ids: Collection[int], events: dict[int, Event], actor: User | None
) -> Iterable[Sequence[Attendance]]:
    """The enrolments, locked, a thousand at a time, each with its event and its employee."""
    for part in batched(sorted(set(ids)), BATCH):
        rows = list(locked(Attendance, part, actor).values())
        people = Employee.objects.in_bulk({row.employee_id for row in rows})
        for row in rows:
            row.event, row.employee = events[row.event_id], people[row.employee_id]
        yield rows


def _answered_for(rows: Sequence[Attendance], actor: User | None) -> set[int]:
    """Which of their employees the actor may take out."""
    people = {row.employee_id for row in rows}
    if actor is None:
        return people
    answered = Employee.objects.enrollable_by(actor).filter(pk__in=people)
    return set(answered.order_by().values_list("pk", flat=True))


def _cancelled_by(row: Attendance, answered: Collection[int], actor: User | None) -> By:
    """As whom the actor cancels. Raises NotAllowed, or DomainError where it is too late for one's own."""
    own = actor is not None and facts_of(actor).employee_id == row.employee_id
    if row.employee_id in answered and not (own and not row.event.has_begun):
        return By.MANAGER
    require(own)
    require_not_begun(row.event)
    return By.SELF


def _cancel(row: Attendance, by: By, reason: str) -> None:
    if row.status in Attendance.SEATED:
        row.event.seats_taken -= 1
    row.move_to(Status.CANCELLED)
    row.cancelled_from, row.cancel_reason = by, reason[:200]


def _write_cancelled(rows: Sequence[Attendance], reason: str) -> None:
    write(rows, ["status", "cancelled_from", "cancel_reason"], reason=reason)
    ended: defaultdict[Event, list[int]] = defaultdict(list)
    for row in rows:
        ended[row.event].append(row.pk)
    tell(CANCELLED, ended)


def require_state(event: Event, states: Collection[str]) -> None:
    if event.state not in states:
        raise InvalidTransition(
            _("%(event)s is %(state)s: nobody's enrolment changes any more.")
            % {"event": event, "state": event.get_state_display()}
            if event.state != Event.State.DRAFT
            else _("%(event)s is not published yet.") % {"event": event}
        )


def require_not_begun(event: Event) -> None:
    if event.has_begun:
        raise DomainError(_("%(event)s has begun. Ask your manager or HR.") % {"event": event})


def require_not_come(row: Attendance) -> None:
    if row.outcome in CAME:
        raise DomainError(
            _("%(employee)s came, so the enrolment stays: correct the outcome first.") % {"employee": row.employee}
        )


def _require_active(employee: Employee) -> None:
    if employee.status != Employee.Status.ACTIVE:
        raise DomainError(
            _("%(employee)s is %(status)s and cannot be enrolled.")
            % {"employee": employee, "status": employee.get_status_display()}
        )
