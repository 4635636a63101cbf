"""A confirmed load is written from its rows: at once, or in chunks that each stand for themselves."""

from datetime import date

import pytest
from django.contrib.auth.models import Permission

from core.roles import BULK_LOADER, HR_MANAGER
from hr.loading import apply, jobs
from hr.loading.kinds import KINDS
from hr.models import Attendance, Employee, Event, ImportJob, ImportRow, Notification, OrgUnit, Position
from hr.paths import ids
from hr.services import imports, outbox
from hr.services.employees import change_employees
from hr.services.employment import suspend_employees, terminate_employees
from hr.services.enrolment import enrol_employees
from tests.factories import make_attendance, make_employee, make_event, make_session, make_unit, make_user
from tests.hr.loading.conftest import HEADER, HIRED, as_csv, person


@pytest.fixture
def hr(db):
    return make_user("hr", role=HR_MANAGER)


@pytest.fixture
def in_chunks(monkeypatch):
    """Loads of more than three rows go in two by two."""
    monkeypatch.setattr(apply, "ONE_TRANSACTION", 3)
    monkeypatch.setattr(apply, "CHUNK", 2)


def upload(rows, actor, kind="employees", **options):
    return imports.upload(KINDS[kind], "people.csv", as_csv(rows), actor=actor, **options)


def people(count, **values):
    return [HEADER, *(person(number, **values) for number in range(1, count + 1))]


def chunk(job, actor):
    """Write the next rows of the load; the step of the last."""
    job.refresh_from_db()
    return apply.apply_next(job.pk, apply.Run(jobs.writer_of(KINDS[job.resource].model)), actor=actor)


def going(job, *, accept_valid=False):
    """Confirmed, with nothing written yet."""
    ImportJob.objects.filter(pk=job.pk).update(
        state="applying", rows_to_do=job.created + job.updated, accept_valid=accept_valid
    )
    job.refresh_from_db()
    return job


def told(job):
    job.refresh_from_db()
    return {name: getattr(job, name) for name in ("state", "created", "updated", "failed", "skipped")}


# --- In chunks -------------------------------------------------------------------------------------------------------
def test_chunks_write_rows_history_and_progress_one_after_the_other(hr, sales, in_chunks):
    job = going(upload(people(5), hr))
    written = []

    while chunk(job, hr) is not None:
        job.refresh_from_db()
        written.append((Employee.objects.count(), Employee.history.count(), job.rows_done, job.state))

    assert written == [(2, 2, 2, "applying"), (4, 4, 4, "applying"), (5, 5, 5, "applying")]
    assert told(job) == {"state": "applied", "created": 5, "updated": 0, "failed": 0, "skipped": 0}
    keys = dict(Employee.objects.values_list("code", "pk"))
    rows = ImportRow.objects.order_by("step").values_list("object_id", "written_version")
    assert list(rows) == [(keys[f"E{number}"], 1) for number in range(1, 6)]
    assert set(Employee.history.values_list("history_job_id", flat=True)) == {job.pk}


def test_bosses_of_other_chunks_and_of_the_same_are_found(hr, sales, in_chunks):
    job = upload([[*HEADER, "Jefe"], *([*person(n), f"E{n // 2}" if n > 1 else ""] for n in range(1, 7))], hr)

    imports.confirm(job.pk, actor=hr)

    bosses = dict(Employee.objects.values_list("code", "reports_to__code"))
    assert bosses == {"E1": None, "E2": "E1", "E3": "E1", "E4": "E2", "E5": "E2", "E6": "E3"}
    assert Employee.history.count() == 6


