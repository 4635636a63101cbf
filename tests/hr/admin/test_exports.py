"""The pages of exports: choosing, watching, fetching, and the log."""

import csv
import io

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from openpyxl import load_workbook

from core.roles import AUDITOR, EMPLOYEE, HR_MANAGER, MANAGER
from hr.admin.export_rows import rows_of_list
from hr.loading import export_jobs
from hr.models import ExportLog
from hr.services import exports
from tests.factories import make_attendance, make_employee, make_event, make_user

EVERY_SECOND = 'hx-trigger="every 1s"'


def page(name, *args, model="exportlog"):
    return reverse(f"admin:hr_{model}_{name}", args=args)


def body(response):
    return b"".join(response.streaming_content)


def cells(response):
    return list(csv.reader(io.StringIO(body(response).decode("utf-8-sig"))))


@pytest.fixture
def people(db):
    return [make_employee(code=f"E{number}", national_id=f"V-1234567{number}") for number in range(3)]


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr("hr.services.exports.AT_ONCE_ROWS", 2)


def made(row):
    export_jobs.run(row.pk, rows_of_list)
    row.refresh_from_db()
    return row


# --- Choosing ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("model", ["employee", "orgunit", "position", "attendance"])
def test_every_list_of_rows_offers_to_choose(hr, model):
    asked = hr.get(page("changelist", model=model), {"q": "ana"}).text
    form = hr.get(page("export_form", model=model), {"q": "ana"})

    assert page("export_form", model=model) + "?q=ana" in asked
    assert form.status_code == 200
    assert not ExportLog.objects.exists()


def test_the_columns_that_were_ticked_go_out_in_the_format_that_was_chosen(hr, people):
    asked = {"format": "csv", "columns": ["org_unit", "code"]}

    response = hr.post(page("export_form", model="employee") + "?q=E1", asked)

    assert cells(response) == [["Code", "Unit"], ["E1", people[1].org_unit.code]]
    row = ExportLog.objects.get()
    assert (row.what, row.format, row.query, row.columns) == ("employees", "csv", "q=E1", ["code", "org_unit"])
    assert (row.state, row.rows) == ("done", 1)


def test_all_columns_are_ticked_at_first_and_one_is_needed(hr, people):
    form = hr.get(page("export_form", model="employee")).context["form"]
    refused = hr.post(page("export_form", model="employee"), {"format": "csv"})

    assert "national_id" in form["columns"].value()
    assert len(form["columns"].value()) == len(form.fields["columns"].choices) == 15
    assert refused.status_code == 400
    assert not ExportLog.objects.exists()


def test_personal_columns_are_offered_only_with_the_right(as_user, people):
    user = make_user()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_employee", "export_employee"]))
    browser = as_user(user)

    offered = dict(browser.get(page("export_form", model="employee")).context["form"].fields["columns"].choices)
    forged = browser.post(page("export_form", model="employee"), {"format": "csv", "columns": ["code", "national_id"]})

    assert not {"national_id", "birth_date", "private_phone"} & offered.keys()
    assert forged.status_code == 400


@pytest.mark.parametrize("role", [AUDITOR, EMPLOYEE])
def test_without_the_right_there_is_nothing_to_choose(as_user, people, role):
    browser = as_user(make_user(role=role, employee=people[0]))

    assert browser.get(page("export_form", model="employee")).status_code == 403
    assert (
        browser.post(page("export_form", model="employee"), {"format": "csv", "columns": ["code"]}).status_code == 403
    )


def test_a_filter_that_cannot_be_read_leads_back_to_the_list(hr, people):
    response = hr.get(page("export_form", model="employee"), {"hired_on__gte": "x"})

    assert response.url == f"{page('changelist', model='employee')}?e=1"


# --- What the worker makes ---------------------------------------------------------------------------------------
def test_a_link_to_many_rows_asks_first_and_starts_nothing(hr, people, few):
    response = hr.get(page("export", "csv", model="employee"), {"q": "E", "o": "1"})
    asked = hr.get(response.url)

    assert response.url == page("export_form", model="employee") + "?_format=csv&q=E&o=1"
    assert asked.context["form"]["format"].value() == "csv"
    assert "2 rows" in asked.text
    assert not ExportLog.objects.exists()


