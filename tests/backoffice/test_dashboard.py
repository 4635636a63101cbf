"""The first page: Ana heads sales, where Beto works; Carla is in finance; Hugo is HR."""

from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core import roles
from core.models import User
from hr.models import Attendance, AttendanceCorrection, ChangeRequest, Evaluation, EventAudience, ImportJob
from tests.factories import (
    make_attendance,
    make_employee,
    make_evaluation,
    make_event,
    make_kind,
    make_round,
    make_unit,
    make_user,
)
from tests.hr.personas import PERSONAS

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
# Of the first page itself, over both databases, and with what any page takes: session, user, rights, scope and bell.
MOST, MOST_IN_ALL = 15, 20


def logged_in(user):
    client = Client(headers={"accept-language": "en"})
    client.force_login(user, backend="core.auth.LoginBackend")
    return client


@pytest.fixture
def people():
    company = make_unit("Empresa")
    sales, finance = make_unit("Ventas", parent=company), make_unit("Finanzas", parent=company)
    ana = make_employee("Ana", org_unit=sales)
    sales.head = ana
    sales.save()
    beto = make_employee("Beto", org_unit=sales, reports_to=ana)
    return {"ana": ana, "beto": beto, "carla": make_employee("Carla", org_unit=finance)}


@pytest.fixture
def clients(people):
    """A browser of each."""
    users = {key: make_user(key, role=roles.EMPLOYEE, employee=person) for key, person in people.items()}
    users["hugo"] = make_user("hugo", role=roles.HR_MANAGER)
    return {key: logged_in(user) for key, user in users.items()}


@pytest.fixture
def life(people, clients):
    """Something of everything, of Beto and of Carla: what is counted, and what must not be."""
    now, asked_by = timezone.now(), User.objects.get(username="beto").pk
    past = [make_event(state="closed", starts_at=now - days * DAY) for days in (2, 50)]
    soon = make_event("Inducción", state="published", starts_at=now + 5 * DAY, mandatory=True)
    EventAudience.objects.create(event=soon, everybody=True)
    make_event(state="draft")
    make_attendance(make_event(state="published", starts_at=now + 90 * DAY), people["beto"], "confirmed")
    make_attendance(make_event(state="closed", starts_at=now - 800 * DAY), people["beto"], outcome="absent")
    in_round = make_round()
    for person in (people["beto"], people["carla"]):
        for event, outcome in zip(past, ("present", "absent"), strict=True):
            row = make_attendance(event, person, outcome=outcome)
        make_attendance(soon, person)
        AttendanceCorrection.objects.create(
            attendance=row, outcome="present", reason="x", asked_by_id=asked_by, asked_by_name="Beto"
        )
        make_evaluation(person, state="submitted", in_round=in_round)
        make_evaluation(person, state="available", in_round=make_round())
    hugo = User.objects.get(username="hugo")
    for asked_by_id in (asked_by, hugo.pk):
        ChangeRequest.objects.create(
            employee=people["beto"], field="birth_date", new="1990-01-31", reason="x", asked_by_id=asked_by_id
        )
    ImportJob.objects.create(resource="employees", state="failed", file_name="a.csv")
    ImportJob.objects.create(resource="employees", state="applied", file_name="b.csv")
    old = ImportJob.objects.create(resource="employees", state="failed", file_name="c.csv")
    ImportJob.objects.filter(pk=old.pk).update(created_at=now - 60 * DAY)


def counts(page):
    """{label: number} of what the page counts."""
    tiles = [*page.context["waiting"], *page.context["facts"]]
    return {str(tile.label): tile.value for tile in tiles if not tile.unit}


# --- Who sees what ----------------------------------------------------------------------------------------------------
def test_hr_finds_the_organisation(life, clients):
    page = clients["hugo"].get("/")

    assert counts(page) == {
        "Evaluations to grade": 2,
        "Corrections to decide": 2,
        "Failed loads": 1,
        "Active people": 3,
        "Events to come": 1,
        "Invitations not yet accepted": 0,
        "Change requests to decide": 1,
    }
    assert [(each["title"].split(" (")[0], each["count"]) for each in page.context["missing"]] == [("Inducción", 3)]
    assert [
        (line["label"], line["tally"].came, line["tally"].counted) for line in page.context["rates"]["units"]["lines"]
    ] == [("Finanzas", 1, 2), ("Ventas", 1, 2)]
    assert {start["icon"] for start in page.context["starts"]} == {"upload_file", "event", "person_add"}


