import pytest
from django.urls import reverse

from core import roles
from hr.models import OrgUnit
from hr.services.org_units import change_org_units
from tests.factories import make_employee, make_unit, make_user

LIST = "admin:hr_orgunit_changelist"


def page(name, *args):
    return reverse(f"admin:hr_orgunit_{name}", args=args)


def listed(response):
    return [unit.code for unit in response.context["cl"].result_list]


@pytest.fixture
def team(sales):
    return make_unit("Ventas Norte", code="VN", parent=sales)


def test_the_list_is_the_tree_with_heads_and_people(hr, finance, team, ana, beto):
    response = hr.get(reverse(LIST))

    assert listed(response) == ["EMP", "FIN", "VEN", "VN"] or listed(response) == ["EMP", "VEN", "VN", "FIN"]
    assert [unit.people for unit in response.context["cl"].result_list if unit.code == "VEN"] == [2]
    assert "padding-inline-start: 2.5rem" in response.text
    assert "Ana Pérez (E1)" in response.text


def test_the_list_of_a_head_begins_at_the_edge(as_user, team, ana):
    """How many units are above his own is not for him to know."""
    response = as_user(make_user(employee=ana)).get(reverse(LIST))

    assert [(unit.code, unit.indent) for unit in response.context["cl"].result_list] == [("VEN", 0), ("VN", 1)]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ({"q": "norte VENTAS"}, {"VN"}),
        ({"q": "fin"}, {"FIN"}),
        ({"headed": "yes"}, {"VEN"}),
        ({"headed": "no"}, {"EMP", "FIN", "VN"}),
    ],
)
def test_the_list_is_filtered_and_searched(hr, finance, team, ana, query, codes):
    assert set(listed(hr.get(reverse(LIST), query))) == codes


def test_the_list_is_filtered_by_a_unit_above(hr, finance, team, sales):
    assert listed(hr.get(reverse(LIST), {"parent__id__exact": sales.pk})) == ["VEN", "VN"]


def test_the_list_takes_as_many_queries_for_three_rows_as_for_one(hr, company, django_assert_num_queries):
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    hr.get(reverse(LIST))
    counted = []
    for _size in (1, 3):
        with CaptureQueriesContext(connections["business"]) as queries:
            hr.get(reverse(LIST))
        counted.append(len(queries))
        for _row in range(2):
            make_unit(parent=company, head=make_employee(org_unit=company))

    assert counted[0] == counted[1] <= 5


def test_units_are_closed_to_who_has_no_role(as_user, beto):
    browser = as_user(make_user(employee=beto, role=roles.EMPLOYEE))

    assert browser.get(reverse(LIST)).status_code == 403
    assert browser.get(page("chart")).status_code == 403


def test_a_unit_is_created_moved_and_named_through_its_form(hr, company, sales, ana):
    hr.post(page("add"), hr.form(page("add"), code=" leg", name="Legal", parent=company.pk, head=ana.pk))
    unit = OrgUnit.objects.get(code="LEG")
    assert (unit.parent, unit.head, unit.history.get().history_user_name) == (company, ana, "Hugo")

    hr.post(page("change", unit.pk), hr.form(page("change", unit.pk), parent=sales.pk, name="Legal y Normas"))
    unit.refresh_from_db()
    assert (unit.name, unit.parent, unit.version) == ("Legal y Normas", sales, 2)
    assert unit.path.startswith(sales.path)


def test_a_unit_put_below_itself_is_an_error_of_the_parent(hr, sales, team):
    form = (
        hr.post(page("change", sales.pk), hr.form(page("change", sales.pk), parent=team.pk)).context["adminform"].form
    )

    assert list(form.errors) == ["parent"]
    sales.refresh_from_db()
    assert sales.version == 1


def test_a_stale_form_shows_the_others_change(hr, sales, hr_manager):
    mine = hr.form(page("change", sales.pk), code="V")
    change_org_units({sales.pk: {"name": "Ventas Sur"}}, actor=hr_manager)

    response = hr.post(page("change", sales.pk), mine)

    assert "name «Ventas» → «Ventas Sur»" in response.text
    assert response.context["adminform"].form["name"].value() == "Ventas Sur"


def test_dialogs_move_a_unit_and_name_its_head(hr, finance, team, ana):
    hr.dialog(page("move", team.pk), parent=finance.pk)
    hr.dialog(page("set_head", team.pk), head=ana.pk)

    team.refresh_from_db()
    assert (team.parent, team.head, team.version) == (finance, ana, 3)


def test_a_dialog_refuses_a_loop_and_stays_open(hr, sales, team):
    response = hr.dialog(page("move", sales.pk), parent=team.pk)

    assert "cannot be part of itself" in response.text
    assert "HX-Redirect" not in response.headers


def test_an_empty_unit_is_deleted(hr, team):
    assert "Ventas Norte" in hr.get(page("delete", team.pk)).text

    hr.post(page("delete", team.pk), {"post": "yes"})

    assert not OrgUnit.objects.filter(pk=team.pk).exists()
    assert OrgUnit.history.filter(id=team.pk).first().history_user_name == "Hugo"


def test_a_unit_in_use_is_kept_and_nobody_in_it_is_named(hr, sales, beto):
    confirm = hr.get(page("delete", sales.pk)).text
    response = hr.post(page("delete", sales.pk), {"post": "yes"}, follow=True)

    assert "Beto" not in confirm
    assert "people who belong or belonged to it 2" in response.text
    assert OrgUnit.objects.filter(pk=sales.pk).exists()


def test_many_units_are_moved_or_deleted_together(hr, company, finance, sales, team):
    selected = {"index": 0, "select_across": 0, "_form_submitted": "on"}
    hr.post(reverse(LIST), selected | {"action": "move_many", "_selected_action": [team.pk], "parent": finance.pk})
    team.refresh_from_db()
    assert team.parent == finance

    hr.post(reverse(LIST), selected | {"action": "delete_many", "_selected_action": [finance.pk, team.pk]})
    assert set(OrgUnit.objects.all()) == {company, sales}


def test_many_that_cannot_be_deleted_are_kept_with_the_reason(hr, finance, sales, beto):
    response = hr.post(
        reverse(LIST),
        {
            "index": 0,
            "select_across": 0,
            "_form_submitted": "on",
            "action": "delete_many",
            "_selected_action": [finance.pk, sales.pk],
        },
    )

    assert "is in use" in response.text
    assert OrgUnit.objects.count() == 3


def test_a_bulk_loader_looks_at_units_only(as_user, bulk_loader, sales):
    browser = as_user(bulk_loader)

    assert browser.get(page("change", sales.pk)).status_code == 200
    assert browser.get(page("add")).status_code == 403
    assert browser.post(page("change", sales.pk), {"name": "X"}).status_code == 403
    assert browser.get(page("move", sales.pk)).status_code == 403
    assert browser.post(page("delete", sales.pk), {"post": "yes"}).status_code == 403


def test_the_history_of_a_unit(hr, company, sales, team, finance, hr_manager):
    change_org_units({sales.pk: {"parent": finance}}, actor=hr_manager)

    assert "Finanzas (FIN)" in hr.get(page("history", sales.pk)).text
    assert "Moved along with a unit above" in hr.get(page("history", team.pk)).text
