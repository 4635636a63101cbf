"""A load of somebody with a scope: it finds and writes the people of that scope, the others are unknown codes."""

import csv
import io
from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory
from django.utils import timezone

from core import access
from core.errors import NotFound
from core.roles import MANAGER
from hr.admin.import_rows import shown_rows
from hr.loading import engine
from hr.loading.kinds import KINDS
from hr.models import Attendance, Employee, Event, EventKind, ImportJob, ImportRow
from hr.services import imports
from tests.access.rows import NOBODYS
from tests.factories import make_user
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


@pytest.fixture
def numbered_load(taking_rolls_by_file, world):
    """Hernán, who heads the sales units and may read their national ids, enrols by number whom no event has yet."""
    head = world.users["head"]
    event = Event.objects.create(
        code="ZHEADS", title="Zheadsq", kind=EventKind.objects.first(), state="published",
        starts_at=timezone.now() + timedelta(days=1), ends_at=timezone.now() + timedelta(days=2),
    )  # fmt: skip
    access.grant("view_attendance_at", head, event)
    for unit in ("team", "sales"):
        access.grant("view_personal_data_in", head, world.units[unit])
    numbers = {key: sentinels(key)["national_id"] for key in ("luisa", "marco", "pablo", "fabio")}
    outcomes = {"marco": "nonsense"}
    lines = [f"ZHEADS,{number},{outcomes.get(key, '')}" for key, number in numbers.items()]
    content = "\n".join(["Event,National id,Outcome", *lines]).encode()
    return imports.upload(KINDS["attendance"], "roll.csv", content, actor=world.user("head")), event


def rows_told(world, key, job):
    """What the rows of the load tell this persona, by number."""
    rows = ImportRow.objects.visible_to(world.user(key)).filter(job=job)
    return {row.number: (row.verdict, row.label) for row in rows}


def test_rows_about_who_is_yet_to_be_enrolled_go_with_the_sight_of_the_person(numbered_load, readers, world):
    """Faulty rows, too; who was never found is nobody, and not called by the national id."""
    job, event = numbered_load
    luisa, marco, pablo = (world.employees[key] for key in ("luisa", "marco", "pablo"))
    nobody = {5: ("faulty", "ZHEADS")}
    assert rows_told(world, "head", job) == {
        2: ("new", f"{luisa} · {event}"),
        3: ("faulty", f"{marco} · {event}"),
        4: ("new", f"{pablo} · {event}"),
        **nobody,
    }

    Employee.objects.filter(pk__in=[luisa.pk, marco.pk]).update(org_unit=world.units["finance"])

    assert rows_told(world, "head", job) == {4: ("new", f"{pablo} · {event}"), **nobody}
    assert [rows_told(world, key, job) for key in ("plain", "manager_elsewhere")] == [{}, {}]
    pages = [
        readers["head"].get(f"/hr/attendance/import/{job.pk}/?show={verdict}").text for verdict in ("new", "faulty")
    ]
    assert [str(person) in "".join(pages) for person in (pablo, luisa, marco)] == [True, False, False]
    assert [key for key in ("luisa", "marco") if sentinels(key)["national_id"] in "".join(pages)] == []


def test_rows_about_who_is_yet_to_be_enrolled_go_with_the_sight_of_the_event(numbered_load, world):
    job, event = numbered_load

    access.revoke("view_attendance_at", world.users["head"], event)

    assert rows_told(world, "head", job) == {}


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


def new(unit):
    return {"Code": "ZCNEW", "First name": "N", "Last name": "N", "Unit": unit, "Hired on": "2024-01-15"}


def test_who_hires_nowhere_adds_nobody(loader, world):
    assert [column for column, _told in faults(world, "grant_change", new("ZUTEAM"))] == ["Code"]


def test_who_hires_into_a_unit_adds_people_to_that_one(hiring_loader, world):
    assert faults(world, "grant_change", new("ZUTEAM")) == []
    assert faults(world, "grant_change", new(own_unit(world))) != []


def test_nobody_is_put_into_a_unit_that_is_not_ones_to_fill(loader, world):
    moved = faults(world, "grant_change", {"Code": "ZCLUISA", "Unit": own_unit(world)})

    assert [column for column, _told in moved] == ["Unit"]


def test_what_hr_guards_is_not_loaded_by_others(loader, world):
    told = faults(world, "grant_change", {"Code": "ZCLUISA", "E-mail": "new@example.org"})

    assert [column for column, _told in told] == ["E-mail"]


