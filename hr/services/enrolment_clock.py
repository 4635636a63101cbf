"""What the clock does about enrolment: it follows people who are hired, move or leave, and fills free seats."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, F, OuterRef, Q

from hr.models import Attendance, Employee, Event, Outcome
from hr.querysets import EmployeeQuerySet
from hr.services.enrolment import promote_waitlisted, withdraw_leavers
from hr.services.mass_enrolment import enrol_meant
from hr.services.seats import ENROLLED, WAITLISTED, held
from hr.services.writing import BATCH, business_atomic

if TYPE_CHECKING:
    from core.models import User


def follow_people(since: datetime | None, *, should_stop: Callable[[], bool] = lambda: False) -> bool:
    """Enrol whom events have come to be for since then, and withdraw who has left; without `since` look at everybody.

    Returns whether all was looked at: if not, ask again from the same moment.
    """
    leavers = _leavers_enrolled(since)
    withdraw_leavers(leavers, actor=None, source="job")  # type: ignore[call-arg]  # business_atomic takes it
    people = _newcomers(since)
    if people is not None:
        for event_id in _events_that_enrol():
            if should_stop():
                return False
            enrol_newcomers(event_id, people, actor=None, source="job")  # type: ignore[call-arg]
    return len(leavers) < BATCH


@business_atomic
def fill_due(*, limit: int, actor: None = None) -> int:
    """Fill free seats that no change of an enrolment filled, as of who was suspended and is back; returns how many.

    `limit` counts events.
    """
    waiting = Attendance.objects.waiting().filter(event=OuterRef("pk"), employee__status=Employee.Status.ACTIVE)
    roomy = Event.objects.filter(Q(capacity=None) | Q(seats_taken__lt=F("capacity")), state__in=Event.ENROLLING)
    ids = list(roomy.filter(Exists(waiting)).order_by("pk").values_list("pk", flat=True)[:limit])
    return promote_waitlisted(ids, actor=actor) if ids else 0


@business_atomic
def enrol_newcomers(event_id: int, people: EmployeeQuerySet, *, actor: User | None) -> int:
    """Enrol those of `people` whom the event is for and who were never in its list; returns how many."""
    meant = people.meant_for([event_id])
    if not meant.not_in(event_id).exists():  # mostly, and then nobody waits for a lock
        return 0
    with held([event_id], actor) as here:
        event = here.events[event_id]
        return enrol_meant(event, meant, tells={ENROLLED, WAITLISTED}) if event.state in Event.ENROLLING else 0


def _newcomers(since: datetime | None) -> EmployeeQuerySet | None:
    """Who may have come to be meant; None if nobody has. Few are named by their keys."""
    people: EmployeeQuerySet = Employee.objects.active()
    if since is None:
        return people
    changed = people.changed_since(since)
    keys = list(changed.order_by().values_list("pk", flat=True)[: BATCH + 1])
    if not keys:
        return None
    return people.filter(pk__in=keys) if len(keys) <= BATCH else changed


def _events_that_enrol() -> list[int]:
    events = Event.objects.filter(state__in=Event.ENROLLING, open_enrolment=False)
    return list(events.order_by("starts_at", "pk").values_list("pk", flat=True))


def _leavers_enrolled(since: datetime | None) -> list[int]:
    """Keys of people who have left and are enrolled nevertheless: somebody enrolled them in the very moment."""
    going = Attendance.objects.going().filter(event__state__in=Event.ENROLLING, outcome=Outcome.PENDING)
    going = going.filter(employee__status=Employee.Status.TERMINATED)
    if since is not None:
        going = going.filter(employee__updated_at__gte=since)
    return list(going.order_by().values_list("employee_id", flat=True).distinct()[:BATCH])
