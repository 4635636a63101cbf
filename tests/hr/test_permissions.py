import pytest
from django.contrib.auth.models import Permission

from core import access, roles
from core.errors import NotAllowed
from hr import permissions
from tests.factories import make_user
from tests.hr.personas import PERSONAS, UNITS


def test_the_system_may_do_everything(beto, sales, analyst):
    assert permissions.can_hire(None)
    assert permissions.can_change(None, beto)
    assert permissions.can_change_status(None, beto)
    assert permissions.can_see_personal_data(None, beto)
    assert permissions.can_create_units(None)
    assert permissions.can_change_unit(None, sales)
    assert permissions.can_delete_unit(None, sales)
    assert permissions.can_create_positions(None)
    assert permissions.can_change_position(None, analyst)
    assert permissions.can_delete_position(None, analyst)


@pytest.mark.parametrize(
    ("role", "people", "personal", "catalogue"),
    [
        (roles.ADMINISTRATOR, True, True, True),
        (roles.HR_MANAGER, True, True, True),
        (roles.BULK_LOADER, True, True, False),
        (roles.AUDITOR, False, True, False),
        (roles.MANAGER, False, False, False),
        (roles.EMPLOYEE, False, False, False),
    ],
)
def test_what_each_role_may_do(beto, sales, analyst, role, people, personal, catalogue):
    user = make_user(role=role)

    assert permissions.can_hire(user) is people
    assert permissions.can_change(user, beto) is people
    assert permissions.can_change_status(user, beto) is people
    assert permissions.can_see_personal_data(user, beto) is personal
    assert permissions.can_create_units(user) is catalogue
    assert permissions.can_change_unit(user, sales) is catalogue
    assert permissions.can_delete_unit(user, sales) is catalogue
    assert permissions.can_create_positions(user) is catalogue
    assert permissions.can_change_position(user, analyst) is catalogue
    assert permissions.can_delete_position(user, analyst) is catalogue


def test_an_employee_sees_his_own_personal_data_and_changes_nothing(ana, beto):
    user = make_user(employee=beto, role=roles.EMPLOYEE)

    assert permissions.can_see_personal_data(user, beto)
    assert not permissions.can_see_personal_data(user, ana)
    assert not permissions.can_change(user, beto)


def test_nobody_decides_about_his_own_employment(ana, beto):
    user = make_user(employee=beto, role=roles.HR_MANAGER)

    assert permissions.can_change(user, beto)
    assert not permissions.can_change_status(user, beto)
    assert permissions.can_change_status(user, ana)


@pytest.mark.parametrize("key", [key for key in PERSONAS if key != "anonymous"])
def test_each_persona_may_do_what_is_written_down(world, key):
    user, persona = world.user(key), PERSONAS[key]

    changed = {name for name, row in world.employees.items() if permissions.can_change(user, row)}
    decided = {name for name, row in world.employees.items() if permissions.can_change_status(user, row)}
    known = {name for name, row in world.employees.items() if permissions.can_see_personal_data(user, row)}
    hiring = {name for name, unit in world.units.items() if permissions.can_hire_into(user, unit.pk)}
    moving = {name for name, unit in world.units.items() if permissions.can_move_to(user, unit.pk)}
    entering = {name for name, unit in world.units.items() if permissions.can_enter_personal_data(user, unit.pk)}

    everywhere = set(UNITS) if len(persona.personal) == len(world.employees) else set()
    assert (changed, decided, known) == (persona.changes, persona.changes, persona.personal)
    assert (hiring, moving, entering) == (persona.hires, persona.hires, everywhere)
    assert permissions.can_hire(user) is permissions.can_move(user) is bool(persona.hires)


def test_a_grant_to_change_a_unit_opens_it_to_those_who_move(world):
    access.grant("change_employee_in", world.users["plain"], world.units["sales"])
    user = world.user("plain")

    moving = {name for name, unit in world.units.items() if permissions.can_move_to(user, unit.pk)}

    assert moving == {"sales", "team"}
    assert permissions.can_move(user)
    assert not permissions.can_hire_into(user, world.units["team"].pk)


@pytest.mark.parametrize(
    ("known", "in_any", "in_team"), [(None, False, False), ("team", False, True), ("sales", True, True)]
)
def test_personal_data_of_the_hired_needs_the_right_where_they_are_hired(world, known, in_any, in_team):
    """Without a unit the question is about all into which one hires: the form shows the fields before it is chosen."""
    access.grant("add_employee_in", world.users["plain"], world.units["sales"])
    if known:
        access.grant("view_personal_data_in", world.users["plain"], world.units[known])
    user = world.user("plain")

    assert permissions.can_enter_personal_data(user) is in_any
    assert permissions.can_enter_personal_data(user, world.units["team"].pk) is in_team


@pytest.mark.parametrize(("key", "enters"), [("hr_manager", True), ("bulk_loader", True), ("grant_hire", False)])
def test_who_hires_enters_personal_data_if_he_may_in_all_units_open_to_him(world, key, enters):
    assert permissions.can_enter_personal_data(world.user(key)) is enters


def test_who_hires_everywhere_enters_no_personal_data_on_the_strength_of_a_grant(world):
    plain = world.users["plain"]
    plain.user_permissions.add(Permission.objects.get(content_type__app_label="hr", codename="add_employee"))
    access.grant("view_personal_data_in", plain, world.units["company"])

    assert not permissions.can_enter_personal_data(world.user("plain"))


def test_require_raises_with_the_message():
    permissions.require(True)

    with pytest.raises(NotAllowed, match="Not today"):
        permissions.require(False, "Not today")
