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

ROOT = Path(__file__).resolve().parents[2]
KILLS = 12
PEOPLE = 300

INVITE = """
from hr.models import Employee
from hr.services.accounts import invite_employees
invite_employees(list(Employee.objects.active().values_list("pk", flat=True)), actor=None)
"""
LOAD = """
from django.utils import timezone
from hr.clock import Clock
from hr.models import Lease
"""
# The lease of a killed clock would keep the next one waiting for a minute.
WORK = """
Lease.objects.filter(name="clock").update(expires_at=timezone.now())
clock = Clock()
while clock.round():
    pass
clock.give_back()
"""
REPORT = """
import json
from collections import Counter
from core.models import Invitation, StoredMail, User
from hr.models import Employee, Notification, OutboxMessage
people = Employee.objects.active()
print(json.dumps({
    "people": people.count(),
    "addresses": sorted(people.exclude(work_email=None).values_list("work_email", flat=True)),
    "accounts": User.objects.filter(employee_uid__in=list(people.values_list("uid", flat=True))).count(),
    "open": Invitation.objects.open().count(),
    "undone": OutboxMessage.objects.filter(done_at=None).count(),
    "states": dict(Counter(Notification.objects.values_list("state", flat=True))),
    "mails": dict(Counter(StoredMail.objects.values_list("recipient", flat=True))),
}))
"""


@pytest.mark.slow
def test_a_clock_killed_again_and_again_repeats_at_most_the_mail_it_was_at(tmp_path):
    with scratch_databases() as databases, ExitStack() as stack:
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

        manage("migrate_all", "-v0")
        manage("seed_demo", "--employees", str(PEOPLE), "--without-events")
        manage("shell", "-v0", "-c", "from core.models import User; User.objects.exclude(employee_uid=None).delete()")
        manage("shell", "-v0", "-c", INVITE)
        clocks = stack.enter_context(nursery(LOAD, WORK, cwd=ROOT, env=environment))
        ends = [clocks.run(kill_after=random.uniform(0, 0.5)) for _attempt in range(KILLS)]
        kills = ends.count(-signal.SIGKILL)
        assert clocks.run() == 0
        report = json.loads(manage("shell", "-v0", "-c", REPORT))

    people, mails = report["people"], report.pop("mails")
    assert report == {
        "people": people,
        "addresses": sorted(mails),
        "accounts": people,
        "open": people,
        "undone": 0,
        "states": {"sent": len(mails)},
    }
    assert people > PEOPLE / 2
    assert kills > 1
    assert sum(mails.values()) - len(mails) <= kills
