"""What is done to all people of an event at once: a fixed number of statements, however many people."""

from __future__ import annotations

from collections.abc import Collection
from itertools import batched
from typing import TYPE_CHECKING

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import InvalidTransition
from hr.models import Attendance, Employee, Event
from hr.permissions import can_change_event, require
from hr.querysets import AttendanceQuerySet, EmployeeQuerySet
from hr.services.seats import CANCELLED, ENROLLED, WAITLISTED, Status, held, tell
from hr.services.writing import BATCH, business_atomic, insert_from, record_rows, write_rows

if TYPE_CHECKING:
    from core.models import User

By = Attendance.CancelledFrom


@business_atomic
def enrol_audience(event_ids: Collection[int], *, actor: User | None, announced: bool = False) -> int:
    """Enrol everybody whom the events are for and who is not in their lists; returns how many.

    Repeated it enrols nobody, and it renews nothing that was cancelled. With open enrolment people register instead.
    `announced` is said where a message about the event itself tells those with a seat. Raises InvalidTransition unless
    all are published or in progress.
    """
    tells = {WAITLISTED} if announced else {ENROLLED, WAITLISTED}
    require(can_change_event(actor))
    count = 0
    with held(event_ids, actor) as here:
        for event in here.events.values():
            _require_enrolling(event)
            if not event.open_enrolment:
                count += enrol_meant(event, Employee.objects.active().meant_for([event.pk]), tells=tells)
    return count


@business_atomic
def renew_after_draft(event_ids: Collection[int], *, actor: User | None) -> int:
    """Bring back what ended when the events went back to draft, each to its place in the order; returns how many.

    Only of those who are active. A message about the event tells those with a seat. Raises InvalidTransition unless all
    are published or in progress.
    """
    require(can_change_event(actor))
    count = 0
    with held(event_ids, actor) as here:
        for event in here.events.values():
            _require_enrolling(event)
            count += _renew(event)
    return count


@business_atomic
def cancel_all(event_ids: Collection[int], *, cancelled_from: str, actor: User | None) -> int:
    """End all enrolments of events that are cancelled, or go back to draft; returns how many."""
    require(can_change_event(actor))
    count = 0
    with held(event_ids, actor) as here:
        for event in here.events.values():
            going, ended = event.attendance.going(), {"status": Status.CANCELLED, "cancelled_from": cancelled_from}
            # Of a cancelled event everybody is told by a message about it.
            keys = _keys(going) if cancelled_from == By.DRAFT else []
            count += write_rows(going, ended, among=event.attendance.all())
            tell(CANCELLED, {event: keys})
            event.seats_taken = 0
    return count


def foreseen(event: Event) -> tuple[int, int]:
    """How many people publishing the draft would give a seat, and how many it would leave waiting for one."""
    count = _ended_by_draft(event).count()
    if not event.open_enrolment:
        count += Employee.objects.active().meant_for([event.pk]).not_in(event.pk).count()
    seated = count if event.seats_left is None else min(count, event.seats_left)
    return seated, count - seated


def enrol_meant(event: Event, people: EmployeeQuerySet, *, tells: Collection[str]) -> int:
    """Enrol those of `people` who are not in the list of the event, which is held: one INSERT … SELECT.

    Where seats are limited it takes two: they go to those who were entered first, the others wait. `tells` are the
    messages to be written.
    """
    now, missing = timezone.now(), people.not_in(event.pk)
    values = {"event_id": event.pk, "employee_id": F("pk"), "enrolled_at": now, "created_at": now, "updated_at": now}
    if event.seats_left is None:
        seated = insert_from(Attendance, missing.order_by(), values)
        count = seated
    else:
        missing = missing.order_by("pk")
        seated = insert_from(Attendance, missing[: event.seats_left], values)
        count = seated + insert_from(Attendance, missing, values | {"status": Status.WAITLISTED})
    if count:
        event.seats_taken += seated
        made = event.attendance.filter(created_at=now)
        record_rows(made, "+")
        for kind in tells:
            status = Status.WAITLISTED if kind == WAITLISTED else Status.REGISTERED
            tell(kind, {event: _keys(made.filter(status=status))})
    return count


def _renew(event: Event) -> int:
    of_event, ended = event.attendance.all(), _ended_by_draft(event)
    values = {"cancelled_from": "", "cancel_reason": ""}
    seated = values | {"status": Status.REGISTERED}
    if event.seats_left is None:
        count = write_rows(ended, seated, among=of_event)
        event.seats_taken += count
        return count
    first = ended.order_by("enrolled_at", "pk").values_list("pk", flat=True)[: event.seats_left]
    count = 0
    for part in batched(list(first), BATCH):
        count += write_rows(of_event.filter(pk__in=part), seated)
    event.seats_taken += count
    waiting = write_rows(ended, values | {"status": Status.WAITLISTED}, among=of_event)
    tell(WAITLISTED, {event: _keys(of_event.waiting())} if waiting else {})
    return count + waiting


def _ended_by_draft(event: Event) -> AttendanceQuerySet:
    """Of people who are active."""
    ended = event.attendance.filter(status=Status.CANCELLED, cancelled_from=By.DRAFT)
    return ended.filter(employee__in=Employee.objects.active().order_by().values("pk"))


def _keys(rows: AttendanceQuerySet) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _require_enrolling(event: Event) -> None:
    if event.state not in Event.ENROLLING:
        raise InvalidTransition(
            _("%(event)s is %(state)s and enrols nobody.") % {"event": event, "state": event.get_state_display()}
        )
