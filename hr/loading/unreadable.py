"""Cells whose meaning is lost: errors of formulas, formulas nobody has computed, long numbers cut short."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from hr.loading.mapping import Columns
from hr.loading.options import Reading
from hr.loading.reading import Cell, Fault, Table

FORMULA_ERROR, NO_RESULT, DIGITS_LOST, TOO_NARROW = "formula_error", "no_result", "digits_lost", "too_narrow"
_ERRORS = frozenset(
    {
        "#N/A", "#N/D", "#VALUE!", "#¡VALOR!", "#VALOR!", "#REF!", "#¡REF!", "#DIV/0!", "#¡DIV/0!", "#NAME?",
        "#¿NOMBRE?", "#NOMBRE?", "#NUM!", "#¡NUM!", "#NULL!", "#¡NULO!", "#NULO!", "#SPILL!", "#¡DESBORDAMIENTO!",
        "#CALC!", "#¡CALC!", "#GETTING_DATA", "#OBTENIENDO_DATOS", "#FIELD!", "#¡CAMPO!", "#BLOCKED!", "#CONNECT!",
        "#BUSY!", "#UNKNOWN!", "#EXTERNAL!",
    }
)  # fmt: skip
# As a sheet shows a number of many digits; a code such as 1E5 has no plus sign.
_CUT_SHORT = re.compile(r"[+-]?\d(?:[.,]\d+)?E\+\d{1,3}", re.IGNORECASE)
_NARROW = re.compile(r"#{3,}")


def find_unreadable(table: Table, columns: Columns, reading: Reading) -> None:
    """Note them in `table.faults`, and in the reading by column."""
    found: dict[tuple[int, str], list[int]] = {}
    for at, position, fault in (*_told_by_parser(table), *_seen_in_cells(table, columns)):
        known = table.faults.get(at, {})
        if position < len(columns.fields) and columns.fields[position] is not None and position not in known:
            table.faults.setdefault(at, {})[position] = fault
            found.setdefault((position, fault.code), []).append(table.rows[at][0])
    for (position, code), rows in sorted(found.items()):
        header = columns.headers[position]
        reading.note(code, _summary(code) % {"column": f"«{header}»", "count": len(rows)}, column=header, rows=rows)


def _told_by_parser(table: Table) -> Iterator[tuple[int, int, Fault]]:
    """A workbook's cells that the reader gives as blank ones."""
    findings = table.source.findings
    unsolved, errors = findings.get("unsolved", ()), findings.get("errors", ())
    if not unsolved and not errors:
        return
    places = {number: at for at, (number, _row) in enumerate(table.rows)}
    faults = {NO_RESULT: Fault(NO_RESULT, _no_result()), FORMULA_ERROR: Fault(FORMULA_ERROR, _formula_error())}
    for cells, code in ((unsolved, NO_RESULT), (errors, FORMULA_ERROR)):
        for number, position, text in cells:
            at = places.get(number)
            if at is not None and position < len(table.headers) and not table.rows[at][1][position]:
                table.rows[at][1][position] = text
                yield at, position, faults[code]


def _seen_in_cells(table: Table, columns: Columns) -> Iterator[tuple[int, int, Fault]]:
    faults = {
        FORMULA_ERROR: Fault(FORMULA_ERROR, _formula_error()),
        DIGITS_LOST: Fault(DIGITS_LOST, _digits_lost()),
        TOO_NARROW: Fault(TOO_NARROW, _too_narrow()),
    }
    for position, name in enumerate(columns.fields):
        if name is None:
            continue
        if not _may_be_unreadable(row[position] for _number, row in table.rows):
            continue
        texts = {row[position] for _number, row in table.rows}
        codes = {text: code for text in texts if isinstance(text, str) and (code := code_of(text))}
        for at, (_number, row) in enumerate(table.rows if codes else ()):
            if (cell := row[position]) in codes:
                yield at, position, faults[codes[str(cell)]]


def _may_be_unreadable(cells: Iterable[Cell]) -> bool:
    """Whether a cell holds one of the signs that `code_of` looks for: nearly no column does."""
    texts = " ".join(map(str, cells))
    return "#" in texts or "E+" in texts or "e+" in texts


def code_of(text: str) -> str:
    """Why nobody knows what a cell with this text means; '' if it can be read."""
    if text[:1] == "#":
        if text.upper() in _ERRORS:
            return FORMULA_ERROR
        return TOO_NARROW if _NARROW.fullmatch(text) else ""
    return DIGITS_LOST if "+" in text[1:] and _CUT_SHORT.fullmatch(text) else ""


def _formula_error() -> str:
    return _("The formula in this cell has no result but an error. Write the value itself.")


def _no_result() -> str:
    return _("The formula in this cell was never computed. Open the file in Excel, save it, and load that copy.")


def _digits_lost() -> str:
    return _(
        "The spreadsheet program cut this number short, and its digits are lost. Format the column as text and write "
        "the whole number again."
    )


def _too_narrow() -> str:
    return _("The column was too narrow when the file was saved as text, and the value is lost. Write it again.")


def _summary(code: str) -> str:
    return {
        FORMULA_ERROR: _("%(column)s: errors of formulas (rows: %(count)d)."),
        NO_RESULT: _("%(column)s: formulas without a result (rows: %(count)d)."),
        DIGITS_LOST: _("%(column)s: numbers cut short, their digits are lost (rows: %(count)d)."),
        TOO_NARROW: _("%(column)s: values lost in a column that was too narrow (rows: %(count)d)."),
    }[code]
