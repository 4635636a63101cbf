"""Who has yet to attend what is mandatory, or soon has to again.

A kind with a validity is one requirement: whoever one of its mandatory events is for must have attended an event of the
kind within so many months. A mandatory event of a kind without one is a requirement of its own, attended for ever.
Attendance counts from the start of its event, whenever it was marked, and never of an event that was cancelled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from hr import paths, wall_clock
from hr.models import Attendance, Employee, Event, EventAudience
from hr.querysets import AttendanceQuerySet, EmployeeQuerySet
from hr.rights import VIEW_ATTENDANCE
from hr.wall_clock import plus_months

if TYPE_CHECKING:
    from core.models import User

EXPIRING = timedelta(days=30)
# An event asks for attendance from when it is known, also after it was held.
ASKING = (*Event.MARKING, Event.State.CLOSED)
STATES = {"missing": _("never attended"), "expired": _("expired"), "expiring": _("expires soon")}


@dataclass(frozen=True)
class Requirement:
    """What has to be attended. Of a kind, `event` is the one to be reminded of: the next, or else the last."""

    event: Event

    @property
    def months(self) -> int | None:
        """How long it counts; None for ever."""
        return self.event.kind.validity_months

    @property
    def title(self) -> str:
        return str(self.event if self.months is None else self.event.kind)

    def people(self, user: User | None, state: str = "") -> EmployeeQuerySet:
        """Active people whose attendance the user sees, whom it is for, and who have never attended, or not for long
        enough. `state` is one of STATES, or '' for all three.
        """
        seen = Employee.objects.all() if user is None else Employee.objects.held_by(user, VIEW_ATTENDANCE)
        people = seen.active().meant_for(self._asking())
        ever, now, later = Exists(self._came()), Exists(self._came(timezone.localdate())), self.attended_for_long()
        match state:
            case "missing":
                return people.filter(~ever)
            case "expired":
                return people.filter(ever, ~now)
            case "expiring":
                return people.filter(now, ~later)
        return people.filter(~later)

    def attended_on(self, people: Collection[Employee]) -> dict[int, date]:
        """The day on which each of the people attended last, by key."""
        came = _having_come(Attendance.objects.filter(self._counting(), employee__in=[row.pk for row in people]))
        last = came.order_by().values_list("employee_id").annotate(last=Max("event__ends_at"))
        return {key: timezone.localdate(moment) for key, moment in last}

    def is_met_at(self, event: Event) -> bool:
        """Whether attending the event counts."""
        return event == self.event if self.months is None else event.kind_id == self.event.kind_id

    def enrolled_in(self, people: Collection[Employee]) -> dict[int, Attendance]:
        """The next enrolment of each of the people in an event that counts, by key."""
        going = Attendance.objects.going().filter(self._counting(), employee__in=[row.pk for row in people])
        rows = (
            going.filter(event__state__in=Event.ENROLLING).select_related("event").order_by("-event__starts_at", "pk")
        )
        return {row.employee_id: row for row in rows}

    def valid_until(self, attended_on: date) -> date | None:
        """The last day on which it counts; None for ever."""
        return None if self.months is None else plus_months(attended_on, self.months)

    def state_of(self, attended_on: date | None) -> str:
        """Of somebody among `people`."""
        if attended_on is None:
            return "missing"
        until = self.valid_until(attended_on)
        return "expired" if until is not None and until < timezone.localdate() else "expiring"

    def attended_for_long(self) -> Exists:
        """Whether the person of an outer query has, and nothing expires soon."""
        return Exists(self._came(timezone.localdate() + EXPIRING))

    def asks_by(self, line: Any) -> bool:
        """Whether the line of an audience, with the kind of its event, says whom it is for."""
        return (
            line["event_id"] == self.event.pk if self.months is None else line["event__kind_id"] == self.event.kind_id
        )

    def asking_events(self) -> Q:
        """The condition on lines of audiences that `asks_by` is about."""
        if self.months is None:
            return Q(event=self.event)
        return Q(event__kind=self.event.kind_id, event__mandatory=True, event__state__in=ASKING)

    def _counting(self) -> Q:
        """The events attendance of which counts."""
        return Q(event=self.event) if self.months is None else Q(event__kind=self.event.kind_id)

    def _asking(self) -> list[int]:
        """The events whose audience it is for."""
        if self.months is None:
            return [self.event.pk]
        return list(_asking_events().filter(kind=self.event.kind_id).order_by("pk").values_list("pk", flat=True))

    def _came(self, on: date | None = None) -> QuerySet[Attendance]:
        """Of the person of an outer query: attendance that counts, on a day or at all."""
        came = _having_come(Attendance.objects.filter(self._counting(), employee=OuterRef("pk")))
        if on is None or self.months is None:
            return came
        return came.filter(event__ends_at__gte=wall_clock.start_of(first_day_valid(on, self.months)))


@dataclass(frozen=True)
class Owed:
    """What somebody has yet to attend, or soon has to again; `enrolment` is the next that counts."""

    requirement: Requirement
    attended_on: date | None
    enrolment: Attendance | None

    @property
    def state(self) -> str:
        """One of STATES."""
        return self.requirement.state_of(self.attended_on)

    @property
    def valid_until(self) -> date | None:
        return self.requirement.valid_until(self.attended_on) if self.attended_on else None


def owed_by(user: User) -> list[Owed]:
    """What the user himself is missing of what he sees: where `people` lists him. Three queries."""
    asked = [Requirement(event) for event in _standing(_asking_events().visible_to(user).meant_for(user))]
    own = Attendance.objects.own(user).select_related("event")
    came, coming = (
        list(rows) if asked else [] for rows in (_having_come(own).order_by("-event__ends_at"), own.coming_for(user))
    )
    owed = []
    for each in asked:
        last, following = (next((row for row in rows if each.is_met_at(row.event)), None) for rows in (came, coming))
        told = Owed(each, timezone.localdate(last.event.ends_at) if last else None, following)
        if last is None or (told.valid_until and told.valid_until < timezone.localdate() + EXPIRING):
            owed.append(told)
    return owed


def requirements(user: User) -> QuerySet[Event]:
    """The events that stand for a requirement, latest first: of those the user sees, of a kind with validity one."""
    return _standing(_asking_events().visible_to(user))


def _standing(seen: QuerySet[Event]) -> QuerySet[Event]:
    of_kind, now = seen.filter(kind=OuterRef("kind")).order_by(), timezone.now()
    coming = of_kind.filter(ends_at__gt=now).order_by("starts_at", "pk").values("pk")[:1]
    past = of_kind.order_by("-starts_at", "-pk").values("pk")[:1]
    standing = Q(kind__validity_months=None) | Q(pk=Coalesce(Subquery(coming), Subquery(past)))
    return seen.filter(standing).select_related("kind")


def missing_counts(asked: Sequence[Requirement], user: User) -> list[int]:
    """How many people each of them lists (`people`): in three queries, however many there are."""
    if not asked:
        return []
    lines = EventAudience.objects.filter(_any(each.asking_events() for each in asked), employee=None)
    wanted = ("event_id", "event__kind_id", "everybody", "org_unit__path", "position_id")
    named = list(lines.order_by().values(*wanted).distinct())
    counts = {
        f"count_{number}": Count("pk", filter=_meant(each, named) & ~Q(each.attended_for_long()))
        for number, each in enumerate(asked)
    }
    found = Employee.objects.held_by(user, VIEW_ATTENDANCE).active().aggregate(**counts)
    return [found[name] for name in counts]


def _meant(requirement: Requirement, lines: Sequence[Any]) -> Q:
    """As `meant_for` of the queryset, out of what was read for several."""
    mine = [line for line in lines if requirement.asks_by(line)]
    if any(line["everybody"] for line in mine):
        return Q(pk__isnull=False)
    tops = {line["org_unit__path"] for line in mine if line["org_unit__path"]}
    inside = [Q(org_unit__path__gte=path, org_unit__path__lt=paths.after(path)) for path in tops]
    positions = [line["position_id"] for line in mine if line["position_id"]]
    by_name = EventAudience.objects.filter(requirement.asking_events(), employee=OuterRef("pk"))
    return _any([*inside, Q(position_id__in=positions), Q(Exists(by_name))])


def _any(conditions: Iterable[Q]) -> Q:
    return reduce(or_, conditions)


def first_day_valid(on: date, months: int) -> date:
    """The earliest day that, so many months later, is not before `on`."""
    day = plus_months(on, -months)
    while plus_months(day, months) < on:
        day += timedelta(days=1)
    return day


def _having_come(rows: AttendanceQuerySet) -> AttendanceQuerySet:
    return rows.going().came().filter(event__starts_at__lte=timezone.now())


def _asking_events():
    return Event.objects.filter(mandatory=True, state__in=ASKING)
