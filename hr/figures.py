"""What is counted of attendance: rates, hours and completion, by unit, kind and month. docs/reports.md defines them.

One definition for the first page, the report and the lists they lead to: the methods of the querysets. Every count is
of a period, and by the database, whose answer grows with the units, kinds and months compared, not with the rows. Who
sees everybody is answered from the figures kept of each event (EventFigures), others from the rows that they see.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Case, Count, Exists, Expression, F, IntegerField, OuterRef, Q, Sum, Value, When
from django.utils import timezone

from hr.models import Attendance, Event, EventFigures, EventKind, EventSession, OrgUnit, SessionMark
from hr.querysets import AttendanceQuerySet, EventFiguresQuerySet, SessionMarkQuerySet
from hr.rights import VIEW_ATTENDANCE
from hr.scope import scope_for
from hr.wall_clock import plus_months, start_of

if TYPE_CHECKING:
    from core.models import User

MONTHS_SHOWN = 12
# A report is of so many months at most: what it reads is bounded.
MOST_MONTHS = 36
TENTH = Decimal("0.1")


@dataclass(frozen=True)
class Period:
    """Days, both included, on which events began."""

    first: date
    last: date

    @classmethod
    def last_months(cls, months: int = MONTHS_SHOWN) -> Period:
        """This month so far, and the whole ones before."""
        today = timezone.localdate()
        return cls(plus_months(today.replace(day=1), 1 - months), today)

    @property
    def months(self) -> list[Period]:
        """The months it touches, the first and the last as far as they belong to it."""
        found, first = [], self.first
        while first <= self.last:
            following = plus_months(first.replace(day=1), 1)
            found.append(Period(first, min(following - timedelta(days=1), self.last)))
            first = following
        return found


@dataclass(frozen=True)
class Tally:
    """Enrolments with a seat in events that are over, those of them who came and were absent, and the time attended."""

    enrolled: int = 0
    came: int = 0
    absent: int = 0
    time: timedelta = timedelta()

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.enrolled + other.enrolled, self.came + other.came, self.absent + other.absent, self.time + other.time
        )

    @property
    def counted(self) -> int:
        """What the rate is of."""
        return self.came + self.absent

    @property
    def rate(self) -> Decimal | None:
        """Who came, in percent of those who came or were absent."""
        return percent(self.came, self.counted)

    @property
    def completion(self) -> Decimal | None:
        """Who came, in percent of all who had a seat."""
        return percent(self.came, self.enrolled)

    @property
    def hours(self) -> Decimal:
        minutes = Decimal(self.time // timedelta(minutes=1))
        return (minutes / 60).quantize(TENTH, ROUND_HALF_UP)


def percent(part: int, whole: int) -> Decimal | None:
    return (Decimal(100 * part) / whole).quantize(TENTH, ROUND_HALF_UP) if whole else None


@dataclass(frozen=True)
class Unit:
    pk: int
    name: str
    path: str


@dataclass(frozen=True)
class Units:
    """Those that are compared, and the paths of all that the reader sees, by key."""

    compared: Sequence[Unit]
    paths: Mapping[int, str]


@dataclass(frozen=True)
class Asked:
    """Whose figures of what: of the people whose attendance the user sees, in events that began in the period."""

    user: User
    period: Period
    unit: Unit | OrgUnit | None = None
    kind: EventKind | None = None

    def attendance(self, events: Collection[int] | None = None) -> AttendanceQuerySet:
        """Of these events, or of all."""
        return self._among(events, Attendance.objects.visible_to(self.user))

    def marks(self, events: Collection[int] | None = None) -> SessionMarkQuerySet:
        """Of the sessions of these events."""
        return self._among(events, SessionMark.objects.visible_to(self.user))

    def figures(self, key: Key) -> EventFiguresQuerySet:
        """Those that are kept, without the events of which the rows are to be counted."""
        rows = EventFigures.objects.visible_to(self.user)
        rows = rows.of_units() if self.unit is not None or key is by_unit else rows.of_everybody()
        return self._narrowed(rows)

    def _among(self, events: Collection[int] | None, rows: Any) -> Any:
        rows = self._narrowed(rows)
        return rows if events is None else rows.filter(**{f"{rows.event}__in": events})

    def _narrowed(self, rows: Any) -> Any:
        rows = rows.held().begun_between(self.period.first, self.period.last)
        if self.unit is not None:
            rows = rows.in_subtree(self.unit.path)
        return rows if self.kind is None else rows.of_kind(self.kind.pk)


@dataclass(frozen=True)
class Line:
    """One row of a table: of a unit with all below it, of a kind, or of a month."""

    label: str
    tally: Tally
    unit: Unit | None = None
    kind: EventKind | None = None
    period: Period | None = None


# By what rows are told apart: gives an expression over them.
Key = Callable[[Any], Any]


_CAME = Q(outcome__in=Attendance.CAME)
COUNTS = {
    "sum_enrolled": Count("pk"),
    "sum_came": Count("pk", filter=_CAME),
    "sum_absent": Count("pk", filter=Q(outcome__in=Attendance.COUNTED) & ~_CAME),
}
SUMS = {f"sum_{name}": Sum(name) for name in ("enrolled", "came", "absent")}


def tallies(*parts: tuple[Asked, Key]) -> list[dict[Any, Tally]]:
    """Of each part the figures by the value of its key, without the time attended: in two queries for all. The parts
    are asked for by the same user.
    """
    uncounted = _uncounted([asked for asked, _key in parts])
    queries = []
    for number, (asked, key) in enumerate(parts):
        if uncounted is not None:
            figures = asked.figures(key).exclude(event__in=uncounted).annotate(part=Value(number))
            queries.append(_grouped(figures, "part", sums=SUMS, key=key))
        if uncounted is None or uncounted:
            rows = asked.attendance(uncounted).annotate(part=Value(number))
            queries.append(_grouped(rows, "part", sums=COUNTS, key=key))
    found: list[dict[Any, Tally]] = [{} for _part in parts]
    for part, key, enrolled, came, absent in (
        queries[0].union(*queries[1:], all=True) if len(queries) > 1 else queries[0]
    ):
        found[part][key] = found[part].get(key, Tally()) + Tally(int(enrolled), int(came), int(absent))
    return found


def with_time(asked: Asked, key: Key) -> dict[Any, Tally]:
    """The same of one part, with the time attended."""
    uncounted = _uncounted([asked])
    found: dict[Any, Tally] = {}
    if uncounted is None or uncounted:
        found = {of: tally for (of,), tally in count(asked.attendance(uncounted), asked.marks(uncounted), key).items()}
    if uncounted is not None:
        figures = asked.figures(key).exclude(event__in=uncounted)
        for value, enrolled, came, absent, time in _grouped(figures, sums=SUMS | {"sum_time": Sum("time")}, key=key):
            found[value] = found.get(value, Tally()) + Tally(int(enrolled), int(came), int(absent), time)
    return found


def count(attendance: AttendanceQuerySet, marks: SessionMarkQuerySet, *keys: Key) -> dict[tuple[Any, ...], Tally]:
    """The figures of these rows by the values of the keys, in three queries: the time attended is of events as long as
    they took, and of courses as long as the sessions attended took.
    """
    named = {f"key_{number}": key for number, key in enumerate(keys)}
    found = {row[: len(keys)]: Tally(*row[len(keys) :]) for row in _grouped(attendance, sums=COUNTS, **named)}
    course = Exists(EventSession.objects.filter(event=OuterRef("event")))
    parts: list[tuple[Any, str, str]] = [
        (attendance.came().exclude(course), "event__starts_at", "event__ends_at"),
        (marks.came(), "session__starts_at", "session__ends_at"),
    ]
    for rows, starts_at, ends_at in parts:
        for *of, time in _grouped(rows, sums={"sum_time": Sum(F(ends_at) - F(starts_at))}, **named):
            found[tuple(of)] = found.get(tuple(of), Tally()) + Tally(time=time or timedelta())
    return found


def of_events(user: User, event_ids: Collection[int]) -> dict[int, Tally]:
    """How many the user sees in each of these events, whatever its state, and who of them came: in two queries."""
    found: dict[int, Tally] = {}
    if scope_for(user, VIEW_ATTENDANCE).everything:
        figures = EventFigures.objects.visible_to(user).of_everybody().held().up_to_date().filter(event__in=event_ids)
        found = {row.event_id: Tally(row.enrolled, row.came, row.absent, row.time) for row in figures}
    rows = Attendance.objects.visible_to(user).seated().filter(event__in=set(event_ids) - found.keys())
    for event_id, *counts in _grouped(rows, sums=COUNTS, key=by_event):
        found[event_id] = Tally(*counts)
    return found


def _uncounted(asked: Sequence[Asked]) -> list[int] | None:
    """The events of which the rows have to be counted; None is all of them."""
    if not scope_for(asked[0].user, VIEW_ATTENDANCE).everything:
        return None
    first, last = min(each.period.first for each in asked), max(each.period.last for each in asked)
    events = Event.objects.filter(state__in=Event.HELD).begun_between(first, last).uncounted()
    return list(events.order_by().values_list("pk", flat=True))


def _grouped(rows: Any, *more: str, sums: Mapping[str, Any], **keys: Key) -> Any:
    rows = rows.order_by().annotate(**{name: key(rows) for name, key in keys.items()})
    return rows.values_list(*more, *keys).annotate(**sums)


# --- By what ----------------------------------------------------------------------------------------------------------
def by_kind(rows: Any) -> F:
    return F(f"{rows.event}__kind_id")


def by_event(rows: Any) -> F:
    return F(f"{rows.event}_id")


def by_unit(rows: Any) -> F:
    """By the person's own unit. By a part of its path, MariaDB would begin with all units and all their people."""
    return F(rows.unit)


