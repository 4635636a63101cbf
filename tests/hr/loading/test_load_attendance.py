"""What a load of attendance leaves in the database, by the pages' services and by command."""

import json
from io import StringIO

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connections
from django.test.utils import CaptureQueriesContext

from core.errors import DomainError, NotFound
from core.roles import AUDITOR, BULK_LOADER
from hr.loading import engine
from hr.loading.kinds import KINDS
from hr.models import Attendance, Evaluation, Event, ImportJob, ImportRow, OutboxMessage, SessionMark
from hr.services import imports
from tests.factories import make_attendance, make_employee, make_event, make_round, make_session, make_user
from tests.hr.loading.conftest import as_csv, as_xlsx
from tests.hr.loading.test_check_attendance import HEADER, row

ATTENDANCE = KINDS["attendance"]


def load(*rows, user=None, event=None, header=HEADER, **options):
    """What a CSV file with these rows did, as counts that are not 0."""
    sheet = engine.read_file(as_csv([header, *rows]), ATTENDANCE, event_id=event.pk if event else None)
    _plan, outcome = engine.load(sheet, ATTENDANCE, actor=user, file_name="attendance.csv", **options)
    return {name: count for name, count in vars(outcome).items() if count}


def kept(event):
    """(code, status, outcome) of everybody in the list of the event."""
    rows = Attendance.objects.filter(event=event).order_by("employee__code")
    return list(rows.values_list("employee__code", "status", "outcome"))


@pytest.fixture
def event(db):
    return make_event("Inducción", code="V1", state="in_progress")


# --- What is written ---------------------------------------------------------------------------------------------
def test_a_file_enrols_confirms_marks_and_cancels(event, ana, beto, carla):
    make_attendance(event, ana)
    make_attendance(event, carla)
    loader = make_user(role=BULK_LOADER)
    rows = [row(code="E1", status="confirmada", outcome="asistió"), row(), row(code="E3", status="cancelada")]

    assert load(*rows, user=loader, source="cli") == {"rows": 3, "created": 1, "updated": 2}

    event.refresh_from_db()
    assert kept(event) == [
        ("E1", "confirmed", "present"), ("E2", "registered", "pending"), ("E3", "cancelled", "pending"),
    ]  # fmt: skip
    assert event.seats_taken == 2
    marked = Attendance.objects.get(employee=ana)
    assert (marked.marked_from, marked.marked_by_name) == ("import", str(loader))
    assert Attendance.objects.get(employee=carla).cancelled_from == "manager"
    job = ImportJob.objects.get()
    assert (job.resource, job.state, job.created, job.updated) == ("attendance", "applied", 1, 2)
    entries = Attendance.history.filter(history_job_id=job.pk)
    assert {entry.history_user_name for entry in entries} == {str(loader)}
    assert {entry.history_source for entry in entries} == {"cli"}
    assert [(kept.number, kept.verdict, kept.object_id, kept.written_version) for kept in ImportRow.objects.all()] == [
        (2, "changed", marked.pk, marked.version),
        (3, "new", Attendance.objects.get(employee=beto).pk, 1),
        (4, "changed", Attendance.objects.get(employee=carla).pk, 2),
    ]


def test_the_same_file_twice_changes_nothing(event, ana, beto, carla):
    event.capacity = 2
    event.save()
    make_session(other := make_event(code="V2", state="completed"), 1)
    make_attendance(event, carla, "cancelled", cancelled_from="self")
    rows = [
        row(code="E1", status="confirmada", outcome="tarde"), row(code="E3", status="registrada"), row(code="E2"),
        row("V2", code="E1", session="1", outcome="sí"), row("V2", code="E2", outcome="no"),
    ]  # fmt: skip

    assert load(*rows) == {"rows": 5, "created": 4, "updated": 1}
    assert kept(event) == [
        ("E1", "confirmed", "late"), ("E2", "waitlisted", "pending"), ("E3", "registered", "pending"),
    ]  # fmt: skip
    assert kept(other) == [("E1", "registered", "present"), ("E2", "registered", "absent")]
    before = Attendance.history.count()

    assert load(*rows) == {"rows": 5, "unchanged": 5}
    assert Attendance.history.count() == before


