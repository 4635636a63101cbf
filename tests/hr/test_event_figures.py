"""The figures kept of events say what their attendance says: after every write at once, and after they were counted."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from hr.figures import Asked, Period, Tally, by_kind, by_month, by_unit, of_events, tallies, total, with_time
from hr.models import Attendance, EventFigures, FiguresDue, SessionMark
from hr.services import event_figures
from hr.services.corrections import correct_at_once
from hr.services.employees import change_employees, move_employees
from hr.services.event_figures import count_anew, count_due, miscounted
from hr.services.events import close_events, complete_events, reopen_events
from tests.factories import make_attendance, make_employee, make_event, make_kind, make_session, make_unit, make_user

YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
MARCH = datetime(2026, 3, 10, 16, tzinfo=UTC)
KEYS = (by_kind, by_unit, by_month(YEAR))


def held(state="closed", starts_at=MARCH, **values):
    return make_event(state=state, starts_at=starts_at, **values)


def kept(user, **values):
    """As the report tells it, by each key."""
    asked = Asked(user, YEAR, **values)
    with_times = [with_time(asked, key) for key in KEYS]
    without = tallies(*((asked, key) for key in KEYS))
    assert [{of: (t.enrolled, t.came, t.absent) for of, t in found.items()} for found in with_times] == [
        {of: (t.enrolled, t.came, t.absent) for of, t in found.items()} for found in without
    ]
    return with_times


def counted(user, **values):
    """By the rows alone."""
    EventFigures.objects.all().delete()
    found = kept(user, **values)
    count_all()
    return found


def count_all():
    while count_due(limit=1, actor=None):
        pass


def due():
    return set(FiguresDue.objects.values_list("event_id", flat=True))


@pytest.fixture
def course(ana, beto, carla):
    """Two came to both sessions, one to the second alone, which is not enough."""
    course = held(hours=100, kind=make_kind())
    sessions = [
        make_session(course, number, starts_at=MARCH, ends_at=MARCH + timedelta(hours=number, minutes=30))
        for number in (1, 2)
    ]
    for person, outcomes in ((ana, "present late"), (beto, "late present"), (carla, "absent present")):
        row = make_attendance(course, person, outcome="absent" if person is carla else "present")
        for session, outcome in zip(sessions, outcomes.split(), strict=True):
            SessionMark.objects.create(attendance=row, session=session, outcome=outcome)
    return course


@pytest.fixture
def talk(ana, beto, carla):
    talk = held("completed", hours=2)
    for person, outcome in ((ana, "present"), (beto, "absent"), (carla, "excused")):
        make_attendance(talk, person, outcome=outcome)
    make_attendance(talk, make_employee(org_unit=ana.org_unit), status="cancelled", outcome="present")
    make_attendance(talk, make_employee(org_unit=ana.org_unit), status="waitlisted")
    return talk


# --- The same figures -------------------------------------------------------------------------------------------------
def test_what_is_kept_is_what_the_rows_say(hr_manager, course, talk, company, sales, finance):
    held("cancelled")
    make_attendance(held("closed", starts_at=datetime(2025, 3, 1, tzinfo=UTC)), make_employee(org_unit=sales))
    live = kept(hr_manager)

    count_all()

    assert kept(hr_manager) == live
    assert total(live[0]) == Tally(enrolled=6, came=3, absent=2, time=timedelta(hours=2 + 4 + 4 + 2.5))
    for narrowed in ({"unit": sales}, {"unit": finance}, {"kind": course.kind}):
        assert kept(hr_manager, **narrowed) == counted(hr_manager, **narrowed) != live
    assert kept(hr_manager, unit=company) == counted(hr_manager, unit=company) == live


def test_once_counted_no_row_of_attendance_is_read(hr_manager, course, talk):
    count_all()

    with CaptureQueriesContext(connections["business"]) as queries:
        kept(hr_manager)

    assert not [
        query["sql"] for query in queries if "hr_attendance" in query["sql"] or "hr_sessionmark" in query["sql"]
    ]


def test_an_event_without_people_is_counted_once(hr_manager, db):
    event = held()

    count_all()

    assert [(row.event, row.org_unit_id, row.enrolled) for row in EventFigures.objects.all()] == [(event, 0, 0)]
    assert count_due(limit=7, actor=None) == 0


def test_many_events_take_several_rounds(hr_manager, beto, monkeypatch):
    monkeypatch.setattr(event_figures, "EVENTS_AT_ONCE", 2)
    for _number in range(5):
        make_attendance(held(), beto, outcome="present")

    assert [count_due(limit=7, actor=None) for _round in range(3)] == [7, 7, 0]
    assert EventFigures.objects.of_everybody().count() == 5


# --- Whatever is written ----------------------------------------------------------------------------------------------
def mark(user, talk, beto):
    correct_at_once({Attendance.objects.get(event=talk, employee=beto).pk: "late"}, reason="He came.", actor=user)


def close(user, talk, beto):
    close_events([talk.pk], actor=user)


def move(user, talk, beto):
    move_employees([beto.pk], org_unit=make_unit("Norte"), actor=user)


def move_as_a_field(user, talk, beto):
    change_employees({beto.pk: {"org_unit": make_unit("Norte"), "first_name": "Alberto"}}, actor=user)


def finish(user, talk, beto):
    running = make_event(state="in_progress", starts_at=MARCH, hours=1)
    make_attendance(running, beto, outcome="present")
    complete_events([running.pk], actor=user)


@pytest.mark.parametrize("act", [mark, close, move, move_as_a_field, finish])
def test_it_is_told_at_once_and_counted_later(act, hr_manager, talk, course, beto):
    if act is mark:
        talk.state = "closed"
        talk.save()
    count_all()
    before = kept(hr_manager)

    act(hr_manager, talk, beto)

    noted, told = due(), kept(hr_manager)
    assert noted
    count_all()
    assert due() == set()
    assert told == kept(hr_manager) == counted(hr_manager)
    assert (told == before) == (act is close)
    assert list(miscounted([talk.pk, course.pk])) == []


def test_a_move_is_due_for_the_events_of_the_person_alone(hr_manager, talk, course, beto, carla):
    other = held()
    make_attendance(other, carla)
    count_all()

    move_employees([beto.pk], org_unit=make_unit("Norte"), actor=hr_manager)

    assert due() == {talk.pk, course.pk}


def test_another_name_changes_no_figures(hr_manager, talk, beto):
    count_all()

    change_employees({beto.pk: {"first_name": "Alberto"}}, actor=hr_manager)

    assert due() == set()


def test_an_event_that_goes_on_is_not_counted(hr_manager, talk, beto):
    count_all()
    close_events([talk.pk], actor=hr_manager)
    reopen_events([talk.pk], reason="A mistake.", actor=hr_manager)
    running = make_event(state="in_progress", starts_at=MARCH)
    FiguresDue.objects.create(event_id=running.pk)
    FiguresDue.objects.create(event_id=987_654)

    count_all()

    assert due() == set()
    assert not EventFigures.objects.filter(event=running).exists()


def test_what_is_written_while_an_event_is_counted_stays_due(hr_manager, talk, monkeypatch):
    FiguresDue.objects.create(event_id=talk.pk)
    counting = event_figures.counted_of

    def interrupted(event_ids):
        found = counting(event_ids)
        FiguresDue.objects.create(event_id=talk.pk)
        return found

    monkeypatch.setattr(event_figures, "counted_of", interrupted)

    count_due(limit=1, actor=None)

    assert due() == {talk.pk}


# --- Whose ------------------------------------------------------------------------------------------------------------
def test_only_who_sees_everybody_is_answered_from_what_is_kept(hr_manager, ana, beto, carla, talk, course):
    count_all()
    EventFigures.objects.update(enrolled=77)

    head, member, stranger = (make_user(employee=person) for person in (ana, beto, carla))

    assert total(kept(hr_manager)[0]).enrolled == 154
    assert [total(kept(user)[0]).enrolled for user in (head, member, stranger, make_user())] == [4, 2, 2, 0]
    seen = [EventFigures.objects.visible_to(user).exists() for user in (hr_manager, head, member, stranger)]
    assert seen == [True, False, False, False]


def test_a_list_of_events_tells_of_each_what_the_reader_sees(hr_manager, ana, beto, carla, talk, course):
    running = make_event(state="in_progress")
    make_attendance(running, beto)
    keys = [talk.pk, course.pk, running.pk, held().pk]
    readers = [hr_manager, *(make_user(employee=person) for person in (ana, beto, carla)), make_user()]

    def told():
        found = [of_events(user, keys) for user in readers]
        return [[(tally.enrolled, tally.came) for tally in map(each.get, keys) if tally] for each in found]

    before = told()
    count_all()

    assert before == [
        [(3, 1), (3, 2), (1, 0)],
        [(2, 1), (2, 2), (1, 0)],
        [(1, 0), (1, 1), (1, 0)],
        [(1, 0), (1, 0)],
        [],
    ]
    assert [[tally for tally in each if tally != (0, 0)] for each in told()] == before
    mark_late = {Attendance.objects.get(event=course, employee=carla).pk: "late"}
    correct_at_once(mark_late, reason="She came.", actor=hr_manager)
    assert of_events(hr_manager, keys)[course.pk].came == 3


# --- Between the two --------------------------------------------------------------------------------------------------
def test_a_difference_is_found_and_put_right(hr_manager, talk, course):
    count_all()
    right = kept(hr_manager)
    EventFigures.objects.filter(event=talk).update(came=9)

    assert list(miscounted([talk.pk, course.pk])) == [talk.pk]
    count_anew([talk.pk], actor=None)
    assert list(miscounted([talk.pk, course.pk])) == []
    assert kept(hr_manager) == right


def test_what_is_due_or_was_never_counted_is_no_difference(talk, course):
    count_anew([talk.pk], actor=None)
    EventFigures.objects.filter(event=talk).update(came=9)
    FiguresDue.objects.create(event_id=talk.pk)

    assert list(miscounted([talk.pk, course.pk])) == []
