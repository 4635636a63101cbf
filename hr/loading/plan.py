"""What loading a file would do: ImportRow keeps it, the preview shows it, apply does it."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hr.loading.causes import Groups
from hr.loading.lines import CHANGED, FAULTY, NEW, SKIPPED, UNCHANGED, CellError, Line, Sheet
from hr.loading.packing import Packed

if TYPE_CHECKING:
    from hr.loading.reading import Row

_VERDICTS = (UNCHANGED, NEW, CHANGED, FAULTY, SKIPPED)
_PLACES = {verdict: place for place, verdict in enumerate(_VERDICTS)}
_FAULTY = _PLACES[FAULTY]
# What is counted, and kept no further.
_COUNTED = (UNCHANGED, SKIPPED)


@dataclass(frozen=True)
class Outcome:
    """Counts that add up to `rows`."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0


@dataclass(slots=True)
class Finding:
    """What the check found about one row of the file; of unchanged and skipped ones it is the verdict alone."""

    number: int
    verdict: str
    label: str = ""
    object_id: int | None = None
    read_version: int | None = None
    employee_id: int | None = None
    event_id: int | None = None
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    errors: list[CellError] = field(default_factory=list)
    cells: Row = field(default_factory=list)


class Absentee(tuple[int, int, str]):
    """(key, version, label) of an active person who is not in a file that names everybody."""

    __slots__ = ()


class Plan:
    """The findings of all rows, packed: a file of 100,000 rows is checked in blocks that are forgotten behind it.

    `missing` counts, per field, the rows that name a unit or position nobody knows: {"org_unit": {"Ventas": 37}}, and
    `creatable` the fields whose unknown values the user may have created. Rows have a place, from 0 on, and a number.
    """

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.missing: dict[str, dict[str, int]] = {}
        self.creatable: set[str] = set()
        self.absentees: Sequence[Absentee] = ()
        self.groups = Groups()
        self.numbers = array("L")
        self.below = array("L")
        self.late = bytearray()
        self._verdicts = bytearray()
        self._findings: Packed[tuple[int, Finding]] = Packed()
        self._refused: dict[int, list[CellError]] = {}
        self._amended: dict[int, dict[str, Any]] = {}
        self._cells: dict[int, Row] = {}

    # --- Filling it -------------------------------------------------------------------------------------------------
    def keep(self, lines: Iterable[Line]) -> None:
        """Take the lines that come next in the file, judged."""
        kept = []
        for line in lines:
            verdict = line.verdict
            self.numbers.append(line.number)
            self._verdicts.append(_PLACES[verdict])
            self.below.append(line.below or 0)
            self.late.append(line.late)
            if verdict in _COUNTED:
                continue
            existing = line.existing
            key, version = (existing.pk, existing.version) if existing is not None else (None, None)
            finding = Finding(line.number, verdict, line.label, key, version, line.employee_id, line.event_id)
            if verdict == FAULTY:
                finding.errors, finding.cells = line.errors, line.cells
                self.groups.add(line.errors)
            else:
                finding.before, finding.after = line.before, line.after
            kept.append((len(self.numbers) - 1, finding))
        self._findings.add(kept)

    def refuse(self, faults: Iterable[tuple[int, str, str, str]]) -> None:
        """Make rows faulty for what only the whole file tells: (place, field, message, cause) of each."""
        faults = list(faults)
        places = {place for place, *_rest in faults}
        self._cells.update((place, row[1]) for place, row in enumerate(self.sheet.rows) if place in places)
        for place, name, message, cause in faults:
            line = Line(self.numbers[place], self._cells[place], {})
            self.sheet.fault(line, name, message, cause)
            self._refused.setdefault(place, []).extend(line.errors)
            self._verdicts[place] = _FAULTY
            self.groups.add(line.errors)

    def amend(self, places: Iterable[int], name: str, value: Any) -> None:
        """Have the rows become something else in one field, as only the whole file tells."""
        for place in places:
            self._amended.setdefault(place, {})[name] = value

    # --- Reading it -------------------------------------------------------------------------------------------------
    def place_of(self, number: int) -> int:
        """Of the row with this number, which is in the file."""
        return bisect_left(self.numbers, number)

    def verdict(self, place: int) -> str:
        return _VERDICTS[self._verdicts[place]]

    def is_faulty(self, place: int) -> bool:
        return self._verdicts[place] == _FAULTY

    def findings(self) -> Iterator[tuple[int, Finding]]:
        """Place and finding of every row that is neither unchanged nor skipped, in the order of the file."""
        refused = sorted(self._refused, reverse=True)
        for place, finding in self._findings:
            while refused and refused[-1] < place:
                yield self._unkept(refused.pop())
            if refused and refused[-1] == place:
                refused.pop()
                finding.verdict, finding.before, finding.after = FAULTY, {}, {}
                finding.errors, finding.cells = finding.errors + self._refused[place], self._cells[place]
            elif place in self._amended:
                finding.after |= self._amended[place]
            yield place, finding
        while refused:
            yield self._unkept(refused.pop())

    def _unkept(self, place: int) -> tuple[int, Finding]:
        """Of a row that was unchanged as long as nobody knew the whole file."""
        finding = Finding(self.numbers[place], FAULTY, errors=self._refused[place], cells=self._cells[place])
        return place, finding

    @cached_property
    def lines(self) -> list[Finding]:
        """The findings of all rows, for callers whose files are small."""
        found = [
            Finding(number, _VERDICTS[verdict]) for number, verdict in zip(self.numbers, self._verdicts, strict=True)
        ]
        for place, finding in self.findings():
            found[place] = finding
        return found

    @property
    def count(self) -> Counter[str]:
        """How many rows there are of each verdict."""
        counts = {verdict: self._verdicts.count(place) for verdict, place in _PLACES.items()}
        return Counter({verdict: count for verdict, count in counts.items() if count})

    @property
    def faulty(self) -> int:
        return self._verdicts.count(_FAULTY)

    def outcome(self, *, accept_valid: bool) -> Outcome:
        """What is, or would be, written. With a faulty row and without `accept_valid` all valid ones are skipped."""
        count, rows = self.count, len(self.numbers)
        if count[FAULTY] and not accept_valid:
            return Outcome(rows=rows, skipped=rows - count[FAULTY], failed=count[FAULTY])
        return Outcome(
            rows=rows,
            created=count[NEW],
            updated=count[CHANGED],
            unchanged=count[UNCHANGED],
            skipped=count[SKIPPED],
            failed=count[FAULTY],
        )
