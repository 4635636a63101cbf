"""Killed at each step of each verb that reaches into the other database: what follows is what follows without a kill.

A verb is done, and the clock does its part, in a process that ends without a word at one step: before a write, before a
commit, or after it. Another clock then does all that is due. Both databases must hold, row by row and history entry by
history entry, what they hold after the same without a kill: what people are told, each once; their accounts, sessions,
rights and mail. No more than the mail in flight leaves twice. A verb killed before it was done has left nothing, and is
done again. What a verb brings about unkilled stands beside it in faults/verbs.py.

On SQLite (make test-slow) it is killed at every step, some 900 times in all; on the servers (make test-slow-servers, a
part of .ci/run) at STEPS_ON_SERVERS steps of each verb, spread evenly from the first to the last, over 200 in all: an
SQLite file commits as a server does, so that what remains to be shown there is that PostgreSQL and MariaDB keep, undo
and hand over locks when a client is gone.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from hr.services import outbox
from tests.browser.conftest import scratch_databases
from tests.hr.faults.mutants import MUTANTS
from tests.hr.faults.verbs import EXEMPT, VERBS

ROOT = Path(__file__).resolve().parents[2]
STEPS_ON_SERVERS = 5
ON_SERVERS = connection.vendor != "sqlite"


class Examiner:
    """The process that kills, over databases of its own."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process, self._log = process, log

    def examine(self, verb: str, *, most: int | None = None, mutant: str | None = None) -> dict:
        self._process.stdin.write(json.dumps({"verb": verb, "most": most, "mutant": mutant}) + "\n")
        self._process.stdin.flush()
        report = self._process.stdout.readline().strip()
        assert report, self._log.read_text()[-3000:]
        return json.loads(report)


@pytest.fixture(scope="session")
def examiner(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    log = folder / "log"
    with scratch_databases("faults") as databases, log.open("w") as errors:
        environment = os.environ | {
            "ENV_FILE": "none",
            "APP_DATA_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "LOG_LEVEL": "error",
            "TEST_DB_SUFFIX": f"faults{os.getpid()}",  # of the keys in Redis
            **databases,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.hr.faults.run"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            yield Examiner(process, log)
        finally:
            process.kill()
            process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS)
def test_a_kill_at_any_step_leaves_what_no_kill_leaves(verb, examiner):
    report = examiner.examine(verb, most=STEPS_ON_SERVERS if ON_SERVERS else None)

    assert report["wrong"] == []
    assert set(report["effects"]) == VERBS[verb].effects
    assert report["kills"] == (min(STEPS_ON_SERVERS, report["steps"]) if ON_SERVERS else report["steps"])


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_a_fault_in_the_program_is_noticed(name, examiner):
    mutant = MUTANTS[name]

    report = examiner.examine(mutant.verb, most=mutant.kills, mutant=name)

    assert report["wrong"] or set(report["effects"]) != VERBS[mutant.verb].effects


def test_every_kind_of_message_is_written_by_a_verb_or_exempt():
    written = set().union(*(verb.kinds for verb in VERBS.values()))

    assert written | EXEMPT.keys() == outbox.KINDS.keys()
    assert not written & EXEMPT.keys()


def test_the_kills_on_the_servers_are_over_two_hundred():
    """Each verb takes as many steps (the slow test counts them)."""
    assert len(VERBS) * STEPS_ON_SERVERS > 200
