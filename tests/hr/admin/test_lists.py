"""How lists read their rows, whatever their number."""

import re
import time
from datetime import date

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.paginator import InvalidPage, Paginator
from django.db import connections, router
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.admin.paginator import CappedPaginator, KeysFirstPaginator, PagedChangeList
from hr.models import Attendance, Employee, Evaluation, OrgUnit
from hr.services.employees import NewEmployee, hire_employees
from hr.services.org_units import NewOrgUnit, create_org_units
from tests.factories import make_attendance, make_employee, make_event, make_round, make_unit, make_user


@pytest.fixture
def people(sales, finance):
    for number in range(7):
        make_employee(f"Ana {number}", "Gil", org_unit=sales if number % 2 else finance)
    return Employee.objects.select_related("org_unit").order_by("-org_unit__name", "first_name")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_page_holds_what_a_plain_one_holds(people, number):
    page, plain = KeysFirstPaginator(people, 3).page(number), Paginator(people, 3).page(number)

    assert list(page.object_list) == list(plain.object_list)
    assert (page.has_next(), page.start_index(), page.end_index()) == (
        plain.has_next(),
        plain.start_index(),
        plain.end_index(),
    )


def test_keys_are_found_without_the_joins_of_the_rows(people):
    with CaptureQueriesContext(connections["business"]) as queries:
        page = KeysFirstPaginator(people.order_by("search_text", "pk"), 3).page(1)
        assert [employee.org_unit.code for employee in page.object_list] == ["FIN", "VEN", "FIN"]

    count, keys, rows = (query["sql"] for query in queries)
    assert "JOIN" not in count
    assert "JOIN" not in keys
    assert "JOIN" in rows


def test_a_page_keeps_what_its_rows_were_counted_with(people, sales, hr_manager):
    units = OrgUnit.objects.with_people(hr_manager).order_by("-people", "pk")

    page = KeysFirstPaginator(units, 2).page(1)

    assert [(unit.code, unit.people) for unit in page.object_list] == [("FIN", 4), ("VEN", 3)]


def test_a_row_that_went_meanwhile_is_left_out(people, monkeypatch):
    paginator = KeysFirstPaginator(people.order_by("pk"), 3)
    gone, *left = people.order_by("-pk")
    assert paginator.count == 7
    keys = paginator._keys(3, 6)
    monkeypatch.setattr(paginator, "_keys", lambda first, end: [*keys, gone.pk])
    Employee.objects.filter(pk=gone.pk).delete()

    assert paginator.page(2).object_list == left[2::-1]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_pages_behind_the_middle_are_looked_for_from_the_end(people, number):
    rows = people.order_by("org_unit__name", "-pk")

    with CaptureQueriesContext(connections["business"]) as queries:
        page = KeysFirstPaginator(rows, 2).page(number)

    assert list(page.object_list) == list(Paginator(rows, 2).page(number).object_list)
    _count, keys, *_rows = (query["sql"] for query in queries)
    assert ("OFFSET" in keys) == (number in (2, 3))


class ToFour(CappedPaginator):
    CAP = 4


def test_a_capped_paginator_counts_no_further_and_shows_all_the_same(people):
    paginator = ToFour(people.order_by("pk"), 2)
    everybody = list(people.order_by("pk"))

    assert (paginator.count, paginator.is_capped, paginator.num_pages) == (5, True, 3)
    assert [paginator.page(number).object_list for number in (1, 3, 4, 5)] == [
        everybody[:2],
        everybody[4:6],
        everybody[6:],
        [],
    ]
    assert list(paginator.get_elided_page_range(5)) == [1, 2, 3, paginator.ELLIPSIS, 5]


