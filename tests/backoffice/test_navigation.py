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
