"""The report of attendance: the same figures (hr/figures.py) by unit, by kind or by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from hr.figures import (
    Asked,
    Line,
    Period,
    Tally,
    by_kind,
    by_month,
    by_unit,
    kind_lines,
    month_lines,
    total,
    unit_lines,
    units_to_compare,
    with_time,
)

BY = {"unit": _("Unit"), "kind": _("Kind of event"), "month": _("Month")}


@dataclass(frozen=True)
class Report:
    lines: Sequence[Line]
    total: Tally


def report(asked: Asked, by: str) -> Report:
    """By one of BY. What belongs to none of the units that are told apart is in the total alone."""
    match by:
        case "unit":
            units = units_to_compare(asked.user, asked.unit)
            found = with_time(asked, by_unit)
            lines = [line for line in unit_lines(units, found) if line.tally.enrolled or line.tally.time]
        case "kind":
            found = with_time(asked, by_kind)
            lines = kind_lines(asked.user, found)
        case _:
            found = with_time(asked, by_month(asked.period))
            lines = named_months(asked.period, found)
    return Report(lines, total(found))


def named_months(period: Period, found: dict[int, Tally]) -> list[Line]:
    return [replace(line, label=month_label(line.period)) for line in month_lines(period, found) if line.period]


def month_label(month: Period) -> str:
    return date_format(month.first, "M Y").capitalize()
