"""The rows of a file, cell by cell: what was typed, what it means, what is wrong with it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import Any

from django.utils.translation import gettext as _

from core.text import fold
from hr.countries import DEFAULT_COUNTRY
from hr.loading import mapping as mappings
from hr.loading.causes import REQUIRED, SURPLUS
from hr.loading.literal import MARKS, clears, taken_literally
from hr.loading.options import Reading
from hr.loading.packing import BLOCK, Packed
from hr.loading.reading import Cell, Fault, Row, Table
from hr.resources.base import Column, SpreadsheetResource
from hr.resources.widgets import OfCountryWidget

NEW, CHANGED, UNCHANGED, FAULTY, SKIPPED = "new", "changed", "unchanged", "faulty", "skipped"
TRIED, REMEMBERED = 1_000, 20_000


Rereadable = Packed[tuple[int, Row]] | list[tuple[int, Row]]


class ToCreate(str):
    """The name of a unit or position that does not exist yet and will be created."""

    __slots__ = ()


class NewRow(int):
    """The number of another row of the file, of which the database holds nothing yet."""

    __slots__ = ()


@dataclass(slots=True)
class CellError:
    """`column` is the file's own header, `value` what stands in the cell, `cause` a word of hr/loading/causes.py."""

    column: str
    field: str
    value: str
    message: str
    cause: str


@dataclass(slots=True)
class Line:
    """One row. `values` holds what its filled cells mean, by field: None, where a cell clears the field.

    `existing` holds the columns of the row it is about, `before` and `after` what ImportRow keeps (hr/loading/rows.py).
    `below` is the number of the row that has to be written before this one; rows that are `late` come after all that
    are not. Of attendance, `employee_id` and `event_id` are the person and the event that were found, and `changes`
    what is to be done. `place` counts the lines from 0 on; several may have the number of one row of the sheet.
    """

    number: int
    cells: Row
    values: dict[str, Any]
    errors: list[CellError] = field(default_factory=list)
    existing: Any = None
    label: str = ""
    verdict: str = UNCHANGED
    changes: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    below: int | None = None
    late: bool = False
    employee_id: int | None = None
    event_id: int | None = None
    place: int = 0

    def clears(self, name: str) -> bool:
        return self.values.get(name, "") is None


class Sheet:
    """A file read as far as that goes without asking the database. `event_id`: the event chosen for all its rows.

    `fixes` says, by field, what a folded cell text is to mean instead. `rows` may be gone through again and again.
    """

    def __init__(
        self,
        resource: SpreadsheetResource,
        mapping: mappings.Mapping,
        rows: Rereadable,
        *,
        event_id: int | None = None,
        reading: Reading | None = None,
        fixes: Mapping[str, Mapping[str, str]] | None = None,
        faults: Mapping[int, Mapping[int, Fault]] | None = None,
    ) -> None:
        self.resource, self.mapping, self.rows, self.event_id = resource, mapping, rows, event_id
        self.reading, self._faults = reading or Reading(), faults or {}
        self._fields = {position: name for name, position in mapping.positions.items()}
        self._width = len(mapping.columns)
        # The country first: ids and phones are read by its rules.
        names = sorted(mapping.positions, key=lambda name: name != "country")
        self._readers = {
            name: _Reader(name, resource.columns[name], mapping, (fixes or {}).get(name, {})) for name in names
        }

    def blocks(self, size: int, names: Collection[str] | None = None) -> Iterator[list[Line]]:
        """All lines, so many at a time, each read anew; with `names` only these fields of them."""
        place = 0
        # `batched` makes room for a whole block, however few rows there are.
        for rows in batched(self.rows, max(min(size, len(self.rows)), 1)):
            yield self._read(rows, place, names)
            place += len(rows)

    def _read(self, rows: Iterable[tuple[int, Row]], place: int, names: Collection[str] | None) -> list[Line]:
        """Column by column; a value that occurs often is read once."""
        lines = [Line(number, cells, {}, place=at) for at, (number, cells) in enumerate(rows, place)]
        for name, reader in self._readers.items():
            if names is None or name in names:
                reader.read(lines, self)
        if self._faults:
            self._refuse_unreadable(lines, place)
        if names is None:
            self._refuse_surplus(lines)
        return lines

    def cell(self, line: Line, name: str) -> Cell:
        position = self.mapping.positions.get(name)
        return line.cells[position] if position is not None and position < len(line.cells) else ""

    def filled(self, line: Line, name: str) -> bool:
        """Whether something stands in the cell, readable or not; what only clears it is nothing."""
        return bool(self.cell(line, name)) and not line.clears(name)

    def header(self, name: str, line: Line | None = None) -> str:
        """The file's own header for the field; that of the line's cell, where its row of the sheet has several."""
        session = str(self.cell(line, mappings.SESSION)) if line is not None and self.mapping.sessions else ""
        return self.mapping.header_of(name, session) or self.resource.columns[name].header

    def fixed(self, name: str, text: str) -> str:
        """What the loader said that a text in this field means, else the text."""
        reader = self._readers.get(name)
        return reader.fixes.get(fold(text), text) if reader else text

    def fault(self, line: Line, name: str, message: str, cause: str) -> None:
        """Note that the cell of field `name` is wrong."""
        header = self.header(name, line)
        line.errors.append(CellError(header, name, str(self.cell(line, name)), message, cause))

    def read_again(self, line: Line, country: str) -> None:
        """Read what depends on the country once more: the person turned out to be of another one."""
        for name, reader in self._readers.items():
            if reader.of_country and self.cell(line, name) and not line.clears(name):
                line.errors = [error for error in line.errors if error.field != name]
                line.values.pop(name, None)
                reader.read([line], self, country)

    def _refuse_unreadable(self, lines: Sequence[Line], first: int) -> None:
        """Whatever the columns made of them: nobody knows what these cells mean."""
        for place, line in enumerate(lines, first):
            for position, fault in self._faults.get(place, {}).items():
                if name := self._fields.get(position):
                    line.errors = [error for error in line.errors if error.field != name]
                    line.values.pop(name, None)
                    self.fault(line, name, fault.message, fault.code)

    def _refuse_surplus(self, lines: Sequence[Line]) -> None:
        """An unquoted separator within a value pushes the rest of the row into the wrong columns."""
        for line in lines:
            if len(line.cells) > self._width and (surplus := [str(cell) for cell in line.cells[self._width :] if cell]):
                message = _("The row has more cells than the header. Put values that hold a separator in quotes.")
                line.errors.append(CellError("", "", ", ".join(surplus), message, SURPLUS))