def test_all_or_nothing_unless_valid_rows_are_accepted(event, ana, beto):
    rows = [row(), row(code="E9")]

    assert load(*rows) == {"rows": 2, "skipped": 1, "failed": 1}
    assert (kept(event), ImportJob.objects.count()) == ([], 0)
    assert load(*rows, accept_valid=True) == {"rows": 2, "created": 1, "failed": 1}
    assert kept(event) == [("E2", "registered", "pending")]


def test_a_freed_seat_goes_to_who_waits_and_the_plan_knew_it(event, ana, beto, carla):
    event.capacity = 2
    event.save()
    make_attendance(event, ana)
    make_attendance(event, late := make_employee(code="E0"))
    make_attendance(event, beto, "waitlisted")

    load(row(code="E1", status="cancelled"), row(code="E0", status="cancelled"), row(code="E3", outcome="present"))

    assert kept(event) == [
        ("E0", "cancelled", "pending"), ("E1", "cancelled", "pending"), ("E2", "registered", "pending"),
        ("E3", "registered", "present"),
    ]  # fmt: skip
    assert late.attendance.get().version == 2


def test_the_marks_of_sessions_make_the_outcome_of_the_event(event, ana, beto):
    for number in (1, 2):
        make_session(event, number)
    rows = [row(code="E1", session="1", outcome="asistió"), row(code="E1", session="2", outcome="tarde"),
            row(code="E2", outcome="ausente")]  # fmt: skip

    assert load(*rows) == {"rows": 3, "created": 3}

    assert kept(event) == [("E1", "registered", "late"), ("E2", "registered", "absent")]
    marks = SessionMark.objects.order_by("attendance__employee__code", "session__number")
    assert list(marks.values_list("outcome", "marked_from")) == [
        ("present", "import"), ("late", "import"), ("absent", "import"), ("absent", "import"),
    ]  # fmt: skip


def test_evaluations_follow_and_people_are_told_of_what_is_to_come(event, ana, beto):
    make_round(event=event, days_to_answer=7)

    load(row(code="E1", outcome="present"), row())

    assert [evaluation.employee for evaluation in Evaluation.objects.all()] == [ana]
    assert OutboxMessage.objects.filter(kind="attendance.enrolled").count() == 1


def test_loading_takes_no_query_per_row(event, sales):
    people = [make_employee(code=f"P{number}", org_unit=sales) for number in range(60)]
    for person in people[:20]:
        make_attendance(event, person)
    counts = []
    for part in (people[19:21], [*people[:19], *people[21:]]):
        with CaptureQueriesContext(connections["business"]) as queries:
            load(*(row(code=person.code, status="confirmed", outcome="late") for person in part))
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 60


# --- Preview and confirmation ------------------------------------------------------------------------------------
def upload(actor, *rows, event=None, header=HEADER):
    content = as_xlsx([header, *rows])
    return imports.upload(ATTENDANCE, "a.xlsx", content, actor=actor, event_id=event.pk if event else None)


def test_an_upload_is_previewed_and_written_only_when_confirmed(event, beto, carla):
    loader = make_user(role=BULK_LOADER)
    job = upload(loader, ["E2", "sí"], ["E9", "sí"], event=event, header=["Código", "Asistió"])

    assert (job.state, job.event, job.created, job.failed) == ("checked", event, 1, 1)
    assert kept(event) == []
    with pytest.raises(DomainError, match="1 row is faulty"):
        imports.confirm(job.pk, actor=loader)

    job = imports.confirm(job.pk, actor=loader, accept_valid=True)

    assert (job.state, kept(event)) == ("partly_applied", [("E2", "registered", "present")])
    assert {entry.history_job_id for entry in Attendance.history.all()} == {job.pk}


def test_if_the_event_closed_meanwhile_it_goes_back_to_the_preview(event, beto):
    loader = make_user(role=BULK_LOADER)
    make_attendance(event, beto)
    job = upload(loader, row(outcome="present"))
    Event.objects.filter(pk=event.pk).update(state="closed")

    job = imports.confirm(job.pk, actor=loader)

    assert (job.state, job.failed, kept(event)) == ("checked", 1, [("E2", "registered", "pending")])


def test_an_event_out_of_scope_cannot_be_chosen(event, ana):
    user = make_user(employee=ana)
    user.user_permissions.set(Permission.objects.filter(codename="import_attendance"))

    for key in (event.pk, 4_000_000):
        with pytest.raises(NotFound):
            imports.upload(ATTENDANCE, "a.csv", as_csv([["Código"], ["E1"]]), actor=user, event_id=key)
    assert not ImportJob.objects.exists()


