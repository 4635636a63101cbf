"""Checking in by code: what is refused, with its sentence, and what is noted."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from core import access, roles
from core.errors import DomainError
from core.models import User
from hr.check_in_codes import Sitting, codes_now
from hr.models import Attendance, Event, SessionMark
from hr.services.check_in import check_in, may_show
from hr.services.marks import mark_attendance
from tests.factories import make_attendance, make_event, make_session, make_user

NOT_RIGHT = "This code is not right, or no longer: the screen shows another one every 20 seconds."
ALREADY = "You are checked in already."


@pytest.fixture
def event(db):
    return make_event("Inducción", code="V", state="in_progress", in_hours=-0.1)


@pytest.fixture
def seat(event, beto):
    return make_attendance(event, beto)


@pytest.fixture
def beto_user(beto):
    return make_user("beto", employee=beto)


@pytest.fixture(params=["long", "short"])
def kind(request):
    """The code in the QR, and the one that is typed."""
    return request.param


def code_of(event, kind="long", session=None):
    return getattr(codes_now(Sitting(event.pk, session.pk if session else 0)), kind)


def refusal(code, user):
    with pytest.raises(DomainError) as refused:
        check_in(code, actor=User.objects.get(pk=user.pk))
    return str(refused.value)


def moved(event, **minutes):
    """The event begins or ends so many minutes from now."""
    now = timezone.now()
    Event.objects.filter(pk=event.pk).update(**{name: now + timedelta(minutes=at) for name, at in minutes.items()})


def test_who_checks_in_is_present(event, seat, beto_user, kind):
    done = check_in(code_of(event, kind), actor=beto_user, source="self-service")

    seat.refresh_from_db()
    assert (done.event, done.session, done.outcome) == (event, None, "present")
    assert (seat.outcome, seat.marked_from, seat.marked_by_name) == ("present", "check_in", "Beto Ñáñez")
    assert seat.history.first().history_source == "self-service"


@pytest.mark.parametrize(("minutes", "outcome"), [(-30, "late"), (-15.1, "late"), (-14.9, "present"), (29, "present")])
def test_who_checks_in_fifteen_minutes_after_the_beginning_is_late(event, seat, beto_user, minutes, outcome):
    moved(event, starts_at=minutes)

    assert check_in(code_of(event), actor=beto_user).outcome == outcome


def test_from_when_one_is_late_is_a_setting(event, seat, beto_user, settings):
    settings.CHECK_IN_LATE_MINUTES = 0

    assert check_in(code_of(event), actor=beto_user).outcome == "late"


def test_the_same_code_twice_is_refused_and_so_is_the_next(event, seat, beto_user, kind, monkeypatch):
    code = code_of(event, kind)
    check_in(code, actor=beto_user)

    assert refusal(code, beto_user) == ALREADY
    later = time.time() + 20
    monkeypatch.setattr(time, "time", lambda: later)
    assert refusal(code_of(event, kind), beto_user) == ALREADY
    assert Attendance.objects.get(pk=seat.pk).history.count() == 2


def test_an_old_code_is_refused(event, seat, beto_user, kind, monkeypatch):
    code = code_of(event, kind)
    later = time.time() + 45
    monkeypatch.setattr(time, "time", lambda: later)

    assert refusal(code, beto_user) == NOT_RIGHT


def test_the_code_of_another_event_is_refused(seat, beto_user, kind):
    other = make_event("Directorio", state="in_progress", in_hours=-0.1)

    assert refusal(code_of(other, kind), beto_user) == "This code is of another event: you are not in its list."
    assert Attendance.objects.get(pk=seat.pk).outcome == "pending"


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "message"),
    [(31, 90, "Check-in opens at"), (-90, -1, "Check-in ended at"), (29, 90, None), (-90, 1, None)],
)
def test_outside_the_window_it_is_refused(event, seat, beto_user, starts_at, ends_at, message):
    moved(event, starts_at=starts_at, ends_at=ends_at)

    if message:
        assert refusal(code_of(event), beto_user).startswith(message)
    else:
        assert check_in(code_of(event), actor=beto_user)


@pytest.mark.parametrize(
    ("state", "word"),
    [("draft", "draft"), ("completed", "completed"), ("closed", "closed"), ("cancelled", "cancelled")],
)
def test_an_event_that_does_not_take_place_is_refused(event, seat, beto_user, state, word):
    Event.objects.filter(pk=event.pk).update(state=state)

    assert refusal(code_of(event), beto_user) == f"Nobody can check in to Inducción (V): it is {word}."


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("waitlisted", "You are on the wait-list of Inducción (V) and have no seat yet."),
        ("cancelled", "You are no longer enrolled in Inducción (V)."),
    ],
)
def test_without_a_seat_it_is_refused(event, beto, beto_user, status, message, kind):
    make_attendance(event, beto, status=status)

    assert refusal(code_of(event, kind), beto_user) == message


def test_an_account_without_an_employee_checks_nobody_in(event, seat, hr_manager):
    assert refusal(code_of(event), hr_manager) == (
        "Your account belongs to no employee, so there is nobody to check in."
    )


def test_everybody_checks_in_himself_alone(event, seat, ana, beto_user):
    hers = make_attendance(event, ana)

    check_in(code_of(event), actor=make_user("ana", employee=ana))

    assert [Attendance.objects.get(pk=row.pk).outcome for row in (hers, seat)] == ["present", "pending"]


def test_who_was_marked_absent_and_comes_nevertheless_is_late(event, seat, beto_user, hr_manager):
    mark_attendance({seat.pk: "absent"}, actor=hr_manager)
    moved(event, starts_at=-20)

    assert check_in(code_of(event), actor=beto_user).outcome == "late"


def test_who_was_marked_present_by_somebody_is_checked_in_already(event, seat, beto_user, hr_manager):
    mark_attendance({seat.pk: "present"}, actor=hr_manager)

    assert refusal(code_of(event), beto_user) == ALREADY


@pytest.mark.parametrize("forged", ["", "000000", "1-0-1:x", "Robert'); --"])
def test_what_is_no_code_is_refused(event, seat, beto_user, forged):
    assert refusal(forged, beto_user) == NOT_RIGHT


def test_guessing_is_stopped_and_scanning_goes_on(event, seat, beto_user, beto):
    for number in range(10):
        assert refusal(f"00000{number}", beto_user) == NOT_RIGHT

    assert refusal(code_of(event, "short"), beto_user).startswith("Too many codes that were not right.")
    assert check_in(code_of(event, "long"), actor=beto_user).outcome == "present"


def test_one_who_guesses_stops_nobody_else(event, seat, beto_user, ana):
    make_attendance(event, ana)
    for number in range(12):
        refusal(f"00000{number % 10}", beto_user)

    assert check_in(code_of(event, "short"), actor=make_user("ana", employee=ana))


# --- Sessions ---------------------------------------------------------------------------------------------------------
def test_each_session_of_a_course_has_its_own_check_in(event, seat, beto_user, kind):
    first, second = make_session(event, 1), make_session(event, 2)

    assert check_in(code_of(event, kind, first), actor=beto_user).session == first
    assert refusal(code_of(event, kind, first), beto_user) == ALREADY
    assert check_in(code_of(event, kind, second), actor=beto_user).session == second

    assert sorted(SessionMark.objects.values_list("session__number", "outcome")) == [(1, "present"), (2, "present")]
    assert Attendance.objects.get(pk=seat.pk).outcome == "present"


def test_a_session_has_its_own_window(event, seat, beto_user):
    tomorrow = timezone.now() + timedelta(days=1)
    later = make_session(event, 2, starts_at=tomorrow, ends_at=tomorrow + timedelta(hours=1))

    assert refusal(code_of(event, session=later), beto_user).startswith("Check-in opens at")


def test_a_screen_that_was_opened_before_there_were_sessions_is_refused(event, seat, beto_user):
    code = code_of(event)
    make_session(event, 1)

    assert refusal(code, beto_user) == "The sessions of this event have changed: open its screen again."


# --- The screen -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("who", "shows"),
    [("hr", True), ("holder", True), ("manager", False), ("auditor", False), ("employee", False)],
)
def test_the_screen_is_for_who_may_mark_everybody(who, shows, event, seat, ana, carla, hr_manager, beto_user):
    make_attendance(event, ana)
    make_attendance(event, carla)
    users = {"hr": hr_manager, "auditor": make_user(role=roles.AUDITOR), "employee": beto_user}
    users |= {"manager": make_user("ana", employee=ana), "holder": make_user("holder")}
    for codename in ("view_attendance_at", "mark_attendance_at"):
        access.grant(codename, users["holder"], event, granted_by=hr_manager, reason="takes the roll")

    assert may_show(event, User.objects.get(pk=users[who].pk)) is shows


def test_a_manager_shows_the_screen_of_an_event_of_his_people_where_he_is_himself(event, seat, ana):
    make_attendance(event, ana)

    assert may_show(event, make_user("ana", employee=ana))
