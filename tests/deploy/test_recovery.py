"""What the product is for, at work, while it is backed up; then lost, and brought back."""

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from datetime import datetime

import pytest

from tests.browser.conftest import scratch_databases, server_cursors
from tests.deploy.conftest import ROOT
from tests.deploy.recovery import Recovery

PEOPLE, BACKUPS = 200, 3
# People come, get accounts, and every third goes again; each line is somebody who came, and when that began and ended.
WORK = """
import time
from django.utils import timezone
from hr.models import OrgUnit
from hr.services.accounts import invite_employees
from hr.services.employees import NewEmployee, hire_employees
from hr.services.employment import terminate_employees
unit, today, number = OrgUnit.objects.order_by("pk")[0].pk, timezone.localdate(), 0
while True:
    number, begun = number + 1, time.time()
    row = NewEmployee(
        first_name="Nueva", last_name=f"Persona {number}", hired_on=today, org_unit_id=unit,
        work_email=f"nueva{number}@example.com",
    )
    (person,) = hire_employees([row], actor=None)
    print(person.code, begun, time.time(), flush=True)
    invite_employees([person.pk], actor=None)
    if number % 3 == 0:
        terminate_employees([person.pk], ended_on=today, actor=None)
"""
REPORT = """
import json
from core.models import User
from hr.models import Employee
print(json.dumps({"codes": list(Employee.objects.values_list("code", flat=True)), "accounts": User.objects.count()}))
"""


@contextmanager
def running(*arguments, **variables):
    process = subprocess.Popen(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.servers
def test_all_that_was_written_before_a_backup_comes_back_and_agrees(tmp_path):
    with scratch_databases() as databases:
        (name,) = set(databases.values())
        settings = {
            **{key: value for key, value in os.environ.items() if key.startswith(("DB_", "PATH", "HOME", "LANG"))},
            "ENV_FILE": "none",
            "APP_ENV": "testing",
            "APP_DATA_DIR": str(tmp_path),
            "REDIS_HOST": "",
            **databases,
        }
        recovery = Recovery(tmp_path / "backups", **settings)

        def manage(*arguments):
            return subprocess.run(
                [sys.executable, "manage.py", *arguments],
                cwd=ROOT,
                env=settings,
                check=True,
                capture_output=True,
                text=True,
            ).stdout

        manage("migrate_all", "-v0")
        manage("seed_demo", "--employees", str(PEOPLE))
        written = tmp_path / "written"
        with ExitStack() as stack:
            stack.enter_context(running("clock", **settings))
            work = stack.enter_context(running("shell", "-v0", "-c", WORK, **settings))
            for _attempt in range(BACKUPS):
                time.sleep(1)
                recovery.well("backup")
            work.kill()
            written.write_text(work.stdout.read())
        recovery.well("restore", "--rehearse")
        with server_cursors() as cursors:
            for cursor, force in zip(cursors, (" WITH (FORCE)", ""), strict=True):
                cursor.execute(f"DROP DATABASE {name}{force}")
        said = recovery.well("restore")
        report = json.loads(manage("shell", "-v0", "-c", REPORT))
        agree = json.loads(manage("reconcile", "--carry-out", "--json"))

    moment = datetime.fromisoformat(recovery.manifest()["made_at"]).timestamp()
    rows = [line.split() for line in written.read_text().splitlines()]
    before = {code for code, _begun, ended in rows if float(ended) < moment}
    after = {code for code, begun, _ended in rows if float(begun) > moment}
    assert len(before) > BACKUPS
    assert before - set(report["codes"]) == set()
    assert after & set(report["codes"]) == set()
    assert after
    assert "Each table holds what was dumped." in said
    assert agree["agree"]
