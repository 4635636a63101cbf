"""Scope, held against what tests/hr/personas.py says of each persona."""

from datetime import date, timedelta

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core import access, roles
from core.grantable import grantable_of
from core.models import User, UserGrant
from hr import paths, scope
from hr.models import Employee, OrgUnit, Position
from hr.scope import Scope, facts_of, is_manager, may_act, scope_for
from tests.factories import make_employee, make_unit, make_user
from tests.hr.personas import PERSONAS

pytestmark = pytest.mark.usefixtures("world_of_module")


def fresh(user):
    """The user as the next request reads him: facts are kept for one request."""
    return User.objects.get(pk=user.pk)


def reader(world, key):
    return world.user(key) or AnonymousUser()


@pytest.mark.parametrize("key", PERSONAS)
def test_each_persona_reaches_exactly_his_people(world, key):
    user, persona = reader(world, key), PERSONAS[key]

    assert world.keys_of(Employee.objects.visible_to(user)) == persona.sees
    assert world.keys_of(Employee.objects.personal_to(user)) == persona.personal
    assert world.keys_of(Employee.objects.changeable_by(user)) == persona.changes


@pytest.mark.parametrize("key", PERSONAS)
def test_each_persona_sees_exactly_the_units_and_positions_of_his_people(world, key):
    user, persona = reader(world, key), PERSONAS[key]

    assert world.unit_keys_of(OrgUnit.objects.visible_to(user)) == persona.units
    assert world.unit_keys_of(OrgUnit.objects.open_to_hire(user)) == persona.hires
    titles = {f"Zp{name}q" for name in persona.sees}
    assert set(Position.objects.visible_to(user).values_list("title", flat=True)) == titles


@pytest.mark.parametrize("key", PERSONAS)
def test_a_row_is_covered_as_the_query_finds_it(world, key):
    reach = scope_for(reader(world, key), "hr.view_employee")

    covered = {name for name, row in world.employees.items() if reach.covers(row)}

    assert covered == PERSONAS[key].sees


@pytest.mark.parametrize("key", PERSONAS)
def test_the_facts_cost_at_most_six_queries_roles_included(world, key):
    user = reader(world, key)
    with (
        CaptureQueriesContext(connections["default"]) as ours,
        CaptureQueriesContext(connections["business"]) as theirs,
    ):
        for right in ("hr.view_employee", "hr.change_employee", "hr.add_employee", "hr.view_personal_data"):
            scope_for(user, right)
        is_manager(user)

    assert len(ours) + len(theirs) <= 6


def test_the_number_of_queries_does_not_grow_with_what_is_held(world):
    head = world.user("head")
    for number in range(60):
        unit = make_unit(head=world.employees["hernan"])
        access.grant("view_employee_in", head, make_unit(), reason=str(number))
        access.grant("view_employee", head, make_employee(org_unit=unit))

    user = fresh(head)
    with (
        CaptureQueriesContext(connections["default"]) as ours,
        CaptureQueriesContext(connections["business"]) as theirs,
    ):
        reach = scope_for(user, "hr.view_employee")

    assert len(ours) + len(theirs) <= 6
    assert (len(reach.unit_ids), len(reach.employee_ids)) == (2 + 60 + 60, 60)


def test_facts_are_read_once(world, django_assert_num_queries):
    user = world.user("head")
    scope_for(user, "hr.view_employee")

    with django_assert_num_queries(0, using="business"), django_assert_num_queries(0):
        facts_of(user)
        scope_for(user, "hr.view_employee")
        scope_for(user, "hr.change_employee")


def test_a_role_right_covers_everything(world, hr_manager):
    assert scope_for(hr_manager, "hr.view_employee") == Scope(everything=True)


def test_the_page_right_of_a_manager_touches_nobody(world):
    user = world.user("manager_elsewhere")

    assert user.has_perm("hr.export_employee")
    assert world.keys_of(Employee.objects.visible_to(user)) == {"mateo", "fabio"}


def test_external_staff_without_a_role_reach_nobody(world):
    user = make_user()

    assert may_act(user)
    assert not scope_for(user, "hr.view_employee")


def test_an_external_with_a_grant_reaches_who_it_names(world):
    user = make_user()
    access.grant("view_employee", user, world.employees["luisa"])

    assert world.keys_of(Employee.objects.visible_to(fresh(user))) == {"luisa"}


def test_a_dismissal_takes_effect_at_the_next_request(world):
    assert may_act(world.user("head"))

    Employee.objects.filter(code="ZCHERNAN").update(status="suspended")

    assert not may_act(world.user("head"))
    assert not Employee.objects.visible_to(world.user("head")).exists()


