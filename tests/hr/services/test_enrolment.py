"""Enrolling people in events, one by one and many at once, and taking them out again."""

from datetime import date, timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core import access, roles
from core.errors import DomainError, InvalidTransition, NotAllowed, NotFound
from core.models import User
from hr.models import Attendance, Employee, EventAudience, OutboxMessage
from hr.services.employees import move_employees
from hr.services.employment import rehire_employees, suspend_employees, terminate_employees
from hr.services.enrolment import (
    cancel_attendance,
    confirm_attendance,
    enrol_employees,
    promote_waitlisted,
    register,
    withdraw_leavers,
)
from tests.factories import make_attendance, make_employee, make_event, make_user


def statuses(event):
    return dict(event.attendance.order_by("pk").values_list("employee__first_name", "status"))


def seats(event):
    event.refresh_from_db()
    return event.seats_taken


def told(kind):
    """The keys that the messages of a kind name, and of how many messages."""
    payloads = OutboxMessage.objects.filter(kind=kind).values_list("payload", flat=True)
    return sorted(key for payload in payloads for key in payload["attendance_ids"])


def user_of(employee):
    """As the next request would read him."""
    if not User.objects.filter(employee_uid=employee.uid).exists():
        make_user(employee=employee, role=roles.EMPLOYEE)
    return User.objects.get(employee_uid=employee.uid)


def open_event(*, state="published", **values):
    """For everybody, who may register."""
    event = make_event(state=state, open_enrolment=True, **values)
    EventAudience.objects.create(event=event, everybody=True)
    return event


# --- By HR and managers ----------------------------------------------------------------------------------------------
def test_enrolling_writes_row_history_seat_and_message(ana, beto, hr_manager):
    event = make_event(state="published")

    rows = enrol_employees(event.pk, [beto.pk, ana.pk], actor=hr_manager)

    assert [(row.employee, row.status) for row in rows] == [(beto, "registered"), (ana, "registered")]
    assert seats(event) == 2
    entries = Attendance.history.order_by("id").values_list("history_type", "status", "version", "history_user_name")
    assert list(entries) == [("+", "registered", 1, str(hr_manager))] * 2
    assert told("attendance.enrolled") == sorted(row.pk for row in rows)


def test_who_is_enrolled_already_stays_as_he_is(beto, hr_manager):
    event = make_event(state="published")
    confirmed = make_attendance(event, beto, "confirmed")

    rows = enrol_employees(event.pk, [beto.pk, beto.pk], actor=hr_manager)

    assert [(row.pk, row.status, row.version) for row in rows] == [(confirmed.pk, "confirmed", 1)]
    assert seats(event) == 1
    assert told("attendance.enrolled") == []


def test_beyond_the_seats_people_wait(ana, beto, carla, hr_manager):
    event = make_event(state="published", capacity=2)

    rows = enrol_employees(event.pk, [carla.pk, ana.pk, beto.pk], actor=hr_manager)

    assert statuses(event) == {"Carla": "registered", "Ana": "registered", "Beto": "waitlisted"}
    assert seats(event) == 2
    assert told("attendance.waitlisted") == [rows[2].pk]


@pytest.mark.parametrize("state", ["published", "in_progress", "completed"])
def test_walk_ins_are_taken_until_the_event_is_closed(state, beto, hr_manager):
    event = make_event(state=state)

    enrol_employees(event.pk, [beto.pk], actor=hr_manager)

    assert statuses(event) == {"Beto": "registered"}


@pytest.mark.parametrize("state", ["draft", "closed", "cancelled"])
def test_other_events_take_nobody(state, beto, hr_manager):
    event = make_event(state=state)

    with pytest.raises(InvalidTransition):
        enrol_employees(event.pk, [beto.pk], actor=hr_manager)

    assert statuses(event) == {}


@pytest.mark.parametrize("by", Attendance.CancelledFrom.values)
def test_hr_renews_whoever_cancelled(by, beto, hr_manager):
    event = make_event(state="published")
    cancelled = make_attendance(event, beto, "cancelled", cancelled_from=by, cancel_reason="Sick")

    [row] = enrol_employees(event.pk, [beto.pk], actor=hr_manager)

    assert (row.pk, row.status, row.cancelled_from, row.cancel_reason) == (cancelled.pk, "registered", "", "")
    assert row.enrolled_at > cancelled.enrolled_at
    assert seats(event) == 1


