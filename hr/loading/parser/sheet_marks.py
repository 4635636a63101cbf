"""What the reader of workbooks does not tell: what is hidden, formulas, and errors."""

from __future__ import annotations

import re
from html import unescape

from hr.loading.parser.refused import Refused
from hr.loading.parser.sheet_reach import column_number

# So many cells without a value, or with an error, are named one by one; a file of more is refused as a whole.
MAX_NAMED = 100_000
LONGEST_FORMULA = 80
LAST_COLUMN = 16_384
_ROOT = re.compile(rb"<([\w.-]+:)?worksheet[\s>]")
_LONGEST_REST = 65_536
_REFERENCE = re.compile(rb"""\br=["']([A-Z]{1,3})(\d{1,7})["']""")
_NUMBER = re.compile(rb"""\br=["'](\d{1,7})["']""")
_HIDDEN = re.compile(rb"""\bhidden=["'](?:1|true)["']""")
_COLUMNS = re.compile(rb"""\b(min|max)=["'](\d{1,5})["']""")
_IS_ERROR = re.compile(rb"""\bt=["']e["']""")


class SheetMarks:
    """Fed with the XML of a sheet, piece by piece, and then finished."""

    def __init__(self) -> None:
        self._started = False
        self._rest = b""
        self.formulas = 0
        self.first_formulas: list[int] = []
        # (row, column, text): formulas nobody has computed, and values that are errors.
        self.unsolved: list[tuple[int, int, str]] = []
        self.errors: list[tuple[int, int, str]] = []
        self.hidden_rows: list[int] = []
        self.hidden_columns: set[int] = set()

    def feed(self, piece: bytes) -> None:
        if not self._started:
            self._start(piece)
        # Cells are looked at whole: the one that began in the piece before, and those up to the last that ends here.
        first, last = piece.find(self._end), piece.rfind(self._end)
        if first < 0:
            text = self._rest + piece
            cut = max(len(text) - _LONGEST_REST, 0)
            self._look_at(text, 0, cut)
            self._rest = text[cut:]
            return
        first, last = first + len(self._end), last + len(self._end)
        seam = self._rest + piece[:first]
        self._look_at(seam, 0, len(seam))
        self._look_at(piece, first, last)
        self._rest = piece[last:]

    def finish(self) -> None:
        """Raise Refused if there are more cells without a value than are named."""
        if self._started:
            self._look_at(self._rest, 0, len(self._rest))
        if len(self.unsolved) > MAX_NAMED:
            raise Refused("unsolved", row=self.unsolved[0][0])

    def _start(self, first: bytes) -> None:
        root = _ROOT.search(first[:_LONGEST_REST])
        prefix = (root[1] or b"") if root else b""
        self._end = b"</" + prefix + b"c>"
        self._formula_mark = b"<" + prefix + b"f"
        self._error_mark = b"<" + prefix + b"v>#"
        name = re.escape(prefix)
        self._cell = re.compile(rb"<%bc\s([^>]*[^/])>(.*?)</%bc>" % (name, name), re.DOTALL)
        self._with_formula = re.compile(
            rb"<%bc\s([^>]*)>\s*(<%bf(?:\s[^>]*)?(?:/>|>([^<]*)</%bf>))\s*(<%bv>[^<])?" % ((name,) * 4)
        )
        self._row_or_column = re.compile(rb"<%b(row|col)\s([^>]*)>" % name)
        self._value = re.compile(rb"<%bv>([^<]*)" % name)
        self._started = True

    def _look_at(self, text: bytes, start: int, end: int) -> None:
        if text.find(b"hidden=", start, end) >= 0:
            self._note_hidden(text, start, end)
        if text.find(self._formula_mark, start, end) >= 0:
            self._note_formulas(text, start, end)
        if text.find(self._error_mark, start, end) >= 0:
            self._note_errors(text, start, end)

    def _note_hidden(self, text: bytes, start: int, end: int) -> None:
        for match in self._row_or_column.finditer(text, start, end):
            if not _HIDDEN.search(match[2]):
                continue
            if match[1] == b"row":
                if number := _NUMBER.search(match[2]):
                    self.hidden_rows.append(int(number[1]))
            else:
                bounds = dict(_COLUMNS.findall(match[2]))
                first, last = int(bounds.get(b"min", 1)), int(bounds.get(b"max", 0))
                self.hidden_columns.update(range(first - 1, min(last, LAST_COLUMN)))

    def _note_formulas(self, text: bytes, start: int, end: int) -> None:
        for match in self._with_formula.finditer(text, start, end):
            place = _REFERENCE.search(match[1])
            if place is None:
                continue
            self.formulas += 1
            if len(self.first_formulas) < 10:
                self.first_formulas.append(int(place[2]))
            if not match[4] and len(self.unsolved) <= MAX_NAMED:
                formula = "=" + unescape((match[3] or b"\xe2\x80\xa6").decode(errors="replace"))[:LONGEST_FORMULA]
                self.unsolved.append((int(place[2]), column_number(place[1]) - 1, formula))

    def _note_errors(self, text: bytes, start: int, end: int) -> None:
        for match in self._cell.finditer(text, start, end):
            if not _IS_ERROR.search(match[1]):
                continue
            place, value = _REFERENCE.search(match[1]), self._value.search(match[2])
            if place and value and len(self.errors) <= MAX_NAMED:
                error = unescape(value[1].decode(errors="replace"))[:LONGEST_FORMULA]
                self.errors.append((int(place[2]), column_number(place[1]) - 1, error))
