"""Texts that a reader would take for something else: marked on the way out, taken by their word on the way in.

Beside hr/loading/formulas.py, which is about what a spreadsheet program makes of a cell, whoever wrote it.
"""

from collections.abc import Sequence

from core.text import fold
from hr.loading.unreadable import code_of

# Cells that empty a field, where a blank one keeps what is there.
CLEARING = frozenset({"<borrar>", "<clear>"})
# How a cell begins that is such a command, or a text that is marked: all others need not be looked at.
MARKS = frozenset("<'")
_STARTS = frozenset("'#<+-0123456789")


def clears(text: str) -> bool:
    """Whether the cell is the command that empties its field."""
    return text.startswith("<") and fold(text) in CLEARING


def marked[Value](values: Sequence[Value | str]) -> list[Value | str]:
    """The values as cells: a text that a reader would refuse or obey gets an apostrophe before it."""
    return [_mark(value) if type(value) is str and value[:1] in _STARTS else value for value in values]


def taken_literally(text: str) -> str:
    """The text of a cell, without the apostrophe of `marked`."""
    return text[1:] if text[:1] == "'" and _means_something_else(text) else text


def _mark(text: str) -> str:
    return f"'{text}" if _means_something_else(text) else text


def _means_something_else(text: str) -> bool:
    bare = text.lstrip("'")
    return bool(code_of(bare)) or clears(bare)
