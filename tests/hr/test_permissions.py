import pytest

from core import roles
from core.errors import NotAllowed
from hr import permissions
from tests.factories import make_user


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


def test_require_raises_with_the_message():
    permissions.require(True)

    with pytest.raises(NotAllowed, match="Not today"):
        permissions.require(False, "Not today")