def test_units_positions_and_codes_are_made_once(hr, in_chunks, settings):
    settings.EMPLOYEE_CODE_PATTERN = "T-###"
    rows = [[*HEADER, "Cargo"], *([*person(n, Código="", Unidad="Norte"), "Piloto"] for n in range(1, 6))]

    job = imports.confirm(upload(rows, hr, create_missing=True).pk, actor=hr)

    assert (OrgUnit.objects.get().name, Position.objects.get().title) == ("Norte", "Piloto")
    codes = [f"T-{number:03}" for number in range(1, 6)]
    assert list(Employee.objects.order_by("code").values_list("code", flat=True)) == codes
    assert [row.after["code"] for row in job.lines.filter(verdict="new").order_by("step")] == codes
    made = job.lines.filter(verdict="made").values_list("label", "object_id", "after")
    assert sorted(made) == [
        ("Norte (NORTE)", OrgUnit.objects.get().pk, {"org_unit": {"create": "Norte"}}),
        ("Piloto", Position.objects.get().pk, {"position": {"create": "Piloto"}}),
    ]


def test_a_row_that_no_longer_fits_becomes_faulty_where_the_valid_rows_are_wanted(hr, sales, in_chunks):
    job = going(upload(people(5), hr), accept_valid=True)
    make_employee(code="E2")

    jobs.run(job.pk)

    assert told(job) == {"state": "partly_applied", "created": 4, "updated": 0, "failed": 1, "skipped": 0}
    row = job.lines.get(verdict="faulty")
    assert (row.number, row.step, row.written_version, row.causes) == (3, None, None, ",0,")
    assert row.cells == person(2)
    assert row.errors == [
        {
            "column": "Código",
            "field": "code",
            "value": "",
            "message": "employee with this code already exists.",
            "cause": "moved",
        }
    ]
    assert job.causes[0]["rows"] == 1


def test_who_was_to_report_to_a_row_that_no_longer_fits_is_faulty_too(hr, sales, in_chunks):
    rows = [[*HEADER, "Jefe"], *([*person(n), "E1" if n > 3 else ""] for n in range(1, 6))]
    job = going(upload(rows, hr), accept_valid=True)
    make_employee(code="E1")

    jobs.run(job.pk)

    assert told(job) == {"state": "partly_applied", "created": 2, "updated": 0, "failed": 3, "skipped": 0}
    messages = job.lines.filter(verdict="faulty").order_by("number").values_list("errors__0__message", flat=True)
    assert list(messages)[1:] == ["Row 2, which this row names, was not written."] * 2


def test_all_or_nothing_takes_its_chunks_back_if_a_row_no_longer_fits(hr, sales, in_chunks):
    job = going(upload(people(5), hr))
    assert chunk(job, hr) == 2
    make_employee(code="E4")

    jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.removed) == ("failed", 2)
    assert "already exists" in job.error
    assert list(Employee.objects.values_list("code", flat=True)) == ["E4"]
    assert [entry.history_type for entry in Employee.history.filter(code="E1")] == ["-", "+"]


def test_at_once_nothing_is_written_if_a_row_no_longer_fits(hr, sales):
    job = going(upload(people(3), hr), accept_valid=True)
    make_employee(code="E2", org_unit=sales)

    jobs.run(job.pk)

    assert told(job) == {"state": "checked", "created": 2, "updated": 1, "failed": 0, "skipped": 0}
    assert "changed since the preview" in job.error
    assert Employee.objects.count() == 1


def test_a_record_that_somebody_changed_meanwhile_is_not_overwritten(hr, sales, in_chunks):
    staff = [make_employee("Ana", code=f"E{number}", org_unit=sales) for number in range(5)]
    job = going(upload([["Código", "Nombres"], *([row.code, "Eva"] for row in staff)], hr), accept_valid=True)
    change_employees({staff[3].pk: {"first_name": "Ada"}}, actor=hr)

    jobs.run(job.pk)

    assert told(job) == {"state": "partly_applied", "created": 0, "updated": 4, "failed": 1, "skipped": 0}
    assert Employee.objects.get(pk=staff[3].pk).first_name == "Ada"
    assert job.lines.get(verdict="faulty").errors[0]["message"] == "It was changed since."


