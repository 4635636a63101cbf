"""The rows of a file, cell by cell: what was typed, what it means, what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _

from hr.countries import DEFAULT_COUNTRY
from hr.loading.mapping import Mapping
from hr.loading.options import Reading
from hr.loading.reading import Cell, Row, Table
from hr.models.base import BusinessModel
from hr.resources.base import Column, SpreadsheetResource
from hr.resources.widgets import OfCountryWidget

NEW, CHANGED, UNCHANGED, FAULTY = "new", "changed", "unchanged", "faulty"


@dataclass(slots=True)
class CellError:
    """`column` is the file's own header, `value` what stands in the cell."""

    column: str
    value: str
    message: str


@dataclass(slots=True)
class Line:
    """One row. `values` holds what its filled cells mean, by field; `changes` what would be written.

    `about` tells rows apart of which the database holds none yet and whose `after` does not say all. Of attendance,
    `employee_id` and `event_id` are the person and the event that were found.
    """

    number: int
    cells: Row
    values: dict[str, Any] = field(default_factory=dict)
    errors: list[CellError] = field(default_factory=list)
    existing: BusinessModel | None = None
    label: str = ""
    verdict: str = UNCHANGED
    changes: dict[str, Any] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    object_id: int | None = None
    employee_id: int | None = None
    event_id: int | None = None
    about: str = ""
    written_version: int | None = None

    def copy(self) -> Line:
        return replace(self, values=dict(self.values), errors=list(self.errors))


@dataclass(frozen=True)
class Sheet:
    """A file read as far as that goes without asking the database. `event_id`: the event chosen for all its rows."""

    resource: SpreadsheetResource
    mapping: Mapping
    lines: list[Line]
    event_id: int | None = None
    reading: Reading = field(default_factory=Reading)

    def cell(self, line: Line, name: str) -> Cell:
        position = self.mapping.positions.get(name)
        return line.cells[position] if position is not None and position < len(line.cells) else ""

    def fault(self, line: Line, name: str, message: str) -> None:
        """Note that the cell of field `name` is wrong."""
        header = self.mapping.header_of(name) or self.resource.columns[name].header
        line.errors.append(CellError(header, str(self.cell(line, name)), message))

    def read_again(self, line: Line, country: str) -> None:
        """Read what depends on the country once more: the person turned out to be of another one."""
        for name, column in self.resource.columns.items():
            cell = self.cell(line, name)
            if not isinstance(column.widget, OfCountryWidget) or not cell:
                continue
            header = self.mapping.header_of(name)
            line.errors = [error for error in line.errors if error.column != header]
            try:
                line.values[name] = column.widget.clean(cell, country=country)
            except ValueError as error:
                line.values.pop(name, None)
                self.fault(line, name, str(error))


def read_sheet(
    table: Table,
    mapping: Mapping,
    resource: SpreadsheetResource,
    *,
    event_id: int | None = None,
    reading: Reading | None = None,
) -> Sheet:
    """Read every cell, column by column; a value that occurs often is read once."""
    lines = [Line(number, cells) for number, cells in table.rows]
    sheet = Sheet(resource, mapping, lines, event_id, reading or Reading())
    # The country first: ids and phones are read by its rules.
    for name in sorted(mapping.positions, key=lambda name: name != "country"):
        _read_column(sheet, name, resource.columns[name])
    _refuse_unreadable(sheet, table)
    _refuse_surplus(sheet, len(mapping.columns))
    return sheet


def _read_column(sheet: Sheet, name: str, column: Column) -> None:
    position, clean = sheet.mapping.positions[name], column.widget.clean
    of_country = isinstance(column.widget, OfCountryWidget)
    known: dict[tuple[Cell, str], tuple[Any, str]] = {}
    for line in sheet.lines:
        cell = line.cells[position] if position < len(line.cells) else ""
        if not cell:
            continue
        country = line.values.get("country", DEFAULT_COUNTRY) if of_country else ""
        if (cell, country) not in known:
            try:
                known[cell, country] = clean(cell, country=country, date_order=sheet.mapping.date_order), ""
            except ValueError as error:
                known[cell, country] = None, str(error)
        value, message = known[cell, country]
        if message:
            sheet.fault(line, name, message)
        elif value != "":
            line.values[name] = value


def _refuse_unreadable(sheet: Sheet, table: Table) -> None:
    """Whatever the columns made of them: nobody knows what these cells mean."""
    fields = {position: name for name, position in sheet.mapping.positions.items()}
    for place, faults in table.faults.items():
        line = sheet.lines[place]
        for position, fault in faults.items():
            if name := fields.get(position):
                header = sheet.mapping.header_of(name)
                line.errors = [error for error in line.errors if error.column != header]
                line.values.pop(name, None)
                sheet.fault(line, name, fault.message)


def _refuse_surplus(sheet: Sheet, width: int) -> None:
    """An unquoted separator within a value pushes the rest of the row into the wrong columns."""
    for line in sheet.lines:
        if surplus := [str(cell) for cell in line.cells[width:] if cell]:
            line.errors.append(
                CellError(
                    "",
                    ", ".join(surplus),
                    _("The row has more cells than the header. Put values that hold a separator in quotes."),
                )
            )
