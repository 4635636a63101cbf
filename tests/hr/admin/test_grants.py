"""The pages on which rights on one person or unit are granted, renewed and ended."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from core import access
from core.admin.grant_forms import GrantForm
from core.grantable import grantable_of
from core.models import GroupGrant, User, UserGrant
from hr.models import Employee
from tests.factories import make_unit, make_user

pytestmark = pytest.mark.usefixtures("world_of_module")


def employee_page(employee, page="grants", *args):
    return reverse(f"admin:hr_employee_{page}", args=[employee.pk, *args])


def unit_page(unit, page="grants", *args):
    return reverse(f"admin:hr_orgunit_{page}", args=[unit.pk, *args])


def told(response):
    return response.context["page"].object_list


VALUES = {"permissions": ["view_employee"], "reason": "covers for Marco"}


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("administrator", 200),
        ("hr_manager", 200),
        ("auditor", 200),
        ("bulk_loader", 403),
        ("head", 403),
        ("plain", 404),
    ],
)
def test_who_reads_the_page(as_persona, world, key, status):
    browser = as_persona(key)

    assert browser.get(employee_page(world.employees["luisa"])).status_code == status
    assert browser.get(unit_page(world.units["team"])).status_code == status


def test_a_page_of_nobody_is_not_there(as_persona):
    assert as_persona("hr_manager").get(reverse("admin:hr_employee_grants", args=[999999])).status_code == 404


def test_a_grant_opens_at_once_and_its_end_closes_at_once(as_persona, world):
    luisa, plain = world.employees["luisa"], world.users["plain"]
    page = employee_page(luisa)

    response = as_persona("hr_manager").post(page, VALUES | {"user": plain.pk})

    assert response.url == page
    grant = UserGrant.objects.get(user=plain)
    assert (grant.granted_by, grant.reason, grant.valid_until) == (world.users["hr_manager"], "covers for Marco", None)
    assert world.keys_of(Employee.objects.visible_to(world.user("plain"))) == {"pablo", "luisa"}

    as_persona("hr_manager").post(employee_page(luisa, "end_grant", "user", grant.pk))

    assert world.keys_of(Employee.objects.visible_to(world.user("plain"))) == {"pablo"}
    grant.refresh_from_db()
    assert grant.ended_by == world.users["hr_manager"]


def test_a_grant_on_a_unit_covers_the_units_below(as_persona, world):
    values = {"permissions": ["view_employee_in", "view_personal_data_in"], "reason": "audit", "valid_until": ""}

    as_persona("hr_manager").post(unit_page(world.units["sales"]), values | {"user": world.users["grant_hire"].pk})

    user = world.user("grant_hire")
    assert world.keys_of(Employee.objects.personal_to(user)) == {"nadia", "hernan", "pablo", "marco", "luisa"}


def test_a_group_is_granted_to_its_members(as_persona, world):
    crew = Group.objects.create(name="Crew")
    world.users["plain"].groups.add(crew)

    as_persona("administrator").post(employee_page(world.employees["luisa"]), VALUES | {"group": crew.pk})

    assert GroupGrant.objects.get(group=crew).granted_by == world.users["administrator"]
    assert world.keys_of(Employee.objects.visible_to(world.user("plain"))) == {"pablo", "luisa"}


def test_nobody_grants_to_himself_nor_to_a_group_of_his(as_persona, world):
    hr, luisa = world.users["hr_manager"], world.employees["luisa"]
    crew = Group.objects.create(name="Crew")
    hr.groups.add(crew)
    browser = as_persona("hr_manager")

    for holder in ({"user": hr.pk}, {"group": crew.pk}):
        assert browser.post(employee_page(luisa), VALUES | holder).status_code == 400

    assert not UserGrant.objects.filter(user=hr).exists()
    assert not GroupGrant.objects.filter(group=crew).exists()


@pytest.mark.parametrize(
    "values",
    [
        {"permissions": ["act_as_manager"]},
        {"permissions": ["invite_employee"]},
        {"permissions": []},
        {"reason": "  "},
        {"valid_until": "2020-01-01T10:00"},
        {"valid_from": "2030-01-02T10:00", "valid_until": "2030-01-01T10:00"},
        {"user": ""},
        {"user": "999999"},
        {"group": "999999"},
        {"user": "9" * 30},
        {"valid_until": "9999-12-31T23:59"},
    ],
)
def test_what_will_not_do_is_refused_on_the_page(as_persona, world, values):
    before = UserGrant.objects.count()

    response = as_persona("hr_manager").post(
        employee_page(world.employees["luisa"]), VALUES | {"user": world.users["plain"].pk} | values
    )

    assert response.status_code == 400
    assert response.context["form"].errors
    assert UserGrant.objects.count() == before


def test_both_a_user_and_a_group_are_one_too_many(as_persona, world):
    holders = {"user": world.users["plain"].pk, "group": Group.objects.get(name="Night shift").pk}

    response = as_persona("hr_manager").post(employee_page(world.employees["luisa"]), VALUES | holders)

    assert response.status_code == 400


def test_who_reads_but_may_not_grant_changes_nothing(as_persona, world):
    luisa = world.employees["luisa"]
    grant = UserGrant.objects.get(user=world.users["grant_employee"])
    browser = as_persona("auditor")

    assert browser.post(employee_page(luisa), VALUES | {"user": world.users["plain"].pk}).status_code == 403
    assert browser.post(employee_page(luisa, "end_grant", "user", grant.pk)).status_code == 403
    assert browser.post(employee_page(luisa, "renew_grant", "user", grant.pk), {"reason": "x"}).status_code == 403

    grant.refresh_from_db()
    assert (grant.valid_until, grant.reason) == (None, "as the test says")
    assert not UserGrant.objects.filter(user=world.users["plain"]).exists()


@pytest.mark.parametrize(("key", "offered"), [("hr_manager", True), ("auditor", False)])
def test_an_end_is_offered_to_who_may_end(as_persona, world, key, offered):
    page = as_persona(key).get(employee_page(world.employees["luisa"]))

    assert "in_force" in {item.state for item in told(page)}
    assert ("/end/" in page.text) == offered


def test_a_right_is_granted_only_to_accounts_that_one_sees(world):
    form = GrantForm(grantable=grantable_of(Employee), reader=world.user("plain"))

    assert list(form.fields["user"].queryset) == [world.users["plain"]]


def test_a_grant_is_ended_by_post_alone(as_persona, world):
    grant = UserGrant.objects.get(user=world.users["grant_employee"])

    response = as_persona("hr_manager").get(employee_page(world.employees["luisa"], "end_grant", "user", grant.pk))

    assert response.url == employee_page(world.employees["luisa"])
    grant.refresh_from_db()
    assert grant.valid_until is None


def test_an_expired_grant_is_renewed(as_persona, world):
    luisa = world.employees["luisa"]
    grant = UserGrant.objects.get(user=world.users["grant_expired"], permission__codename="view_employee")
    page = employee_page(luisa, "renew_grant", "user", grant.pk)
    browser = as_persona("hr_manager")
    until = timezone.localtime(timezone.now() + timedelta(days=3))

    assert browser.get(page).status_code == 200
    browser.post(page, {"valid_until": until.strftime("%Y-%m-%dT%H:%M"), "reason": "three days more"})

    assert world.keys_of(Employee.objects.visible_to(world.user("grant_expired"))) == {"elena", "luisa"}
    grant.refresh_from_db()
    assert grant.reason == "three days more"
    assert grant.valid_until.date() == until.astimezone(grant.valid_until.tzinfo).date()


def test_a_grant_is_reached_only_by_the_page_that_shows_it(as_persona, world):
    grant = UserGrant.objects.get(user=world.users["grant_employee"])
    browser = as_persona("hr_manager")

    for page in (employee_page(world.employees["fabio"], "end_grant", "user", grant.pk),
                 employee_page(world.employees["luisa"], "end_grant", "nobody", grant.pk)):  # fmt: skip
        assert browser.post(page).status_code == 404

    grant.refresh_from_db()
    assert grant.valid_until is None


def test_a_persons_page_tells_all_that_is_about_him(as_persona, world):
    """On him, on his unit and those above, and what his own account holds, by a group too."""
    response = as_persona("auditor").get(employee_page(world.employees["luisa"]), {"p": 1})
    names = {(row.holder, row.grant.permission.codename, row.state) for row in told(response)}

    assert ("Persona grant_unit", "view_employee_in", "in_force") in names
    assert ("group Night shift", "view_employee", "in_force") in names
    assert ("Persona grant_future", "view_employee", "coming") in names
    assert ("Persona grant_expired", "view_employee_in", "ended") in names

    own = told(as_persona("auditor").get(employee_page(world.employees["gloria"])))
    assert [(row.holder, str(row.target)) for row in own] == [("group Night shift", str(world.employees["luisa"]))]


def test_a_units_page_tells_of_the_units_above(as_persona, world):
    response = as_persona("hr_manager").get(unit_page(world.units["team"]))

    assert {(row.holder, str(row.target)) for row in told(response)} >= {
        ("Persona grant_unit", str(world.units["sales"])),
        ("Persona grant_hire", str(world.units["team"])),
    }


def test_the_page_is_paged_and_takes_as_many_queries_for_many_as_for_few(
    as_persona, world, django_assert_max_num_queries
):
    luisa = world.employees["luisa"]
    browser = as_persona("hr_manager")
    browser.get(employee_page(luisa))
    for _number in range(25):
        access.grant("view_employee", make_user(), luisa, granted_by=world.users["hr_manager"])

    with django_assert_max_num_queries(22):
        response = browser.get(employee_page(luisa))

    assert len(told(response)) == 20
    assert response.context["page"].paginator.num_pages == 2


def test_all_grants_stand_in_one_list_and_can_be_ended_there(as_persona, world):
    browser = as_persona("hr_manager")
    page = reverse("admin:core_usergrant_changelist")
    grant = UserGrant.objects.get(user=world.users["delegate"])

    text = browser.get(page).text
    assert str(world.employees["luisa"]) in text
    browser.post(page, {"action": "end_many", "_selected_action": [grant.pk]})

    assert world.keys_of(Employee.objects.visible_to(world.user("delegate"))) == {"delia"}
    assert "grant_employee" not in browser.get(page, {"state": "ended"}).text


@pytest.mark.parametrize(
    ("state", "keys"),
    [
        ("in_force", {"grant_employee", "grant_unit"}),
        ("coming", {"grant_future"}),
        ("ended", {"grant_expired"}),
    ],
)
def test_the_list_is_narrowed_to_grants_in_a_state(as_persona, world, state, keys):
    page = as_persona("auditor").get(reverse("admin:core_usergrant_changelist"), {"state": state})

    shown = {grant.user_id for grant in page.context["cl"].result_list}
    mine = {"grant_employee", "grant_unit", "grant_future", "grant_expired"}
    assert {key for key in mine if world.users[key].pk in shown} == keys


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ["group Night shift: see this person", "in force"]),
        ("es", ["Rol Night shift: ver a esta persona", "vigente"]),
    ],
)
def test_a_grant_is_told_in_words_on_its_own_page(as_persona, world, language, told):
    User.objects.filter(pk=world.users["auditor"].pk).update(language=language)
    grant = GroupGrant.objects.get()

    page = as_persona("auditor").get(reverse("admin:core_groupgrant_change", args=[grant.pk]))

    assert [text for text in told if text not in page.content.decode()] == []
    assert "view_employee" not in page.content.decode()


def test_grants_on_a_deleted_unit_go_with_it(world, django_capture_on_commit_callbacks):
    from hr.services.org_units import delete_org_units

    unit = make_unit(parent=world.units["company"])
    access.grant("view_employee_in", world.users["plain"], unit)

    with django_capture_on_commit_callbacks(using="business", execute=True):
        delete_org_units([unit.pk], actor=world.users["hr_manager"])

    assert not UserGrant.objects.filter(user=world.users["plain"]).exists()


# --- Who leaves -------------------------------------------------------------------------------------------------------
def test_grants_end_with_the_employment_and_do_not_return(world):
    from hr.services.employment import rehire_employees, terminate_employees
    from hr.services.outbox import expand_due

    gabo, hr, today = world.employees["gabo"], world.users["hr_manager"], timezone.localdate()
    terminate_employees([gabo.pk], ended_on=today, actor=hr)
    assert expand_due(limit=10) == 1

    rehire_employees([gabo.pk], hired_on=today, actor=hr)
    expand_due(limit=10)

    assert world.keys_of(Employee.objects.visible_to(world.user("grant_employee"))) == {"gabo"}
    assert UserGrant.objects.get(user=world.users["grant_employee"]).ended_by is None


def test_nobody_stands_in_any_more_for_who_left(world):
    from hr.services.employment import rehire_employees, terminate_employees
    from hr.services.outbox import expand_due

    hernan, hr, today = world.employees["hernan"], world.users["hr_manager"], timezone.localdate()
    terminate_employees([hernan.pk], ended_on=today, actor=hr)
    expand_due(limit=10)
    rehire_employees([hernan.pk], hired_on=today, actor=hr)
    world.units["sales"].refresh_from_db()
    world.units["sales"].head = hernan
    world.units["sales"].save()

    assert world.keys_of(Employee.objects.visible_to(world.user("delegate"))) == {"delia"}


def test_who_was_rehired_before_the_clock_came_keeps_what_he_was_granted_since(world):
    from hr.services.employment import rehire_employees, terminate_employees
    from hr.services.outbox import expand_due

    gabo, hr, today = world.employees["gabo"], world.users["hr_manager"], timezone.localdate()
    terminate_employees([gabo.pk], ended_on=today, actor=hr)
    rehire_employees([gabo.pk], hired_on=today, actor=hr)
    access.grant("view_employee", world.users["grant_employee"], world.employees["fabio"], granted_by=hr)

    expand_due(limit=10)

    assert world.keys_of(Employee.objects.visible_to(world.user("grant_employee"))) == {"gabo", "fabio"}


def test_hiring_needs_the_right_in_that_very_unit(as_persona, world):
    browser = as_persona("grant_hire")
    values = {"first_name": "Nora", "last_name": "Gil", "country": "VE", "hired_on": "2026-01-07", "code": "NORA"}
    add = reverse("admin:hr_employee_add")

    assert browser.get(add).status_code == 200
    browser.post(add, values | {"org_unit": world.units["sales"].pk, "code": "NO1"})
    browser.post(add, values | {"org_unit": world.units["staff"].pk, "code": "NO2"})
    browser.post(add, values | {"org_unit": world.units["team"].pk, "national_id": "V-12345678"})

    assert list(Employee.objects.filter(first_name="Nora").values_list("code", "org_unit", "national_id")) == [
        ("NORA", world.units["team"].pk, None)
    ]
