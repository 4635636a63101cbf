"""Child processes that leave nothing behind: each leads a process group, and bears the drill's mark."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

# In the environment of all that the drill starts: the folder it runs in.
MARK = "EVALTRACK_DRILL"


def start(
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str],
    user: str | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """A process that leads a group of its own and writes to the end of `log`; as another `user`, if one is named."""
    who: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **who,
        )


def program(name: str) -> str:
    """Where it is; Debian keeps PostgreSQL's apart. Raises FileNotFoundError."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    path = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", *map(str, folders)]))
    if path is None:
        raise FileNotFoundError(f"no {name}: the drill needs postgresql, mariadb-server, redis-server and nginx-light")
    return path


def signal_group(leader: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, number)


def end(process: subprocess.Popen[bytes], *, with_signal: signal.Signals, seconds: float) -> None:
    """Ask the process to end; after so many seconds, and of whatever it leaves, make it."""
    if process.poll() is None:
        process.send_signal(with_signal)
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    signal_group(process.pid, signal.SIGKILL)
    process.wait()


def wait_until(done: Callable[[], bool], *, seconds: float, what: str, every: float = 0.05) -> float:
    """Wait for it; returns the seconds it took. Raises TimeoutError."""
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(every)
    return time.monotonic() - began


def marked(root: Path) -> list[int]:
    """The processes that were started for the drill in this folder and still run, its own apart."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                if f"{MARK}={root}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def children_of(parent: int) -> list[int]:
    with suppress(OSError):
        text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
        return [int(child) for child in text.split()]
    return []
