"""The demo's company: units and positions of fixtures/, with teams below them as the staff grows."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

LARGEST_TEAM = 40


@dataclass(frozen=True)
class Unit:
    code: str
    name: str
    parent: str
    depth: int


def units_for(employees: int, units_in_all: int | None = None) -> list[Unit]:
    """The company's units, each behind the one it is part of: so many, or enough that a team has some forty people."""
    units = list(_company())
    leaves = leaves_of(units)
    teams = max(0, (units_in_all or employees // LARGEST_TEAM) - len(units))
    for number in range(teams):
        leaf, team = leaves[number % len(leaves)], number // len(leaves) + 1
        units.append(Unit(f"{leaf.code}-{team:02}", f"{leaf.name}, equipo {team}", leaf.code, leaf.depth + 1))
    return units


def leaves_of(units: list[Unit]) -> list[Unit]:
    parents = {unit.parent for unit in units}
    return [unit for unit in units if unit.code not in parents]


def positions() -> list[tuple[str, str]]:
    """Codes and titles of the catalogue."""
    return [(row["Código"], row["Título"]) for row in _rows("positions.csv")]


def _company() -> Iterator[Unit]:
    depths: dict[str, int] = {"": -1}
    for row in _rows("org_units.csv"):
        depths[row["Código"]] = depth = depths[row["Unidad superior"]] + 1
        yield Unit(row["Código"], row["Nombre"], row["Unidad superior"], depth)


def _rows(name: str) -> list[dict[str, str]]:
    with (Path(settings.BASE_DIR) / "fixtures" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