class _Reader:
    """Reads the cells of one column, and remembers what they mean."""

    def __init__(self, name: str, column: Column, mapping: mappings.Mapping, fixes: Mapping[str, str]) -> None:
        self.name, self.column, self.position, self.fixes = name, column, mapping.positions[name], fixes
        self.date_order = mapping.date_order
        self.of_country = isinstance(column.widget, OfCountryWidget)
        self._known: dict[Any, tuple[Any, str, str]] = {}
        self._seen, self._remembers = 0, True

    def read(self, lines: Sequence[Line], sheet: Sheet, country: str = DEFAULT_COUNTRY) -> None:
        position, name, known, of_country = self.position, self.name, self._known, self.of_country
        if len(known) > TRIED and (len(known) > REMEMBERED or 2 * len(known) > self._seen):
            # Of keys hardly one comes back: to remember them all would take memory, and no time less.
            self._remembers = len(known) > REMEMBERED
            known.clear()
        self._seen += len(lines)
        for line in lines:
            cells = line.cells
            cell = cells[position] if position < len(cells) else ""
            if not cell:
                continue
            key: Any = cell
            if of_country and (of := line.values.get("country") or country) != DEFAULT_COUNTRY:
                key = (cell, of)
            found = known.get(key)
            if found is None:
                found = self._meaning(cell, key[1] if isinstance(key, tuple) else DEFAULT_COUNTRY)
                if self._remembers:
                    known[key] = found
            value, message, cause = found
            if message:
                sheet.fault(line, name, message, cause)
            elif value != "":
                line.values[name] = value

    def _meaning(self, cell: Cell, country: str) -> tuple[Any, str, str]:
        """What a cell means, or what is wrong with it and the word for that."""
        if isinstance(cell, str):
            if self.fixes:
                cell = self.fixes.get(fold(cell), cell)
            if cell[:1] in MARKS:
                if clears(cell):
                    return (None, "", "") if self.column.may_be_empty else ("", _never_empty(), REQUIRED)
                cell = taken_literally(cell)
        try:
            return self.column.widget.clean(cell, country=country, date_order=self.date_order), "", ""
        except ValueError as error:
            return "", str(error), self.column.widget.cause


def read_sheet(
    table: Table,
    mapping: mappings.Mapping,
    resource: SpreadsheetResource,
    *,
    event_id: int | None = None,
    reading: Reading | None = None,
    fixes: Mapping[str, Mapping[str, str]] | None = None,
) -> Sheet:
    """The sheet of a table, which is packed: the caller lets go of the table itself."""
    rows: Rereadable = Packed(table.rows) if len(table.rows) > BLOCK else table.rows
    return Sheet(resource, mapping, rows, event_id=event_id, reading=reading, fixes=fixes, faults=table.faults)


def _never_empty() -> str:
    return _("This is never empty, so that it cannot be cleared. Write a value, or leave it blank.")
