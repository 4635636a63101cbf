"""What a sheet holds beside its table, and a loader may have overlooked: it is named, so that nothing is silent."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hr.loading.mapping import Columns
from hr.loading.options import Reading
from hr.loading.reading import Table
from hr.resources.base import SpreadsheetResource
from hr.resources.widgets import DateWidget, NumberWidget

ROWS_NAMED = 10


def note_surroundings(table: Table, columns: Columns, resource: SpreadsheetResource, reading: Reading) -> None:
    _note_sheets(table, reading)
    _note_hidden(table, columns, reading)
    _note_formulas(table, reading)
    _note_numbers(table, columns, resource, reading)
    _note_encoding(table, reading)
    _note_headers(columns, reading)


def fill_merged(table: Table, columns: Columns, reading: Reading) -> None:
    """A value that stands once for several rows is taken for each of them, as the sheet shows it."""
    merged = [each for each in table.source.findings.get("merged", ()) if each[0] > table.source.header_row]
    if not merged:
        return
    places = {number: at for at, (number, _row) in enumerate(table.rows)}
    rows = []
    for first, left, last, right in merged:
        rows.append(first)
        if left != right or first not in places or left >= len(table.headers):
            continue
        value = table.rows[places[first]][1][left]
        for number in range(first + 1, last + 1):
            if number in places:
                table.rows[places[number]][1][left] = value
    message = ngettext(
        "%(count)d place has merged cells. What stands in one over several rows is taken for each of them.",
        "%(count)d places have merged cells. What stands in one over several rows is taken for each of them.",
        len(merged),
    )
    reading.note("merged", message % {"count": len(merged)}, rows=sorted(rows))


def _note_sheets(table: Table, reading: Reading) -> None:
    source = table.source
    if source.others:
        names = ", ".join(f"«{name}»" for name in source.others)
        message = _("Only the sheet %(sheet)s is loaded. These look like data as well: %(others)s.")
        reading.note("sheets", message % {"sheet": f"«{source.way}»", "others": names}, count=len(source.others))
    if source.hidden:
        message = _("The sheet %(sheet)s is hidden in the workbook.")
        reading.note("hidden_sheet", message % {"sheet": f"«{source.way}»"}, count=1)


def note_blank_rows(table: Table, reading: Reading) -> None:
    """To be asked before any row is left out."""
    if not table.rows:
        return
    before = table.source.header_row
    blank: list[int] = []
    count = table.rows[-1][0] - before - len(table.rows)
    if count <= 0:
        return
    for number, _row in table.rows:
        blank += range(before + 1, min(number, before + 1 + ROWS_NAMED - len(blank)))
        before = number
        if len(blank) >= ROWS_NAMED:
            break
    message = ngettext(
        "%(count)d blank row between the others is passed over.",
        "%(count)d blank rows between the others are passed over.",
        count,
    )
    reading.note("blank_rows", message % {"count": count}, rows=blank, count=count)


def _note_hidden(table: Table, columns: Columns, reading: Reading) -> None:
    hidden = set(table.source.findings.get("hidden_rows", ()))
    rows = [number for number, _row in table.rows if number in hidden] if hidden else []
    if rows:
        message = ngettext(
            "%(count)d row is hidden in the sheet. It is loaded like the others.",
            "%(count)d rows are hidden in the sheet. They are loaded like the others.",
            len(rows),
        )
        reading.note("hidden_rows", message % {"count": len(rows)}, rows=rows)
    positions = set(table.source.findings.get("hidden_columns", ()))
    headers = [header for at, header in enumerate(columns.headers) if at in positions and columns.fields[at]]
    if headers:
        message = _("Hidden in the sheet, and loaded like the others: %(columns)s.")
        names = ", ".join(f"«{header}»" for header in headers)
        reading.note("hidden_columns", message % {"columns": names}, column=headers[0], count=len(headers))


def _note_formulas(table: Table, reading: Reading) -> None:
    count, rows = table.source.findings.get("formulas", (0, []))
    unsolved = len(table.source.findings.get("unsolved", ()))
    if count > unsolved:
        message = ngettext(
            "%(count)d cell is a formula. Its result is loaded, as it was when the file was saved.",
            "%(count)d cells are formulas. Their results are loaded, as they were when the file was saved.",
            count - unsolved,
        )
        reading.note("formulas", message % {"count": count - unsolved}, rows=rows, count=count - unsolved)


def _note_numbers(table: Table, columns: Columns, resource: SpreadsheetResource, reading: Reading) -> None:
    """Leading zeros survive in text alone."""
    findings = table.source.findings
    for position, name in enumerate(columns.fields):
        if name not in resource.columns or isinstance(resource.columns[name].widget, DateWidget | NumberWidget):
            continue
        numbers, _rows = findings.get("numbers", {}).get(position, (0, []))
        texts, rows = findings.get("digits", {}).get(position, (0, []))
        if numbers and texts:
            header = columns.headers[position]
            message = _(
                "%(column)s: numbers kept as text (%(texts)d) beside plain ones (%(numbers)d), without leading zeros."
            )
            values = {"column": f"«{header}»", "texts": texts, "numbers": numbers}
            reading.note("numbers_as_text", message % values, column=header, rows=rows, count=texts)
    count, rows = findings.get("quoted", (0, []))
    if count:
        message = _('Numbers kept as text, written ="…", are read without it (cells: %(count)d).')
        reading.note("numbers_as_text", message % {"count": count}, rows=rows, count=count)


def _note_encoding(table: Table, reading: Reading) -> None:
    count, rows = table.source.findings.get("mixed", (0, []))
    if count:
        message = ngettext(
            "The file mixes two encodings: %(count)d line is in Windows-1252, the others are in UTF-8.",
            "The file mixes two encodings: %(count)d lines are in Windows-1252, the others in UTF-8.",
            count,
        )
        reading.note("mixed_encoding", message % {"count": count}, rows=rows, count=count)
    if table.source.findings.get("from_1904"):
        reading.note("from_1904", _("The workbook counts days from 1904. Its days are read so."), count=1)


def _note_headers(columns: Columns, reading: Reading) -> None:
    for header in columns.headers:
        if header.startswith("(") and header.endswith(")") and header[1:-1].isupper() and header[1:-1].isalpha():
            message = _("The column %(column)s has no header. Say what it is, or it is not loaded.")
            reading.note("no_header", message % {"column": f"«{header}»"}, column=header, count=1)
