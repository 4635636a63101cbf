"""A file's bytes as a table of cells, numbered as the reader's spreadsheet program numbers them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from hr.loading import sandbox
from hr.loading.archive import check_workbook
from hr.loading.errors import UnusableFile
from hr.loading.options import Options
from hr.loading.parser.blocks import Block, cells_of
from hr.loading.parser.cells import Cell, as_cell
from hr.loading.parser.protocol import TEXT, WORKBOOK
from hr.loading.sandbox import OpenFile
from hr.loading.signatures import ZIP, refuse_other_types

__all__ = ["Cell", "Fault", "Row", "Source", "Table", "as_cell", "check_size", "read_table"]

MAX_BYTES = 50 * 1024 * 1024
HEADER_SEARCH_ROWS = 20
SHEETS_SEARCHED = 10

Row = list[Cell]
_NAMES_SOMETHING = re.compile(r"\w")
# How many of a row's cells are known headers.
Recognise = Callable[[Sequence[str]], int]


@dataclass(frozen=True)
class Fault:
    """Why nobody can know what a cell means."""

    code: str
    message: str


@dataclass(frozen=True)
class Source:
    """Where the table stood. `ways` are the sheets of a workbook, or the separators that came into question.

    `findings` are what the parser came across beside the cells (parser/workbook.py, parser/text_file.py).
    """

    format: str = "csv"
    ways: Sequence[str] = ()
    way: str = ""
    hidden: bool = False
    others: Sequence[str] = ()
    encoding: str = ""
    header_row: int = 1
    findings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """The header and what stands below it. Blank rows are left out; each row keeps its number in the file.

    `faults` are the cells that cannot be read, by place of the row in `rows` and position in it.
    """

    headers: list[str]
    rows: list[tuple[int, Row]]
    source: Source = field(default_factory=Source)
    faults: dict[int, dict[int, Fault]] = field(default_factory=dict)


def read_table(content: bytes, recognise: Recognise, options: Options | None = None) -> Table:
    """The table in an XLSX or CSV file. Raises UnusableFile."""
    options = options or Options()
    check_size(len(content))
    is_workbook = content.startswith(ZIP)
    if is_workbook:
        check_workbook(content)
    else:
        refuse_other_types(content)
    wanted = {"encoding": options.encoding, "delimiter": options.delimiter}
    with sandbox.opened(content, WORKBOOK if is_workbook else TEXT, wanted) as file:
        chosen = _sheet(file, recognise, options) if is_workbook else _separator(file, recognise)
        return _table(file, chosen, options)


def check_size(size: int) -> None:
    """Raise UnusableFile for more bytes than a load may have."""
    if size > MAX_BYTES:
        raise UnusableFile(
            _("The file is larger than %(limit)d MB. Split it and load the parts one after the other.")
            % {"limit": MAX_BYTES // 1024**2}
        )


@dataclass(frozen=True)
class _Chosen:
    way: int
    source: Source
    header_row: int


def _sheet(file: OpenFile, recognise: Recognise, options: Options) -> _Chosen:
    """The sheet asked for, else the first with known headers: a sheet of notes in front of the data is passed over."""
    names, hidden = file.facts["ways"], set(file.facts["hidden"])
    if options.sheet is not None and options.sheet not in names:
        raise UnusableFile(
            _("The workbook has no sheet %(sheet)s; it has: %(sheets)s.")
            % {"sheet": f"«{options.sheet}»", "sheets": ", ".join(f"«{name}»" for name in names)}
        )
    if options.sheet is not None:
        way, (_known, header_row) = names.index(options.sheet), _header(file, names.index(options.sheet), recognise)
        others: list[str] = []
    else:
        way, header_row, others = _best_sheet(file, recognise, names, hidden)
    source = Source("xlsx", names, names[way] if names else "", bool(names) and names[way] in hidden, others)
    return _Chosen(way, source, header_row)


def _best_sheet(file: OpenFile, recognise: Recognise, names: list[str], hidden: set[str]) -> tuple[int, int, list[str]]:
    """The place of the sheet, its header row, and the other sheets that look like data as well."""
    best: tuple[int, int] | None = None
    first: tuple[int, int] | None = None
    others: list[str] = []
    known_best = 0
    # Visible ones first, each in the order of the workbook.
    for way in sorted(range(len(names)), key=lambda way: names[way] in hidden)[:SHEETS_SEARCHED]:
        if best is not None and not file.facts["quick"][way]:
            continue
        known, row = _header(file, way, recognise)
        if best is None and known:
            best, known_best = (way, row), known
        elif best is not None and known > 1 and known * 2 > known_best:
            others.append(names[way])
        first = first or ((way, row) if row else None)
    way, row = best or first or (0, 0)
    return way, row, others


def _separator(file: OpenFile, recognise: Recognise) -> _Chosen:
    """The separator that splits the first rows best: known headers count, then cells."""
    ways = file.facts["ways"]
    fits = []
    for way in range(len(ways)):
        (block,) = file.ask("head", way, HEADER_SEARCH_ROWS)
        known, row = _header_of(block, recognise)
        fits.append(((known, len(block[1])), row))
    way = max(range(len(ways)), key=lambda way: fits[way][0])
    source = Source("csv", ways, ways[way], encoding=file.facts["encoding"])
    return _Chosen(way, source, fits[way][1])


def _header(file: OpenFile, way: int, recognise: Recognise) -> tuple[int, int]:
    (block,) = file.ask("head", way, HEADER_SEARCH_ROWS)
    return _header_of(block, recognise)


def _header_of(block: Block, recognise: Recognise) -> tuple[int, int]:
    """How many headers are known in the row with the most, and its number: a title above it is passed over."""
    best = (0, 0)
    for number, row in _rows_of(block):
        # Between the wrong separators even a line of separators is a cell.
        if not any(map(_NAMES_SOMETHING.search, map(str, row))):
            continue
        known = recognise([str(cell) for cell in row])
        if not best[1] or known > best[0]:
            best = (known, number)
    return best


def _table(file: OpenFile, chosen: _Chosen, options: Options) -> Table:
    at = options.header_row or chosen.header_row
    headers: list[str] | None = None
    rows: list[tuple[int, Row]] = []
    shared = _Shared()
    findings: dict[str, Any] = {}
    for message in file.ask("rows", chosen.way) if chosen.source.way else ():
        if isinstance(message, dict):
            findings = message
            continue
        for number, row in _rows_of(shared.block(message)):
            if number > at:
                rows.append((number, row))
            elif number == at:
                headers = [str(cell) for cell in row]
    if not chosen.header_row:
        raise UnusableFile(_("The file is empty: it holds no table."))
    if headers is None:
        raise UnusableFile(_("Row %(row)d is blank: it cannot be the header. Choose another one.") % {"row": at})
    widest = max((len(row) for _number, row in rows), default=0)
    _as_long(headers, widest if chosen.source.format == "xlsx" else min(findings["widths"].get(at, 0), widest))
    source = Source(**{**vars(chosen.source), "header_row": at, "findings": findings})
    for _number, row in rows:
        if len(row) < len(headers):
            row.extend([""] * (len(headers) - len(row)))
    return Table(headers, rows, source)


def _as_long(headers: list[str], width: int) -> None:
    """As many headers as columns: without blank ones at the end, unless something may stand below them."""
    while headers and not headers[-1]:
        headers.pop()
    headers.extend([""] * (width - len(headers)))


def _rows_of(block: Block) -> Iterator[tuple[int, Row]]:
    numbers, packed, days = block
    columns = list(map(cells_of, packed))
    for position in days:
        columns[position] = [_day(cell) if type(cell) is int else cell for cell in columns[position]]
    return zip(numbers, map(list, zip(*columns, strict=True)), strict=True)


_day = lru_cache(maxsize=100_000)(date.fromordinal)


class _Shared:
    """Holds what a column repeats only once: units, positions and dates of a hundred thousand rows are a few."""

    def __init__(self) -> None:
        self._known: dict[int, dict[Any, Any]] = {}

    def block(self, block: Block) -> Block:
        for position, column in enumerate(map(cells_of, block[1])):
            if len(set(column)) * 2 < len(column):
                known = self._known.setdefault(position, {})
                column = [known.setdefault(cell, cell) for cell in column]
            block[1][position] = column
        return block
