"""Which column of a file fills which field."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from hr.loading.errors import UnusableFile
from hr.loading.reading import Table
from hr.resources.base import SpreadsheetResource, is_advice


@dataclass(frozen=True)
class Mapping:
    """`columns` pairs each header of the file with its field, or None; `positions` says in which column a field is."""

    columns: list[tuple[str, str | None]]
    positions: dict[str, int]

    @property
    def unknown(self) -> list[str]:
        return [header for header, field in self.columns if field is None and header and not is_advice(header)]

    def header_of(self, field: str) -> str | None:
        """The file's own header for the field, None if it has no such column."""
        return self.columns[self.positions[field]][0] if field in self.positions else None


def map_headers(table: Table, resource: SpreadsheetResource) -> Mapping:
    """Raises UnusableFile if no header is known, or two mean the same field."""
    columns: list[tuple[str, str | None]] = []
    positions: dict[str, int] = {}
    headers = [header or _name_of_blank(table, position) for position, header in enumerate(table.headers)]
    for position, header in enumerate(headers):
        field = resource.field_of(header) if header else None
        columns.append((header, field))
        if field is None:
            continue
        if field in positions:
            raise UnusableFile(
                _("The columns %(first)s and %(second)s mean the same. Remove one of them.")
                % {"first": f"«{headers[positions[field]]}»", "second": f"«{header}»"}
            )
        positions[field] = position
    if not positions:
        raise UnusableFile(
            _("No known column in the first rows; found: %(found)s. Name them like this: %(known)s.")
            % {
                "found": ", ".join(f"«{header[:40]}»" for header in headers[:10] if header) or "—",
                "known": ", ".join(column.header for column in resource.columns.values()),
            }
        )
    return Mapping(columns, positions)


def _name_of_blank(table: Table, position: int) -> str:
    """A column without a header is named by its letters if anything stands in it, so that nothing is lost silently."""
    if not any(row[position] for _number, row in table.rows if position < len(row)):
        return ""
    letters, rest = "", position + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(65 + letter) + letters
    return f"({letters})"
