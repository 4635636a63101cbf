"""What every check does, whatever the model: match rows, refuse repeats, compare, and tell what would be written."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from itertools import batched
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.utils.translation import gettext as _

from core.text import fold
from hr.loading.lines import CHANGED, FAULTY, NEW, UNCHANGED, Line, Sheet
from hr.loading.plan import Plan
from hr.loading.rows import stored
from hr.models.base import BusinessModel
from hr.scope import has_role_right
from hr.services.writing import BATCH

if TYPE_CHECKING:
    from core.models import User

ROWS_NAMED = 10


class Check:
    """Compares a sheet with the database in a number of queries that does not grow with its rows, save for batches.

    `user` None is the system itself. With `lock` the rows found stay as they are until the transaction ends.
    """

    model: ClassVar[type[BusinessModel]]

    def __init__(self, sheet: Sheet, *, user: User | None, create_missing: bool = False, lock: bool = False) -> None:
        self.sheet = sheet
        self.lines = [line.copy() for line in sheet.lines]
        self.user, self.create_missing, self.lock = user, create_missing, lock
        self.missing: dict[str, dict[str, int]] = {}
        self.creatable: set[str] = set()

    def run(self) -> Plan:
        self.match()
        self.resolve()
        self.check_rules()
        for line in self.lines:
            self.compare(line)
        self.check_rights()
        for line in self.lines:
            self.judge(line)
        return Plan(self.sheet, self.lines, self.missing, self.creatable, self.create_missing)

    # --- The four steps a model fills in ------------------------------------------------------------------------
    def match(self) -> None:
        """Set `existing` of the lines whose row is known; refuse keys that name none, two, or somebody twice."""
        raise NotImplementedError

    def resolve(self) -> None:
        """Turn texts that name other rows into these rows."""

    def check_rules(self) -> None:
        """Mirror the rules of the model, line by line."""

    def describe(self, line: Line) -> str:
        """What the preview calls the row."""
        raise NotImplementedError

    # --- Help for them ------------------------------------------------------------------------------------------
    def fault(self, line: Line, name: str, message: str, cause: str) -> None:
        self.sheet.fault(line, name, message, cause)

    def holds(self, right: str) -> bool:
        """Whether the user's role allows `right` (a codename of hr) everywhere."""
        return self.user is None or has_role_right(self.user, f"hr.{right}")

    def visible(self, model: type[BusinessModel] | None = None) -> Any:
        rows = (model or self.model).objects.all()
        return rows if self.user is None else rows.visible_to(self.user)

    def read_existing(self, keys: Iterable[int]) -> dict[int, BusinessModel]:
        """The rows the user may see, whole."""
        found: dict[int, BusinessModel] = {}
        for batch in batched(sorted(set(keys)), BATCH):
            rows = self.visible().lock(batch) if self.lock else self.visible().filter(pk__in=batch)
            found.update((row.pk, row) for row in rows)
        return found

    def refuse_repeats(self, name: str, groups: dict[Hashable, list[Line]]) -> None:
        """Lines of one group name the same thing in their cell `name`: all are wrong, and each names the others."""
        for lines in groups.values():
            if len(lines) < 2:
                continue
            rows = self.listed(str(line.number) for line in lines)
            for line in lines:
                self.fault(
                    line,
                    name,
                    _("The same stands in the rows %(rows)s. Keep one of them.") % {"rows": rows},
                    "repeated",
                )

    @staticmethod
    def listed(items: Iterable[str]) -> str:
        texts = list(items)
        shown = ", ".join(texts[:ROWS_NAMED])
        return f"{shown} …" if len(texts) > ROWS_NAMED else shown

    def grouped(self, name: str) -> dict[Hashable, list[Line]]:
        """The lines by the folded value of one cell."""
        groups: dict[Hashable, list[Line]] = {}
        for line in self.lines:
            if value := line.values.get(name):
                groups.setdefault(fold(value), []).append(line)
        return groups

    def require_new_rows_complete(self, keys: tuple[str, ...]) -> None:
        """A row with a faulty key may be about somebody known: nothing is missed there until the key is right."""
        headers = {self.sheet.mapping.header_of(name) or self.sheet.resource.columns[name].header for name in keys}
        for line in self.lines:
            if line.existing is not None or any(error.column in headers for error in line.errors):
                continue
            for name, column in self.sheet.resource.columns.items():
                if column.required and name not in line.values and not self.sheet.cell(line, name):
                    self.fault(line, name, _("Missing. A new row needs it: fill in this cell."), "required")

    # --- Comparing ----------------------------------------------------------------------------------------------
    def compare(self, line: Line) -> None:
        """Fill `changes`, `before` and `after`."""
        for name, value in line.values.items():
            column: Any = self.model._meta.get_field(name)
            old = getattr(line.existing, column.attname) if line.existing else None
            if line.existing and self._same(column, old, value):
                continue
            line.changes[name] = value
            line.after[name] = stored(value)
            if line.existing:
                line.before[name] = stored(old)

    @staticmethod
    def _same(column: models.Field, old: Any, value: Any) -> bool:
        if isinstance(old, str) and isinstance(value, str):
            return " ".join(old.split()) == value
        return old == value

    def check_rights(self) -> None:
        for line in self._without_existing():
            if not self.may_add(line):
                self.fault(
                    line, self.key_of(line), _("You may not add new ones. Check the key, or ask who may."), "add"
                )
        changed = [line for line in self.lines if line.existing and line.changes]
        may_change = self.changeable({line.existing.pk for line in changed if line.existing})
        for line in changed:
            if line.existing and line.existing.pk not in may_change:
                self.fault(
                    line, self.key_of(line), _("You may not change this one. Remove the row, or ask who may."), "change"
                )

    def may_add(self, line: Line) -> bool:
        """Whether the user may create the row of this line."""
        return self.holds(f"add_{self.model._meta.model_name}")

    def changeable(self, keys: set[int]) -> set[int]:
        """Those of the rows that the user may change."""
        if self.user is None:
            return keys
        found: set[int] = set()
        for batch in batched(sorted(keys), BATCH):
            rows = self.model.objects.changeable_by(self.user).filter(pk__in=batch)
            found.update(rows.values_list("pk", flat=True))
        return found

    def key_of(self, line: Line) -> str:
        """The field whose cell names the row."""
        return "code" if line.values.get("code") else next(iter(self.sheet.mapping.positions))

    def _without_existing(self) -> Iterator[Line]:
        return (line for line in self.lines if line.existing is None and not line.errors)

    def judge(self, line: Line) -> None:
        line.label = self.describe(line)
        if line.errors:
            line.verdict = FAULTY
        elif line.existing is None:
            line.verdict = NEW
        else:
            line.verdict = CHANGED if line.changes else UNCHANGED
