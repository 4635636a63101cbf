"""The report of attendance as a workbook: what was asked for, and a sheet each by unit, kind and month."""

from __future__ import annotations

from decimal import Decimal

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.replica import reading_from_replica
from hr.figures import Asked, Line, Tally
from hr.loading.xlsx import Book, SheetToWrite, Written
from hr.report import BY, Report, report

WIDTHS = [40, 12, 12, 12, 12, 16, 16, 16]


def report_file(asked: Asked) -> Book:
    """The bytes of the workbook. Everything is read, in the active language, before the first."""
    header = [
        _("Enrolled"),
        _("Came"),
        _("Absent"),
        capfirst(_("other")),
        capfirst(_("attendance rate, %")),
        _("Training hours"),
        capfirst(_("completion, %")),
    ]
    with reading_from_replica():
        reports = {by: report(asked, by) for by in BY}
    sheets = [SheetToWrite(_("Report"), ["", ""], [30, 40], _about(asked))]
    sheets += [SheetToWrite(str(label), [str(label), *header], WIDTHS, _rows(reports[by])) for by, label in BY.items()]
    return Book(sheets)


def _about(asked: Asked) -> list[list[Written]]:
    rows: list[list[Written]] = [[_("From"), asked.period.first], [_("To"), asked.period.last]]
    rows.append([_("Unit"), str(asked.unit) if asked.unit else _("all")])
    return [*rows, [_("Kind of event"), str(asked.kind) if asked.kind else pgettext("kinds", "all")]]


def _rows(found: Report) -> list[list[Written]]:
    return [_row(line) for line in [*found.lines, Line(_("Total"), found.total)]]


def _row(line: Line) -> list[Written]:
    tally: Tally = line.tally
    numbers: list[Written] = [tally.enrolled, tally.came, tally.absent, tally.enrolled - tally.counted]
    return [line.label, *numbers, _known(tally.rate), tally.hours, _known(tally.completion)]


def _known(number: Decimal | None) -> Written:
    return "" if number is None else number
