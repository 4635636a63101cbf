"""All people of an event at once: publishing, going back to draft, publishing again, cancelling."""

from datetime import date, timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core import roles
from core.errors import InvalidTransition, NotAllowed, NotFound
from hr.models import Attendance, Employee, EventAudience, OutboxMessage
from hr.services.enrolment import cancel_all, cancel_attendance, enrol_audience, renew_after_draft
from hr.services.events import cancel_events, publish_events, unpublish_events
from tests.factories import make_attendance, make_employee, make_event, make_unit, make_user


def meant_for(event, **line):
    EventAudience.objects.create(event=event, **line)
    return event


def names(event, **wanted):
    return sorted(event.attendance.filter(**wanted).values_list("employee__first_name", flat=True))


def seats(event):
    event.refresh_from_db()
    return event.seats_taken


def told(kind):
    payloads = OutboxMessage.objects.filter(kind=kind).values_list("payload", flat=True)
    return sorted(key for payload in payloads for key in payload["attendance_ids"])


@pytest.fixture
def people(ana, beto, carla):
    """Beside the three: one suspended, one who has left."""
    make_employee("Sandra", status="suspended", org_unit=ana.org_unit)
    make_employee("Tito", status="terminated", ended_on=date(2024, 1, 31), org_unit=ana.org_unit)


# --- Publishing ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "enrolled"),
    [
        ({"everybody": True}, ["Ana", "Beto", "Carla"]),
        ({"org_unit": "company"}, ["Ana", "Beto", "Carla"]),
        ({"org_unit": "sales"}, ["Ana", "Beto"]),
        ({"position": "analyst"}, ["Beto"]),
        ({"employee": "carla"}, ["Carla"]),
    ],
)
def test_publishing_enrols_the_active_people_of_the_audience(line, enrolled, people, hr_manager, request):
    values = {name: request.getfixturevalue(value) if value is not True else True for name, value in line.items()}
    event = meant_for(make_event(), **values)

    publish_events([event.pk], actor=hr_manager)

    assert names(event, status="registered", outcome="pending") == names(event) == enrolled
    assert seats(event) == len(enrolled)


def test_several_lines_enrol_everybody_once(people, sales, analyst, beto, carla, hr_manager):
    event = make_event()
    for line in ({"org_unit": sales}, {"position": analyst}, {"employee": beto}, {"employee": carla}):
        meant_for(event, **line)

    publish_events([event.pk], actor=hr_manager)

    assert names(event) == ["Ana", "Beto", "Carla"]


def test_rows_and_history_are_the_same(people, hr_manager):
    event = meant_for(make_event(), everybody=True)

    publish_events([event.pk], actor=hr_manager, source="ui")

    columns = [field.attname for field in Attendance._meta.concrete_fields]
    rows = list(event.attendance.order_by("pk").values(*columns))
    history = Attendance.history.order_by("id")
    assert list(history.values(*columns)) == rows
    stamps = set(history.values_list("history_type", "history_user_id", "history_user_name", "history_source"))
    assert stamps == {("+", hr_manager.pk, str(hr_manager), "ui")}
    assert {row["version"] for row in rows} == {1}


def test_a_repeat_enrols_nobody_and_leaves_everything(people, beto, hr_manager):
    event = meant_for(make_event(state="published"), everybody=True)
    cancelled = make_attendance(event, beto, "cancelled", cancelled_from="self")

    first = enrol_audience([event.pk], actor=hr_manager)
    again = enrol_audience([event.pk], actor=hr_manager)

    cancelled.refresh_from_db()
    assert (first, again) == (2, 0)
    assert (cancelled.status, cancelled.version) == ("cancelled", 1)
    assert Attendance.history.count() == event.attendance.count() == 3
    assert seats(event) == 2


def test_seats_go_to_who_was_entered_first_and_the_others_wait(people, hr_manager):
    event = meant_for(make_event(capacity=2), everybody=True)

    publish_events([event.pk], actor=hr_manager)

    assert (names(event, status="registered"), names(event, status="waitlisted")) == (["Ana", "Beto"], ["Carla"])
    assert seats(event) == 2
    waiting = list(event.attendance.waiting().values_list("pk", flat=True))
    assert told("attendance.waitlisted") == waiting
    assert told("attendance.enrolled") == []  # the message about the event tells them
    assert Attendance.history.filter(history_type="+").count() == 3


def test_a_full_event_takes_people_to_its_wait_list(people, ana, hr_manager):
    event = meant_for(make_event(state="published", capacity=1), everybody=True)
    make_attendance(event, ana)

    enrol_audience([event.pk], actor=hr_manager)

    assert (names(event, status="registered"), names(event, status="waitlisted")) == (["Ana"], ["Beto", "Carla"])


def test_who_is_added_later_is_told_that_he_is_enrolled(people, carla, hr_manager):
    event = meant_for(make_event(state="published"), employee=carla)

    enrol_audience([event.pk], actor=hr_manager)

    assert told("attendance.enrolled") == list(event.attendance.values_list("pk", flat=True))


def test_who_is_added_to_an_event_that_is_over_is_not_told(people, carla, hr_manager):
    event = meant_for(make_event(state="in_progress", in_hours=-3, capacity=1), everybody=True)

    enrol_audience([event.pk], actor=hr_manager)
    cancel_attendance(event.attendance.seated().values_list("pk", flat=True), actor=hr_manager)

    # Two waited, one of whom got the seat: neither is told. That an enrolment ended, one is.
    assert event.attendance.going().count() == 2
    assert set(OutboxMessage.objects.values_list("kind", flat=True)) == {"attendance.cancelled"}


