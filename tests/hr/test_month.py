from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from hr import month as month_module
from hr.month import month_of
from tests.factories import make_attendance, make_event, make_session, make_user

CARACAS = ZoneInfo("America/Caracas")
NEW_YORK = ZoneInfo("America/New_York")
MAY = date(2026, 5, 12)


def at(*values, zone=CARACAS):
    return datetime(*values, tzinfo=zone)


def make(title, starts_at, ends_at, **values):
    return make_event(title, state="published", starts_at=starts_at, ends_at=ends_at, **values)


def agenda(user, day=MAY):
    """(day, title, whether it begins there) of all that is shown, the days around the month included."""
    month = month_of(day, user)
    return [
        (entry.day.isoformat(), entry.event.title, entry.begins)
        for week in month.weeks
        for shown in week
        for entry in shown.entries
    ]


def test_a_month_is_whole_weeks(hr_manager):
    month = month_of(MAY, hr_manager)

    days = [day for week in month.weeks for day in week]
    assert (days[0].date, days[-1].date, len(month.weeks)) == (date(2026, 4, 27), date(2026, 5, 31), 5)
    assert [day.date for day in days if day.inside] == [date(2026, 5, 1) + timedelta(days=n) for n in range(31)]
    assert (month.first, month.last, month.before, month.after) == (
        date(2026, 5, 1), date(2026, 5, 31), date(2026, 4, 1), date(2026, 6, 1),
    )  # fmt: skip


@pytest.mark.parametrize(("first_weekday", "first_day"), [(0, date(2026, 4, 27)), (6, date(2026, 4, 26))])
def test_weeks_begin_where_the_country_begins_them(hr_manager, first_weekday, first_day):
    assert month_of(MAY, hr_manager, first_weekday=first_weekday).weeks[0][0].date == first_day


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "days"),
    [
        (at(2026, 5, 10, 9), at(2026, 5, 10, 11), [("2026-05-10", True)]),
        (at(2026, 5, 10, 23, 30), at(2026, 5, 11, 0, 30), [("2026-05-10", True), ("2026-05-11", False)]),
        # At midnight it is over: the next day has nothing of it.
        (at(2026, 5, 10, 23), at(2026, 5, 11, 0), [("2026-05-10", True)]),
        # In UTC this is the next day already.
        (at(2026, 5, 10, 23, 30), at(2026, 5, 10, 23, 45), [("2026-05-10", True)]),
        (at(2026, 4, 25, 9), at(2026, 4, 28, 9), [("2026-04-27", False), ("2026-04-28", False)]),
        (at(2026, 5, 31, 23, 30), at(2026, 6, 1, 1), [("2026-05-31", True)]),
        (at(2026, 4, 26, 23), at(2026, 4, 27, 0), []),
        (at(2026, 6, 1, 0), at(2026, 6, 1, 1), []),
    ],
)
def test_an_event_is_on_the_days_it_touches(hr_manager, starts_at, ends_at, days):
    make("X", starts_at, ends_at)

    with timezone.override(CARACAS):
        assert agenda(hr_manager) == [(day, "X", begins) for day, begins in days]


def test_days_over_a_change_of_daylight_saving(hr_manager):
    make("Noche", at(2026, 3, 7, 23, 30, zone=NEW_YORK), at(2026, 3, 8, 4, zone=NEW_YORK))
    make("Tarde", at(2026, 3, 8, 23, 30, zone=NEW_YORK), at(2026, 3, 9, 0, 30, zone=NEW_YORK))

    with timezone.override(NEW_YORK):
        assert agenda(hr_manager, date(2026, 3, 1)) == [
            ("2026-03-07", "Noche", True),
            ("2026-03-08", "Noche", False),
            ("2026-03-08", "Tarde", True),
            ("2026-03-09", "Tarde", False),
        ]


def test_a_course_is_on_the_days_of_its_sessions(hr_manager):
    course = make("Curso", at(2026, 5, 4, 9), at(2026, 5, 18, 11))
    for number, day in enumerate((4, 11, 18), 1):
        make_session(course, number, starts_at=at(2026, 5, day, 9), ends_at=at(2026, 5, day, 11))

    with timezone.override(CARACAS):
        month = month_of(MAY, hr_manager)
    entries = [entry for day in month.days for entry in day.entries]
    assert [(entry.day.day, entry.session.number) for entry in entries] == [(4, 1), (11, 2), (18, 3)]


def test_of_a_day_the_earliest_comes_first(hr_manager):
    make("Segundo", at(2026, 5, 10, 11), at(2026, 5, 10, 12))
    make("Primero", at(2026, 5, 10, 9), at(2026, 5, 10, 12))

    with timezone.override(CARACAS):
        assert [title for _day, title, _begins in agenda(hr_manager)] == ["Primero", "Segundo"]


def test_everybody_sees_his_own_events(ana, beto, carla):
    ours, theirs = (
        make("Ours", at(2026, 5, 10, 9), at(2026, 5, 10, 11)),
        make("T", at(2026, 5, 9, 9), at(2026, 5, 9, 11)),
    )
    make_attendance(ours, beto)
    make_attendance(theirs, carla)

    with timezone.override(CARACAS):
        seen = {key: agenda(make_user(employee=person)) for key, person in (("ana", ana), ("beto", beto))}

    assert seen == {"ana": [("2026-05-10", "Ours", True)], "beto": [("2026-05-10", "Ours", True)]}


def test_a_full_month_says_that_it_is(hr_manager, monkeypatch):
    monkeypatch.setattr(month_module, "MOST", 2)
    for _number in range(2):
        make("X", at(2026, 5, 10, 9), at(2026, 5, 10, 11))
    assert month_of(MAY, hr_manager).more is False

    make("X", at(2026, 5, 20, 9), at(2026, 5, 20, 11))

    month = month_of(MAY, hr_manager)
    assert (month.more, sum(len(day.entries) for day in month.days)) == (True, 2)


def test_a_month_takes_as_many_queries_however_full(hr_manager, django_assert_num_queries):
    for number in (1, 3):
        for _number in range(number):
            make_session(make("X", datetime(2026, 5, 10, 9, tzinfo=UTC), datetime(2026, 5, 10, 11, tzinfo=UTC)))
        with django_assert_num_queries(2, using="business"):
            month_of(MAY, hr_manager)
