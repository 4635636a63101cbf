"""An XLSX file is a zip archive of XML, and half a megabyte of it can unfold to gigabytes: look before reading."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from hr.loading.errors import UnusableFile

MAX_PARTS = 1000
MAX_UNFOLDED = 400 * 1024 * 1024
MAX_CELLS = 10_000_000
_PIECE = 1024 * 1024
# References beyond column Z or row 99,999; those within cannot make a large sheet. The reader fills the whole rectangle
# up to the farthest cell, so that one cell in the last corner would take all memory.
_FAR_CELL = re.compile(rb"""\sr=["'](?:([A-Z]{2,3})(\d{1,7})|([A-Z])(\d{6,7}))["']""")
_LONGEST_MATCH = 16
_DAMAGED = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError)


def check_workbook(content: bytes) -> None:
    """Raise UnusableFile unless the workbook unfolds to something a load can hold."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNFOLDED:
                raise UnusableFile(
                    _("The Excel file holds too much. Copy the table alone into a new file, or save it as CSV.")
                )
            for part in parts:
                _check_part(_pieces(archive, part))
    except _DAMAGED as error:
        raise UnusableFile(_("The Excel file is damaged. Open it, save it again, and load that copy.")) from error


def _pieces(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    # zipfile stops at the size the directory declares and fails on a wrong checksum: a lie about it is found here.
    with archive.open(part) as stream:
        while piece := stream.read(_PIECE):
            yield piece


def _check_part(pieces: Iterable[bytes]) -> None:
    columns, rows, rest = 26, 99_999, b""
    for piece in pieces:
        text = rest + piece
        for match in _FAR_CELL.finditer(text):
            columns = max(columns, _column_number(match[1] or match[3]))
            rows = max(rows, int(match[2] or match[4]))
        rest = text[-_LONGEST_MATCH:]
    if columns * rows > MAX_CELLS:
        raise UnusableFile(
            _("The sheet reaches to column %(columns)d and row %(rows)d. Copy the table alone into a new file.")
            % {"columns": columns, "rows": rows}
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