def test_a_manager_finds_the_team(life, clients):
    page = clients["ana"].get("/")

    assert counts(page) == {
        "Evaluations to grade": 1,
        "Corrections to decide": 1,
        "Active people": 2,
        "Events to come": 1,
        "Evaluations for you to answer": 0,
        "Events for you to confirm": 0,
    }
    assert [each["count"] for each in page.context["missing"]] == [2]
    assert [line["tally"].counted for line in page.context["rates"]["units"]["lines"]] == [2]
    assert b"Finanzas" not in page.content
    assert page.context["starts"] == page.context["recent_loads"] == []


@pytest.mark.parametrize("key", ["beto", "carla"])
def test_an_employee_finds_what_waits_for_him_and_nobody_else(key, life, clients):
    page = clients[key].get("/")

    assert counts(page) == {
        "Evaluations for you to answer": 1,
        "Events for you to confirm": 1,
        "Events you attended": 1,
    }
    assert (page.context["rates"], page.context["coming"], page.context["missing"]) == ({}, {}, [])
    assert [row.event.title for row in page.context["own"]["enrolments"]][:1] == ["Inducción"]
    assert [(each.requirement.event.title, label) for each, _state, label in page.context["own"]["owed"]] == [
        ("Inducción", "danger")
    ]
    assert b"Mandatory for you" in page.content
    other = {"beto": "Carla", "carla": "Beto"}[key]
    assert other.encode() not in page.content


def test_a_stranger_is_told_nothing_of_others(life, people, clients):
    """Dora is in no event, and no evaluation."""
    dora = logged_in(make_user(role=roles.EMPLOYEE, employee=make_employee(org_unit=people["carla"].org_unit)))

    assert set(counts(dora.get("/")).values()) == {0}


def test_an_account_without_anything_is_told_whom_to_ask():
    make_employee(first_name="Sentinela")

    page = logged_in(make_user()).get("/")

    assert page.status_code == 200
    assert b"Ask Human Resources for access" in page.content
    assert b"Sentinela" not in page.content


def test_without_events_there_is_no_empty_chart():
    make_employee()

    page = logged_in(make_user(role=roles.ADMINISTRATOR)).get("/")

    assert b"<canvas" not in page.content


# --- Every number leads to the list that it counts --------------------------------------------------------------------
@pytest.mark.parametrize("key", ["hugo", "ana", "beto", "carla"])
def test_every_number_is_that_of_the_list_it_leads_to(key, life, clients):
    client = clients[key]
    page = client.get("/")

    wrong = [
        (tile.label, tile.value, shown)
        for tile in [*page.context["waiting"], *page.context["facts"]]
        if not tile.unit and (shown := listed(client, tile.link)) != tile.value
    ]

    assert wrong == []


@pytest.mark.parametrize("key", ["hugo", "ana"])
def test_every_number_of_the_rates_is_that_of_the_list_it_leads_to(key, life, clients):
    client = clients[key]
    rates = client.get("/").context["rates"]
    lines = [*rates["months"]["lines"], *rates["units"]["lines"]]

    shown = [
        (listed(client, line["links"]["came"]), listed(client, line["links"]["rated"]))
        for line in lines
        if line["tally"].counted
    ]

    assert shown == [(line["tally"].came, line["tally"].counted) for line in lines if line["tally"].counted]
    assert sum(line["tally"].counted for line in rates["months"]["lines"]) == listed(client, rates["tiles"][0].link)


@pytest.mark.parametrize("key", ["hugo", "ana"])
def test_who_misses_what_is_mandatory_is_counted_as_the_page_of_it_does(key, life, clients):
    client = clients[key]

    for each in client.get("/").context["missing"]:
        assert client.get(each["link"]).context["page"].paginator.count == each["count"]


def listed(client, link):
    page = client.get(link)
    assert page.status_code == 200, (link, page.status_code)
    return page.context["cl"].result_count


