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
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import accumulate
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
# A hot line is run by most of the suite: first those that found others, then quick ones, then pages, then the rest,
# as far as the time for a mutant goes.
FIRST, QUICK_SECONDS, SECONDS = 12, 8.0, 60.0


@dataclass(frozen=True, eq=False)
class Test:
    name: str
    seconds: float
    lines: dict[str, frozenset[int]]

    def runs(self, mutant: Mutant) -> bool:
        return not self.lines.get(mutant.path, frozenset()).isdisjoint(mutant.lines)

    def enters(self, mutant: Mutant) -> bool:
        """Whether it runs anything of the mutant's file."""
        return mutant.path in self.lines

    @property
    def folder(self) -> str:
        return self.name.rpartition("/")[0]

    @property
    def function(self) -> str:
        return _function(self.name)


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


def measure(tree: Path, folder: Path, jobs: int, paths: Sequence[str] = ("tests",)) -> None:
    """Keep in `folder` what each test there runs and how long it takes."""
    folder.mkdir(parents=True, exist_ok=True)
    skipped = [f"--ignore={path}" for path in NOT_ASKED]
    command = [*PYTEST, "-p", "tests.mutation.probe", "-n", str(jobs), "--dist", "loadfile", *skipped, *paths]
    subprocess.run(command, cwd=tree, env=os.environ | EMBEDDED | {"PROBE_DIR": str(folder)}, check=False)


def read_tests(folder: Path) -> list[Test]:
    """The green ones, each as it was measured last."""
    tests = {}
    for file in sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime):
        for name, told in json.loads(file.read_text(encoding="utf-8")).items():
            tests.pop(name, None)
            if told["passed"]:
                lines = {path: frozenset(numbers) for path, numbers in told["lines"].items()}
                tests[name] = Test(name, told["seconds"], lines)
    return list(tests.values())


@dataclass
class Trials:
    """Runs mutants, one a tree at a time. `known` tells which test found a mutant before, by its name.

    A mutant is put to the likeliest tests that run it, as many as take `seconds` where nothing is changed.
    """

    tests: Sequence[Test]
    trees: Sequence[Path]
    known: dict[str, str] = field(default_factory=dict)
    seconds: float = SECONDS

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
                    self._finders.setdefault(near, Counter())[_function(verdict.by)] += 1
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
        limit = int(60 + 6 * sum(test.seconds for test in tests))
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
            return Verdict(mutant, "nothing", told="they stayed green")
        red = RED.search(output)
        if process.returncode != 1 or red is None:
            return Verdict(mutant, "broken", told=output[-600:])
        return Verdict(mutant, "red", by=red[1], told=(red[2] or "")[:160])

    def _in_order(self, mutant: Mutant) -> list[Test]:
        """Those that run its lines, the likeliest finders first, as many as there is time for."""
        asked = sorted((test for test in self.tests if test.runs(mutant)), key=lambda test: test.seconds)
        if len(asked) < 2:
            # What is set up once for all tests is seen under the first of them only, but any may notice.
            others = sorted(self.tests, key=lambda test: (not test.enters(mutant), test.seconds))
            asked = list(dict.fromkeys([*asked, *others]))
        with self._lock:
            scores = {test: self._score(test, mutant) for test in asked}
        likely = sorted((test for test in asked if any(scores[test])), key=lambda test: scores[test], reverse=True)
        first = _by_folder(_spread(likely)[:FIRST])
        rest = _spread([test for test in asked if test not in set(first)])
        quick = _within(QUICK_SECONDS, [test for test in rest if test.folder != "tests/access"])
        pages = [test for test in rest if test.folder == "tests/access"]
        return _within(self.seconds, list(dict.fromkeys([*first, *quick, *pages, *rest])))

    def _score(self, test: Test, mutant: Mutant) -> tuple[int, ...]:
        """Whether it found this mutant before, and how often the like of it others in the same function, in the same
        file, anywhere; whether its file is the one for this module.
        """
        in_function, in_file, anywhere = (
            self._finders.get(near, Counter())[test.function] for near in self._near(mutant)
        )
        return int(self.known.get(mutant.name) == test.name), in_function, in_file, _mirrors(test, mutant), anywhere

    @staticmethod
    def _near(mutant: Mutant) -> tuple[str, str, str]:
        return f"{mutant.path} {mutant.place}", mutant.path, ""


def _function(name: str) -> str:
    """The name of a test without its case."""
    return name.partition("[")[0]


def _mirrors(test: Test, mutant: Mutant) -> int:
    return int(Path(test.name.partition("::")[0]).stem.startswith(f"test_{Path(mutant.path).stem}"))


def _by_folder(tests: Sequence[Test]) -> list[Test]:
    """Those of a folder together, as they share a world."""
    folders = list(dict.fromkeys(test.folder for test in tests))
    return [test for folder in folders for test in tests if test.folder == folder]


def _spread(tests: Sequence[Test]) -> list[Test]:
    """One case of each function, then another of each, and so on: the cases of one function are much alike."""
    cases: defaultdict[str, list[Test]] = defaultdict(list)
    for test in sorted(tests, key=lambda test: zlib.crc32(test.name.encode())):
        cases[test.function].append(test)
    rounds = {test: number for group in cases.values() for number, test in enumerate(group)}
    return sorted(tests, key=lambda test: rounds[test])


def _within(seconds: float, tests: Sequence[Test]) -> list[Test]:
    """As many of the first ones as take no longer together; at least one."""
    spent = list(accumulate(test.seconds for test in tests))
    return [test for test, until in zip(tests, spent, strict=True) if until <= seconds] or list(tests[:1])
