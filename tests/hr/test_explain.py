"""The reasons, held against what the personas may do: every right has one, and none gives what is not held."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.utils import timezone
from django.utils.formats import date_format

from core import access
from core.models import UserGrant
from hr.explain import explain, obstacles
from hr.models import Employee
from hr.rights import CHANGE, PERSONAL, VIEW
from tests.hr.personas import PERSONAS, SALES

pytestmark = pytest.mark.usefixtures("world_of_module")

LOGGED_IN = [key for key in PERSONAS if key != "anonymous"]


def rules(world, persona, employee):
    return [reason.rule for reason in explain(world.user(persona), world.employees[employee])]


@pytest.mark.parametrize("key", LOGGED_IN)
def test_reasons_give_exactly_what_is_held(world, key):
    user, persona = world.user(key), PERSONAS[key]

    given = {
        name: frozenset().union(*(reason.rights for reason in explain(user, row)))
        for name, row in world.employees.items()
    }

    assert {name for name, rights in given.items() if VIEW in rights} == persona.sees
    assert {name for name, rights in given.items() if PERSONAL in rights} == persona.personal
    assert {name for name, rights in given.items() if CHANGE in rights} == persona.changes


@pytest.mark.parametrize(
    ("persona", "employee", "expected"),
    [
        ("hr_manager", "luisa", ["role"]),
        ("head", "hernan", ["self", "head"]),
        ("head", "luisa", ["head"]),
        ("boss", "luisa", ["line"]),
        ("grant_employee", "luisa", ["grant"]),
        ("grant_unit", "luisa", ["grant"]),
        ("grant_group", "luisa", ["grant"]),
        ("delegate", "luisa", ["head"]),
        ("manager_elsewhere", "fabio", ["head", "line"]),
        ("manager_elsewhere", "luisa", []),
        ("grant_expired", "luisa", []),
        ("suspended", "luisa", []),
        ("plain", "luisa", []),
    ],
)
def test_the_rules_are_named(world, persona, employee, expected):
    assert rules(world, persona, employee) == expected


def test_a_headship_above_names_both_units(world):
    (reason,) = explain(world.user("head_above"), world.employees["luisa"])

    alma, operations, team = world.employees["alma"], world.units["operations"], world.units["team"]
    assert reason.text == f"{alma} heads {operations}, and {team} is below it."


def test_a_line_names_everybody_in_it(world):
    (reason,) = explain(world.user("boss"), world.employees["luisa"])

    names = " → ".join(str(world.employees[key]) for key in ("luisa", "marco", "bruno"))
    assert reason.text == f"Reporting line: {names}."


def test_a_cycle_in_the_line_ends(world):
    Employee.objects.filter(code="ZCBRUNO").update(reports_to=world.employees["luisa"])

    assert rules(world, "boss", "luisa") == ["line"]


def test_a_grant_names_its_dates_giver_and_reason(world):
    (reason,) = explain(world.user("grant_unit"), world.employees["luisa"])

    assert "Persona hr_manager" in reason.text
    assert "as the test says" in reason.text
    assert str(world.units["sales"]) in reason.text


def test_a_delegation_says_for_whom(world):
    (reason,) = explain(world.user("delegate"), world.employees["luisa"])

    assert reason.text.startswith(f"Standing in for {world.employees['hernan']}")


def test_what_keeps_somebody_out_is_told(world):
    luisa = world.employees["luisa"]

    assert [text.split(":")[0] for text in obstacles(world.user("grant_expired"), luisa)] == ["Ended", "Ended"]
    assert [text.split(":")[0] for text in obstacles(world.user("grant_future"), luisa)] == ["Not yet", "Not yet"]
    assert obstacles(world.user("inactive"), luisa) == ["The account of Persona inactive is switched off."]
    assert obstacles(world.user("suspended"), luisa) == [
        "Persona suspended is no active employee, and so holds no right at all."
    ]
    assert obstacles(world.user("plain"), luisa) == []


def test_a_right_without_the_right_to_see_is_no_reason_but_an_obstacle(world):
    luisa = world.employees["luisa"]
    access.grant("change_employee", world.users["plain"], luisa, reason="forgot the other")

    assert explain(world.user("plain"), luisa) == []
    (text,) = obstacles(world.user("plain"), luisa)
    assert text.startswith(f"Granted on {luisa}: change this person's data")


def test_a_delegation_that_gives_nothing_is_told(world):
    hernan, luisa = world.employees["hernan"], world.employees["luisa"]
    Employee.objects.filter(pk=hernan.pk).update(status="suspended")
    away = obstacles(world.user("delegate"), luisa)
    UserGrant.objects.filter(user=world.users["delegate"]).update(valid_until=timezone.now())
    (ended,) = obstacles(world.user("delegate"), luisa)

    assert away == [f"{hernan} is no active employee, and so holds no right at all."]
    assert ended.startswith(f"Ended: Granted on {hernan}: stand in for this manager")


# --- Delegation -------------------------------------------------------------------------------------------------------
PAGE, WHY = "/hr/employee/delegations/", "/hr/employee/why/"


def moment(**after):
    return timezone.localtime(timezone.now() + timedelta(**after)).strftime("%Y-%m-%dT%H:%M")


def values(**changed):
    return {
        "name": "PLAIN",
        "valid_from": moment(hours=-1),
        "valid_until": moment(days=3),
        "reason": "holidays",
    } | changed


@pytest.mark.parametrize(
    ("key", "status"), [("head", 200), ("boss", 200), ("delegate", 200), ("plain", 403), ("hr_manager", 403)]
)
def test_who_opens_the_page(as_persona, key, status):
    assert as_persona(key).get(PAGE).status_code == status


def test_a_manager_lets_somebody_stand_in_and_ends_it(as_persona, world):
    assert as_persona("head").post(PAGE, values()).url == PAGE
    grant = UserGrant.objects.get(user=world.users["plain"])
    assert world.keys_of(Employee.objects.visible_to(world.user("plain"))) == SALES
    assert str(grant.user) in as_persona("head").get(PAGE).text

    assert as_persona("head").post(f"{PAGE}{grant.pk}/end/").url == PAGE

    assert world.keys_of(Employee.objects.visible_to(world.user("plain"))) == {"pablo"}
    grant.refresh_from_db()
    assert grant.ended_by == world.users["head"]


def test_one_that_has_yet_to_begin_opens_nothing(as_persona, world):
    as_persona("head").post(PAGE, values(valid_from=moment(days=1)))

    assert world.keys_of(Employee.objects.visible_to(world.user("plain"))) == {"pablo"}


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "head"},
        {"name": "nobody"},
        {"name": "inactive"},
        {"name": "suspended"},
        {"reason": " "},
        {"valid_until": ""},
        {"valid_until": "2020-01-01T10:00"},
        {"valid_until": "9999-12-31T23:59"},
        {"valid_from": "2031-01-01T10:00", "valid_until": "2030-01-01T10:00"},
    ],
)
def test_what_will_not_do_is_refused(as_persona, changed):
    before = UserGrant.objects.count()

    response = as_persona("head").post(PAGE, values(**changed))

    assert response.status_code == 400
    assert UserGrant.objects.count() == before


def test_names_are_not_to_be_guessed_one_after_the_other(as_persona):
    browser = as_persona("head")
    for number in range(10):
        assert "Nobody who may log in" in browser.post(PAGE, values(name=f"x{number}")).text

    assert "Too many names" in browser.post(PAGE, values(name="y")).text


def test_a_deputy_passes_nothing_on(as_persona, world):
    assert as_persona("delegate").post(PAGE, values()).status_code == 403

    assert not UserGrant.objects.filter(user=world.users["plain"]).exists()


def test_nobody_ends_what_another_manager_gave(as_persona, world):
    grant = UserGrant.objects.get(user=world.users["delegate"])

    assert as_persona("manager_elsewhere").post(f"{PAGE}{grant.pk}/end/").status_code == 404
    assert as_persona("manager_elsewhere").get(f"{PAGE}{grant.pk}/end/").url == PAGE
    assert as_persona("head").get(f"{PAGE}{grant.pk}/end/").url == PAGE
    assert as_persona("plain").get(f"{PAGE}{grant.pk}/end/").status_code == 403

    grant.refresh_from_db()
    assert grant.ended_by is None


def test_hr_ends_a_delegation(as_persona, world):
    grant = UserGrant.objects.get(user=world.users["delegate"])

    as_persona("hr_manager").post(f"/hr/employee/{world.employees['hernan'].pk}/grants/user/{grant.pk}/end/")

    assert world.keys_of(Employee.objects.visible_to(world.user("delegate"))) == {"delia"}


def test_an_ordinary_grant_is_not_ended_as_a_delegation(as_persona, world):
    grant = access.grant("view_employee", world.users["plain"], world.employees["hernan"])

    assert as_persona("head").post(f"{PAGE}{grant.pk}/end/").status_code == 404


# --- The pages that say why -------------------------------------------------------------------------------------------
def test_everybody_is_told_why_he_sees_a_person(as_persona, world):
    page = f"/hr/employee/{world.employees['luisa'].pk}/reasons/"

    assert "Reporting line" in as_persona("boss").get(page).text
    assert as_persona("plain").get(page).status_code == 404


@pytest.mark.parametrize(("key", "status"), [("hr_manager", 200), ("auditor", 200), ("head", 403), ("plain", 403)])
def test_who_asks_about_others(as_persona, key, status):
    assert as_persona(key).get(WHY).status_code == status


def test_it_is_told_why_another_sees_or_not(as_persona, world):
    browser, luisa = as_persona("hr_manager"), world.employees["luisa"].pk

    seen = browser.get(WHY, {"user": world.users["boss"].pk, "employee": luisa}).text
    unseen = browser.get(WHY, {"user": world.users["grant_expired"].pk, "employee": luisa}).text

    assert "Reporting line" in seen
    assert "no rule leads from one to the other" in unseen
    assert "Ended: Granted on" in unseen
    assert browser.get(WHY, {"user": "x", "employee": ""}).status_code == 200


def test_nobody_is_told_of_a_delegation_to_somebody_else(world):
    access.end(UserGrant.objects.get(user=world.users["delegate"]), by=None)

    assert len(obstacles(world.user("delegate"), world.employees["luisa"])) == 1
    assert obstacles(world.user("plain"), world.employees["luisa"]) == []


def test_who_stands_in_by_two_grants_is_told_of_the_one_in_force(world):
    delegate, hernan, luisa = world.users["delegate"], world.employees["hernan"], world.employees["luisa"]
    night_shift, strangers = Group.objects.get(name="Night shift"), Group.objects.create(name="Strangers")
    delegate.groups.add(night_shift)
    moment = timezone.now() - timedelta(days=400)
    dates = {"valid_from": moment, "valid_until": moment + timedelta(days=1)}
    access.grant("act_as_manager", delegate, hernan, reason="long ago", **dates)
    access.grant("act_as_manager", strangers, hernan, reason="not his", valid_from=moment)
    access.grant("act_as_manager", night_shift, hernan, reason="now")

    reason, _granted = explain(world.user("delegate"), luisa)

    today = date_format(timezone.localtime(), "SHORT_DATE_FORMAT")
    assert reason.text.startswith("Standing in for")
    assert today in reason.text


def test_whose_delegation_ended_stands_in_for_nobody(world):
    """Neither he himself nor with the group that had it."""
    delegate, hernan, luisa = world.users["delegate"], world.employees["hernan"], world.employees["luisa"]
    night_shift = Group.objects.get(name="Night shift")
    delegate.groups.add(night_shift)
    moment = timezone.now() - timedelta(days=400)
    past = {"valid_from": moment, "valid_until": moment + timedelta(days=1)}
    access.grant("act_as_manager", night_shift, hernan, reason="past", **past)
    day_shift = Group.objects.create(name="Day shift")
    delegate.groups.add(day_shift)
    access.revoke("act_as_manager", delegate, hernan)
    access.grant("act_as_manager", day_shift, hernan, reason="now", valid_from=moment - timedelta(days=400))

    (reason, own) = explain(world.user("delegate"), luisa)

    assert (reason.rule, own.rule) == ("head", "grant")
    assert date_format(timezone.localtime(moment), "SHORT_DATE_FORMAT") not in reason.text


def test_a_role_is_no_reason_for_what_its_group_does_not_hold(world):
    """As long as `sync_roles` has not caught up with the table of roles."""
    group = world.users["hr_manager"].groups.get(name="HR manager")
    group.permissions.remove(Permission.objects.get(codename="view_personal_data"))

    (reason,) = explain(world.user("hr_manager"), world.employees["luisa"])

    assert (reason.rule, reason.rights) == ("role", {VIEW, CHANGE})
