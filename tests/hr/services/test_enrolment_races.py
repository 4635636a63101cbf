"""Many people at once: a seat is given once, a step taken once, and nobody is in a list twice."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.utils import timezone

from core import roles
from core.errors import DomainError
from core.models import User
from hr.models import Attendance, Employee, EventAudience
from hr.scope import facts_of
from hr.services.checked_enrolment import Entry, enrol_checked
from hr.services.employment import terminate_employees
from hr.services.enrolment import (
    cancel_attendance,
    confirm_attendance,
    enrol_audience,
    enrol_employees,
    register,
)
from hr.services.enrolment_clock import follow_people
from tests.factories import make_attendance, make_employee, make_event, make_unit, make_user

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

PEOPLE, SEATS = 50, 12


@pytest.fixture
def people():
    unit = make_unit()
    return [make_employee(f"N{number}", org_unit=unit) for number in range(PEOPLE)]


@pytest.fixture
def event():
    event = make_event(state="published", open_enrolment=True, capacity=SEATS)
    EventAudience.objects.create(event=event, everybody=True)
    return event


def at_once(acts):
    """Run all of them in threads that start together; what failed fails here."""
    together = threading.Barrier(len(acts))

    def run(act):
        try:
            together.wait()
            act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        for future in [pool.submit(run, act) for act in acts]:
            future.result()


def counted(event):
    event.refresh_from_db()
    return event.seats_taken, Counter(event.attendance.values_list("status", flat=True))


def test_fifty_who_register_at_once_never_overfill_and_wait_in_their_order(people, event):
    users = [make_user(employee=person, role=roles.EMPLOYEE) for person in people]

    at_once([lambda user=user: register(event.pk, actor=User.objects.get(pk=user.pk)) for user in users])

    assert counted(event) == (SEATS, {"registered": SEATS, "waitlisted": PEOPLE - SEATS})
    assert Attendance.history.count() == PEOPLE
    in_order = event.attendance.order_by("enrolled_at", "pk").values_list("status", flat=True)
    assert list(in_order) == ["registered"] * SEATS + ["waitlisted"] * (PEOPLE - SEATS)


def test_seats_that_become_free_at_once_go_to_the_first_who_wait(people, event):
    enrol_employees(event.pk, [person.pk for person in people], actor=None)
    first = list(event.attendance.order_by("enrolled_at", "pk").values_list("pk", flat=True))

    at_once([lambda key=key: cancel_attendance([key], actor=None) for key in first[:SEATS]])

    assert counted(event) == (SEATS, {"cancelled": SEATS, "registered": SEATS, "waitlisted": PEOPLE - 2 * SEATS})
    seated = event.attendance.filter(status="registered").values_list("pk", flat=True)
    assert sorted(seated) == first[SEATS : 2 * SEATS]


def test_who_registers_while_others_cancel_takes_no_seat_twice(people, event):
    users = [make_user(employee=person, role=roles.EMPLOYEE) for person in people[SEATS:]]
    seated = enrol_employees(event.pk, [person.pk for person in people[:SEATS]], actor=None)

    at_once(
        [
            *(lambda row=row: cancel_attendance([row.pk], actor=None) for row in seated),
            *(lambda user=user: register(event.pk, actor=User.objects.get(pk=user.pk)) for user in users),
        ]
    )

    waiting = PEOPLE - 2 * SEATS
    assert counted(event) == (SEATS, {"cancelled": SEATS, "registered": SEATS, "waitlisted": waiting})


def test_a_hundred_confirmations_at_once_are_one_step(people, event):
    row = make_attendance(event, people[0])
    user = make_user(employee=people[0], role=roles.EMPLOYEE)
    # Read once: the threads then need no connection to the other database.
    facts_of(user)
    user.get_all_permissions()

    at_once([lambda: confirm_attendance([row.pk], actor=user)] * 100)

    assert list(row.history.order_by("history_id").values_list("status", "version")) == [
        ("registered", 1),
        ("confirmed", 2),
    ]
    assert Attendance.objects.values_list("status", "version").get() == ("confirmed", 2)


def test_an_audience_enrolled_ten_times_at_once_is_enrolled_once(people):
    event = make_event(state="published", capacity=SEATS)
    EventAudience.objects.create(event=event, everybody=True)
    by_hand = [lambda part=part: enrol_employees(event.pk, part, actor=None) for part in keys_in_parts(people)]

    at_once([*(lambda: enrol_audience([event.pk], actor=None) for _time in range(10)), *by_hand])

    assert counted(event) == (SEATS, {"registered": SEATS, "waitlisted": PEOPLE - SEATS})
    assert Attendance.history.filter(history_type="+").count() == PEOPLE


def test_files_loaded_at_once_never_overfill_and_enrol_nobody_twice(people):
    """Whoever comes second finds them in the list, or the seats too few, and leaves them to the single verbs."""
    event, full = make_event(state="in_progress"), make_event(state="in_progress", capacity=SEATS)
    keys = [person.pk for person in people]
    files = [
        {(event.pk, key): Entry(True, "present") for key in keys} | {(full.pk, key): Entry() for key in part}
        for part in (keys[:SEATS], keys[SEATS : 2 * SEATS])
    ]
    written = []

    at_once([lambda file=file: written.append(enrol_checked(file, actor=None)) for file in files])

    assert sorted(map(len, written)) == [0, PEOPLE + SEATS]
    assert counted(event) == (PEOPLE, {"confirmed": PEOPLE})
    assert counted(full) == (SEATS, {"registered": SEATS})
    assert Attendance.history.count() == PEOPLE + SEATS


def keys_in_parts(people):
    keys = [person.pk for person in people]
    return [keys[start : start + 10] for start in range(0, PEOPLE, 10)]


def test_who_leaves_while_he_is_enrolled_is_in_no_list_in_the_end(people):
    event = make_event(state="published")
    keys = [person.pk for person in people]
    today = timezone.localdate()

    at_once(
        [
            lambda: enrol_all(event, keys),
            *(lambda key=key: terminate_employees([key], ended_on=today, actor=None) for key in keys[:10]),
        ]
    )
    follow_people(None)

    going = Employee.objects.filter(attendance__in=event.attendance.going())
    assert not going.filter(status="terminated").exists()
    assert counted(event)[0] == going.count()


def enrol_all(event, keys):
    """One by one: who has left meanwhile is refused."""
    for key in keys:
        try:
            enrol_employees(event.pk, [key], actor=None)
        except DomainError:
            continue
