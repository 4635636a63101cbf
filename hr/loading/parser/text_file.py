"""A table as text: CSV, whatever its separator."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from hr.loading.parser.blocks import ROWS_NAMED, Block, blocks, make_block
from hr.loading.parser.refused import Refused
from hr.loading.parser.text_encoding import MIXED, Lines, detect

DELIMITERS = ",;\t|"
LONGEST_CELL = 131_072
HEADER_SEARCH_ROWS = 20
LINES_LOOKED_AT = 5000
_WIDE = ("utf-16", "utf-32")
# How Excel is made to keep leading zeros in a CSV. Our own exports put an apostrophe before such a text.
_QUOTED = re.compile(r'="([^"]*)"')


class TextFile:
    """Its ways to be read are the separators that come into question."""

    def __init__(self, content: bytes, options: dict[str, Any]) -> None:
        self.content = content
        self.encoding = options.get("encoding") or detect(content)
        if not self.encoding.startswith(_WIDE):
            self._refuse_nul()
        csv.field_size_limit(LONGEST_CELL)
        # Of the rows of a head: a blank cell at their end is a column all the same.
        self._widths: dict[int, int] = {}
        named = self._named_delimiter()
        # Excel hides such a first line, so it does not count as a row.
        self._skipped = 1 if named else 0
        chosen = options.get("delimiter") or named
        self.ways = [chosen] if chosen else list(DELIMITERS)

    def facts(self) -> dict[str, Any]:
        return {"encoding": self.encoding, "ways": self.ways}

    def _refuse_nul(self) -> None:
        at = self.content.find(0)
        if at >= 0:
            raise Refused("nul", row=self.content.count(b"\n", 0, at) + 1)

    def _named_delimiter(self) -> str | None:
        first = next(iter(Lines(self.content, self.encoding)), "")
        text = first.rstrip("\r\n")
        return text[4] if text[:4].lower() == "sep=" and len(text) == 5 and text[4] in DELIMITERS else None

    def head(self, way: int, count: int) -> Block:
        """The first filled rows. What is wrong in or behind them, `rows` tells."""
        self._widths.clear()
        found: list[tuple[int, list[str]]] = []
        with suppress(Refused):
            for number, row in islice(
                self._rows(self.ways[way], Lines(self.content, self.encoding, LINES_LOOKED_AT)), count
            ):
                found.append((number, row))
                self._widths[number] = len(row)
        return make_block(found)

    def rows(self, way: int) -> Iterator[Block]:
        self.head(way, HEADER_SEARCH_ROWS)
        self._lines = Lines(self.content, self.encoding)
        yield from blocks(self._rows(self.ways[way], self._lines))

    def findings(self) -> dict[str, Any]:
        """What `rows` came across, to be asked behind it."""
        found: dict[str, Any] = {"quoted": (self._quoted, self._quoted_rows), "widths": self._widths}
        if self.encoding == MIXED:
            found["mixed"] = (len(self._lines.odd), self._odd_rows)
        return found

    def _rows(self, delimiter: str, lines: Lines) -> Iterator[tuple[int, list[str]]]:
        number = 0
        self._odd_rows: list[int] = []
        self._quoted_rows: list[int] = []
        self._quoted = 0
        may_be_quoted = b'="' in self.content or self.encoding.startswith(_WIDE)
        told = 0
        try:
            # Strict: an unclosed quote would swallow every row behind it without a word.
            reader = csv.reader(islice(iter(lines), self._skipped, None), delimiter=delimiter, strict=True)
            for number, row in enumerate(reader, 1):
                if len(lines.odd) > told:
                    told = len(lines.odd)
                    if len(self._odd_rows) < ROWS_NAMED:
                        self._odd_rows.append(number)
                if may_be_quoted:
                    row = self._unquoted(number, row)
                if any(row):
                    yield number, row
        except csv.Error as error:
            code = "long_cell" if "field limit" in str(error) else "quotes"
            raise Refused(code, row=number + 1, limit=LONGEST_CELL) from error

    def _unquoted(self, number: int, row: list[str]) -> list[str]:
        plain = [match[1] if (match := _QUOTED.fullmatch(cell.strip())) else cell for cell in row]
        if plain != row:
            self._quoted += sum(before != after for before, after in zip(row, plain, strict=True))
            if len(self._quoted_rows) < ROWS_NAMED:
                self._quoted_rows.append(number)
        return plain
