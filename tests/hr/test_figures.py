"""The figures of attendance: Ana heads sales, where Beto works; Carla is in finance."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from hr.figures import (
    Asked,
    Period,
    Tally,
    by_kind,
    by_month,
    by_unit,
    largest,
    tallies,
    total,
    unit_lines,
    units_to_compare,
    with_time,
)
from hr.models import Attendance, Event, SessionMark
from hr.report import report
from hr.services.event_figures import count_anew
from tests.factories import make_attendance, make_employee, make_event, make_kind, make_session, make_unit, make_user

YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
NOON = datetime(2026, 3, 10, 16, tzinfo=UTC)  # noon in Caracas


def held(state="closed", starts_at=NOON, **values):
    return make_event(state=state, starts_at=starts_at, **values)


def everything(user, **values):
    asked = Asked(user, YEAR, **values)
    return total(with_time(asked, by_month(YEAR)))


# --- What counts ------------------------------------------------------------------------------------------------------
def test_the_rate_is_of_who_came_or_was_absent_and_completion_of_all_with_a_seat(hr_manager, finance):
    event = held(hours=2)
    for outcome in ("present", "late", "absent", "excused", "pending"):
        make_attendance(event, make_employee(org_unit=finance), outcome=outcome)
    make_attendance(event, make_employee(org_unit=finance), status="waitlisted", outcome="present")
    make_attendance(event, make_employee(org_unit=finance), status="cancelled", outcome="absent")

    tally = everything(hr_manager)

    assert tally == Tally(enrolled=5, came=2, absent=1, time=timedelta(hours=4))
    assert (tally.counted, tally.rate, tally.completion, tally.hours) == (
        3,
        Decimal("66.7"),
        Decimal("40.0"),
        Decimal("4.0"),
    )


def test_without_anybody_there_is_no_rate():
    assert (Tally().rate, Tally().completion, Tally().hours) == (None, None, Decimal("0.0"))


@pytest.mark.parametrize("state", Event.State.values)
def test_only_events_that_are_over_count(state, hr_manager, beto):
    make_attendance(held(state), beto, outcome="present")

    assert everything(hr_manager).enrolled == (state in ("completed", "closed"))


def test_a_course_counts_the_hours_of_the_sessions_attended(hr_manager, ana, beto):
    course = held(hours=100)
    sessions = [
        make_session(course, number, starts_at=NOON, ends_at=NOON + timedelta(hours=number, minutes=30))
        for number in (1, 2)
    ]
    absent, came = make_attendance(course, beto, outcome="absent"), make_attendance(course, ana, outcome="present")
    SessionMark.objects.create(attendance=absent, session=sessions[0], outcome="late")
    SessionMark.objects.create(attendance=absent, session=sessions[1], outcome="absent")
    SessionMark.objects.create(attendance=came, session=sessions[1], outcome="present")

    assert everything(hr_manager) == Tally(enrolled=2, came=1, absent=1, time=timedelta(hours=4))


@pytest.mark.parametrize(
    ("starts_at", "month"),
    [
        (datetime(2026, 1, 1, 4, tzinfo=UTC), 0),  # midnight in Caracas
        (datetime(2026, 2, 1, 3, 59, tzinfo=UTC), 0),
        (datetime(2026, 2, 1, 4, tzinfo=UTC), 1),
        (datetime(2027, 1, 1, 3, 59, tzinfo=UTC), 11),
        (datetime(2026, 1, 1, 3, 59, tzinfo=UTC), None),
        (datetime(2027, 1, 1, 4, tzinfo=UTC), None),
    ],
)
def test_the_month_is_that_on_the_wall_when_the_event_began(starts_at, month, hr_manager, beto):
    make_attendance(held(starts_at=starts_at), beto, outcome="present")

    [found] = tallies((Asked(hr_manager, YEAR), by_month(YEAR)))

    assert found == ({} if month is None else {month: Tally(enrolled=1, came=1)})


def test_months_are_cut_to_the_period():
    months = Period(date(2026, 1, 15), date(2026, 3, 2)).months

    assert months == [
        Period(date(2026, 1, 15), date(2026, 1, 31)),
        Period(date(2026, 2, 1), date(2026, 2, 28)),
        Period(date(2026, 3, 1), date(2026, 3, 2)),
    ]
    assert len(Period.last_months().months) == 12


# --- Whose ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("who", "seen"), [("hr", 3), ("ana", 2), ("beto", 1), ("carla", 1), ("nobody", 0)])
def test_only_what_the_reader_sees_is_counted(who, seen, hr_manager, ana, beto, carla):
    users = {"hr": lambda: hr_manager, "nobody": make_user}
    people = {"ana": ana, "beto": beto, "carla": carla}
    event, course = held(hours=1), held(hours=8)
    session = make_session(course, ends_at=NOON + timedelta(hours=1))
    for person in people.values():
        make_attendance(event, person, outcome="present")
        row = make_attendance(course, person, outcome="present")
        SessionMark.objects.create(attendance=row, session=session, outcome="present")

    user = users[who]() if who in users else make_user(employee=people[who])

    assert everything(user) == Tally(enrolled=2 * seen, came=2 * seen, time=timedelta(hours=2 * seen))


def test_of_a_unit_with_all_below_it_and_of_a_kind(hr_manager, company, sales, beto, carla):
    kind, other = make_kind(), make_kind()
    make_attendance(held(kind=kind), beto, outcome="present")
    make_attendance(held(kind=other), carla, outcome="absent")

    assert everything(hr_manager, unit=sales).enrolled == 1
    assert everything(hr_manager, unit=company).enrolled == 2
    assert everything(hr_manager, kind=other) == Tally(enrolled=1, absent=1)


# --- By what ----------------------------------------------------------------------------------------------------------
def test_below_a_single_top_its_units_are_compared_with_all_below_them(
    hr_manager, company, sales, finance, beto, carla
):
    north = make_unit("Norte", parent=sales)
    event = held()
    make_attendance(event, beto, outcome="present")
    make_attendance(event, make_employee(org_unit=north), outcome="absent")
    make_attendance(event, make_employee(org_unit=company), outcome="absent")

    units = units_to_compare(hr_manager)
    [found] = tallies((Asked(hr_manager, YEAR), by_unit))

    assert [(line.label, line.tally) for line in unit_lines(units, found)] == [
        ("Finanzas", Tally()),
        ("Ventas", Tally(enrolled=2, came=1, absent=1)),
    ]
    assert total(found).enrolled == 3
    assert [unit.name for unit in units_to_compare(hr_manager, sales).compared] == ["Norte"]
    assert [unit.name for unit in units_to_compare(hr_manager, north).compared] == ["Norte"]


def test_several_tops_of_different_depth_are_compared(ana, sales, company, finance):
    """Ana heads sales; somebody of a unit below finance reports to her."""
    audit = make_unit("Auditoría", parent=finance)
    dora = make_employee(org_unit=audit, reports_to=ana)
    user, event = make_user(employee=ana), held()
    for person in (ana, dora):
        make_attendance(event, person, outcome="present")

    units = units_to_compare(user)
    lines = unit_lines(units, tallies((Asked(user, YEAR), by_unit))[0])

    assert [(line.label, line.tally.came) for line in lines] == [("Auditoría", 1), ("Ventas", 1)]


def test_the_largest_keep_their_order(hr_manager, company, sales, finance, ana, carla):
    event = held()
    for person in (ana, make_employee(org_unit=sales), carla):
        make_attendance(event, person, outcome="present")

    lines = report(Asked(hr_manager, YEAR), "unit").lines

    assert [line.label for line in largest(lines, 1)] == ["Ventas"]
    assert [line.label for line in largest(lines, 5)] == ["Finanzas", "Ventas"]


@pytest.mark.parametrize("by", ["unit", "kind", "month"])
def test_the_lines_of_a_report_add_up_to_its_total(by, hr_manager, sales, finance, beto, carla):
    for number, person in enumerate((beto, carla), 1):
        make_attendance(held(hours=number, starts_at=NOON + number * timedelta(days=40)), person, outcome="present")

    found = report(Asked(hr_manager, YEAR), by)

    assert found.total == Tally(enrolled=2, came=2, time=timedelta(hours=3))
    assert sum((line.tally for line in found.lines), Tally()) == found.total
    assert len(found.lines) == {"unit": 2, "kind": 2, "month": 12}[by]


def test_by_kind(hr_manager, beto):
    kinds = [make_kind(), make_kind()]
    for kind, outcome in zip(kinds, ("present", "absent"), strict=True):
        make_attendance(held(kind=kind), beto, outcome=outcome)

    [found] = tallies((Asked(hr_manager, YEAR), by_kind))

    assert found == {kinds[0].pk: Tally(1, 1, 0), kinds[1].pk: Tally(1, 0, 1)}


def test_several_figures_come_in_two_queries(hr_manager, sales, beto, carla, django_assert_num_queries):
    make_attendance(held(), beto, outcome="present")
    make_attendance(held(starts_at=NOON - timedelta(days=30)), carla, outcome="absent")
    year, march = Asked(hr_manager, YEAR), Asked(hr_manager, Period(date(2026, 3, 1), date(2026, 3, 31)))

    with django_assert_num_queries(2, using="business"):
        found = tallies((year, by_month(YEAR)), (march, by_unit))

    assert found == [{1: Tally(1, 0, 1), 2: Tally(1, 1, 0)}, {sales.pk: Tally(1, 1, 0)}]


def test_it_takes_as_many_queries_for_many_rows(hr_manager, sales):
    def queries():
        hr_manager.__dict__.pop("_hr_facts", None)
        with CaptureQueriesContext(connections["business"]) as captured:
            report(Asked(hr_manager, YEAR), "unit")
        return len(captured)

    event = held()
    make_attendance(event, make_employee(org_unit=sales), outcome="late")
    few = queries()
    people = [make_employee(org_unit=make_unit(parent=sales)) for _number in range(3)]
    Attendance.objects.bulk_create([Attendance(event=event, employee=person, outcome="late") for person in people])

    assert queries() == few == 6
    count_anew([event.pk], actor=None)
    assert queries() == 3
