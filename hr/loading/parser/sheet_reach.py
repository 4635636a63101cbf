"""How far the cells of a sheet reach, before a reader has room made for them."""

from __future__ import annotations

import re

from hr.loading.parser.refused import Refused

MAX_CELLS = 10_000_000
_LAST_CELLS = 4096
# How wide the sheet is shows in its first part.
_WIDTH_FROM = 2 * 1024 * 1024
# Beyond column Z or row 99,999 every cell is looked at. Of the others the last of each piece will do: rows ascend.
# A pattern that begins with the quote is found twice as quickly as one with the name of the attribute before it.
_FAR = re.compile(rb'"[A-Z](?:[A-Z]|\d{6})')
_CELL = re.compile(rb' r="([A-Z]{1,3})(\d{1,7})"')
# The same as hardly anybody writes them.
_FAR_IN_APOSTROPHES = re.compile(rb"'[A-Z](?:[A-Z]|\d{6})")
_ANY_CELL = re.compile(rb"""\br\s*=\s*["']([A-Z]{1,3})(\d{1,7})["']""")
_LONGEST_CELL = 24


class SheetReach:
    """Fed with the sheet's XML, piece by piece. The reader fills the whole rectangle up to the farthest cell, so that
    one cell in the last corner would take all memory: `refuse_far` is to be asked first.
    """

    def __init__(self) -> None:
        self.size = 0
        self.columns, self.rows = 1, 1
        self._last = b""

    def feed(self, piece: bytes) -> None:
        self.size += len(piece)
        whole = self.size <= _WIDTH_FROM or _FAR.search(piece) or (b"'" in piece and _FAR_IN_APOSTROPHES.search(piece))
        self._look_at(piece, 0 if whole else max(len(piece) - _LAST_CELLS, 0))
        # A cell that is cut in two.
        self._look_at(self._last + piece[:_LONGEST_CELL])
        self._last = piece[-_LONGEST_CELL:]

    def refuse_far(self) -> None:
        """Raise Refused if the rectangle is larger than a load may hold."""
        if self.columns * self.rows > MAX_CELLS:
            raise Refused("far", columns=self.columns, rows=self.rows)

    def _look_at(self, text: bytes, start: int = 0) -> None:
        cells = (_ANY_CELL if b"'" in text else _CELL).findall(text, start)
        self.columns = max([self.columns, *map(column_number, {letters for letters, _row in cells})])
        self.rows = max([self.rows, *(int(row) for _letters, row in cells)])


def column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
