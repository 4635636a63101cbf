"""What the drills of this folder have in common: a promise is tried, and the result printed, also as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.servers.databases import USER
from tests.servers.processes import Missing, Process, wait_until

SCALING = Path(__file__).parents[2] / "deploy" / "scaling"
PASSWORD = "only-in-this-drill"


@dataclass
class Promise:
    promise: str
    result: str
    met: bool


@dataclass
class Writer:
    """A process that writes (tests/scaling/writer.py), and what it told."""

    process: subprocess.Popen[str]
    lines: Path
    told: list[dict[str, Any]] = field(default_factory=list)

    def has_begun(self) -> bool:
        return self.lines.stat().st_size > 0

    def ask_to_end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def end(self) -> None:
        self.process.wait(90)
        self.told = [json.loads(line) for line in self.lines.read_text().splitlines()]

    def told_of(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.told if name in line]


def errors(writers: Sequence[Writer]) -> Counter[str]:
    """How often they were refused, by what they were told."""
    return Counter(line["error"] for writer in writers for line in writer.told_of("error"))


def told(refused: Counter[str]) -> str:
    """How many, and why."""
    why = "; ".join(f"{count}: {error}" for error, count in refused.most_common(3))
    return f"{refused.total()} refused" + (f" ({why})" if why else "")


class Drill:
    """Servers and the product on free ports of this host, and in a folder that goes away."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.promises: list[Promise] = []

    def carry_out(self) -> dict[str, str]:
        """Returns what it ran on."""
        raise NotImplementedError

    def promise(self, promise: str, result: str, *, met: bool) -> None:
        self.promises.append(Promise(promise, result, met))
        print(f"{'met    ' if met else 'NOT MET'}  {promise}: {result}", flush=True)

    def run[Started: Process](self, what: Started, *arguments: str) -> Started:
        """It runs until the drill ends."""
        self.stack.callback(what.kill)
        what.start(*arguments)
        return what

    def environment(self, **more: object) -> dict[str, str]:
        """Of the product."""
        common = os.environ | {
            "ENV_FILE": "none",
            "APP_ENV": "testing",
            "APP_DATA_DIR": self.folder / "data",
            "LOG_CHANNEL": "stderr",
            "REDIS_HOST": "",
            "DB_HOST": "127.0.0.1",
            "DB_USERNAME": USER,
            "DB_PASSWORD": PASSWORD,
        }
        return {name: str(value) for name, value in (common | more).items()}

    def background(self, command: str, environment: Mapping[str, str], *, number: int = 1) -> Process:
        """A worker or a clock of the product, at work."""
        log = self.folder / "log" / f"{command}-{number}.log"
        return self.run(Process([sys.executable, "manage.py", command], log=log, environment=environment))

    def manage(self, environment: Mapping[str, str], *arguments: str) -> str:
        """What a command of the product says. Raises CalledProcessError."""
        return self.python(environment, "manage.py", *arguments)

    def python(self, environment: Mapping[str, str], *arguments: str) -> str:
        command = [sys.executable, *arguments]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    @contextmanager
    def writing(self, what: str, environments: Sequence[Mapping[str, str]]) -> Iterator[list[Writer]]:
        """Writers of `what` (tests/scaling/writer.py) during the block, one in each environment.

        What they told is there after it.
        """
        writers = []
        for number, environment in enumerate(environments):
            name = f"W{number}-{time.time_ns()}"
            path = self.folder / f"{name}.jsonl"
            with path.open("w") as lines:
                process = subprocess.Popen(
                    [sys.executable, "-m", "tests.scaling.writer", name, what],
                    env=environment,
                    text=True,
                    stdin=subprocess.PIPE,
                    stdout=lines,
                )
            self.stack.callback(process.kill)
            writers.append(Writer(process, path))
        for writer in writers:
            wait_until(writer.has_begun, what=f"a writer writes {what}")
        yield writers
        for writer in writers:
            writer.ask_to_end()
        for writer in writers:
            writer.end()


def main(kind: type[Drill], description: str | None) -> int:
    """1 if a promise was not kept, 2 if something is not installed."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", type=Path, help="write the result to this file, too")
    parser.add_argument("--keep", action="store_true", help="leave the folder with databases and logs")
    arguments = parser.parse_args()
    # What it started goes with it, however it ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    folder = Path(tempfile.mkdtemp(prefix="evaltrack-drill-"))
    folder.chmod(0o755)  # servers give up the rights of root
    about = {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores",
    }
    with ExitStack() as stack:
        if not arguments.keep:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            drill = kind(folder, stack)
            about |= drill.carry_out()
        except Missing as error:
            print(error, file=sys.stderr)
            return 2
        except (TimeoutError, ChildProcessError, subprocess.SubprocessError) as error:
            drill.promise("the drill comes to its end", f"{error}\n{getattr(error, 'stderr', '')}", met=False)
    told = json.dumps({"about": about, "promises": [asdict(promise) for promise in drill.promises]}, indent=2)
    if arguments.json:
        arguments.json.write_text(told + "\n", encoding="utf-8")
    print(told)
    met = sum(promise.met for promise in drill.promises)
    print(f"met {met} of {len(drill.promises)}")
    return 0 if met == len(drill.promises) else 1