def by_month(period: Period) -> Key:
    """By the place of the month in `period.months`. MariaDB knows no time zones unless their tables were loaded."""
    places = list(enumerate(period.months))

    def key(rows: Any) -> Expression:
        began = f"{rows.event}__starts_at__gte"
        whens = [When(**{began: start_of(month.first)}, then=Value(place)) for place, month in reversed(places)]
        return Case(*whens, default=Value(0), output_field=IntegerField())

    return key


def units_to_compare(user: User, below: Unit | OrgUnit | None = None) -> Units:
    """The topmost units of those that exist for the user; of a single one, or below one, those right below it.

    One query. Where there is nothing below, the unit itself.
    """
    units: Any = OrgUnit.objects.visible_to(user)
    if below is not None:
        units = units.subtree(below.path)
    found = [Unit(*row) for row in units.order_by().values_list("pk", "name", "path")]
    found.sort(key=lambda unit: (len(unit.path), unit.path))
    tops = _outermost(found)
    if len(tops) == 1:
        tops = _outermost([unit for unit in found if unit not in tops]) or tops
    return Units(tops, {unit.pk: unit.path for unit in found})


def _outermost(units: Sequence[Unit]) -> list[Unit]:
    """Those that are below no other one. Given by depth."""
    kept: dict[str, Unit] = {}
    lengths: list[int] = []
    for unit in units:
        if not any(unit.path[:length] in kept for length in lengths):
            kept[unit.path] = unit
            if len(unit.path) not in lengths:
                lengths.append(len(unit.path))
    return list(kept.values())


