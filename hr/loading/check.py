"""What every check does, whatever the model: match rows, refuse repeats, compare, and tell what would be written."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Hashable, Iterable
from datetime import date
from itertools import batched
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _

from core.text import fold
from hr.loading.causes import CHOICE, UNKNOWN
from hr.loading.lines import CHANGED, FAULTY, NEW, SKIPPED, UNCHANGED, Line, NewRow, Sheet, ToCreate
from hr.loading.plan import Plan
from hr.loading.suggestions import Meant
from hr.models import ImportJob
from hr.models.base import BusinessModel
from hr.resources.widgets import ChoiceWidget
from hr.scope import has_role_right
from hr.services.writing import BATCH

if TYPE_CHECKING:
    from core.models import User

Mode = ImportJob.Mode
ROWS_NAMED = 10
WHOLE_FILE = 10**9


class Check:
    """Compares a sheet with the database in a number of queries that does not grow with its rows, save for batches.

    `user` None is the system itself. `lines` are those at hand: all of the file, or a `block` of it. Of rows that the
    mode leaves out nothing is judged. `progress` is told how many rows are done, block by block.
    """

    model: ClassVar[type[BusinessModel]]
    block: ClassVar[int] = WHOLE_FILE

    def __init__(
        self,
        sheet: Sheet,
        *,
        user: User | None,
        create_missing: bool = False,
        mode: str = Mode.BOTH,
        full_roster: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self.sheet, self.user, self.create_missing = sheet, user, create_missing
        self.mode, self.full_roster, self.progress = mode, full_roster, progress
        self.plan = Plan(sheet)
        self.lines: list[Line] = []
        columns: list[Any] = [self.model._meta.pk, self.model._meta.get_field("version"), *self.compared_fields()]
        # The columns of a row, lighter than a row.
        self._row: Any = namedtuple("Row", ["pk", *(column.attname for column in columns[1:])])  # type: ignore[misc]
        self._columns = {column.name: column.attname for column in columns[1:]}
        self._blanks = {column.name: None if column.null else "" for column in columns[1:]}

    def run(self) -> Plan:
        self.prepare()
        done = 0
        for lines in self.sheet.blocks(self.block):
            self.lines = lines
            self.match()
            self.lines = [line for line in lines if not self._is_left_out(line)]
            self.resolve()
            self.check_rules()
            for line in self.lines:
                self.compare(line)
            self.check_rights()
            for line in self.lines:
                self.judge(line)
            self.plan.keep(lines)
            done += len(lines)
            if self.progress:
                self.progress(done)
        self.settle()
        self._meant: dict[str, Meant] = {}
        self.plan.groups.suggest(self._suggestion)
        return self.plan

    # --- The steps a model fills in -----------------------------------------------------------------------------
    def prepare(self) -> None:
        """Learn what has to be known of the whole file before the first line is judged."""

    def match(self) -> None:
        """Set `existing` of the lines whose row is known; refuse keys that name none, two, or somebody twice."""
        raise NotImplementedError

    def resolve(self) -> None:
        """Turn texts that name other rows into these rows."""

    def check_rules(self) -> None:
        """Mirror the rules of the model, line by line."""

    def settle(self) -> None:
        """Refuse what only the whole file tells, now that each line is judged by itself."""

    def describe(self, line: Line) -> str:
        """What the preview calls the row."""
        raise NotImplementedError

    def names_in(self, name: str) -> Iterable[str]:
        """What a cell of this field may say, as far as the user sees it; nothing where it names people."""
        widget = self.sheet.resource.columns[name].widget
        if isinstance(widget, ChoiceWidget):
            return [spelling for words in widget.words.values() for spelling in words]
        return ()

    def keys(self) -> tuple[str, ...]:
        """The fields whose cells name the row."""
        return ("code",)

    def compared_fields(self) -> list[Any]:
        """The columns of the model that the sheet's columns are about."""
        return [self.model._meta.get_field(name) for name in self.sheet.resource.columns]

    # --- Help for them ------------------------------------------------------------------------------------------
    def fault(self, line: Line, name: str, message: str, cause: str) -> None:
        self.sheet.fault(line, name, message, cause)

    def holds(self, right: str) -> bool:
        """Whether the user's role allows `right` (a codename of hr) everywhere."""
        return self.user is None or has_role_right(self.user, f"hr.{right}")

    def visible(self, model: type[BusinessModel] | None = None) -> Any:
        rows = (model or self.model).objects.all()
        return rows if self.user is None else rows.visible_to(self.user)

    def read_existing(self, keys: Iterable[int]) -> dict[int, Any]:
        """The columns of those of the rows that the user may see."""
        found: dict[int, Any] = {}
        make = self._row._make
        for batch in batched(sorted(set(keys)), BATCH):
            rows = self.visible().filter(pk__in=batch).order_by().values_list("pk", *self._row._fields[1:])
            found.update((row[0], make(row)) for row in rows)
        return found

    def refuse_repeats(self, name: str, groups: dict[Hashable, list[Line]]) -> None:
        """Lines of one group name the same thing in their cell `name`: all are wrong, and each names the others."""
        for lines in groups.values():
            if len(lines) < 2:
                continue
            for line in lines:
                self.fault_repeated(line, name, [line.number for line in lines])

    def fault_repeated(self, line: Line, name: str, numbers: Iterable[int]) -> None:
        message = _("The same stands in the rows %(rows)s. Keep one of them.")
        self.fault(line, name, message % {"rows": self.listed(map(str, numbers))}, "repeated")

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

    def require_new_rows_complete(self) -> None:
        """A row with a faulty key may be about somebody known: nothing is missed there until the key is right."""
        for line in self.lines:
            if line.existing is not None or self.has_faulty_key(line):
                continue
            for name, column in self.sheet.resource.columns.items():
                if column.required and name not in line.values and not self.sheet.cell(line, name):
                    self.fault(line, name, _("Missing. A new row needs it: fill in this cell."), "required")

    def _suggestion(self, name: str, cause: str, value: str) -> dict[str, Any] | None:
        """What may be done about a group of errors at once, see ImportJob.causes."""
        if cause not in (UNKNOWN, CHOICE) or name not in self.sheet.resource.columns:
            return None
        if name not in self._meant:
            self._meant[name] = Meant(self.names_in(name))
        found = self._meant[name].closest(self.sheet.fixed(name, value))
        fix: dict[str, Any] = {"suggest": found} if found else {}
        if cause == UNKNOWN and name in self.plan.creatable:
            fix["create"] = True
        return fix or None

    def has_faulty_key(self, line: Line) -> bool:
        return bool(line.errors) and any(error.field in self.keys() for error in line.errors)

    def _is_left_out(self, line: Line) -> bool:
        """Whether the row is of the sort that this load does not write; who it is about must be certain for that."""
        if self.mode == Mode.BOTH or self.has_faulty_key(line) or (line.existing is None) == (self.mode == Mode.CREATE):
            return False
        line.verdict = SKIPPED
        return True

    # --- Comparing ----------------------------------------------------------------------------------------------
    def compare(self, line: Line) -> None:
        """Fill `before` and `after`."""
        existing, columns, after = line.existing, self._columns, line.after
        if existing is None:
            for name, value in line.values.items():
                if value is not None:
                    after[name] = stored(value)
            return
        for name, value in line.values.items():
            old = getattr(existing, columns[name])
            if value is None:
                value = self._blanks[name]
            if old == value or (isinstance(old, str) and isinstance(value, str) and " ".join(old.split()) == value):
                continue
            after[name] = stored(value)
            line.before[name] = stored(old)

    def check_rights(self) -> None:
        for line in self.lines:
            if line.existing is None and not line.errors and not self.may_add(line):
                message = _("You may not add new ones. Check the key, or ask who may.")
                self.fault(line, self.key_of(line), message, "add")
        changed = [line for line in self.lines if line.existing and line.after]
        may_change = self.changeable({line.existing.pk for line in changed})
        for line in changed:
            if line.existing.pk not in may_change:
                message = _("You may not change this one. Remove the row, or ask who may.")
                self.fault(line, self.key_of(line), message, "change")

    def may_add(self, line: Line) -> bool:
        """Whether the user may create the row of this line."""
        return self.holds(f"add_{self.model._meta.model_name}")

    def changeable(self, keys: set[int]) -> set[int]:
        """Those of the rows, all of which the user sees, that he may change."""
        if self.holds(f"change_{self.model._meta.model_name}"):
            return keys
        found: set[int] = set()
        for batch in batched(sorted(keys), BATCH):
            rows = self.model.objects.changeable_by(self.user).filter(pk__in=batch)
            found.update(rows.order_by().values_list("pk", flat=True))
        return found

    def key_of(self, line: Line) -> str:
        """The field whose cell names the row."""
        return "code" if line.values.get("code") else next(iter(self.sheet.mapping.positions))

    def judge(self, line: Line) -> None:
        if line.errors:
            line.verdict = FAULTY
        elif line.existing is None:
            line.verdict = NEW
        else:
            line.verdict = CHANGED if line.after else UNCHANGED
        if line.verdict != UNCHANGED:
            line.label = self.describe(line)


def stored(value: Any) -> Any:
    """A value of a line as ImportRow keeps it (hr/loading/rows.py)."""
    if type(value) is str or value is None:
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, NewRow):
        return {"row": int(value)}
    return {"create": str(value)} if isinstance(value, ToCreate) else value