def test_who_is_renewed_goes_to_the_end_of_the_wait_list(ana, beto, carla, hr_manager):
    event = make_event(state="published", capacity=1)
    make_attendance(event, ana)
    make_attendance(event, beto, "cancelled", enrolled_at=timezone.now() - timedelta(days=2))
    make_attendance(event, carla, "waitlisted", enrolled_at=timezone.now() - timedelta(days=1))

    enrol_employees(event.pk, [beto.pk], actor=hr_manager)

    waiting = event.attendance.waiting().values_list("employee__first_name", flat=True)
    assert list(waiting) == ["Carla", "Beto"]


@pytest.mark.parametrize("status", ["suspended", "terminated"])
def test_only_who_is_active_is_enrolled(status, hr_manager):
    person = make_employee(status=status, ended_on=date(2024, 1, 31) if status == "terminated" else None)
    event = make_event(state="published")

    with pytest.raises(DomainError, match="cannot be enrolled"):
        enrol_employees(event.pk, [person.pk], actor=hr_manager)


def test_a_manager_enrols_his_people_and_nobody_else(ana, beto, carla):
    event = make_event(state="published")
    make_attendance(event, beto, "cancelled")  # by which Ana sees the event
    manager = user_of(ana)

    with pytest.raises(NotFound):
        enrol_employees(event.pk, [beto.pk, carla.pk], actor=manager)
    with pytest.raises(NotAllowed):
        enrol_employees(event.pk, [ana.pk], actor=manager)
    enrol_employees(event.pk, [beto.pk], actor=manager)

    assert statuses(event) == {"Beto": "registered"}


def test_an_event_that_a_manager_does_not_see_is_none(ana, beto):
    with pytest.raises(NotFound):
        enrol_employees(make_event(state="published").pk, [beto.pk], actor=user_of(ana))


def test_a_grant_to_enrol_reaches_the_person_or_the_unit_it_is_on(beto, carla, sales):
    event = open_event()
    by_person, by_unit = user_of(make_employee()), user_of(make_employee())
    for codename, user, target in (
        ("view_employee", by_person, carla),
        ("add_attendance_of", by_person, carla),
        ("view_employee_in", by_unit, sales),
        ("add_attendance_in", by_unit, sales),
    ):
        access.grant(codename, user, target)

    enrol_employees(event.pk, [carla.pk], actor=by_person)
    enrol_employees(event.pk, [beto.pk], actor=by_unit)
    with pytest.raises(NotFound):
        enrol_employees(event.pk, [beto.pk], actor=by_person)

    assert statuses(event) == {"Carla": "registered", "Beto": "registered"}


def test_a_grant_at_the_event_shows_its_people_and_enrols_nobody(beto, carla):
    event = make_event(state="published")
    enrolled = make_attendance(event, carla)
    helper = user_of(make_employee())
    access.grant("mark_attendance_at", helper, event)
    access.grant("view_attendance_at", helper, event)

    assert list(Attendance.objects.visible_to(helper)) == [enrolled]
    with pytest.raises(NotFound):
        enrol_employees(event.pk, [beto.pk], actor=helper)
    with pytest.raises(NotAllowed):
        cancel_attendance([enrolled.pk], actor=helper)


def test_enrolling_takes_as_many_statements_for_ten_as_for_two(hr_manager, sales):
    counts = []
    for number in (2, 10):
        event = make_event(state="published", capacity=100)
        people = [make_employee(org_unit=sales).pk for _person in range(number)]
        with CaptureQueriesContext(connections["business"]) as queries:
            enrol_employees(event.pk, people, actor=hr_manager)
        counts.append(sum("SAVEPOINT" not in query["sql"] for query in queries))

    # `executemany` is told as one statement.
    assert counts[0] == counts[1]


# --- By oneself ------------------------------------------------------------------------------------------------------
def test_one_registers_for_an_open_event_once(beto):
    event = open_event()

    first = register(event.pk, actor=user_of(beto))
    again = register(event.pk, actor=user_of(beto))

    assert (first.employee, first.status, again) == (beto, "registered", first)
    assert seats(event) == 1
    assert Attendance.history.count() == 1


def test_a_full_event_puts_one_on_the_wait_list(ana, beto):
    event = open_event(capacity=1)
    make_attendance(event, ana)

    assert register(event.pk, actor=user_of(beto)).status == "waitlisted"
    assert seats(event) == 1


def test_one_renews_what_one_cancelled_but_not_what_a_manager_did(beto, carla):
    event = open_event()
    make_attendance(event, beto, "cancelled", cancelled_from="self")
    make_attendance(event, carla, "cancelled", cancelled_from="manager")

    register(event.pk, actor=user_of(beto))
    with pytest.raises(NotAllowed, match="Ask your manager or HR"):
        register(event.pk, actor=user_of(carla))

    assert statuses(event) == {"Beto": "registered", "Carla": "cancelled"}


