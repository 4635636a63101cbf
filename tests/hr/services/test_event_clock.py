"""Events begin, end and are reminded of by themselves: at 23:30, across midnight, over a change of daylight saving."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from hr.clock import Clock
from hr.models import Event, OutboxMessage
from hr.services import event_clock
from hr.services.events import postpone_events
from tests.factories import make_event

NEW_YORK = ZoneInfo("America/New_York")
CARACAS = ZoneInfo("America/Caracas")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def at(monkeypatch):
    """`at(moment)`: that is now."""
    return lambda moment: monkeypatch.setattr(timezone, "now", lambda: moment.astimezone(UTC))


def run(limit=100):
    event_clock.start_due(limit=limit)
    event_clock.complete_due(limit=limit)


def state(event):
    event.refresh_from_db()
    return event.state


@pytest.mark.parametrize(
    ("starts_at", "ends_at"),
    [
        (datetime(2026, 5, 10, 23, 30, tzinfo=CARACAS), datetime(2026, 5, 11, 0, 30, tzinfo=CARACAS)),
        (datetime(2026, 5, 10, 23, 0, tzinfo=CARACAS), datetime(2026, 5, 11, 0, 0, tzinfo=CARACAS)),
        # From half past one to half past three is one hour in this night, and three in the other.
        (datetime(2026, 3, 8, 1, 30, tzinfo=NEW_YORK), datetime(2026, 3, 8, 3, 30, tzinfo=NEW_YORK)),
        (datetime(2026, 11, 1, 0, 30, tzinfo=NEW_YORK), datetime(2026, 11, 1, 2, 30, tzinfo=NEW_YORK)),
    ],
)
def test_an_event_begins_and_ends_at_its_moments(db, at, starts_at, ends_at):
    event = make_event(state="published", starts_at=starts_at, ends_at=ends_at)
    starts_at, ends_at = event.starts_at.astimezone(UTC), event.ends_at.astimezone(UTC)
    seen = []

    for moment in (starts_at - MINUTE, starts_at, ends_at - MINUTE, ends_at):
        at(moment)
        run()
        seen.append(state(event))

    assert seen == ["published", "in_progress", "in_progress", "completed"]


def test_the_night_of_a_change_has_its_true_length(db):
    spring = make_event(
        starts_at=datetime(2026, 3, 8, 1, 30, tzinfo=NEW_YORK), ends_at=datetime(2026, 3, 8, 3, 30, tzinfo=NEW_YORK)
    )
    autumn = make_event(
        starts_at=datetime(2026, 11, 1, 0, 30, tzinfo=NEW_YORK), ends_at=datetime(2026, 11, 1, 2, 30, tzinfo=NEW_YORK)
    )

    for event in (spring, autumn):
        event.refresh_from_db()
    assert (spring.duration, autumn.duration) == (HOUR, 3 * HOUR)


def test_an_event_that_was_over_before_the_clock_came_is_completed_at_once(db):
    event = make_event(state="published", in_hours=-5)

    run()

    assert state(event) == "completed"
    assert list(event.history.filter(history_type="~").values_list("state", "history_user_id").order_by("pk")) == [
        ("in_progress", None),
        ("completed", None),
    ]


@pytest.mark.parametrize("other", ["draft", "completed", "closed", "cancelled"])
def test_the_clock_leaves_other_events_alone(db, other):
    event = make_event(state=other, in_hours=-5)

    run()

    assert (state(event), event.version) == (other, 1)


def test_a_round_takes_a_bounded_number_the_longest_due_first(db):
    late, later, latest = (make_event(state="published", in_hours=-hours) for hours in (1, 5, 3))

    assert event_clock.start_due(limit=2) == 2
    assert [state(event) for event in (late, later, latest)] == ["published", "in_progress", "in_progress"]
    assert event_clock.start_due(limit=2) == 1


def test_a_round_with_nothing_to_do_writes_nothing(db, django_assert_num_queries):
    make_event(state="published")

    # Of each step one question, within its savepoint.
    with django_assert_num_queries(6, using="business"):
        run()

    assert Event.objects.filter(version=1).count() == 1


# --- Reminders -------------------------------------------------------------------------------------------------------
def reminded():
    return list(OutboxMessage.objects.filter(kind="event.reminder").values_list("payload", flat=True).order_by("pk"))


def test_people_are_reminded_once_within_the_day_before(db, at):
    starts_at = datetime(2026, 5, 10, 23, 30, tzinfo=CARACAS)
    event = make_event(state="published", starts_at=starts_at)
    with timezone.override(CARACAS):
        counts = []
        for moment in (starts_at - 24 * HOUR - MINUTE, starts_at - 24 * HOUR, starts_at - HOUR, starts_at):
            at(moment)
            counts.append(event_clock.remind_due(limit=100))

    assert counts == [0, 1, 0, 0]
    assert reminded() == [{"event_id": event.pk}]


def test_the_day_before_a_change_is_a_day_by_the_clock_on_the_wall(db, at):
    make_event(state="published", starts_at=datetime(2026, 3, 8, 18, 0, tzinfo=NEW_YORK))
    with timezone.override(NEW_YORK):
        at(datetime(2026, 3, 7, 17, 59, tzinfo=NEW_YORK))
        assert event_clock.remind_due(limit=100) == 0
        at(datetime(2026, 3, 7, 18, 0, tzinfo=NEW_YORK))
        assert event_clock.remind_due(limit=100) == 1


def test_a_postponed_event_is_reminded_of_again(hr_manager):
    event = make_event(state="published", in_hours=5)
    event_clock.remind_due(limit=100)

    postpone_events([event.pk], starts_at=event.starts_at + HOUR, reason="x", actor=hr_manager)
    event_clock.remind_due(limit=100)

    assert reminded() == [{"event_id": event.pk}] * 2


def test_those_reminded_of_already_do_not_stand_before_the_others(db):
    for hours in (1, 2, 3):
        make_event(state="published", in_hours=hours)
    assert event_clock.remind_due(limit=2) == 3
    make_event(state="published", in_hours=4)

    assert event_clock.remind_due(limit=2) == 1


def test_only_of_published_events(db):
    for other in ("draft", "in_progress", "completed", "closed", "cancelled"):
        make_event(state=other, in_hours=5)

    assert event_clock.remind_due(limit=100) == 0


def test_a_round_of_the_clock_starts_completes_and_reminds(db):
    begun, over, near = (make_event(state="published", in_hours=hours) for hours in (-1, -5, 5))

    Clock().round()

    assert [state(event) for event in (begun, over, near)] == ["in_progress", "completed", "published"]
    assert reminded() == [{"event_id": near.pk}]
    assert begun.history.first().history_source == "job"
