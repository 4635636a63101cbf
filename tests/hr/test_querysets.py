import pytest

from core import roles
from hr.models import Employee, OrgUnit, Position
from hr.querysets import count_together
from tests.factories import make_employee, make_position, make_unit, make_user


@pytest.fixture
def everybody(ana, beto, carla):
    return {ana, beto, carla}


def test_a_role_holder_sees_everybody(everybody, hr_manager, auditor, bulk_loader):
    for user in (hr_manager, auditor, bulk_loader):
        assert set(Employee.objects.visible_to(user)) == everybody
        assert set(Employee.objects.personal_to(user)) == everybody


def test_an_employee_sees_himself_alone(everybody, beto):
    user = make_user(employee=beto, role=roles.EMPLOYEE)

    assert list(Employee.objects.visible_to(user)) == [beto]
    assert list(Employee.objects.personal_to(user)) == [beto]
    assert list(Employee.objects.changeable_by(user)) == []


def test_a_stranger_sees_none_of_them(everybody):
    assert list(Employee.objects.visible_to(make_user())) == []


def test_a_suspended_role_holder_sees_nobody(everybody, sales):
    user = make_user(employee=make_employee(status="suspended", org_unit=sales), role=roles.HR_MANAGER)

    assert list(Employee.objects.visible_to(user)) == []
    assert list(OrgUnit.objects.visible_to(user)) == []
    assert list(Position.objects.visible_to(user)) == []


def test_only_those_who_may_change_change(everybody, hr_manager, auditor):
    assert set(Employee.objects.changeable_by(hr_manager)) == everybody
    assert list(Employee.objects.changeable_by(auditor)) == []
    assert list(OrgUnit.objects.changeable_by(auditor)) == []


def test_units_and_positions_are_those_of_the_employees_one_sees(everybody, beto, sales, analyst, hr_manager):
    user = make_user(employee=beto, role=roles.EMPLOYEE)
    make_position("Gerente")

    assert list(OrgUnit.objects.visible_to(user)) == [sales]
    assert list(Position.objects.visible_to(user)) == [analyst]
    assert OrgUnit.objects.visible_to(hr_manager).count() == 3
    assert Position.objects.visible_to(hr_manager).count() == 2


@pytest.mark.parametrize("term", ["Perez", "PÉREZ", "pérez", "ana perez", "Pérez Ana", "e1", "  perez  "])
def test_search_finds_names_whatever_the_accents(everybody, ana, hr_manager, term):
    assert list(Employee.objects.search(term, user=hr_manager)) == [ana]


def test_search_finds_the_tilde_without_it(everybody, beto, hr_manager):
    assert list(Employee.objects.search("nanez", user=hr_manager)) == [beto]


@pytest.mark.parametrize("term", ["V-12345678", "12345678", "v12345678", "4121234567"])
def test_personal_data_is_found_only_by_who_may_see_it(everybody, ana, beto, hr_manager, term):
    stranger = make_user(employee=ana, role=roles.EMPLOYEE)
    himself = make_user(employee=beto, role=roles.EMPLOYEE)

    assert list(Employee.objects.search(term, user=hr_manager)) == [beto]
    assert list(Employee.objects.search(term, user=himself)) == [beto]
    assert list(Employee.objects.search(term, user=stranger)) == []


def test_a_percent_sign_is_searched_literally(everybody, hr_manager):
    assert list(Employee.objects.search("%", user=hr_manager)) == []
    assert list(Employee.objects.search("_", user=hr_manager)) == []


def test_people_of_a_subtree(everybody, company, sales, ana, beto):
    team = make_unit("Ventas Norte", parent=sales)
    new = make_employee(org_unit=team)

    assert set(Employee.objects.in_subtree(sales.path)) == {ana, beto, new}
    assert set(Employee.objects.in_subtree(company.path)) == everybody | {new}


def test_units_are_found_by_name_or_code_without_accents(db, hr_manager):
    found = make_unit("Dirección Técnica", code="DT")
    make_unit("Finanzas")

    assert list(OrgUnit.objects.search("tecnica direccion", user=hr_manager)) == [found]
    assert list(OrgUnit.objects.search("dt", user=hr_manager)) == [found]


def test_people_of_a_unit_are_those_who_work_in_it_and_are_seen(everybody, sales, finance, beto, hr_manager):
    make_employee(status="terminated", ended_on="2024-01-31", org_unit=sales)
    user = make_user(employee=beto, role=roles.EMPLOYEE)

    counted = {unit.pk: unit.people for unit in OrgUnit.objects.with_people(hr_manager)}

    assert (counted[sales.pk], counted[finance.pk]) == (2, 1)
    assert [unit.people for unit in OrgUnit.objects.visible_to(user).with_people(user)] == [1]


@pytest.mark.servers
def test_lock_lets_nobody_else_lock(transactional_db, beto):
    from django.db import OperationalError, connections, transaction

    other = connections.create_connection("business")
    try:
        with transaction.atomic(using="business"):
            assert list(Employee.objects.lock([beto.pk])) == [beto]
            with other.cursor() as cursor, pytest.raises(OperationalError):
                cursor.execute("SELECT id FROM hr_employee WHERE id = %s FOR UPDATE NOWAIT", [beto.pk])
    finally:
        other.close()


# --- Counts -----------------------------------------------------------------------------------------------------------
def test_several_are_counted_in_one_query_no_further_than_wanted(everybody, sales, beto, django_assert_num_queries):
    user = make_user(employee=beto)
    rows = [
        Employee.objects.all(),
        Employee.objects.visible_to(user).filter(last_name__contains="%"),
        Employee.objects.none(),
        OrgUnit.objects.order_by("name"),
        Employee.objects.filter(hired_on__gte=beto.hired_on, first_name="Beto"),
    ]

    with django_assert_num_queries(1, using="business"):
        assert count_together(rows, most=2) == [2, 0, 0, 2, 1]
    assert count_together([], most=2) == []
