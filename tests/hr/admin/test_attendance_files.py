"""The pages by which attendance comes in and goes out."""

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from core import roles
from hr.loading import engine
from hr.loading.kinds import KINDS
from hr.models import Attendance, ImportJob, StoredFile
from tests.factories import make_attendance, make_event, make_user
from tests.hr.admin.test_imports import codes, counts
from tests.hr.loading.conftest import as_csv


def page(name, *args, model="attendance"):
    return reverse(f"admin:hr_{model}_{name}", args=args)


def upload(browser, rows, **data):
    """The job's page after uploading a CSV file with these rows."""
    file = SimpleUploadedFile("attendance.csv", as_csv(rows))
    return browser.post(page("import"), {"file": file, **data}, follow=True)


def body(response):
    return b"".join(response.streaming_content)


ROWS = [["Evento", "Código", "Asistió"], ["V1", "E2", "sí"], ["V1", "E3", "no"], ["V1", "E9", "no"]]


@pytest.fixture
def event(db):
    return make_event("Inducción", code="V1", state="in_progress")


@pytest.fixture
def loader(as_user, bulk_loader):
    return as_user(bulk_loader)


# --- From upload to result ---------------------------------------------------------------------------------------
def test_upload_preview_confirm_result(loader, event, beto, carla):
    make_attendance(event, beto)

    preview = upload(loader, ROWS)
    job = preview.context["job"]

    assert counts(preview) == {"rows": "3", "new": "1", "changed": "1", "unchanged": "0", "faulty": "1"}
    assert "No employee has this code or national id." in preview.text
    changed = loader.get(page("import_job", job.pk), {"show": "changed"})
    [row] = changed.context["rows"]
    assert (row.label, row.link) == (f"{beto} · {event}", page("change", beto.attendance.get().pk))
    assert [(change.label, change.old, change.new) for change in row.changes] == [("Outcome", "pending", "present")]

    result = loader.post(page("import_job", job.pk), {"action": "confirm", "accept_valid": "on"}, follow=True)

    assert counts(result)["new"] == "1"
    assert list(Attendance.objects.order_by("pk").values_list("employee__code", "outcome")) == [
        ("E2", "present"), ("E3", "absent"),
    ]  # fmt: skip
    new = loader.get(page("import_job", job.pk), {"show": "new"})
    assert [row.link for row in new.context["rows"]] == [page("change", carla.attendance.get().pk)]


def test_the_event_is_chosen_with_the_file_and_named_on_its_pages(loader, event, beto):
    rows = [["Código"], ["E2"]]

    asked = upload(loader, rows)
    chosen = upload(loader, rows, event=event.pk)

    assert "Nothing says which event the file is about." in asked.text
    assert counts(chosen)["new"] == "1"
    assert str(event) in chosen.text
    assert [job.event for job in ImportJob.objects.order_by("pk")] == [None, event]


def test_the_page_opens_with_the_event_one_comes_from(loader, event):
    text = loader.get(page("import"), {"event": event.pk}).text

    assert f'<option value="{event.pk}" selected>{event}</option>' in text
    listed = loader.get(page("changelist"), {"event__id__exact": event.pk}).text
    assert f'{page("import")}?event={event.pk}"' in listed
    for asked in ("x", "999", "9" * 30):
        assert loader.get(page("import"), {"event": asked}).status_code == 200


def test_an_event_one_does_not_see_is_none(as_user, event, ana, beto):
    user = make_user("ana", employee=ana)
    user.user_permissions.set(Permission.objects.filter(codename="import_attendance"))
    browser = as_user(user)
    file = {"file": SimpleUploadedFile("a.csv", as_csv([["Código"], ["E2"]]))}

    told = []
    for key in (event.pk, 999_999):
        file["file"].seek(0)
        told.append(browser.post(page("import"), {**file, "event": key}).context["form"].errors["event"])

    assert told[0] == told[1]
    assert "Inducción" not in browser.get(page("import"), {"event": event.pk}).text
    assert not ImportJob.objects.exists()


def test_other_kinds_are_not_asked_for_an_event(hr):
    assert 'name="event"' not in hr.get(page("import", model="employee")).text


# --- Rights ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", [roles.AUDITOR, roles.MANAGER, roles.EMPLOYEE])
def test_without_the_right_to_import_every_page_says_403_and_nothing_is_written(as_user, event, beto, role):
    browser = as_user(make_user(role=role))
    file = SimpleUploadedFile("a.csv", as_csv(ROWS))

    answers = [
        browser.get(page("import")),
        browser.post(page("import"), {"file": file, "event": event.pk}),
        browser.get(page("template")),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert (ImportJob.objects.count(), StoredFile.objects.count(), Attendance.objects.count()) == (0, 0, 0)


def test_another_users_load_does_not_exist(hr, loader, event, beto):
    job = upload(hr, ROWS).context["job"]

    assert loader.get(page("import_job", job.pk)).status_code == 404
    assert loader.post(page("import_job", job.pk), {"action": "confirm", "accept_valid": "on"}).status_code == 404
    assert hr.get(page("import_job", job.pk, model="employee")).status_code == 404
    assert not Attendance.objects.exists()


def test_a_load_stands_in_the_list_of_loads(loader, event, beto):
    job = upload(loader, ROWS).context["job"]

    listed = loader.get(page("changelist", model="importjob"))

    assert [row.pk for row in listed.context["cl"].result_list] == [job.pk]
    assert loader.get(page("change", job.pk, model="importjob")).url == page("import_job", job.pk)


# --- Export ------------------------------------------------------------------------------------------------------
def test_the_export_follows_the_filters_and_the_search_of_the_list(hr, event, ana, beto, carla):
    make_attendance(event, ana, outcome="present")
    make_attendance(event, beto, outcome="present")
    make_attendance(make_event(code="V2"), carla)

    def found(**query):
        return codes(body(hr.get(page("export", "xlsx"), query)))

    assert found() == ["V2", "V1", "V1"]
    assert found(event__id__exact=event.pk, outcome__exact="present") == ["V1", "V1"]
    assert found(q="ÑAÑEZ") == ["V1"]
    text = hr.get(page("changelist"), {"q": "beto"}).text
    assert page("export", "csv") + "?q=beto" in text
    assert page("import") in text


def test_an_export_holds_only_what_its_user_sees(as_user, event, ana, beto, carla):
    for person in (ana, beto, carla):
        make_attendance(event, person)
    manager = as_user(make_user(role=roles.MANAGER, employee=ana))

    text = body(manager.get(page("export", "csv"))).decode()

    assert ("E1" in text, "E2" in text, "E3" in text, "V-12345678" in text) == (True, True, False, False)


@pytest.mark.parametrize("role", [roles.AUDITOR, roles.EMPLOYEE])
def test_without_the_right_there_is_no_export(as_user, event, beto, role):
    make_attendance(event, beto)
    browser = as_user(make_user(role=role, employee=beto))

    assert browser.get(page("export", "csv")).status_code == 403
    assert page("export", "csv") not in browser.get(page("changelist")).text


def test_the_template_is_an_empty_file_of_all_columns(loader):
    content = body(loader.get(page("template")))

    assert engine.read_file(content, KINDS["attendance"]).mapping.unknown == []
    assert codes(content) == []
