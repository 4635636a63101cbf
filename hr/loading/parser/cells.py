"""What stands in a cell, as text or as a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from hr.loading import formulas

Cell = str | date

# A double holds 15 digits; what a spreadsheet stored beyond them is made up.
_EXACT_BELOW = 1e15


def as_cell(value: object) -> Cell:
    """Text as it stands, whole numbers without a fraction, days as dates."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, datetime):
        return value.date() if value.time() == time() else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value
    if isinstance(value, timedelta):
        return _hours(value)
    if isinstance(value, time):
        return value.isoformat(timespec="seconds")
    return "" if value is None else str(value)


def _number(value: float) -> str:
    if abs(value) >= _EXACT_BELOW:
        return f"{value:.5E}"
    return f"{value:.0f}" if value.is_integer() else repr(value)


def _hours(value: timedelta) -> str:
    minutes, seconds = divmod(int(value.total_seconds()), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


def clean(text: str) -> str:
    """Without blanks around it and without characters that no name holds."""
    if not text.isprintable():
        text = "".join(filter(None, map(_clean_character, text)))
    return formulas.restore(text.strip())


def clean_all(texts: Sequence[str]) -> list[str]:
    """`clean` of each. Most columns need nothing, which one look at all of them tells."""
    joined = f"|{'|'.join(texts)}|"
    # Of blanks only the plain one is printable.
    is_clean = joined.isprintable() and "'" not in joined and " |" not in joined and "| " not in joined
    return list(texts if is_clean else map(clean, texts))


def _clean_character(character: str) -> str:
    if character in "\t\n" or character.isprintable():
        return character
    return " " if character.isspace() and character != "\r" else ""
