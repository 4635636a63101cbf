"""The pages of a load: upload, preview, confirm, result; and the downloads beside them."""

import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from core import roles
from hr.loading import engine, jobs
from hr.loading.kinds import KINDS
from hr.models import Employee, ImportJob, OrgUnit, OutboxMessage, StoredFile
from hr.services import imports
from tests.factories import make_employee, make_user
from tests.hr.loading.conftest import HEADER, as_csv, person


def page(name, *args, model="employee"):
    return reverse(f"admin:hr_{model}_{name}", args=args)


def upload(browser, rows, *, model="employee", **data):
    """The job's page after uploading a CSV file with these rows."""
    file = SimpleUploadedFile("people.csv", as_csv(rows))
    return browser.post(page("import", model=model), {"file": file, **data}, follow=True)


def body(response):
    return b"".join(response.streaming_content)


def counts(response):
    return {card.title: card.count for card in response.context["cards"]}


ROWS = [HEADER, person(1), person(2), person(3, **{"Fecha de ingreso": "soon"})]


# --- From upload to result ---------------------------------------------------------------------------------------
def test_upload_preview_confirm_result(hr, sales):
    make_employee("Eva", "Pérez 2", code="E2", org_unit=sales)

    preview = upload(hr, ROWS)
    job = preview.context["job"]

    assert counts(preview) == {"rows": "3", "new": "1", "changed": "1", "unchanged": "0", "faulty": "1"}
    assert [row.number for row in preview.context["rows"]] == [4], "the faulty ones are shown first"
    assert "is not a date" in preview.text
    assert Employee.objects.count() == 1

    changed = hr.get(page("import_job", job.pk), {"show": "changed"})
    first_name = changed.context["rows"][0].changes[0]
    assert (first_name.label, first_name.old, first_name.new) == ("First name", "Eva", "Ana")

    refused = hr.post(page("import_job", job.pk), {"action": "confirm"}, follow=True)
    assert "1 row is faulty" in refused.text
    assert Employee.objects.count() == 1

    result = hr.post(page("import_job", job.pk), {"action": "confirm", "accept_valid": "on"}, follow=True)
    assert counts(result) == {"rows": "3", "new": "1", "changed": "1", "unchanged": "0", "faulty": "1"}
    assert Employee.objects.count() == 2

    new = hr.get(page("import_job", job.pk), {"show": "new"})
    assert [row.link for row in new.context["rows"]] == [page("change", Employee.objects.get(code="E1").pk)]


def test_unknown_columns_and_units_are_named_and_created_with_one_tick(hr, db):
    rows = [[*HEADER, "Shoe size"], *([*person(number, Unidad="Norte"), "42"] for number in (1, 2))]

    preview = upload(hr, rows)
    assert preview.context["unknown_columns"] == ["Shoe size"]
    assert preview.context["missing"] == [("Unit", [("Norte", 2)])]

    again = hr.post(
        page("import_job", preview.context["job"].pk), {"action": "check", "create_missing": "on"}, follow=True
    )
    assert counts(again)["new"] == "2"

    hr.post(page("import_job", preview.context["job"].pk), {"action": "confirm"})
    assert OrgUnit.objects.get().name == "Norte"


def test_who_may_not_create_units_is_not_offered_to(as_user, bulk_loader, db):
    preview = upload(as_user(bulk_loader), [HEADER, person(1, Unidad="Norte")], create_missing="on")

    assert counts(preview)["faulty"] == "1"
    assert not preview.context["may_create"]
    assert "create_missing" not in preview.text


def test_the_rows_are_paged(hr, sales):
    preview = upload(hr, [HEADER, *(person(number) for number in range(1, 121))])

    assert len(preview.context["rows"]) == 50
    last = hr.get(page("import_job", preview.context["job"].pk), {"p": "3"})
    assert [row.number for row in last.context["rows"]] == list(range(102, 122))


def test_the_page_of_a_load_takes_the_same_queries_for_any_number_of_rows(hr, sales, django_assert_num_queries):
    small = upload(hr, [HEADER, person(1)]).context["job"]
    large = upload(hr, [HEADER, *(person(number) for number in range(2, 40))]).context["job"]

    with django_assert_num_queries(7, using="business"):
        hr.get(page("import_job", small.pk))
    with django_assert_num_queries(7, using="business"):
        hr.get(page("import_job", large.pk))


def test_while_it_works_the_page_asks_again(hr, hr_manager):
    job = ImportJob.objects.create(
        resource="employees",
        state="mapped",
        file_name="a.csv",
        created_by_id=hr_manager.pk,
        heartbeat_at=timezone.now(),
    )

    assert 'hx-trigger="every 1s"' in hr.get(page("import_job", job.pk)).text


