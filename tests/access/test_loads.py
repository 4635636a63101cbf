"""A load of somebody with a scope: it finds and writes the people of that scope, the others are unknown codes."""

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from core import access
from hr.loading import engine
from hr.loading.kinds import KINDS
from hr.models import Attendance, Employee, Event, EventKind, ImportJob, ImportRow
from tests.access.rows import NOBODYS
from tests.hr.personas import sentinels, unit_sentinels

HEADER = ["Code", "First name", "Last name", "E-mail", "Unit", "Position", "Reports to", "Hired on"]


@pytest.fixture
def loader(watch, world):
    """Celia may change Luisa, and now also load files; nobody else is hers to change."""
    with watch.undone():
        right = Permission.objects.get(codename="import_employee")
        group = Group.objects.create(name="Loaders")
        group.permissions.add(right)
        world.users["grant_change"].groups.add(group)
        yield world.users["grant_change"]


@pytest.fixture
def hiring_loader(loader, world):
    access.grant("add_employee_in", loader, world.units["team"])
    return loader


def sheet(*rows):
    buffer = io.StringIO()
    csv.writer(buffer).writerows([HEADER, *([row.get(name, "") for name in HEADER] for row in rows)])
    return buffer.getvalue().encode()


def faults(world, user, row):
    """What the check finds wrong with one row, in its words."""
    plan = engine.check(engine.read_file(sheet(row), KINDS["employees"]), KINDS["employees"], user=world.user(user))
    return [(error.column, error.message.replace(error.value, "…") if error.value else error.message)
            for line in plan.lines for error in line.errors]  # fmt: skip


OTHERS = {
    "a code": (
        {"Code": sentinels("fabio")["code"], "First name": "Forged"},
        {"Code": "ZCNOBODY", "First name": "Forged"},
    ),
    "a boss": (
        {"Code": sentinels("luisa")["code"], "Reports to": sentinels("fabio")["code"]},
        {"Code": sentinels("luisa")["code"], "Reports to": "ZCNOBODY"},
    ),
    "a unit's code": (
        {"Code": sentinels("luisa")["code"], "Unit": unit_sentinels("finance")["code"]},
        {"Code": sentinels("luisa")["code"], "Unit": "ZUNOWHERE"},
    ),
    "a unit's name": (
        {"Code": sentinels("luisa")["code"], "Unit": unit_sentinels("finance")["name"]},
        {"Code": sentinels("luisa")["code"], "Unit": "Zunowhereq"},
    ),
    "a position": (
        {"Code": sentinels("luisa")["code"], "Position": "Zpfabioq"},
        {"Code": sentinels("luisa")["code"], "Position": "Zpnobodyq"},
    ),
}


@pytest.mark.parametrize("what", OTHERS)
def test_what_one_does_not_see_fails_in_the_words_for_what_is_unknown(what, loader, world):
    hidden, unknown = OTHERS[what]

    told = faults(world, "grant_change", hidden)

    assert told == faults(world, "grant_change", unknown)
    assert told != []


def test_a_national_id_of_somebody_unseen_finds_nobody(loader, world):
    rows = [["National id", "First name"], [sentinels("fabio")["national_id"], "F"], ["V-19999999", "F"]]
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    plan = engine.check(
        engine.read_file(buffer.getvalue().encode(), KINDS["employees"]), KINDS["employees"], user=loader
    )

    hidden, unknown = ([(error.column, error.message) for error in line.errors] for line in plan.lines)
    assert hidden == unknown != []


def test_a_load_writes_only_rows_in_scope(loader, readers, world, watch):
    content = sheet(
        {"Code": sentinels("luisa")["code"], "First name": "Zloadedq"},
        *({"Code": sentinels(key)["code"], "First name": "Forged"} for key in world.employees if key != "luisa"),
    )
    reader, before = readers["grant_change"], watch.rows()["hr_employee"]
    sent = {"file": SimpleUploadedFile("people.csv", content)}

    upload = reader.post("/hr/employee/import/", sent)
    job = ImportJob.objects.order_by("-pk").first()
    page = f"/hr/employee/import/{job.pk}/"
    preview = reader.get(page)
    confirmed = reader.post(page, {"action": "confirm", "accept_valid": "on"})
    result = reader.get(page)

    after = watch.rows()["hr_employee"]
    assert {key for key in after if after[key] != before.get(key)} == {str(world.employees["luisa"].pk)}
    assert Employee.objects.get(code="ZCLUISA").first_name == "Zloadedq"
    asked = content.decode()
    assert [reader.leaks(answer, asked=asked) for answer in (upload, preview, confirmed, result)] == [[], [], [], []]


def test_somebody_elses_load_is_not_there(loader, readers, world):
    """Nor one's own, once the right to load is gone."""
    reader = readers["grant_change"]
    reader.post("/hr/employee/import/", {"file": SimpleUploadedFile("p.csv", sheet({"Code": "ZCLUISA"}))})
    job = ImportJob.objects.order_by("-pk").first()
    page = f"/hr/employee/import/{job.pk}/"
    assert reader.get(page).status == 200
    assert readers["manager_elsewhere"].get(page).status == 404

    loader.groups.clear()

    assert reader.get(page).status == 404
    assert reader.post(page, {"action": "cancel"}).status == 404


