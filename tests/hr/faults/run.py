"""Run by test_faults.py in a process of its own, over two files: a verb, killed one step later each time.

Writes one line of JSON: how often it was killed, and all that was found wrong.
"""

import json
import os
import sys
from collections import Counter

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.utils import timezone  # noqa: E402

from backoffice.management.commands import migrate  # noqa: E402
from core import roles  # noqa: E402
from core.models import StoredMail  # noqa: E402
from hr.clock import Clock  # noqa: E402
from hr.models import Event, Lease, Notification, OutboxMessage  # noqa: E402
from hr.services.checks import CHECKS  # noqa: E402
from hr.services.reconcile import compare  # noqa: E402
from tests.hr.faults.killing import in_child  # noqa: E402
from tests.hr.faults.verbs import REPAIRS, VERBS, Company  # noqa: E402
from tests.schema import make_tables  # noqa: E402

MOST_STEPS = 500


def clock():
    """All that is due, and the night's work. The lease of a killed clock would keep this one waiting."""
    Lease.objects.update(expires_at=timezone.now())
    at_work = Clock()
    while at_work.round():
        pass
    at_work.round()  # tells what the duties of the last one brought
    at_work.give_back()


def kill_at_every_step(company, verb, wrong):
    for step in range(1, MOST_STEPS):
        StoredMail.objects.all().delete()
        # Otherwise the clock would take more steps each time: it looks at every event that enrols.
        Event.objects.filter(state__in=Event.ENROLLING).update(state=Event.State.CLOSED)
        call = verb(company)
        was_killed = in_child(lambda call=call: (call(), clock()), kill_at=step)
        if verb in REPAIRS:
            in_child(call)
        # The next clock works here, so that what it loads need not be loaded by every child.
        clock()
        wrong += [f"{verb.__name__}, step {step}: {fault}" for fault in faults(kills=int(was_killed))]
        if not was_killed:
            return step - 1
    raise AssertionError(f"{verb.__name__} takes more than {MOST_STEPS} steps")


def faults(*, kills):
    """What is wrong once everything due was done."""
    for finding in compare(CHECKS, most=5):
        for difference in finding.differences:
            yield f"{finding.name}: {difference.about}"
    for message in OutboxMessage.objects.filter(done_at=None):
        yield f"not done: {message.key} {message.error}"
    for message in OutboxMessage.objects.filter(attempts__gt=0):
        yield f"failed: {message.key} {message.error}"
    for row in Notification.objects.filter(state__in=["pending", "failed"], channel="mail"):
        yield f"not mailed: {row} {row.error}"
    mails = Counter(StoredMail.objects.values_list("recipient", "subject"))
    repeated = {mail: count - 1 for mail, count in mails.items() if count > 1}
    if sum(repeated.values()) > kills:
        yield f"mailed again: {repeated}"


def main(name):
    for alias in connections:
        make_tables(migrate.Command(), database=alias, verbosity=0)
    call_command("createcachetable")
    roles.sync_roles()
    verb = next(verb for verb in VERBS if verb.__name__ == name)
    company, wrong = Company(), []
    clock()
    json.dump({"kills": kill_at_every_step(company, verb, wrong), "wrong": wrong}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