def test_rows_about_people_one_no_longer_sees_are_hidden(event, ana, beto):
    user = make_user("ana", employee=ana)
    user.user_permissions.set(Permission.objects.filter(codename="import_attendance"))
    make_attendance(event, beto)
    job = upload(user, row(outcome="present"))
    rows = ImportRow.objects.filter(job=job)
    assert [each.label for each in rows.visible_to(user)] == [f"{beto} · {event}"]

    beto.reports_to = None
    beto.save()
    ana.org_unit.head = None
    ana.org_unit.save()

    assert list(rows.visible_to(type(user).objects.get(pk=user.pk))) == []


# --- Commands ----------------------------------------------------------------------------------------------------
@pytest.fixture
def run(tmp_path):
    """Run a command on a file with these rows; returns (exit code, the JSON it printed)."""

    def run(command, rows, *arguments, name="attendance.csv"):
        path = tmp_path / name
        if rows is not None:
            path.write_bytes(as_csv(rows))
        output, code = StringIO(), 0
        try:
            call_command(command, str(path), "--json", "--language", "en", *arguments, stdout=output, stderr=StringIO())
        except SystemExit as end:
            code = end.code
        return code, json.loads(output.getvalue())

    return run


def counted(report):
    return {name: count for name, count in report.items() if count and name not in ("job", "notes", "errors")}


def test_the_commands_take_what_those_of_employees_take(run, event, beto):
    rows = [HEADER, row(outcome="present"), row(code="E9")]

    assert run("import_attendance", rows, "--dry-run")[0] == 2
    refused, told = run("import_attendance", rows)
    assert (refused, counted(told)) == (2, {"rows": 2, "skipped": 1, "failed": 1})
    message = "No employee has this code or national id. Correct it."
    assert told["errors"] == [{"row": 3, "column": "Código", "value": "E9", "message": message}]
    assert kept(event) == []

    assert run("import_attendance", rows, "--accept-valid")[0] == 2
    assert kept(event) == [("E2", "registered", "present")]
    code, told = run("import_attendance", rows[:2])
    assert (code, counted(told), told["errors"]) == (0, {"rows": 1, "unchanged": 1}, [])


def test_the_event_may_be_an_option(run, event, beto):
    rows = [["Código", "Asistió"], ["E2", "sí"]]

    assert run("import_attendance", rows)[0] == 1
    assert run("import_attendance", rows, "--event", "V9")[1]["errors"][0]["message"] == "No event has the code V9."
    assert run("import_attendance", rows, "--event", "v1")[0] == 0
    assert kept(event) == [("E2", "registered", "present")]


def test_with_a_user_his_rights_and_scope_count(run, event, ana, beto):
    make_user("aldo", role=AUDITOR)
    make_user("lola", role=BULK_LOADER)
    make_user("ana", employee=ana).user_permissions.set(Permission.objects.filter(codename="import_attendance"))
    rows = [["Código"], ["E2"]]

    assert run("import_attendance", rows, "--event", "V1", "--user", "aldo")[0] == 1
    assert run("import_attendance", rows, "--event", "V1", "--user", "ana")[0] == 1, "an event she does not see"
    assert kept(event) == []
    assert run("import_attendance", rows, "--event", "V1", "--user", "lola")[0] == 0
    assert Attendance.history.get().history_source == "cli"


@pytest.mark.parametrize("name", ["out.xlsx", "out.csv"])
def test_what_a_command_exports_another_imports_without_a_change(run, event, ana, beto, carla, name):
    make_session(course := make_event(code="V2", state="closed"), 1)
    make_attendance(event, ana, "confirmed", "excused")
    make_attendance(event, carla, "cancelled", cancelled_from="self")
    for person in (ana, beto):
        absent = make_attendance(course, person, outcome="absent")
        SessionMark.objects.create(attendance=absent, session=course.sessions.get(), outcome="absent")

    exported, written = run("export_attendance", None, name=name)
    code, report = run("import_attendance", None, name=name)

    assert (exported, counted(written)) == (0, {"rows": 6, "unchanged": 6})
    assert (code, counted(report), report["errors"]) == (0, {"rows": 6, "unchanged": 6}, [])
    assert run("export_attendance", None, "--user", make_user(role=AUDITOR).username, name=name)[0] == 1
