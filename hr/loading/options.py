"""How the loader wants a file read, and what was found in it: both are kept with the load, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from django.utils.translation import ngettext

DMY, MDY, YMD, AMBIGUOUS = "dmy", "mdy", "ymd", "ambiguous"
DATE_ORDERS = (DMY, MDY, YMD)
ENCODINGS = ("utf-8", "cp1252", "latin-1", "utf-16", "mixed")
DELIMITERS = (",", ";", "\t", "|")
ROWS_NOTED = 10
# What goes for every file with the same header; the rest is about one file.
REMEMBERED = ("date_order", "columns", "split_names", "matrix", "last_name_first")


@dataclass(frozen=True)
class Options:
    """What the loader chose; None and {} stand for "as detected".

    `columns` names, by position, the field of a column, or None for one that is not to be loaded. `header_row` counts
    from 1. `fixes` says, by field and folded text of a cell, what is meant by it.
    """

    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    date_order: str | None = None
    columns: dict[int, str | None] = field(default_factory=dict)
    split_names: bool | None = None
    matrix: bool | None = None
    last_name_first: bool | None = None
    fixes: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Options:
        """What is not understood is as if it were not there: the data comes from a form, or is old."""
        known = {name: check(data[name]) for name, check in _CHECKS.items() if name in data}
        return cls(**{name: value for name, value in known.items() if value is not None})

    def as_json(self) -> dict[str, Any]:
        """Without what is as detected."""
        data = {name: value for name, value in asdict(self).items() if value not in (None, {})}
        if self.columns:
            data["columns"] = {str(position): name for position, name in sorted(self.columns.items())}
        return data

    def remembered(self) -> Options:
        """What of it the next file with the same header is to be read by."""
        return Options(**{name: getattr(self, name) for name in REMEMBERED})

    def over(self, other: Options) -> Options:
        """These options, and those of the other where these say nothing."""
        silent = {each.name for each in fields(self) if getattr(self, each.name) in (None, {})}
        return replace(self, **{name: getattr(other, name) for name in silent})


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 255 else None


def _one_of(*allowed: str) -> Any:
    return lambda value: value if value in allowed else None


def _row(value: Any) -> int | None:
    return value if type(value) is int and 1 <= value <= 1_048_576 else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _columns(value: Any) -> dict[int, str | None]:
    if not isinstance(value, dict):
        return {}
    return {
        int(position): _text(name)
        for position, name in value.items()
        if str(position).isdecimal() and len(str(position)) < 6
    }


def _fixes(value: Any) -> dict[str, dict[str, str]]:
    if not isinstance(value, dict):
        return {}
    return {
        str(name): {str(text): str(meant) for text, meant in fixes.items()}
        for name, fixes in value.items()
        if isinstance(fixes, dict)
    }


_CHECKS = {
    "sheet": _text,
    "encoding": _one_of(*ENCODINGS),
    "delimiter": _one_of(*DELIMITERS),
    "header_row": _row,
    "date_order": _one_of(*DATE_ORDERS),
    "columns": _columns,
    "split_names": _flag,
    "matrix": _flag,
    "last_name_first": _flag,
    "fixes": _fixes,
}


@dataclass(frozen=True)
class Note:
    """Something that was recognised in the file. `rows` are the first ROWS_NOTED."""

    code: str
    message: str
    column: str = ""
    count: int = 0
    rows: list[int] = field(default_factory=list)

    def told(self) -> str:
        """The message, and where to look."""
        if not self.rows:
            return self.message
        rows = ", ".join(map(str, self.rows)) + (" …" if self.count > len(self.rows) >= ROWS_NOTED else "")
        return f"{self.message} {ngettext('Row %(rows)s.', 'Rows %(rows)s.', len(self.rows)) % {'rows': rows}}"


@dataclass(frozen=True)
class Question:
    """Something that only the loader knows."""

    code: str
    message: str
    column: str = ""


@dataclass
class Reading:
    """How the file was read. `date_order` is '' where no date depends on it, `last_name_first` None where no name does.

    `suggestions` says, by position, which field the header of an unknown column is close to.
    """

    format: str = ""
    sheets: list[str] = field(default_factory=list)
    sheet: str = ""
    encoding: str = ""
    delimiter: str = ""
    header_row: int = 0
    date_order: str = ""
    headers: list[str] = field(default_factory=list)
    header_sha256: str = ""
    columns: list[tuple[str, str | None]] = field(default_factory=list)
    suggestions: dict[int, str] = field(default_factory=dict)
    sample: list[list[str]] = field(default_factory=list)
    rows: int = 0
    matrix: bool = False
    split_names: bool = False
    last_name_first: bool | None = None
    notes: list[Note] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Reading:
        values = {each.name: data[each.name] for each in fields(cls) if each.name in data}
        values["columns"] = [(header, name) for header, name in values.get("columns", [])]
        values["suggestions"] = {int(position): name for position, name in values.get("suggestions", {}).items()}
        values["notes"] = [Note(**note) for note in values.get("notes", [])]
        values["questions"] = [Question(**question) for question in values.get("questions", [])]
        return cls(**values)

    def as_json(self) -> dict[str, Any]:
        data = asdict(self)
        data["columns"] = [list(column) for column in self.columns]
        data["suggestions"] = {str(position): name for position, name in self.suggestions.items()}
        return data

    def note(self, code: str, message: str, *, column: str = "", rows: list[int] | None = None, count: int = 0) -> None:
        named = rows or []
        self.notes.append(Note(code, message, column, count or len(named), named[:ROWS_NOTED]))

    def ask(self, code: str, message: str, *, column: str = "") -> None:
        self.questions.append(Question(code, message, column))
