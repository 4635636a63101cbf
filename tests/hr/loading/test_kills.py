"""A worker killed again and again: every row of a load goes in once, and its history once; an undo likewise."""

import json
import os
import random
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.browser.conftest import scratch_databases
from tests.hr.nursery import nursery

ROOT = Path(__file__).resolve().parents[3]
KILLS = 20
ROWS = 120_000

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
LOAD = """
from hr.loading import apply, jobs, undo
from hr.models import ImportJob
apply.CHUNK = undo.CHUNK = 250
"""
WORK = "jobs.run(ImportJob.objects.get().pk)"
REPORT = """
import json
from django.db.models import Count
from hr.models import Employee, ImportJob, ImportRow
job = ImportJob.objects.get()
keys = dict(Employee.objects.values_list("pk", "reports_to_id"))
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
    with scratch_databases() as databases, ExitStack() as stack:
        environment = os.environ | {
            "ENV_FILE": "none",
            "APP_ENV": "testing",
            "APP_DATA_DIR": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "backoffice.settings",
            "LOG_LEVEL": "error",
            **databases,
        }
        workers = stack.enter_context(nursery(LOAD, WORK, cwd=ROOT, env=environment))

        def manage(*arguments):
            command = [sys.executable, "manage.py", *arguments]
            return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout

        def report():
            return json.loads(manage("shell", "-v0", "-c", REPORT))

        def kill_again_and_again():
            """How often a worker was killed that had not ended by itself, and whether all of them wrote something."""
            ends, longest = [], 0.6
            for attempt in range(1, KILLS + 1):
                ends.append(workers.run(kill_after=random.uniform(0.05, longest)))
                if attempt % 5 == 0 and not report()["done"]:
                    # A machine that is too slow to write a chunk in this time.
                    longest *= 2
            done = report()["done"]
            assert workers.run() == 0
            return ends.count(-signal.SIGKILL), done

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
