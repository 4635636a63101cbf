"""What the site itself adds to every page: the palette without a memory, and a record of what was refused."""

from datetime import timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core import access
from hr.models import DeniedAttempt, Employee, OrgUnit
from hr.services import denials
from tests.hr.personas import PERSONAS, sentinels, unit_sentinels

pytestmark = pytest.mark.usefixtures("world_of_module")


def change_page(employee):
    return reverse("admin:hr_employee_change", args=[employee.pk])


def recorded():
    return list(DeniedAttempt.objects.order_by("pk").values_list("user_name", "kind", "what", "times"))


# --- The palette ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("key", ["head", "boss", "plain", "grant_employee", "grant_expired", "delegate", "hr_manager"])
def test_the_palette_finds_whom_one_sees_and_nobody_else(as_persona, key):
    browser, persona = as_persona(key), PERSONAS[key]

    found = {
        name
        for name in Employee.objects.values_list("first_name", flat=True)
        if name in browser.get(reverse("admin:search"), {"s": name.lower()}).text
    }

    assert found == {sentinels(name)["first_name"] for name in persona.sees}


def test_the_palette_forgets_at_once_what_is_revoked(as_persona, world):
    browser, name = as_persona("grant_employee"), sentinels("luisa")["first_name"]
    search = f"{reverse('admin:search')}?s={name}"
    assert name in browser.get(search).text

    access.revoke("view_employee", world.users["grant_employee"], world.employees["luisa"])

    assert name not in browser.get(search).text


def test_the_palette_is_bounded(as_persona, world):
    from tests.factories import make_employee

    for _number in range(25):
        make_employee("Zoila", org_unit=world.units["sales"])
    browser = as_persona("head")

    assert browser.get(reverse("admin:search"), {"s": "zoila"}).text.count("hr/employee/") == 20


def test_the_palette_answers_a_page_that_does_not_exist(as_persona):
    assert as_persona("hr_manager").get(reverse("admin:search"), {"s": "luisa", "page": "x"}).status_code == 200


# --- Denied attempts --------------------------------------------------------------------------------------------------
def test_a_foreign_record_is_answered_like_none_and_recorded(as_persona, world):
    browser, foreign = as_persona("manager_elsewhere"), world.employees["luisa"]

    theirs = browser.get(change_page(foreign))
    nothing = browser.get(reverse("admin:hr_employee_change", args=[999999]))

    assert (theirs.status_code, theirs.url) == (nothing.status_code, nothing.url)
    who, path = "Persona manager_elsewhere", reverse("admin:hr_employee_changelist")
    assert recorded() == [
        (who, "record", f"GET {path}{foreign.pk}/change/", 1),
        (who, "record", f"GET {path}999999/change/", 1),
    ]


def test_a_page_without_the_right_is_recorded(as_persona):
    assert as_persona("plain").get(reverse("admin:core_user_changelist")).status_code == 403

    assert recorded() == [("Persona plain", "page", f"GET {reverse('admin:core_user_changelist')}", 1)]


def test_a_forged_choice_is_recorded(as_persona, world):
    luisa = world.employees["luisa"]
    unit = world.units["sales"]
    access.grant("change_employee_in", world.users["grant_change"], world.units["team"])
    access.grant("view_employee_in", world.users["grant_change"], world.units["team"])
    browser = as_persona("grant_change")
    form = browser.get(change_page(luisa)).context["adminform"].form
    values = {name: "" if value is None else value for name, value in form.initial.items() if name in form.fields}

    response = browser.post(change_page(luisa), values | {"org_unit": unit.pk, "version": luisa.version})

    assert "org_unit" in response.context["adminform"].form.errors
    assert [(kind, times) for _who, kind, _what, times in recorded()] == [("change", 1)]
    luisa.refresh_from_db()
    assert luisa.org_unit_id == world.units["team"].pk


def test_an_action_on_forged_rows_touches_none_and_is_recorded(as_persona, world):
    access.grant("change_employee_in", world.users["grant_unit"], world.units["sales"])
    browser, foreign = as_persona("grant_unit"), world.employees["fabio"]

    browser.post(
        reverse("admin:hr_employee_changelist"),
        {"action": "suspend_many", "_selected_action": [foreign.pk, "x"], "_form_submitted": "1", "select_across": "0"},
    )

    foreign.refresh_from_db()
    assert foreign.status == "active"
    assert [kind for _who, kind, _what, _times in recorded()] == ["record"]


