"""The sentences of what the process that opens files refuses (hr/loading/parser/)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from hr.loading.errors import UnusableFile

DAMAGED = _("The Excel file is damaged. Open it, save it again, and load that copy.")
SENTENCES = {
    "damaged": DAMAGED,
    "password": _("The Excel file is protected by a password. Save it without one."),
    "macros": _("The Excel file holds macros, which are programs. Save it as .xlsx, which holds none."),
    "links": _(
        "The Excel file is linked to other files or to a database. Copy the table alone into a new file, "
        "with values in place of formulas."
    ),
    "nested": _(
        "The Excel file holds another file, %(part)s, which could hide anything. "
        "Copy the table alone into a new file, or save it as CSV."
    ),
    "doctype": _(
        "The Excel file holds instructions to fetch or repeat other text (a document type), which no spreadsheet "
        "program writes. Open it, save it again as .xlsx, and load that copy."
    ),
    "far": _("The sheet reaches to column %(columns)d and row %(rows)d. Copy the table alone into a new file."),
    "unsolved": _(
        "From row %(row)d on the sheet is full of formulas that were never computed. "
        "Open it in Excel, save it, and load that copy."
    ),
    "columns": _(
        "Row %(row)d has %(columns)d cells; at most %(limit)d fit. "
        "Copy the table alone into a new file, or correct the separators of the row."
    ),
    "nul": _(
        "Row %(row)d holds a character that no text has (NUL). This is neither an Excel workbook (.xlsx) nor a table "
        "as text (.csv), or it is damaged: save it again as CSV UTF-8."
    ),
    "encoding": _(
        "The file's characters cannot be read as %(encoding)s. Choose another encoding, or save it as CSV UTF-8."
    ),
    "quotes": _('The quotes (") in row %(row)d do not pair up. Correct them, or save the file as Excel workbook.'),
    "long_cell": _(
        'Row %(row)d holds a cell of more than %(limit)d characters; perhaps a quote (") is not closed. '
        "Correct it, or save the file as Excel workbook."
    ),
    "memory": _(
        "The file takes more memory than a load may use. Copy the table alone into a new file, or load it in parts."
    ),
    "time": _(
        "The file takes too long to read. Copy the table alone into a new file, save it as CSV, or load it in parts."
    ),
    "broken": _(
        "The file cannot be read: the program that reads it gave up. Open it, save it again, and load that copy."
    ),
}  # fmt: skip


def refusal(code: str, values: dict[str, str | int] | None = None) -> UnusableFile:
    """The error to raise, in the active language."""
    return UnusableFile(str(SENTENCES[code]) % (values or {}))