def test_a_boss_who_left_meanwhile_is_not_given_to_anybody(hr, sales):
    boss, worker = make_employee(code="B", org_unit=sales), make_employee(code="W", org_unit=sales)
    job = upload([["Código", "Jefe"], ["W", "B"]], hr)
    terminate_employees([boss.pk], ended_on=date(2026, 1, 1), actor=hr)

    job = imports.confirm(job.pk, actor=hr)

    assert (job.state, job.failed) == ("checked", 1)
    worker.refresh_from_db()
    assert worker.reports_to is None


def test_a_right_that_was_taken_away_stops_the_writing_between_two_chunks(hr, sales, in_chunks):
    job = going(upload(people(5), hr), accept_valid=True)
    chunk(job, hr)
    hr.groups.clear()

    jobs.run(job.pk)

    assert told(job)["state"] == "failed"
    assert not Employee.objects.exists()


def test_statuses_of_a_load_go_by_the_verbs(hr, sales, in_chunks):
    staff = [make_employee(code=f"E{number}", org_unit=sales) for number in range(5)]
    sales.head = staff[0]
    sales.save()
    rows = [["Código", "Estado", "Fecha de egreso"], *([row.code, "egresado", "2026-01-31"] for row in staff)]

    imports.confirm(upload(rows, hr).pk, actor=hr)

    assert set(Employee.objects.values_list("status", "ended_on")) == {("terminated", date(2026, 1, 31))}
    sales.refresh_from_db()
    assert sales.head is None
    assert Notification.objects.count() == 0
    assert outbox.OutboxMessage.objects.filter(kind="employee.left").count() == 5


def test_units_go_in_by_chunks_with_paths_that_follow(hr, db, in_chunks):
    rows = [
        ["Código", "Nombre", "Unidad superior"],
        *([f"U{n}", f"Unidad {n}", f"U{n - 1}" if n else ""] for n in range(5)),
    ]

    job = imports.confirm(upload(rows, hr, kind="units").pk, actor=hr)

    assert job.state == "applied"
    codes = dict(OrgUnit.objects.values_list("pk", "code"))
    assert [codes[key] for key in ids(OrgUnit.objects.get(code="U4").path)] == [f"U{n}" for n in range(5)]


def test_units_that_move_along_with_a_row_of_the_load_are_no_change_of_others(hr, db, in_chunks):
    a, b, c = (make_unit(name, code=name) for name in "ABC")
    d, e = make_unit("D", code="D", parent=c), make_unit("E", code="E", parent=c)
    rows = [
        ["Código", "Nombre", "Unidad superior"],
        ["B", "B", "A"],
        ["C", "C", "B"],
        ["D", "Dos", ""],
        ["E", "Eco", ""],
    ]

    job = imports.confirm(upload(rows, hr, kind="units").pk, actor=hr)

    assert told(job) == {"state": "applied", "created": 0, "updated": 4, "failed": 0, "skipped": 0}
    assert OrgUnit.objects.get(pk=e.pk).path.startswith(OrgUnit.objects.get(pk=a.pk).path)
    assert [OrgUnit.objects.get(pk=row.pk).name for row in (d, e)] == ["Dos", "Eco"]
    assert b.pk


def test_positions_need_nothing_but_plain_columns(hr, db, in_chunks):
    rows = [["Código", "Título"], *([f"P{n}", f"Cargo {n}"] for n in range(5))]

    job = imports.confirm(upload(rows, hr, kind="positions").pk, actor=hr)

    assert (job.state, Position.objects.count(), Position.history.count()) == ("applied", 5, 5)


