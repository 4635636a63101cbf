"""While an event enrols, the clock follows people: hired, moved, back, gone."""

from datetime import date, timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.roles import sync_roles
from hr.clock import Clock
from hr.models import Attendance, Employee, EventAudience, OrgUnit, OutboxMessage
from hr.services.employees import NewEmployee, hire_employees, move_employees
from hr.services.employment import reactivate_employees, rehire_employees, suspend_employees
from hr.services.enrolment_clock import fill_due, follow_people
from hr.services.org_units import move_org_units
from tests.factories import make_attendance, make_employee, make_event, make_unit


@pytest.fixture(autouse=True)
def _roles(db):
    sync_roles()


@pytest.fixture
def clock():
    """One that has looked at everybody already, when nobody had been changed for long."""
    Employee.objects.update(updated_at=timezone.now() - timedelta(days=1))
    OrgUnit.objects.update(updated_at=timezone.now() - timedelta(days=1))
    clock = Clock()
    clock.round()
    return clock


@pytest.fixture
def event(sales):
    """For sales, published when nobody worked there."""
    event = make_event(state="published")
    EventAudience.objects.create(event=event, org_unit=sales)
    return event


def names(event, **wanted):
    return sorted(event.attendance.filter(**wanted).values_list("employee__first_name", flat=True))


def test_a_later_hire_is_enrolled_and_told(event, clock, sales):
    hire_employees(
        [NewEmployee(first_name="Nora", last_name="Gil", hired_on=timezone.localdate(), org_unit_id=sales.pk)],
        actor=None,
    )

    clock.round()
    clock.round()

    row = event.attendance.get()
    assert (row.employee.first_name, row.status, row.version) == ("Nora", "registered", 1)
    assert list(row.history.values_list("history_type", "history_source")) == [("+", "job")]
    event.refresh_from_db()
    assert event.seats_taken == 1
    payloads = OutboxMessage.objects.filter(kind="attendance.enrolled").values_list("payload", flat=True)
    assert list(payloads) == [{"attendance_ids": [row.pk]}]


def test_who_moves_into_the_unit_is_enrolled(event, carla, clock, sales):
    move_employees([carla.pk], org_unit=sales, actor=None)

    clock.round()

    assert names(event) == ["Carla"]


def test_a_unit_that_moves_below_takes_its_people_along(event, carla, clock, sales, finance):
    move_org_units([finance.pk], parent=sales, actor=None)

    clock.round()

    assert names(event) == ["Carla"]


def test_who_is_back_is_enrolled(event, sales, clock):
    suspended = make_employee("Sara", status="suspended", org_unit=sales)
    left = make_employee("Tito", status="terminated", ended_on=date(2024, 1, 31), org_unit=sales)
    clock.round()
    assert names(event) == []

    reactivate_employees([suspended.pk], actor=None)
    rehire_employees([left.pk], hired_on=timezone.localdate(), actor=None)
    clock.round()

    assert names(event) == ["Sara", "Tito"]


def test_the_first_look_of_a_copy_is_at_everybody(event, beto, clock):
    Employee.objects.update(updated_at=timezone.now() - timedelta(days=1))
    Attendance.history.all().delete()
    Attendance.objects.all().delete()

    clock.round()
    assert names(event) == []
    clock.give_back()
    Clock().round()

    assert names(event) == ["Ana", "Beto"]


def test_what_was_cancelled_is_never_renewed(event, beto, clock, hr_manager):
    Attendance.objects.filter(employee=beto).update(status="cancelled", cancelled_from="self")
    suspend_employees([beto.pk], actor=hr_manager)
    reactivate_employees([beto.pk], actor=hr_manager)

    clock.round()
    clock.give_back()
    Clock().round()

    assert names(event, status="cancelled") == ["Beto"]


@pytest.mark.parametrize("state", ["draft", "completed", "closed", "cancelled"])
def test_other_events_enrol_nobody_later(state, carla, clock):
    event = make_event(state=state)
    EventAudience.objects.create(event=event, everybody=True)

    Clock().round()
    follow_people(None)

    assert names(event) == []


def test_events_with_open_enrolment_wait_for_people_to_register(carla):
    event = make_event(state="published", open_enrolment=True)
    EventAudience.objects.create(event=event, everybody=True)

    follow_people(None)

    assert names(event) == []


def test_later_hires_of_a_full_event_wait(beto, carla):
    event = make_event(state="in_progress", capacity=1, in_hours=-1)
    EventAudience.objects.create(event=event, everybody=True)

    follow_people(None)

    assert (names(event, status="registered"), names(event, status="waitlisted")) == (["Ana"], ["Beto", "Carla"])


def test_who_left_and_was_enrolled_in_that_moment_is_withdrawn(event, ana, sales):
    left = make_employee("Tito", status="terminated", ended_on=date(2024, 1, 31), org_unit=sales)
    row = make_attendance(event, left)

    follow_people(timezone.now() - timedelta(minutes=1))

    row.refresh_from_db()
    assert (row.status, row.cancelled_from) == ("cancelled", "left")


def test_who_was_passed_over_gets_a_free_seat_once_he_is_back(ana, beto, hr_manager):
    event = make_event(state="published", capacity=1)
    make_attendance(event, beto, "waitlisted")
    suspend_employees([beto.pk], actor=hr_manager)
    assert fill_due(limit=10, actor=None) == 0

    reactivate_employees([beto.pk], actor=hr_manager)

    assert fill_due(limit=10, actor=None) == 1
    assert names(event, status="registered") == ["Beto"]


def test_a_round_in_which_nobody_changed_asks_as_much_for_many_events_as_for_one(carla, clock):
    counts = []
    for number in (1, 5):
        for _event in range(number):
            event = make_event(state="published")
            EventAudience.objects.create(event=event, org_unit=make_unit())
        with CaptureQueriesContext(connections["business"]) as queries:
            assert follow_people(timezone.now() + timedelta(minutes=1))
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_stopped_clock_begins_with_no_further_event(event, beto):
    assert follow_people(None, should_stop=lambda: True) is False
    assert names(event) == []