# --- Tables -----------------------------------------------------------------------------------------------------------
def unit_lines(units: Units, found: Mapping[int, Tally]) -> list[Line]:
    """The compared units by name, each with all below it. `found` is by keys of units (by_unit)."""
    sums: defaultdict[str, Tally] = defaultdict(Tally)
    tops = {unit.path for unit in units.compared}
    lengths = sorted({len(path) for path in tops})
    for key, tally in found.items():
        path = units.paths.get(key, "")
        if top := next((path[:length] for length in lengths if path[:length] in tops), None):
            sums[top] += tally
    lines = [Line(unit.name, sums[unit.path], unit=unit) for unit in units.compared]
    return sorted(lines, key=lambda line: line.label)


def month_lines(period: Period, found: Mapping[int, Tally]) -> list[Line]:
    """Every month, with a label for the caller to give."""
    return [Line("", found.get(place, Tally()), period=month) for place, month in enumerate(period.months)]


def kind_lines(user: User, found: Mapping[int, Tally]) -> list[Line]:
    kinds = EventKind.objects.visible_to(user).in_bulk(found)
    lines = [Line(str(kinds[key]), tally, kind=kinds[key]) for key, tally in found.items() if key in kinds]
    return sorted(lines, key=lambda line: line.label)


def largest(lines: Sequence[Line], most: int) -> list[Line]:
    """Those of which most people are known to have come or not, in their order; the others have no rate, or are few."""
    known = sorted((line for line in lines if line.tally.counted), key=lambda line: -line.tally.counted)[:most]
    return [line for line in lines if line in known]


def total(found: Mapping[Any, Tally]) -> Tally:
    return sum(found.values(), Tally())
