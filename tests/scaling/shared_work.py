"""Asks for work that workers and clocks share, waits for it, and counts what was done more than once.

`shared_work.py EXPORTS PEOPLE`: so many exports of positions, and invitations for so many people, mailed into
`APP_DATA_DIR`/mail. Prints `{"exports", "made_twice", "files", "mails", "mailed_twice", "seconds"}`.
"""

import json
import re
import sys
import time
from collections import Counter

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import Group  # noqa: E402

from core.models import User  # noqa: E402
from core.roles import HR_MANAGER  # noqa: E402
from hr.models import Employee, ExportLog, StoredFile  # noqa: E402
from hr.services import exports  # noqa: E402
from hr.services.accounts import invite_employees  # noqa: E402

# Written when it was asked for, taken, and done: a second taking would be a fourth version.
VERSIONS_OF_ONE_RUN = 3
PATIENCE_SECONDS = 120


def mails() -> Counter[str]:
    """How many went to each address."""
    files = (settings.APP_DATA_DIR / "mail").glob("*")
    return Counter(to for file in files for to in re.findall(r"^To: (.+)$", file.read_text(), re.MULTILINE))


how_many, people = int(sys.argv[1]), int(sys.argv[2])
actor = User.objects.create_user("exporter", "of this drill")
actor.groups.add(Group.objects.get(name=HR_MANAGER))
began = time.monotonic()
columns = ("code", "title")
asked = [exports.Asked("positions", "csv", f"{n}.csv", columns=columns) for n in range(how_many)]
keys = [exports.ask(each, actor=actor).pk for each in asked]
chosen = Employee.objects.exclude(work_email=None).exclude(work_email="").order_by("pk").values_list("pk", flat=True)
invited = invite_employees(list(chosen[:people]), actor=None).invited
logs = ExportLog.objects.filter(pk__in=keys)
while time.monotonic() - began < PATIENCE_SECONDS:
    if not logs.filter(state=ExportLog.State.RUNNING).exists() and mails().total() >= invited:
        break
    time.sleep(0.5)
seconds = round(time.monotonic() - began)
time.sleep(20)  # for a round of every clock: what comes twice would come now
print(
    json.dumps(
        {
            "exports": logs.filter(state=ExportLog.State.DONE).count(),
            "made_twice": logs.exclude(version=VERSIONS_OF_ONE_RUN).count(),
            "files": StoredFile.objects.filter(owner_id=actor.pk).count(),
            "mails": len(mails()),
            "mailed_twice": sum(count > 1 for count in mails().values()),
            "seconds": seconds,
        }
    )
)