def test_an_event_for_others_does_not_exist(beto, finance):
    event = make_event(state="published", open_enrolment=True)
    EventAudience.objects.create(event=event, org_unit=finance)

    with pytest.raises(NotFound):
        register(event.pk, actor=user_of(beto))


def test_without_open_enrolment_nobody_registers_himself(beto):
    event = make_event(state="published")
    make_attendance(event, beto, "cancelled", cancelled_from="self")

    with pytest.raises(NotAllowed, match="is not open for you to register"):
        register(event.pk, actor=user_of(beto))


@pytest.mark.parametrize("state", ["in_progress", "completed", "closed", "cancelled"])
def test_one_registers_only_while_the_event_is_published(state, beto):
    event = open_event(state=state)
    make_attendance(event, beto, "cancelled", cancelled_from="self")

    with pytest.raises(InvalidTransition):
        register(event.pk, actor=user_of(beto))


def test_one_registers_before_the_event_starts(beto):
    event = open_event(in_hours=-1)

    with pytest.raises(DomainError, match="has begun"):
        register(event.pk, actor=user_of(beto))


# --- Confirming ------------------------------------------------------------------------------------------------------
def test_confirming_twice_is_one_step(beto):
    event = make_event(state="published")
    row = make_attendance(event, beto)
    user = user_of(beto)

    assert confirm_attendance([row.pk], actor=user) == 1
    assert confirm_attendance([row.pk], actor=user) == 0

    assert list(row.history.values_list("status", flat=True)) == ["confirmed", "registered"]
    assert seats(event) == 1


@pytest.mark.parametrize("state", ["completed", "closed", "cancelled"])
def test_after_the_event_nothing_is_confirmed(state, beto):
    row = make_attendance(make_event(state=state), beto)

    with pytest.raises(InvalidTransition):
        confirm_attendance([row.pk], actor=user_of(beto))


# --- Cancelling ------------------------------------------------------------------------------------------------------
def test_one_cancels_before_the_start_and_the_next_in_line_gets_the_seat(ana, beto, carla):
    event = make_event(state="published", capacity=1)
    mine = make_attendance(event, beto, "confirmed")
    later = make_attendance(event, ana, "waitlisted", enrolled_at=timezone.now())
    first = make_attendance(event, carla, "waitlisted", enrolled_at=timezone.now() - timedelta(hours=1))

    cancel_attendance([mine.pk], actor=user_of(beto), reason="Travelling")

    mine.refresh_from_db()
    assert (mine.status, mine.cancelled_from, mine.cancel_reason) == ("cancelled", "self", "Travelling")
    assert statuses(event) == {"Beto": "cancelled", "Ana": "waitlisted", "Carla": "registered"}
    assert seats(event) == 1
    assert mine.history.first().history_change_reason == "Travelling"
    assert (told("attendance.cancelled"), told("attendance.promoted")) == ([mine.pk], [first.pk])
    assert later.pk not in told("attendance.promoted")


def test_once_it_has_begun_only_others_cancel(ana, beto):
    event = make_event(state="published", in_hours=-1)
    row = make_attendance(event, beto)

    with pytest.raises(DomainError, match="has begun"):
        cancel_attendance([row.pk], actor=user_of(beto))
    cancel_attendance([row.pk], actor=user_of(ana))

    row.refresh_from_db()
    assert (row.status, row.cancelled_from) == ("cancelled", "manager")


def test_leaving_the_wait_list_frees_no_seat(ana, beto, carla):
    event = make_event(state="published", capacity=1)
    make_attendance(event, ana)
    waiting = make_attendance(event, beto, "waitlisted")
    make_attendance(event, carla, "waitlisted")

    cancel_attendance([waiting.pk], actor=user_of(beto))

    assert statuses(event) == {"Ana": "registered", "Beto": "cancelled", "Carla": "waitlisted"}
    assert seats(event) == 1


def test_many_are_cancelled_over_several_events(ana, beto, hr_manager):
    events = [make_event(state="published") for _event in range(2)]
    rows = [make_attendance(event, person) for event in events for person in (ana, beto)]

    assert cancel_attendance([row.pk for row in rows], actor=hr_manager, reason="Moved") == 4

    assert [statuses(event) for event in events] == [{"Ana": "cancelled", "Beto": "cancelled"}] * 2
    assert [seats(event) for event in events] == [0, 0]
    assert set(Attendance.objects.values_list("cancelled_from", "cancel_reason")) == {("manager", "Moved")}


