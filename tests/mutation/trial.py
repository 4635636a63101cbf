"""Mutants put to the tests: each in a copy of the tree, before the tests that run its lines, until one goes red."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tests.mutation.mutants import ROOT, Mutant

NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", "*_cache", "__pycache__", "data", "htmlcov", "staticfiles", ".cov*"
)
# They look at the source or at a browser; and what is red without a mutant proves nothing.
NOT_ASKED = ("tests/browser", "tests/mutation", "tests/test_architecture.py")
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
EMBEDDED = {"DB_CONNECTION": "", "REDIS_HOST": ""}
RED = re.compile(r"^(?:FAILED|ERROR) (\S+?::.+?)(?: - (.*))?$", re.MULTILINE)
# Of the processor's time, which neither other work on the machine nor a pause uses up; of the clock's, ten times that.
LIMITED = ("sh", "-c", 'ulimit -t "$0" && exec "$@"')
# A hot line is run by most of the suite: first those that found others, then quick ones, then pages, then the rest.
QUICK_SECONDS, FIRST = 8.0, 12


@dataclass(frozen=True, eq=False)
class Test:
    name: str
    seconds: float
    lines: dict[str, frozenset[int]]

    def runs(self, mutant: Mutant) -> bool:
        return not self.lines.get(mutant.path, frozenset()).isdisjoint(mutant.lines)

    @property
    def folder(self) -> str:
        return self.name.rpartition("/")[0]


@dataclass
class Verdict:
    """`found` is red, timeout, broken (no test could be loaded) or nothing; `by` is the test that went red."""

    mutant: Mutant
    found: str
    by: str = ""
    told: str = ""
    tests: int = 0
    seconds: float = 0.0

    @property
    def is_found(self) -> bool:
        return self.found in ("red", "timeout")


def copy_tree(target: Path) -> Path:
    """The tree as it is now, uncommitted changes included."""
    shutil.copytree(ROOT, target, ignore=NOT_COPIED)
    return target


def measured(tree: Path, folder: Path, jobs: int) -> list[Test]:
    """Every green test of the suite with its time and the lines it runs."""
    folder.mkdir(parents=True, exist_ok=True)
    skipped = [f"--ignore={path}" for path in NOT_ASKED]
    command = [*PYTEST, "-p", "tests.mutation.probe", "-n", str(jobs), "--dist", "loadfile", *skipped, "tests"]
    subprocess.run(command, cwd=tree, env=os.environ | EMBEDDED | {"PROBE_DIR": str(folder)}, check=False)
    return read_tests(folder)


def read_tests(folder: Path) -> list[Test]:
    tests = []
    for file in sorted(folder.glob("*.json")):
        for name, told in json.loads(file.read_text(encoding="utf-8")).items():
            if told["passed"]:
                lines = {path: frozenset(numbers) for path, numbers in told["lines"].items()}
                tests.append(Test(name, told["seconds"], lines))
    return tests


@dataclass
class Trials:
    """Runs mutants, `jobs` at a time. `known` tells which test found a mutant before, by its name."""

    tests: Sequence[Test]
    trees: Sequence[Path]
    known: dict[str, str] = field(default_factory=dict)
    limit: int | None = None

    def __post_init__(self) -> None:
        self._free: SimpleQueue[Path] = SimpleQueue()
        for tree in self.trees:
            self._free.put(tree)
        self._finders: dict[str, Counter[str]] = {}
        self._lock = threading.Lock()
        self._stamp = int(time.time())

    def run(self, mutants: Iterable[Mutant], report: Any) -> list[Verdict]:
        """In the order of `mutants`; `report` is called with each verdict as it comes."""

        def tried(mutant: Mutant) -> Verdict:
            tree = self._free.get()
            try:
                verdict = self._try(mutant, tree)
            finally:
                self._free.put(tree)
            with self._lock:
                report(verdict)
            return verdict

        with ThreadPoolExecutor(len(self.trees)) as pool:
            return list(pool.map(tried, mutants))

    def _try(self, mutant: Mutant, tree: Path) -> Verdict:
        tests = self._in_order(mutant)
        if not tests:
            return Verdict(mutant, "nothing", told="no test runs these lines")
        file = tree / mutant.path
        original = file.read_text(encoding="utf-8")
        started = time.perf_counter()
        try:
            self._write(file, mutant.source)
            verdict = self._asked(mutant, tree, tests)
        finally:
            self._write(file, original)
        verdict.tests, verdict.seconds = len(tests), round(time.perf_counter() - started, 1)
        if verdict.by:
            with self._lock:
                for near in self._near(mutant):
                    self._finders.setdefault(near, Counter())[verdict.by] += 1
        return verdict

    def _write(self, file: Path, source: str) -> None:
        """With a time of its own, so that no compiled file of another text is taken for it."""
        file.write_text(source, encoding="utf-8")
        with self._lock:
            self._stamp += 1
            os.utime(file, (self._stamp, self._stamp))

    def _asked(self, mutant: Mutant, tree: Path, tests: Sequence[Test]) -> Verdict:
        wanted = tree / "wanted-tests.txt"
        wanted.write_text("\n".join(test.name for test in tests), encoding="utf-8")
        limit = int(self.limit or 60 + 6 * sum(test.seconds for test in tests))
        command = [*LIMITED, str(limit), *PYTEST, "-x", "-rfE", f"@{wanted}"]
        with subprocess.Popen(
            command,
            cwd=tree,
            env=os.environ | EMBEDDED,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                output, _ = process.communicate(timeout=10 * limit)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        if process.returncode < 0:
            return Verdict(mutant, "timeout", told=f"no answer within {limit} s")
        if process.returncode == 0:
            return Verdict(mutant, "nothing", told=f"{len(tests)} tests stayed green")
        red = RED.search(output)
        if process.returncode != 1 or red is None:
            return Verdict(mutant, "broken", told=output[-600:])
        return Verdict(mutant, "red", by=red[1], told=(red[2] or "")[:160])

    def _in_order(self, mutant: Mutant) -> list[Test]:
        """Those that run its lines, the likeliest finders first; those of a folder together, as they share a world."""
        asked = sorted((test for test in self.tests if test.runs(mutant)), key=lambda test: test.seconds)
        with self._lock:
            scores = {test: self._score(test, mutant) for test in asked}
        likely = sorted((test for test in asked if any(scores[test])), key=lambda test: scores[test], reverse=True)
        likely = likely[:FIRST]
        folders = list(dict.fromkeys(test.folder for test in likely))
        first = [test for folder in folders for test in likely if test.folder == folder]
        rest = [test for test in asked if test not in set(first)]
        quick, spent = [], 0.0
        for test in rest:
            if test.folder != "tests/access" and spent < QUICK_SECONDS:
                quick.append(test)
                spent += test.seconds
        access = [test for test in rest if test.folder == "tests/access"]
        chosen = dict.fromkeys([*first, *quick, *access])
        return [*chosen, *(test for test in rest if test not in chosen)]

    def _score(self, test: Test, mutant: Mutant) -> tuple[int, ...]:
        """How often it found this mutant before, others in the same function, in the same file, anywhere."""
        found = [self._finders.get(near, Counter())[test.name] for near in self._near(mutant)]
        return int(self.known.get(mutant.name) == test.name), *found

    @staticmethod
    def _near(mutant: Mutant) -> tuple[str, str, str]:
        return f"{mutant.path} {mutant.place}", mutant.path, ""
