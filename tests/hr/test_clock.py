import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from core import access, roles
from core.models import Invitation, UserGrant
from core.services import invitations
from hr import clock as clock_module
from hr.clock import Clock
from hr.loading import jobs
from hr.models import ImportJob, ImportRow, Lease, StoredFile
from hr.services import housekeeping
from hr.services.accounts import invite_employees
from hr.services.files import keep_file
from hr.services.leases import give_back, take_lease
from tests.factories import make_employee, make_user


@pytest.fixture(autouse=True)
def _roles(db):
    roles.sync_roles()


def soon(seconds=60):
    return timezone.now() + timedelta(seconds=seconds)


# --- Leases ----------------------------------------------------------------------------------------------------------
def test_one_holder_at_a_time(db):
    assert take_lease("x", "a", until=soon())
    assert not take_lease("x", "b", until=soon())
    assert take_lease("x", "a", until=soon(120))
    assert Lease.objects.get(name="x").holder == "a"


def test_a_lease_that_ran_out_goes_to_the_next(db):
    take_lease("x", "a", until=timezone.now() - timedelta(seconds=1))

    assert take_lease("x", "b", until=soon())
    assert not take_lease("x", "a", until=soon())


def test_a_lease_given_back_is_free_and_another_cannot_give_it(db):
    take_lease("x", "a", until=soon())
    give_back("x", "b")
    assert not take_lease("x", "b", until=soon())

    give_back("x", "a")

    assert take_lease("x", "b", until=soon())


# --- Rounds ----------------------------------------------------------------------------------------------------------
def test_a_round_makes_accounts_and_sends_mail(mailoutbox):
    person = make_employee(work_email="p@example.org")
    external = make_user("external", email="x@example.org")
    invite_employees([person.pk], actor=None)
    invitations.prepare([external], actor=None)

    Clock().round()

    assert sorted(message.to[0] for message in mailoutbox) == ["p@example.org", "x@example.org"]


def test_a_round_without_the_lease_does_nothing(mailoutbox):
    invitations.prepare([make_user("external", email="x@example.org")], actor=None)
    first, second = Clock(), Clock()
    first.hold()

    assert second.round() is False
    assert mailoutbox == []
    first.give_back()
    second.round()
    assert len(mailoutbox) == 1


def test_a_full_round_asks_for_another_at_once(mailoutbox, monkeypatch):
    monkeypatch.setattr(clock_module, "MAILED_A_ROUND", 2)
    invitations.prepare([make_user(f"u{n}", email=f"u{n}@example.org") for n in range(3)], actor=None)
    clock = Clock()

    assert clock.round() is True
    assert clock.round() is False
    assert len(mailoutbox) == 3


def test_a_stopped_clock_begins_no_further_mail(mailoutbox):
    invitations.prepare([make_user("external", email="x@example.org")], actor=None)
    clock = Clock()
    clock.stop.set()

    clock.round()

    assert mailoutbox == []
    assert Invitation.objects.get().delivery == "pending"


def test_a_clock_that_lost_its_lease_stops_mailing(monkeypatch):
    clock = Clock()
    clock.hold()
    assert not clock.must_stop()
    Lease.objects.filter(name="clock").update(holder="another", expires_at=soon())

    clock._renewed -= clock_module.RENEW_SECONDS + 1

    assert clock.must_stop()


def test_a_stalled_load_is_woken():
    job = ImportJob.objects.create(
        resource="employees", file_name="x.csv", state="mapped", heartbeat_at=timezone.now() - timedelta(hours=1)
    )

    Clock().round()

    job.refresh_from_db()
    assert timezone.now() - job.heartbeat_at < timedelta(minutes=1)


def test_once_does_all_that_is_due_and_ends(mailoutbox):
    invitations.prepare([make_user("external", email="x@example.org")], actor=None)

    call_command("clock", "--once")

    assert len(mailoutbox) == 1
    assert Lease.objects.get(name="clock").expires_at <= timezone.now()


def test_once_beside_a_running_clock_says_so():
    Clock().hold()
    said = StringIO()

    call_command("clock", "--once", stdout=said)

    assert said.getvalue().strip()


# --- At night --------------------------------------------------------------------------------------------------------
def test_the_night_work_is_done_once_a_night(monkeypatch):
    done = []
    monkeypatch.setattr(housekeeping, "clean_up", lambda: done.append(1))

    for _copy in range(3):
        clock = Clock()
        clock.round()
        clock.give_back()
    assert done == [1]
    Lease.objects.filter(name="nightly").update(expires_at=timezone.now())
    Clock().round()

    assert done == [1, 1]


def test_night_work_that_failed_is_tried_again_in_ten_minutes(monkeypatch):
    def failing():
        raise RuntimeError("disk")

    monkeypatch.setattr(housekeeping, "clean_up", failing)

    with pytest.raises(RuntimeError):
        Clock().round()

    assert Lease.objects.get(name="nightly").expires_at - timezone.now() < timedelta(minutes=11)


def test_the_next_night_is_three_o_clock():
    night = clock_module.next_night()

    assert timedelta(0) < night - timezone.now() <= timedelta(days=1)
    assert (timezone.localtime(night).hour, night.minute) == (3, 0)


def test_expired_files_go_and_others_stay(db):
    old = keep_file("x", "old.csv", b"1", actor=None, expires_at=timezone.now() - timedelta(days=1))
    fresh = keep_file("x", "new.csv", b"2", actor=None, expires_at=soon())
    held = keep_file("x", "held.csv", b"3", actor=None, expires_at=timezone.now() - timedelta(days=1))
    ImportJob.objects.create(resource="employees", file_name="x", file=held, state="applying")

    housekeeping.drop_expired_files()

    assert set(StoredFile.objects.values_list("name", flat=True)) == {fresh.name, held.name}
    assert old.name not in {fresh.name, held.name}


@pytest.mark.parametrize(("state", "days", "kept"), [("applied", 31, 0), ("applied", 29, 1), ("checked", 31, 1)])
def test_rows_of_loads_stay_thirty_days(state, days, kept):
    job = ImportJob.objects.create(resource="employees", file_name="x", state=state)
    ImportRow.objects.create(job=job, number=2, verdict="new")
    ImportJob.objects.update(updated_at=timezone.now() - timedelta(days=days))

    jobs.clean_up()

    assert ImportRow.objects.count() == kept


def test_the_night_clears_sessions_and_grants_without_a_row(client):
    user = make_user("u")
    client.force_login(user)
    Session.objects.create(session_key="old", session_data="", expire_date=timezone.now() - timedelta(days=1))
    person = make_employee()
    access.grant("view_employee", user, person)
    alive = make_employee()
    access.grant("view_employee", user, alive)
    person.delete()

    housekeeping.clean_up()

    assert not Session.objects.filter(session_key="old").exists()
    assert Session.objects.filter(session_key=client.session.session_key).exists()
    assert list(UserGrant.objects.values_list("object_pk", flat=True)) == [str(alive.pk)]


# --- The process -----------------------------------------------------------------------------------------------------
def test_the_process_survives_a_database_that_is_away_and_ends_on_sigterm(tmp_path):
    environment = os.environ | {"APP_ENV": "testing", "APP_DATA_DIR": str(tmp_path), "DB_CONNECTION": "sqlite"}
    environment["DJANGO_SETTINGS_MODULE"] = "backoffice.settings"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "clock"], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        # Its databases were never migrated: every round fails, the process stays.
        line = ""
        while "tries again" not in line:
            line = process.stderr.readline()
            assert line, "the clock ended"
        time.sleep(0.2)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