def own_unit(world):
    """The code of the unit to which Celia, who loads, belongs."""
    return world.employees["celia"].org_unit.code


HEADS = ["Code", "Head"]


def head_faults(user, head):
    """What the check finds wrong with a head of the team."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows([HEADS, ["ZUTEAM", head]])
    plan = engine.check(engine.read_file(buffer.getvalue().encode(), KINDS["units"]), KINDS["units"], user=user)
    return [error.message for line in plan.lines for error in line.errors]


def test_heads_are_named_only_by_who_sees_them(loader, world):
    """With the rights on units, but neither on their people nor on personal data."""
    codenames = ["view_orgunit", "change_orgunit", "import_orgunit"]
    loader.groups.get(name="Loaders").permissions.add(*Permission.objects.filter(codename__in=codenames))
    user = world.user("grant_change")

    assert head_faults(user, sentinels("luisa")["code"]) == []
    unknown = head_faults(user, "ZCNOBODY")
    assert head_faults(user, sentinels("fabio")["code"]) == unknown != []
    assert head_faults(user, sentinels("fabio")["national_id"]) == unknown
    assert head_faults(user, sentinels("luisa")["national_id"]) == unknown


def test_a_unit_one_does_not_see_fails_in_the_words_for_what_is_unknown(loader, world):
    loader.groups.get(name="Loaders").permissions.add(Permission.objects.get(codename="import_orgunit"))

    def told(code):
        buffer = io.StringIO()
        csv.writer(buffer).writerows([["Code", "Name"], [code, "Forged"]])
        plan = engine.check(
            engine.read_file(buffer.getvalue().encode(), KINDS["units"]),
            KINDS["units"],
            user=world.user("grant_change"),
        )
        return [(error.column, error.message) for line in plan.lines for error in line.errors]

    assert told("ZUFINANCE") == told("ZUNOWHERE") != []


def test_rows_of_a_load_are_its_owners(loader, readers, world):
    readers["grant_change"].post(
        "/hr/employee/import/", {"file": SimpleUploadedFile("p.csv", sheet({"Code": "ZCLUISA", "First name": "Z"}))}
    )
    job = ImportJob.objects.order_by("-pk").first()

    def rows(key):
        return ImportRow.objects.visible_to(world.user(key)).filter(job=job).count()

    loader.groups.get(name="Loaders").user_set.add(world.users["head"])
    assert {key: rows(key) for key in ("grant_change", "head", "plain")} == {"grant_change": 1, "head": 0, "plain": 0}


def test_a_preview_shows_personal_data_of_whom_one_may_still_see_it(loader, world):
    luisa, kind = world.employees["luisa"], KINDS["employees"]
    job = ImportJob(resource="employees", created_by_id=loader.pk)
    row = ImportRow(
        job=job,
        number=2,
        verdict="changed",
        object_id=luisa.pk,
        before={"national_id": "V-77100001", "first_name": "Old"},
        after={"national_id": "V-77100002", "first_name": "New"},
        errors=[],
    )

    def shown(key):
        (told,) = shown_rows([row], job, kind, "admin", user=world.user(key))
        return [(change.old, change.new) for change in told.changes]

    assert shown("bulk_loader") == [("V-77100001", "V-77100002"), ("Old", "New")]
    assert shown("grant_change") == [("Old", "New")]


def test_a_load_offers_what_its_owner_may_do_next(loader, readers, world):
    reader = readers["grant_change"]
    content = sheet({"Code": "ZCLUISA", "Position": "Zpnewq", "First name": "Zloadedq"})
    reader.post("/hr/employee/import/", {"file": SimpleUploadedFile("p.csv", content)})
    job = ImportJob.objects.order_by("-pk").first()
    job.missing = {"position": {"Zpnewq": 1}, "org_unit": {"Zunewq": 1}}
    people = admin.site._registry[Employee]

    def offered(key):
        request = RequestFactory().get("/")
        request.user = world.user(key)
        context = people._told(request, job)
        return sorted(context["may_create"])

    assert offered("grant_change") == []
    assert offered("hr_manager") == ["org_unit", "position"]
    job.created, job.applied_at, job.state = 1, timezone.now(), "applied"
    for key, invites in {"hr_manager": True, "bulk_loader": False, "auditor": False}.items():
        job.created_by_id = world.users[key].pk
        request = RequestFactory().get("/")
        request.user = world.user(key)
        context = people._told(request, job)
        assert context["can_invite"] == invites, key
        assert bool(context["again_link"]) == (key != "auditor"), key
    assert [step["title"] for step in loads_first_steps(world, "grant_change")] == ["Employees"]
    assert loads_first_steps(world, "plain") == []


def loads_first_steps(world, key):
    request = RequestFactory().get("/")
    request.user = world.user(key)
    return admin.site._registry[ImportJob].first_steps(request)


def test_spreadsheets_are_offered_to_who_may_load_and_export(loader, world):
    people, request = admin.site._registry[Employee], RequestFactory().get("/")
    offered = {}
    for key in ("grant_change", "bulk_loader", "auditor", "plain"):
        request.user = world.user(key)
        steps = [step["icon"] for step in people.first_steps(request)]
        offered[key] = [button["icon"] if "icon" in button else button["title"] for button in people._buttons(request)]
        assert ("upload_file" in steps) == ("upload_file" in offered[key]), key

    assert {key: "upload_file" in icons for key, icons in offered.items()} == {
        "grant_change": True,
        "bulk_loader": True,
        "auditor": False,
        "plain": False,
    }
    assert offered["plain"] == []


def test_an_export_right_alone_opens_no_list(world, client):
    user = make_user(role=MANAGER)
    user.user_permissions.set(Permission.objects.filter(codename="export_orgunit"))
    client.force_login(user)

    assert client.get("/hr/orgunit/export/csv/").status_code == 403


def test_a_load_is_confirmed_only_by_its_owner_with_the_right_to_load(loader, readers, world):
    """Whoever may change loads of others, and the owner once the right to load is gone."""
    readers["grant_change"].post(
        "/hr/employee/import/", {"file": SimpleUploadedFile("p.csv", sheet({"Code": "ZCLUISA", "First name": "Z"}))}
    )
    job = ImportJob.objects.order_by("-pk").first()
    rights = Permission.objects.filter(codename__in=["view_importjob", "change_importjob", "import_employee"])
    world.users["plain"].user_permissions.set(rights)
    with pytest.raises(NotFound):
        imports.confirm(job.pk, actor=world.user("plain"), accept_valid=True)

    loader.groups.clear()
    with pytest.raises(NotFound):
        imports.confirm(job.pk, actor=world.user("grant_change"), accept_valid=True)

    assert Employee.objects.get(code="ZCLUISA").first_name == sentinels("luisa")["first_name"]


# --- Undo, and a second person ---------------------------------------------------------------------------------------
@pytest.fixture
def written_load(loader, world):
    """Celia's load, which renamed Luisa, and is in."""
    content = sheet({"Code": sentinels("luisa")["code"], "First name": "Zloadedq"})
    job = imports.upload(KINDS["employees"], "people.csv", content, actor=world.user("grant_change"))
    return imports.confirm(job.pk, actor=world.user("grant_change"))


