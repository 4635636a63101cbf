"""Rows of the database as a spreadsheet that a load takes back without a change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import batched, repeat
from typing import TYPE_CHECKING, Any

from django.db.models import Model, QuerySet
from django.utils import timezone

from hr.loading.catalogue import Catalogue
from hr.loading.csv_file import csv_file
from hr.loading.identities import personal_scope
from hr.loading.kinds import Kind
from hr.loading.literal import marked
from hr.loading.xlsx import SheetToWrite, Written, workbook
from hr.models import Employee, OrgUnit, Outcome, Position, SessionMark
from hr.querysets import all_keys
from hr.resources.base import Column

if TYPE_CHECKING:
    from core.models import User

ROWS_A_READ = 2000
# So many rows that a relation leads to are remembered from one batch to the next.
RELATED_KEPT = 20_000
# By the file's ending.
FORMATS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}

# Turns the stored values of a column, of one batch of rows, into its cells.
Render = Callable[[Sequence[Any]], Sequence[Written]]


class Export:
    """`rows` as the user may see them, in their order, with the headers of the active language.

    `columns` names those wanted, in no order; without it all that the user may have. `written` counts the rows of the
    file that have been read so far.
    """

    def __init__(self, kind: Kind, rows: Any, *, user: User | None, columns: Collection[str] | None = None) -> None:
        self.kind, self.user = kind, user
        self.rows = rows if user is None else rows.visible_to(user)
        self.personal = personal_scope(user) if kind.person else None
        self.columns = {
            name: column
            for name, column in exportable(kind, self.personal).items()
            if columns is None or name in columns
        }
        self.written = 0
        self._related: dict[str, _Related] = {}

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
        return self.rows.count() + (self._sessions(self.rows.order_by()).count() if self._has_sessions else 0)

    def is_larger_than(self, rows: int) -> bool:
        """Whether the file has more, without counting them all."""
        counted = self.rows.order_by().values("pk")[: rows + 1].count()
        return counted > rows or (self._has_sessions and self.count() > rows)

    def cells(self) -> Iterator[Sequence[Written]]:
        """The rows of the file, each with a cell a column."""
        outcomes = self._words("outcome") if self._has_sessions else {}
        return self._read([self._filler(name, column) for name, column in self.columns.items()], outcomes)

    @property
    def _has_sessions(self) -> bool:
        return self.kind.of_events and "session" in self.columns

    def _read(self, fillers: Sequence[tuple[str, Render]], outcomes: Mapping[str, str]) -> Iterator[Sequence[Written]]:
        """The keys at once, a few bytes each, then the rows by them in batches and without joins: as much memory for a
        million as for a thousand, whatever the order, on every engine.
        """
        person = self.kind.person or "pk"
        names = list(dict.fromkeys(["pk", person, *filter(None, (name for name, _fill in fillers))]))
        at = {name: place for place, name in enumerate(names)}
        hidden = [column.personal for column in self.columns.values()] if self.personal is not None else []
        with_sessions = self._has_sessions and self._sessions(self.rows.order_by()).exists()
        for keys in batched(all_keys(self.rows), ROWS_A_READ):
            stored = self.kind.model._base_manager.filter(pk__in=keys).order_by().values_list(*names)
            found = {row[0]: row for row in stored}
            # A row deleted meanwhile is left out.
            rows = [found[key] for key in keys if key in found]
            if not rows:
                continue
            values = list(zip(*rows, strict=True))
            columns: list[Sequence[Written]] = [
                marked(fill(values[at[name]] if name else values[0])) for name, fill in fillers
            ]
            if any(hidden):
                covered = [key not in (self.personal or ()) for key in values[at[person]]]
                columns = [
                    ["" if cover else cell for cover, cell in zip(covered, cells, strict=True)] if hide else cells
                    for hide, cells in zip(hidden, columns, strict=True)
                ]
            lines: Sequence[Sequence[Written]] = list(zip(*columns, strict=True))
            if with_sessions:
                lines = list(self._with_sessions(values[0], lines, outcomes))
            self.written += len(lines)
            yield from lines

    def _with_sessions(
        self, keys: Sequence[int], lines: Sequence[Sequence[Written]], outcomes: Mapping[str, str]
    ) -> Iterator[Sequence[Written]]:
        """Behind each row those of the sessions of which something is known."""
        known: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
        marks = self._sessions(keys).order_by("session__number")
        for key, number, outcome in marks.values_list("attendance_id", "session__number", "outcome"):
            known[key].append((number, outcome))
        for key, line in zip(keys, lines, strict=True):
            yield line
            for number, outcome in known[key]:
                cells: dict[str, Written] = dict(zip(self.columns, line, strict=True))
                cells |= {"session": number, "status": "", "outcome": outcomes[outcome]}
                yield [cells[name] for name in self.columns]

    @staticmethod
    def _sessions(attendance: Any) -> QuerySet:
        return SessionMark.objects.filter(attendance__in=attendance).exclude(outcome=Outcome.PENDING)

    def _filler(self, name: str, column: Column) -> tuple[str, Render]:
        """The stored column a column is filled from, '' for none, and how."""
        if not column.attribute:
            return "", lambda values: [""] * len(values)
        relation, _mark, path = column.attribute.partition("__")
        field: Any = self.kind.model._meta.get_field(relation)
        if path:
            related = self._related.setdefault(relation, _Related(field.related_model))
            return field.attname, related.reader(path)
        return field.attname, self._render(name)

    def _render(self, name: str) -> Render:
        if name in ("org_unit", "parent"):
            return _named(Catalogue(self._visible(OrgUnit), "name"))
        if name == "position":
            return _named(Catalogue(self._visible(Position), "title"))
        if name in ("reports_to", "head"):
            # Of all that are named by a row, and nobody else.
            named = self.kind.model._base_manager.exclude(**{name: None}).order_by().values(f"{name}_id")
            return _looked_up(dict(self._visible(Employee).filter(pk__in=named).order_by().values_list("pk", "code")))
        if name in ("status", "outcome"):
            return _looked_up(self._words(name))
        return lambda values: ["" if value is None else value for value in values]

    def _words(self, name: str) -> dict[Any, str]:
        choices: Any = self.kind.model._meta.get_field(name)
        return {value: str(label) for value, label in choices.flatchoices}

    def _visible(self, model: Any) -> QuerySet:
        rows = model.objects.all()
        return rows if self.user is None else rows.visible_to(self.user)


class _Related:
    """What a relation leads to: the columns asked for, read for those rows that a batch needs."""

    def __init__(self, model: type[Model]) -> None:
        self.model = model
        self.paths: list[str] = []
        self.rows: dict[int, Sequence[Any]] = {}

    def reader(self, path: str) -> Render:
        """A column of it, by the keys of the rows."""
        self.paths.append(path)
        place = len(self.paths)

        def read(keys: Sequence[int]) -> list[Written]:
            rows = self._known(keys)
            return ["" if (value := rows[key][place]) is None else value for key in keys]

        return read

    def _known(self, keys: Sequence[int]) -> dict[int, Sequence[Any]]:
        missing = set(keys) - self.rows.keys()
        if missing and len(self.rows) > RELATED_KEPT:
            self.rows.clear()
            missing = set(keys)
        if missing:
            found = self.model._base_manager.filter(pk__in=missing).order_by().values_list("pk", *self.paths)
            nothing = [None] * (len(self.paths) + 1)
            self.rows |= dict.fromkeys(missing, nothing) | {row[0]: row for row in found}
        return self.rows


def exportable(kind: Kind, personal: set[int] | None) -> dict[str, Column]:
    """The columns, by field name, that a user may have; `personal` as of `personal_scope`."""
    return {name: column for name, column in kind.resource.columns.items() if not column.personal or personal != set()}


def file_name(kind: Kind, format_: str) -> str:
    """`empleados-2026-01-31.xlsx`"""
    return f"{kind.model._meta.verbose_name_plural}-{timezone.localdate():%Y-%m-%d}.{format_}".replace(" ", "-")


def _named(catalogue: Catalogue) -> Render:
    return _looked_up({key: catalogue.spelling(key) for key in catalogue.entries})


def _looked_up(words: dict[Any, str]) -> Render:
    """'' where there is no word."""
    return lambda values: list(map(words.get, values, repeat("")))