def test_one_who_came_is_not_cancelled_and_all_stay_as_they_were(ana, beto, hr_manager):
    event = make_event(state="in_progress")
    rows = [make_attendance(event, ana), make_attendance(event, beto, outcome="present")]

    with pytest.raises(DomainError, match=r"Beto.*came, so the enrolment stays"):
        cancel_attendance([row.pk for row in rows], actor=hr_manager)

    assert statuses(event) == {"Ana": "registered", "Beto": "registered"}


@pytest.mark.parametrize("state", ["closed", "cancelled"])
def test_a_closed_list_stays_as_it_is(state, beto, hr_manager):
    row = make_attendance(make_event(state=state), beto)

    with pytest.raises(InvalidTransition):
        cancel_attendance([row.pk], actor=hr_manager)


def test_nobody_cancels_for_people_he_does_not_answer_for(beto, carla):
    event = make_event(state="published")
    make_attendance(event, beto)
    hers = make_attendance(event, carla)

    with pytest.raises(NotFound):
        cancel_attendance([hers.pk], actor=user_of(beto))


# --- Seats -----------------------------------------------------------------------------------------------------------
def test_a_capacity_that_grew_promotes_in_order(ana, beto, carla):
    event = make_event(state="published", capacity=1)
    make_attendance(event, ana)
    make_attendance(event, carla, "waitlisted", enrolled_at=timezone.now())
    make_attendance(event, beto, "waitlisted", enrolled_at=timezone.now() - timedelta(hours=1))
    event.capacity = 2
    event.save()

    assert promote_waitlisted([event.pk], actor=None) == 1
    assert statuses(event) == {"Ana": "registered", "Carla": "waitlisted", "Beto": "registered"}
    event.capacity, event.seats_taken = None, 2
    event.save()
    assert promote_waitlisted([event.pk], actor=None) == 1
    assert seats(event) == 3


def test_who_is_suspended_keeps_his_place_and_is_passed_over(ana, beto, carla, hr_manager):
    event = make_event(state="published", capacity=1)
    seat = make_attendance(event, ana)
    make_attendance(event, beto, "waitlisted", enrolled_at=timezone.now() - timedelta(hours=1))
    make_attendance(event, carla, "waitlisted")
    suspend_employees([beto.pk], actor=hr_manager)

    cancel_attendance([seat.pk], actor=hr_manager)

    assert statuses(event) == {"Ana": "cancelled", "Beto": "waitlisted", "Carla": "registered"}


def test_a_completed_event_promotes_nobody(ana, beto, hr_manager):
    event = make_event(state="completed", capacity=1)
    seat = make_attendance(event, ana)
    make_attendance(event, beto, "waitlisted")

    cancel_attendance([seat.pk], actor=hr_manager)

    assert statuses(event) == {"Ana": "cancelled", "Beto": "waitlisted"}


# --- Leavers ---------------------------------------------------------------------------------------------------------
def test_who_leaves_is_out_of_the_events_to_come(ana, beto, hr_manager):
    to_come = make_event(state="published", capacity=1)
    going = make_attendance(to_come, beto, "confirmed")
    make_attendance(to_come, ana, "waitlisted")
    came = make_attendance(make_event(state="in_progress"), beto, outcome="present")
    over = make_attendance(make_event(state="completed"), beto)

    terminate_employees([beto.pk], ended_on=timezone.localdate(), actor=hr_manager)

    going.refresh_from_db()
    assert (going.status, going.cancelled_from) == ("cancelled", "left")
    assert going.history.first().history_user_name == str(hr_manager)
    assert statuses(to_come) == {"Beto": "cancelled", "Ana": "registered"}
    assert seats(to_come) == 1
    assert set(Attendance.objects.filter(pk__in=[came.pk, over.pk]).values_list("status", flat=True)) == {"registered"}


def test_who_is_rehired_may_register_again(beto, hr_manager):
    event = open_event()
    make_attendance(event, beto)
    terminate_employees([beto.pk], ended_on=timezone.localdate(), actor=hr_manager)
    rehire_employees([beto.pk], hired_on=timezone.localdate(), actor=hr_manager)

    register(event.pk, actor=user_of(beto))

    assert statuses(event) == {"Beto": "registered"}


def test_withdrawing_who_is_in_no_event_does_nothing(beto):
    assert withdraw_leavers([beto.pk], actor=None) == 0


def test_moving_keeps_the_enrolments_one_has(beto, finance, hr_manager):
    event = make_event(state="published")
    make_attendance(event, beto)

    move_employees([beto.pk], org_unit=finance, actor=hr_manager)

    assert statuses(event) == {"Beto": "registered"}
    assert Employee.objects.get(pk=beto.pk).org_unit == finance
