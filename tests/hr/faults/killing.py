"""Ends this process without a word at the n-th step of whatever runs: what a killed process or a lost machine does."""

import os
import re

from django.db import connections

KILLED = 137
WRITE = re.compile(r"\s*(?:INSERT|UPDATE|DELETE|REPLACE)", re.I)


class Steps:
    """Counts the steps at which two databases can come apart: before each write, before and after each commit."""

    def __init__(self, kill_at):
        self.kill_at, self.done = kill_at, 0

    def step(self):
        self.done += 1
        if self.done == self.kill_at:
            os._exit(KILLED)

    def watch(self):
        for connection in connections.all():
            connection.execute_wrappers.append(self._before_writes)
            self._around_commits(connection)

    def _before_writes(self, execute, sql, params, many, context):
        if WRITE.match(sql):
            self.step()
        return execute(sql, params, many, context)

    def _around_commits(self, connection):
        commit = connection._commit

        def stepping():
            self.step()
            commit()
            self.step()

        connection._commit = stepping


def in_child(work, *, kill_at=0):
    """Run `work` in a process of its own, killed at that step; whether it was."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        Steps(kill_at).watch()
        status = 1
        try:
            work()
            connections.close_all()
            status = 0
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, KILLED), f"ended with {status}"
    return status == KILLED
