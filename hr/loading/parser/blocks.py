"""Rows on their way to the other process: some thousand at a time, column by column.

Columns pack and unpack several times as fast as rows. One without days travels as a single text; a day as its ordinal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import batched, compress, islice, zip_longest
from typing import Any, NamedTuple

from hr.loading.parser.cells import SEPARATOR, apart, as_cell, clean_together, together
from hr.loading.parser.refused import Refused

ROWS_A_BLOCK = 2000
MAX_COLUMNS = 1000
ROWS_NAMED = 10

# Its cells, or, if all of them are texts, these `together`.
Column = str | list[Any]
# `numbers` of the rows in the file; `columns`; and which of these hold days.
Block = tuple[list[int], list[Column], list[int]]
# A text of nothing but digits begins with one; of those beyond ASCII this is the first byte.
_MAY_BE_DIGITS = re.compile(SEPARATOR.encode() + rb"[0-9\x80-\xff]")


class Tally(NamedTuple):
    """How many cells of a column are of a sort, and in which rows the first of them are."""

    cells: int
    rows: list[int]


class Counter:
    """Counts, by column, the cells that are numbers and the texts that consist of digits."""

    def __init__(self) -> None:
        self.numbers: dict[int, Tally] = {}
        self.digits: dict[int, Tally] = {}

    def count_texts(self, position: int, rows: list[int], texts: str) -> None:
        """Of a column of texts alone, as it travels."""
        if _MAY_BE_DIGITS.search(texts.encode()):
            self._note(self.digits, position, rows, map(str.isdigit, apart(texts)))

    def count(self, position: int, rows: list[int], column: Sequence[Any], kinds: set[type]) -> None:
        """Of any other, as the file holds it, of values of these kinds."""
        if str in kinds:
            self._note(self.digits, position, rows, (type(value) is str and value.isdigit() for value in column))
        if kinds & {float, int}:
            self._note(self.numbers, position, rows, (type(value) in (float, int) for value in column))

    @staticmethod
    def _note(tallies: dict[int, Tally], position: int, rows: list[int], found: Iterable[bool]) -> None:
        flags = list(found)
        if count := sum(flags):
            known, named = tallies.get(position, Tally(0, []))
            first = islice(compress(rows, flags), ROWS_NAMED - len(named))
            tallies[position] = Tally(known + count, [*named, *first])


def blocks(rows: Iterable[tuple[int, Sequence[Any]]], counter: Counter | None = None) -> Iterator[Block]:
    """Blank rows are left out, and the blank columns behind the last filled one."""
    for batch in batched(rows, ROWS_A_BLOCK):
        block = make_block(batch, counter)
        if block[0]:
            yield block


def make_block(batch: Sequence[tuple[int, Sequence[Any]]], counter: Counter | None = None) -> Block:
    """Raises Refused for a row of too many cells."""
    numbers = [number for number, _row in batch]
    columns: list[Column] = []
    days = []
    for position, column in enumerate(_columns(batch)):
        texts = clean_together(column)
        if texts is not None:
            columns.append(texts)
            if counter:
                counter.count_texts(position, numbers, texts)
            continue
        kinds = set(map(type, column))
        columns.append(_converted(column, kinds))
        if isinstance(columns[-1], list):
            days.append(position)
        if counter:
            counter.count(position, numbers, column, kinds)
    while columns and _is_blank(columns[-1], len(numbers)):
        columns.pop()
    # One column without a blank cell tells that no row is blank.
    if not any(map(_is_full, columns)):
        filled = list(map(any, zip(*map(cells_of, columns), strict=True)))
        numbers = list(compress(numbers, filled))
        columns = [_only(column, filled) for column in columns]
    return numbers, columns, [position for position in days if position < len(columns)]


def cells_of(column: Column) -> list[Any]:
    return apart(column) if isinstance(column, str) else column


def _is_blank(column: Column, count: int) -> bool:
    """Of so many cells; one that holds days is not."""
    return isinstance(column, str) and len(column) == count + 1


def _is_full(column: Column) -> bool:
    return 2 * SEPARATOR not in column if isinstance(column, str) else all(column)


def _only(column: Column, chosen: list[bool]) -> Column:
    cells = list(compress(cells_of(column), chosen))
    return together(cells) if isinstance(column, str) else cells


def _columns(batch: Sequence[tuple[int, Sequence[Any]]]) -> Iterable[tuple[Any, ...]]:
    rows = [row for _number, row in batch]
    widths = set(map(len, rows))
    if widths and max(widths) > MAX_COLUMNS:
        _refuse_wide(batch)
    return zip(*rows, strict=True) if len(widths) == 1 else zip_longest(*rows, fillvalue="")


def _refuse_wide(batch: Sequence[tuple[int, Sequence[Any]]]) -> None:
    for number, row in batch:
        if (filled := _last_filled(row)) > MAX_COLUMNS:
            raise Refused("columns", row=number, columns=filled, limit=MAX_COLUMNS)


def _last_filled(row: Sequence[Any]) -> int:
    return next((at for at in range(len(row), 0, -1) if row[at - 1] != ""), 0)


def _converted(column: tuple[Any, ...], kinds: set[type]) -> Column:
    """The cells as they travel."""
    if kinds == {date}:
        return list(map(date.toordinal, column))
    cells = [as_cell(value) for value in column]
    texts = [cell for cell in cells if isinstance(cell, str)]
    if len(texts) == len(cells):
        return together(texts)
    return [cell if isinstance(cell, str) else cell.toordinal() for cell in cells]
