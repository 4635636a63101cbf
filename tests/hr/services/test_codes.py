import pytest

from hr.services.codes import next_codes
from hr.services.writing import business_atomic
from tests.factories import make_employee


@business_atomic
def given(count, taken=frozenset(), *, actor=None):
    return next_codes(count, taken=taken)


def test_the_first_codes_of_an_empty_table(db):
    assert given(2) == ["EMP-00001", "EMP-00002"]


def test_codes_go_on_behind_the_highest_number(db):
    for code in ("EMP-00007", "EMP-00003", "EMP-X", "OTHER-99999"):
        make_employee(code=code)

    assert given(2) == ["EMP-00008", "EMP-00009"]


def test_codes_about_to_be_written_are_not_given(db):
    assert given(1, taken={"EMP-00001"}) == ["EMP-00002"]


def test_numbers_outgrow_their_digits(db):
    make_employee(code="EMP-99999")

    assert given(1) == ["EMP-100000"]


@pytest.mark.parametrize(("pattern", "code"), [("##", "01"), ("VE###-N", "VE001-N"), ("A.####", "A.0001")])
def test_the_pattern_is_a_setting(db, settings, pattern, code):
    settings.EMPLOYEE_CODE_PATTERN = pattern

    assert given(1) == [code]


def test_no_code_is_no_query(db, django_assert_num_queries):
    with django_assert_num_queries(2, using="business"):  # savepoint and release
        assert given(0) == []
