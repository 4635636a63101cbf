"""What every benchmark leaves behind: raw times as JSON, a table in docs/benchmarks.md, and the targets met."""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django
from django.db import connections

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "benchmarks.md"
RESULTS = ROOT / "benchmarks" / "results"


@dataclass
class Row:
    """One measured thing: seconds of each round, in the order they were taken, and what else is worth a column."""

    name: str
    seconds: list[float]
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


@dataclass
class Target:
    name: str
    found: str
    met: bool


def environment() -> dict[str, str]:
    found = {"date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", "python": platform.python_version()}
    found |= {"django": django.get_version(), "machine": f"{platform.machine()}, {_cores()} cores"}
    for alias in ("default", "business"):
        connection = connections[alias]
        with connection.cursor() as cursor:
            cursor.execute("SELECT sqlite_version()" if connection.vendor == "sqlite" else "SELECT version()")
            found[alias] = f"{connection.vendor} {cursor.fetchone()[0].split(' on ')[0]}"
    return found


def publish(
    name: str,
    title: str,
    rows: Sequence[Row],
    targets: Sequence[Target],
    facts: dict[str, Any],
    *,
    trial: bool = False,
) -> int:
    """Write JSON and table, print the result, and return the exit code: 1 if a target was missed.

    A `trial` with little data, which shows that the benchmark runs, is printed alone: its figures say nothing.
    """
    about = environment()
    table = _table(title, rows, targets, about, facts)
    print(table)
    if trial:
        return 0
    RESULTS.mkdir(parents=True, exist_ok=True)
    told = {"about": about, "facts": facts, "rows": [asdict(row) for row in rows]}
    told["targets"] = [asdict(target) for target in targets]
    (RESULTS / f"{name}.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    put(DOCUMENT, name, table)
    met = sum(target.met for target in targets)
    print(f"met {met} of {len(targets)}")
    return 0 if met == len(targets) else 1


def _table(title: str, rows: Sequence[Row], targets: Sequence[Target], about: dict[str, str], facts: Any) -> str:
    columns = list(dict.fromkeys(key for row in rows for key in row.extra))
    lines = [f"### {title}", "", ", ".join(f"{key} {value}" for key, value in (about | facts).items()) + ".", ""]
    lines.append("| | " + " | ".join([*columns, "min ms", "median ms", "max ms", "rounds"]) + " |")
    lines.append("|---" * (len(columns) + 5) + "|")
    for row in rows:
        times = [min(row.seconds), row.median, max(row.seconds)]
        cells = [str(row.extra.get(key, "")) for key in columns]
        cells += [f"{1000 * seconds:.1f}" for seconds in times] + [str(len(row.seconds))]
        lines.append(f"| {row.name} | " + " | ".join(cells) + " |")
    lines += ["", "| target | found | met |", "|---|---|---|"]
    lines += [f"| {target.name} | {target.found} | {'yes' if target.met else 'no'} |" for target in targets]
    return "\n".join(lines) + "\n"


def put(document: Path, name: str, table: str) -> None:
    """The table takes the place of its last one in the document, or is added at the end."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    text = document.read_text(encoding="utf-8") if document.exists() else "# Benchmarks\n"
    block = f"{begin}\n{table}{end}\n"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end) + "\n", re.DOTALL)
    text = pattern.sub(lambda _match: block, text) if pattern.search(text) else f"{text.rstrip()}\n\n{block}"
    document.write_text(text, encoding="utf-8")


def _cores() -> int:
    return len(os.sched_getaffinity(0))
