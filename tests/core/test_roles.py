import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from core import roles
from core.admin.roles import VERBS
from core.models import User


def rights_of(name):
    group = Group.objects.get(name=name)
    return {
        f"{permission.content_type.app_label}.{permission.codename}"
        for permission in group.permissions.select_related("content_type")
    }


def test_the_command_makes_every_role_hold_what_the_table_says(db):
    call_command("sync_roles", verbosity=0)

    held = {name: rights_of(name) for name in roles.ROLES}
    assert held == {
        name: {f"{app}.{codename}" for app, codename in role.codenames()} for name, role in roles.ROLES.items()
    }


def test_a_right_given_by_hand_is_taken_back(synced_roles):
    group = Group.objects.get(name=roles.EMPLOYEE)
    group.permissions.add(Permission.objects.get(codename="view_employee"))

    roles.sync_roles()

    assert rights_of(roles.EMPLOYEE) == set()


def test_a_group_that_is_no_role_is_left_alone(synced_roles):
    choir = Group.objects.create(name="Choir")
    choir.permissions.add(Permission.objects.get(codename="view_employee"))

    roles.sync_roles()

    assert rights_of("Choir") == {"hr.view_employee"}


def test_a_right_no_model_declares_is_an_error(db, monkeypatch):
    monkeypatch.setitem(roles.ROLES, "Odd", roles.Role("Odd", {"hr.employee": "fly"}))

    with pytest.raises(LookupError, match="fly_employee"):
        roles.sync_roles()


def test_managers_and_employees_hold_no_right_over_rows(synced_roles):
    over_rows = {"view", "add", "change", "delete"}

    found = rights_of(roles.MANAGER) | rights_of(roles.EMPLOYEE)

    assert not [right for right in found if right.partition(".")[2].partition("_")[0] in over_rows]


def test_only_the_administrator_manages_users(synced_roles):
    managing = {"core.add_user", "core.change_user", "core.assign_role"}

    assert {name for name in roles.ROLES if rights_of(name) & managing} == {roles.ADMINISTRATOR}


def test_no_role_makes_a_superuser_or_deletes_people(synced_roles):
    forbidden = {"hr.delete_employee", "core.delete_user", "auth.change_group", "auth.change_permission"}

    assert not [name for name in roles.ROLES if rights_of(name) & forbidden]
    assert not User.objects.filter(is_superuser=True).exists()


def test_every_right_of_a_role_has_its_words_on_the_page():
    verbs = {verb for role in roles.ROLES.values() for rights in role.rights.values() for verb in rights.split()}

    assert verbs - VERBS.keys() == set()