def test_what_is_to_be_confirmed_is_counted_listed_and_offered_alike(people, clients):
    now = timezone.now()
    for state, starts_at, values in (
        ("published", now + DAY, {}),
        ("published", now + DAY, {"status": "confirmed"}),
        ("published", now + DAY, {"outcome": "excused"}),
        ("published", now - timedelta(minutes=5), {}),  # the clock has not started it yet
        ("in_progress", now - timedelta(minutes=5), {}),
    ):
        make_attendance(make_event(state=state, starts_at=starts_at), people["beto"], **values)
    client = clients["beto"]

    [tile] = [tile for tile in client.get("/").context["waiting"] if tile.label == "Events for you to confirm"]
    cards = client.get(reverse("admin:hr_event_mine")).context["cards"]

    assert (tile.value, listed(client, tile.link), sum(card["may_confirm"] for card in cards)) == (1, 1, 1)


def test_what_was_due_yesterday_is_no_longer_counted_listed_and_offered(people, clients):
    """The clock has not closed it yet."""
    today = timezone.localdate()
    for due_on in (today - DAY, today):
        make_evaluation(people["beto"], in_round=make_round(), due_on=due_on)
    client = clients["beto"]

    page = client.get("/")
    [tile] = [tile for tile in page.context["waiting"] if tile.label == "Evaluations for you to answer"]
    cards = client.get(reverse("admin:hr_evaluation_mine")).context["cards"]

    assert (tile.value, listed(client, tile.link), len(cards)) == (1, 1, 1)


# --- What it costs ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("key", ["hugo", "ana", "beto"])
def test_the_first_page_takes_as_few_queries_for_one_for_three_and_for_three_hundred_rows(key, people, clients):
    client = clients[key]
    more(people, 1)
    client.get("/")
    found = {}
    for count in (0, 2, 297):
        more(people, count)
        found[count] = queries(client, "/")
    any_page = queries(client, reverse("admin:password_change"))

    assert len(set(found.values())) == 1, found
    assert (found[0] - any_page <= MOST, found[0] <= MOST_IN_ALL) == (True, True), (found[0], any_page)


def queries(client, address):
    """How many the page takes, over both databases."""
    with CaptureQueriesContext(connections["business"]) as here, CaptureQueriesContext(connections["default"]) as there:
        assert client.get(address).status_code == 200
    return len(here) + len(there)


def more(people, count):
    """So many more of everything that the page counts."""
    kind, unit, round_ = make_kind(validity_months=12), people["beto"].org_unit, make_round()
    now = timezone.now()
    if not count:
        return
    past = make_event(kind=kind, state="closed", starts_at=now - 3 * DAY)
    for _number in range(min(count, 5)):
        event = make_event(kind=kind, state="published", starts_at=now + 3 * DAY, mandatory=True)
        EventAudience.objects.create(event=event, org_unit=unit)
        make_attendance(event, people["beto"])
        make_attendance(event, people["ana"])
        ImportJob.objects.create(resource="employees", state="failed", file_name="a.csv")
    staff = [make_employee(org_unit=unit) for _number in range(count)]
    rows = [Attendance(event=past, employee=person, outcome="present") for person in staff]
    Attendance.objects.bulk_create(rows)
    kept = Attendance.objects.filter(event=past)
    AttendanceCorrection.objects.bulk_create(
        AttendanceCorrection(attendance=row, outcome="absent", reason="x", asked_by_id=1) for row in kept
    )
    Evaluation.objects.bulk_create(Evaluation(round=round_, employee=person, state="submitted") for person in staff)


def test_an_unknown_page_answers_in_the_readers_language():
    response = logged_in(make_user()).get("/nowhere/at/all/")

    assert response.status_code == 404
    assert b"does not exist, or it is not yours to see" in response.content


def test_the_first_page_leads_everybody_to_his_own_record(world):
    for key in ("plain", "head_above", "delegate", "manager_elsewhere"):
        client = Client()
        client.force_login(world.users[key])
        own = world.employees[PERSONAS[key].employee]
        assert client.get("/").context["own"]["record"] == reverse("admin:hr_employee_change", args=[own.pk]), key


def test_invitations_are_counted_for_who_may_read_them():
    def links(role):
        home = logged_in(make_user(role=role)).get("/").context
        return {tile.link.split("?")[0] for name in ("facts", "waiting") for tile in home[name]}

    assert ["/core/invitation/" in links(role) for role in (roles.HR_MANAGER, roles.BULK_LOADER)] == [True, False]
