"""Run by test_faults.py in a process of its own, over databases of its own: a verb, killed at one step after the other.

Each line that comes in is a Trial in JSON, and each that goes out its Report.
"""

import json
import os
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.utils import timezone  # noqa: E402

from backoffice.management.commands import migrate  # noqa: E402
from core import roles  # noqa: E402
from hr.clock import LEASE, NIGHTLY, REMINDERS, Clock  # noqa: E402
from hr.models import Lease, OutboxMessage  # noqa: E402
from hr.services.checks import CHECKS  # noqa: E402
from hr.services.reconcile import compare  # noqa: E402
from tests.hr.faults.company import Company  # noqa: E402
from tests.hr.faults.killing import in_child  # noqa: E402
from tests.hr.faults.mutants import MUTANTS  # noqa: E402
from tests.hr.faults.snapshot import Snapshots, differences, effects, mails, wipe  # noqa: E402
from tests.hr.faults.verbs import VERBS  # noqa: E402
from tests.schema import make_tables  # noqa: E402


@dataclass(frozen=True)
class Trial:
    """Killed at every step, or at so many of them at `most`, spread evenly; with a fault put into the program."""

    verb: str
    most: int | None = None
    mutant: str | None = None


@dataclass
class Report:
    """How many steps there are, at how many it was killed, what it brings about unkilled, and all that was wrong."""

    steps: int = 0
    kills: int = 0
    effects: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Prepared:
    """The company anew, with all that is due done, and the call that does the verb."""

    def __init__(self, verb: str) -> None:
        wipe()
        self.call = VERBS[verb].prepare(Company())
        self.snapshots = Snapshots()

    def done(self, *, kill_at: int = 0):
        """The verb and what the clock makes of it, in a process that is killed at that step."""
        return in_child(lambda: (self.call(), clock()), kill_at=kill_at)

    def rows(self):
        """What there is once all that is due was done. What this process loads need not be loaded by each child."""
        clock(night=True)
        return self.snapshots.take()


def clock(*, night: bool = False) -> None:
    """All that is due, at night with the night's work. The lease of a killed clock would keep this one waiting."""
    due = [LEASE, REMINDERS, *([NIGHTLY] if night else [])]
    Lease.objects.filter(name__in=due).update(expires_at=timezone.now())
    at_work = Clock()
    while at_work.round():
        pass
    at_work.round()  # tells what the duties of the last one brought
    at_work.give_back()


def examine(trial: Trial) -> Report:
    """What is so after a kill is compared with what is so after none.

    What was killed before it was done is not done at all, and then whoever asked for it asks again.
    """
    report = Report()
    late = Prepared(trial.verb)
    untouched, untouched_mails = late.rows(), mails()
    late.done()
    wanted_late, wanted_late_mails = late.rows(), mails()
    unkilled = Prepared(trial.verb)
    report.steps = unkilled.done().steps
    wanted, wanted_mails = unkilled.rows(), mails()
    report.effects = sorted(effects(untouched, wanted) | ({"mail"} if wanted_mails - untouched_mails else set()))
    report.wrong = [f"unkilled: {fault}" for fault in faults()]
    for step in chosen(report.steps, trial.most):
        run = Prepared(trial.verb)
        was_killed = run.done(kill_at=step).was_killed
        rows = run.rows()
        if again := rows == untouched:
            run.done()
            rows = run.rows()
        found = [
            *faults(),
            *differences(wanted_late if again else wanted, rows),
            *misdirected(wanted_late_mails if again else wanted_mails, mails(), kills=int(was_killed)),
        ]
        report.kills += was_killed
        report.wrong += [f"step {step}: {fault}" for fault in found]
    return report


def chosen(steps: int, most: int | None) -> list[int]:
    if most is None or most >= steps:
        return list(range(1, steps + 1))
    return sorted({1 + round(number * (steps - 1) / max(most - 1, 1)) for number in range(most)})


def faults():
    """What is wrong in itself, once everything due was done."""
    for finding in compare(CHECKS, most=5):
        for difference in finding.differences:
            yield f"{finding.name}: {difference.about}"
    for message in OutboxMessage.objects.filter(done_at=None):
        yield f"not done: {message.key} {message.error}"
    for message in OutboxMessage.objects.filter(attempts__gt=0):
        yield f"failed: {message.key} {message.error}"


def misdirected(wanted: Counter, sent: Counter, *, kills: int):
    """Each mail leaves; at most the one in flight at the kill leaves twice."""
    for mail in wanted - sent:
        yield f"not mailed: {mail}"
    if (sent - wanted).total() > kills:
        yield f"mailed too often: {sent - wanted}"


def main() -> None:
    for alias in connections:
        make_tables(migrate.Command(), database=alias, verbosity=0)
    if connection.vendor == "sqlite":
        call_command("createcachetable")
    roles.sync_roles()
    clock()
    for line in sys.stdin:
        trial = Trial(**json.loads(line))
        connections.close_all()
        reading, writing = os.pipe()
        if os.fork() == 0:  # a mutant dies with it
            if trial.mutant:
                MUTANTS[trial.mutant].plant()
            with os.fdopen(writing, "w") as told:
                json.dump(asdict(examine(trial)), told)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as told:
            sys.stdout.write(told.read() + "\n")
        sys.stdout.flush()
        os.wait()


if __name__ == "__main__":
    main()
