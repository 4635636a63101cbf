"""A load's counts and rows as its page shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.models import User
from hr.loading.identities import personal_scope
from hr.loading.kinds import Kind
from hr.loading.rows import shown_values
from hr.models import Employee, ImportJob, ImportRow
from hr.phones import display_phone
from hr.resources.base import SpreadsheetResource
from hr.resources.widgets import DateWidget, PhoneWidget

Verdict = ImportRow.Verdict
COLOURS = {
    Verdict.NEW: "success",
    Verdict.CHANGED: "info",
    Verdict.FAULTY: "danger",
    Verdict.MISSING: "warning",
    Verdict.MADE: "success",
}


@dataclass(frozen=True)
class Card:
    """One count; `show` names the rows it filters the table to, "" where none are kept."""

    title: str
    count: str
    show: str
    colour: str


@dataclass(frozen=True)
class Change:
    label: str
    old: str
    new: str


@dataclass(frozen=True)
class ShownRow:
    number: int
    verdict: str
    colour: str
    label: str
    link: str
    changes: list[Change]
    errors: list[dict[str, str]]


def cards_of(job: ImportJob) -> list[Card]:
    """Counts that add up to the first."""
    cards = [
        Card(_("rows"), _number(job.rows), "", ""),
        Card(pgettext("rows", "new"), _number(job.created), Verdict.NEW, "text-green-700 dark:text-green-400"),
        Card(pgettext("rows", "changed"), _number(job.updated), Verdict.CHANGED, "text-blue-700 dark:text-blue-400"),
        Card(_("unchanged"), _number(job.unchanged), "", ""),
        Card(_("faulty"), _number(job.failed), Verdict.FAULTY, "text-red-700 dark:text-red-400" if job.failed else ""),
    ]
    return cards + ([Card(_("skipped"), _number(job.skipped), "", "")] if job.skipped else [])


def shown_rows(rows: Iterable[ImportRow], kind: Kind, site: str, *, user: User) -> list[ShownRow]:
    """What was there before, of a personal column, only to who may see it now."""
    resource = kind.resource
    personal = personal_scope(user) if kind.model is Employee else None
    rows = list(rows)
    values = shown_values(rows, kind, user)
    page = f"{site}:{kind.model._meta.app_label}_{kind.model._meta.model_name}_change"
    return [
        ShownRow(
            number=row.number,
            verdict=row.get_verdict_display(),
            colour=COLOURS[Verdict(row.verdict)],
            label=row.label,
            # What was created with the rows is of another model than they.
            link=reverse(page, args=[row.object_id]) if row.object_id and row.verdict != Verdict.MADE else "",
            changes=[
                Change(
                    resource.columns[value.name].header,
                    _shown(resource, value.name, value.old),
                    _shown(resource, value.name, value.new),
                )
                for value in shown
                if personal is None or not resource.columns[value.name].personal or row.object_id in personal
            ],
            errors=row.errors,
        )
        for row, shown in zip(rows, values, strict=True)
    ]


def _shown(resource: SpreadsheetResource, name: str, value: str) -> str:
    """As people read it."""
    widget = resource.columns[name].widget
    if value and isinstance(widget, DateWidget):
        return date_format(date.fromisoformat(value), "SHORT_DATE_FORMAT")
    return display_phone(value) if value and isinstance(widget, PhoneWidget) else value


def _number(count: int) -> str:
    return number_format(count, force_grouping=True)
