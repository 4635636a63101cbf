"""A sheet with a row for each person and a column for each session, read as one row for each filled cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.text import fold
from hr.loading.errors import UnusableFile
from hr.loading.mapping import OUTCOME, SESSION, Columns
from hr.loading.options import DMY, Options, Reading
from hr.loading.reading import Cell, Fault, Row, Table
from hr.models import EventSession
from hr.resources.base import SpreadsheetResource
from hr.resources.widgets import DateWidget

PEOPLE = ("code", "national_id")
HEADERS_NAMED = 10
# Which session of the event was on which day; asked only of a sheet whose columns are days.
SessionsByDay = Callable[[], Mapping[date, int]]
_WORDS = "s|sesion|session|dia|day|clase|class|encuentro|modulo|module|semana|week|n|no|nro|num|asistencia"
_NUMBERED = re.compile(rf"(?:{_WORDS})?[ .:#°º_-]*(\d{{1,4}})")
_TICKS = frozenset("✓✔√☑✅●•■")


def sessions_by_day(event_id: int | None) -> dict[date, int]:
    """The number of the session by its day, of days that have one alone."""
    found: dict[date, list[int]] = {}
    for starts_at, number in EventSession.objects.filter(event=event_id).values_list("starts_at", "number"):
        found.setdefault(timezone.localdate(starts_at), []).append(number)
    return {day: numbers[0] for day, numbers in found.items() if len(numbers) == 1}


def find_sessions(table: Table, columns: Columns, resource: SpreadsheetResource, options: Options) -> list[int]:
    """The positions of the columns that are sessions; [] if the sheet is a list.

    Raises UnusableFile if it looks like a matrix and is none: as a list it would enrol everybody.
    """
    fields = columns.positions
    if options.matrix is False or OUTCOME not in resource.columns or not any(name in fields for name in PEOPLE):
        return []
    chosen = [at for at, name in enumerate(columns.fields) if name == SESSION and at in columns.chosen]
    if len(chosen) > 1 or (chosen and options.matrix):
        return chosen
    if OUTCOME in fields or SESSION in fields:
        return []
    found = [
        at
        for at, header in enumerate(columns.headers)
        if columns.fields[at] is None and at not in columns.chosen and is_session(header)
    ]
    if options.matrix is None:
        if len(found) < 2:
            return []
        _require_outcomes(table, columns, found, resource)
    return found


def is_session(header: str) -> bool:
    return _number(header) is not None or _day(header, DMY) is not None


def _number(header: str) -> int | None:
    match = _NUMBERED.fullmatch(fold(header))
    return int(match[1]) if match else None


def _day(header: str, order: str) -> date | None:
    try:
        return DateWidget().clean(header, date_order=order)
    except ValueError:
        return None


def _require_outcomes(table: Table, columns: Columns, positions: list[int], resource: SpreadsheetResource) -> None:
    """Raise UnusableFile unless at least every other mark is an outcome; those that are not are faults of their rows
    then.
    """
    widget = resource.columns[OUTCOME].widget
    marks = [(number, at, row[at]) for number, row in table.rows for at in positions if row[at]]
    wrong = [mark for mark in marks if fold(str(_plain(mark[-1]))) not in widget.values]
    if len(wrong) * 2 <= len(marks):
        return
    number, at, cell = wrong[0]
    try:
        widget.clean(cell)
    except ValueError as error:
        headers = ", ".join(f"«{columns.headers[position]}»" for position in positions[:HEADERS_NAMED])
        raise UnusableFile(
            _(
                "Row %(row)d, %(column)s: %(reason)s The columns %(columns)s look like sessions, whose cells say who "
                "came. Correct them, or remove these columns to enrol everybody who is listed."
            )
            % {
                "row": number,
                "column": f"«{columns.headers[at]}»",
                "reason": error,
                "columns": headers + (" …" if len(positions) > HEADERS_NAMED else ""),
            }
        ) from error


def _plain(cell: Cell) -> Cell:
    return "x" if isinstance(cell, str) and cell in _TICKS else cell


def unfold(
    table: Table,
    columns: Columns,
    positions: list[int],
    resource: SpreadsheetResource,
    sessions: SessionsByDay,
    reading: Reading,
    order: str = DMY,
) -> tuple[Table, Columns]:
    """The same as a list. Rows keep their number in the sheet, so that several have the same."""
    labels = _labels([columns.headers[at] for at in positions], sessions, order)
    others = [at for at in range(len(columns.headers)) if at not in set(positions)]
    rows: list[tuple[int, Row]] = []
    faults: dict[int, dict[int, Fault]] = {}
    unmarked: list[int] = []
    for place, (number, row) in enumerate(table.rows):
        known = table.faults.get(place, {})
        filled = [(at, label) for at, label in zip(positions, labels, strict=True) if row[at]]
        if not filled:
            unmarked.append(number)
        for at, label in filled:
            moved = {others.index(position): fault for position, fault in known.items() if position in others}
            if at in known:
                moved[len(others) + 1] = known[at]
            if moved:
                faults[len(rows)] = moved
            rows.append((number, [*(row[other] for other in others), label, _plain(row[at])]))
    _note(reading, [columns.headers[at] for at in positions], labels, unmarked)
    listed = Columns(
        [*(columns.headers[at] for at in others), *(resource.columns[name].header for name in (SESSION, OUTCOME))],
        [*(columns.fields[at] for at in others), SESSION, OUTCOME],
        sessions=_headers([columns.headers[at] for at in positions], labels),
    )
    return Table(listed.headers, rows, table.source, faults), listed


def _labels(headers: list[str], sessions: SessionsByDay, order: str) -> list[str]:
    """The number of each session; the header itself where it is the day of none, for the check to refuse."""
    numbers = [_number(header) for header in headers]
    if all(number is not None for number in numbers):
        return [str(number) for number in numbers]
    by_day = sessions()
    labels = []
    for header, number in zip(headers, numbers, strict=True):
        day = _day(header, order)
        found = by_day.get(day) if day else number
        labels.append(header if found is None else str(found))
    return labels


def _headers(headers: list[str], labels: list[str]) -> dict[str, str]:
    """The header of each label; of a session that has several columns all of them."""
    found: dict[str, list[str]] = {}
    for header, label in zip(headers, labels, strict=True):
        found.setdefault(label, []).append(header)
    return {label: " / ".join(named) for label, named in found.items()}


def _note(reading: Reading, headers: list[str], labels: list[str], unmarked: list[int]) -> None:
    named = list(zip(headers, labels, strict=True))[:HEADERS_NAMED]
    pairs = ", ".join(f"«{header}» → {label}" for header, label in named)
    message = _("A column for each session: every filled cell is read as one row. Sessions: %(sessions)s.")
    reading.note(
        "matrix", message % {"sessions": pairs + (" …" if len(headers) > HEADERS_NAMED else "")}, count=len(headers)
    )
    if unmarked:
        message = ngettext(
            "%(count)d row has no mark in any session. Nothing is loaded of it.",
            "%(count)d rows have no mark in any session. Nothing is loaded of them.",
            len(unmarked),
        )
        reading.note("unmarked", message % {"count": len(unmarked)}, rows=unmarked)
