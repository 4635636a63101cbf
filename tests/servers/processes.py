"""Child processes that leave nothing behind: each leads a process group, and may bear the mark of a drill."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

# In the environment of all that `make drill` starts: the folder it runs in.
MARK = "EVALTRACK_DRILL"
# Debian's, of what is not in one of its own name.
PACKAGES = {
    "initdb": "postgresql",
    "libgalera_smm.so": "galera-4",
    "mariadb-install-db": "mariadb-server",
    "mariadbd": "mariadb-server",
    "nginx": "nginx-light",
    "pg_basebackup": "postgresql",
    "postgres": "postgresql",
}
START_SECONDS = 120


def little_environment(root: Path) -> dict[str, str]:
    """What a unit of systemd has, and the mark of what runs in this folder."""
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", MARK: str(root)}


class Missing(Exception):
    """Something that is to be run is not installed."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is missing: apt install {PACKAGES.get(name, name)}")


def program(name: str) -> str:
    """Where it is; Debian keeps PostgreSQL's apart. Raises Missing."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    path = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", *map(str, folders)]))
    if path is None:
        raise Missing(name)
    return path


def free_ports(number: int) -> list[int]:
    """None with 443 in it: gixy takes whatever listens there for TLS."""
    with ExitStack() as held:
        ports: list[int] = []
        while len(ports) < number:
            port = held.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
            if "443" not in str(port):
                ports.append(port)
    return ports


def listens(port: int) -> bool:
    """Whether somebody does."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def wait_until[Found](look: Callable[[], Found], *, what: str, seconds: float = 60, every: float = 0.05) -> Found:
    """What it finds, as soon as that is true. Raises TimeoutError."""
    began = time.monotonic()
    while not (found := look()):
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(every)
    return found


def start(
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """A process that leads a group of its own and writes to the end of `log`; as another `user`, if one is named."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **rights_of(user),
        )


def rights_of(user: str | None) -> dict[str, Any]:
    """For subprocess."""
    return {"user": user, "group": user, "extra_groups": []} if user else {}


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


class Process:
    """Something that may be ended and started again; it is called as its log is."""

    # With whose rights; None: with ours.
    user: str | None = None

    def __init__(self, command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.command, self.log, self.environment = command, log, environment
        self.name = log.stem
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self, *arguments: str) -> None:
        """Without waiting until it answers."""
        command = [*self.command, *arguments]
        self._process = start(command, log=self.log, environment=self.environment, user=self.user)

    def start(self, *arguments: str) -> float:
        """Returns the seconds until it answers. Raises ChildProcessError if it ended, and TimeoutError."""
        began = time.monotonic()
        self.launch(*arguments)
        wait_until(self.answers, what=f"{self.name} answers", seconds=START_SECONDS)
        return time.monotonic() - began

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def answers(self) -> bool:
        """Raises ChildProcessError, with the end of its log, if it does not run any more."""
        if self._process is not None and (code := self._process.poll()) is not None:
            said = self.log.read_text(errors="replace")[-2000:].strip()
            raise ChildProcessError(f"{self.name} ended with {code}:\n{said}")
        try:
            return self.is_up()
        except Exception:
            return False

    def is_up(self) -> bool:
        """Whether it carries out what it is asked; what is asked nothing is up when it runs."""
        return True

    def kill(self) -> None:
        """As when its machine loses power."""
        self.end(signal.SIGKILL)

    def end(self, with_signal: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            end(self._process, with_signal=with_signal, seconds=20)
            self._process = None


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
