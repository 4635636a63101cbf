"""The process in which files are opened, seen from here: it gets the bytes and limits, and answers in cells."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from hr.loading.parser.protocol import BROKEN, DONE, REFUSED, receive, send, send_bytes
from hr.loading.refusals import refusal

MEMORY_BYTES = 1024**3
SECONDS = 120
PIPE_BYTES = 1024 * 1024
# What the interpreter needs to start; no password of ours is among it.
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "SYSTEMROOT")
_ROOT = Path(__file__).parents[2]
_OUT_OF_MEMORY = {-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS}

log = logging.getLogger(__name__)


class OpenFile:
    """A file that the process has open. Raises UnusableFile when it is refused, or the process gives up."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.too_slow = False
        self.facts: dict[str, Any] = {}

    def open(self, kind: str, options: dict[str, Any], content: bytes) -> None:
        # If it went away, its answer, or the lack of one, tells why.
        with suppress(OSError):
            send(self._requests, ("open", kind, options))
            send_bytes(self._requests, content)
        (self.facts,) = self._answer()

    def ask(self, *request: Any) -> Iterator[Any]:
        """Its messages, as they come."""
        with suppress(OSError):
            send(self._requests, request)
        yield from self._answer()

    @property
    def _requests(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    def _answer(self) -> Iterator[Any]:
        assert self._process.stdout is not None
        while True:
            try:
                message = receive(self._process.stdout)
            except EOFError:
                raise refusal(self._cause_of_death()) from None
            if not isinstance(message, tuple) or message[0] not in (DONE, REFUSED, BROKEN):
                yield message
            elif message[0] == REFUSED:
                raise refusal(message[1], message[2])
            elif message[0] == BROKEN:
                log.error("a file broke its reader:\n%s", message[1])
                raise refusal("broken")
            else:
                return

    def _cause_of_death(self) -> str:
        code = self._process.wait()
        if self.too_slow or code == -getattr(signal, "SIGXCPU", 0):
            return "time"
        # What asks for more memory than it may have is ended this way by its own library.
        if code in _OUT_OF_MEMORY:
            return "memory"
        log.error("the process that reads files ended with %s", code)
        return "broken"

    def give_up(self) -> None:
        self.too_slow = True
        self._process.kill()


def _widen(process: subprocess.Popen[bytes]) -> None:
    """Room for whole blocks in the pipes: on a busy machine each wait for the other side is dear."""
    for pipe in (process.stdin, process.stdout):
        # Only Linux has it, and it may be used up.
        with suppress(OSError, AttributeError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)  # type: ignore[arg-type]  # both are pipes


@contextmanager
def opened(
    content: bytes, kind: str, options: dict[str, Any], *, memory: int = MEMORY_BYTES, seconds: int = SECONDS
) -> Iterator[OpenFile]:
    """The file, opened by a process that lives as long as this block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hr.loading.parser", str(memory), str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=_ROOT,
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
    )
    _widen(process)
    file = OpenFile(process)
    clock = threading.Timer(seconds, file.give_up)
    clock.daemon = True
    clock.start()
    try:
        file.open(kind, options, content)
        yield file
    finally:
        clock.cancel()
        process.kill()
        process.communicate()
