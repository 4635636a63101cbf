"""The tree of units as a reader sees it, one level at a time: bounded work, whatever the size of the organisation."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from hr.models import Employee, OrgUnit

if TYPE_CHECKING:
    from core.models import User

LEVEL_LIMIT = 200


@dataclass(frozen=True)
class Node:
    """One unit. `people` work in it, `people_in_all` in it and below; `head` is None if there is none to be seen."""

    unit: OrgUnit
    head: Employee | None
    people: int
    people_in_all: int
    units_below: int


@dataclass(frozen=True)
class Level:
    """The units directly below one, by name; `next` is where the rest begins, None if these are all."""

    nodes: list[Node]
    next: int | None


def level_below(parent: OrgUnit | None, *, user: User, first: int = 0) -> Level:
    """The units below `parent`, or those at the top of what the user sees, from the `first`-th on. Four queries."""
    visible = OrgUnit.objects.visible_to(user)
    if parent is None:
        units = visible.filter(Q(parent=None) | ~Q(parent__in=visible.order_by().values("pk")))
        below = visible
    else:
        units, below = visible.filter(parent=parent), visible.subtree(parent.path)
    shown = list(units.order_by("name", "pk")[first : first + LEVEL_LIMIT + 1])
    after = first + LEVEL_LIMIT if len(shown) > LEVEL_LIMIT else None
    return Level(_nodes(shown[:LEVEL_LIMIT], dict(below.order_by().values_list("pk", "path")), user), after)


def _nodes(units: list[OrgUnit], paths_below: dict[int, str], user: User) -> list[Node]:
    employees = Employee.objects.visible_to(user)
    heads = employees.in_bulk({unit.head_id for unit in units if unit.head_id})
    working = employees.exclude(status=Employee.Status.TERMINATED).order_by()
    people = dict(working.values_list("org_unit_id").annotate(people=Count("pk")))
    shown = {unit.path: unit.pk for unit in units}
    in_all: Counter[int] = Counter()
    units_below: Counter[int] = Counter()
    lengths = sorted({len(path) for path in shown})
    for key, path in paths_below.items():
        for length in lengths:
            above = shown.get(path[:length])
            if above is not None:
                in_all[above] += people.get(key, 0)
                units_below[above] += key != above
    return [
        Node(unit, heads.get(unit.head_id), people.get(unit.pk, 0), in_all[unit.pk], units_below[unit.pk])
        for unit in units
    ]
