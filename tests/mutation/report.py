"""What a run of all mutants leaves behind: raw results as JSON, and the table in docs/scope-proof.md."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmarks.report import RESULTS, put
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.mutants import ROOT, Mutant
from tests.mutation.trial import Verdict

NAME = "scope-mutants"
FILE = RESULTS / f"{NAME}.json"
DOCUMENT = ROOT / "docs" / "scope-proof.md"
VERDICTS = "verdicts.jsonl"
MOST_CHARACTERS = 100


def last_finders() -> dict[str, str]:
    """By mutant: the test that found it in the last full run."""
    if not FILE.exists():
        return {}
    rows = json.loads(FILE.read_text(encoding="utf-8"))["mutants"]
    return {row["name"]: row["by"] for row in rows if row["by"]}


def keep(folder: Path, verdict: Verdict) -> None:
    """Add it to those that `kept` reads."""
    with (folder / VERDICTS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(_row(verdict), ensure_ascii=False) + "\n")


def kept(folder: Path, mutants: Sequence[Mutant]) -> dict[str, Verdict]:
    """By name: the last verdict on each of the mutants, of the runs before this one."""
    if not (folder / VERDICTS).exists():
        return {}
    by_name = {mutant.name: mutant for mutant in mutants}
    rows = [json.loads(line) for line in (folder / VERDICTS).read_text(encoding="utf-8").splitlines()]
    columns = ("found", "by", "told", "tests", "seconds")
    return {
        row["name"]: Verdict(by_name[row["name"]], *(row[key] for key in columns))
        for row in rows
        if row["name"] in by_name
    }


def write(verdicts: Sequence[Verdict], *, tests: int, seconds: float, jobs: int) -> None:
    about = {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores",
        "mutants at a time": jobs,
        "tests to choose from": tests,
        "seconds of tests for a mutant at most": round(seconds),
        "minutes": round(sum(verdict.seconds for verdict in verdicts) / jobs / 60),
    }
    told = {"about": about, "mutants": [_row(verdict) for verdict in verdicts]}
    FILE.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    put(DOCUMENT, NAME, _text(verdicts, about))


def _row(verdict: Verdict) -> dict[str, Any]:
    mutant = verdict.mutant
    return {
        "name": mutant.name,
        "line": mutant.lines.start,
        "found": verdict.found,
        "by": verdict.by,
        "told": verdict.told,
        "tests": verdict.tests,
        "seconds": verdict.seconds,
        "harmless_because": EQUIVALENT.get(mutant.name, ""),
    }


def _text(verdicts: Sequence[Verdict], about: dict[str, Any]) -> str:
    red = sum(verdict.found == "red" for verdict in verdicts)
    late = sum(verdict.found == "timeout" for verdict in verdicts)
    explained = [verdict for verdict in verdicts if not verdict.is_found and verdict.mutant.name in EQUIVALENT]
    missed = len(verdicts) - red - late - len(explained)
    lines = [
        ", ".join(f"{key} {value}" for key, value in about.items()) + ".",
        "",
        "| mutants | a test went red | no answer in time | harmless, with the reason | unnoticed |",
        "|---|---|---|---|---|",
        f"| {len(verdicts)} | {red} | {late} | {len(explained)} | {missed} |",
        "",
    ]
    for path, of_file in groupby(verdicts, key=lambda verdict: verdict.mutant.path):
        lines += [f"### {path}", "", "| place | taken away | instead | noticed by |", "|---|---|---|---|"]
        for verdict in of_file:
            mutant = verdict.mutant
            cells = [_code(mutant.place), _code(mutant.before), _code(mutant.after), _noticed(verdict)]
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def _noticed(verdict: Verdict) -> str:
    if verdict.found == "red":
        return _code(verdict.by.removeprefix("tests/"))
    if verdict.found == "timeout":
        return verdict.told
    return f"harmless: {EQUIVALENT[verdict.mutant.name]}" if verdict.mutant.name in EQUIVALENT else "**nothing**"


def _code(text: str) -> str:
    short = text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
    return "`" + short.replace("|", "\\|").replace("`", "'") + "`"
