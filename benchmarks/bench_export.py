"""Exporting 1,000,000 attendance rows and 100,000 people, as CSV and XLSX: ours beside stock import-export.

Ours is what a request or the worker does: the rows an HR manager sees, written and hashed piece by piece. Stock is a
ModelResource of the same columns (benchmarks/stock/export.py), as it is and over `select_related`; it holds the whole
table, so it exports `--stock` rows, and once all of `--full` cells. What is compared is the time of a row. Before it
is timed each contender must have written the same cells. Memory is the peak of the process above where it stood.
Run it with `make bench-export`.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
os.environ["APP_ENV"] = "testing"
os.environ.setdefault("LOG_LEVEL", "warning")
os.environ.setdefault("TEST_DB_SUFFIX", "bench")

import django

django.setup()

from django.contrib.auth.models import Group  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.db.models import QuerySet  # noqa: E402
from django.test.utils import setup_databases, setup_test_environment, teardown_databases  # noqa: E402
from django.utils import translation  # noqa: E402
from python_calamine import CalamineWorkbook  # noqa: E402

from benchmarks.company import ALIASES, enrol, on_disk  # noqa: E402
from benchmarks.memory import peak, settled  # noqa: E402
from benchmarks.report import Row, Target, publish  # noqa: E402
from benchmarks.stock.export import StockAttendance, StockEmployees  # noqa: E402
from core import roles  # noqa: E402
from core.models import User  # noqa: E402
from hr.loading.export import Export  # noqa: E402
from hr.loading.formulas import restore  # noqa: E402
from hr.loading.kinds import KINDS  # noqa: E402
from hr.models import Attendance, Employee  # noqa: E402

# (times stock, times stock with select_related), by format; performance.md's least.
WANTED = {"csv": (15, 2.5), "xlsx": (15, 6)}
MOST_MB = 50
EPOCH = date(1899, 12, 30)
OURS, STOCK, RELATED = "ours", "stock", "stock, select_related"
Act = Callable[[], Iterable[bytes]]


@dataclass(frozen=True)
class Cell:
    """One kind of rows in one format."""

    kind: str
    format: str
    resource: type[Any]
    rows: QuerySet

    def ours(self, user: User, rows: QuerySet | None = None) -> Iterable[bytes]:
        return Export(KINDS[self.kind], self.rows if rows is None else rows, user=user).file(self.format)

    def stock(self, rows: QuerySet, *, related: bool) -> Iterable[bytes]:
        dataset = self.resource().export(rows.select_related(*self.resource.RELATED) if related else rows)
        content = dataset.export(self.format)
        return [content.encode() if isinstance(content, str) else content]

    def __str__(self) -> str:
        return f"{self.kind} {self.format}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of attendance")
    parser.add_argument("--employees", type=int, default=100_000)
    parser.add_argument("--stock", type=int, default=5_000, help="how many rows the stock contenders export")
    parser.add_argument("--full", default="employees csv", help="the cell in which stock exports all once, or ''")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="little data and one round: whether it runs")
    wanted = parser.parse_args()
    if wanted.quick:
        wanted.rows, wanted.employees, wanted.stock, wanted.full, wanted.rounds = 5_000, 1_000, 100, "", 1
    setup_test_environment()
    with on_disk():
        databases = setup_databases(verbosity=0, interactive=False, aliases=ALIASES)
        try:
            with translation.override("en"):
                return measure(wanted)
        finally:
            teardown_databases(databases, verbosity=0)


def measure(wanted: argparse.Namespace) -> int:
    call_command("seed_demo", employees=wanted.employees, without_events=True, verbosity=0)
    enrol(wanted.rows)
    user = User.objects.create_user("bench-hr")
    user.groups.set(Group.objects.filter(name=roles.HR_MANAGER))
    everything = {"attendance": Attendance.objects.order_by("-pk"), "employees": Employee.objects.order_by("pk")}
    resources = {"attendance": StockAttendance, "employees": StockEmployees}
    rows: list[Row] = []
    targets: list[Target] = []
    for kind, all_rows in everything.items():
        for format_ in WANTED:
            cell = Cell(kind, format_, resources[kind], all_rows)
            found = measured(cell, user, wanted)
            rows += found
            targets += met(cell, found)
    vendor = connections["business"].vendor
    facts = {"attendance": f"{Attendance.objects.count():,}", "employees": f"{Employee.objects.count():,}"}
    return publish(f"export-{vendor}", f"Exporting, {vendor}", rows, targets, facts, trial=wanted.quick)


def measured(cell: Cell, user: User, wanted: argparse.Namespace) -> list[Row]:
    count = cell.rows.count()
    few = cell.rows.filter(pk__in=list(cell.rows.values_list("pk", flat=True)[: wanted.stock]))
    some = min(wanted.stock, count)
    acts: dict[str, tuple[int, Act]] = {
        OURS: (count, lambda: cell.ours(user)),
        STOCK: (some, lambda: cell.stock(few, related=False)),
        RELATED: (some, lambda: cell.stock(few, related=True)),
    }
    same(cell, user, few, acts)
    seconds: dict[str, list[float]] = {name: [] for name in acts}
    memory: dict[str, list[float]] = {name: [] for name in acts}
    for _round in range(wanted.rounds):
        for name, (_rows, act) in acts.items():
            taken, added = timed(act)
            seconds[name].append(taken)
            memory[name].append(added)
    found = [row(cell, name, acts[name][0], seconds[name], memory[name]) for name in acts]
    if str(cell) == wanted.full:
        taken, added = timed(lambda: cell.stock(cell.rows, related=False))
        found.append(row(cell, "stock, all rows, once", count, [taken], [added]))
    return found


def row(cell: Cell, name: str, count: int, seconds: list[float], memory: list[float]) -> Row:
    found = Row(f"{cell}, {name}", seconds)
    found.extra = {
        "rows": f"{count:,}",
        "rows/s": f"{count / found.median:,.0f}",
        "MB added": f"{max(memory):.0f}",
    }
    return found


def timed(act: Act) -> tuple[float, float]:
    """Seconds, and MB of memory above what the process had before."""
    before = settled()
    started = time.perf_counter()
    digest, size = hashlib.sha256(), 0
    for piece in act():
        digest.update(piece)
        size += len(piece)
    seconds = time.perf_counter() - started
    assert size
    return seconds, peak() - before


def same(cell: Cell, user: User, few: QuerySet, acts: dict[str, tuple[int, Act]]) -> None:
    """All contenders write the same cells of the same rows, and ours writes all of them. It warms up each of them."""
    ours = table(b"".join(cell.ours(user, few)), cell.format)
    assert len(ours) == acts[STOCK][0] + 1 > 1
    for name in (STOCK, RELATED):
        theirs = table(b"".join(acts[name][1]()), cell.format)
        assert theirs == ours, (name, next((a, b) for a, b in zip(theirs, ours, strict=True) if a != b))
    assert sum(1 for _row in Export(KINDS[cell.kind], cell.rows, user=user).cells()) == acts[OURS][0]


def table(content: bytes, format_: str) -> list[list[str]]:
    if format_ == "csv":
        return [[restore(text) for text in line] for line in csv.reader(io.StringIO(content.decode("utf-8-sig")))]
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    return [[told(cell) for cell in line] for line in sheet.to_python()]


def told(cell: object) -> str:
    """Stock writes days as moments, and into cells whose format is not a day's."""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else restore(str(cell))


def met(cell: Cell, found: list[Row]) -> list[Target]:
    ours, stock, related = (each.median / int(each.extra["rows"].replace(",", "")) for each in found[:3])
    targets = []
    names = ("stock", "stock with select_related")
    for name, theirs, times in zip(names, (stock, related), WANTED[cell.format], strict=True):
        found_times = theirs / ours
        targets.append(
            Target(
                f"{cell}: at least {times:g} times as fast as {name}, by the row",
                f"{found_times:.1f} times",
                found_times >= times,
            )
        )
    added = float(found[0].extra["MB added"])
    targets.append(Target(f"{cell}: adds at most {MOST_MB} MB", f"{added:.0f} MB", added <= MOST_MB))
    return targets


if __name__ == "__main__":
    sys.exit(main())
