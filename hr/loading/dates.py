"""Columns of days: whether the day or the month comes first, and days that stand there as plain numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hr.loading.mapping import Columns
from hr.loading.options import AMBIGUOUS, DMY, MDY, YMD, Reading
from hr.loading.parser.cells import as_cell
from hr.loading.reading import Cell, Table
from hr.resources.base import SpreadsheetResource
from hr.resources.widgets import DateWidget

_EPOCH, _EPOCH_OF_MACS = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001  # days of a sheet have no zone
# From 1927 to 2119: fewer digits are no day, more are one written without separators.
_SERIAL = re.compile(r"([1-7]\d{4})(\.\d+)?")
_NUMERIC = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](?:19|2[01])\d\d(?:[ T].*)?")
_YEAR_FIRST = re.compile(r"\d{4}[/.-]?\d{1,2}[/.-]?\d{1,2}(?:[ T].*)?")
MOST_EXAMPLES = 3
SLIPS_AMONG = 10


def date_columns(columns: Columns, resource: SpreadsheetResource) -> list[int]:
    """The positions of those that hold days."""
    return [
        position
        for name, position in columns.positions.items()
        if name in resource.columns and isinstance(resource.columns[name].widget, DateWidget)
    ]


def read_serials(table: Table, columns: Columns, positions: list[int], reading: Reading) -> None:
    """Turn the numbers that a spreadsheet counts days by into days."""
    epoch = _EPOCH_OF_MACS if table.source.findings.get("from_1904") else _EPOCH
    for position in positions:
        rows = []
        for number, row in table.rows:
            cell = row[position]
            if type(cell) is str and cell[:1].isdigit() and _SERIAL.fullmatch(cell):
                row[position] = as_cell(epoch + timedelta(days=float(cell)))
                rows.append(number)
        if rows:
            message = ngettext(
                "%(column)s: %(count)d number was read as the day it stands for.",
                "%(column)s: %(count)d numbers were read as the days they stand for.",
                len(rows),
            )
            header = columns.headers[position]
            reading.note("serials", message % {"column": f"«{header}»", "count": len(rows)}, column=header, rows=rows)


def date_order(
    table: Table, columns: Columns, positions: list[int], reading: Reading, *, chosen: str | None, usual: str | None
) -> str:
    """How dates written as text are to be read. Where nothing in the file decides, it is as `usual` for its header, or
    asked.
    """
    texts = {position: _texts(row[position] for _number, row in table.rows) for position in positions}
    found = order_of(text for column in texts.values() for text in column)
    reading.date_order = found
    if found not in (DMY, MDY, AMBIGUOUS):
        return chosen or DMY
    if chosen or found != AMBIGUOUS:
        reading.date_order = chosen or found
    elif usual:
        reading.date_order = usual
    else:
        _ask(texts, columns, reading)
        return DMY
    return reading.date_order


def order_of(texts: Iterable[str]) -> str:
    """DMY or MDY if numbers above 12 decide, AMBIGUOUS if none does or both occur, YMD if the year leads, else ''."""
    day_first = month_first = undecided = year_first = 0
    for text in texts:
        if match := _NUMERIC.fullmatch(text):
            first, second = int(match[1]), int(match[2])
            day_first += first > 12 >= second
            month_first += second > 12 >= first
            undecided += first <= 12 and second <= 12 and first != second
        elif _YEAR_FIRST.fullmatch(text):
            year_first += 1
    fewer, more = sorted((day_first, month_first))
    # A slip among many is a faulty cell, and no doubt about the others.
    if more and fewer * SLIPS_AMONG <= more:
        return DMY if day_first == more else MDY
    if more or undecided:
        return AMBIGUOUS
    return YMD if year_first else ""


def _ask(texts: dict[int, set[str]], columns: Columns, reading: Reading) -> None:
    contradict = any(order_of([text]) in (DMY, MDY) for column in texts.values() for text in column)
    concerned = {position: examples for position, column in texts.items() if (examples := _examples(column))}
    shown = [example for examples in concerned.values() for example in examples][:MOST_EXAMPLES]
    names = ", ".join(f"«{columns.headers[position]}»" for position in concerned)
    if contradict:
        message = _("%(columns)s: some dates have the day first, others the month: %(examples)s. Which order is right?")
    else:
        message = _("%(columns)s: nothing tells whether the day or the month comes first: %(examples)s. Which is it?")
    reading.ask(
        "date_order",
        message % {"columns": names, "examples": ", ".join(shown)},
        column=columns.headers[next(iter(concerned))],
    )


def _examples(texts: set[str]) -> list[str]:
    """The texts that can be read both ways, or the ones that contradict each other."""
    numeric = sorted(text for text in texts if _NUMERIC.fullmatch(text))
    open_ = [text for text in numeric if order_of([text]) == AMBIGUOUS]
    decided = {order_of([text]): text for text in numeric if order_of([text]) in (DMY, MDY)}
    return list(decided.values()) if len(decided) > 1 else open_


def _texts(cells: Iterable[Cell]) -> set[str]:
    return {cell for cell in cells if type(cell) is str and cell}
