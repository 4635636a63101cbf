"""What came of each promise: a table for people, in docs/drill.md too, and JSON."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.report import put
from tests.servers.processes import program

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "drill.md"


@dataclass(frozen=True)
class Promise:
    """`facts` are figures for the JSON; seconds, unless their name says otherwise."""

    text: str
    result: str
    met: bool
    facts: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.text} | {self.result} | {'met' if self.met else 'NOT MET'}"


def about(form: str, time_scale: float, seconds: float) -> dict[str, str]:
    """When, where and on what it was measured."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "form": form,
        "time scale": f"{time_scale:g}",
        "took": f"{seconds:.0f} s",
        "machine": f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores",
        "servers": ", ".join(_version(name) for name in ("postgres", "mariadbd", "redis-server", "nginx")),
    }


def _version(name: str) -> str:
    option = "-v" if name == "nginx" else "--version"
    said = subprocess.run([program(name), option], capture_output=True, text=True, check=True)
    number = next(
        word for word in (said.stdout + said.stderr).replace("/", " ").replace("=", " ").split() if word[:1].isdigit()
    )
    return f"{name} {number.split('-')[0]}"


def write_json(path: Path, described: dict[str, str], promises: Sequence[Promise]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {"about": described, "met": all(promise.met for promise in promises)}
    path.write_text(json.dumps(found | {"promises": [asdict(promise) for promise in promises]}, indent=2) + "\n")


def write_document(described: dict[str, str], promises: Sequence[Promise]) -> None:
    lines = [", ".join(f"{name} {value}" for name, value in described.items()) + ".", ""]
    lines += ["| promise | result | met |", "|---|---|---|"]
    lines += [f"| {promise.text} | {promise.result} | {'yes' if promise.met else 'no'} |" for promise in promises]
    put(DOCUMENT, "drill", "\n".join(lines) + "\n")
