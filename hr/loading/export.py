"""Rows of the database as a spreadsheet that a load takes back without a change."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet, Value
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from hr.loading.catalogue import Catalogue
from hr.loading.formulas import neutralise
from hr.loading.identities import personal_scope
from hr.loading.kinds import Kind
from hr.loading.reading import Cell
from hr.loading.xlsx import SheetToWrite, workbook
from hr.models import Employee, OrgUnit, Outcome, Position, SessionMark

if TYPE_CHECKING:
    from core.models import User

ROWS_A_READ = 2000
ROWS_A_PIECE = 500
# By the file's ending.
FORMATS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}

# Turns a column's stored value into a cell.
Render = Callable[[Any], Cell]


class Export:
    """`rows` as the user may see them, in their order, with the headers of the active language."""

    def __init__(self, kind: Kind, rows: Any, *, user: User | None) -> None:
        self.kind, self.user = kind, user
        self.rows = rows if user is None else rows.visible_to(user)
        self.personal = personal_scope(user) if kind.person else None
        self.columns = {
            name: column
            for name, column in kind.resource.columns.items()
            if not column.personal or self.personal != set()
        }

    def file(self, format_: str) -> Iterator[bytes]:
        """The file's bytes, piece by piece. Whatever depends on the active language is settled before the first."""
        header = [column.header for column in self.columns.values()]
        if format_ == "csv":
            return csv_file(header, self.cells())
        title = str(self.kind.model._meta.verbose_name_plural)
        widths = [column.width for column in self.columns.values()]
        return workbook([SheetToWrite(title, header, widths, self.cells())])

    def count(self) -> int:
        """How many rows the file has."""
        return self.rows.count() + (self._sessions(self.rows.order_by()).count() if self.kind.of_events else 0)

    def cells(self) -> Iterator[list[Cell]]:
        return self._read({name: self._render(name) for name in self.columns})

    def _read(self, renders: Mapping[str, Render]) -> Iterator[list[Cell]]:
        """Keys first, then the rows in batches: bounded memory on every engine, whatever the order."""
        hidden = [column.personal for column in self.columns.values()] if self.personal is not None else []
        stored = [column.attribute or Value("") for column in self.columns.values()]
        names = ["pk", self.kind.person or "pk", *stored]
        for batch in self._keys():
            found = {
                row[0]: row[1:]
                for row in self.kind.model._base_manager.filter(pk__in=batch).order_by().values_list(*names)
            }
            sessions = self._of_sessions(batch)
            # A row deleted meanwhile is left out.
            for key in filter(found.__contains__, batch):
                person, *values = found[key]
                cells = [render(value) for render, value in zip(renders.values(), values, strict=True)]
                if hidden and person not in (self.personal or ()):
                    cells = ["" if hide else cell for hide, cell in zip(hidden, cells, strict=True)]
                yield cells
                for number, outcome in sessions[key]:
                    of_session = {"session": str(number), "status": "", "outcome": renders["outcome"](outcome)}
                    yield list((dict(zip(self.columns, cells, strict=True)) | of_session).values())

    def _of_sessions(self, keys: Sequence[int]) -> defaultdict[int, list[tuple[int, str]]]:
        """(number, outcome) of the sessions of which something is known, by attendance: each is a row of the file."""
        found: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
        if self.kind.of_events:
            marks = self._sessions(keys).order_by("session__number")
            for key, number, outcome in marks.values_list("attendance_id", "session__number", "outcome"):
                found[key].append((number, outcome))
        return found

    @staticmethod
    def _sessions(attendance: Any) -> QuerySet:
        return SessionMark.objects.filter(attendance__in=attendance).exclude(outcome=Outcome.PENDING)

    def _keys(self) -> Iterator[tuple[int, ...]]:
        """The keys in parts. Newest first they are read part by part too: of attendance there may be millions."""
        keys: QuerySet = self.rows.values_list("pk", flat=True)
        order = self.rows.query.order_by or self.kind.model._meta.ordering
        if tuple(order or ()) not in (("-pk",), ("-id",)):
            yield from batched(keys, ROWS_A_READ)
            return
        part: tuple[int, ...] = ()
        while part := tuple((keys.filter(pk__lt=part[-1]) if part else keys)[:ROWS_A_READ]):
            yield part

    def _render(self, name: str) -> Render:
        if name in ("org_unit", "parent"):
            return self._named(Catalogue(self._visible(OrgUnit), "name"))
        if name == "position":
            return self._named(Catalogue(self._visible(Position), "title"))
        if name in ("reports_to", "head"):
            codes = dict(self._visible(Employee).order_by().values_list("pk", "code"))
            return lambda key: codes.get(key, "")
        if name in ("status", "outcome"):
            choices: Any = self.kind.model._meta.get_field(name)
            words = {value: str(label) for value, label in choices.flatchoices}
            return lambda value: words[value]
        return lambda value: value or ""

    @staticmethod
    def _named(catalogue: Catalogue) -> Render:
        spellings = {key: catalogue.spelling(key) for key in catalogue.entries}
        return lambda key: spellings.get(key, "")

    def _visible(self, model: Any) -> QuerySet:
        rows = model.objects.all()
        return rows if self.user is None else rows.visible_to(self.user)


def csv_file(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """UTF-8 with the mark by which Excel knows it; formulas neutralised."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(header)
    yield b"\xef\xbb\xbf" + _taken(buffer)
    for batch in batched(rows, ROWS_A_PIECE):
        writer.writerows(
            [neutralise(cell) if isinstance(cell, str) else cell.isoformat() for cell in row] for row in batch
        )
        yield _taken(buffer)


def _as_text(row: Sequence[Cell]) -> list[str]:
    return [neutralise(cell) if isinstance(cell, str) else cell.isoformat() for cell in row]


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def export_to_path(kind: Kind, path: Path, *, user: User | None, dry_run: bool = False) -> int:
    """Write all rows the user sees to the file, whose ending names the format; returns how many."""
    format_ = path.suffix.lower().removeprefix(".")
    if format_ not in FORMATS:
        raise DomainError(_("The file's name must end in .xlsx or .csv."))
    export = Export(kind, kind.model.objects.order_by("-pk" if kind.of_events else "pk"), user=user)
    rows = export.count()
    if not dry_run:
        with path.open("wb") as file:
            for piece in export.file(format_):
                file.write(piece)
    return rows


def file_name(kind: Kind, format_: str) -> str:
    """`empleados-2026-01-31.xlsx`"""
    return f"{kind.model._meta.verbose_name_plural}-{timezone.localdate():%Y-%m-%d}.{format_}".replace(" ", "-")
