from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from core.errors import DomainError, InvalidTransition, NotAllowed, NotFound, StaleRow
from hr.models import EventSession, OutboxMessage
from hr.services.events import clone_event, postpone_events
from hr.services.sessions import SessionTimes, plan_sessions
from tests.factories import make_attendance, make_event, make_session

START = datetime(2031, 5, 10, 13, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEW_YORK = ZoneInfo("America/New_York")


def on(day, hours=1, id=None):
    return SessionTimes(START + day * DAY, START + day * DAY + hours * HOUR, id)


def plan(event):
    """(number, day, hours) of each session."""
    event.refresh_from_db()
    return [
        (row.number, (row.starts_at - START) / DAY, (row.ends_at - row.starts_at) / HOUR)
        for row in event.sessions.order_by("number")
    ]


def told():
    return list(OutboxMessage.objects.values_list("kind", "payload"))


def test_sessions_are_numbered_in_the_order_of_time_and_the_event_lasts_as_long(hr_manager):
    event = make_event()

    plan_sessions({event.pk: [on(7, 3), on(0), on(2)]}, actor=hr_manager)

    assert plan(event) == [(1, 0, 1), (2, 2, 1), (3, 7, 3)]
    assert (event.starts_at, event.ends_at, event.version) == (START, START + 7 * DAY + 3 * HOUR, 2)
    history = EventSession.history.filter(event_id=event.pk)
    assert set(history.values_list("history_type", "history_user_name")) == {("+", str(hr_manager))}


def test_sessions_change_places_come_and_go(hr_manager):
    event = make_event(starts_at=START)
    first, second, third = (make_session(event, number, starts_at=START + number * DAY,
                                         ends_at=START + number * DAY + HOUR) for number in (1, 2, 3))  # fmt: skip

    plan_sessions({event.pk: [on(5, id=first.pk), on(2, id=second.pk), on(0)]}, actor=hr_manager)

    assert plan(event) == [(1, 0, 1), (2, 2, 1), (3, 5, 1)]
    assert list(event.sessions.order_by("number").values_list("pk", flat=True))[1:] == [second.pk, first.pk]
    assert list(EventSession.history.filter(id=third.pk).values_list("history_type", flat=True)) == ["-", "+"]
    assert (event.starts_at, event.ends_at) == (START, START + 5 * DAY + HOUR)


def test_the_same_plan_again_writes_nothing(hr_manager):
    event = make_event()
    plan_sessions({event.pk: [on(0), on(1)]}, actor=hr_manager)
    ids = list(event.sessions.order_by("number").values_list("pk", flat=True))

    assert plan_sessions({event.pk: [on(1, id=ids[1]), on(0, id=ids[0])]}, actor=hr_manager) == []

    event.refresh_from_db()
    assert event.version == 2


def test_without_sessions_the_event_keeps_its_times(hr_manager):
    event = make_event(starts_at=START, hours=2)
    make_session(event)

    plan_sessions({event.pk: []}, actor=hr_manager)

    event.refresh_from_db()
    assert (event.sessions.count(), event.starts_at, event.ends_at) == (0, START, START + 2 * HOUR)


@pytest.mark.parametrize(
    ("planned", "message"),
    [
        ([on(0, 0)], "Session 1 must end after it starts"),
        ([on(0), on(1, -1)], "Session 2 must end after it starts"),
        ([on(0, 25), on(1)], "Session 2 begins before session 1 ends"),
        ([on(0), on(0)], "Session 2 begins before session 1 ends"),
        ([on(day) for day in range(201)], "at most 200 sessions"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(hr_manager, planned, message):
    event = make_event()

    with pytest.raises(DomainError, match=message):
        plan_sessions({event.pk: planned}, actor=hr_manager)

    assert plan(event) == []


def test_one_session_may_begin_when_another_ends(hr_manager):
    event = make_event()

    plan_sessions({event.pk: [on(0, 24), on(1)]}, actor=hr_manager)

    assert plan(event) == [(1, 0, 24), (2, 1, 1)]


def test_a_session_of_another_event_is_not_there(hr_manager):
    event, foreign = make_event(), make_session(make_event())

    with pytest.raises(NotFound):
        plan_sessions({event.pk: [on(0, id=foreign.pk)]}, actor=hr_manager)


@pytest.mark.parametrize("change", ["move", "remove"])
def test_a_session_with_marks_stays_as_it_is(hr_manager, beto, change):
    event = make_event()
    session = make_session(event, starts_at=START, ends_at=START + HOUR)
    make_attendance(event, beto).marks.create(session=session, outcome="late")

    with pytest.raises(DomainError, match="was marked"):
        plan_sessions({event.pk: [on(3, id=session.pk)] if change == "move" else []}, actor=hr_manager)


def test_others_may_be_added_beside_a_session_with_marks(hr_manager, beto):
    event = make_event(state="in_progress")
    session = make_session(event, starts_at=START, ends_at=START + HOUR)
    make_attendance(event, beto).marks.create(session=session, outcome="late")

    plan_sessions({event.pk: [on(-1), on(0, id=session.pk), on(1)]}, reason="Más tiempo", actor=hr_manager)

    assert plan(event) == [(1, -1, 1), (2, 0, 1), (3, 1, 1)]


def test_a_session_more_makes_a_half_of_a_whole(hr_manager, beto):
    event = make_event(state="in_progress")
    session = make_session(event, starts_at=START, ends_at=START + HOUR)
    attendance = make_attendance(event, beto, outcome="present")
    attendance.marks.create(session=session, outcome="present")

    plan_sessions({event.pk: [on(0, id=session.pk), on(1)]}, reason="Más tiempo", actor=hr_manager)

    attendance.refresh_from_db()
    assert attendance.outcome == "pending"


def test_an_event_marked_as_a_whole_gets_no_sessions(hr_manager, beto):
    event = make_event(state="in_progress")
    make_attendance(event, beto, outcome="present")

    with pytest.raises(DomainError, match="as a whole"):
        plan_sessions({event.pk: [on(0)]}, reason="x", actor=hr_manager)


def test_who_knows_the_times_is_told_why_they_change(hr_manager):
    event = make_event(state="published")

    with pytest.raises(DomainError, match="reason"):
        plan_sessions({event.pk: [on(0)]}, actor=hr_manager)
    plan_sessions({event.pk: [on(0)]}, reason="Nueva sala", actor=hr_manager)

    event.refresh_from_db()
    assert event.state_reason == "Nueva sala"
    assert told() == [("event.postponed", {"event_id": event.pk})]


@pytest.mark.parametrize("state", ["completed", "closed", "cancelled"])
def test_sessions_are_settled_once_the_event_is_over(hr_manager, state):
    with pytest.raises(InvalidTransition):
        plan_sessions({make_event(state=state).pk: [on(0)]}, reason="x", actor=hr_manager)


def test_two_who_plan_at_once_do_not_overwrite_each_other(hr_manager):
    event = make_event()
    plan_sessions({event.pk: [on(0)]}, versions={event.pk: 1}, actor=hr_manager)

    with pytest.raises(StaleRow):
        plan_sessions({event.pk: [on(5)]}, versions={event.pk: 1}, actor=hr_manager)

    assert plan(event) == [(1, 0, 1)]


def test_only_hr_plans(auditor):
    with pytest.raises(NotAllowed):
        plan_sessions({make_event().pk: [on(0)]}, actor=auditor)


# --- Changes of daylight saving --------------------------------------------------------------------------------------
@pytest.fixture
def _new_york():
    with timezone.override(NEW_YORK):
        yield


def local(*values):
    return datetime(*values, tzinfo=NEW_YORK)


@pytest.fixture
def course(_new_york):
    """Mondays at 23:30, across midnight, two in February 2031; the clocks go forward on March 9 at two."""
    event = make_event(state="published", starts_at=local(2031, 2, 17, 23, 30), ends_at=local(2031, 2, 25, 1, 0))
    make_session(event, 1, starts_at=local(2031, 2, 17, 23, 30), ends_at=local(2031, 2, 18, 1, 0))
    make_session(event, 2, starts_at=local(2031, 2, 24, 23, 30), ends_at=local(2031, 2, 25, 1, 0))
    return event


def times(event):
    return list(event.sessions.order_by("number").values_list("starts_at", "ends_at"))


def test_a_course_keeps_its_hour_when_it_is_postponed_over_a_change(hr_manager, course):
    postpone_events([course.pk], starts_at=local(2031, 3, 3, 23, 30), reason="x", actor=hr_manager)

    course.refresh_from_db()
    assert times(course) == [
        (local(2031, 3, 3, 23, 30), local(2031, 3, 4, 1, 0)),
        (local(2031, 3, 10, 23, 30), local(2031, 3, 11, 1, 0)),
    ]
    assert (course.starts_at, course.ends_at) == (local(2031, 3, 3, 23, 30), local(2031, 3, 11, 1, 0))


def test_a_session_into_the_night_of_the_change_lasts_as_long(hr_manager, course):
    postpone_events([course.pk], starts_at=local(2031, 3, 9, 1, 30), reason="x", actor=hr_manager)

    (start, end), _later = times(course)
    assert (start, end) == (local(2031, 3, 9, 1, 30), local(2031, 3, 9, 4, 0))
    assert end - start == timedelta(minutes=90)


def test_a_copy_keeps_the_hour_too(hr_manager, course):
    copy = clone_event(course.pk, starts_at=local(2031, 3, 17, 23, 30), actor=hr_manager)

    assert times(copy) == [
        (local(2031, 3, 17, 23, 30), local(2031, 3, 18, 1, 0)),
        (local(2031, 3, 24, 23, 30), local(2031, 3, 25, 1, 0)),
    ]