@pytest.mark.parametrize("few", [6, 7], ids=["many", "few"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_a_search_finds_is_shown_in_its_order_whether_few_or_many(people, monkeypatch, few, number):
    monkeypatch.setattr(CappedPaginator, "FEW", few)
    found = people.filter(first_name__startswith="Ana")
    paginator, plain = CappedPaginator(found, 3), Paginator(found, 3)
    paginator.may_find_few = True

    assert (paginator.count, paginator.num_pages) == (7, 3)
    assert list(paginator.page(number).object_list) == list(plain.page(number).object_list)
    with pytest.raises(InvalidPage):
        paginator.page(4)


def test_few_rows_of_a_search_are_looked_for_once(hr, people):
    make_employee("Zoe", "Paz")
    address = reverse("admin:hr_employee_changelist", query={"q": "paz"})
    hr.get(address)

    with CaptureQueriesContext(connections["business"]) as queries:
        page = hr.get(address)

    assert [row.first_name for row in page.context["cl"].result_list] == ["Zoe"]
    looked = [query["sql"] for query in queries if "paz" in query["sql"]]
    assert not any("COUNT" in sql for sql in looked)
    assert sum(" IN (" not in sql for sql in looked) == 1


@pytest.mark.parametrize("number", ["0", "-1", "x", "4"])
def test_below_its_cap_it_is_like_any_other(people, number):
    paginator = CappedPaginator(people.order_by("pk"), 3)

    assert (paginator.count, paginator.is_capped) == (7, False)
    with pytest.raises(InvalidPage):
        paginator.page(number)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_lists_of_a_hundred_thousand_answer_at_once(hr):
    top = make_unit("Empresa", code="TOP")
    rows = [NewOrgUnit(code=f"X{n}", name=f"Unidad {n}", parent_code=f"X{n // 8}" if n else "") for n in range(5000)]
    rows[0].parent_id = top.pk
    units = create_org_units(rows, actor=None)
    for part in range(10):
        hire_employees(
            [
                NewEmployee(
                    code=f"E{number}",
                    first_name=f"Ana {number % 97}",
                    last_name=f"Pérez {number % 1013}",
                    hired_on=date(2020, 1, 1),
                    org_unit_id=units[number % 5000].pk,
                    reports_to_code=f"E{number // 10}" if number else "",
                )
                for number in range(part * 10_000, (part + 1) * 10_000)
            ],
            actor=None,
        )
    people, tree = reverse("admin:hr_employee_changelist"), reverse("admin:hr_orgunit_changelist")
    hr.get(people)

    for address in (
        people,
        f"{people}?p=1500",
        f"{people}?q=perez+500",
        f"{people}?status__exact=active",
        f"{people}?org_unit__id__exact={units[1].pk}",
        tree,
        f"{tree}?q=unidad+77",
        reverse("admin:hr_orgunit_chart"),
    ):
        with CaptureQueriesContext(connections["business"]) as queries:
            started = time.perf_counter()
            response = hr.get(address)
            seconds = time.perf_counter() - started
        assert response.status_code == 200
        assert len(queries) <= 9, address
        assert seconds < 5, f"{address} took {seconds:.1f} s"


# --- For every list there is, and every one to come -------------------------------------------------------------------
LISTS = sorted(admin.site._registry.values(), key=lambda page: page.opts.label)


def request_of(user, **asked):
    request = RequestFactory().get("/", asked)
    request.user = user
    return request


@pytest.mark.parametrize("page", LISTS, ids=lambda page: page.opts.label_lower)
def test_a_list_counts_to_a_cap_and_has_no_hierarchy_of_dates(page, hr_manager):
    paginator = page.get_paginator(request_of(hr_manager), page.model.objects.none(), 50)

    assert isinstance(paginator, CappedPaginator)
    assert page.date_hierarchy is None
    assert issubclass(page.get_changelist(request_of(hr_manager)), PagedChangeList)


MANY = [page for page in LISTS if not page.has_few_rows]


@pytest.mark.parametrize("page", MANY, ids=lambda page: page.opts.label_lower)
def test_sorting_is_indexed_or_not_offered(page, hr_manager):
    """Asked of the database: the table has an index that begins with the column."""
    connection = connections[router.db_for_read(page.model)]
    with connection.cursor() as cursor:
        rules = connection.introspection.get_constraints(cursor, page.opts.db_table).values()
    first = {rule["columns"][0] for rule in rules if (rule["index"] or rule["unique"]) and rule["columns"]}
    first.add(page.opts.pk.column)

    offered = [page._sorted_by(name) for name in page.get_sortable_by(request_of(hr_manager))]

    assert {page.opts.get_field(name).column for name in offered} <= first


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("2", ["search_text", "pk"]),
        ("-2", ["-search_text", "-pk"]),
        ("1", ["code"]),
        ("", ["search_text", "id"]),
    ],
)
def test_a_list_is_sorted_in_one_direction(asked, expected, hr_manager):
    page = admin.site.get_model_admin(Employee)

    changelist = page.get_changelist_instance(request_of(hr_manager, **({"o": asked} if asked else {})))

    assert list(changelist.queryset.query.order_by) == expected


