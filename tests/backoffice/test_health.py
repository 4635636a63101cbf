import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Event

import pytest
from django.db import connections
from django.test import Client, override_settings
from django.utils import timezone

from backoffice import health
from hr.clock import LEASE, Clock
from hr.models import ExportLog, ImportJob, Lease, OutboxMessage
from tests.backoffice.conftest import needs_mysql_driver

TOKEN = "a-token-of-the-monitoring"
WITH_TOKEN = {"Authorization": f"Bearer {TOKEN}"}
# A probe looks over a connection of its own, which sees only what is committed.
committing = pytest.mark.django_db(transaction=True)
reading = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _token(settings):
    settings.MONITORING_TOKEN = TOKEN


@pytest.fixture(autouse=True)
def _nothing_is_remembered(monkeypatch):
    for watch in [*health.WATCHES.values(), *health.WORK.values()]:
        monkeypatch.setattr(watch, "fresh_seconds", 0)


def ask(path="/health/ready", headers=None, **environ):
    return Client().get(path, headers=headers, **environ)


def details(**environ):
    return ask(headers=WITH_TOKEN, **environ).json()


def aged(row, **ages):
    """The row with its moments so many seconds ago."""
    then = {name: timezone.now() - timedelta(seconds=seconds) for name, seconds in ages.items()}
    type(row).objects.filter(pk=row.pk).update(**then)


# --- What is answered -------------------------------------------------------------------------------------------------
def test_live_asks_nothing():
    response = ask("/health/live", HTTP_HOST="10.1.2.3")

    assert (response.status_code, response.content, response["Content-Type"]) == (200, b"live\n", "text/plain")
    assert response["Cache-Control"] == "no-store"


@reading
def test_ready_is_one_word_for_everybody():
    response = ask()

    assert (response.status_code, response.content) == (200, b"ready\n")


@reading
@override_settings(ALLOWED_HOSTS=["people.example.com"], SECURE_SSL_REDIRECT=True)
@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics"])
def test_probes_come_before_the_host_check_and_the_redirect_and_start_no_session(path):
    response = ask(path, HTTP_HOST="10.1.2.3:8000")

    assert (response.status_code, response.cookies) == (200, {})
    assert ask("/", HTTP_HOST="10.1.2.3:8000").status_code != 200


@reading
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_probes_are_only_read(method):
    assert getattr(Client(), method)("/health/ready").status_code == 405


@reading
@pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer ñ"])
def test_details_are_for_the_token_alone(given):
    assert ask(headers={"Authorization": given}).content == b"ready\n"


@reading
def test_without_a_token_of_ours_nobody_has_it(settings):
    settings.MONITORING_TOKEN = ""

    assert [ask(headers={"Authorization": given}).content for given in ("Bearer ", "Bearer")] == [b"ready\n"] * 2


@reading
def test_details_name_every_part(settings):
    settings.APP_COLOUR, settings.APP_COMMIT = "green", "a1b2c3d4e5f6"

    report = details()

    assert (report["status"], report["colour"]) == ("ready", "green")
    assert (report["version"], report["commit"]) == (settings.APP_VERSION, "a1b2c3d4e5f6")
    parts = {"identity", "business"} | ({"redis"} if settings.REDIS_HOST else set())
    assert {name: part["status"] for name, part in report["checks"].items()} == dict.fromkeys(parts, "up")
    assert set(report["work"]) == {"status", "clock", "outbox", "loads", "exports"}


# --- What waits -------------------------------------------------------------------------------------------------------
@reading
def test_nothing_waits():
    nothing = {"waiting": 0, "oldest_seconds": 0.0}

    work = details()["work"]

    assert [work[name] for name in ("outbox", "loads", "exports")] == [nothing] * 3
    assert work["clock"] == {"seconds_since_round": None}


@committing
def test_the_oldest_undone_message_is_found():
    now = timezone.now()
    done = OutboxMessage.objects.create(key="done", kind="x", done_at=now)
    first = OutboxMessage.objects.create(key="first", kind="x", attempts=3, next_attempt_at=now + timedelta(hours=1))
    second = OutboxMessage.objects.create(key="second", kind="x")
    for row, age in ((done, 900), (first, 300), (second, 100)):
        aged(row, created_at=age)

    outbox = details()["work"]["outbox"]

    assert outbox["waiting"] == 2
    assert 300 <= outbox["oldest_seconds"] < 330


@committing
def test_loads_wait_for_a_worker_as_long_as_they_stand_where_they_are():
    beat = timezone.now()
    for state, heartbeat, age in (
        ("mapped", beat, 50),
        ("applying", beat, 200),
        ("uploaded", None, 400),  # has questions for its loader
        ("checked", None, 500),
        ("applied", beat, 600),
    ):
        job = ImportJob.objects.create(resource="units", file_name="u.csv", state=state, heartbeat_at=heartbeat)
        aged(job, updated_at=age, created_at=1000)

    loads = details()["work"]["loads"]

    assert loads["waiting"] == 2
    assert 200 <= loads["oldest_seconds"] < 230


@committing
def test_exports_wait_since_they_were_asked_for():
    made = ExportLog.objects.create(what="units", format="csv", state="running", heartbeat_at=timezone.now())
    sent = ExportLog.objects.create(what="units", format="csv", state="running")
    done = ExportLog.objects.create(what="units", format="csv", state="done", heartbeat_at=timezone.now())
    for row, age in ((made, 70), (sent, 800), (done, 900)):
        aged(row, created_at=age)

    exports = details()["work"]["exports"]

    assert exports["waiting"] == 1
    assert 70 <= exports["oldest_seconds"] < 100