def test_with_open_enrolment_nobody_is_enrolled_by_publishing(people, hr_manager):
    event = meant_for(make_event(open_enrolment=True), everybody=True)

    publish_events([event.pk], actor=hr_manager)

    assert names(event) == []


def test_an_audience_of_nobody_enrols_nobody(hr_manager):
    event = make_event(state="published")

    assert enrol_audience([event.pk], actor=hr_manager) == 0
    assert seats(event) == 0


@pytest.mark.parametrize("state", ["draft", "completed", "closed", "cancelled"])
def test_only_published_events_enrol(state, people, hr_manager):
    event = meant_for(make_event(state=state), everybody=True)

    with pytest.raises(InvalidTransition, match="enrols nobody"):
        enrol_audience([event.pk], actor=hr_manager)


def test_only_hr_enrols_whole_audiences(people, ana, beto, carla):
    seen = meant_for(make_event(state="published"), everybody=True)
    make_attendance(seen, beto)
    manager = make_user(employee=ana, role=roles.MANAGER)

    with pytest.raises(NotAllowed):
        enrol_audience([seen.pk], actor=manager)
    with pytest.raises(NotAllowed):
        cancel_all([seen.pk], cancelled_from="event", actor=manager)
    with pytest.raises(NotAllowed):
        renew_after_draft([seen.pk], actor=manager)


def test_an_unknown_event_is_none(hr_manager):
    with pytest.raises(NotFound):
        enrol_audience([4_000_000], actor=hr_manager)


@pytest.mark.parametrize("capacity", [None, 3])
def test_publishing_takes_as_many_statements_for_forty_people_as_for_four(capacity, hr_manager):
    counts = []
    for number in (4, 40):
        unit = make_unit()
        Employee.objects.bulk_create(
            Employee(code=f"N{number}-{one}", first_name="N", last_name="N", hired_on=date(2020, 1, 7), org_unit=unit)
            for one in range(number)
        )
        event = meant_for(make_event(state="published", capacity=capacity), org_unit=unit)
        with CaptureQueriesContext(connections["business"]) as queries:
            assert enrol_audience([event.pk], actor=None) == number
        counts.append(len(queries))

    assert counts[0] == counts[1]


# --- Back to draft, and published again ------------------------------------------------------------------------------
def test_back_to_draft_ends_all_and_publishing_again_brings_back_those(people, ana, beto, carla, hr_manager):
    event = meant_for(make_event(), everybody=True)
    publish_events([event.pk], actor=hr_manager)
    hers = event.attendance.get(employee=carla)
    Attendance.objects.filter(pk=hers.pk).update(status="cancelled", cancelled_from="self")
    enrolled_at = event.attendance.get(employee=beto).enrolled_at

    unpublish_events([event.pk], actor=hr_manager)

    assert names(event, status="cancelled", cancelled_from="draft") == ["Ana", "Beto"]
    assert seats(event) == 0
    assert told("attendance.cancelled") == sorted(event.attendance.exclude(pk=hers.pk).values_list("pk", flat=True))

    publish_events([event.pk], actor=hr_manager)

    assert names(event, status="registered", cancelled_from="") == ["Ana", "Beto"]
    assert names(event, status="cancelled", cancelled_from="self") == ["Carla"]
    assert event.attendance.get(employee=beto).enrolled_at == enrolled_at
    history = event.attendance.get(employee=beto).history.order_by("history_id")
    assert list(history.values_list("status", "version")) == [("registered", 1), ("cancelled", 2), ("registered", 3)]
    assert seats(event) == 2


def test_seats_are_given_again_in_the_old_order(ana, beto, carla, hr_manager):
    event = make_event(capacity=2, state="published")
    now = timezone.now()
    for person, hours in ((ana, 1), (beto, 3), (carla, 2)):
        enrolled_at = now - timedelta(hours=hours)
        make_attendance(event, person, "cancelled", cancelled_from="draft", enrolled_at=enrolled_at)

    assert renew_after_draft([event.pk], actor=hr_manager) == 3

    assert (names(event, status="registered"), names(event, status="waitlisted")) == (["Beto", "Carla"], ["Ana"])
    assert seats(event) == 2
    assert told("attendance.waitlisted") == [event.attendance.get(employee=ana).pk]


def test_who_is_no_longer_active_is_not_brought_back(ana, beto, hr_manager):
    event = make_event(state="published")
    make_attendance(event, ana, "cancelled", cancelled_from="draft")
    make_attendance(event, beto, "cancelled", cancelled_from="draft")
    Employee.objects.filter(pk=beto.pk).update(status="suspended")

    renew_after_draft([event.pk], actor=hr_manager)

    assert (names(event, status="registered"), names(event, status="cancelled")) == (["Ana"], ["Beto"])


# --- Cancelled -------------------------------------------------------------------------------------------------------
def test_a_cancelled_event_ends_every_enrolment(ana, beto, carla, hr_manager):
    event = make_event(state="published", capacity=2)
    make_attendance(event, ana, "confirmed")
    make_attendance(event, beto)
    make_attendance(event, carla, "waitlisted")

    cancel_events([event.pk], actor=hr_manager, reason="No room")

    assert set(event.attendance.values_list("status", "cancelled_from", "version")) == {("cancelled", "event", 2)}
    assert Attendance.history.filter(history_type="~", status="cancelled").count() == 3
    assert seats(event) == 0
    assert told("attendance.cancelled") == told("attendance.promoted") == []
