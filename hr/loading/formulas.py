"""Text that a spreadsheet would run as a formula, made harmless on the way out and read back unharmed."""

import re

# The wide ones of East Asian keyboards are taken for the others there.
_STARTS = "=+\\-@\t\r\n＝＋－＠"
_FORMULA = re.compile(rf"'*[{_STARTS}]")
_MARKED_FORMULA = re.compile(rf"'+[{_STARTS}]")
# What a text that `neutralise` changes begins with.
RISKY = frozenset("'=+-@\t\r\n＝＋－＠")


def neutralise(text: str) -> str:
    """The text, with an apostrophe before it if a spreadsheet could take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def neutralise_in_text_cell(text: str) -> str:
    """For a cell that is declared text, which no program runs: only what `restore` would misread is marked."""
    return f"'{text}" if _MARKED_FORMULA.match(text) else text


def restore(text: str) -> str:
    """What either of them was given."""
    return text[1:] if _MARKED_FORMULA.match(text) else text
