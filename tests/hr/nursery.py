"""Processes that are there to be killed: forked from one that has loaded everything, which takes seconds each time."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress

# Each line that comes in has a child do the work; its id goes out, and then how it ended.
NURSERY = """
import os, sys
import django; django.setup()
{prepare}
def work():
{work}
for _line in sys.stdin:
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Nursery:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, *, kill_after: float | None = None, meanwhile: Callable[[], object] | None = None) -> int:
        """How a child ended: 0 by itself, -9 if it was killed after so many seconds, or once `meanwhile` returned."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        child = int(self._process.stdout.readline())
        if meanwhile is not None:
            meanwhile()
        if kill_after is not None:
            time.sleep(kill_after)
        if meanwhile is not None or kill_after is not None:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        return int(self._process.stdout.readline())


@contextmanager
def nursery(prepare: str, work: str, **options):
    """`prepare` is run once and must ask no database, `work` in each child; both are Python."""
    code = NURSERY.format(prepare=prepare, work="".join(f"    {line}\n" for line in work.strip().splitlines()))
    command = [sys.executable, "-c", code]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)
    try:
        yield Nursery(process)
    finally:
        process.kill()
        process.communicate()
