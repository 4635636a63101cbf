"""Exports made by the worker: with the rights of now, once, begun again after a kill, dropped when cancelled."""

import csv
import hashlib
import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from core.roles import HR_MANAGER, MANAGER
from hr.admin.export_rows import rows_of_list
from hr.loading import export_jobs
from hr.models import ExportLog, Notification, StoredFile
from hr.services import exports, files, housekeeping, outbox
from hr.tasks import run_export
from tests.factories import make_employee, make_user


@pytest.fixture
def hr(db):
    return make_user("hr", role=HR_MANAGER)


@pytest.fixture
def people(db):
    return [make_employee(code=f"E{number}") for number in range(3)]


def ask(actor, *, query="", columns=("code", "first_name", "national_id"), format_="csv"):
    return exports.ask(exports.Asked("employees", format_, f"people.{format_}", query, columns), actor=actor)


def made(row):
    export_jobs.run(row.pk, rows_of_list)
    return ExportLog.objects.select_related("file").get(pk=row.pk)


def cells(row):
    return list(csv.reader(io.StringIO(files.read_file(row.file).decode("utf-8-sig"))))


def test_the_file_holds_the_list_as_it_was_filtered_searched_and_sorted(hr, people):
    make_employee(code="GONE", status="terminated", ended_on=timezone.localdate())

    row = made(ask(hr, query="status__exact=active&o=-1"))

    assert (row.state, row.rows, row.rows_done) == ("done", 3, 3)
    assert [line[0] for line in cells(row)[1:]] == ["E2", "E1", "E0"]
    content = files.read_file(row.file)
    assert row.sha256 == row.file.sha256 == hashlib.sha256(content).hexdigest()
    assert (row.file.size, row.file.owner_id) == (len(content), hr.pk)
    assert row.file.expires_at - timezone.now() > timedelta(days=6, hours=23)


def test_asking_leaves_a_task_behind_that_makes_the_file(hr, people, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(using="business", execute=True):
        row = ask(hr)

    assert DBTaskResult.objects.get().args_kwargs["args"] == [row.pk]
    run_export.func(row.pk)
    assert ExportLog.objects.get().state == "done"


def test_the_rights_are_those_of_now(people):
    """Who asked for all, and is a manager by the time it is made, gets his own people and no personal data of them."""
    boss = people[0]
    people[1].reports_to = boss
    people[1].national_id = "V-12345678"
    people[1].save()
    user = make_user(role=HR_MANAGER, employee=boss)
    row = ask(user)
    user.groups.clear()
    manager = make_user(role=MANAGER)
    user.groups.set(manager.groups.all())

    found = cells(made(row))

    assert sorted(line[0] for line in found[1:]) == ["E0", "E1"]
    assert "12345678" not in str(found)


def test_who_may_no_longer_export_gets_no_file(hr, people):
    row = ask(hr)
    hr.groups.clear()

    row = made(row)

    assert (row.state, row.file, bool(row.error)) == ("failed", None, True)


def test_without_the_right_to_any_of_the_columns_there_is_no_file(people):
    user = make_user()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_employee", "export_employee"]))

    row = made(ask(user, columns=("national_id",)))

    assert (row.state, row.file) == ("failed", None)


def test_a_query_that_the_list_no_longer_reads_fails_with_words(hr, people):
    for query in ("national_id__startswith=V", "hired_on__gte=x"):
        row = made(ask(hr, query=query))

        assert (row.state, "filters" in row.error or "filtros" in row.error) == ("failed", True)


def test_a_cancelled_export_is_not_made(hr, people):
    row = ask(hr)
    exports.cancel(row.pk, actor=hr)

    row = made(row)

    assert (row.state, row.file) == ("cancelled", None)
    assert not StoredFile.objects.exists()


def test_one_that_is_cancelled_while_it_is_made_leaves_no_file(hr, people, monkeypatch):
    row = ask(hr)
    kept = files.keep_stream

    def cancelled_meanwhile(*args, **kwargs):
        exports.cancel(row.pk, actor=hr)
        return kept(*args, **kwargs)

    monkeypatch.setattr("hr.services.files.keep_stream", cancelled_meanwhile)

    row = made(row)

    assert (row.state, row.file) == ("cancelled", None)
    assert not StoredFile.objects.exists()


def test_a_task_that_comes_twice_makes_one_file(hr, people):
    row = ask(hr)

    made(row)
    again = made(row)

    assert (again.state, StoredFile.objects.count()) == ("done", 1)


def test_another_process_takes_a_stalled_export_over_and_the_first_gives_up(hr, people, monkeypatch):
    row = ask(hr)
    first = export_jobs._taken(row.pk, actor=None)

    second = made(row)

    with pytest.raises(export_jobs._NotMine):
        export_jobs._note(first, rows_done=1)
    assert not export_jobs._ended(first, {"state": "failed"}, actor=None)
    assert (second.state, ExportLog.objects.get().state) == ("done", "done")


def test_a_killed_export_is_woken_by_the_clock_and_begins_again(hr, people, django_capture_on_commit_callbacks):
    row = ask(hr)
    export_jobs._taken(row.pk, actor=None)  # and then the process dies
    long_ago = timezone.now() - export_jobs.STALLED_AFTER - timedelta(seconds=1)
    ExportLog.objects.update(heartbeat_at=long_ago, rows_done=2)

    with django_capture_on_commit_callbacks(using="business", execute=True):
        woken = export_jobs.wake_stalled(), export_jobs.wake_stalled()

    assert woken == (1, 0)
    assert DBTaskResult.objects.get().args_kwargs["args"] == [row.pk]
    assert made(row).state == "done"


def test_one_that_kills_every_worker_is_given_up(hr, people):
    row = ask(hr)
    for _run in range(export_jobs.MOST_RUNS):
        assert export_jobs._taken(row.pk, actor=None) is not None

    assert made(row).state == "failed"


def test_its_owner_is_told_when_it_is_ready_or_could_not_be_made(hr, people):
    done, failed = made(ask(hr)), ask(hr, query="hired_on__gte=x")
    made(failed)

    outbox.expand_due(limit=10)

    told = Notification.objects.filter(channel="app").values_list("message__kind", "user_id", "about_id")
    assert sorted(told) == [("export.done", hr.pk, done.pk), ("export.failed", hr.pk, failed.pk)]


def test_a_workbook_holds_no_more_rows_than_excel_reads(hr, people, monkeypatch):
    monkeypatch.setattr("hr.loading.export_jobs.LAST_ROW", 3)

    workbook, text = made(ask(hr, format_="xlsx")), made(ask(hr))

    assert (workbook.state, "2" in workbook.error and "3" in workbook.error) == ("failed", True)
    assert text.state == "done"


def test_files_go_after_a_week_and_the_log_stays(hr, people):
    row = made(ask(hr))
    StoredFile.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    housekeeping.drop_expired_files()

    row = ExportLog.objects.get()
    assert (row.state, row.file, row.rows) == ("done", None, 3)


def test_downloads_whose_process_was_killed_are_ended_at_night(hr):
    asked = exports.Asked("employees", "csv", "people.csv")
    exports.stream(asked, iter([b"x"]), rows=lambda: 0, actor=hr)
    young = ask(hr)
    ExportLog.objects.exclude(pk=young.pk).update(created_at=timezone.now() - timedelta(days=1, seconds=1))

    assert export_jobs.clean_up() == 1

    assert sorted(ExportLog.objects.values_list("state", flat=True)) == ["failed", "running"]