def test_nothing_is_recorded_of_who_may(as_persona, world):
    browser = as_persona("head")

    assert browser.get(change_page(world.employees["luisa"])).status_code == 200
    assert browser.get(reverse("admin:hr_employee_changelist")).status_code == 200
    assert recorded() == []


def test_a_burst_fills_no_table(world):
    user = world.users["plain"]
    for number in range(denials.MOST_AN_HOUR + 5):
        denials.record_denied(actor=user, kind="record", what=f"GET /{number}/")

    assert DeniedAttempt.objects.count() == denials.MOST_AN_HOUR
    assert DeniedAttempt.objects.first().times == 6


def test_recording_costs_the_same_whether_the_record_exists_or_not(as_persona, world):
    browser = as_persona("plain")
    browser.get(reverse("admin:hr_employee_change", args=[999998]))
    counted = []
    for key in (world.employees["luisa"].pk, 999999):
        with CaptureQueriesContext(connections["business"]) as queries:
            browser.get(reverse("admin:hr_employee_change", args=[key]))
        counted.append(len(queries))

    assert counted[0] == counted[1]


def test_old_records_go(world):
    denials.record_denied(actor=world.users["plain"], kind="page", what="GET /")
    denials.record_denied(actor=world.users["plain"], kind="page", what="GET /")
    first = DeniedAttempt.objects.last()
    DeniedAttempt.objects.filter(pk=first.pk).update(at=timezone.now() - denials.KEPT - timedelta(days=1))

    assert denials.drop_old() == 1
    assert DeniedAttempt.objects.count() == 1


@pytest.mark.parametrize(
    ("key", "status"), [("administrator", 200), ("auditor", 200), ("hr_manager", 403), ("head", 403), ("plain", 403)]
)
def test_who_reads_the_denied_attempts(as_persona, key, status):
    assert as_persona(key).get(reverse("admin:hr_deniedattempt_changelist")).status_code == status


# --- Units ------------------------------------------------------------------------------------------------------------
def test_a_unit_names_no_parent_or_head_outside_the_scope(as_persona, world):
    browser = as_persona("head")

    page = browser.get(reverse("admin:hr_orgunit_change", args=[world.units["sales"].pk])).text

    assert unit_sentinels("sales")["name"] in page
    assert unit_sentinels("operations")["name"] not in page


def test_an_employee_names_no_boss_outside_the_scope(as_persona, world):
    page = as_persona("grant_employee").get(change_page(world.employees["luisa"])).text

    assert sentinels("luisa")["first_name"] in page
    assert sentinels("marco")["first_name"] not in page
    history = as_persona("grant_employee").get(reverse("admin:hr_employee_history", args=[world.employees["luisa"].pk]))
    assert history.status_code == 200
    assert sentinels("marco")["first_name"] not in history.text


def test_ones_own_page_names_the_boss_without_a_link(as_persona, world):
    Employee.objects.filter(code="ZCPABLO").update(reports_to=world.employees["hernan"])

    page = as_persona("plain").get(change_page(world.employees["pablo"])).text

    assert sentinels("hernan")["first_name"] in page
    assert change_page(world.employees["hernan"]) not in page


def test_the_attempts_of_one_leave_room_for_those_of_another(world):
    for number in range(denials.MOST_AN_HOUR):
        denials.record_denied(actor=world.users["plain"], kind="record", what=f"GET /{number}/")

    denials.record_denied(actor=world.users["head"], kind="record", what="GET /mine/")

    assert list(DeniedAttempt.objects.filter(user_id=world.users["head"].pk).values_list("what", "times")) == [
        ("GET /mine/", 1)
    ]


def test_the_palette_offers_units_to_whom_their_list_opens(as_persona):
    name = unit_sentinels("sales")["name"]

    assert "hr/orgunit/" in as_persona("head").get(reverse("admin:search"), {"s": name}).text
    assert "hr/orgunit/" not in as_persona("plain").get(reverse("admin:search"), {"s": name}).text


def test_a_list_does_not_name_a_head_whom_the_reader_does_not_see(as_persona, world):
    browser, page = as_persona("boss"), reverse("admin:hr_orgunit_changelist")
    OrgUnit.objects.filter(pk=world.units["team"].pk).update(head=world.employees["fabio"])

    text = browser.get(page).text

    assert unit_sentinels("team")["name"] in text
    assert sentinels("fabio")["last_name"] not in text
