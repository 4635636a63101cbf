"""Single numbers on the first page and on reports, each with the address of the list that it counts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils.formats import number_format

from core.admin.paginator import CappedPaginator


@dataclass(frozen=True)
class Tile:
    """`value` None is a number that there is not yet. `tone` colours what somebody should look at."""

    label: Any
    value: int | Decimal | None
    link: str
    icon: str
    note: Any = ""
    unit: str = ""
    tone: str = ""

    @property
    def text(self) -> str:
        if self.value is None:
            return "–"
        capped = isinstance(self.value, int) and self.value > CappedPaginator.CAP and not self.unit
        number = number_format(CappedPaginator.CAP if capped else self.value, force_grouping=True)
        return f"{number}+" if capped else number

    @property
    def is_quiet(self) -> bool:
        """There is nothing to see."""
        return not self.value


def capped(rows: QuerySet) -> int:
    """How many there are, as lists count them: no further than one beyond the cap."""
    return rows.order_by().values("pk")[: CappedPaginator.CAP + 1].count()
