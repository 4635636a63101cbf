"""What goes out is in the log: by whom, what, whole or not."""

import hashlib
from datetime import timedelta

import pytest
from django.utils import timezone

from core.errors import InvalidTransition, NotAllowed, NotFound
from core.roles import AUDITOR, HR_MANAGER
from hr.models import ExportLog
from hr.services import exports
from tests.factories import make_user

ASKED = exports.Asked("employees", "csv", "people.csv", "status__exact=active", ("code", "org_unit"))


@pytest.fixture
def hr(db):
    return make_user("hr", role=HR_MANAGER)


def streamed(actor, pieces=(b"one", b"two"), rows=2):
    return exports.stream(ASKED, iter(pieces), rows=lambda: rows, actor=actor)


def test_a_file_is_logged_when_it_is_asked_for_and_whole_when_the_last_piece_has_gone(hr):
    pieces = streamed(hr)

    begun = ExportLog.objects.get()
    first = next(pieces)
    while_it_goes = ExportLog.objects.get().state
    rest = list(pieces)

    assert [first, *rest] == [b"one", b"two"]
    assert (begun.state, begun.what, begun.format, begun.query) == (
        "running",
        "employees",
        "csv",
        "status__exact=active",
    )
    assert (begun.columns, begun.created_by_id, begun.created_by_name) == (["code", "org_unit"], hr.pk, str(hr))
    assert (while_it_goes, begun.sha256, begun.heartbeat_at) == ("running", "", None)
    done = ExportLog.objects.get()
    assert (done.state, done.rows, done.sha256) == ("done", 2, hashlib.sha256(b"onetwo").hexdigest())
    assert done.finished_at is not None


def test_a_download_that_breaks_off_is_noted_as_such(hr):
    pieces = streamed(hr, rows=1)
    next(pieces)

    pieces.close()

    row = ExportLog.objects.get()
    assert (row.state, row.rows, row.rows_done, row.sha256, bool(row.error)) == ("cancelled", 0, 1, "", True)


def test_a_file_that_cannot_be_written_is_noted_as_failed(hr):
    def faulty():
        yield b"one"
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        list(exports.stream(ASKED, faulty(), rows=lambda: 1, actor=hr))

    assert ExportLog.objects.get().state == "failed"


def test_a_command_without_a_user_is_logged_too(db):
    list(streamed(None))

    row = ExportLog.objects.get()
    assert (row.state, row.created_by_id, row.created_by_name) == ("done", None, "")


def test_who_may_not_export_asks_for_nothing(db):
    with pytest.raises(NotAllowed):
        exports.ask(ASKED, actor=make_user(role=AUDITOR))

    assert not ExportLog.objects.exists()


def test_only_the_owner_stops_an_export_and_only_one_that_is_being_made(hr):
    row = exports.ask(ASKED, actor=hr)

    with pytest.raises(NotFound):
        exports.cancel(row.pk, actor=make_user("other", role=HR_MANAGER))
    stopped = exports.cancel(row.pk, actor=hr)
    with pytest.raises(InvalidTransition):
        exports.cancel(row.pk, actor=hr)

    assert (stopped.state, stopped.finished_at is not None) == ("cancelled", True)


def test_a_download_on_its_way_is_not_stopped_by_a_click(hr):
    """It may have arrived: the log must not say that it was not made."""
    streamed(hr)

    with pytest.raises(InvalidTransition):
        exports.cancel(ExportLog.objects.get().pk, actor=hr)


def test_progress_tells_the_pace_and_the_time_left(db):
    begun = timezone.now() - timedelta(seconds=10)
    row = ExportLog(rows=30_000, rows_done=10_000, started_at=begun)

    progress = exports.progress_of(row)

    assert (progress.done, progress.to_do, progress.percent) == (10_000, 30_000, 33)
    assert 900 <= progress.rate <= 1000
    assert 20 <= progress.seconds_left <= 23
    assert exports.progress_of(ExportLog()) == exports.Progress(0, 0, 0, None, None)
