import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import connections
from django_tasks import task

from tests.backoffice.conftest import ROOT, SYSTEM
from tests.servers.processes import wait_until


@task()
def write_down(path, text):
    Path(path).write_text(text)


@task()
def write_twice(path, seconds):
    Path(path).write_text("begun")
    time.sleep(seconds)
    Path(path).write_text("finished")


ENQUEUE = "import sys; from tests.backoffice.test_worker import write_down; write_down.enqueue({!r}, {!r})"


@pytest.fixture
def worker(tmp_path):
    """Starts `manage.py worker` with these variables; its log goes to a file."""
    started = []

    def start(**variables):
        environment = SYSTEM | {"ENV_FILE": "none", "APP_DATA_DIR": str(tmp_path)} | variables
        with (tmp_path / "worker.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "worker"], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def wait_for(path, text, seconds=40):
    what = f"{text!r} is in {path.name}"
    wait_until(lambda: path.exists() and text in path.read_text(), what=what, seconds=seconds)


def test_it_waits_for_its_database_and_then_works(worker, manage, tmp_path):
    process = worker()
    wait_for(tmp_path / "worker.log", "lost a database and tries again")

    manage("migrate_all")
    manage("shell", "--verbosity", "0", "-c", ENQUEUE.format(str(tmp_path / "done"), "late but done"))

    wait_for(tmp_path / "done", "late but done")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0


def test_told_to_stop_it_finishes_its_task_and_begins_no_other(worker, manage, tmp_path):
    manage("migrate_all")
    tasks = "from tests.backoffice.test_worker import write_down, write_twice;"
    tasks += f"write_twice.enqueue({str(tmp_path / 'first')!r}, 2); write_down.enqueue({str(tmp_path / 'next')!r}, '')"
    manage("shell", "--verbosity", "0", "-c", tasks)
    process = worker()
    wait_for(tmp_path / "first", "begun")

    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=30) == 0
    assert (tmp_path / "first").read_text() == "finished"
    assert not (tmp_path / "next").exists()


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_it_survives_a_server_that_drops_it(worker, manage, tmp_path):
    servers = {key: value for key, value in os.environ.items() if key.startswith("DB_")}
    database = {
        "APP_ENV": "local",
        "DB_PGSQL_DATABASE": connections["default"].settings_dict["NAME"],
        "DB_DATABASE": connections["business"].settings_dict["NAME"],
    }
    worker(**servers | database)
    wait_for(tmp_path / "worker.log", "Starting worker")
    time.sleep(2)

    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchone()[0] > 0
    manage(
        "shell", "--verbosity", "0", "-c", ENQUEUE.format(str(tmp_path / "done"), "still here"), **servers | database
    )

    wait_for(tmp_path / "done", "still here")
