"""A column that holds first and last name together, taken apart where the loader wants that."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hr.loading.mapping import FULL_NAME, Columns
from hr.loading.options import Options, Reading
from hr.loading.reading import Fault, Row, Table
from hr.resources.base import SpreadsheetResource, header_key

NOT_SPLIT = "not_split"
FIRST, LAST = "first_name", "last_name"
# From this share of values with a comma on, a column of names is one of whole names.
MOSTLY = 0.8
_PARTICLES = frozenset(
    {
        "de",
        "del",
        "la",
        "las",
        "los",
        "da",
        "das",
        "do",
        "dos",
        "di",
        "van",
        "von",
        "der",
        "den",
        "y",
        "e",
        "san",
        "santa",
    }
)


def find_full_names(
    table: Table, columns: Columns, resource: SpreadsheetResource, options: Options, reading: Reading
) -> None:
    """Mark the column of whole names, if there is one; ask whether to split it, unless the loader has said."""
    if FIRST not in resource.columns or LAST not in resource.columns or options.split_names is False:
        return
    position = _position(table, columns, resource)
    if position is None:
        return
    columns.fields[position] = FULL_NAME
    reading.last_name_first = options.last_name_first
    if reading.last_name_first is None:
        reading.last_name_first = _headers_of(resource).get(header_key(columns.headers[position]), False)
    if options.split_names is None:
        header = columns.headers[position]
        reading.ask(
            "split_names",
            _("%(column)s seems to hold last and first names together. Shall they be split?")
            % {"column": f"«{header}»"},
            column=header,
        )


def _position(table: Table, columns: Columns, resource: SpreadsheetResource) -> int | None:
    if FULL_NAME in columns.positions:
        return columns.positions[FULL_NAME]
    if LAST in columns.positions:
        return None
    if FIRST in columns.positions:
        position = columns.positions[FIRST]
        return position if position not in columns.chosen and _has_commas(table, position) else None
    heads = _headers_of(resource)
    for position, header in enumerate(columns.headers):
        if header_key(header) in heads and columns.fields[position] is None and position not in columns.chosen:
            return position
    return None


def _headers_of(resource: SpreadsheetResource) -> dict[str, bool]:
    """Whether the last name stands first, by key of the header."""
    return {
        header_key(header): last_first
        for last_first, headers in ((True, resource.last_name_first), (False, resource.first_name_first))
        for header in headers
    }


def _has_commas(table: Table, position: int) -> bool:
    filled = [str(row[position]) for _number, row in table.rows if row[position]]
    return bool(filled) and sum("," in text.strip(",") for text in filled) >= MOSTLY * len(filled)


def split_full_names(
    table: Table, columns: Columns, resource: SpreadsheetResource, options: Options, reading: Reading
) -> tuple[Table, Columns]:
    """In place of the column two, one for each name."""
    at = columns.positions[FULL_NAME]
    faults: dict[int, dict[int, Fault]] = {}
    rows: list[tuple[int, Row]] = []
    guessed: list[int] = []
    for place, (number, row) in enumerate(table.rows):
        last, first, sure = split_name(str(row[at]), last_name_first=bool(reading.last_name_first))
        known = {position + (position > at): fault for position, fault in table.faults.get(place, {}).items()}
        if row[at] and not (last and first) and at not in known:
            known[at] = Fault(NOT_SPLIT, _("Last and first name cannot be told apart. Write «Gil, Ana»."))
            last = first = str(row[at])
        elif row[at] and not sure:
            guessed.append(number)
        if known:
            faults[place] = known
        rows.append((number, [*row[:at], last, first, *row[at + 1 :]]))
    if guessed:
        message = ngettext(
            "%(column)s: %(count)d name has no comma and was split by its words. Look at it in the preview.",
            "%(column)s: %(count)d names have no comma and were split by their words. Look at them in the preview.",
            len(guessed),
        )
        header = columns.headers[at]
        values = {"column": f"«{header}»", "count": len(guessed)}
        reading.note("names_guessed", message % values, column=header, rows=guessed)
    headers = [resource.columns[LAST].header, resource.columns[FIRST].header]
    replaced = Columns(
        [*columns.headers[:at], *headers, *columns.headers[at + 1 :]],
        [
            *columns.fields[:at],
            LAST,
            FIRST,
            *(None if name in (FIRST, LAST) else name for name in columns.fields[at + 1 :]),
        ],
    )
    return Table(replaced.headers, rows, table.source, faults), replaced


def split_name(text: str, *, last_name_first: bool) -> tuple[str, str, bool]:
    """Last name, first name, and whether that is sure. Both are '' if they cannot be told apart."""
    if "," in text:
        last, _comma, first = text.partition(",")
        return last.strip(), first.strip(), True
    words = _words(text)
    if len(words) < 2:
        return "", "", False
    at = len(words) // 2
    if last_name_first:
        # Two last names are usual: of three words one is left for the first name.
        at = (len(words) + 1) // 2
    before, behind = " ".join(words[:at]), " ".join(words[at:])
    return (before, behind, len(words) == 2) if last_name_first else (behind, before, len(words) == 2)


def _words(text: str) -> list[str]:
    """Particles belong to the word behind them: "María de los Ángeles" is two."""
    words: list[str] = []
    carried = ""
    for word in re.split(r"\s+", text.strip()):
        carried = f"{carried} {word}".strip()
        if word.casefold() not in _PARTICLES:
            words.append(carried)
            carried = ""
    if carried:
        words.append(carried)
    return words
