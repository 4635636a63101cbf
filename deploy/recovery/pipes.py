"""Programs joined by pipes: none fails unnoticed, and none is left running."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile
from typing import IO, Any

from recovery.errors import Failed

PIPE = subprocess.PIPE
BLOCK = 1024 * 1024


class Program:
    """One that runs. What it says as it fails is kept in a file, which no amount of it can stop."""

    def __init__(
        self, command: Sequence[str], *, stdin: Any = None, stdout: Any = None, variables: Mapping[str, str] = {}
    ):
        self.name = command[0]
        self._said = TemporaryFile()  # noqa: SIM115  (closed with the program)
        self.process = subprocess.Popen(
            command, stdin=stdin, stdout=stdout, stderr=self._said, env=os.environ | dict(variables)
        )

    @property
    def stdin(self) -> IO[bytes]:
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout

    def said(self) -> str:
        return os.pread(self._said.fileno(), 100_000, 0).decode(errors="replace")

    def check(self) -> None:
        """Waits for its end; raises Failed with its last words."""
        if self.process.wait() != 0:
            said = [line for line in self.said().splitlines() if line.strip() and not line.startswith("-- ")]
            raise Failed(f"{self.name} failed ({self.process.returncode}): " + "\n".join(said[-20:]))

    def check_if_ended(self) -> None:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(1)
            self.check()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with suppress(BrokenPipeError):
                    pipe.close()
        self.process.wait()
        self._said.close()


@contextmanager
def running(*commands: Sequence[str], **options: Any) -> Iterator[list[Program]]:
    """Each program reads what the one before it writes. Leaving waits for them, and raises Failed if one did.

    `stdin` is the first one's, `stdout` the last one's; `variables` are added to the environment of all.
    """
    programs: list[Program] = []
    stdin, last, variables = options.get("stdin"), options.get("stdout"), options.get("variables", {})
    try:
        for number, command in enumerate(commands, 1):
            stdout = PIPE if number < len(commands) else last
            programs.append(Program(command, stdin=stdin, stdout=stdout, variables=variables))
            if number > 1:
                # Its reader alone holds this pipe: when that ends, the writer learns of it.
                programs[-2].stdout.close()
            stdin = programs[-1].process.stdout
        yield programs
        if programs[0].process.stdin:
            programs[0].process.stdin.close()
        if last is PIPE:
            while programs[-1].stdout.read(BLOCK):
                pass
        _check(programs)
    except BrokenPipeError:
        # Whoever ended too early may be one of these, and say why.
        for program in programs:
            program.check_if_ended()
        raise
    finally:
        for program in programs:
            program.end()


def run(*command: str, **options: Any) -> None:
    with running(command, **options):
        pass


def _check(programs: Sequence[Program]) -> None:
    # A program whose reader is gone is not to blame for it.
    for program in sorted(programs, key=lambda program: program.process.wait() == -signal.SIGPIPE):
        program.check()


def copy(source: IO[bytes], *targets: IO[bytes]) -> bytes:
    """From `source` to each target; returns the last 200 bytes."""
    end = b""
    while block := source.read(BLOCK):
        for target in targets:
            target.write(block)
        end = (end + block)[-200:]
    return end


def require_programs(names: Sequence[str]) -> None:
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        raise Failed(f"Not installed: {', '.join(missing)}.")