@committing
def test_the_clock_s_last_round_is_known_by_its_lease():
    Clock().round()
    aged(Lease.objects.get(name=LEASE), updated_at=45)

    assert 45 <= details()["work"]["clock"]["seconds_since_round"] < 75


# --- What is missing --------------------------------------------------------------------------------------------------
@committing
@pytest.mark.parametrize(("alias", "app"), [("default", "core"), ("business", "hr")])
def test_a_database_behind_this_version_is_not_served_on(alias, app):
    forget = "DELETE FROM django_migrations WHERE app = %s AND name LIKE '0001%%'"
    with connections[alias].cursor() as cursor:
        cursor.execute(forget, [app])
    try:
        response = ask()
        report = details()
    finally:
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES (%s, '0001_initial', %s)",
                [app, timezone.now()],
            )

    part = report["checks"][health.DATABASES[alias]]
    assert (response.status_code, response.content) == (503, b"unavailable\n")
    assert (report["status"], part["status"], part["unapplied"]) == ("unavailable", "unmigrated", 1)
    assert ask().status_code == 200


@committing
def test_a_database_ahead_of_this_version_is_served_on():
    """The other colour migrated already."""
    with connections["business"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('hr', '9999_to_come', %s)", [timezone.now()]
        )
    try:
        assert ask().status_code == 200
    finally:
        with connections["business"].cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE name = '9999_to_come'")


ASK_READY = """
import json, time
from django.test import Client
began = time.monotonic()
response = Client().get("/health/ready", headers={"Authorization": "Bearer token-of-the-test"})
print(json.dumps([response.status_code, time.monotonic() - began, response.json()]))
"""


def ready_in_a_process(manage, **variables):
    """Status, seconds and details, as a process finds them that was started with these variables."""
    result = manage("shell", "--verbosity", "0", "-c", ASK_READY, MONITORING_TOKEN="token-of-the-test", **variables)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def test_empty_databases_are_unmigrated(manage):
    status, _seconds, report = ready_in_a_process(manage)

    assert (status, report["status"]) == (503, "unavailable")
    assert {part["status"] for part in report["checks"].values()} == {"unmigrated"}
    assert report["work"]["status"] == "down"


@reading
def test_a_lost_redis_is_no_reason_not_to_serve(settings, monkeypatch):
    lost = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": lost | {"OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 1, "IGNORE_EXCEPTIONS": True}}}
    monkeypatch.setitem(health.WATCHES, "redis", health.Watch(health.look_at_redis))

    response, report = ask(), details()

    assert (response.status_code, response.content, report["status"]) == (200, b"degraded\n", "degraded")
    assert report["checks"]["redis"] == {"status": "down", "error": "redis.exceptions.ConnectionError"}


@contextmanager
def silent_server():
    """It takes connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield str(listener.getsockname()[1])


@pytest.mark.servers
@committing
@pytest.mark.parametrize("alias", ["default", "business"])
def test_a_server_that_hangs_is_given_up_after_a_second_and_found_again(alias, monkeypatch):
    connections[alias].ensure_connection()
    right = connections[alias].settings_dict["PORT"]
    with silent_server() as port:
        monkeypatch.setitem(connections[alias].settings_dict, "PORT", port)
        began = time.monotonic()
        report = details()
        seconds = time.monotonic() - began
        monkeypatch.setitem(connections[alias].settings_dict, "PORT", right)
        while ask().status_code != 200:
            assert time.monotonic() - began < 5

    name = health.DATABASES[alias]
    assert (report["status"], report["checks"][name]["status"]) == ("unavailable", "down")
    assert {part["status"] for other, part in report["checks"].items() if other != name} == {"up"}
    assert seconds < 1.5


@needs_mysql_driver
def test_servers_that_refuse_are_down_at_once(manage):
    status, seconds, report = ready_in_a_process(
        manage, APP_ENV="local", DB_CONNECTION="pgsql", DB_PGSQL_PORT="1", DB_PORT="1", DB_HOST="127.0.0.1"
    )

    assert (status, report["checks"]["business"]) == (
        503,
        {"status": "down", "error": "django.db.utils.OperationalError: 2002"},
    )
    assert seconds < 1


# --- How it is looked -------------------------------------------------------------------------------------------------
def test_one_at_a_time_looks_and_all_get_what_it_finds():
    may_end, looks = Event(), []

    def look():
        looks.append(1)
        may_end.wait(10)
        return "found"

    watch = health.Watch(look)
    with ThreadPoolExecutor(5) as pool:
        asked = [pool.submit(health.asked, {"x": watch}) for _ in range(5)]
        time.sleep(0.2)
        may_end.set()

    assert [future.result() for future in asked] == [{"x": "found"}] * 5
    assert len(looks) == 1


def test_what_hangs_is_waited_for_a_second_and_found_again_when_it_goes_on():
    may_end = Event()
    watch = health.Watch(lambda: may_end.wait(10), fresh_seconds=0)
    began = time.monotonic()

    first = health.asked({"x": watch, "y": watch})["x"]

    assert isinstance(first, TimeoutError)
    assert 0.9 < time.monotonic() - began < 1.5
    may_end.set()
    assert health.asked({"x": watch}) == {"x": True}


def test_what_was_found_is_new_for_a_while():
    looks = []
    watch = health.Watch(lambda: looks.append(1), fresh_seconds=60)

    for _ in range(3):
        health.asked({"x": watch})

    assert len(looks) == 1


@reading
def test_a_probe_leaves_the_connections_of_the_pages_alone():
    before = {alias: connections[alias].connection for alias in health.DATABASES}

    ask()

    assert {alias: connections[alias].connection for alias in health.DATABASES} == before
