"""What loading a file would do: the preview shows it, the digest names it, apply does it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from hr.loading.causes import Groups
from hr.loading.lines import CHANGED, FAULTY, NEW, UNCHANGED, Line, Sheet


@dataclass(frozen=True)
class Outcome:
    """Counts that add up to `rows`."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0


@dataclass
class Plan:
    """`missing` counts, per field, the rows that name a unit or position nobody knows: {"org_unit": {"Ventas": 37}}."""

    sheet: Sheet
    lines: list[Line]
    missing: dict[str, dict[str, int]] = field(default_factory=dict)
    creatable: set[str] = field(default_factory=set)
    create_missing: bool = False

    def __post_init__(self) -> None:
        self.count = Counter(line.verdict for line in self.lines)

    @cached_property
    def groups(self) -> Groups:
        """The errors by their causes."""
        groups = Groups()
        for line in self.lines:
            if line.errors:
                groups.add(line.errors)
        return groups

    def of(self, verdict: str) -> list[Line]:
        return [line for line in self.lines if line.verdict == verdict]

    @property
    def faulty(self) -> int:
        return self.count[FAULTY]

    def outcome(self, *, accept_valid: bool) -> Outcome:
        """What is, or would be, written. With a faulty row and without `accept_valid` all valid ones are skipped."""
        rows, failed = len(self.lines), self.faulty
        if failed and not accept_valid:
            return Outcome(rows=rows, skipped=rows - failed, failed=failed)
        return Outcome(
            rows=rows,
            created=self.count[NEW],
            updated=self.count[CHANGED],
            unchanged=self.count[UNCHANGED],
            failed=failed,
        )

    def digest(self) -> str:
        """Equal for two plans that do the same to the same data."""
        told = hashlib.sha256()
        for line in self.lines:
            errors = [[error.column, error.value, error.message] for error in line.errors]
            existing = line.existing.pk if line.existing else None
            told.update(
                json.dumps([line.number, line.verdict, existing, line.about, line.before, line.after, errors]).encode()
                + b"\n"
            )
        told.update(json.dumps(self.missing if self.create_missing else {}, sort_keys=True).encode())
        return told.hexdigest()
