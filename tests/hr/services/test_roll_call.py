"""A page of the roll sent at once, with people who came without being enrolled."""

import pytest

from core.errors import NotAllowed, NotFound
from hr.models import Attendance, OutboxMessage, SessionMark
from hr.services.roll_call import Taken, take_roll
from tests.factories import make_attendance, make_event, make_session, make_user


@pytest.fixture
def event(db):
    return make_event(state="in_progress", in_hours=-1)


@pytest.fixture
def manager(ana):
    return make_user("ana", employee=ana)


def outcomes():
    return dict(Attendance.objects.order_by("pk").values_list("employee__first_name", "outcome"))


def test_marks_and_walk_ins_are_saved_together(event, ana, beto, carla, hr_manager):
    row = make_attendance(event, beto)

    taken = take_roll(event.pk, {row.pk: "late"}, walk_ins=[ana.pk, carla.pk], actor=hr_manager)

    assert taken == Taken(count=3)

    assert outcomes() == {"Beto": "late", "Ana": "present", "Carla": "present"}
    event.refresh_from_db()
    assert event.seats_taken == 3


def test_of_a_session(event, beto, carla, hr_manager):
    row, session = make_attendance(event, beto), make_session(event)

    take_roll(event.pk, {row.pk: "absent"}, session_id=session.pk, walk_ins=[carla.pk], actor=hr_manager)

    assert sorted(SessionMark.objects.values_list("attendance__employee__first_name", "outcome")) == [
        ("Beto", "absent"),
        ("Carla", "present"),
    ]


def test_somebody_whose_enrolment_was_cancelled_walks_in(event, beto, hr_manager):
    row = make_attendance(event, beto, status="cancelled", cancelled_from="manager", outcome="absent")

    take_roll(event.pk, {}, walk_ins=[beto.pk], actor=hr_manager)

    row.refresh_from_db()
    assert (row.status, row.outcome) == ("registered", "present")


@pytest.mark.parametrize("outcome", ["present", "late", "absent", "excused"])
def test_who_is_marked_already_keeps_the_mark_and_is_named(outcome, event, beto, carla, hr_manager):
    row = make_attendance(event, beto, outcome=outcome, marked_from="check_in")

    taken = take_roll(event.pk, {}, walk_ins=[beto.pk, carla.pk], actor=hr_manager)

    assert taken == Taken(count=1, kept=[(beto, outcome)])
    assert outcomes() == {"Beto": outcome, "Carla": "present"}
    row.refresh_from_db()
    assert row.marked_from == "check_in"


def test_who_is_enrolled_and_not_marked_yet_is_present(event, beto, hr_manager):
    make_attendance(event, beto, status="confirmed")

    assert take_roll(event.pk, {}, walk_ins=[beto.pk], actor=hr_manager) == Taken(count=1)
    assert outcomes() == {"Beto": "present"}


def test_of_a_course_the_mark_of_the_session_is_what_counts(event, beto, hr_manager):
    row, first, second = make_attendance(event, beto), make_session(event, 1), make_session(event, 2)
    take_roll(event.pk, {row.pk: "late"}, session_id=first.pk, actor=hr_manager)

    kept = take_roll(event.pk, {}, session_id=first.pk, walk_ins=[beto.pk], actor=hr_manager)
    new = take_roll(event.pk, {}, session_id=second.pk, walk_ins=[beto.pk], actor=hr_manager)

    assert (kept, new) == (Taken(count=0, kept=[(beto, "late")]), Taken(count=1))
    assert sorted(SessionMark.objects.values_list("session__number", "outcome")) == [(1, "late"), (2, "present")]


def test_what_the_line_of_a_person_says_is_more_than_that_he_is_there(event, beto, hr_manager):
    row = make_attendance(event, beto)

    take_roll(event.pk, {row.pk: "late"}, walk_ins=[beto.pk], actor=hr_manager)

    assert outcomes() == {"Beto": "late"}


def test_who_finds_no_seat_is_named_and_costs_nobody_his_mark(ana, beto, carla, hr_manager):
    event = make_event(state="in_progress", in_hours=-1, capacity=2)
    row = make_attendance(event, beto)

    taken = take_roll(event.pk, {row.pk: "late"}, walk_ins=[carla.pk, ana.pk], actor=hr_manager)

    assert taken == Taken(count=2, seatless=[ana])
    assert outcomes() == {"Beto": "late", "Carla": "present"}
    event.refresh_from_db()
    assert event.seats_taken == 2
    assert not OutboxMessage.objects.filter(kind="attendance.waitlisted").exists()


@pytest.mark.parametrize("status", ["waitlisted", "cancelled"])
def test_a_full_event_leaves_who_waits_or_was_taken_out_as_he_is(status, beto, carla, hr_manager):
    event = make_event(state="in_progress", in_hours=-1, capacity=1)
    make_attendance(event, beto)
    row = make_attendance(event, carla, status=status)

    assert take_roll(event.pk, {}, walk_ins=[carla.pk], actor=hr_manager) == Taken(count=0, seatless=[carla])
    row.refresh_from_db()
    assert (row.status, row.outcome, row.version) == (status, "pending", 1)


def test_a_full_event_names_nobody_out_of_reach(ana, beto, carla, manager):
    event = make_event(state="in_progress", in_hours=-1, capacity=1)
    make_attendance(event, beto)

    with pytest.raises(NotFound):
        take_roll(event.pk, {}, walk_ins=[carla.pk], actor=manager)
    with pytest.raises(NotAllowed):
        take_roll(event.pk, {}, walk_ins=[ana.pk], actor=manager)


def test_a_manager_brings_in_his_people_only_and_never_himself(event, ana, beto, carla, manager):
    make_attendance(event, beto)

    with pytest.raises(NotFound):
        take_roll(event.pk, {}, walk_ins=[carla.pk], actor=manager)
    with pytest.raises(NotAllowed):
        take_roll(event.pk, {}, walk_ins=[ana.pk], actor=manager)
    take_roll(event.pk, {}, walk_ins=[beto.pk], actor=manager)

    assert outcomes() == {"Beto": "present"}
