"""Loads through the pages' services: preview, confirm, cancel, other processes, clean-up."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from core.errors import DomainError, InvalidTransition, NotAllowed, NotFound
from core.roles import AUDITOR, BULK_LOADER, HR_MANAGER
from hr.loading import jobs
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

    assert job.state == "mapped"
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
