import logging
import os
import re
import signal
import subprocess
import sys
import time
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from backoffice import health, metrics
from hr.models import Event, OutboxMessage
from tests.backoffice.conftest import ROOT, SYSTEM
from tests.factories import make_employee, make_evaluation, make_event, make_round, make_user
from tests.servers.processes import free_ports

TOKEN = "a-token-of-the-monitoring"
reading = pytest.mark.django_db
committing = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_is_remembered(monkeypatch):
    for watch in [*health.WATCHES.values(), *health.WORK.values(), *metrics.BUSINESS.values()]:
        monkeypatch.setattr(watch, "fresh_seconds", 0)


def scrape(headers=None, **environ):
    return Client().get("/metrics", headers=headers, **environ)


def series(text, name):
    """{labels: value} of one metric."""
    found = re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", text, re.MULTILINE)
    return {labels: float(value) for labels, value in found}


def now_of(name):
    return series(scrape().content.decode(), name)


# --- Who may read them ------------------------------------------------------------------------------------------------
@reading
@pytest.mark.parametrize(
    "peer", ["127.0.0.1", "::1", "10.1.2.3", "172.16.0.9", "192.168.1.1", "fd00::7", "::ffff:10.0.0.1"]
)
def test_private_networks_read_them(peer):
    assert scrape(REMOTE_ADDR=peer).status_code == 200


@reading
@pytest.mark.parametrize("peer", ["8.8.8.8", "172.32.0.1", "2001:db8::1", "", "nonsense"])
def test_others_do_not(peer):
    response = scrape(REMOTE_ADDR=peer)

    assert (response.status_code, response.content) == (403, b"forbidden\n")


@reading
@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Proto", "X-Forwarded-Host", "Via"]
)
def test_what_a_proxy_passes_on_is_not_from_inside_whatever_it_says(header):
    assert scrape(headers={header: "127.0.0.1"}, REMOTE_ADDR="127.0.0.1").status_code == 403


@reading
def test_a_stranger_does_not_come_in_by_a_header():
    assert scrape(headers={"X-Forwarded-For": "127.0.0.1"}, REMOTE_ADDR="8.8.8.8").status_code == 403


