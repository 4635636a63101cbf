"""What the reader of workbooks does not tell: how far a sheet reaches, what is hidden, formulas, and errors."""

from __future__ import annotations

import re
from html import unescape

from hr.loading.parser.refused import Refused

MAX_CELLS = 10_000_000
# So many cells without a value, or with an error, are named one by one; a file of more is refused as a whole.
MAX_NAMED = 100_000
LONGEST_FORMULA = 80
_ROOT = re.compile(rb"<(\w+:)?worksheet[\s>]")
_LONGEST_REST = 65_536
_LAST_CELLS = 4096
# How wide the sheet is shows in its first part.
_WIDTH_FROM = 2 * 1024 * 1024
# Beyond column Z or row 99,999 every cell is looked at. Of the others the last of each piece will do: rows ascend.
# A pattern that begins with the quote is found twice as quickly as one with the name of the attribute before it.
_FAR = re.compile(rb'"[A-Z](?:[A-Z]|\d{6})')
_CELL = re.compile(rb' r="([A-Z]{1,3})(\d{1,7})"')
_REFERENCE = re.compile(rb"""\br=["']([A-Z]{1,3})(\d{1,7})["']""")
_NUMBER = re.compile(rb"""\br=["'](\d{1,7})["']""")
_HIDDEN = re.compile(rb"""\bhidden=["'](?:1|true)["']""")
_COLUMNS = re.compile(rb"""\b(min|max)=["'](\d{1,5})["']""")
_IS_ERROR = re.compile(rb"""\bt=["']e["']""")


class SheetScan:
    """Fed with the sheet's XML, piece by piece. The reader fills the whole rectangle up to the farthest cell, so that
    one cell in the last corner would take all memory: `refuse_far` is to be asked first.
    """

    def __init__(self, first: bytes = b"") -> None:
        root = _ROOT.search(first[:_LONGEST_REST])
        prefix = (root[1] or b"") if root else b""
        self._end = b"</" + prefix + b"c>"
        self._formula_mark = b"<" + prefix + b"f"
        self._error_mark = b"'e'" if b"r='" in first else b'"e"'
        self._cell = re.compile(rb"<%bc ([^>]*[^/])>(.*?)</%bc>" % (prefix, prefix), re.DOTALL)
        self._with_formula = re.compile(
            rb"<%bc ([^>]*)>(<%bf(?:\s[^>]*)?(?:/>|>([^<]*)</%bf>))(<%bv>[^<])?" % ((prefix,) * 4)
        )
        self._row_or_column = re.compile(rb"<%b(row|col) ([^>]*)>" % prefix)
        self._value = re.compile(rb"<%bv>([^<]*)" % prefix)
        self._rest = b""
        self.size = 0
        self.columns, self.rows = 1, 1
        self.formulas = 0
        self.first_formulas: list[int] = []
        # (row, column, text): formulas nobody has computed, and values that are errors.
        self.unsolved: list[tuple[int, int, str]] = []
        self.errors: list[tuple[int, int, str]] = []
        self.hidden_rows: list[int] = []
        self.hidden_columns: list[int] = []

    def feed(self, piece: bytes) -> None:
        self.size += len(piece)
        text = self._rest + piece
        cut = text.rfind(self._end)
        cut = cut + len(self._end) if cut >= 0 else max(len(text) - _LONGEST_REST, 0)
        text, self._rest = text[:cut], text[cut:]
        self._look_at(text, whole=self.size <= _WIDTH_FROM)

    def finish(self) -> None:
        self._look_at(self._rest, whole=True)
        self._rest = b""

    def refuse_far(self) -> None:
        """Raise Refused if the rectangle is larger than a load may hold."""
        self.finish()
        if self.columns * self.rows > MAX_CELLS:
            raise Refused("far", columns=self.columns, rows=self.rows)
        if len(self.unsolved) > MAX_NAMED:
            raise Refused("unsolved", row=self.unsolved[0][0])

    def _look_at(self, text: bytes, *, whole: bool) -> None:
        start = 0 if whole or _FAR.search(text) else max(len(text) - _LAST_CELLS, 0)
        for match in _CELL.finditer(text, start):
            self.columns = max(self.columns, column_number(match[1]))
            self.rows = max(self.rows, int(match[2]))
        if b"hidden=" in text:
            self._note_hidden(text)
        if self._formula_mark in text:
            self._note_formulas(text)
        if self._error_mark in text:
            self._note_errors(text)

    def _note_hidden(self, text: bytes) -> None:
        for match in self._row_or_column.finditer(text):
            if not _HIDDEN.search(match[2]):
                continue
            if match[1] == b"row":
                if number := _NUMBER.search(match[2]):
                    self.hidden_rows.append(int(number[1]))
            else:
                bounds = dict(_COLUMNS.findall(match[2]))
                first, last = int(bounds.get(b"min", 1)), int(bounds.get(b"max", 0))
                self.hidden_columns += range(first - 1, min(last, self.columns))

    def _note_formulas(self, text: bytes) -> None:
        for match in self._with_formula.finditer(text):
            place = _REFERENCE.search(match[1])
            if place is None:
                continue
            self.formulas += 1
            if len(self.first_formulas) < 10:
                self.first_formulas.append(int(place[2]))
            if not match[4] and len(self.unsolved) <= MAX_NAMED:
                formula = "=" + unescape((match[3] or b"\xe2\x80\xa6").decode(errors="replace"))[:LONGEST_FORMULA]
                self.unsolved.append((int(place[2]), column_number(place[1]) - 1, formula))

    def _note_errors(self, text: bytes) -> None:
        for match in self._cell.finditer(text):
            if not _IS_ERROR.search(match[1]):
                continue
            place, value = _REFERENCE.search(match[1]), self._value.search(match[2])
            if place and value and len(self.errors) <= MAX_NAMED:
                error = unescape(value[1].decode(errors="replace"))[:LONGEST_FORMULA]
                self.errors.append((int(place[2]), column_number(place[1]) - 1, error))


def column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
