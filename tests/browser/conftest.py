import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connections

from tests.servers.processes import free_ports

ROOT = Path(__file__).resolve().parents[2]
KEY = "base64:" + "k" * 44
READY_SECONDS = 300


class Program:
    """The running demo, on the engine under test, and a logged-in browser's way around it."""

    def __init__(self, address, environment, pid):
        self.address = address
        self.environment = environment
        self.pid = pid

    def url(self, path):
        return self.address + path

    @contextmanager
    def without_worker(self):
        """Its worker is killed and not started again: a test has workers of its own."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            os.killpg(self._worker(), signal.SIGKILL)
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def _worker(self):
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        (worker,) = [
            int(pid) for pid in children if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        ]
        return worker

    def log_in(self, page, username):
        page.goto(self.url("/login/"))
        page.fill("input[name=username]", username)
        page.fill("input[name=password]", "demo")
        page.click("#login-form button[type=submit]")
        page.wait_for_url(self.url("/"))


@pytest.fixture(scope="package")
def program(tmp_path_factory, browser):
    """`manage.py demo` in databases of its own: web, worker and clock, as a user starts them.

    It ends with the last test of the browser: its rounds would take from the others.
    """
    folder = tmp_path_factory.mktemp("program")
    [port] = free_ports(1)
    with scratch_databases() as databases:
        environment = os.environ | {
            "ENV_FILE": "none",
            "APP_ENV": "demo",
            "APP_KEY": KEY,
            "APP_DATA_DIR": str(folder),
            "APP_URL": f"http://127.0.0.1:{port}",
            "PORT": str(port),
            "DJANGO_SETTINGS_MODULE": "backoffice.settings",
            **databases,
        }
        log = folder / "demo.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "demo"],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            wait_until_ready(f"http://127.0.0.1:{port}/login/", process, log)
            yield Program(f"http://127.0.0.1:{port}", environment, process.pid)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def wait_until_ready(address, process, log):
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            pytest.fail(f"the demo ended:\n{log.read_text()}")
        try:
            urllib.request.urlopen(address, timeout=5)
            return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.3)
    pytest.fail(f"the demo did not answer:\n{log.read_text()}")


@contextmanager
def scratch_databases(purpose="browser"):
    """Names of two empty databases on the servers under test; nothing to name for SQLite, whose files are new."""
    if connections["default"].vendor == "sqlite":
        yield {"DB_CONNECTION": "sqlite", "REDIS_HOST": ""}
        return
    name = f"evaltrack_{purpose}_{os.getpid()}"
    names = {"DB_PGSQL_DATABASE": name, "DB_DATABASE": name}
    with server_cursors() as cursors:
        for cursor in cursors:
            cursor.execute(f"CREATE DATABASE {name}")
        try:
            yield names
        finally:
            for cursor, force in zip(cursors, (" WITH (FORCE)", ""), strict=True):
                cursor.execute(f"DROP DATABASE {name}{force}")


@contextmanager
def server_cursors():
    """Connections beside Django's own, which a test's transaction may hold."""
    import MySQLdb
    import psycopg

    identity, business = connections["default"].settings_dict, connections["business"].settings_dict
    postgres = psycopg.connect(
        host=identity["HOST"],
        port=identity["PORT"],
        user=identity["USER"],
        password=identity["PASSWORD"],
        dbname="postgres",
        autocommit=True,
    )
    mysql = MySQLdb.connect(
        host=business["HOST"], port=int(business["PORT"]), user=business["USER"], passwd=business["PASSWORD"]
    )
    try:
        yield postgres.cursor(), mysql.cursor()
    finally:
        postgres.close()
        mysql.close()
