"""What stands in a cell, as text or as a day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from hr.loading import formulas

Cell = str | date

# No clean text holds it.
SEPARATOR = "\x1f"
_SEPARATOR = SEPARATOR.encode()
# Bytes that alone make no text unclean. What is beyond ASCII is to be looked at as text.
_HARMLESS = bytes(set(range(0x20, 0x7F)) - set(b"'")) + bytes(range(0x80, 0x100))
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


def clean_together(texts: Sequence[Any]) -> str | None:
    """`clean` of each, put `together`. None if there are other values than texts among them.

    Most need nothing, which one look at all of them tells.
    """
    try:
        column = together(texts)
    except TypeError:
        return None
    data = column.encode(errors="surrogatepass")
    is_clean = (
        data.translate(None, _HARMLESS) == _SEPARATOR * (len(texts) + 1)
        and f" {SEPARATOR}" not in column
        and f"{SEPARATOR} " not in column
        # Of blanks only the plain one is printable.
        and (column.isascii() or column.replace(SEPARATOR, "").isprintable())
    )
    return column if is_clean else together(map(clean, texts))


def together(texts: Iterable[str]) -> str:
    """Clean texts as one, the separator before and behind each: it travels several times as fast as a list."""
    return f"{SEPARATOR}{SEPARATOR.join(texts)}{SEPARATOR}"


def apart(texts: str) -> list[str]:
    """What `together` put into one."""
    return texts[1:-1].split(SEPARATOR)


def _clean_character(character: str) -> str:
    if character in "\t\n" or character.isprintable():
        return character
    return " " if character.isspace() and character != "\r" else ""
