import pytest
from django.urls import reverse

from tests.factories import make_employee, make_unit

CHART, LEVEL = "admin:hr_orgunit_chart", "admin:hr_orgunit_chart_level"


@pytest.fixture
def tree(company, sales, finance, ana, beto):
    return make_unit("Ventas Norte", code="VN", parent=sales)


def test_the_chart_opens_the_only_unit_at_the_top(hr, tree):
    text = hr.get(reverse(CHART)).text

    for shown in ("Empresa", "Ventas", "Finanzas", "Ana Pérez", "2 people"):
        assert shown in text
    assert "Ventas Norte" not in text


def test_a_level_is_loaded_when_its_unit_is_opened(hr, tree, sales):
    assert f"?below={sales.pk}" in hr.get(reverse(CHART)).text

    text = hr.get(reverse(LEVEL), {"below": sales.pk}).text

    assert "Ventas Norte" in text
    assert "<html" not in text


def test_several_units_at_the_top_stay_closed(hr, tree):
    make_unit("Fundación", code="FUN")

    text = hr.get(reverse(CHART)).text

    assert "Fundación" in text
    assert "Ventas" not in text


def test_a_long_level_is_shown_in_parts(hr, company, monkeypatch):
    monkeypatch.setattr("hr.org_chart.LEVEL_LIMIT", 2)
    for name in "ABC":
        make_unit(f"Unidad {name}", parent=company)

    first = hr.get(reverse(CHART)).text
    rest = hr.get(reverse(LEVEL), {"below": company.pk, "from": 2}).text

    assert "Unidad B" in first
    assert "Unidad C" not in first
    assert f"?below={company.pk}&amp;from=2" in first
    assert "Unidad C" in rest
    assert "Show more" not in rest


@pytest.mark.parametrize("query", [{"below": "999999"}, {"below": "abc"}])
def test_a_level_of_nothing_is_not_found(hr, query):
    assert hr.get(reverse(LEVEL), query).status_code == 404


def test_a_nonsense_start_is_the_beginning(hr, tree, company):
    assert "Finanzas" in hr.get(reverse(LEVEL), {"below": company.pk, "from": "-1"}).text


def test_a_page_has_no_inline_script_and_escapes_names(hr, company):
    make_unit("<script>alert(1)</script>", parent=company, head=make_employee("<b>Ana</b>", org_unit=company))

    text = hr.get(reverse(CHART)).text

    assert "<script>alert" not in text
    assert "<b>Ana</b>" not in text


@pytest.mark.parametrize("first", ["9" * 30, "9" * 5000, "x"])
def test_a_level_that_begins_nowhere_is_no_error(hr, tree, first):
    assert hr.get(reverse(LEVEL), {"from": first}).status_code == 200


def test_an_empty_chart_says_so(hr):
    assert "There are no units yet" in hr.get(reverse(CHART)).text


def test_the_chart_takes_as_many_queries_for_three_units_as_for_one(hr, company):
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    make_unit(parent=company, head=make_employee(org_unit=company))
    hr.get(reverse(CHART))
    counted = []
    for _size in (1, 3):
        with CaptureQueriesContext(connections["business"]) as queries:
            hr.get(reverse(CHART))
        counted.append(len(queries))
        for _row in range(2):
            make_unit(parent=make_unit(parent=company, head=make_employee(org_unit=company)))

    assert counted[0] == counted[1] <= 8
