import pytest
from django.urls import reverse

from core import roles
from hr.models import Position
from hr.services.positions import change_positions
from tests.factories import make_employee, make_position, make_user

LIST = "admin:hr_position_changelist"


def page(name, *args):
    return reverse(f"admin:hr_position_{name}", args=args)


def test_the_list_counts_who_holds_each_position(hr, analyst, beto):
    make_position("Gerente", code="GER")

    rows = hr.get(reverse(LIST)).context["cl"].result_list

    assert [(row.title, row.people) for row in rows] == [("Analista", 1), ("Gerente", 0)]


@pytest.mark.parametrize("term", ["tecnico", "TÉC", "tc1"])
def test_the_list_is_searched_without_accents(hr, analyst, term):
    make_position("Técnico", code="TC1")

    rows = hr.get(reverse(LIST), {"q": term}).context["cl"].result_list

    assert [row.title for row in rows] == ["Técnico"]


def test_the_list_takes_as_many_queries_for_three_rows_as_for_one(hr, sales):
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    hr.get(reverse(LIST))
    counted = []
    for _size in (1, 3):
        make_employee(org_unit=sales, position=make_position())
        with CaptureQueriesContext(connections["business"]) as queries:
            hr.get(reverse(LIST))
        counted.append(len(queries))
        make_employee(org_unit=sales, position=make_position())

    assert counted[0] == counted[1] <= 4


def test_a_position_is_created_changed_and_deleted(hr):
    hr.post(page("add"), hr.form(page("add"), code="ger ", title="Gerente"))
    position = Position.objects.get(code="GER")

    hr.post(page("change", position.pk), hr.form(page("change", position.pk), title="Gerente general"))
    position.refresh_from_db()
    assert (position.title, position.version) == ("Gerente general", 2)

    hr.post(page("delete", position.pk), {"post": "yes"})
    assert not Position.objects.exists()
    assert {row.history_user_name for row in Position.history.all()} == {"Hugo"}


def test_a_code_that_is_taken_is_an_error_of_the_code(hr, analyst):
    form = hr.post(page("add"), hr.form(page("add"), code="ana", title="Otro")).context["adminform"].form

    assert list(form.errors) == ["code"]


def test_a_stale_form_shows_the_others_change(hr, analyst, hr_manager):
    mine = hr.form(page("change", analyst.pk), code="AN")
    change_positions({analyst.pk: {"title": "Analista I"}}, actor=hr_manager)

    response = hr.post(page("change", analyst.pk), mine)

    assert "title «Analista» → «Analista I»" in response.text
    analyst.refresh_from_db()
    assert (analyst.code, analyst.title) == ("ANA", "Analista I")


def test_a_position_in_use_is_kept_and_the_use_is_counted(hr, analyst, beto):
    response = hr.post(page("delete", analyst.pk), {"post": "yes"}, follow=True)

    assert "people who hold or held it 1" in response.text
    assert Position.objects.exists()


def test_many_unused_positions_are_deleted_together(hr):
    rows = [make_position(), make_position()]
    data = {"action": "delete_many", "index": 0, "select_across": 0, "_selected_action": [row.pk for row in rows]}

    assert "2 chosen" in hr.post(reverse(LIST), data).text
    hr.post(reverse(LIST), data | {"_form_submitted": "on"})

    assert not Position.objects.exists()


@pytest.mark.parametrize("role", [roles.BULK_LOADER, roles.AUDITOR])
def test_others_look_only(as_user, analyst, role):
    browser = as_user(make_user(role=role))

    assert browser.get(page("change", analyst.pk)).status_code == 200
    assert browser.get(page("add")).status_code == 403
    assert browser.post(page("delete", analyst.pk), {"post": "yes"}).status_code == 403


def test_positions_are_closed_to_who_has_no_role(as_user, beto):
    assert as_user(make_user(employee=beto, role=roles.EMPLOYEE)).get(reverse(LIST)).status_code == 403
