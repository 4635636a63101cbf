"""A load is taken back: what it created goes, what it changed is restored, what changed since stays and is named."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from core.errors import DomainError, InvalidTransition, NotFound
from core.roles import AUDITOR, BULK_LOADER, HR_MANAGER, MANAGER
from hr.loading import apply, jobs, undo
from hr.loading.kinds import KINDS
from hr.loading.undo import Kept
from hr.models import Attendance, Employee, ImportJob, ImportRow, OrgUnit, Position
from hr.services import accounts, imports
from hr.services.employees import change_employees
from hr.services.employment import rehire_employees, terminate_employees
from hr.services.enrolment import enrol_employees
from hr.services.marks import mark_attendance
from tests.factories import (
    make_attendance,
    make_employee,
    make_event,
    make_position,
    make_session,
    make_unit,
    make_user,
)
from tests.hr.loading.conftest import HEADER, HIRED, as_csv, person


@pytest.fixture
def hr(db):
    return make_user("hr", role=HR_MANAGER)


@pytest.fixture
def in_chunks(monkeypatch):
    monkeypatch.setattr(apply, "ONE_TRANSACTION", 3)
    monkeypatch.setattr(apply, "CHUNK", 2)
    monkeypatch.setattr(undo, "CHUNK", 2)


def load(rows, actor, kind="employees", **options):
    job = imports.upload(KINDS[kind], "people.csv", as_csv(rows), actor=actor, **options)
    job = imports.confirm(job.pk, actor=actor, accept_valid=True)
    assert job.state in ("applied", "partly_applied")
    return job


def people(*numbers, **values):
    return [HEADER, *(person(number, **values) for number in numbers)]


def counts(told):
    return (told.removed, told.restored, told.kept)


def codes():
    return list(Employee.objects.order_by("code").values_list("code", flat=True))


# --- People ----------------------------------------------------------------------------------------------------------
def test_people_of_a_load_go_and_who_it_changed_is_as_before(hr, sales, in_chunks):
    north = make_unit("Norte", code="NOR")
    known = make_employee("Eva", "Gil", code="E9", org_unit=north, hired_on=HIRED, work_phone="+582125551234")
    job = load([[*HEADER, "Jefe"], *([*person(n), "E1" if n > 1 else ""] for n in (1, 2, 3, 9))], hr)

    assert counts(imports.undo_preview(job.pk, actor=hr)) == (3, 1, 0)
    job = imports.undo(job.pk, actor=hr)

    assert (job.state, *counts(job)) == ("undone", 3, 1, 0)
    assert codes() == ["E9"]
    known.refresh_from_db()
    assert (known.full_name, known.org_unit, known.reports_to, known.work_email) == ("Eva Gil", north, None, None)
    assert (known.work_phone, known.version, known.search_text) == ("+582125551234", 3, "gil eva e9")
    assert (job.undone_by_id, job.undone_by_name) == (hr.pk, str(hr))
    assert job.undone_at


def test_an_undo_is_in_the_history_of_what_it_touches(hr, sales):
    make_employee("Eva", "Gil", code="E9", org_unit=sales)
    job = load(people(1, 9), hr)

    imports.undo(job.pk, actor=hr)

    for code, kind in (("E1", "-"), ("E9", "~")):
        entry = Employee.history.filter(code=code).latest("history_id")
        told = (entry.history_type, entry.history_user_id, entry.history_job_id, entry.history_change_reason)
        assert told == (kind, hr.pk, job.pk, f"Undo of load {job.pk}")


def test_whoever_changed_since_is_kept_and_named(hr, sales):
    known = make_employee("Eva", "Gil", code="E9", org_unit=sales)
    job = load(people(1, 2, 9), hr)
    new = Employee.objects.get(code="E1")
    change_employees({new.pk: {"first_name": "Ada"}, known.pk: {"first_name": "Ida"}}, actor=hr)
    changed = "It was changed since."

    preview = imports.undo_preview(job.pk, actor=hr)
    job = imports.undo(job.pk, actor=hr)

    assert counts(preview) == counts(job) == (1, 0, 2)
    assert (
        preview.rows
        == undo.kept_rows(job, user=hr)
        == [
            Kept(2, "Ana Pérez 1 (E1)", changed),
            Kept(4, "Ana Pérez 9 (E9)", changed),
        ]
    )
    assert job.state == "partly_undone"
    assert dict(Employee.objects.values_list("code", "first_name")) == {"E1": "Ada", "E9": "Ida"}


def reason(job):
    return list(job.lines.filter(undone="kept").order_by("number").values_list("number", "kept_because"))


def test_whoever_somebody_refers_to_since_is_kept(hr, sales):
    job = load(people(1, 2, 3, 4, 5, 6), hr)
    boss, enrolled, invited, user, head, _free = Employee.objects.order_by("code")
    make_employee(code="N", reports_to=boss)
    enrol_employees(make_event(state="published").pk, [enrolled.pk], actor=hr)
    accounts.invite_employees([invited.pk], actor=hr)
    make_user(employee=user)
    OrgUnit.objects.filter(pk=sales.pk).update(head=head)

    preview = imports.undo_preview(job.pk, actor=hr)
    job = imports.undo(job.pk, actor=hr)

    assert counts(preview) == counts(job) == (1, 0, 5)
    assert reason(job) == [
        (2, "It is in use: employees."),
        (3, "It is in use: attendance."),
        (4, "The person was invited to log in."),
        (5, "The person has an account."),
        (6, "It is in use: units."),
    ]


def test_the_boss_of_somebody_who_is_kept_is_kept_too(hr, sales, in_chunks):
    job = load([[*HEADER, "Jefe"], *([*person(n), f"E{n - 1}" if n > 1 else ""] for n in range(1, 6))], hr)
    make_user(employee=Employee.objects.get(code="E3"))

    preview = imports.undo_preview(job.pk, actor=hr)
    job = imports.undo(job.pk, actor=hr)

    assert counts(preview) == counts(job) == (2, 0, 3)
    assert codes() == ["E1", "E2", "E3"]


def test_statuses_are_set_back_with_their_dates(hr, sales):
    day = date(2026, 1, 31)
    make_employee(code="A", org_unit=sales)
    make_employee(code="S", org_unit=sales, status="suspended")
    make_employee(code="T", org_unit=sales, status="terminated", ended_on=date(2025, 5, 5))
    before = list(Employee.objects.order_by("code").values_list("code", "status", "ended_on"))
    rows = [["Código", "Estado", "Fecha de egreso"], ["A", "egresado", day.isoformat()],
            ["S", "egresado", day.isoformat()], ["T", "activo", ""]]  # fmt: skip
    job = load(rows, hr)
    assert list(Employee.objects.order_by("code").values_list("status", flat=True)) == [
        "terminated", "terminated", "active",
    ]  # fmt: skip

    job = imports.undo(job.pk, actor=hr)

    assert (job.state, reason(job)) == ("undone", [])
    assert list(Employee.objects.order_by("code").values_list("code", "status", "ended_on")) == before


def test_what_cannot_be_restored_is_kept_and_the_rest_is(hr, sales):
    boss = make_employee(code="B", org_unit=sales)
    make_employee(code="W", org_unit=sales, reports_to=boss)
    make_employee(code="X", org_unit=sales, first_name="Xio")
    job = load([["Código", "Jefe", "Nombres"], ["W", "X", ""], ["X", "", "Xu"]], hr)
    terminate_employees([boss.pk], ended_on=date(2026, 1, 1), actor=hr)

    job = imports.undo(job.pk, actor=hr)

    assert counts(job) == (0, 1, 1)
    assert [text.endswith("no longer works here.") for _number, text in reason(job)] == [True]
    assert Employee.objects.get(code="X").first_name == "Xio"


# --- Units, positions ------------------------------------------------------------------------------------------------
def test_units_and_positions_created_with_the_rows_go_if_nobody_uses_them(hr, db, in_chunks):
    rows = [[*HEADER, "Cargo"], [*person(1, Unidad="Norte"), "Piloto"], [*person(2, Unidad="Sur"), "Cajero"]]
    job = load(rows, hr, create_missing=True)
    make_employee(code="N", org_unit=OrgUnit.objects.get(name="Sur"))

    preview = imports.undo_preview(job.pk, actor=hr)
    job = imports.undo(job.pk, actor=hr)

    assert counts(preview) == counts(job) == (2, 0, 1)
    assert list(OrgUnit.objects.values_list("name", flat=True)) == ["Sur"]
    assert not Position.objects.exists()
    assert reason(job) == [(None, "It is in use: employees.")]


def test_units_of_a_load_go_and_move_back(hr, db, in_chunks):
    a, b = make_unit("A", code="A"), make_unit("B", code="B")
    below = make_unit("C", code="C", parent=b)
    rows = [["Código", "Nombre", "Unidad superior"], ["B", "Be", "A"], ["D", "D", "C"], ["E", "E", "D"], ["F", "F", ""]]
    paths = dict(OrgUnit.objects.values_list("code", "path"))
    job = load(rows, hr, kind="units")
    make_employee(org_unit=OrgUnit.objects.get(code="F"))

    preview = imports.undo_preview(job.pk, actor=hr)
    job = imports.undo(job.pk, actor=hr)

    assert counts(preview) == counts(job) == (2, 1, 1)
    left = dict(OrgUnit.objects.exclude(code="F").values_list("code", "path"))
    assert {code: left[code] for code in paths} == paths
    b.refresh_from_db()
    assert (b.name, b.parent) == ("B", None)
    assert a.pk
    assert below.pk


def test_positions_of_a_load_go_and_are_renamed_back(hr, db):
    make_position("Analista", code="A")
    job = load([["Código", "Título"], ["A", "Otro"], ["B", "Beta"]], hr, kind="positions")

    job = imports.undo(job.pk, actor=hr)

    assert (job.state, *counts(job)) == ("undone", 1, 1, 0)
    assert list(Position.objects.values_list("code", "title")) == [("A", "Analista")]


# --- Attendance ------------------------------------------------------------------------------------------------------
def enrolled(event):
    return dict(event.attendance.order_by("employee__code").values_list("employee__code", "status"))


def test_enrolments_of_a_load_end_and_outcomes_are_set_back(hr, sales, in_chunks):
    event = make_event(code="V", state="published", capacity=4)
    staff = [make_employee(code=f"E{n}", org_unit=sales) for n in range(5)]
    make_attendance(event, staff[0], outcome="absent")
    make_attendance(event, staff[1], status="confirmed")
    make_attendance(event, staff[2], status="cancelled", cancelled_from="manager")
    event.seats_taken = 2
    event.save()
    rows = [["Evento", "Código", "Estado", "Asistió"], ["V", "E0", "", "sí"], ["V", "E1", "cancelada", ""],
            ["V", "E2", "registrada", ""], ["V", "E3", "confirmada", "sí"], ["V", "E4", "", ""]]  # fmt: skip
    job = load(rows, hr, kind="attendance")

    preview = imports.undo_preview(job.pk, actor=hr)
    job = imports.undo(job.pk, actor=hr)

    assert counts(preview) == counts(job) == (2, 3, 0)
    assert enrolled(event) == {"E0": "registered", "E1": "confirmed", "E2": "cancelled", "E3": "cancelled",
                               "E4": "cancelled"}  # fmt: skip
    assert set(event.attendance.values_list("employee__code", "outcome")) == {
        ("E0", "absent"), *((f"E{n}", "pending") for n in range(1, 5)),
    }  # fmt: skip
    event.refresh_from_db()
    assert event.seats_taken == 2


def test_a_new_enrolment_that_somebody_marked_since_is_kept(hr, sales):
    event = make_event(code="V", state="in_progress")
    for number in (1, 2):
        make_employee(code=f"E{number}", org_unit=sales)
    job = load([["Evento", "Código", "Asistió"], ["V", "E1", "sí"], ["V", "E2", "sí"]], hr, kind="attendance")
    mark_attendance({event.attendance.get(employee__code="E1").pk: "late"}, actor=hr)

    preview = imports.undo_preview(job.pk, actor=hr)
    job = imports.undo(job.pk, actor=hr)

    assert counts(preview) == counts(job) == (1, 0, 1)
    assert reason(job) == [(2, "It was changed since.")]
    assert enrolled(event) == {"E1": "registered", "E2": "cancelled"}


def test_sessions_of_a_course_are_taken_back_with_the_enrolment(hr, sales, in_chunks):
    event = make_event(code="V", state="in_progress")
    sessions = [make_session(event, number=number) for number in (1, 2)]
    new, known = (make_employee(code=code, org_unit=sales) for code in ("E1", "E2"))
    make_attendance(event, known)
    rows = [["Evento", "Código", "Sesión", "Asistió"],
            *(["V", row.code, str(each.number), "sí"] for each in sessions for row in (new, known))]  # fmt: skip
    job = load(rows, hr, kind="attendance")
    assert set(Attendance.objects.values_list("outcome", flat=True)) == {"present"}

    job = imports.undo(job.pk, actor=hr)

    assert (job.state, reason(job)) == ("undone", [])
    assert enrolled(event) == {"E1": "cancelled", "E2": "registered"}
    assert set(Attendance.objects.values_list("outcome", flat=True)) == {"pending"}


def test_what_the_verbs_do_not_take_back_is_kept(hr, sales):
    event, closed = make_event(code="V", state="published"), make_event(code="C", state="completed")
    row = make_employee(code="E1", org_unit=sales)
    make_attendance(event, row)
    make_attendance(closed, row)
    job = load([["Evento", "Código", "Estado", "Asistió"], ["V", "E1", "confirmada", ""], ["C", "E1", "", "sí"]], hr,
               kind="attendance")  # fmt: skip
    type(closed).objects.filter(pk=closed.pk).update(state="closed")

    preview = imports.undo_preview(job.pk, actor=hr)
    job = imports.undo(job.pk, actor=hr)

    assert counts(preview) == counts(job) == (0, 0, 2)
    assert reason(job) == [(2, "Nobody's confirmation is taken back."), (3, "Its event is closed.")]


# --- When, and by whom -----------------------------------------------------------------------------------------------
def test_a_load_is_undone_once_and_within_thirty_days(hr, sales):
    job = load(people(1), hr)
    late = load(people(2), hr)
    imports.undo(job.pk, actor=hr)
    ImportJob.objects.filter(pk=late.pk).update(undo_until=timezone.now() - timedelta(seconds=1))

    with pytest.raises(InvalidTransition):
        imports.undo(job.pk, actor=hr)
    for ask in (imports.undo, imports.undo_preview):
        with pytest.raises(DomainError, match="thirty days"):
            ask(late.pk, actor=hr)


def test_a_load_that_is_not_in_is_not_undone(hr, sales):
    job = imports.upload(KINDS["employees"], "p.csv", as_csv(people(1)), actor=hr)

    with pytest.raises(InvalidTransition):
        imports.undo(job.pk, actor=hr)


def test_others_undo_a_load_only_where_they_could_have_approved_it(hr, sales):
    lola, other = make_user("lola", role=BULK_LOADER), make_user("otto", role=BULK_LOADER)
    job = load(people(1), lola)

    for user in (other, make_user(role=MANAGER), make_user(role=AUDITOR)):
        for ask in (imports.undo, imports.undo_preview):
            with pytest.raises(NotFound):
                ask(job.pk, actor=user)

    assert imports.undo(job.pk, actor=hr).state == "undone"


def test_a_user_who_lost_the_right_stops_undoing(hr, sales, in_chunks):
    job = load(people(1, 2, 3, 4, 5), hr)
    imports.to_undoing(job.pk, actor=hr)
    hr.groups.clear()

    jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.state, Employee.objects.count()) == ("partly_undone", 5)
    assert job.error


def test_an_undo_goes_on_where_it_was(hr, sales, in_chunks):
    job = load(people(1, 2, 3, 4, 5), hr)
    imports.to_undoing(job.pk, actor=hr)

    assert undo.undo_next(job.pk, actor=hr)
    job.refresh_from_db()
    assert (Employee.objects.count(), job.rows_done, job.rows_to_do) == (3, 2, 5)
    jobs.run(job.pk)
    jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.removed, Employee.objects.count()) == ("undone", 5, 0)
    assert Employee.history.filter(history_type="-").count() == 5


def test_a_load_that_was_undone_can_be_loaded_again(hr, sales):
    imports.undo(load(people(1), hr).pk, actor=hr)

    assert load(people(1), hr).created == 1


def test_rows_that_can_no_longer_be_undone_go(hr, sales):
    job, recent = load(people(1), hr), load(people(2), hr)
    ImportJob.objects.filter(pk=job.pk).update(undo_until=timezone.now() - timedelta(seconds=1))

    jobs.clean_up()

    assert list(ImportRow.objects.values_list("job", flat=True)) == [recent.pk]
    job.refresh_from_db()
    assert job.file is not None


def test_rehired_since_is_a_change_of_somebody_else(hr, sales):
    make_employee(code="A", org_unit=sales)
    job = load([["Código", "Estado", "Fecha de egreso"], ["A", "egresado", "2026-01-31"]], hr)
    rehire_employees([Employee.objects.get(code="A").pk], hired_on=date(2026, 2, 1), actor=hr)

    assert counts(imports.undo(job.pk, actor=hr)) == (0, 0, 1)
