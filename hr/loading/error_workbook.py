"""The faulty rows of a load as a spreadsheet that, once corrected, is the next upload and needs no mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Q
from django.utils import translation

from core.models import User
from core.text import fold
from hr.loading.discretion import Discretion
from hr.loading.drop_downs import DropDowns
from hr.loading.kinds import KINDS
from hr.loading.template import column_looks
from hr.loading.xlsx import Look, SheetToWrite, Styled, Written, workbook
from hr.models import ImportJob, ImportRow
from hr.resources.base import ADVICE, Column
from hr.resources.widgets import DateWidget

ROWS_A_READ = 1000
ADVICE_WIDTH = 60
EVENT = "event"
# Before a header that would be known, of a column that the loader left out. Data, as all headers are.
NOT_LOADED = {"es": "No se carga", "en": "Not loaded"}


def error_workbook(job: ImportJob, *, user: User) -> Iterator[bytes]:
    """The bytes of the workbook, in the load's language: first what to do, then the columns of the file."""
    with translation.override(job.language):
        columns = _FileColumns.of(job, user)
        offers = DropDowns(KINDS[job.resource], user=user)
        rows = ImportRow.objects.visible_to(user).filter(job=job, verdict=ImportRow.Verdict.FAULTY)
        sheet = SheetToWrite(
            str(job.get_resource_display()).capitalize(),
            [ADVICE[job.language], *columns.headers],
            [ADVICE_WIDTH, *columns.widths],
            (columns.written(row) for row in _in_parts(rows)),
            frozen=1,
            looks={0: Look.ADVICE} | {at + 1: look for at, look in column_looks(columns.columns).items()},
            drop_downs={at + 1: name for at, name in offers.at(columns.fields).items()},
        )
        return workbook([sheet, offers.sheet()], offers.names())


@dataclass(frozen=True)
class _FileColumns:
    """The file's headers in their order, and the field that each fills, None where it is not loaded.

    `event` is the code of the event chosen with the file: its rows name it, in a column of its own if they had none.
    """

    found: list[str]
    fields: list[str | None]
    resource: Any
    language: str
    date_order: str
    fixes: Mapping[str, Mapping[str, str]]
    discretion: Discretion
    event: str = ""
    event_added: bool = False

    @classmethod
    def of(cls, job: ImportJob, user: User) -> _FileColumns:
        resource = KINDS[job.resource].resource
        event = job.event.code if job.event else ""
        added = bool(event) and EVENT not in [field for _header, field in job.columns]
        columns = [*([(resource.columns[EVENT].header, EVENT)] if added else []), *job.columns]
        found, fields = zip(*columns, strict=True) if columns else ((), ())
        order = job.options.get("date_order") or job.reading.get("date_order", "")
        fixes, discretion = job.options.get("fixes", {}), Discretion(job, user)
        return cls(list(found), list(fields), resource, job.language, order, fixes, discretion, event, added)

    @cached_property
    def columns(self) -> list[Column | None]:
        return [self.resource.columns[field] if field else None for field in self.fields]

    @cached_property
    def widths(self) -> list[int]:
        return [column.width if column else 18 for column in self.columns]

    @cached_property
    def headers(self) -> list[str]:
        """The file's own, where they say what the column was read as; else changed so that they do."""
        return [self._header(header, field) for header, field in zip(self.found, self.fields, strict=True)]

    @cached_property
    def positions(self) -> dict[str, int]:
        return {field: at for at, field in enumerate(self.fields) if field}

    @cached_property
    def personal(self) -> set[int]:
        """Places of the columns with personal data."""
        columns = enumerate(zip(self.found, self.fields, strict=True))
        return {at for at, (header, field) in columns if self.discretion.is_personal(header, field)}

    def written(self, row: ImportRow) -> list[Written]:
        """One row of the sheet."""
        faulty = {self._position(error) for error in row.errors}
        cells = [*([""] if self.event_added else []), *row.cells]
        cells = [*cells[: len(self.found)], *[""] * (len(self.found) - len(cells))]
        cells = [self._meant(cell, field) for cell, field in zip(cells, self.fields, strict=True)]
        hidden = self.discretion.hides(row)
        errors = [self.discretion.told(error, hidden=hidden) for error in row.errors]
        if hidden:
            blank = self.personal | {self._position(error) for error in errors if not error["value"]}
            cells = ["" if at in blank else cell for at, cell in enumerate(cells)]
        return [
            Styled("\n".join(map(_told, errors)), Look.ADVICE),
            *(
                Styled(cell, Look.FAULTY) if at in faulty else self._typed(cell, column)
                for at, (cell, column) in enumerate(zip(cells, self.columns, strict=True))
            ),
        ]

    def _header(self, header: str, field: str | None) -> str:
        if self.resource.field_of(header) == field:
            return header
        if field is None:
            return f"{NOT_LOADED[self.language]}: {header}"
        known = self.resource.columns[field].header
        both = f"{known} ({header})"
        return both if self.resource.field_of(both) == field else known

    def _meant(self, cell: str, field: str | None) -> str:
        """What the loader said once for all cells, or all like this, goes for the next upload too."""
        if field == EVENT and not cell:
            return self.event
        fixes = self.fixes.get(field, {}) if cell and field else {}
        return fixes.get(fold(cell), cell) if fixes else cell

    def _typed(self, cell: str, column: Column | None) -> Written:
        """A day as a day, so that nobody asks again in which order it is written; all else as it was typed."""
        if cell and column is not None and isinstance(column.widget, DateWidget):
            try:
                return column.widget.clean(cell, date_order=self.date_order)
            except ValueError:
                return cell
        return cell

    def _position(self, error: dict[str, str]) -> int | None:
        if error.get("field") in self.positions:
            return self.positions[error["field"]]
        return self.found.index(error["column"]) if error["column"] in self.found else None


def _told(error: dict[str, str]) -> str:
    return f"{error['column']}: {error['message']}" if error["column"] else error["message"]


def _in_parts(rows: Any) -> Iterator[ImportRow]:
    """By row number, a part at a time: a driver that buffers whole answers would hold them all. Of a matrix several
    stand in one row of the file.
    """
    behind, rows = Q(), rows.order_by("number", "pk")
    while part := list(rows.filter(behind)[:ROWS_A_READ]):
        yield from part
        behind = Q(number__gt=part[-1].number) | Q(number=part[-1].number, pk__gt=part[-1].pk)
