"""What has to be known of a whole file of people before one row can be judged: who stands where, and who twice."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Hashable, Iterable
from typing import Any

from hr.loading.identities import Identities

HAS_CODE, HAS_ID, HAS_MAIL = 1, 2, 4


class Rows:
    """The numbers of the rows that name a key: of the first one, and of all where there are several."""

    __slots__ = ("_several", "first")

    def __init__(self) -> None:
        self.first: dict[Hashable, int] = {}
        self._several: dict[Hashable, list[int]] = {}

    def note(self, key: Hashable, number: int) -> None:
        first = self.first.setdefault(key, number)
        if first != number:
            self._several.setdefault(key, [first]).append(number)

    def several(self, key: Hashable) -> list[int]:
        """[] where one row alone names the key."""
        return self._several.get(key, [])

    def __bool__(self) -> bool:
        """Whether several rows name a key."""
        return bool(self._several)

    def repeated(self) -> Iterable[list[int]]:
        """The rows of each key that several of them name."""
        return self._several.values()


class FileKeys:
    """The keys in a file, of each row by its place, from 0 on. `targets` are the people they are about, or 0.

    A key that the database knows is noted as `identities` give it: nothing is held twice.
    """

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self.numbers, self.targets, self._has = array("L"), array("q"), bytearray()
        self.known = bytearray()
        self.codes, self.ids, self.mails, self.people = Rows(), Rows(), Rows(), Rows()

    def note(self, number: int, values: dict[str, Any], country: str, target: int | None, *, known: bool) -> None:
        """The next row of the file; `known` if there is nothing more to be found out about whom it is about."""
        has = 0
        if code := values.get("code"):
            has = HAS_CODE
            self.codes.note(self._identities.code_key(code), number)
        if national_id := values.get("national_id"):
            has |= HAS_ID
            self.ids.note(self._identities.id_key(country, national_id), number)
        if "work_email" in values:
            has |= HAS_MAIL
            if values["work_email"]:
                self.mails.note(self._identities.mail_key(values["work_email"]), number)
        if target is not None:
            self.people.note(target, number)
        self.numbers.append(number)
        self.targets.append(target or 0)
        self._has.append(has)
        self.known.append(known)

    def __len__(self) -> int:
        return len(self.numbers)

    def place(self, number: int) -> int:
        return bisect_left(self.numbers, number)

    def target(self, number: int) -> int:
        """Whom the row is about; 0 if the database knows nobody."""
        return self.targets[self.place(number)]

    def has(self, number: int, what: int) -> bool:
        """Whether the row says something of the person's code, id or mail."""
        return bool(self._has[self.place(number)] & what)
