"""A file's bytes as a table of cells, numbered as the reader's spreadsheet program numbers them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice

from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

from hr.loading import formulas
from hr.loading.archive import check_workbook
from hr.loading.errors import UnusableFile

MAX_BYTES = 50 * 1024 * 1024
HEADER_SEARCH_ROWS = 20
SHEETS_SEARCHED = 10
DELIMITERS = ",;\t"

Cell = str | date
Row = list[Cell]
# How many of a row's cells are known headers.
Recognise = Callable[[Sequence[str]], int]

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class Table:
    """The header and what stands below it. Blank rows are left out; each row keeps its number in the file."""

    headers: list[str]
    rows: list[tuple[int, Row]]


def read_table(content: bytes, recognise: Recognise) -> Table:
    """The table in an XLSX or CSV file. Raises UnusableFile."""
    check_size(len(content))
    if content.startswith(_ZIP):
        table = _read_workbook(content, recognise)
    elif content.startswith(_OLE):
        raise UnusableFile(_("This is an old Excel file, or one with a password. Save it as .xlsx without a password."))
    else:
        table = _read_csv(content, recognise)
    if table is None:
        raise UnusableFile(_("The file is empty: it holds no table."))
    return table


def check_size(size: int) -> None:
    """Raise UnusableFile for more bytes than a load may have."""
    if size > MAX_BYTES:
        raise UnusableFile(
            _("The file is larger than %(limit)d MB. Split it and load the parts one after the other.")
            % {"limit": MAX_BYTES // 1024**2}
        )


def _read_workbook(content: bytes, recognise: Recognise) -> Table | None:
    """The first sheet with known headers: a sheet of notes in front of the data is passed over."""
    check_workbook(content)
    first = None
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for name in workbook.sheet_names[:SHEETS_SEARCHED]:
            table = _find_table(_sheet_rows(workbook, name), recognise)
            if table and recognise(table.headers):
                return table
            first = first or table
    except (CalamineError, OSError, ValueError) as error:
        raise UnusableFile(_("The Excel file is damaged. Open it, save it again, and load that copy.")) from error
    return first


def _sheet_rows(workbook: CalamineWorkbook, name: str) -> Iterator[tuple[int, Row]]:
    for number, row in enumerate(workbook.get_sheet_by_name(name).to_python(skip_empty_area=False), 1):
        yield number, [as_cell(value) for value in row]


def as_cell(value: object) -> Cell:
    """Text as it stands, whole numbers without a fraction, days as dates."""
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.date() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value
    return "" if value is None else str(value)


def _clean(text: str) -> str:
    """Without blanks around it and without characters that no name holds."""
    if not text.isprintable():
        text = "".join(filter(None, map(_clean_character, text)))
    return formulas.restore(text.strip())


def _clean_character(character: str) -> str:
    if character in "\t\n" or character.isprintable():
        return character
    return " " if character.isspace() and character != "\r" else ""


def _read_csv(content: bytes, recognise: Recognise) -> Table | None:
    text = _decoded(content)
    if "\0" in text:
        raise UnusableFile(_("This is neither an Excel workbook (.xlsx) nor a table as text (.csv)."))
    delimiters = DELIMITERS
    # Excel hides such a first line, so it does not count as a row.
    if text[:4].lower() == "sep=" and text[4:5] in tuple(DELIMITERS):
        delimiters, text = text[4], text[5:].removeprefix("\r").removeprefix("\n")
    delimiter = max(delimiters, key=lambda delimiter: _fit(text[:65536], delimiter, recognise))
    return _find_table(_csv_rows(text, delimiter), recognise)


def _decoded(content: bytes) -> str:
    # latin-1 takes any byte: it catches the five that cp1252 leaves undefined.
    encodings = ["utf-16"] if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnusableFile(_("The file's characters cannot be read. Save it as CSV UTF-8."))


def _fit(head: str, delimiter: str, recognise: Recognise) -> tuple[int, int]:
    """How well the delimiter splits the first rows: known headers, then cells."""
    best = (0, 0)
    try:
        for row in islice(csv.reader(io.StringIO(head), delimiter=delimiter), HEADER_SEARCH_ROWS):
            best = max(best, (recognise(row), len(row)))
    except csv.Error:
        return best
    return best


def _csv_rows(text: str, delimiter: str) -> Iterator[tuple[int, Row]]:
    number = 0
    try:
        # Strict: an unclosed quote would swallow every row behind it without a word.
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1):
            yield number, [_clean(cell) for cell in row]
    except csv.Error as error:
        raise UnusableFile(
            _('The quotes (") in row %(row)d do not pair up. Correct them, or save the file as Excel workbook.')
            % {"row": number + 1}
        ) from error


def _find_table(rows: Iterable[tuple[int, Row]], recognise: Recognise) -> Table | None:
    """The header is the row with the most known headers among the first; a title above it is passed over."""
    filled = ((number, row) for number, row in rows if any(row))
    first = list(islice(filled, HEADER_SEARCH_ROWS))
    if not first:
        return None
    headers = [[str(cell) for cell in row] for _number, row in first]
    known = [recognise(row) for row in headers]
    at = known.index(max(known))
    return Table(headers[at], [*first[at + 1 :], *filled])