def test_attendance_goes_in_by_chunks_several_rows_of_a_person_too(sales, in_chunks):
    loader = make_user(role=BULK_LOADER)
    event = make_event(code="V", state="published", capacity=3)
    sessions = [make_session(event, number=number) for number in (1, 2)]
    staff = [make_employee(code=f"E{number}", org_unit=sales) for number in range(3)]
    rows = [["Evento", "Código", "Sesión", "Asistió"],
            *(["V", row.code, str(session.number), "sí"] for session in sessions for row in staff)]  # fmt: skip

    job = imports.confirm(upload(rows, loader, kind="attendance").pk, actor=loader)

    assert (told(job)["state"], told(job)["failed"]) == ("applied", 0)
    assert set(Attendance.objects.values_list("status", "outcome")) == {("registered", "present")}
    event.refresh_from_db()
    assert event.seats_taken == 3


def test_who_is_new_and_fits_is_written_once(hr, sales, in_chunks):
    event = make_event(code="V", state="in_progress")
    for number in range(1, 6):
        make_employee(code=f"E{number}", org_unit=sales)
    entries = (["V", f"E{number}", "confirmada", "sí"] for number in range(1, 6))

    job = imports.confirm(upload([["Evento", "Código", "Estado", "Asistió"], *entries], hr, "attendance").pk, actor=hr)

    assert set(event.attendance.values_list("status", "outcome", "marked_from", "version")) == {
        ("confirmed", "present", "import", 1)
    }
    assert Attendance.history.count() == 5
    keys = dict(Attendance.objects.values_list("employee__code", "pk"))
    rows = job.lines.order_by("step").values_list("object_id", "written_version")
    assert list(rows) == [(keys[f"E{number}"], 1) for number in range(1, 6)]
    event.refresh_from_db()
    assert event.seats_taken == 5


def test_what_became_of_events_and_people_since_the_check_is_told_by_row(hr, sales, in_chunks):
    """One was enrolled by somebody else, one left, one event filled up, one closed: the others go in."""
    fits, filled, closed = (
        make_event(code="F", state="in_progress"),
        make_event(code="L", capacity=1),
        make_event(code="C"),
    )
    Event.objects.update(state="in_progress")
    people = [make_employee(code=f"E{number}", org_unit=sales) for number in range(1, 6)]
    rows = [["Evento", "Código", "Estado", "Asistió"], ["F", "E1", "confirmada", "sí"], ["F", "E2", "", "sí"],
            ["F", "E3", "confirmada", "tarde"], ["L", "E4", "confirmada", "sí"], ["C", "E5", "", "sí"]]  # fmt: skip
    job = going(upload(rows, hr, "attendance"), accept_valid=True)
    enrol_employees(fits.pk, [people[0].pk], actor=hr)
    suspend_employees([people[1].pk], actor=hr)
    enrol_employees(filled.pk, [people[4].pk], actor=hr)
    Event.objects.filter(pk=closed.pk).update(state="closed")

    jobs.run(job.pk)

    assert told(job) == {"state": "partly_applied", "created": 2, "updated": 0, "failed": 3, "skipped": 0}
    assert sorted(fits.attendance.values_list("employee__code", "status", "outcome", "version")) == [
        ("E1", "confirmed", "present", 3), ("E3", "confirmed", "late", 1),
    ]  # fmt: skip
    assert sorted(Event.objects.values_list("code", "seats_taken")) == [("C", 0), ("F", 2), ("L", 1)]
    faults = job.lines.filter(verdict="faulty").order_by("number")
    assert [(row.number, row.errors[0]["message"]) for row in faults] == [
        (3, "Luisa Pérez (E2) is suspended and cannot be enrolled."),
        (5, "The enrolment of Luisa Pérez (E4) is waitlisted and cannot become confirmed."),
        (6, "Inducción (C) is closed: nobody's enrolment changes any more."),
    ]


