import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import roles
from tests.factories import make_employee, make_user
from tests.hr.personas import PERSONAS

pytestmark = pytest.mark.django_db


def logged_in(role=None, employee=None):
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_user(role=role, employee=employee), backend="core.auth.LoginBackend")
    return client


def home_of(role=None, employee=None):
    return logged_in(role, employee).get("/")


def test_an_administrator_sees_counts_and_where_to_begin():
    make_employee()
    make_employee(status="suspended")

    response = home_of(roles.ADMINISTRATOR)

    assert [fact["value"] for fact in response.context["facts"][:2]] == [1, 1]
    assert {start["icon"] for start in response.context["starts"]} == {
        "upload_file",
        "person_add",
        "account_tree",
        "group_add",
    }


def test_an_employee_sees_the_own_record_and_no_counts():
    own = make_employee(first_name="Beatriz")
    make_employee(first_name="Sentinela")

    response = home_of(roles.EMPLOYEE, employee=own)

    assert response.context["own_employee"] == own
    assert response.context["facts"] == response.context["starts"] == []
    assert b"Sentinela" not in response.content


def test_an_account_without_anything_is_told_whom_to_ask():
    make_employee(first_name="Sentinela")

    response = home_of()

    assert b"Sentinela" not in response.content
    assert response.context["own_employee"] is None
    assert response.status_code == 200


def test_the_first_page_costs_the_same_for_one_and_for_many():
    client = logged_in(roles.ADMINISTRATOR)
    client.get("/")
    with CaptureQueriesContext(connections["business"]) as few:
        client.get("/")
    for _number in range(5):
        make_employee(status="suspended")

    with CaptureQueriesContext(connections["business"]) as many:
        client.get("/")

    assert len(many) == len(few) <= 8


def test_an_unknown_page_answers_in_the_readers_language():
    response = logged_in().get("/nowhere/at/all/")

    assert response.status_code == 404
    assert b"does not exist, or it is not yours to see" in response.content


def test_the_first_page_leads_everybody_to_his_own_record(world):
    for key in ("plain", "head_above", "delegate", "manager_elsewhere"):
        client = Client()
        client.force_login(world.users[key])
        assert client.get("/").context["own_employee"] == world.employees[PERSONAS[key].employee], key


def test_invitations_are_counted_for_who_may_read_them():
    assert "/core/invitation/" in {fact["link"] for fact in home_of(roles.HR_MANAGER).context["facts"]}
    assert "/core/invitation/" not in {fact["link"] for fact in home_of(roles.BULK_LOADER).context["facts"]}
