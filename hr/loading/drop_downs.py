"""What the cells of a spreadsheet to be filled in offer to choose from: words, and the units, positions and events that
its loader sees.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from hr.countries import country_choices
from hr.loading.catalogue import Catalogue
from hr.loading.kinds import Kind
from hr.loading.literal import marked
from hr.loading.xlsx import SheetToWrite
from hr.models import Event, OrgUnit, Position
from hr.resources.base import Column
from hr.resources.widgets import ChoiceWidget, CountryWidget

if TYPE_CHECKING:
    from core.models import User

# What a program still scrolls through; what is not on the list may be typed.
MOST = 5000
OPEN_STATES = (Event.State.PUBLISHED, Event.State.IN_PROGRESS, Event.State.COMPLETED)


class DropDowns:
    """The lists of a kind's columns, in the active language. They stand on a hidden sheet, each named for its field.

    `only` leaves the lists of other columns out.
    """

    def __init__(self, kind: Kind, *, user: User | None, only: Collection[str] | None = None) -> None:
        self.user = user
        columns = kind.resource.columns.items()
        found = {name: self._values(name, column) for name, column in columns if only is None or name in only}
        self.lists = {name: values[:MOST] for name, values in found.items() if values}

    def at(self, fields: Sequence[str | None]) -> dict[int, str]:
        """Which list the cells of each position offer, for SheetToWrite."""
        return {at: _name(field) for at, field in enumerate(fields) if field in self.lists}

    def sheet(self) -> SheetToWrite:
        """Without headers, so that no reader takes it for a table of data."""
        columns = list(self.lists.values())
        longest = max(map(len, columns), default=0)
        rows = ([column[at] if at < len(column) else "" for column in columns] for at in range(longest))
        return SheetToWrite(_("Lists"), [""] * len(columns), [30] * len(columns), rows, hidden=True)

    def names(self) -> dict[str, str]:
        """The ranges by name, for `workbook`."""
        sheet = _("Lists").replace("'", "''")
        return {
            _name(field): f"'{sheet}'!${letter}$2:${letter}${len(values) + 1}"
            for letter, (field, values) in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", self.lists.items(), strict=False)
        }

    def _values(self, name: str, column: Column) -> list[str]:
        if isinstance(column.widget, ChoiceWidget):
            return list(column.widget.spoken().values())
        if isinstance(column.widget, CountryWidget):
            return [country for _code, country in country_choices()]
        if name in ("org_unit", "parent"):
            return self._spellings(self._visible(OrgUnit), "name")
        if name == "position":
            return self._spellings(self._visible(Position), "title")
        if name == "event":
            return self._spellings(self._visible(Event).filter(state__in=OPEN_STATES), "title")
        return []

    @staticmethod
    def _spellings(rows: Any, name_field: str) -> list[str]:
        catalogue = Catalogue(rows, name_field)
        return marked(sorted((catalogue.spelling(key) for key in catalogue.entries), key=str.casefold))

    def _visible(self, model: Any) -> Any:
        return model.objects.all() if self.user is None else model.objects.visible_to(self.user)


def _name(field: str | None) -> str:
    return f"list_{field}"
