"""The errors of a file, told once for each cause: 37 rows name the unit "Ventas Norte", which nobody knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from core.text import fold

if TYPE_CHECKING:
    from hr.loading.lines import CellError

MOST = 200
SURPLUS, REQUIRED = "surplus", "required"
# Faults of a value: whoever writes the same has the same fault, and one remedy. Of others each row has its own value.
OF_VALUES = frozenset(
    {"unknown", "ambiguous", "choice", "country", "date", "email", "long", "national_id", "number", "phone"}
)

Key = tuple[str, str, str]


class Groups:
    """The errors met so far, by field, cause and, where that makes the fault, value."""

    def __init__(self) -> None:
        self._found: dict[Key, dict[str, Any]] = {}
        self._places: dict[Key, int] | None = None

    def add(self, errors: Iterable[CellError]) -> None:
        """Note the errors of one row."""
        self._places = None
        for error in {_key(error): error for error in errors}.values():
            group = self._found.get(_key(error))
            if group is None:
                self._found[_key(error)] = {
                    "cause": error.cause,
                    "field": error.field,
                    "column": error.column,
                    "value": error.value,
                    "message": error.message,
                    "rows": 1,
                    "fix": None,
                }
            else:
                group["rows"] += 1

    def as_json(self) -> list[dict[str, Any]]:
        """As ImportJob keeps them, those of most rows first."""
        return [self._found[key] for key in self._order()]

    def of(self, errors: Iterable[CellError]) -> str:
        """The places of a row's errors among them, ",3,17,"; "" without any."""
        places = self._placed()
        found = sorted({places[key] for error in errors if (key := _key(error)) in places})
        return f",{','.join(map(str, found))}," if found else ""

    def _order(self) -> list[Key]:
        return sorted(self._found, key=lambda key: -self._found[key]["rows"])[:MOST]

    def _placed(self) -> dict[Key, int]:
        if self._places is None:
            self._places = {key: place for place, key in enumerate(self._order())}
        return self._places


def _key(error: CellError) -> Key:
    return error.field, error.cause, fold(error.value) if error.cause in OF_VALUES else ""
