import pytest
from django.urls import reverse

from core import roles
from tests.factories import make_user


@pytest.mark.parametrize(
    ("page", "entry"),
    [
        ("admin:hr_employee_changelist", "admin:hr_employee_changelist"),
        ("admin:hr_employee_add", "admin:hr_employee_changelist"),
        ("admin:hr_employee_why", "admin:hr_employee_why"),
        ("admin:hr_orgunit_chart", "admin:hr_orgunit_chart"),
        ("admin:index", None),
    ],
)
def test_one_entry_of_the_sidebar_is_the_page_one_is_on(client, db, page, entry):
    client.force_login(make_user(role=roles.ADMINISTRATOR))

    groups = client.get(reverse(page)).context["sidebar_navigation"]

    active = [str(item["link"]) for group in groups for item in group["items"] if item["active"]]
    assert active == ([reverse(entry)] if entry else [])


@pytest.mark.parametrize(
    ("key", "entries"),
    [
        ("hr_manager", {"employee", "orgunit", "position", "why"}),
        ("auditor", {"employee", "orgunit", "position", "why"}),
        ("head", {"employee", "orgunit", "position", "delegations"}),
        ("grant_employee", {"employee", "orgunit", "position"}),
        ("plain", {"employee"}),
    ],
)
def test_an_entry_stands_there_for_who_may_open_it(as_persona, key, entries):
    groups = as_persona(key).get(reverse("admin:index")).context["sidebar_navigation"]

    links = [str(item["link"]).strip("/").rpartition("/")[2] for group in groups for item in group["items"]]
    assert set(links) & {"employee", "orgunit", "position", "delegations", "why"} == entries
