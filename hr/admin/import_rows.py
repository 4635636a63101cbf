"""A load's counts and rows as its page shows them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.models import User
from core.text import fold
from hr.loading.causes import OF_VALUES
from hr.loading.discretion import Discretion
from hr.loading.drop_downs import DropDowns
from hr.loading.kinds import Kind
from hr.loading.rows import shown_values
from hr.models import ImportJob, ImportRow
from hr.phones import display_phone
from hr.resources.base import Column, SpreadsheetResource
from hr.resources.widgets import ChoiceWidget, DateWidget, PhoneWidget

Verdict, Undone = ImportRow.Verdict, ImportRow.Undone
COLOURS = {
    Verdict.NEW: "success",
    Verdict.CHANGED: "info",
    Verdict.FAULTY: "danger",
    Verdict.MISSING: "warning",
    Verdict.MADE: "success",
}
# Entries of a list on the page; a workbook holds more.
OFFERED = 1000
UNDONE_COLOURS = {Undone.REMOVED: "danger", Undone.RESTORED: "info", Undone.KEPT: "warning"}


@dataclass(frozen=True)
class Card:
    """One count; `show` names the rows it filters the table to, "" where there are none, or none are kept."""

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
    """`undone` and its colour once the load was taken back, with the reason of what was kept."""

    number: int | None
    verdict: str
    colour: str
    is_new: bool
    label: str
    link: str
    changes: list[Change]
    errors: list[dict[str, str]]
    undone: str
    undone_colour: str
    kept_because: str


@dataclass(frozen=True)
class Group:
    """Errors with one cause. `place` names it in addresses; `choices` are offered for the one fix of all its rows, by
    `widget`: a select, a field with a list, a plain field, or none where each row needs a remedy of its own. `meant` is
    what the loader said before that the value means, and which is no better.
    """

    place: int
    column: str
    value: str
    message: str
    rows: int
    widget: str
    meant: str
    suggested: str
    choices: list[str]
    list_id: str
    chosen: bool
    creatable: bool


def groups_of(job: ImportJob, kind: Kind, *, user: User, chosen: int | None, creatable: Collection[str]) -> list[Group]:
    """The job's causes with what the loader can do about all rows of each."""
    discretion = Discretion(job, user)
    hidden = discretion.hides_of(None)
    found: list[dict[str, Any]] = [discretion.told(cause, hidden=hidden) for cause in job.causes]
    fields = {cause["field"] for cause in found if _is_fixable(cause)}
    offers = DropDowns(kind, user=user, only=fields).lists
    columns = kind.resource.columns
    meant = [_meant(job, cause) for cause in found]
    return [
        Group(
            place=place,
            column=cause.get("column", ""),
            value=cause.get("value", ""),
            message=cause["message"],
            rows=cause["rows"],
            widget=_widget(cause, columns, offers),
            meant=meant[place],
            suggested=_suggested(cause, columns) or meant[place],
            choices=offers.get(cause["field"], [])[:OFFERED],
            list_id=f"list-{cause['field']}",
            chosen=place == chosen,
            creatable=bool((cause.get("fix") or {}).get("create")) and cause["field"] in creatable,
        )
        for place, cause in enumerate(found)
    ]


def _meant(job: ImportJob, cause: dict[str, Any]) -> str:
    fixes = job.options.get("fixes", {}).get(cause["field"], {})
    return str(fixes.get(fold(cause.get("value", "")), ""))


def _suggested(cause: dict[str, Any], columns: Mapping[str, Column]) -> str:
    """Of words the one that the reader chooses from."""
    suggested = str((cause.get("fix") or {}).get("suggest", ""))
    widget = columns[cause["field"]].widget if suggested else None
    return widget.spoken()[widget.clean(suggested)] if isinstance(widget, ChoiceWidget) else suggested


def _is_fixable(cause: dict[str, Any]) -> bool:
    return cause["cause"] in OF_VALUES and bool(cause["field"] and cause.get("value"))


def _widget(cause: dict[str, Any], columns: Mapping[str, Column], offers: Mapping[str, list[str]]) -> str:
    if not _is_fixable(cause):
        return ""
    if isinstance(columns[cause["field"]].widget, ChoiceWidget):
        return "select"
    return "list" if cause["field"] in offers else "text"


def cards_of(job: ImportJob) -> list[Card]:
    """Counts that add up to the first."""
    cards = [
        Card(_("rows"), _number(job.rows), "", ""),
        Card(
            pgettext("rows", "new"),
            _number(job.created),
            Verdict.NEW if job.created else "",
            "text-green-700 dark:text-green-400",
        ),
        Card(
            pgettext("rows", "changed"),
            _number(job.updated),
            Verdict.CHANGED if job.updated else "",
            "text-blue-700 dark:text-blue-400",
        ),
        Card(_("unchanged"), _number(job.unchanged), "", ""),
        Card(
            _("faulty"),
            _number(job.failed),
            Verdict.FAULTY if job.failed else "",
            "text-red-700 dark:text-red-400" if job.failed else "",
        ),
    ]
    return cards + ([Card(_("skipped"), _number(job.skipped), "", "")] if job.skipped else [])


def shown_rows(rows: Iterable[ImportRow], job: ImportJob, kind: Kind, site: str, *, user: User) -> list[ShownRow]:
    """What stands in personal columns, or stood there before, only to who may see it now."""
    resource = kind.resource
    discretion = Discretion(job, user)
    rows = list(rows)
    hidden = [discretion.hides(row) for row in rows]
    values = shown_values(rows, kind, user)
    page = f"{site}:{kind.model._meta.app_label}_{kind.model._meta.model_name}_change"
    return [
        ShownRow(
            number=row.number,
            verdict=row.get_verdict_display(),
            colour=COLOURS[Verdict(row.verdict)],
            is_new=row.verdict == Verdict.NEW,
            label=row.label,
            link=reverse(page, args=[row.object_id]) if row.object_id else "",
            changes=[
                Change(
                    resource.columns[value.name].header,
                    _shown(resource, value.name, value.old),
                    _shown(resource, value.name, value.new),
                )
                for value in shown
                if not (hides and resource.columns[value.name].personal)
            ],
            errors=[discretion.told(error, hidden=hides) for error in row.errors],
            undone=row.get_undone_display() if row.undone else "",
            undone_colour=UNDONE_COLOURS[Undone(row.undone)] if row.undone else "",
            kept_because=row.kept_because,
        )
        for row, shown, hides in zip(rows, values, hidden, strict=True)
    ]


def _shown(resource: SpreadsheetResource, name: str, value: str) -> str:
    """As people read it; the month of a day in words, so that nobody takes it for another order."""
    widget = resource.columns[name].widget
    if value and isinstance(widget, DateWidget):
        return date_format(date.fromisoformat(value), "DATE_FORMAT")
    return display_phone(value) if value and isinstance(widget, PhoneWidget) else value


def _number(count: int) -> str:
    return number_format(count, force_grouping=True)