def test_a_grant_opens_and_its_end_closes_at_the_next_request(world):
    plain, luisa = world.user("plain"), world.employees["luisa"]

    access.grant("view_employee", plain, luisa)
    assert world.keys_of(Employee.objects.visible_to(world.user("plain"))) == {"pablo", "luisa"}

    access.revoke("view_employee", plain, luisa)
    assert world.keys_of(Employee.objects.visible_to(world.user("plain"))) == {"pablo"}


def test_leaving_a_group_closes_what_it_opened(world):
    Group.objects.get(name="Night shift").user_set.clear()

    assert world.keys_of(Employee.objects.visible_to(world.user("grant_group"))) == {"gloria"}


def test_a_right_to_change_without_the_right_to_see_reaches_nobody(world):
    UserGrant.objects.filter(user=world.users["grant_change"], permission__codename="view_employee").delete()
    user = world.user("grant_change")

    assert world.keys_of(Employee.objects.changeable_by(user)) == set()
    assert world.keys_of(Employee.objects.visible_to(user)) == {"celia"}


def test_a_grant_on_a_unit_follows_the_unit_when_it_moves(world):
    team = world.units["team"]
    OrgUnit.objects.filter(pk=team.pk).update(
        parent=world.units["finance"], path=world.units["finance"].path + team.path[-6:]
    )

    assert world.keys_of(Employee.objects.visible_to(world.user("grant_unit"))) == {"gina", "hernan", "pablo"}
    assert world.keys_of(Employee.objects.visible_to(world.user("manager_elsewhere"))) == {
        "mateo",
        "fabio",
        "marco",
        "luisa",
    }


def test_a_cycle_in_the_line_ends(world):
    Employee.objects.filter(code="ZCBRUNO").update(reports_to=world.employees["luisa"])

    assert world.keys_of(Employee.objects.visible_to(world.user("boss"))) == {"bruno", "marco", "luisa"}


@pytest.mark.parametrize("key", PERSONAS)
def test_a_long_line_reaches_the_same_people(world, key, monkeypatch):
    """Few people of a line are named by key, many are a subquery."""
    monkeypatch.setattr(scope, "FEW", 0)
    user, persona = reader(world, key), PERSONAS[key]

    assert world.keys_of(Employee.objects.visible_to(user)) == persona.sees
    assert world.unit_keys_of(OrgUnit.objects.visible_to(user)) == persona.units
    assert {name for name, row in world.employees.items() if scope_for(user, "hr.view_employee").covers(row)} == (
        persona.sees
    )


def test_a_line_that_leads_out_of_ones_units_is_followed(world):
    """Hernán heads sales; Fabio, in finance, reports to somebody there."""
    Employee.objects.filter(code="ZCFABIO").update(reports_to=world.employees["pablo"])
    Employee.objects.filter(code="ZCPABLO").update(reports_to=world.employees["hernan"])

    assert world.keys_of(Employee.objects.visible_to(world.user("head"))) == PERSONAS["head"].sees | {"fabio"}


def test_the_condition_of_a_line_costs_one_query_more(world, django_assert_num_queries):
    Employee.objects.filter(code="ZCPABLO").update(reports_to=world.employees["hernan"])
    user = world.user("head")
    scope_for(user, "hr.view_employee")

    with django_assert_num_queries(3, using="business"):
        list(Employee.objects.visible_to(user))
        list(Employee.objects.visible_to(user))


def test_a_person_is_his_own_boss_only_in_bad_data(world):
    Employee.objects.filter(code="ZCPABLO").update(reports_to=world.employees["pablo"])

    assert world.keys_of(Employee.objects.visible_to(world.user("plain"))) == {"pablo"}


# --- Delegation -------------------------------------------------------------------------------------------------------
def test_a_delegation_ends_by_itself_that_second(world):
    UserGrant.objects.filter(user=world.users["delegate"]).update(valid_until=timezone.now())

    assert world.keys_of(Employee.objects.visible_to(world.user("delegate"))) == {"delia"}


def test_a_delegation_gives_no_more_than_the_manager_rights(world):
    access.grant("view_personal_data_in", world.users["head"], world.units["sales"])
    access.grant("view_employee", world.users["head"], world.employees["fabio"])

    delegate = world.user("delegate")

    assert world.keys_of(Employee.objects.personal_to(delegate)) == {"delia"}
    assert "fabio" not in world.keys_of(Employee.objects.visible_to(delegate))