def test_a_capped_count_leads_to_the_exact_one(hr, sales, monkeypatch):
    monkeypatch.setattr(CappedPaginator, "CAP", 3)
    for number in range(5):
        make_employee(code=f"N{number}", org_unit=sales)

    capped = hr.get(reverse("admin:hr_employee_changelist"), {"status__exact": "active"}).text
    exact = hr.get(reverse("admin:hr_employee_changelist"), {"status__exact": "active", "all": ""}).text

    assert "more than 3" in capped
    assert 'href="?status__exact=active&amp;all="' in capped
    assert "more than" not in exact
    assert re.search(r"\b5\s+employees", exact)


@pytest.mark.parametrize("asked", [{}, {"event__id__exact": "1"}, {"status__exact": "confirmed"}])
def test_the_rows_of_one_event_are_sorted_and_not_looked_for_among_all(asked, hr_manager, sales):
    """The order stays the same."""
    event = make_event()
    rows = [make_attendance(event, make_employee(org_unit=sales), status="confirmed").pk for _number in range(3)]
    asked = asked | ({"event__id__exact": str(event.pk)} if "event__id__exact" in asked else {})
    page = admin.site.get_model_admin(Attendance)

    changelist = page.get_changelist_instance(request_of(hr_manager, **asked))

    assert [row.pk for row in changelist.result_list] == rows[::-1]
    assert (" + 0" in str(changelist.queryset.query)) == ("event__id__exact" in asked)


@pytest.mark.parametrize("reader", ["hr", "head"])
@pytest.mark.parametrize("model", [Employee, Attendance, Evaluation])
def test_a_list_takes_as_many_queries_for_one_three_and_a_thousand_rows(model, reader, hr, as_user, ana, sales):
    browser, address = (
        hr if reader == "hr" else as_user(make_user(employee=ana)),
        reverse(f"admin:hr_{model._meta.model_name}_changelist"),
    )
    event, in_round, counted = make_event(), make_round(), []
    browser.get(address)  # content types are kept for the process
    there = 0
    for size in (1, 3, 1000):
        new = [
            Employee(code=f"N{n}", first_name="Ana", last_name=f"Gil {n}", hired_on=date(2020, 1, 1), org_unit=sales)
            for n in range(there, size)
        ]
        there = size
        for person in new:
            person.refresh_search()
        Employee.objects.bulk_create(new)
        people = Employee.objects.filter(code__in=[person.code for person in new])
        Attendance.objects.bulk_create([Attendance(event=event, employee=person) for person in people])
        Evaluation.objects.bulk_create([Evaluation(round=in_round, employee=person) for person in people])
        with (
            CaptureQueriesContext(connections["business"]) as business,
            CaptureQueriesContext(connections["default"]) as rest,
        ):
            shown = browser.get(address).text
        assert shown.count(f'name="{ACTION_CHECKBOX_NAME}"') >= min(size, 50)
        counted.append((len(business), len(rest)))

    assert len(set(counted)) == 1


# --- Filters are drawn once -------------------------------------------------------------------------------------------
def offered(page, name):
    """The choices of a filter, and the one that is chosen."""
    select = re.search(rf'<select name="{name}".*?</select>', page, re.DOTALL)[0]
    choices = re.findall(r'<option value="([^"]*)"', select)
    return choices, re.findall(r'<option value="([^"]*)"[^>]* selected', select)


def test_a_filter_offers_each_reader_his_own_people_whoever_came_before(hr, as_user, ana, beto, carla, sales):
    Employee.objects.filter(pk=carla.pk).update(country="CO")
    Employee.objects.filter(pk=beto.pk).update(country="MX")
    head, address = as_user(make_user(employee=ana)), reverse("admin:hr_employee_changelist")

    for _time in range(2):
        assert offered(hr.get(address).text, "country") == (["", "CO", "MX", "VE"], [""])
        assert offered(head.get(address).text, "country") == (["", "MX", "VE"], [""])


def test_a_filter_shows_what_is_chosen_and_afterwards_nothing(hr, beto):
    address = reverse("admin:hr_employee_changelist")
    hr.get(address)

    assert offered(hr.get(address, {"status__exact": "suspended"}).text, "status__exact")[1] == ["suspended"]
    assert offered(hr.get(address).text, "status__exact")[1] == [""]
