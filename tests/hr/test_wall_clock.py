"""America/New_York leaves out the hour from 2:00 on March 8, 2026, and repeats the one from 1:00 on November 1."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from hr import wall_clock

NEW_YORK = ZoneInfo("America/New_York")
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _new_york():
    with timezone.override(NEW_YORK):
        yield


def at(*values):
    return datetime(*values, tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("moment", "days", "wanted"),
    [
        (at(2026, 3, 1, 18), 7, at(2026, 3, 8, 18)),
        (at(2026, 3, 7, 23, 30), 1, at(2026, 3, 8, 23, 30)),
        (at(2026, 3, 9, 18), -7, at(2026, 3, 2, 18)),
        (at(2026, 10, 31, 23, 30), 1, at(2026, 11, 1, 23, 30)),
        # Half past two is left out: it is half past three then.
        (at(2026, 3, 7, 2, 30), 1, at(2026, 3, 8, 3, 30)),
        # Half past one comes twice: the first is taken.
        (at(2026, 10, 31, 1, 30), 1, datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_is_moved_by_the_clock_on_the_wall(moment, days, wanted):
    assert wall_clock.shifted(moment, days * DAY) == wanted


def test_how_far_apart_is_told_by_the_clock_on_the_wall():
    before, after = at(2026, 3, 7, 18), at(2026, 3, 9, 18)

    assert wall_clock.apart(after, before) == 2 * DAY
    assert after.astimezone(UTC) - before.astimezone(UTC) == timedelta(hours=47)


def test_the_day_of_a_change_begins_at_midnight():
    assert wall_clock.start_of(date(2026, 3, 8)) == datetime(2026, 3, 8, 5, tzinfo=UTC)
    assert wall_clock.start_of(date(2026, 3, 9)) == datetime(2026, 3, 9, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "months", "wanted"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 11, 15), 3, date(2027, 2, 15)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 15), -13, date(2024, 12, 15)),
    ],
)
def test_months_later(day, months, wanted):
    assert wall_clock.plus_months(day, months) == wanted
