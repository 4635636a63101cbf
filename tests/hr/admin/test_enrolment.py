"""Enrolling from the list of people, and the page of who takes part in an event."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core import access, roles
from hr.models import Attendance, Employee, Event
from tests.factories import make_attendance, make_employee, make_event, make_user


@pytest.fixture
def event(ana, beto, carla):
    """Beto takes part, Carla cancelled."""
    event = make_event("Primeros auxilios", state="published")
    make_attendance(event, beto)
    make_attendance(event, carla, "cancelled", cancelled_from="self", cancel_reason="Travelling")
    return event


@pytest.fixture
def manager(as_user, ana):
    return as_user(make_user(employee=ana, role=roles.MANAGER))


def participants(event):
    return reverse("admin:hr_event_participants", args=[event.pk])


def statuses(event):
    return dict(event.attendance.values_list("employee__first_name", "status"))


def shown(response):
    return [line["row"].employee.first_name for line in response.context["rows"]]


def act(browser, people, **data):
    """The action on the list of people, as its page sends it."""
    address = reverse("admin:hr_employee_changelist")
    sent = {"action": "enrol_many", "_selected_action": [person.pk for person in people], **data}
    return browser.post(address, sent)


def choices(browser, model_name, field_name, term=""):
    """What an autocomplete offers."""
    asked = {"app_label": "hr", "model_name": model_name, "field_name": field_name, "term": term}
    return [row["text"] for row in browser.get(reverse("admin:autocomplete"), asked).json()["results"]]


# --- From the list of people -----------------------------------------------------------------------------------------
def test_a_manager_enrols_his_team_in_an_event_he_finds_by_typing(manager, event, beto, sales):
    nora = make_employee("Nora", "Gil", org_unit=sales)
    asked = act(manager, [beto, nora])
    assert asked.context["title"] == "Enrol"
    assert choices(manager, "eventaudience", "event", "primeros") == [str(event)]

    response = act(manager, [beto, nora], _form_submitted="on", event=event.pk)

    assert statuses(event) == {"Beto": "registered", "Carla": "cancelled", "Nora": "registered"}
    assert manager.texts(response) == ["2 people take part."]


def test_who_finds_no_seat_is_told_to_wait(hr, event, beto, ana):
    Event.objects.filter(pk=event.pk).update(capacity=1)

    response = act(hr, [beto, ana], _form_submitted="on", event=event.pk)

    assert statuses(event)["Ana"] == "waitlisted"
    assert hr.texts(response) == ["1 person takes part.", "The event is full: 1 person is on the wait-list."]


@pytest.mark.parametrize("state", ["draft", "completed", "closed", "cancelled"])
def test_only_events_that_take_people_are_offered_and_accepted(state, hr, event, ana):
    Event.objects.filter(pk=event.pk).update(state=state)

    assert choices(hr, "eventaudience", "event") == []
    assert choices(hr, "attendance", "event") == [str(event)]  # the filter of the list of attendance
    response = act(hr, [ana], _form_submitted="on", event=event.pk)

    assert response.status_code == 200
    assert list(response.context["form"].errors) == ["event"]
    assert "Ana" not in statuses(event)


def test_a_manager_neither_finds_nor_enrols_in_events_that_are_not_his(manager, event, beto):
    elsewhere = make_event("Otro", state="published")

    assert choices(manager, "eventaudience", "event") == [str(event)]
    response = act(manager, [beto], _form_submitted="on", event=elsewhere.pk)

    assert list(response.context["form"].errors) == ["event"]
    assert not elsewhere.attendance.exists()


def test_who_enrols_nobody_is_not_offered_it(as_user, beto, auditor):
    for user in (make_user(employee=beto, role=roles.EMPLOYEE), auditor):
        response = as_user(user).get(reverse("admin:hr_employee_changelist"))
        assert (response.status_code, "enrol_many" in response.text) == (200, False)


# --- Who takes part --------------------------------------------------------------------------------------------------
def test_hr_sees_everybody_with_counts_and_reasons(hr, event):
    response = hr.get(participants(event))

    assert shown(response) == ["Carla", "Beto"]  # by last name
    assert [(key, count) for key, _label, count in response.context["statuses"]] == [
        ("", 2),
        ("registered", 1),
        ("waitlisted", 0),
        ("confirmed", 0),
        ("cancelled", 1),
    ]
    assert "Travelling" in response.content.decode()


def test_a_manager_sees_his_people_and_nothing_of_others(manager, event, carla):
    response = manager.get(participants(event))

    assert shown(response) == ["Beto"]
    assert [count for _key, _label, count in response.context["statuses"]] == [1, 1, 0, 0, 0]
    assert carla.code not in response.content.decode()


def test_a_grant_at_the_event_shows_all_of_it_and_changes_nothing(as_user, event):
    helper = make_user("helper")
    access.grant("view_attendance_at", helper, event)
    browser = as_user(helper)

    response = browser.get(participants(event))

    assert shown(response) == ["Carla", "Beto"]
    assert response.context["chosen"] is None
    assert response.context["people"] is None
    assert browser.post(participants(event), {"_cancel": "1", "rows": [row_of(event, "Beto")]}).status_code == 403
    assert statuses(event)["Beto"] == "registered"


def row_of(event, name):
    return event.attendance.get(employee__first_name=name).pk


def test_who_sees_only_himself_has_no_such_tab(as_user, event, beto):
    browser = as_user(make_user(employee=beto, role=roles.EMPLOYEE))

    page = browser.get(reverse("admin:hr_event_change", args=[event.pk]))

    assert participants(event) not in page.content.decode()
    assert shown(browser.get(participants(event))) == ["Beto"]


def test_an_event_out_of_reach_has_no_participants(as_user, manager, event):
    elsewhere = make_event(state="published")

    assert manager.get(participants(elsewhere)).status_code == 404
    assert manager.get(reverse("admin:hr_event_participants", args=[elsewhere.pk + 1])).status_code == 404


def test_search_and_status_narrow_it_down(hr, event):
    assert shown(hr.get(participants(event), {"q": "nanez"})) == ["Beto"]
    assert shown(hr.get(participants(event), {"status": "cancelled"})) == ["Carla"]
    assert shown(hr.get(participants(event), {"q": "nobody"})) == []
    assert shown(hr.get(participants(event), {"status": "no such"})) == ["Carla", "Beto"]


def test_the_wait_list_is_in_its_own_order(hr, event, ana):
    make_attendance(event, ana, "waitlisted", enrolled_at=timezone.now())
    first = make_employee("Zoe", "Álvarez")
    make_attendance(event, first, "waitlisted", enrolled_at=timezone.now() - timedelta(hours=1))

    assert shown(hr.get(participants(event), {"status": "waitlisted"})) == ["Zoe", "Ana"]


def test_each_place_in_the_wait_list_is_the_true_one_whoever_reads_it(hr, manager, event, beto, carla):
    """Beto waits behind Carla, whom his manager does not see."""
    now = timezone.now()
    for person, hours in ((carla, 2), (beto, 1)):
        event.attendance.filter(employee=person).update(
            status="waitlisted", cancelled_from="", enrolled_at=now - timedelta(hours=hours)
        )

    def places(browser, **query):
        lines = browser.get(participants(event), {"status": "waitlisted", **query}).context["rows"]
        return {line["row"].employee.first_name: line["place"] for line in lines}

    assert places(hr) == {"Carla": 1, "Beto": 2}
    assert places(manager) == {"Beto": 2}
    assert places(hr, q="nanez") == {"Beto": 2}


def test_who_waits_since_the_same_moment_has_the_place_of_his_turn(hr, event, ana, beto):
    moment = timezone.now()
    make_attendance(event, ana, "waitlisted", enrolled_at=moment)
    make_attendance(event, make_employee("Zoe", "Álvarez"), "waitlisted", enrolled_at=moment)

    lines = hr.get(participants(event), {"status": "waitlisted"}).context["rows"]

    assert [(line["row"].employee.first_name, line["place"]) for line in lines] == [("Ana", 1), ("Zoe", 2)]


def test_the_seats_are_told_where_they_are_limited(hr, event):
    assert "seats are taken" not in hr.get(participants(event)).text

    Event.objects.filter(pk=event.pk).update(capacity=20)

    assert "1 of 20 seats are taken." in hr.get(participants(event)).text


def test_pages_of_a_hundred(hr, event, sales, django_assert_max_num_queries):
    people = [
        Employee(code=f"M{number:03}", first_name="M", last_name="M", hired_on="2020-01-07", org_unit=sales)
        for number in range(120)
    ]
    Employee.objects.bulk_create(people)
    rows = Employee.objects.filter(code__startswith="M")
    Attendance.objects.bulk_create(Attendance(event=event, employee=person) for person in rows)

    with django_assert_max_num_queries(40):
        first = hr.get(participants(event))
    second = hr.get(participants(event), {"p": 2})

    assert (len(shown(first)), len(shown(second))) == (100, 22)


def test_a_list_of_three_takes_as_many_queries_as_one_of_one(hr, event, sales, django_assert_num_queries):
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    counts = []
    hr.get(participants(event))
    for _more in range(2):
        with CaptureQueriesContext(connections["business"]) as queries:
            hr.get(participants(event))
        counts.append(len(queries))
        for _person in range(2):
            make_attendance(event, make_employee(org_unit=sales))

    assert counts[0] == counts[1]


# --- What is done there ----------------------------------------------------------------------------------------------
def test_people_are_enrolled_on_the_page(manager, event, sales):
    nora = make_employee("Nora", "Gil", org_unit=sales)
    assert choices(manager, "attendance", "employee", "nora") == [str(nora)]

    response = manager.post(participants(event), {"_enrol": "1", "employees": [nora.pk]})

    assert response.status_code == 302
    assert statuses(event)["Nora"] == "registered"


def test_only_people_in_reach_are_offered_and_accepted(manager, event, carla, ana):
    assert choices(manager, "attendance", "employee") == ["Beto Ñáñez (E2)"]  # neither Carla nor herself

    response = manager.post(participants(event), {"_enrol": "1", "employees": [carla.pk]})

    assert response.status_code == 400
    assert list(response.context["people"].errors) == ["employees"]
    assert statuses(event)["Carla"] == "cancelled"


def test_those_ticked_are_cancelled_with_a_reason(manager, event, beto):
    response = manager.post(participants(event), {"_cancel": "1", "rows": [row_of(event, "Beto")], "reason": "Shift"})

    row = event.attendance.get(employee=beto)
    assert (row.status, row.cancelled_from, row.cancel_reason) == ("cancelled", "manager", "Shift")
    assert manager.texts(response) == ["1 enrolment cancelled."]


def test_all_that_are_found_are_cancelled_without_those_out_of_reach(manager, event, carla, sales):
    Attendance.objects.filter(employee=carla).update(status="registered", cancelled_from="")
    make_attendance(event, make_employee("Nora", "Gil", org_unit=sales))

    manager.post(participants(event) + "?q=nanez", {"_cancel": "1", "all": "1"})
    assert statuses(event) == {"Beto": "cancelled", "Carla": "registered", "Nora": "registered"}
    manager.post(participants(event), {"_cancel": "1", "all": "1"})

    assert statuses(event) == {"Beto": "cancelled", "Carla": "registered", "Nora": "cancelled"}


def test_hr_confirms_all_that_are_registered(hr, event, ana):
    make_attendance(event, ana, "waitlisted")
    Event.objects.filter(pk=event.pk).update(capacity=1)

    hr.post(participants(event), {"_confirm": "1", "all": "1"})

    assert statuses(event) == {"Ana": "waitlisted", "Beto": "confirmed", "Carla": "cancelled"}


def test_all_is_said_to_be_as_many_as_would_be_acted_on(hr, manager, event, carla, ana, sales):
    """In reach of the manager: Beto and Nora are registered, Waldo waits, Pia came; Carla is not."""
    Attendance.objects.filter(employee=carla).update(status="registered", cancelled_from="")
    for name, status, outcome in (("Nora", "registered", "pending"), ("Pia", "confirmed", "late")):
        make_attendance(event, make_employee(name, org_unit=sales), status, outcome)
    make_attendance(event, make_employee("Waldo", org_unit=sales), "waitlisted")
    make_attendance(event, make_employee("Zoe", org_unit=sales), "cancelled")

    texts = [browser.get(participants(event)).text for browser in (hr, manager)]

    assert "All that are found: 3 to be confirmed, 4 to be cancelled" in texts[0]
    assert "All that are found: 3 to be cancelled" in texts[1]
    assert [name in texts[1] for name in ('name="_confirm"', 'name="_cancel"')] == [False, True]
    hr.post(participants(event), {"_confirm": "1", "all": "1"})
    manager.post(participants(event), {"_cancel": "1", "all": "1"})
    assert statuses(event) == {
        "Beto": "cancelled",
        "Carla": "confirmed",
        "Nora": "cancelled",
        "Pia": "confirmed",
        "Waldo": "cancelled",
        "Zoe": "cancelled",
    }


@pytest.mark.parametrize(
    ("status", "buttons"),
    [("", "_confirm _cancel"), ("registered", "_confirm _cancel"), ("waitlisted", "_cancel"), ("cancelled", "")],
)
def test_a_button_stands_only_where_it_can_do_something(status, buttons, hr, event, ana):
    make_attendance(event, ana, "waitlisted")

    text = hr.get(f"{participants(event)}?status={status}").text

    assert [name for name in ("_confirm", "_cancel") if f'name="{name}"' in text] == buttons.split()


def test_a_refusal_is_shown_on_the_page(hr, event):
    Attendance.objects.filter(pk=row_of(event, "Beto")).update(outcome="present")

    response = hr.post(participants(event), {"_cancel": "1", "rows": [row_of(event, "Beto")]})

    assert response.status_code == 400
    assert "came, so the enrolment stays" in response.content.decode()


def test_a_forged_key_cancels_nobody(manager, event, carla):
    Attendance.objects.filter(employee=carla).update(status="registered", cancelled_from="")

    response = manager.post(participants(event), {"_cancel": "1", "rows": [row_of(event, "Carla"), "x"]})

    assert response.status_code == 400
    assert statuses(event)["Carla"] == "registered"


def test_nobody_ticked_is_said(hr, event):
    response = hr.post(participants(event), {"_cancel": "1"})

    assert hr.texts(response) == ["Nobody was ticked."]


@pytest.mark.parametrize("state", ["closed", "cancelled"])
def test_a_closed_event_offers_no_change(state, hr, event):
    Event.objects.filter(pk=event.pk).update(state=state)

    response = hr.get(participants(event))

    assert response.context["chosen"] is response.context["people"] is None
    assert [line["open"] for line in response.context["rows"]] == [False, False]
