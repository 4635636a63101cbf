"""Rows that are about the table and no row of it: totals at its foot, and the header again on each printed page."""

from __future__ import annotations

import re

from django.utils.translation import ngettext

from core.text import fold
from hr.loading.options import Reading
from hr.loading.reading import Row

ROWS_LOOKED_AT = 3
# A row of so many filled cells is somebody whose name is Total.
MOST_CELLS = 3
_TOTAL = re.compile(
    r"(?:sub|gran |grand )?(?:totals?|totales)\b(?: general| generales)?.{0,60}|suma(?: total)?:?|sum:?"
)


def leave_out_totals(rows: list[tuple[int, Row]], reading: Reading) -> list[tuple[int, Row]]:
    """The rows without the totals behind them."""
    kept = list(rows)
    left_out: list[int] = []
    while kept and len(left_out) < ROWS_LOOKED_AT and _is_total(kept[-1][1]):
        left_out.insert(0, kept.pop()[0])
    if left_out:
        message = ngettext(
            "The last row is a total. It is not loaded.",
            "The last %(count)d rows are totals. They are not loaded.",
            len(left_out),
        )
        reading.note("totals", message % {"count": len(left_out)}, rows=left_out)
    return kept


def leave_out_headers(rows: list[tuple[int, Row]], headers: list[str], reading: Reading) -> list[tuple[int, Row]]:
    """The rows without those that repeat the header."""
    if sum(map(bool, headers)) < 2:
        return rows
    repeated = [number for number, row in rows if row[0] == headers[0] and row[: len(headers)] == headers]
    if not repeated:
        return rows
    message = ngettext(
        "%(count)d row repeats the header. It is not loaded.",
        "%(count)d rows repeat the header. They are not loaded.",
        len(repeated),
    )
    reading.note("headers", message % {"count": len(repeated)}, rows=repeated)
    left_out = set(repeated)
    return [(number, row) for number, row in rows if number not in left_out]


def _is_total(row: Row) -> bool:
    filled = [cell for cell in row if cell]
    texts = [fold(cell) for cell in filled if isinstance(cell, str)]
    return len(filled) <= min(MOST_CELLS, max(len(row) - 1, 1)) and any(map(_TOTAL.fullmatch, texts))