def test_many_rows_are_made_by_the_worker_watched_and_fetched(hr, hr_manager, people, few):
    form = page("export_form", model="employee") + "?_format=csv&q=E&o=1"
    asked = hr.post(form, {"format": "xlsx", "columns": ["code", "national_id"]})
    row = ExportLog.objects.get()

    watched = hr.get(asked.url).text
    too_early = hr.get(page("file", row.pk))
    made(row)
    done = hr.get(asked.url).text
    file = hr.get(page("file", row.pk))

    assert asked.url == page("change", row.pk)
    assert (row.query, row.created_by_id) == ("q=E&o=1", hr_manager.pk)
    assert EVERY_SECOND in watched
    assert page("stop", row.pk) in watched
    assert too_early.status_code == 403
    assert EVERY_SECOND not in done
    assert page("file", row.pk) in done
    content = body(file)
    sheet = load_workbook(io.BytesIO(content)).active
    assert [[cell.value for cell in line] for line in sheet] == [
        ["Code", "National id"],
        ["E0", "V-12345670"],
        ["E1", "V-12345671"],
        ["E2", "V-12345672"],
    ]
    assert file["Content-Disposition"] == f'attachment; filename="{row.file_name}"'
    assert "no-store" in file["Cache-Control"]


def test_it_is_stopped_by_a_form_of_its_owner(hr, as_user, hr_manager, people, few):
    row = exports.ask(exports.Asked("employees", "csv", "a.csv", "", ("code",)), actor=hr_manager)
    other = as_user(make_user(role=HR_MANAGER))

    refused = [other.get(page("stop", row.pk)), other.post(page("stop", row.pk))]
    followed = hr.get(page("stop", row.pk))
    row.refresh_from_db()
    assert row.state != "cancelled"
    stopped = hr.post(page("stop", row.pk))

    assert [response.status_code for response in refused] == [403, 403]
    assert followed.url == stopped.url == page("change", row.pk)
    row.refresh_from_db()
    assert row.state == "cancelled"
    assert EVERY_SECOND not in hr.get(stopped.url).text


def test_a_file_is_its_owners_alone_while_he_may_export(hr, as_user, hr_manager, auditor, people, few):
    row = made(exports.ask(exports.Asked("employees", "csv", "a.csv", "", ("code",)), actor=hr_manager))
    others = [as_user(user) for user in (auditor, make_user(role=HR_MANAGER), make_user(role=MANAGER))]

    answers = [browser.get(page("file", row.pk)).status_code for browser in [hr, *others]]
    hr_manager.groups.set(auditor.groups.all())

    assert answers == [200, 403, 403, 404]
    assert hr.get(page("file", row.pk)).status_code == 403
    assert hr.get(page("change", row.pk)).status_code == 200


# --- The log -----------------------------------------------------------------------------------------------------
def test_the_list_holds_ones_own_exports_or_all(hr, as_user, auditor, people):
    manager = as_user(make_user(role=MANAGER, employee=people[0]))
    for browser in (hr, manager):
        body(browser.get(page("export", "csv", model="employee")))
    of_hr, of_manager = ExportLog.objects.order_by("pk")

    def listed(browser):
        return [row.pk for row in browser.get(page("changelist")).context["cl"].result_list]

    assert listed(hr) == listed(as_user(auditor)) == [of_manager.pk, of_hr.pk]
    assert listed(manager) == [of_manager.pk]
    assert manager.get(page("change", of_hr.pk)).status_code == 404
    assert manager.get(page("history", of_manager.pk)).url == page("change", of_manager.pk)
    assert as_user(make_user(role=EMPLOYEE)).get(page("changelist")).status_code == 403
    assert page("changelist") in manager.get(reverse("admin:index")).text


def test_a_file_that_turned_up_is_found_by_its_hash(hr, people):
    body(hr.get(page("export", "csv", model="employee")))
    body(hr.get(page("export", "xlsx", model="employee")))
    row = ExportLog.objects.get(format="xlsx")

    found = hr.get(page("changelist"), {"q": row.sha256}).context["cl"].result_list

    assert [each.pk for each in found] == [row.pk]
    assert row.sha256 in hr.get(page("change", row.pk)).text


def test_the_page_of_an_export_tells_its_filter_and_columns(hr, people):
    body(hr.post(page("export_form", model="employee") + "?q=<b>", {"format": "csv", "columns": ["code", "org_unit"]}))

    text = hr.get(page("change", ExportLog.objects.get().pk)).text

    assert "q = &lt;b&gt;" in text
    assert "Code · Unit" in text


def test_reports_are_in_the_log(hr, people):
    make_attendance(make_event(state="closed"), people[0], "confirmed", "present")

    content = body(hr.get(page("report_file", model="attendance"), {"first": "2026-01-01", "last": "2026-12-31"}))

    row = ExportLog.objects.get()
    lines = sum(sheet.max_row - 1 for sheet in load_workbook(io.BytesIO(content)).worksheets)
    assert (row.what, row.state, row.query) == ("report", "done", "first=2026-01-01&last=2026-12-31")
    assert row.rows == lines
