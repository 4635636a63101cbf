"""Reading an Excel workbook of 100,000 people: bytes to table, beside stock import-export.

Ours is all of `read_table`: what is looked for before a reader is let at the file, the process of its own, and the
cells handed back. Stock is what its page of imports does with an upload before it looks at a row. openpyxl, which reads
for it, only walks over the values of its read-only mode, and calamine, which reads for us, over its own: what it takes
is the least that ours can. Run it with `make bench-reading`.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import resource
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
os.environ["APP_ENV"] = "testing"
os.environ.setdefault("LOG_LEVEL", "warning")
# Nothing is asked of the databases but their version.
os.environ.setdefault("APP_DATA_DIR", tempfile.mkdtemp())

import django

django.setup()

from import_export.formats.base_formats import XLSX  # noqa: E402
from openpyxl import Workbook, load_workbook  # noqa: E402
from python_calamine import CalamineWorkbook  # noqa: E402

from benchmarks.report import Row, Target, publish  # noqa: E402
from hr.loading.collector import collecting_rarely  # noqa: E402
from hr.loading.reading import read_table  # noqa: E402
from hr.resources.employees import EmployeeResource  # noqa: E402

TIMES_STOCK = 10
STOCK, OURS = "stock import-export", "read_table, in a process of its own"
INLINE, SHARED = "strings in the cells, as openpyxl writes", "shared strings, as Excel writes"
FIRST_DAY = date(1990, 1, 1)

CELL = re.compile(rb'<c r="(\w+)"')
# How openpyxl writes a text, and one that is blank.
INLINE_CELL = re.compile(rb'<c r="(\w+)" t="inlineStr"><is><t>([^<]*)</t></is></c>')
BLANK_CELL = re.compile(rb'<c r="\w+" t="inlineStr" />')
MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = b"application/vnd.openxmlformats-officedocument.spreadsheetml"
# Where a workbook names the part that holds its texts: what is put in, by the part and what it is put before.
TYPE_OF_TEXTS = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%b.sharedStrings+xml"/>' % TYPES
PLACE_OF_TEXTS = b'<Relationship Id="texts" Type="%b/sharedStrings" Target="sharedStrings.xml"/>' % OFFICE
BESIDE_TEXTS = {
    "[Content_Types].xml": (b"</Types>", TYPE_OF_TEXTS),
    "xl/_rels/workbook.xml.rels": (b"</Relationships>", PLACE_OF_TEXTS),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="little data and one round: whether it runs")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rows, arguments.rounds = 2_000, 1
    header = [column.es for column in EmployeeResource().columns.values()]
    inline = written(header, arguments.rows)
    books = {INLINE: inline, SHARED: with_shared_strings(inline)}
    tables = [read_table(content, EmployeeResource().recognise) for content in books.values()]
    assert all(table.headers == header and len(table.rows) == arguments.rows > 0 for table in tables)
    assert tables[0].rows == tables[1].rows
    del tables
    contenders: dict[str, Callable[[bytes], int]] = {
        STOCK: imported,
        "openpyxl, read-only, values alone": walked,
        OURS: loaded,
        "calamine, values alone": passed_over,
    }
    rows = {(book, name): Row(f"{book}: {name}", []) for book in books for name in contenders}
    work: dict[tuple[str, str], list[float]] = {key: [] for key in rows}
    for _ in range(arguments.rounds):
        for (book, name), row in rows.items():
            started, worked = time.perf_counter(), _cpu()
            assert contenders[name](books[book]) == arguments.rows
            row.seconds.append(time.perf_counter() - started)
            work[book, name].append(_cpu() - worked)
    for key, row in rows.items():
        row.extra["CPU ms"] = f"{1000 * median(work[key]):.0f}"
    return publish(
        "reading",
        f"Reading {arguments.rows:,} rows of an Excel workbook",
        list(rows.values()),
        [_target(book, rows[book, STOCK].median / rows[book, OURS].median) for book in books],
        {"bytes": " and ".join(str(len(content)) for content in books.values()), "columns": len(header)},
        trial=arguments.quick,
    )


def _target(book: str, times: float) -> Target:
    return Target(f"{book}: at least {TIMES_STOCK} times as fast as stock", f"{times:.1f} times", times >= TIMES_STOCK)


def _cpu() -> float:
    """Seconds of this process and of those it has waited for."""
    spent = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def written(header: list[str], count: int) -> bytes:
    """A workbook of so many people, as openpyxl writes it."""
    book, buffer = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet("Empleados")
    sheet.append(header)
    for number in range(count):
        sheet.append(person(number))
    book.save(buffer)
    return buffer.getvalue()


def with_shared_strings(content: bytes) -> bytes:
    """The same workbook as Excel keeps it: each text once, in a part of its own, no blank cells, its size in front."""
    buffer, places = io.BytesIO(), dict[bytes, int]()

    def shared(cell: re.Match[bytes]) -> bytes:
        return b'<c r="%b" t="s"><v>%d</v></c>' % (cell[1], places.setdefault(cell[2], len(places)))

    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            xml = old.read(name)
            if name.startswith("xl/worksheets/"):
                last = CELL.findall(xml)[-1]
                xml, count = INLINE_CELL.subn(shared, BLANK_CELL.sub(b"", xml).replace(b' t="n"', b""))
                xml = xml.replace(b"<sheetViews>", b'<dimension ref="A1:%b"/><sheetViews>' % last, 1)
                assert b"inlineStr" not in xml
            elif name in BESIDE_TEXTS:
                end, told = BESIDE_TEXTS[name]
                xml = xml.replace(end, told + end)
            new.writestr(name, xml)
        head = b'<sst xmlns="%b" count="%d" uniqueCount="%d">' % (MAIN, count, len(places))
        items = b"".join(b"<si><t>%b</t></si>" % text for text in places)
        new.writestr("xl/sharedStrings.xml", head + items + b"</sst>")
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


def imported(content: bytes) -> int:
    """As import-export reads an upload."""
    return len(XLSX().create_dataset(content))


def walked(content: bytes) -> int:
    sheet = load_workbook(io.BytesIO(content), read_only=True).worksheets[0]
    return sum(1 for _row in sheet.iter_rows(min_row=2, values_only=True))


def passed_over(content: bytes) -> int:
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    return sum(1 for _row in sheet.iter_rows()) - 1


if __name__ == "__main__":
    sys.exit(main())
