"""The errors of a file, told once for each cause: 37 rows name the unit "Ventas Norte", which nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from core.text import fold

if TYPE_CHECKING:
    from hr.loading.lines import CellError

MOST = 200
# So many are kept apart until it is known which have most rows.
MOST_APART = 5000
# For so many of them it is asked what may be meant.
SUGGESTED = 50
UNKNOWN, AMBIGUOUS, CHOICE, REQUIRED, SURPLUS = "unknown", "ambiguous", "choice", "required", "surplus"
# Faults of a value: whoever writes the same has the same fault, and one remedy. Of others each row has its own value.
OF_VALUES = frozenset(
    {UNKNOWN, AMBIGUOUS, CHOICE, "country", "date", "email", "long", "national_id", "number", "phone"}
)

# Field, cause and folded value; "" stands for all values.
Key = tuple[str, str, str]
# What a group's value, in this field, may have been meant for: as ImportJob.causes has it under "fix".
Suggest = Callable[[str, str, str], dict[str, Any] | None]


class Groups:
    """The errors met so far, by field, cause and, where that makes the fault, value.

    Where there are too many values, those that few rows have are told together, by field and cause alone.
    """

    def __init__(self) -> None:
        self._found: dict[Key, dict[str, Any]] = {}
        self._places: dict[Key, int] | None = None

    def add(self, errors: Iterable[CellError]) -> None:
        """Note the errors of one row."""
        self._places = None
        for error in {_key(error): error for error in errors}.values():
            key = _key(error)
            if key not in self._found and len(self._found) >= MOST_APART:
                key = _of_all(key)
            group = self._found.get(key)
            if group is None:
                self._found[key] = _group(error, error.value)
            else:
                group["rows"] += 1
                if group["column"] != error.column:
                    # The same in several columns of a matrix.
                    group["column"] = ""

    def suggest(self, suggest: Suggest) -> None:
        """Ask for the largest groups of values what is meant, and say so."""
        for key in [key for key in self._order() if key[2]][:SUGGESTED]:
            group = self._found[key]
            group["fix"] = suggest(group["field"], group["cause"], group["value"])
            group["message"] += _did_you_mean(group)

    def told(self, error: CellError) -> str:
        """The message of one row's error, with what may be meant."""
        group = self._found.get(_key(error))
        return error.message + _did_you_mean(group) if group else error.message

    def as_json(self) -> list[dict[str, Any]]:
        """As ImportJob keeps them, those of most rows first."""
        return [self._found[key] for key in self._order()]

    def of(self, errors: Iterable[CellError]) -> str:
        """The places of a row's errors among them, ",3,17,"; "" without any."""
        places = self._placed()
        found = {places.get(key := _key(error), places.get(_of_all(key))) for error in errors} - {None}
        return f",{','.join(map(str, sorted(found)))}," if found else ""  # type: ignore[type-var]

    def _order(self) -> list[Key]:
        keys = self._by_rows()
        if len(keys) > MOST:
            # Enough are told together that there is room for what they are told under.
            self._join(keys[MOST - len({key[:2] for key in keys}) :])
            keys = self._by_rows()[:MOST]
        return keys

    def _by_rows(self) -> list[Key]:
        return sorted(self._found, key=lambda key: -self._found[key]["rows"])

    def _join(self, keys: Iterable[Key]) -> None:
        for key in keys:
            joint = _of_all(key)
            if key == joint:
                continue
            group = self._found.pop(key)
            if joint in self._found:
                self._found[joint]["rows"] += group["rows"]
            else:
                self._found[joint] = group

    def _placed(self) -> dict[Key, int]:
        if self._places is None:
            self._places = {key: place for place, key in enumerate(self._order())}
        return self._places


def _key(error: CellError) -> Key:
    return error.field, error.cause, fold(error.value) if error.cause in OF_VALUES else ""


def _did_you_mean(group: dict[str, Any]) -> str:
    suggested = (group["fix"] or {}).get("suggest")
    return f" {_('Did you mean %(text)s?') % {'text': f'«{suggested}»'}}" if suggested else ""


def _of_all(key: Key) -> Key:
    return key[0], key[1], ""


def _group(error: CellError, value: str) -> dict[str, Any]:
    return {
        "cause": error.cause,
        "field": error.field,
        "column": error.column,
        "value": value,
        "message": error.message,
        "rows": 1,
        "fix": None,
    }
