import pytest

from core.errors import DomainError, NotFound
from hr.models import Employee, Lease, OrgUnit
from hr.services.rows import assign, hold, levels, locked, naming, require_known
from hr.services.writing import business_atomic
from tests.factories import make_employee


def test_locked_gives_the_rows_by_key(ana, beto):
    assert locked(Employee, [beto.pk, ana.pk, beto.pk], None) == {ana.pk: ana, beto.pk: beto}


def test_locked_misses_nothing(ana):
    with pytest.raises(NotFound):
        locked(Employee, [ana.pk, 999_999], None)


def test_known_rows_are_asked_for_once_each(sales, django_assert_num_queries):
    with django_assert_num_queries(1, using="business"):
        require_known(OrgUnit, [sales.pk, sales.pk, None], None, field="org_unit")


def test_hold_makes_one_row_and_writes_it_each_time(db):
    @business_atomic
    def work(*, actor=None):
        hold("test.lock")

    work()
    work()

    assert Lease.objects.get(name="test.lock").version == 3


def test_levels_put_each_row_behind_the_one_above(sales):
    saved = make_employee(org_unit=sales)
    top, middle, low = Employee(code="T", reports_to=saved), Employee(code="M"), Employee(code="L")
    middle.reports_to, low.reports_to = top, middle
    given = []

    for level in levels([low, middle, top], "reports_to"):
        for number, row in enumerate(level):
            row.pk = 1000 + len(given) + number
        given += level

    assert given == [top, middle, low]
    assert (middle.reports_to_id, low.reports_to_id) == (top.pk, middle.pk)


def test_levels_never_give_out_rows_that_wait_for_one_another():
    one, two = Employee(code="1"), Employee(code="2")
    one.reports_to, two.reports_to = two, one

    assert list(levels([one, two], "reports_to")) == []


def test_naming_tells_the_row_only_among_several():
    for among, text in ((1, "No."), (2, "Beto: No.")):
        with pytest.raises(DomainError) as error, naming("Beto", among=among):
            raise DomainError("No.", field="code")
        assert (str(error.value), error.value.field) == (text, "code")


def test_assign_tells_what_differs():
    employee = Employee(first_name="Ana", last_name="Gil")

    assert assign(employee, {"first_name": "Ana", "last_name": "Pérez"}) == ["last_name"]
    assert employee.last_name == "Pérez"