@reading
def test_the_token_reads_them_from_anywhere(settings):
    settings.MONITORING_TOKEN = TOKEN
    far = {"REMOTE_ADDR": "8.8.8.8"}

    assert scrape({"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "8.8.8.8"}, **far).status_code == 200
    assert scrape({"Authorization": "Bearer other"}, **far).status_code == 403


@reading
def test_networks_are_a_setting(settings):
    settings.MONITORING_NETWORKS = ["192.0.2.0/24"]

    assert [scrape(REMOTE_ADDR=peer).status_code for peer in ("192.0.2.9", "127.0.0.1")] == [200, 403]


# --- The application --------------------------------------------------------------------------------------------------
@reading
def test_requests_are_counted_by_view_and_status(client):
    name, label = "evaltrack_http_request_seconds_count", 'status="200",view="admin:login"'
    before = now_of(name).get(label, 0)

    for _ in range(3):
        client.get("/login/")

    assert now_of(name)[label] == before + 3


@reading
def test_lines_about_what_went_wrong_are_counted_by_level():
    name = "evaltrack_log_lines_total"
    before = now_of(name)

    logging.getLogger("hr.loading").critical("nothing works")
    for _ in range(2):
        logging.getLogger("django.request").error("this did not")
    logging.getLogger("hr.loading").warning("this might")

    added = {label: value - before[label] for label, value in now_of(name).items()}
    assert added == {'level="critical"': 1, 'level="error"': 2}


@reading
def test_no_address_adds_a_series(client):
    client.get("/hr/employee/1/change/")
    before = set(now_of("evaltrack_http_request_seconds_count"))

    for number in range(20):
        client.get(f"/hr/employee/{number}/change/?q={number}")
        client.get(f"/nowhere-{number}/")
        client.get(f"/static/nothing-{number}.css")
        client.get(f"/nowhere-{number}")

    added = set(now_of("evaltrack_http_request_seconds_count")) - before
    assert len(added) <= 3
    assert not any(re.search(r"\d/|nowhere|nothing", labels) for labels in added)


@reading
def test_probes_are_no_requests():
    Client().get("/health/ready")

    assert not any("health" in labels for labels in now_of("evaltrack_http_request_seconds_count"))


@reading
def test_processor_and_memory_of_the_web_processes_are_known(client):
    client.get("/login/")

    assert now_of("evaltrack_process_cpu_seconds_total")[""] > 0
    assert now_of("evaltrack_process_peak_memory_bytes")[""] > 10_000_000
    assert now_of("evaltrack_disk_free_bytes")[""] > 0


@reading
def test_each_has_the_colour(settings):
    settings.APP_COLOUR = "green"

    lines = [line for line in scrape().content.decode().splitlines() if not line.startswith("#")]

    assert [line for line in lines if 'colour="green"' not in line] == []
    settings.APP_COLOUR = ""
    assert "colour=" not in scrape().content.decode()


# --- The databases ----------------------------------------------------------------------------------------------------
@reading
def test_statements_are_timed_by_database(client):
    client.force_login(make_user("ana", role="HR manager"))
    name = "evaltrack_database_query_seconds_count"
    before = now_of(name)

    client.get("/hr/employee/")

    after = now_of(name)
    assert all(after[label] > before.get(label, 0) for label in ('database="identity"', 'database="business"'))


@reading
def test_every_part_is_up(settings):
    parts = {"identity", "business"} | ({"redis"} if settings.REDIS_HOST else set())

    assert now_of("evaltrack_up") == {f'service="{name}"': 1.0 for name in parts}
    assert now_of("evaltrack_database_unapplied_migrations") == {'database="identity"': 0, 'database="business"': 0}


@pytest.mark.servers
@reading
def test_connections_of_the_servers_are_counted():
    taken, limit = now_of("evaltrack_database_connections"), now_of("evaltrack_database_connections_limit")

    assert set(taken) == set(limit) == {'database="identity"', 'database="business"'}
    assert all(0 < taken[name] <= limit[name] for name in taken)


@reading
def test_what_cannot_be_found_out_is_not_there(monkeypatch):
    def lost():
        raise ConnectionRefusedError

    for watches in (health.WATCHES, health.WORK, metrics.BUSINESS):
        for name in watches:
            monkeypatch.setitem(watches, name, health.Watch(lost))

    text = scrape().content.decode()

    assert set(series(text, "evaltrack_up").values()) == {0.0}
    names = ("queue_waiting", "clock_seconds_since_round", "users_active", "database_unapplied_migrations")
    assert [series(text, f"evaltrack_{name}") for name in names] == [{}] * 4


# --- What waits, and the business -------------------------------------------------------------------------------------
@committing
def test_what_waits_is_counted():
    OutboxMessage.objects.create(key="x", kind="x", created_at=timezone.now() - timedelta(seconds=90))

    assert now_of("evaltrack_queue_waiting") == {'queue="outbox"': 1, 'queue="loads"': 0, 'queue="exports"': 0}
    assert 90 <= now_of("evaltrack_queue_oldest_seconds")['queue="outbox"'] < 120


@committing
def test_business_figures_are_of_now():
    now = timezone.now()
    yesterday = now - timedelta(hours=25)
    for hours, is_active in ((1, True), (11, True), (13, True), (1, False)):
        make_user(last_login=now - timedelta(hours=hours), is_active=is_active)
    make_user()
    event, person = make_event(created_at=now), make_employee()
    make_event(created_at=yesterday)
    for state, moment in (
        ("submitted", now),
        ("graded", now),
        ("graded", yesterday),
        ("returned", now),
        ("available", None),
    ):
        grade = 90 if state == "graded" else None
        make_evaluation(person, state=state, submitted_at=moment, grade=grade, in_round=make_round())
    # Events that rounds bring with them.
    Event.objects.exclude(pk=event.pk).update(created_at=yesterday)

    text = scrape().content.decode()

    names = ("users_active", "events_created", "evaluations_completed")
    assert [series(text, f"evaltrack_{name}")[""] for name in names] == [2, 1, 2]


# --- Several processes ------------------------------------------------------------------------------------------------
class Web:
    """gunicorn with two processes, and what they write."""

    def __init__(self, folder, **variables):
        [self.port] = free_ports(1)
        self.log = folder / "web.log"
        own = {"ENV_FILE": "none", "APP_DATA_DIR": str(folder), "PORT": str(self.port), "TMPDIR": str(folder)}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py"],
                cwd=ROOT,
                env=SYSTEM | own | variables,
                stdout=log,
                stderr=log,
            )

    def get(self, path):
        """Status and text, over a new connection."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def wait(self):
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            try:
                return self.get("/health/live")
            except OSError:
                time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def workers(self):
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=40)


@pytest.fixture
def web(tmp_path):
    started = []

    def start(**variables):
        started.append(Web(tmp_path, **variables))
        started[-1].wait()
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.stop()


def test_any_process_tells_of_all_and_a_killed_one_is_not_forgotten(web, tmp_path):
    folder = tmp_path / "counted"
    folder.mkdir()
    running = web(APP_COLOUR="blue", PROMETHEUS_MULTIPROC_DIR=str(folder))
    count = "evaltrack_http_request_seconds_count"

    def counted():
        return sum(series(running.get("/metrics")[1], count).values())

    for _ in range(30):
        assert running.get("/static/nothing.css")[0] == 302
    counters = [path.name for path in folder.glob("histogram_*.db")]
    assert [counted() for _ in range(6)] == [30] * 6
    assert all('colour="blue"' in labels for labels in series(running.get("/metrics")[1], count))

    workers = running.workers()
    os.kill(workers[0], signal.SIGKILL)
    deadline = time.monotonic() + 20
    while workers[0] in running.workers() or len(running.workers()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    running.get("/static/nothing.css")

    assert counted() == 31
    assert set(counters) <= {path.name for path in folder.glob("histogram_*.db")}
    assert not list(folder.glob(f"gauge_live*_{workers[0]}.db"))


def test_the_folder_of_a_start_goes_with_it(web):
    running = web()
    running.get("/static/nothing.css")
    running.get("/static/nothing.css")
    files = [
        Path(file)
        for worker in running.workers()
        for file in re.findall(r"/\S+\.db$", Path(f"/proc/{worker}/maps").read_text(), re.MULTILINE)
    ]

    assert files
    assert all(file.exists() for file in files)
    assert running.stop() == 0
    assert not any(file.parent.exists() for file in files)
