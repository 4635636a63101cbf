"""Reading an Excel workbook of 100,000 people: bytes to table, beside openpyxl at its quickest.

Ours is all of `read_table`: what is looked for before a reader is let at the file, the process of its own, and the
cells handed back. openpyxl only walks over the values of its read-only mode, and calamine, which reads for us, over its
own: what it takes is the least that ours can. Run it with `make bench-reading`.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
os.environ["APP_ENV"] = "testing"
os.environ.setdefault("LOG_LEVEL", "warning")
# Nothing is asked of the databases but their version.
os.environ.setdefault("APP_DATA_DIR", tempfile.mkdtemp())

import django

django.setup()

from openpyxl import Workbook, load_workbook  # noqa: E402
from python_calamine import CalamineWorkbook  # noqa: E402

from benchmarks.report import Row, Target, publish  # noqa: E402
from hr.loading.collector import collecting_rarely  # noqa: E402
from hr.loading.reading import read_table  # noqa: E402
from hr.resources.employees import EmployeeResource  # noqa: E402

TIMES_OPENPYXL = 10
OPENPYXL, OURS = "openpyxl, read-only, values alone", "read_table, in a process of its own"
FIRST_DAY = date(1990, 1, 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="little data and one round: whether it runs")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rows, arguments.rounds = 2_000, 1
    resource_ = EmployeeResource()
    header = [column.es for column in resource_.columns.values()]
    content = written(header, arguments.rows)
    table = read_table(content, resource_.recognise)
    contenders: dict[str, Callable[[], int]] = {
        OPENPYXL: lambda: walked(content),
        OURS: lambda: loaded(content),
        "calamine, values alone": lambda: passed_over(content),
    }
    assert table.headers == header
    assert len(table.rows) == arguments.rows > 0
    rows = {name: Row(name, []) for name in contenders}
    for _ in range(arguments.rounds):
        for name, read in contenders.items():
            started = time.perf_counter()
            assert read() == arguments.rows
            rows[name].seconds.append(time.perf_counter() - started)
    times = rows[OPENPYXL].median / rows[OURS].median
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    return publish(
        "reading",
        f"Reading {arguments.rows:,} rows of an Excel workbook",
        list(rows.values()),
        [Target(f"at least {TIMES_OPENPYXL} times as fast as openpyxl", f"{times:.1f} times", times >= TIMES_OPENPYXL)],
        {"bytes": len(content), "columns": len(header), "peak of the process": f"{child} MB"},
        trial=arguments.quick,
    )


def written(header: list[str], count: int) -> bytes:
    """A workbook of so many people, as openpyxl writes it."""
    book, buffer = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet("Empleados")
    sheet.append(header)
    for number in range(count):
        sheet.append(person(number))
    book.save(buffer)
    return buffer.getvalue()


def person(number: int) -> list[str | date]:
    return [
        f"EMP-{number:06}", f"Ana María {number % 500}", f"Pérez Muñoz {number % 7000}", "VE",
        f"V-{10_000_000 + number}", f"ana.perez{number}@example.com", "0212-5551234", f"0412-{1_000_000 + number}",
        FIRST_DAY + timedelta(days=number % 5000), FIRST_DAY + timedelta(days=9000 + number % 3000),
        f"Unidad {number % 200}", f"Cargo {number % 60}", f"EMP-{number // 10:06}", "activo", "",
    ]  # fmt: skip


def loaded(content: bytes) -> int:
    """As a load reads."""
    with collecting_rarely():
        return len(read_table(content, EmployeeResource().recognise).rows)


def walked(content: bytes) -> int:
    sheet = load_workbook(io.BytesIO(content), read_only=True).worksheets[0]
    return sum(1 for _row in sheet.iter_rows(min_row=2, values_only=True))


def passed_over(content: bytes) -> int:
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    return sum(1 for _row in sheet.iter_rows()) - 1


if __name__ == "__main__":
    sys.exit(main())
