import pytest
from django.contrib.auth.models import AnonymousUser

from core import roles
from core.models import User
from hr.scope import Scope, facts_of, may_act, scope_for
from tests.factories import make_employee, make_user


def fresh(user):
    """The user as the next request reads him: facts are kept for one request."""
    return User.objects.get(pk=user.pk)


def test_a_role_right_covers_everything(hr_manager):
    assert scope_for(hr_manager, "hr.view_employee") == Scope(everything=True)


def test_an_employee_reaches_himself(beto):
    user = make_user(employee=beto, role=roles.EMPLOYEE)

    assert scope_for(user, "hr.view_employee") == Scope(employee_ids=frozenset({beto.pk}))
    assert scope_for(user, "hr.view_personal_data") == Scope(employee_ids=frozenset({beto.pk}))
    assert not scope_for(user, "hr.change_employee")


def test_the_page_right_of_a_manager_touches_nobody_else(ana, beto):
    user = make_user(employee=ana, role=roles.MANAGER)

    assert user.has_perm("hr.export_employee")
    assert scope_for(user, "hr.view_employee") == Scope(employee_ids=frozenset({ana.pk}))


def test_external_staff_without_a_role_reach_nobody(db):
    user = make_user()

    assert may_act(user)
    assert not scope_for(user, "hr.view_employee")


def test_nobody_reaches_anything_without_logging_in(db):
    assert not scope_for(AnonymousUser(), "hr.view_employee")


@pytest.mark.parametrize("status", ["suspended", "terminated"])
def test_who_does_not_work_here_has_neither_role_nor_self(status, sales):
    ended_on = "2024-01-31" if status == "terminated" else None
    employee = make_employee(status=status, ended_on=ended_on, org_unit=sales)
    user = make_user(employee=employee, role=roles.HR_MANAGER)

    assert not may_act(user)
    assert not scope_for(user, "hr.view_employee")
    assert not user.has_perm("hr.view_employee")


def test_a_dismissal_takes_effect_at_the_next_request(beto):
    user = make_user(employee=beto, role=roles.HR_MANAGER)
    assert may_act(user)

    type(beto).objects.filter(pk=beto.pk).update(status="suspended")

    assert not may_act(fresh(user))


def test_an_inactive_account_reaches_nobody(beto):
    user = make_user(employee=beto, role=roles.HR_MANAGER, is_active=False)

    assert not may_act(user)


def test_facts_are_read_once(beto, django_assert_num_queries):
    user = fresh(make_user(employee=beto))

    with django_assert_num_queries(1, using="business"):
        facts_of(user)
        facts_of(user)
        scope_for(user, "hr.view_employee")
