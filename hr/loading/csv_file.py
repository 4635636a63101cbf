"""Tables as text, as a spreadsheet program opens them without a question."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import batched

from hr.loading.formulas import RISKY, neutralise
from hr.loading.xlsx import Written

ROWS_A_PIECE = 500


def csv_file(header: Sequence[str], rows: Iterable[Sequence[Written]]) -> Iterator[bytes]:
    """The bytes, piece by piece: UTF-8 with the mark by which Excel knows it; formulas neutralised."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(header)
    yield b"\xef\xbb\xbf" + _taken(buffer)
    for batch in batched(rows, ROWS_A_PIECE):
        # By column: most texts need no look at more than their first character.
        columns = [
            [cell if type(cell) is str and cell[:1] not in RISKY else as_text(cell) for cell in column]
            for column in zip(*batch, strict=True)
        ]
        writer.writerows(zip(*columns, strict=True))
        yield _taken(buffer)


def as_text(cell: Written) -> str:
    """One cell of a file that knows no types."""
    if isinstance(cell, str):
        return neutralise(cell)
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()