def test_what_people_wrote_into_a_file_is_shown_as_text(hr, sales):
    attack = '<script>alert(1)</script>" onmouseover="x'

    preview = upload(hr, [[*HEADER, attack], [*person(1, Nombres="", Apellidos=attack), ""]])

    assert "<script>alert(1)" not in preview.text
    assert 'onmouseover="x' not in preview.text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"%PDF-1.7\n\x00", "This is a PDF"),
    ],
)
def test_an_unusable_file_is_refused_on_the_page(hr, content, reason):
    response = hr.post(page("import"), {"file": SimpleUploadedFile("a.csv", content)})

    assert response.status_code == 400
    assert reason in response.text
    assert not ImportJob.objects.exists()


def test_of_a_file_without_a_known_column_the_columns_are_asked(hr):
    response = hr.post(page("import"), {"file": SimpleUploadedFile("a.csv", b"Shoe size\n42\n")}, follow=True)

    job = ImportJob.objects.get()
    assert response.redirect_chain[-1][0] == page("import_mapping", job.pk)
    assert "No known column" in response.text


def test_cancelling_leads_back_and_drops_the_file(hr, sales):
    job = upload(hr, ROWS).context["job"]

    response = hr.post(page("import_job", job.pk), {"action": "cancel"})

    assert response.url == page("import")
    assert (ImportJob.objects.get().state, StoredFile.objects.count()) == ("cancelled", 0)


def test_all_new_people_of_a_load_are_invited_once_it_is_ticked(hr, sales):
    job = upload(hr, ROWS[:3]).context["job"]
    result = hr.post(page("import_job", job.pk), {"action": "confirm"}, follow=True)
    assert "Send 2 invitations to log in" in result.text
    assert '<input type="checkbox" name="sure" required' in result.text

    asked = hr.post(page("import_job", job.pk), {"action": "invite"}, follow=True)
    assert "Nobody was invited: tick first" in asked.text
    assert not OutboxMessage.objects.exists()

    hr.post(page("import_job", job.pk), {"action": "invite", "sure": "on"})

    invited = {message.payload["employee_id"] for message in OutboxMessage.objects.filter(kind__contains="invit")}
    assert invited == set(Employee.objects.filter(org_unit=sales).values_list("pk", flat=True))


# --- Units and positions -----------------------------------------------------------------------------------------
def test_units_and_positions_have_the_same_pages(hr, db):
    upload(hr, [["Código", "Nombre"], ["DG", "Dirección"]], model="orgunit")
    upload(hr, [["Código", "Título"], ["ANA", "Analista"]], model="position")

    for job, model in zip(ImportJob.objects.order_by("pk"), ("orgunit", "position"), strict=True):
        hr.post(page("import_job", job.pk, model=model), {"action": "confirm"})
        job.refresh_from_db()
        assert (job.state, job.created) == ("applied", 1)


