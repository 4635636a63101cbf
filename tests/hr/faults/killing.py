"""Ends this process without a word at the n-th step of whatever runs: what a killed process or a lost machine does."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connections

KILLED = 137
WRITE = re.compile(r"\s*(?:INSERT|UPDATE|DELETE|REPLACE)", re.I)
# Who holds it tells nothing of what was done.
LEASES = re.compile(r"\bhr_lease\b")


class Steps:
    """Counts the steps at which two databases can come apart: before each write, before and after its commit."""

    def __init__(self, kill_at: int) -> None:
        self.kill_at, self.done = kill_at, 0
        self._written: set[str] = set()

    def step(self) -> None:
        self.done += 1
        if self.done == self.kill_at:
            os._exit(KILLED)

    def watch(self) -> None:
        for connection in connections.all():
            connection.execute_wrappers.append(self._before_writes)
            self._around_commits(connection)

    def _before_writes(self, execute, sql, params, many, context):
        if WRITE.match(sql) and not LEASES.search(sql):
            self.step()
            self._written.add(context["connection"].alias)
        return execute(sql, params, many, context)

    def _around_commits(self, connection) -> None:
        commit = connection._commit

        def stepping() -> None:
            if connection.alias not in self._written:
                return commit()
            self.step()
            commit()
            self._written.remove(connection.alias)
            return self.step()

        connection._commit = stepping


@dataclass(frozen=True)
class Ended:
    """How a child ended: killed, or by itself after so many steps."""

    was_killed: bool
    steps: int = 0


def in_child(work: Callable[[], object], *, kill_at: int = 0) -> Ended:
    """Run `work` in a process of its own, killed at that step, if it is given and there are as many."""
    connections.close_all()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        steps = Steps(kill_at)
        steps.watch()
        status = 1
        try:
            work()
            os.write(writing, str(steps.done).encode())
            connections.close_all()
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as told:
        counted = told.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, KILLED), f"ended with {status}"
    return Ended(status == KILLED, int(counted or 0))
