import pytest

from hr.services.lines import looped
from tests.factories import make_employee, make_unit


@pytest.fixture
def line(db):
    """Five people, each reporting to the one before."""
    unit, boss, people = make_unit(), None, []
    for _level in range(5):
        boss = make_employee(org_unit=unit, reports_to=boss)
        people.append(boss)
    return [person.pk for person in people]


def test_a_line_that_ends_is_no_loop(line):
    assert looped({line[4]: line[0], line[3]: None}) == []


def test_the_top_below_the_bottom_is_a_loop(line):
    assert looped({line[0]: line[4]}) == [line[0]]


def test_a_loop_among_the_changed_alone_is_found(line):
    assert set(looped({line[1]: line[2], line[2]: line[1]})) == {line[1], line[2]}


def test_a_line_that_leads_into_a_loop_does_not_end_either(line):
    apart = make_employee().pk

    assert apart in looped({apart: line[4], line[0]: line[2]})


def test_a_change_that_opens_the_loop_makes_the_other_change_right(line):
    assert looped({line[0]: line[4], line[3]: None}) == []


@pytest.mark.parametrize("climb", [1, 20])
def test_long_lines_are_read_level_by_level_or_all_at_once(line, monkeypatch, climb):
    monkeypatch.setattr("hr.services.lines.CLIMB", climb)

    assert looped({line[0]: line[4]}) == [line[0]]
    assert looped({line[4]: line[0]}) == []


def test_ten_thousand_changed_rows_are_checked_in_a_few_queries(line, django_assert_max_num_queries):
    bosses = {key: key - 1 for key in range(line[4] + 2, line[4] + 10_000)} | {line[4] + 1: line[4]}

    with django_assert_max_num_queries(21, using="business"):
        assert looped(bosses) == []
