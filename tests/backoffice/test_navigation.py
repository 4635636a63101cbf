import re

import pytest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import strip_tags

from core import roles
from hr.models import ExportLog
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


def crumbs(page):
    """The header of a page in words: the ways back, and last the page itself."""
    heading = re.search(r"<h1.*?</h1>", page.text, re.DOTALL)[0]
    parts = [part.strip() for part in re.sub(r"<[^>]*>", "\n", heading).split("\n")]
    return [part for part in parts if part not in ("", "chevron_right")]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("admin:hr_event_changelist", ["People", "Events"]),
        ("admin:hr_event_add", ["People", "Events", "Add event"]),
        ("admin:hr_event_calendar", ["People", "Events", "Calendar"]),
        ("admin:hr_event_mandatory", ["People", "Events", "Mandatory: who is missing"]),
        ("admin:hr_attendance_report", ["People", "Attendance", "Attendance report"]),
        ("admin:hr_notification_inbox", ["People", "Notifications", "Inbox"]),
        ("admin:hr_employee_why", ["Who sees whom, and why"]),
    ],
)
def test_the_header_ends_with_the_page_one_is_on(client, db, page, expected):
    client.force_login(make_user(role=roles.ADMINISTRATOR))

    assert crumbs(client.get(reverse(page))) == expected


def test_a_list_is_titled_by_what_it_lists(client, db):
    client.force_login(make_user(role=roles.ADMINISTRATOR))

    assert "<title> Events | " in " ".join(client.get(reverse("admin:hr_event_changelist")).text.split())


def test_a_list_counts_in_its_header_what_a_filter_left(client, db):
    client.force_login(make_user(role=roles.ADMINISTRATOR))
    address = reverse("admin:hr_event_changelist")

    assert "Show all" not in client.get(address).text
    assert "0 results" in client.get(address, {"q": "Feria"}).text
    assert "0 results" in client.get(address, {"state__exact": "draft"}).text


# --- What is drawn is kept -------------------------------------------------------------------------------------------
LIST = "admin:hr_employee_changelist"


def drawn(client, page="admin:index"):
    """The sidebar as it is sent: the addresses of its entries, and of those that are marked."""
    html = client.get(reverse(page)).content.decode()
    begin = html.index('id="nav-sidebar-apps"')
    entries = re.findall(r'<li[^>]*>\s*<a\s+href="([^"]*)" class="([^"]*)"', html[begin : html.index("</nav>", begin)])
    return {address for address, _classes in entries}, [address for address, classes in entries if " active" in classes]


def test_each_reader_gets_his_own_sidebar_whoever_was_there_before(client, db):
    hr, auditor = make_user(role=roles.HR_MANAGER), make_user(role=roles.AUDITOR)
    seen = {}
    for user in (hr, auditor, hr, auditor):
        client.force_login(user)
        entries, _marked = drawn(client)
        of_context = {
            str(item["link"])
            for group in client.get(reverse("admin:index")).context["sidebar_navigation"]
            for item in group["items"]
            if item["has_permission"]
        }
        assert entries == of_context
        assert seen.setdefault(user.pk, entries) == entries
    assert seen[hr.pk] != seen[auditor.pk]


def test_a_right_that_is_taken_away_takes_its_entry_with_it(client, db):
    user = make_user(role=roles.HR_MANAGER)
    client.force_login(user)
    assert reverse(LIST) in drawn(client)[0]

    user.groups.clear()

    assert reverse(LIST) not in drawn(client)[0]


def test_the_page_one_is_on_is_marked_whichever_was_before(client, db):
    client.force_login(make_user(role=roles.ADMINISTRATOR))

    marked = [drawn(client, page)[1] for page in (LIST, "admin:index", "admin:hr_orgunit_changelist", LIST)]

    assert marked == [[reverse(LIST)], [], [reverse("admin:hr_orgunit_changelist")], [reverse(LIST)]]


def test_the_sidebar_is_drawn_in_the_language_of_its_reader(client, db):
    texts = {}
    for language in ("en", "es", "en"):
        user = make_user(role=roles.ADMINISTRATOR, language=language)
        client.force_login(user)
        html = client.get(reverse("admin:index")).content.decode()
        texts[language] = ("Empleados" in html, "Employees" in html)

    assert texts == {"es": (True, False), "en": (False, True)}


def test_the_name_of_a_row_stands_as_it_is_written_behind_its_list():
    row = ExportLog(pk=1, file_name="employees.csv")
    parts = [{"title": "people", "link": "/hr/"}, {"title": "exports", "link": "/hr/exportlog/"}, {"title": row}]

    shown = render_to_string("unfold/helpers/header_title.html", {"parts": parts})

    assert strip_tags(shown).split() == ["Exports", "chevron_right", "employees.csv"]
