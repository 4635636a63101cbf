"""A worker killed again and again: every row of a load goes in once, and its history once; an undo likewise."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.browser.conftest import scratch_databases

ROOT = Path(__file__).resolve().parents[3]
KILLS = 20
ROWS = 30_000

PREPARE = f"""
from django.utils import timezone
from hr.models import ImportJob, ImportRow, OrgUnit
from hr.services.writing import insert_only
unit, now = OrgUnit.objects.create(code="U", name="Unidad"), timezone.now()
job = ImportJob.objects.create(
    resource="employees", state="applying", file_name="x.csv", rows={ROWS}, created={ROWS}, rows_to_do={ROWS},
    started_at=now, heartbeat_at=now,
)
common = dict(
    job_id=job.pk, version=1, created_at=now, updated_at=now, verdict="new", object_id=None, employee_id=None,
    event_id=None, before={{}}, read_version=None, written_version=None, errors=[], causes="", cells=[], undone="",
    kept_because="",
)
def after(number):
    person = dict(first_name="José", last_name=f"Pérez {{number}}", code=f"E{{number:06}}", country="VE",
                  national_id=f"V-{{10000000 + number}}", hired_on="2024-01-15", org_unit=unit.pk)
    if number % 3 == 0:
        del person["code"]
    return person | ({{"reports_to": {{"row": 2 + number // 10}}}} if number else {{}})
insert_only(ImportRow, [
    common | dict(number=number + 2, step=number + 1, label=f"P{{number}}", after=after(number))
    for number in range({ROWS})
])
print(job.pk)
"""
# Small chunks, so that there is something left to do after twenty kills.
WORK = """
import sys
import django; django.setup()
from hr.loading import apply, jobs, undo
from hr.models import ImportJob
apply.CHUNK = undo.CHUNK = 250
job = ImportJob.objects.get()
print("at work", flush=True)
jobs.run(job.pk)
"""
REPORT = """
import json
from django.db.models import Count
from hr.models import Employee, ImportJob, ImportRow
job = ImportJob.objects.get()
keys = dict(Employee.objects.values_list("pk", "reports_to_id"))
rows = dict(ImportRow.objects.exclude(object_id=None).values_list("number", "object_id"))
wrong = sum(keys[rows[2 + number // 10]] is None for number in range(10, job.rows) if keys) if keys else 0
print(json.dumps({
    "state": job.state,
    "done": job.rows_done,
    "people": len(keys),
    "ids": Employee.objects.values("national_id").distinct().count(),
    "without_boss": sum(boss is None for boss in keys.values()),
    "rows": ImportRow.objects.exclude(written_version=None).values("object_id").distinct().count(),
    "entered": Employee.history.filter(history_type="+").count(),
    "entered_once": Employee.history.filter(history_type="+").values("id").distinct().count(),
    "removed": Employee.history.filter(history_type="-").count(),
}))
"""
UNDO = """
from hr.models import ImportJob
from hr.services import imports
imports.to_undoing(ImportJob.objects.get().pk, actor=None)
"""


@pytest.mark.slow
def test_a_worker_killed_twenty_times_writes_every_row_once_and_takes_it_back_once(tmp_path):
    with scratch_databases() as databases:
        environment = os.environ | {
            "ENV_FILE": "none",
            "APP_ENV": "testing",
            "APP_DATA_DIR": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "backoffice.settings",
            "LOG_LEVEL": "error",
            **databases,
        }

        def manage(*arguments):
            command = [sys.executable, "manage.py", *arguments]
            return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout

        def start():
            command = [sys.executable, "-c", WORK]
            worker = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
            assert worker.stdout.readline() == "at work\n"
            return worker

        def report():
            return json.loads(manage("shell", "-v0", "-c", REPORT))

        def kill_again_and_again():
            """How often a worker was killed that had not ended by itself, and whether all of them wrote something."""
            kills, done = 0, []
            for _attempt in range(KILLS):
                worker = start()
                time.sleep(random.uniform(0.05, 0.6))
                kills += worker.poll() is None
                worker.send_signal(signal.SIGKILL)
                worker.communicate()
            done.append(report()["done"])
            assert start().wait(300) == 0
            return kills, done[0]

        manage("migrate_all", "-v0")
        manage("shell", "-v0", "-c", PREPARE)
        kills, done = kill_again_and_again()
        written = report()
        manage("shell", "-v0", "-c", UNDO)
        undo_kills, undone = kill_again_and_again()
        taken_back = report()

    assert (kills, undo_kills) == (KILLS, KILLS)
    assert 0 < done < ROWS
    assert 0 < undone < ROWS
    assert written == {
        "state": "applied",
        "done": ROWS,
        "people": ROWS,
        "ids": ROWS,
        "without_boss": 1,
        "rows": ROWS,
        "entered": ROWS,
        "entered_once": ROWS,
        "removed": 0,
    }
    assert taken_back == written | {
        "state": "undone",
        "people": 0,
        "ids": 0,
        "without_boss": 0,
        "removed": ROWS,
    }