def test_a_manager_whose_people_were_taken_away_writes_nothing(sales):
    """The right to load files is still his; the load goes back to the preview."""
    head = make_employee(code="J", org_unit=sales)
    sales.head = head
    sales.save()
    event = make_event(code="V", state="in_progress")
    make_attendance(event, head)
    for number in (1, 2):
        make_employee(code=f"E{number}", org_unit=sales)
    user = make_user(employee=head)
    user.user_permissions.set(Permission.objects.filter(codename="import_attendance"))
    rows = [["Evento", "Código", "Asistió"], ["V", "E1", "sí"], ["V", "E2", "sí"]]
    job = going(upload(rows, user, "attendance"))
    assert (job.created, job.failed) == (2, 0)
    sales.head = None
    sales.save()

    jobs.run(job.pk)

    assert told(job) == {"state": "checked", "created": 0, "updated": 0, "failed": 2, "skipped": 0}
    assert list(event.attendance.values_list("employee__code", flat=True)) == ["J"]


def test_seats_that_a_load_frees_go_to_its_own_rows_across_chunks(hr, sales, in_chunks):
    event = make_event(code="V", state="published", capacity=2)
    staff = [make_employee(code=f"E{number}", org_unit=sales) for number in range(6)]
    for row in staff[:2]:
        make_attendance(event, row)
    make_attendance(event, staff[2], status="waitlisted")
    event.seats_taken = 2
    event.save()
    rows = [["Evento", "Código", "Estado"],
            *(["V", row.code, "cancelada"] for row in staff[:2]),
            *(["V", row.code, "registrada"] for row in staff[3:])]  # fmt: skip

    job = imports.confirm(upload(rows, hr, kind="attendance").pk, actor=hr)

    assert told(job)["state"] == "applied"
    statuses = dict(Attendance.objects.values_list("employee__code", "status"))
    assert statuses == {"E0": "cancelled", "E1": "cancelled", "E2": "registered", "E3": "registered",
                        "E4": "waitlisted", "E5": "waitlisted"}  # fmt: skip


# --- Cancelling ------------------------------------------------------------------------------------------------------
def test_cancelling_all_or_nothing_takes_back_what_was_written(hr, sales, in_chunks):
    job = going(upload(people(5), hr))
    chunk(job, hr)

    imports.cancel(job.pk, actor=hr)
    jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.removed, Employee.objects.count()) == ("cancelled", 2, 0)


def test_cancelling_keeps_the_valid_rows_that_were_written(hr, sales, in_chunks):
    job = going(upload([*people(5), person(6, Nombres="")], hr), accept_valid=True)
    chunk(job, hr)

    imports.cancel(job.pk, actor=hr)
    jobs.run(job.pk)

    assert told(job) == {"state": "partly_applied", "created": 2, "updated": 0, "failed": 1, "skipped": 3}
    assert job.rows == 6
    assert Employee.objects.count() == 2


def test_cancelling_before_the_first_chunk_leaves_nothing(hr, sales, in_chunks):
    job = going(upload(people(5), hr), accept_valid=True)

    imports.cancel(job.pk, actor=hr)
    jobs.run(job.pk)

    assert told(job)["state"] == "cancelled"
    assert not Employee.objects.exists()


# --- Progress, and the note at the end -------------------------------------------------------------------------------
def test_progress_tells_rate_and_time_left(hr, sales, in_chunks):
    job = going(upload(people(5), hr))
    assert imports.progress(job) == imports.Progress(0, 5)
    chunk(job, hr)
    job.refresh_from_db()
    ImportJob.objects.filter(pk=job.pk).update(started_at=job.heartbeat_at - apply.timedelta(seconds=4))
    job.refresh_from_db()

    assert imports.progress(job) == imports.Progress(2, 5, 0.5, 6)
    assert imports.progress(job).percent == 40


def test_who_loads_much_is_told_of_the_end(hr, sales, monkeypatch):
    monkeypatch.setattr("hr.loading.notes.AT_ONCE_ROWS", 2)

    for rows in (2, 3):
        imports.confirm(upload(people(rows), hr, again=True).pk, actor=hr)
        Employee.objects.all().delete()
    outbox.expand_due(limit=100)

    about = Notification.objects.filter(message__kind="load.ended", channel="app").values_list("user_id", "about_id")
    assert list(about) == [(hr.pk, ImportJob.objects.latest("pk").pk)]


