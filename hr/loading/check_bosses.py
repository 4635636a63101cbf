"""Who reports to whom, in a file that may name people further down and people of the database."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import suppress
from typing import Any, cast

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.errors import DomainError
from core.text import fold
from hr.countries import DEFAULT_COUNTRY
from hr.identifiers import normalize_national_id
from hr.loading.check_employment import TERMINATED, EmploymentCheck
from hr.loading.identities import Identities, people_among
from hr.loading.lines import Line
from hr.loading.loops import loops_of, node
from hr.models import Employee


class BossCheck(EmploymentCheck):
    """Part of EmployeeCheck. `bosses` maps a line's number to the boss: a line of the file, or a key."""

    identities: Identities

    def country_of(self, line: Line) -> str:
        raise NotImplementedError

    def resolve_bosses(self) -> None:
        # Of repeated keys the last line counts: all of them are faulty anyway.
        by_code = {fold(line.values["code"]): line for line in self.lines if line.values.get("code")}
        by_id = {
            (self.country_of(line), fold(line.values["national_id"])): line
            for line in self.lines
            if line.values.get("national_id")
        }
        self.in_file = {line.existing.pk: line for line in self.lines if line.existing}
        self.bosses: dict[int, Line | int] = {}
        outside: set[int] = set()
        for line in self.lines:
            text = line.values.get("reports_to")
            if not text:
                continue
            boss = by_code.get(fold(text)) or self.identities.coded(text)
            for key in self._as_national_ids(text, line) if boss is None else ():
                boss = boss or by_id.get(key) or self.identities.identified(*key)
            if isinstance(boss, int):
                boss = self.in_file.get(boss, boss)
            if isinstance(boss, int):
                outside.add(boss)
            if boss is not None:
                self.bosses[line.number] = boss
            if line.existing and (old := cast(Employee, line.existing).reports_to_id):
                outside.add(old)
        self.known_bosses = people_among(self.visible(), outside)
        for line in self.lines:
            if line.values.get("reports_to"):
                self._set_boss(line)

    def _as_national_ids(self, text: str, line: Line) -> Iterator[tuple[str, str]]:
        """The text read as an id of the line's own country, then as one of the country most are from."""
        for country in dict.fromkeys([self.country_of(line), DEFAULT_COUNTRY]):
            with suppress(DomainError):
                yield country, fold(normalize_national_id(country, text))

    def _set_boss(self, line: Line) -> None:
        boss = self.bosses.get(line.number)
        if boss is line:
            self.fault(
                line,
                "reports_to",
                _("Nobody reports to himself or herself. Leave it blank, or name the boss."),
                "itself",
            )
        elif boss is None or (isinstance(boss, int) and boss not in self.known_bosses):
            self.bosses.pop(line.number, None)
            line.values.pop("reports_to")
            self.fault(
                line,
                "reports_to",
                _("No employee has this code or national id, here or in the file. Correct it."),
                "unknown",
            )
        elif isinstance(boss, Line) and boss.existing is not None:
            line.values["reports_to"] = boss.existing.pk
        else:
            line.values["reports_to"] = boss

    def check_boss(self, line: Line) -> None:
        """A new boss works here. One who left stays with those who report to him until they get another."""
        boss = self.bosses.get(line.number)
        if boss is None or self.status_of(line) == TERMINATED or self._is_old_boss(line, boss):
            return
        status = self.status_of(boss) if isinstance(boss, Line) else self.known_bosses[boss].status
        if status == TERMINATED:
            self.fault(line, "reports_to", _("This person no longer works here. Name another boss."), "left")

    @staticmethod
    def _is_old_boss(line: Line, boss: Line | int) -> bool:
        key = boss.existing.pk if isinstance(boss, Line) and boss.existing else boss
        return line.existing is not None and cast(Employee, line.existing).reports_to_id == key

    def refuse_hopeless_bosses(self) -> None:
        """Refuse bosses who will not be there, and lines of command that would not end.

        A refused line may take its reports along, and leaves an old boss in place that closes another loop: so it goes
        on until nothing is refused any more.
        """
        waiting = True
        while waiting:
            waiting = self._refuse_reports_of_faulty() or self._refuse_loops()

    def _refuse_reports_of_faulty(self) -> bool:
        refused = False
        for line in self.lines:
            boss = self.bosses.get(line.number)
            if isinstance(boss, Line) and boss.existing is None and boss.errors and boss is not line:
                self.bosses.pop(line.number)
                message = _("The boss stands in row %(row)d, which is faulty itself. Correct that row first.")
                self.fault(line, "reports_to", message % {"row": boss.number}, "faulty_above")
                refused = True
        return refused

    def _refuse_loops(self) -> bool:
        """Follow every line upwards, through the file where it says something, through the database elsewhere."""
        above: dict[Any, Hashable] = dict(self.identities.bosses)
        changed: dict[Hashable, Line] = {}
        for line in self.lines:
            boss = self.bosses.get(line.number)
            if boss is None or line.errors:
                continue
            above[node(line)] = node(boss)
            changed[node(line)] = line
        loops = loops_of(changed, above)
        for loop in loops:
            self._refuse_loop([changed[at] for at in loop if at in changed])
        return bool(loops)

    def _refuse_loop(self, lines: list[Line]) -> None:
        rows = self.listed(str(line.number) for line in lines)
        for line in lines:
            self.bosses.pop(line.number)
            message = ngettext(
                "This boss reports, directly or through others, to the person in row %(rows)s. Name another one.",
                "These bosses form a circle (rows %(rows)s): each would be his own boss. Correct one of them.",
                len(lines),
            )
            self.fault(line, "reports_to", message % {"rows": rows}, "circle")

    def row_above(self, line: Line) -> int | None:
        """The row of the boss, if he stands in the file: a line of command is changed from above."""
        boss = self.bosses.get(line.number)
        return boss.number if isinstance(boss, Line) else None
