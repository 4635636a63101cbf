"""Who reports to whom, in a file that may name people further down and people of the database."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.errors import DomainError
from hr.countries import DEFAULT_COUNTRY
from hr.identifiers import normalize_national_id
from hr.loading.check_employment import TERMINATED, EmploymentCheck
from hr.loading.file_keys import FileKeys
from hr.loading.identities import Identities
from hr.loading.lines import SKIPPED, Line, NewRow
from hr.loading.loops import loops_of

# Whether a row leaves its person terminated; of rows that are left out nothing is known.
UNKNOWN, STAYS, LEAVES = 0, 1, 2
Fault = tuple[int, str, str, str]


class Boss(NamedTuple):
    """By the number of his row, 0 if he is not in the file, and by his key, 0 if he is new."""

    number: int = 0
    key: int = 0


class BossCheck(EmploymentCheck):
    """Part of EmployeeCheck. Of each row, by its place, the boss it names: `above_rows` and `above_keys`."""

    identities: Identities
    file: FileKeys

    def country_of(self, line: Line) -> str:
        raise NotImplementedError

    def prepare_bosses(self) -> None:
        self.above_rows, self.above_keys = (array(kind, [0]) * len(self.file) for kind in "Lq")
        self.leaving = bytearray(len(self.file))
        self._bosses: dict[tuple[str, str], Boss] = {}

    def resolve_bosses(self) -> None:
        for line in self.lines:
            if text := line.values.get("reports_to"):
                self._set_boss(line, self._boss_named(text, self.country_of(line)))

    def _boss_named(self, text: str, country: str) -> Boss:
        boss = self._bosses.get((text, country))
        if boss is None:
            boss = self._bosses[text, country] = self._find_boss(text, country)
        return boss

    def _find_boss(self, text: str, country: str) -> Boss:
        number, key = self.file.codes.first.get(self.identities.code_key(text), 0), self.identities.coded(text) or 0
        for of_country, national_id in self._as_national_ids(text, country) if not (number or key) else ():
            if not (number or key):
                number = self.file.ids.first.get(self.identities.id_key(of_country, national_id), 0)
                key = self.identities.identified(of_country, national_id) or 0
        if not number and key:
            number = self.file.people.first.get(key, 0)
        return Boss(number, self.file.target(number) if number else key)

    @staticmethod
    def _as_national_ids(text: str, country: str) -> Iterator[tuple[str, str]]:
        """The text read as an id of the line's own country, then as one of the country most are from."""
        for of_country in dict.fromkeys([country, DEFAULT_COUNTRY]):
            with suppress(DomainError):
                yield of_country, normalize_national_id(of_country, text)

    def _set_boss(self, line: Line, boss: Boss) -> None:
        number, key = boss
        if number == line.number:
            line.values.pop("reports_to")
            message = _("Nobody reports to himself or herself. Leave it blank, or name the boss.")
            self.fault(line, "reports_to", message, "itself")
        elif not number and not key:
            line.values.pop("reports_to")
            message = _("No employee has this code or national id, here or in the file. Correct it.")
            self.fault(line, "reports_to", message, "unknown")
        else:
            place = self.file.place(line.number)
            self.above_rows[place], self.above_keys[place] = number, key
            line.values["reports_to"] = key or NewRow(number)
            # A line of command is changed from above, so that it never closes on the way.
            line.below = number or None

    def note_leaving(self, line: Line) -> None:
        self.leaving[self.file.place(line.number)] = LEAVES if self.status_of(line) == TERMINATED else STAYS

    # --- Once all rows are judged --------------------------------------------------------------------------------
    def bosses_refused(self) -> list[Fault]:
        """Bosses who left, bosses who will not be there, and lines of command that would not end.

        A refused row may take its reports along, and leaves an old boss in place that closes another loop: so it goes
        on until nothing is refused any more.
        """
        self._faulty = bytearray(self.plan.is_faulty(place) for place in range(len(self.file)))
        faults = [self._refuse(place, *self._left()) for place in self._places_with_boss() if self._has_left(place)]
        waiting = True
        while waiting:
            found = self._refused_below_faulty() or self._refused_loops()
            faults += found
            waiting = bool(found)
        return faults

    def _places_with_boss(self) -> list[int]:
        return [place for place in range(len(self.file)) if self.above_rows[place] or self.above_keys[place]]

    def _refuse(self, place: int, message: str, cause: str) -> Fault:
        self.above_rows[place] = self.above_keys[place] = 0
        self._faulty[place] = True
        return place, "reports_to", message, cause

    @staticmethod
    def _left() -> tuple[str, str]:
        return _("This person no longer works here. Name another boss."), "left"

    def _has_left(self, place: int) -> bool:
        """A new boss works here. One who left stays with those who report to him until they get another."""
        number, key = self.above_rows[place], self.above_keys[place]
        target = self.file.targets[place]
        if self.leaving[place] == LEAVES or (key and target and self.identities.bosses.get(target) == key):
            return False
        known = self.leaving[self.file.place(number)] if number else UNKNOWN
        return key in self.identities.left if known == UNKNOWN else known == LEAVES

    def _refused_below_faulty(self) -> list[Fault]:
        """Whoever reports to a new person who will not be there, and whoever reports to those."""
        reports: dict[int, list[int]] = {}
        for place in self._places_with_boss():
            if self.above_rows[place] and not self.above_keys[place]:
                reports.setdefault(self.file.place(self.above_rows[place]), []).append(place)
        faults: list[Fault] = []
        gone = [place for place in reports if self._faulty[place] or self._stays_out(place)]
        for boss in gone:
            for place in reports.get(boss, ()):
                message = _("The boss stands in row %(row)d, which is faulty itself. Correct that row first.")
                if not self._faulty[boss]:
                    message = _("The boss stands in row %(row)d, which this load leaves out. Load that row first.")
                if not self._faulty[place] and place in reports:
                    gone.append(place)
                faults.append(self._refuse(place, message % {"row": self.file.numbers[boss]}, "faulty_above"))
        return faults

    def _refused_loops(self) -> list[Fault]:
        """Follow every line upwards, through the file where it says something, through the database elsewhere."""
        above: dict[Any, Hashable] = dict(self.identities.bosses)
        changed: dict[Hashable, int] = {}
        for place in self._places_with_boss():
            if not self._faulty[place]:
                node = self._node(place)
                above[node] = self.above_keys[place] or self._node(self.file.place(self.above_rows[place]))
                changed[node] = place
        faults: list[Fault] = []
        for loop in loops_of(changed, above):
            places = [changed[at] for at in loop if at in changed]
            message = ngettext(
                "This boss reports, directly or through others, to the person in row %(rows)s. Name another one.",
                "These bosses form a circle (rows %(rows)s): each would be his own boss. Correct one of them.",
                len(places),
            ) % {"rows": self.listed(str(self.file.numbers[place]) for place in places)}
            faults += [self._refuse(place, message, "circle") for place in places]
        return faults

    def _node(self, place: int) -> int:
        """A person by his key, or by his place in the file as a number below 0."""
        return self.file.targets[place] or -1 - place

    def _stays_out(self, place: int) -> bool:
        return self.plan.verdict(place) == SKIPPED