# --- The same file, and several at once ------------------------------------------------------------------------------
def test_the_same_file_is_refused_with_the_load_it_came_with(hr, sales):
    first = imports.confirm(upload(people(2), hr).pk, actor=hr)

    with pytest.raises(imports.SameFile) as refused:
        upload(people(2), make_user("lola", role=BULK_LOADER))

    assert refused.value.job == first
    assert upload(people(2), hr, again=True).unchanged == 2


def test_of_two_loads_of_one_file_the_second_is_told_of_the_first(hr, sales):
    lola = make_user("lola", role=BULK_LOADER)
    first, second = upload(people(2), hr), upload(people(2), lola)
    imports.confirm(first.pk, actor=hr)

    with pytest.raises(imports.SameFile):
        imports.confirm(second.pk, actor=lola)

    assert (Employee.objects.count(), Employee.history.count()) == (2, 2)
    assert imports.recheck(second.pk, actor=lola).unchanged == 2


def test_a_file_that_was_not_written_may_be_loaded_again(hr, sales):
    upload(people(2), hr)

    assert upload(people(2), hr).state == "checked"


# --- Who is missing --------------------------------------------------------------------------------------------------
@pytest.fixture
def roster(hr, sales):
    """A load that names E1, and is in; E2 and E3 are missing from it."""
    staff = [make_employee(code=f"E{n}", org_unit=sales, hired_on=HIRED) for n in (1, 2, 3)]
    job = imports.confirm(upload([["Código", "Nombres"], ["E1", "Eva"]], hr).pk, actor=hr)
    job.full_roster = True
    job.save()
    for row in staff[1:]:
        ImportRow.objects.create(job=job, verdict="missing", label=str(row), object_id=row.pk, read_version=row.version)
    return job


def statuses():
    return dict(Employee.objects.order_by("code").values_list("code", "status"))


def test_who_is_missing_is_ended_as_a_step_of_its_own(roster, hr):
    job = imports.end_missing(roster.pk, actor=hr, action="terminate", ended_on=date(2026, 2, 28))

    assert told(job) == {"state": "applied", "created": 0, "updated": 1, "failed": 0, "skipped": 0}
    assert statuses() == {"E1": "active", "E2": "terminated", "E3": "terminated"}
    assert Employee.objects.get(code="E2").ended_on == date(2026, 2, 28)
    with pytest.raises(imports.DomainError, match="Nobody is missing"):
        imports.end_missing(roster.pk, actor=hr, action="suspend")


def test_who_changed_since_the_check_is_not_ended_and_named(roster, hr):
    suspend_employees([Employee.objects.get(code="E3").pk], actor=hr)

    imports.end_missing(roster.pk, actor=hr, action="terminate", ended_on=date(2026, 2, 28))

    assert statuses() == {"E1": "active", "E2": "terminated", "E3": "suspended"}
    kept = roster.lines.get(verdict="missing", written_version=None)
    assert kept.errors[0]["message"] == "It was changed since."


def test_so_many_terminations_need_a_second_person(roster, hr, settings):
    settings.LOAD_APPROVAL_TERMINATIONS = 1

    with pytest.raises(imports.DomainError, match="second person"):
        imports.end_missing(roster.pk, actor=hr, action="terminate", ended_on=date(2026, 2, 28))

    assert set(statuses().values()) == {"active"}
    assert imports.end_missing(roster.pk, actor=hr, action="suspend").state == "applied"


def test_the_end_of_who_was_missing_is_undone_with_the_load(roster, hr):
    imports.end_missing(roster.pk, actor=hr, action="terminate", ended_on=date(2026, 2, 28))

    job = imports.undo(roster.pk, actor=hr)

    assert (job.state, job.restored) == ("undone", 3)
    assert statuses() == {"E1": "active", "E2": "active", "E3": "active"}
    assert Employee.objects.get(code="E2").ended_on is None