def test_an_undo_leaves_alone_whom_one_may_no_longer_change(written_load, loader, world):
    luisa = world.employees["luisa"]
    access.revoke("change_employee", loader, luisa)

    preview = imports.undo_preview(written_load.pk, actor=world.user("grant_change"))
    job = imports.undo(written_load.pk, actor=world.user("grant_change"))

    assert (preview.restored, preview.kept, job.restored, job.kept) == (0, 1, 0, 1)
    assert Employee.objects.get(pk=luisa.pk).first_name == "Zloadedq"


def test_an_undo_names_nobody_whom_one_no_longer_sees(written_load, loader, world):
    for right in ("change_employee", "view_employee"):
        access.revoke(right, loader, world.employees["luisa"])

    preview = imports.undo_preview(written_load.pk, actor=world.user("grant_change"))

    assert (preview.kept, preview.rows) == (1, [])


@pytest.mark.parametrize("key", ["plain", "manager_elsewhere", "head", "bulk_loader"])
def test_a_load_of_somebody_else_is_neither_undone_nor_decided(key, written_load, world):
    """Of those with a load of their own to make, too: only who may approve loads has a say in others'."""
    for act in (imports.undo, imports.undo_preview, imports.approve, imports.cancel):
        with pytest.raises(NotFound):
            act(written_load.pk, actor=world.user(key))
    with pytest.raises(NotFound):
        imports.end_missing(written_load.pk, actor=world.user(key), action="suspend")
    with pytest.raises(NotFound):
        imports.refuse(written_load.pk, actor=world.user(key), reason="x")

    written_load.refresh_from_db()
    assert written_load.state == "applied"