def test_a_preview_hides_rows_about_people_one_no_longer_sees(loader, readers, world):
    reader = readers["grant_change"]
    reader.post(
        "/hr/employee/import/",
        {"file": SimpleUploadedFile("p.csv", sheet({"Code": "ZCLUISA", "First name": "Zloadedq"}))},
    )
    job = ImportJob.objects.order_by("-pk").first()
    page = f"/hr/employee/import/{job.pk}/"
    assert "Zloadedq" in reader.get(page).text

    access.revoke("view_employee", loader, world.employees["luisa"])

    answer = reader.get(page)
    assert "Zloadedq" not in answer.text
    assert [trace for trace in reader.traces.of(answer.says) if trace.key == "luisa"] == []
    assert ImportRow.objects.filter(job=job).count() == 1


def test_the_file_of_a_load_is_its_owners(loader, readers, world):
    from hr.models import StoredFile, StoredFileChunk

    readers["grant_change"].post(
        "/hr/employee/import/", {"file": SimpleUploadedFile("p.csv", sheet({"Code": "ZCLUISA"}))}
    )
    file = StoredFile.objects.order_by("-pk").first()

    for key in ("head", "boss", "plain", "bulk_loader", "grant_employee"):
        assert not StoredFile.objects.visible_to(world.user(key)).filter(pk=file.pk).exists(), key
        assert not StoredFileChunk.objects.visible_to(world.user(key)).filter(file=file).exists(), key
    assert StoredFile.objects.visible_to(world.user("grant_change")).filter(pk=file.pk).exists()


def test_who_hires_is_told_that_a_code_is_taken_and_nothing_else(hiring_loader, world):
    """Two people cannot have one code: that much is told to who may give codes. Of whom it is, is not."""
    row = {
        "Code": sentinels("fabio")["code"],
        "First name": "F",
        "Last name": "F",
        "Unit": "ZUTEAM",
        "Hired on": "2024-01-15",
    }

    told = faults(world, "grant_change", row)

    assert [column for column, _message in told] == ["Code"]


# --- Attendance -----------------------------------------------------------------------------------------------------
@pytest.fixture
def taking_rolls_by_file(watch, world):
    """Hernán heads the sales units, and now also loads attendance."""
    with watch.undone():
        group = Group.objects.create(name="Loaders of attendance")
        group.permissions.add(Permission.objects.get(codename="import_attendance"))
        world.users["head"].groups.add(group)
        yield


def test_a_load_of_attendance_reaches_only_people_in_scope_and_never_oneself(
    taking_rolls_by_file, readers, rows, world, watch
):
    event = Event.objects.get(pk=next(row.pk for row in rows.by_model[Event] if row.what != NOBODYS))
    reader, buffer = readers["head"], io.StringIO()
    typed = [["", sentinels(key)["national_id"]] for key in ("fabio", "alma")]
    codes = [[sentinels(key)["code"], ""] for key in world.employees]
    csv.writer(buffer).writerows([["Code", "National id", "Outcome"], *([*row, "present"] for row in [*codes, *typed])])
    content, before = buffer.getvalue(), watch.rows()["hr_attendance"]
    sent = {"file": SimpleUploadedFile("roll.csv", content.encode()), "event": event.pk}

    upload = reader.post("/hr/attendance/import/", sent)
    job = ImportJob.objects.order_by("-pk").first()
    page = f"/hr/attendance/import/{job.pk}/"
    preview = reader.get(page)
    confirmed = reader.post(page, {"action": "confirm", "accept_valid": "on"})
    result = reader.get(page)

    after = watch.rows()["hr_attendance"]
    theirs = {str(row.pk): row.about for row in rows.by_model[Attendance]}
    assert {theirs[key] for key in after if after[key] != before.get(key)} == {"luisa", "marco", "pablo"}
    assert [reader.leaks(answer, asked=content) for answer in (upload, preview, confirmed, result)] == [[], [], [], []]


def test_what_one_does_not_see_fails_in_the_words_for_what_is_unknown_in_attendance_too(taking_rolls_by_file, world):
    def told(*row):
        sheet = engine.read_file("\n".join(["Event,Code,National id", ",".join(row)]).encode(), KINDS["attendance"])
        plan = engine.check(sheet, KINDS["attendance"], user=world.user("head"))
        return [(error.column, error.message) for line in plan.lines for error in line.errors]

    event = Event.objects.create(
        code="ZHIDDEN", title="Zhiddenq", kind=EventKind.objects.first(), state="published",
        starts_at=timezone.now(), ends_at=timezone.now() + timedelta(hours=1),
    )  # fmt: skip
    known = Event.objects.exclude(pk=event.pk).first().code

    assert told(known, sentinels("fabio")["code"], "") == told(known, "ZCNOBODY", "") != []
    assert told(known, "", sentinels("luisa")["national_id"]) == told(known, "", "V-19999999") != []
    assert told(event.code, sentinels("luisa")["code"], "") == told("ZNOWHERE", sentinels("luisa")["code"], "") != []
