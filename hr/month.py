"""The events of a month, day by day, of those that exist for the reader."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from hr.models import Event, EventSession
from hr.wall_clock import plus_months, start_of

if TYPE_CHECKING:
    from core.models import User

# Of a month; what is beyond is in the list.
MOST = 500
DAY, WEEK = timedelta(days=1), 7


@dataclass(frozen=True)
class Entry:
    """An event, or one session of it, on one of the days it touches."""

    event: Event
    starts_at: datetime
    ends_at: datetime
    day: date
    session: EventSession | None = None

    @property
    def begins(self) -> bool:
        """Whether it begins on this day; otherwise it goes on from the day before."""
        return timezone.localdate(self.starts_at) == self.day


@dataclass
class Day:
    date: date
    inside: bool
    entries: list[Entry] = field(default_factory=list)


@dataclass
class Month:
    """Whole weeks, with the days around the month that fill them. `more` is whether some events were left out."""

    first: date
    weeks: list[list[Day]]
    more: bool

    @property
    def days(self) -> list[Day]:
        """The days of the month on which there is something."""
        return [day for week in self.weeks for day in week if day.inside and day.entries]

    @property
    def last(self) -> date:
        return plus_months(self.first, 1) - DAY

    @property
    def before(self) -> date:
        return plus_months(self.first, -1)

    @property
    def after(self) -> date:
        return plus_months(self.first, 1)


def month_of(day: date, user: User, *, first_weekday: int = 0) -> Month:
    """The month of the day; weeks begin on `first_weekday`, 0 for Monday."""
    first = day.replace(day=1)
    start = first - (first.weekday() - first_weekday) % WEEK * DAY
    end = start
    while end < plus_months(first, 1):
        end += WEEK * DAY
    days = {start + number * DAY: Day(start + number * DAY, False) for number in range((end - start).days)}
    for date_, shown in days.items():
        shown.inside = (date_.year, date_.month) == (first.year, first.month)
    events = _events_between(start, end, user)
    for entry in sorted(_entries(events[:MOST], start, end), key=lambda entry: (entry.starts_at, entry.event.pk)):
        days[entry.day].entries.append(entry)
    shown_days = list(days.values())
    weeks = [shown_days[at : at + WEEK] for at in range(0, len(shown_days), WEEK)]
    return Month(first, weeks, len(events) > MOST)


def _events_between(start: date, end: date, user: User) -> list[Event]:
    """Those that touch the days from `start` to before `end`; one more than are shown, if there are more."""
    seen = Event.objects.visible_to(user).filter(starts_at__lt=start_of(end), ends_at__gt=start_of(start))
    return list(seen.order_by("starts_at", "pk")[: MOST + 1])


def _entries(events: Iterable[Event], start: date, end: date) -> Iterator[Entry]:
    """A course is on the days of its sessions only."""
    events = list(events)
    sessions: defaultdict[int, list[EventSession]] = defaultdict(list)
    for session in EventSession.objects.filter(event__in=[event.pk for event in events]).order_by("number"):
        sessions[session.event_id].append(session)
    for event in events:
        parts: list[EventSession] | list[None] = sessions[event.pk] or [None]
        for part in parts:
            times = part or event
            for day in _days(times.starts_at, times.ends_at):
                if start <= day < end:
                    yield Entry(event, times.starts_at, times.ends_at, day, part)


def _days(starts_at: datetime, ends_at: datetime) -> Iterator[date]:
    """The days it touches; what ends at midnight does not touch the next day."""
    day, last = timezone.localdate(starts_at), timezone.localdate(ends_at - timedelta(microseconds=1))
    while day <= last:
        yield day
        day += DAY
