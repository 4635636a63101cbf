"""An Excel workbook, read by calamine."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from hr.loading.parser.blocks import Block, Counter, blocks, make_block
from hr.loading.parser.package import Package
from hr.loading.parser.refused import Refused
from hr.loading.parser.sheet_marks import SheetMarks

# A sheet beyond the chosen one is looked into only if that takes no time.
QUICK_TO_READ = 4 * 1024 * 1024
# From here on it is read while it is looked through: the reader needs some tenths of a second longer for it.
LARGE = 32 * 1024 * 1024


class Workbook:
    """Its ways to be read are its sheets."""

    def __init__(self, content: bytes, options: dict[str, Any]) -> None:
        self._package = Package(content)
        self._open: dict[str, CalamineSheet] = {}
        self._marks: dict[str, SheetMarks] = {}
        try:
            self._workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        except PasswordError as error:
            raise Refused("password") from error
        except (CalamineError, OSError, ValueError) as error:
            raise Refused("damaged") from error
        sheets = [sheet for sheet in self._workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
        self.ways = [sheet.name for sheet in sheets]
        self._hidden = [sheet.name for sheet in sheets if sheet.visible != SheetVisibleEnum.Visible]

    def facts(self) -> dict[str, Any]:
        quick = list(map(self._is_quick, self.ways))
        return {"ways": self.ways, "hidden": self._hidden, "quick": quick}

    def head(self, way: int, count: int) -> Block:
        """The first filled rows."""
        found: list[tuple[int, list[Any]]] = []
        for number, row in self._rows(way):
            if any(value != "" for value in row):
                found.append((number, row))
                if len(found) == count:
                    break
        return make_block(found)

    def rows(self, way: int) -> Iterator[Block]:
        self._counter = Counter()
        self._read = self.ways[way]
        yield from blocks(self._rows(way), self._counter)

    def findings(self) -> dict[str, Any]:
        """What stands in the sheet that `rows` gave beside its cells."""
        marks = self._marks[self._read]
        merged = self._sheet(self._read).merged_cell_ranges or []
        return {
            "numbers": {position: tuple(tally) for position, tally in self._counter.numbers.items()},
            "digits": {position: tuple(tally) for position, tally in self._counter.digits.items()},
            "merged": [(first[0] + 1, first[1], last[0] + 1, last[1]) for first, last in islice(merged, 100_000)],
            "hidden_rows": marks.hidden_rows,
            "hidden_columns": marks.hidden_columns,
            "formulas": (marks.formulas, marks.first_formulas),
            "unsolved": marks.unsolved,
            "errors": marks.errors,
            "from_1904": self._package.counts_from_1904,
        }

    def _sheet(self, name: str) -> CalamineSheet:
        if name not in self._open:
            # One large sheet at a time.
            if not self._is_quick(name):
                self._open = {other: sheet for other, sheet in self._open.items() if self._is_quick(other)}
            if self._package.size_of(name) < LARGE:
                self._marks[name] = self._package.marks_of(name)
                self._open[name] = self._read_sheet(name)
            else:
                self._marks[name], self._open[name] = self._looked_through_and_read(name)
        return self._open[name]

    def _looked_through_and_read(self, name: str) -> tuple[SheetMarks, CalamineSheet]:
        """Both at once: the reader leaves the interpreter to others. It takes the memory for cells that are far away
        when it has come to the end of the sheet, which takes three times as long as to see them. What is refused is
        told at once, and this process ended; until then its limits hold.
        """
        aside = ThreadPoolExecutor(1)
        try:
            sheet = aside.submit(self._read_sheet, name)
            return self._package.marks_of(name), sheet.result()
        finally:
            aside.shutdown(wait=False)

    def _read_sheet(self, name: str) -> CalamineSheet:
        try:
            return self._workbook.get_sheet_by_name(name)
        except (CalamineError, OSError, ValueError) as error:
            raise Refused("damaged") from error

    def _is_quick(self, name: str) -> bool:
        return self._package.size_of(name) <= QUICK_TO_READ

    def _rows(self, way: int) -> Iterator[tuple[int, list[Any]]]:
        sheet = self._sheet(self.ways[way])
        if sheet.start is None:
            return iter(())
        # The reader begins with row 1, but with the first filled column.
        before, rows = [""] * sheet.start[1], sheet.iter_rows()
        return zip(count(1), (before + row for row in rows) if before else rows, strict=False)
