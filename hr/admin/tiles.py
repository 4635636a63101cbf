"""Single numbers on the first page and on reports, each with the address of the list that it counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils.formats import number_format

from core.admin.paginator import CappedPaginator
from hr.querysets import count_together

# Lists count to this, and no further.
CAP = CappedPaginator.CAP


@dataclass(frozen=True)
class Tile:
    """`value` None is a number that there is not yet, `rows` what is yet to be counted. `tone` marks what somebody
    should look at.
    """

    label: Any
    value: int | Decimal | None
    link: str
    icon: str
    note: Any = ""
    unit: str = ""
    tone: str = ""
    rows: QuerySet | None = None

    @property
    def text(self) -> str:
        if self.value is None:
            return "–"
        is_capped = self.rows is not None and self.value > CAP
        number = number_format(CAP if is_capped else self.value, force_grouping=True)
        return f"{number}+" if is_capped else number

    @property
    def is_quiet(self) -> bool:
        """There is nothing to see."""
        return not self.value


def count_of(label: Any, rows: QuerySet, link: str, icon: str, **more: Any) -> Tile:
    """How many rows there are; `counted` finds it."""
    return Tile(label, None, link, icon, rows=rows, **more)


def counted(tiles: Sequence[Tile]) -> list[Tile]:
    """With the rows of each counted, as its list counts them: those of the business in one query for all."""
    mine = [tile.rows for tile in tiles if tile.rows is not None and tile.rows.db == "business"]
    counts = iter(count_together(mine, most=CAP + 1))
    return [replace(tile, value=_count(tile.rows, counts)) if tile.rows is not None else tile for tile in tiles]


def _count(rows: QuerySet, counts: Any) -> int:
    return next(counts) if rows.db == "business" else rows.order_by().values("pk")[: CAP + 1].count()
