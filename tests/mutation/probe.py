"""A pytest plugin: which lines of the program each test runs, how long it takes, and whether it passes.

Loaded by `-p tests.mutation.probe`; each process writes what it found into the folder named by PROBE_DIR. Lines are
told by the interpreter's own monitoring, once per line and test, so that a run takes hardly longer than without.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import defaultdict
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from tests.mutation.mutants import PACKAGES, ROOT

TOOL = sys.monitoring.PROFILER_ID
EVENTS = sys.monitoring.events
WATCHED = tuple(f"{ROOT / package}{os.sep}" for package in PACKAGES)


class Probe:
    def __init__(self) -> None:
        self.test = ""
        self.lines: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()
        sys.monitoring.use_tool_id(TOOL, "scope mutation")
        sys.monitoring.register_callback(TOOL, EVENTS.PY_START, self._entered)
        sys.monitoring.register_callback(TOOL, EVENTS.LINE, self._ran)
        sys.monitoring.set_events(TOOL, EVENTS.PY_START)

    def _entered(self, code: CodeType, _offset: int) -> Any:
        if code.co_filename.startswith(WATCHED):
            sys.monitoring.set_local_events(TOOL, code, EVENTS.LINE)
        return sys.monitoring.DISABLE

    def _ran(self, code: CodeType, line: int) -> Any:
        self.lines[self.test][os.path.relpath(code.co_filename, ROOT)].add(line)
        return sys.monitoring.DISABLE

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        self.test = item.nodeid
        sys.monitoring.restart_events()
        started = time.perf_counter()
        try:
            return (yield)
        finally:
            self.seconds[self.test] = time.perf_counter() - started
            self.test = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        found = {
            test: {
                "seconds": round(seconds, 3),
                "passed": test not in self.failed,
                "lines": {path: sorted(lines) for path, lines in self.lines[test].items()},
            }
            for test, seconds in self.seconds.items()
        }
        target = Path(os.environ["PROBE_DIR"]) / f"{os.getpid()}.json"
        target.write_text(json.dumps(found), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Probe())