# --- Rights ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", [roles.AUDITOR, roles.MANAGER, roles.EMPLOYEE])
@pytest.mark.parametrize("model", ["employee", "orgunit", "position"])
def test_without_the_right_to_import_every_page_says_403_and_nothing_is_written(as_user, sales, role, model):
    browser = as_user(make_user(role=role))
    file = SimpleUploadedFile("people.csv", as_csv(ROWS))

    answers = [
        browser.get(page("import", model=model)),
        browser.post(page("import", model=model), {"file": file}),
        browser.get(page("template", model=model)),
        browser.get(page("sample", "employees_good.csv", model=model)),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert (ImportJob.objects.count(), StoredFile.objects.count(), Employee.objects.count()) == (0, 0, 0)


def test_a_loader_loads_people_but_no_units(as_user, bulk_loader, sales):
    browser = as_user(bulk_loader)

    assert counts(upload(browser, ROWS[:3]))["new"] == "2"
    assert browser.get(page("import", model="orgunit")).status_code == 403


def test_another_users_load_does_not_exist(hr, as_user, bulk_loader, sales):
    job = upload(hr, ROWS[:3]).context["job"]
    other = as_user(bulk_loader)

    assert other.get(page("import_job", job.pk)).status_code == 404
    assert other.post(page("import_job", job.pk), {"action": "confirm"}).status_code == 404
    assert not Employee.objects.exists()


def test_who_may_see_all_loads_looks_and_does_not_touch(hr, as_user, auditor, sales):
    job = upload(hr, ROWS[:3]).context["job"]
    browser = as_user(auditor)

    seen = browser.get(page("import_job", job.pk))
    assert seen.status_code == 200
    assert 'value="confirm"' not in seen.text
    assert browser.post(page("import_job", job.pk), {"action": "confirm"}).status_code == 404
    assert not Employee.objects.exists()


def test_a_load_of_units_is_not_served_as_one_of_people(hr, db):
    job = upload(hr, [["Código", "Nombre"], ["DG", "Dirección"]], model="orgunit").context["job"]

    assert hr.get(page("import_job", job.pk)).status_code == 404


# --- The list of loads -------------------------------------------------------------------------------------------
def test_the_list_holds_ones_own_loads_or_all(hr, as_user, bulk_loader, auditor, sales):
    loader = as_user(bulk_loader)
    own = upload(loader, ROWS[:2]).context["job"]
    other = upload(hr, ROWS[:2]).context["job"]

    def listed(browser):
        return [job.pk for job in browser.get(page("changelist", model="importjob")).context["cl"].result_list]

    assert listed(loader) == [own.pk]
    assert listed(hr) == listed(as_user(auditor)) == [other.pk, own.pk]
    assert loader.get(page("change", other.pk, model="importjob")).status_code == 404
    assert loader.get(page("change", own.pk, model="importjob")).url == page("import_job", own.pk)
    assert as_user(make_user(role=roles.EMPLOYEE)).get(page("changelist", model="importjob")).status_code == 403


# --- Export ------------------------------------------------------------------------------------------------------
def codes(content):
    sheet = load_workbook(io.BytesIO(content)).active
    return [row[0].value for row in sheet.iter_rows(min_row=2)]


def test_the_export_follows_filter_search_and_order_of_the_list(hr, ana, beto, carla, sales):
    everybody = hr.get(page("export", "xlsx"))
    found = hr.get(page("export", "xlsx"), {"q": "ÑAÑEZ"})
    backwards = hr.get(page("export", "xlsx"), {"o": "-1"})

    assert codes(body(everybody)) == ["E3", "E2", "E1"]
    assert codes(body(found)) == ["E2"]
    assert codes(body(backwards)) == ["E3", "E2", "E1"]
    assert codes(body(hr.get(page("export", "xlsx"), {"o": "1"}))) == ["E1", "E2", "E3"]
    assert everybody["Content-Disposition"].startswith('attachment; filename="')


def test_the_list_links_to_the_export_of_what_it_shows(hr, beto):
    text = hr.get(page("changelist"), {"q": "beto"}).text

    assert page("export", "xlsx") + "?q=beto" in text
    assert page("import") in text


def test_an_export_holds_only_what_its_user_sees(as_user, ana, beto, carla):
    manager = as_user(make_user(role=roles.MANAGER, employee=beto))

    assert codes(body(manager.get(page("export", "xlsx")))) == ["E2"]


@pytest.mark.parametrize("role", [roles.AUDITOR, roles.EMPLOYEE])
def test_without_the_right_there_is_no_export(as_user, ana, role):
    browser = as_user(make_user(role=role, employee=ana))

    assert browser.get(page("export", "csv")).status_code == 403
    assert page("export", "csv") not in browser.get(page("changelist")).text


def test_an_export_cannot_be_asked_for_hidden_columns(as_user, beto):
    user = make_user()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_employee", "export_employee"]))

    response = as_user(user).get(page("export", "csv"), {"national_id__startswith": "V"})

    assert response.status_code == 400


@pytest.mark.parametrize("query", [{"hired_on__gte": "x"}, {"org_unit": "1'"}])
def test_a_filter_that_cannot_be_read_leads_to_the_list(hr, query):
    assert hr.get(page("export", "csv"), query).url == f"{page('changelist')}?e=1"


def test_what_was_exported_is_loaded_without_a_change(hr, ana, beto, carla):
    content = body(hr.get(page("export", "xlsx")))

    preview = hr.post(page("import"), {"file": SimpleUploadedFile("x.xlsx", content)}, follow=True)

    assert counts(preview) == {"rows": "3", "new": "0", "changed": "0", "unchanged": "3", "faulty": "0"}


# --- Template and samples ----------------------------------------------------------------------------------------
def test_the_template_is_an_empty_file_of_all_columns(hr):
    content = body(hr.get(page("template")))

    assert engine.read_file(content, KINDS["employees"]).mapping.unknown == []
    assert codes(content) == []


def test_samples_are_offered_in_the_demo_and_load(hr, settings, db):
    assert hr.get(page("sample", "employees_good.csv")).status_code == 404
    settings.APP_ENV = "demo"

    content = body(hr.get(page("sample", "employees_good.csv")))

    assert page("sample", "employees_good.csv") in hr.get(page("import")).text
    assert len(engine.read_file(content, KINDS["employees"]).rows) > 0
    assert hr.get(page("sample", "../manage.py".replace("/", "%2F"))).status_code == 404


def test_an_expired_upload_says_so(hr, hr_manager, sales):
    job = imports.upload(KINDS["employees"], "a.csv", as_csv(ROWS), actor=hr_manager)
    StoredFile.objects.update(expires_at=timezone.now() - timedelta(hours=1))

    jobs.clean_up()

    text = hr.get(page("import_job", job.pk)).text
    assert "cancelled" in text
    assert 'value="confirm"' not in text
