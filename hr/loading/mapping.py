"""Which column of a file fills which field."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from django.utils.translation import gettext as _

from hr.loading.errors import UnusableFile
from hr.loading.options import DMY, Options, Reading
from hr.loading.reading import Table
from hr.resources.base import SpreadsheetResource, header_key, is_advice

CLOSE = 0.8
# What a column may be beside a field: one with both names, and one of a sheet with a column for each session.
FULL_NAME = "full_name"
SESSION = "session"
OUTCOME = "outcome"


@dataclass(frozen=True)
class Mapping:
    """`columns` pairs each header of the file with its field, or None; `positions` says in which column a field is.

    `date_order` is how its texts that are dates are to be read. `sessions` are the headers of a matrix, by what stands
    for them in the column of the session.
    """

    columns: list[tuple[str, str | None]]
    positions: dict[str, int]
    date_order: str = DMY
    sessions: dict[str, str] = field(default_factory=dict)

    @property
    def unknown(self) -> list[str]:
        return [header for header, field in self.columns if field is None and header and not is_advice(header)]

    def header_of(self, field: str, session: str = "") -> str | None:
        """The file's own header for the field, None if it has no such column; `session` is of a row of a matrix."""
        if session in self.sessions and field in (SESSION, OUTCOME):
            return self.sessions[session]
        return self.columns[self.positions[field]][0] if field in self.positions else None


@dataclass
class Columns:
    """The columns while it is being found out what they are. `chosen` are the positions the loader decided about."""

    headers: list[str]
    fields: list[str | None]
    chosen: set[int] = field(default_factory=set)
    # Pairs of positions that mean the same field.
    doubles: list[tuple[int, int]] = field(default_factory=list)
    sessions: dict[str, str] = field(default_factory=dict)

    @property
    def positions(self) -> dict[str, int]:
        """By field; the first column of each."""
        found: dict[str, int] = {}
        for position, name in enumerate(self.fields):
            if name is not None:
                found.setdefault(name, position)
        return found

    def mapping(self, resource: SpreadsheetResource, date_order: str = DMY) -> Mapping:
        """Of real fields alone, each in one column."""
        positions = {name: at for name, at in self.positions.items() if name in resource.columns}
        columns = [
            (header, name if name is not None and positions.get(name) == at else None)
            for at, (header, name) in enumerate(zip(self.headers, self.fields, strict=True))
        ]
        return Mapping(columns, positions, date_order, self.sessions)


def map_headers(table: Table, resource: SpreadsheetResource) -> Mapping:
    """Raises UnusableFile if no header is known, or two mean the same field."""
    columns = find_columns(table, resource, Options())
    if columns.doubles:
        raise UnusableFile(told_double(columns, *columns.doubles[0]))
    if not columns.positions:
        raise UnusableFile(told_unknown(columns.headers, resource))
    return columns.mapping(resource)


def find_columns(table: Table, resource: SpreadsheetResource, options: Options) -> Columns:
    """By what the loader said, else by the headers."""
    headers = [header or _name_of_blank(table, position) for position, header in enumerate(table.headers)]
    said = {at: name for at, name in options.columns.items() if at < len(headers)}
    taken = {name for name in said.values() if name is not None}
    columns = Columns(headers, [], set(said))
    first: dict[str, int] = {}
    for position, header in enumerate(headers):
        if position in said:
            columns.fields.append(_known(said[position], resource))
            continue
        name = resource.field_of(header) if header else None
        if name in taken:
            name = None
        elif name is not None and name in first:
            columns.doubles.append((first[name], position))
            name = None
        elif name is not None:
            first[name] = position
        columns.fields.append(name)
    return columns


def _known(name: str | None, resource: SpreadsheetResource) -> str | None:
    return name if name in resource.columns or name in (FULL_NAME, SESSION) else None


def suggest(columns: Columns, resource: SpreadsheetResource, reading: Reading) -> None:
    """Name the field that the header of an unknown column is close to, as a slip of the pen would be."""
    taken = {name for name in columns.fields if name is not None}
    keys = {key: name for key, name in resource.fields_by_header.items() if name not in taken and len(key) > 3}
    for position, (header, name) in enumerate(zip(columns.headers, columns.fields, strict=True)):
        if name is not None or position in columns.chosen or len(header_key(header)) < 4:
            continue
        close = get_close_matches(header_key(header), keys, n=1, cutoff=CLOSE)
        if close and (field := keys[close[0]]):
            reading.suggestions[position] = field
            reading.note(
                "close",
                _("The column %(column)s is unknown. Did you mean %(field)s?")
                % {"column": f"«{header}»", "field": f"«{resource.columns[field].header}»"},
                column=header,
                count=1,
            )


def header_sha256(headers: Iterable[str]) -> str:
    """Equal for two headers that differ in dress alone: case, accents, punctuation."""
    return hashlib.sha256("\x1f".join(map(header_key, headers)).encode()).hexdigest()


def told_double(columns: Columns, first: int, second: int) -> str:
    return _("The columns %(first)s and %(second)s mean the same. Remove one of them.") % {
        "first": f"«{columns.headers[first]}»",
        "second": f"«{columns.headers[second]}»",
    }


def told_unknown(headers: list[str], resource: SpreadsheetResource) -> str:
    return _("No known column in the first rows; found: %(found)s. Name them like this: %(known)s.") % {
        "found": ", ".join(f"«{header[:40]}»" for header in headers[:10] if header) or "—",
        "known": ", ".join(column.header for column in resource.columns.values()),
    }


def _name_of_blank(table: Table, position: int) -> str:
    """A column without a header is named by its letters if anything stands in it, so that nothing is lost silently."""
    if not any(row[position] for _number, row in table.rows if position < len(row)):
        return ""
    letters, rest = "", position + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(65 + letter) + letters
    return f"({letters})"
