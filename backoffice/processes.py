"""Runs the web process, the worker and the clock side by side, and stops them together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

GRACE_SECONDS = 8
POLL_SECONDS = 0.2
# A process that ends this many times in a row, each within this many seconds, will not do better the next time.
MOST_FAILURES = 3
HEALTHY_SECONDS = 10


@dataclass
class Process:
    """One child, in a process group of its own so that Ctrl-C reaches only us."""

    name: str
    command: Sequence[str]
    # gunicorn waits for open connections on SIGTERM, and not on SIGINT.
    stop_signal: signal.Signals = signal.SIGTERM
    failures: int = 0
    started_at: float = 0.0
    child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.child = subprocess.Popen(self.command, start_new_session=True)

    def has_ended(self) -> bool:
        return self.child is not None and self.child.poll() is not None

    def signal_group(self, number: int) -> None:
        if self.child is not None:
            try:
                os.killpg(self.child.pid, number)
            except ProcessLookupError:
                return


class Stopped(Exception):
    """SIGINT, SIGTERM or SIGHUP arrived."""


class Gone(Exception):
    """A process keeps ending."""

    def __init__(self, process: Process):
        code = process.child.returncode if process.child else None
        super().__init__(f"The {process.name} process ended {process.failures} times in a row (exit code {code}).")
        self.process = process


def run_together(
    processes: Sequence[Process],
    *,
    ready: Callable[[], bool],
    announce: Callable[[], None],
    grace_seconds: float = GRACE_SECONDS,
) -> None:
    """Start all, call `announce` once `ready`, restart what ends, until a signal comes; then stop all.

    Raises Gone if a process cannot be kept running.
    """
    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        for process in processes:
            process.start()
        announced = False
        while True:
            if not announced and ready():
                announce()
                announced = True
            for process in processes:
                if process.has_ended():
                    restart(process)
            time.sleep(POLL_SECONDS)
    except Stopped:
        return
    finally:
        for number in previous:
            signal.signal(number, signal.SIG_IGN)
        stop_all(processes, grace_seconds)
        for number, handler in previous.items():
            signal.signal(number, handler)


def stop(number: int, frame: FrameType | None) -> None:
    raise Stopped


def restart(process: Process) -> None:
    assert process.child is not None
    lived = time.monotonic() - process.started_at
    process.failures = 1 if lived > HEALTHY_SECONDS else process.failures + 1
    code = process.child.returncode
    if process.failures >= MOST_FAILURES:
        raise Gone(process)
    sys.stderr.write(f"The {process.name} process ended (exit code {code}); starting it again.\n")
    process.signal_group(signal.SIGKILL)
    process.start()


def stop_all(processes: Sequence[Process], grace_seconds: float) -> None:
    for process in processes:
        process.signal_group(process.stop_signal)
    deadline = time.monotonic() + grace_seconds
    while time.monotonic() < deadline and not all(process.has_ended() for process in processes if process.child):
        time.sleep(0.05)
    for process in processes:
        process.signal_group(signal.SIGKILL)
        if process.child is not None:
            process.child.wait()
