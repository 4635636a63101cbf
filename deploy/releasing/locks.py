"""One person at a time. The lock is the kernel's: it goes with the process that holds it, however that ends."""

import fcntl
import getpass
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from releasing import clock
from releasing.errors import Refused


@contextmanager
def held(folder: Path, name: str, *, doing: str) -> Iterator[None]:
    """Within the block nobody else holds the lock of this name. Raises Refused when somebody does."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refused(f"{holder(folder, name)}. Wait until that has ended, then try again.") from error
        said = {"doing": doing, "by": who(), "process": os.getpid(), "since": clock.text(clock.now())}
        with suppress(OSError):  # a full disk holds up no rollback
            file.truncate(0)
            file.write(json.dumps(said))
            file.flush()
        yield


@contextmanager
def taken(folder: Path, name: str) -> Iterator[None]:
    """The same, for a moment: whoever else is at it is waited for."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_held(folder: Path, name: str) -> bool:
    try:
        with (folder / f"{name}.lock").open("r", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def holder(folder: Path, name: str) -> str:
    """Who holds it, in words."""
    try:
        said = json.loads((folder / f"{name}.lock").read_text(encoding="utf-8"))
        return f"{said['by']} has been busy since {said['since']}: {said['doing']} (process {said['process']})"
    except (OSError, ValueError, KeyError):
        return "Somebody else is busy"


def who() -> str:
    """The person behind `sudo`, or the user."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (OSError, KeyError):  # nobody of that number is known here
        return str(os.getuid())
