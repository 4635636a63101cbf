"""Loads through the pages' services: preview, confirm, cancel, other processes, clean-up."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError, connections
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from core.errors import DomainError, InvalidTransition, NotAllowed, NotFound
from core.roles import AUDITOR, BULK_LOADER, HR_MANAGER
from hr.loading import jobs
from hr.loading.check_employees import EmployeeCheck
from hr.loading.errors import UnusableFile
from hr.loading.kinds import KINDS
from hr.models import Employee, ImportJob, ImportRow, OrgUnit, StoredFile
from hr.services import imports
from hr.services.employees import change_employees
from tests.factories import make_employee, make_unit, make_user
from tests.hr.loading.conftest import HEADER, as_csv, load, person

PEOPLE = KINDS["employees"]


@pytest.fixture
def hr(db):
    return make_user("hr", role=HR_MANAGER)


def upload(rows, actor, **options):
    return imports.upload(PEOPLE, "people.csv", as_csv(rows), actor=actor, **options)


# --- The way in --------------------------------------------------------------------------------------------------
def test_an_upload_is_previewed_and_written_only_when_confirmed(hr, sales):
    job = upload([HEADER, person(1), person(2, Nombres="")], hr)

    assert (job.state, job.rows, job.created, job.failed) == ("checked", 2, 1, 1)
    assert [(row.number, row.verdict) for row in job.lines.all()] == [(2, "new"), (3, "faulty")]
    assert not Employee.objects.exists()

    job = imports.confirm(job.pk, actor=hr, accept_valid=True)

    assert (job.state, job.created, job.failed) == ("partly_applied", 1, 1)
    ana = Employee.objects.get()
    assert job.lines.get(verdict="new").object_id == ana.pk
    entry = ana.history.get()
    assert (entry.history_user_id, entry.history_source, entry.history_job_id) == (hr.pk, "import", job.pk)


def test_faulty_rows_must_be_accepted_to_write_the_rest(hr, sales):
    job = upload([HEADER, person(1), person(2, Nombres="")], hr)

    with pytest.raises(DomainError, match="1"):
        imports.confirm(job.pk, actor=hr)

    job.refresh_from_db()
    assert (job.state, Employee.objects.count()) == ("checked", 0)


def test_one_tick_has_unknown_units_created(hr, db):
    job = upload([HEADER, person(1, Unidad="Norte")], hr)
    assert (job.failed, job.missing) == (1, {"org_unit": {"Norte": 1}})

    job = imports.recheck(job.pk, actor=hr, create_missing=True)
    assert (job.failed, job.created) == (0, 1)

    imports.confirm(job.pk, actor=hr)
    assert OrgUnit.objects.get().name == "Norte"


def test_a_file_that_is_no_table_is_refused_and_not_kept(hr):
    with pytest.raises(UnusableFile):
        imports.upload(PEOPLE, "photo.csv", b"\x89PNG\x00\x01", actor=hr)

    assert not StoredFile.objects.exists()


def test_messages_are_in_the_language_of_the_user(sales):
    texts = {}
    for language in ("es", "en"):
        user = make_user(role=HR_MANAGER, language=language)
        job = upload([HEADER, person(1, **{"Fecha de ingreso": "soon"})], user)
        texts[language] = job.lines.get().errors[0]["message"]

    assert "is not a date" in texts["en"]
    assert texts["es"] != texts["en"]


# --- Exactly what was previewed ----------------------------------------------------------------------------------
def test_if_the_data_moved_it_goes_back_to_the_preview(hr, sales):
    ana = make_employee("Ana", code="E1")
    job = upload([["Código", "Nombres"], ["E1", "Eva"]], hr)
    change_employees({ana.pk: {"first_name": "Ada"}}, actor=hr)

    job = imports.confirm(job.pk, actor=hr)

    assert job.state == "checked"
    assert job.error
    assert job.lines.get().before == {"first_name": "Ada"}
    assert Employee.objects.get(pk=ana.pk).first_name == "Ada"

    assert imports.confirm(job.pk, actor=hr).state == "applied"
    assert Employee.objects.get(pk=ana.pk).first_name == "Eva"


def test_confirming_twice_writes_once(hr, sales):
    job = upload([HEADER, person(1)], hr)
    imports.confirm(job.pk, actor=hr)

    with pytest.raises(InvalidTransition):
        imports.confirm(job.pk, actor=hr)
    jobs.run(job.pk)

    assert Employee.objects.get().history.count() == 1


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_two_processes_on_one_load_write_it_once():
    hr = make_user(role=HR_MANAGER)
    make_unit("Ventas")
    job = upload([HEADER, *(person(number) for number in range(1, 30))], hr)
    ImportJob.objects.filter(pk=job.pk).update(state="applying")

    def work():
        try:
            jobs.run(job.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    job.refresh_from_db()
    assert job.state == "applied"
    assert Employee.objects.count() == 29
    assert Employee.history.count() == 29


def test_a_file_that_is_gone_cannot_be_checked(hr, sales):
    job = upload([HEADER, person(1)], hr)
    ImportJob.objects.filter(pk=job.pk).update(state="mapped", file=None)

    jobs.run(job.pk)

    job.refresh_from_db()
    assert job.state == "failed"
    assert job.error
    assert not Employee.objects.exists()


# --- Whose it is -------------------------------------------------------------------------------------------------
def test_without_the_right_nothing_is_stored(sales):
    auditor = make_user(role=AUDITOR)

    with pytest.raises(NotAllowed):
        upload([HEADER, person(1)], auditor)

    assert (ImportJob.objects.count(), StoredFile.objects.count()) == (0, 0)


def test_a_load_belongs_to_its_user(hr, sales):
    job = upload([HEADER, person(1)], hr)
    other = make_user(role=BULK_LOADER)

    for act in (imports.confirm, imports.cancel):
        with pytest.raises(NotFound):
            act(job.pk, actor=other)
    with pytest.raises(NotFound):
        imports.recheck(job.pk, actor=other, create_missing=True)

    job.refresh_from_db()
    assert job.state == "checked"


def test_a_right_that_was_taken_away_stops_the_writing(hr, sales):
    job = upload([HEADER, person(1)], hr)
    ImportJob.objects.filter(pk=job.pk).update(state="applying")
    hr.groups.clear()

    jobs.run(job.pk)

    job.refresh_from_db()
    assert job.state == "failed"
    assert not Employee.objects.exists()


# --- Cancelling and cleaning up ----------------------------------------------------------------------------------
def test_a_cancelled_load_goes_with_its_file_and_rows(hr, sales):
    job = imports.cancel(upload([HEADER, person(1)], hr).pk, actor=hr)

    assert job.state == "cancelled"
    assert (StoredFile.objects.count(), ImportRow.objects.count()) == (0, 0)


def test_an_upload_never_written_goes_after_a_day(hr, sales):
    job = upload([HEADER, person(1)], hr)
    kept = upload([HEADER, person(2)], hr)
    StoredFile.objects.filter(pk=job.file_id).update(expires_at=timezone.now() - timedelta(seconds=1))

    assert jobs.clean_up() == 1

    job.refresh_from_db()
    assert (job.state, job.file, job.lines.count()) == ("cancelled", None, 0)
    assert list(StoredFile.objects.all()) == [kept.file]
    assert kept.file.expires_at - timezone.now() < timedelta(days=1)


def test_a_written_load_keeps_its_rows_for_a_month(hr, sales):
    job = upload([HEADER, person(1)], hr)
    imports.confirm(job.pk, actor=hr)
    job.refresh_from_db()

    assert job.file.expires_at - timezone.now() > timedelta(days=29)


def test_rows_of_an_old_load_go_also_where_a_command_wrote_them(sales):
    load([HEADER, person(1)])
    load([HEADER, person(2)])
    old, recent = ImportJob.objects.order_by("pk")
    ImportJob.objects.filter(pk=old.pk).update(undo_until=timezone.now() - timedelta(days=1))

    jobs.clean_up()

    assert (old.lines.count(), recent.lines.count()) == (0, 1)


# --- Large files -------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_a_large_file_waits_for_the_worker(monkeypatch):
    hr = make_user(role=HR_MANAGER)
    make_unit("Ventas")
    monkeypatch.setattr(imports, "AT_ONCE_ROWS", 2)

    job = upload([HEADER, *(person(number) for number in range(1, 5))], hr)

    assert job.state == "uploaded"
    assert DBTaskResult.objects.get().args_kwargs["args"] == [job.pk]

    jobs.run(job.pk)
    assert imports.confirm(job.pk, actor=hr).state == "applying"
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.created) == ("applied", 4)


@pytest.mark.django_db(transaction=True)
def test_a_load_whose_process_died_is_woken():
    hr = make_user(role=HR_MANAGER)
    long_ago = timezone.now() - timedelta(minutes=10)
    stalled = ImportJob.objects.create(
        resource="employees", file_name="a.csv", state="applying", heartbeat_at=long_ago, created_by_id=hr.pk
    )
    ImportJob.objects.create(resource="employees", file_name="b.csv", state="applying", heartbeat_at=timezone.now())
    ImportJob.objects.create(resource="employees", file_name="c.csv", state="checked", heartbeat_at=long_ago)

    assert jobs.wake_stalled() == 1

    assert [task.args_kwargs["args"] for task in DBTaskResult.objects.all()] == [[stalled.pk]]
    assert jobs.wake_stalled() == 0


# --- What only the loader knows -------------------------------------------------------------------------------------
AMBIGUOUS = [["Código", "Fecha de ingreso"], ["E1", "03/04/2024"]]


def test_a_file_with_a_question_waits_for_its_loader_who_is_not_asked_again(hr, sales):
    make_employee("Ana", code="E1", org_unit=sales)

    job = upload(AMBIGUOUS, hr)
    assert (job.state, [each["code"] for each in job.reading["questions"]]) == ("uploaded", ["date_order"])
    assert (job.rows, job.heartbeat_at, job.lines.count()) == (1, None, 0)
    jobs.run(job.pk)
    with pytest.raises(InvalidTransition):
        imports.confirm(job.pk, actor=hr)

    job = imports.map_columns(job.pk, actor=hr, options={"date_order": "mdy"})

    assert (job.state, job.lines.get().after) == ("checked", {"hired_on": "2024-03-04"})
    assert upload(AMBIGUOUS, hr, again=True).lines.get().after == {"hired_on": "2024-03-04"}


def test_a_question_that_was_not_answered_is_asked_again(hr, sales):
    job = upload(AMBIGUOUS, hr)

    job = imports.map_columns(job.pk, actor=hr, options={})

    assert (job.state, len(job.reading["questions"])) == ("uploaded", 1)
    assert imports.cancel(job.pk, actor=hr).state == "cancelled"


def test_columns_are_mapped_anew_also_after_the_check_and_remembered(hr, sales):
    rows = [["Código", "Alias"], ["E1", "Eva"]]
    make_employee("Ana", code="E1", org_unit=sales)
    job = upload(rows, hr)
    job = job if job.state == "checked" else imports.map_columns(job.pk, actor=hr, options={})
    assert (job.state, job.updated) == ("checked", 0)

    job = imports.map_columns(job.pk, actor=hr, options={"columns": {"1": "first_name"}})

    assert (job.state, job.lines.get().after) == ("checked", {"first_name": "Eva"})
    assert upload([*rows[:1], ["E1", "Ada"]], hr).lines.get().after == {"first_name": "Ada"}


def test_one_fix_goes_for_all_rows_of_a_group(hr, sales):
    job = upload([HEADER, person(1, Unidad="Bentas"), person(2, Unidad="bentas"), person(3)], hr)
    assert (job.failed, [group["rows"] for group in job.causes]) == (2, [2])

    job = imports.fix_cause(job.pk, actor=hr, index=0, value="Ventas")

    assert (job.failed, job.created, job.causes) == (0, 3, [])
    with pytest.raises(NotFound):
        imports.fix_cause(job.pk, actor=hr, index=0, value="Ventas")


def test_only_what_the_mode_says_is_written(hr, sales):
    make_employee("Ana", code="E1", org_unit=sales)
    rows = [HEADER, person(1), person(2)]

    job = upload(rows, hr, mode="create")
    assert (job.created, job.updated, job.skipped) == (1, 0, 1)
    job = imports.recheck(job.pk, actor=hr, mode="update")
    assert (job.created, job.updated, job.skipped) == (0, 1, 1)

    imports.confirm(job.pk, actor=hr)
    assert list(Employee.objects.values_list("code", "last_name")) == [("E1", "Pérez 1")]


def test_a_full_roster_names_those_who_are_missing(hr, sales):
    gone = make_employee("Eva", code="E9", org_unit=sales)
    make_employee(code="E8", org_unit=sales, status="terminated", ended_on="2024-01-01")

    job = upload([HEADER, person(1)], hr, full_roster=True)
    job = imports.confirm(job.pk, actor=hr)

    missing = job.lines.filter(verdict="missing").values_list("object_id", "number", "step", "read_version")
    assert list(missing) == [(gone.pk, None, None, 1)]
    assert imports.end_missing(job.pk, actor=hr, action="suspend").state == "applied"
    gone.refresh_from_db()
    assert gone.status == "suspended"


# --- Long checks ----------------------------------------------------------------------------------------------------
MANY = 600
PROGRESS = 'SET "rows_done" ='


@pytest.fixture
def long_check(monkeypatch):
    """A load of many rows, about to be checked a hundred at a time; every note of its progress is written."""
    monkeypatch.setattr(EmployeeCheck, "block", 100)
    monkeypatch.setattr(jobs, "BEAT_SECONDS", 0)
    monkeypatch.setattr(jobs, "STORED_AT_ONCE", 150)

    def prepared():
        make_unit("Ventas")
        job = upload([HEADER, *(person(number) for number in range(1, MANY + 1))], make_user("hr", role=HR_MANAGER))
        assert job.state == "uploaded"
        return job

    return prepared


@contextmanager
def meanwhile(part_of_sql, do):
    """Call `do` before each statement on the business database that has this in it."""
    inside = False

    def wrapper(execute, sql, params, many, context):
        nonlocal inside
        if part_of_sql in sql.replace("`", '"') and not inside:
            inside = True
            try:
                do(params)
            finally:
                inside = False
        return execute(sql, params, many, context)

    with connections["business"].execute_wrapper(wrapper):
        yield


def test_a_long_check_notes_how_far_it_is(db, long_check):
    job, done = long_check(), []

    with meanwhile(PROGRESS, lambda params: done.append(params[0])):
        jobs.run(job.pk)

    assert done == [0, 100, 200, 300, 400, 500, 600]
    job.refresh_from_db()
    assert (job.state, job.lines.count()) == ("checked", MANY)
    assert imports.progress(job) == imports.Progress(0, 0)


def test_progress_is_noted_about_once_a_second(db, long_check, monkeypatch):
    monkeypatch.setattr(jobs, "BEAT_SECONDS", 60)
    job, done = long_check(), []

    with meanwhile(PROGRESS, lambda params: done.append(params[0])):
        jobs.run(job.pk)

    assert done == [0, MANY]


def test_a_check_that_is_cancelled_stops_and_leaves_nothing(db, long_check):
    job, done = long_check(), []

    def cancel_after_200(params):
        done.append(params[0])
        if params[0] == 200:
            imports.cancel(job.pk, actor=get_user_model().objects.get())

    with meanwhile(PROGRESS, cancel_after_200):
        jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.error, job.lines.count(), done[-1]) == ("cancelled", "", 0, 200)


@pytest.mark.django_db(transaction=True)
def test_a_note_of_progress_may_fail_for_a_lock(long_check):
    job = long_check()

    def locked(params):
        raise OperationalError("database is locked")

    with meanwhile(PROGRESS, locked):
        jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.lines.count()) == ("checked", MANY)


@pytest.mark.django_db(transaction=True)
def test_a_check_killed_while_its_rows_are_stored_starts_over(long_check):
    job, stored = long_check(), []

    def die(params):
        stored.append(ImportRow.objects.filter(job=job).count())
        if len(stored) == 3:
            raise SystemExit

    with pytest.raises(SystemExit), meanwhile('INSERT INTO "hr_importrow"', die):
        jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, stored, job.lines.count()) == ("mapped", [0, 150, 300], 300)

    ImportJob.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=4))
    assert jobs.wake_stalled() == 1
    jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.created) == ("checked", MANY)
    assert sorted(job.lines.values_list("number", flat=True)) == list(range(2, MANY + 2))


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_several_processes_that_check_one_load_store_its_rows_once(long_check):
    job = long_check()

    def work():
        try:
            jobs.run(job.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    job.refresh_from_db()
    assert (job.state, job.created) == ("checked", MANY)
    assert sorted(job.lines.values_list("number", flat=True)) == list(range(2, MANY + 2))


def test_a_preview_is_stored_in_parts_and_replaces_the_one_before(db, long_check):
    job = long_check()
    jobs.run(job.pk)

    job = imports.recheck(job.pk, actor=get_user_model().objects.get(), mode="update")
    jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.skipped, job.lines.count()) == ("checked", MANY, 0)