def test_what_was_delegated_to_one_is_not_passed_on(world):
    plain = world.users["plain"]
    access.grant("act_as_manager", plain, world.employees["delia"])

    assert world.keys_of(Employee.objects.visible_to(world.user("plain"))) == {"pablo"}


@pytest.mark.parametrize(("status", "ended_on"), [("suspended", None), ("terminated", date(2024, 1, 31))])
def test_who_has_no_scope_himself_lends_none(world, status, ended_on):
    Employee.objects.filter(code="ZCHERNAN").update(status=status, ended_on=ended_on)

    assert world.keys_of(Employee.objects.visible_to(world.user("delegate"))) == {"delia"}


def test_a_delegate_of_a_boss_by_line_sees_the_line(world):
    access.grant(
        "act_as_manager",
        world.users["plain"],
        world.employees["bruno"],
        valid_until=timezone.now() + timedelta(hours=1),
    )

    assert world.keys_of(Employee.objects.visible_to(world.user("plain"))) == {"pablo", "marco", "luisa"}


@pytest.mark.parametrize(
    ("key", "manages"),
    [
        ("head", True),
        ("head_above", True),
        ("boss", True),
        ("plain", False),
        ("delegate", False),
        ("hr_manager", False),
    ],
)
def test_being_a_manager_is_a_fact(world, key, manages):
    assert is_manager(world.user(key)) is manages


# --- Search -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("key", ["head", "boss", "grant_personal", "hr_manager", "plain"])
def test_search_reveals_no_personal_data_one_may_not_see(world, key):
    user, persona = world.user(key), PERSONAS[key]
    rows = Employee.objects.visible_to(user)

    found = {
        name
        for name, row in world.employees.items()
        if row.pk in set(rows.search(row.national_id, user=user).values_list("pk", flat=True))
    }

    assert found == persona.personal


def test_nobody_reaches_anything_without_logging_in(world):
    assert not scope_for(AnonymousUser(), "hr.view_employee")


def test_an_inactive_account_reaches_nobody(world, beto):
    user = make_user(employee=beto, role=roles.HR_MANAGER, is_active=False)

    assert not may_act(user)


def test_a_grant_to_see_a_manager_is_no_delegation(world):
    plain = world.user("plain")
    access.grant("view_employee", plain, world.employees["hernan"])

    assert world.keys_of(Employee.objects.visible_to(world.user("plain"))) == {"pablo", "hernan"}


def test_who_stands_in_is_not_the_manager_himself(world):
    assert facts_of(world.user("delegate")).employee_id == world.employees["delia"].pk
    assert world.keys_of(Employee.objects.personal_to(world.user("delegate"))) == {"delia"}


def test_a_grant_on_a_person_reaches_no_unit_with_the_same_key(world):
    plain, sales = world.user("plain"), world.units["sales"]
    namesake = make_employee(pk=sales.pk, org_unit=world.units["finance"])
    access.grant("view_employee", plain, namesake)

    user = world.user("plain")
    assert set(Employee.objects.visible_to(user)) == {world.employees["pablo"], namesake}
    assert [pk for pk, _path, _head in facts_of(user).tops] == []


def test_a_grant_on_a_unit_reaches_no_person_with_the_same_key(world):
    luisa = world.employees["luisa"]
    namesake = OrgUnit.objects.create(pk=luisa.pk, path=paths.join("", luisa.pk), code="N", name="N")
    inside = make_employee(org_unit=namesake)
    access.grant("view_employee_in", world.user("plain"), namesake)

    assert set(Employee.objects.visible_to(world.user("plain"))) == {world.employees["pablo"], inside}


def test_no_permission_bears_the_name_of_one_on_another_model(world):
    """Grants are told apart by that name alone."""
    granted_on = [model._meta.model_name for model in apps.get_models() if grantable_of(model)]
    permissions = Permission.objects.filter(content_type__app_label="hr", content_type__model__in=granted_on)
    names = list(permissions.values_list("codename", flat=True))

    assert sorted(granted_on) == ["employee", "event", "orgunit"]
    assert len(names) == len(set(names))


def test_the_anonymous_reaches_nobody(world):
    assert facts_of(AnonymousUser()).may_act is False
    assert not Employee.objects.visible_to(AnonymousUser()).exists()


def test_an_external_who_stands_in_is_nobody_himself(world):
    user = make_user()
    access.grant("act_as_manager", user, world.employees["hernan"])

    assert facts_of(fresh(user)).employee_id is None
    assert not Employee.objects.personal_to(fresh(user)).exists()
    assert world.keys_of(Employee.objects.visible_to(fresh(user))) == {"hernan", "pablo", "marco", "luisa"}
