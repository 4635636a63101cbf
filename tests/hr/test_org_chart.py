import pytest

from core import roles
from hr.org_chart import level_below
from tests.factories import make_employee, make_unit, make_user


def told(level):
    return {node.unit.code: (node.people, node.people_in_all, node.units_below) for node in level.nodes}


@pytest.fixture
def team(sales, ana, beto, carla):
    team = make_unit("Ventas Norte", code="VN", parent=sales)
    make_employee(org_unit=team)
    make_employee(org_unit=team, status="terminated", ended_on="2024-01-31")
    return team


def test_a_level_counts_people_in_it_and_below(team, company, sales, ana, hr_manager):
    assert told(level_below(None, user=hr_manager)) == {"EMP": (0, 4, 3)}
    assert told(level_below(company, user=hr_manager)) == {"FIN": (1, 1, 0), "VEN": (2, 3, 1)}
    assert told(level_below(team, user=hr_manager)) == {}
    assert [node.head for node in level_below(company, user=hr_manager).nodes] == [None, ana]


def test_a_reader_sees_his_units_his_people_and_no_other_head(team, beto):
    user = make_user(employee=beto, role=roles.EMPLOYEE)

    [node] = level_below(None, user=user).nodes

    assert (node.unit.code, node.people, node.people_in_all, node.units_below, node.head) == ("VEN", 1, 1, 0, None)


def test_a_level_is_bounded_and_goes_on(company, hr_manager, monkeypatch):
    monkeypatch.setattr("hr.org_chart.LEVEL_LIMIT", 2)
    for name in "CAEBD":
        make_unit(name, code=name, parent=company)

    first = level_below(company, user=hr_manager)
    last = level_below(company, user=hr_manager, first=4)

    assert ([node.unit.name for node in first.nodes], first.next) == (["A", "B"], 2)
    assert ([node.unit.name for node in last.nodes], last.next) == (["E"], None)


def test_a_level_takes_four_queries_whatever_its_size(team, company, hr_manager, django_assert_num_queries):
    hr_manager.has_perm("hr.view_employee")
    for size in (1, 3):
        for _unit in range(size):
            unit = make_unit(parent=company, head=make_employee())
            make_unit(parent=unit)
        with django_assert_num_queries(4, using="business"):
            level_below(company, user=hr_manager)
