"""Rows on their way to the other process: some thousand at a time, column by column.

Columns pack and unpack several times as fast as rows. A day travels as its ordinal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import batched, compress, islice, zip_longest
from typing import Any, NamedTuple

from hr.loading.parser.cells import as_cell, clean_all
from hr.loading.parser.refused import Refused

ROWS_A_BLOCK = 2000
MAX_COLUMNS = 1000
ROWS_NAMED = 10

# `numbers` of the rows in the file; `columns`; and which of these hold days.
Block = tuple[list[int], list[list[Any]], list[int]]


class Tally(NamedTuple):
    """How many cells of a column are of a sort, and in which rows the first of them are."""

    cells: int
    rows: list[int]


class Counter:
    """Counts, by column, the cells that are numbers and the texts that consist of digits."""

    def __init__(self) -> None:
        self.numbers: dict[int, Tally] = {}
        self.digits: dict[int, Tally] = {}

    def count(self, position: int, rows: list[int], column: Sequence[Any], kinds: set[type], cells: list[Any]) -> None:
        """`column` as the file holds it, of values of these kinds; `cells` what became of it."""
        if str in kinds:
            texts = cells if len(kinds) == 1 else [value if type(value) is str else "" for value in column]
            self._note(self.digits, position, rows, list(map(str.isdigit, texts)))
        if kinds & {float, int}:
            self._note(self.numbers, position, rows, [type(value) in (float, int) for value in column])

    @staticmethod
    def _note(tallies: dict[int, Tally], position: int, rows: list[int], flags: list[bool]) -> None:
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
    columns, days = [], []
    for position, column in enumerate(_columns(batch)):
        kinds = set(map(type, column))
        converted, has_days = _converted(column, kinds)
        columns.append(converted)
        if has_days:
            days.append(position)
        if counter:
            counter.count(position, numbers, column, kinds, converted)
    while columns and not any(columns[-1]):
        columns.pop()
    # One column without a blank cell tells that no row is blank.
    if not any(map(all, columns)):
        filled = list(map(any, zip(*columns, strict=True)))
        numbers = list(compress(numbers, filled))
        columns = [list(compress(column, filled)) for column in columns]
    return numbers, columns, [position for position in days if position < len(columns)]


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


def _converted(column: tuple[Any, ...], kinds: set[type]) -> tuple[list[Any], bool]:
    """The cells as they travel, and whether days are among them."""
    if kinds == {str}:
        return clean_all(column), False
    if kinds == {date}:
        return list(map(date.toordinal, column)), True
    cells = [as_cell(value) for value in column]
    has_days = date in set(map(type, cells))
    return [cell.toordinal() if isinstance(cell, date) else cell for cell in cells] if has_days else cells, has_days
