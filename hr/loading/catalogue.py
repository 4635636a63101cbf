"""Units or positions by code or name, read once for the whole file."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.db.models import QuerySet

from core.text import fold

CODE_LENGTH = 32


class Ambiguous(Exception):
    """Several rows bear the name; only a code tells them apart."""


class Catalogue:
    """The rows of `visible`, each with a code and a name. A text is tried as code first, then as name."""

    def __init__(self, visible: QuerySet, name_field: str) -> None:
        self.entries: dict[int, tuple[str, str]] = {}
        self._by_code: dict[str, int] = {}
        self._by_name: dict[str, list[int]] = {}
        self._folded: dict[str, str] = {}
        for pk, code, name in visible.order_by("pk").values_list("pk", "code", name_field):
            self.add(pk, code, name)

    def add(self, pk: int, code: str, name: str) -> None:
        self.entries[pk] = (code, name)
        if code:
            self._by_code[fold(code)] = pk
        self._by_name.setdefault(fold(name), []).append(pk)

    def find(self, text: str) -> int | None:
        """The row's key, None if there is none. Raises Ambiguous."""
        key = self._folded.get(text)
        if key is None:
            key = self._folded[text] = fold(text)
        if key in self._by_code:
            return self._by_code[key]
        return self._one_named(key)

    def coded(self, code: str) -> int | None:
        return self._by_code.get(fold(code))

    def named(self, name: str) -> int | None:
        """Raises Ambiguous."""
        return self._one_named(fold(name))

    def _one_named(self, key: str) -> int | None:
        found = self._by_name.get(key, [])
        if len(found) > 1:
            raise Ambiguous
        return found[0] if found else None

    def name(self, pk: int) -> str:
        """'' for a row the user does not see."""
        return self.entries[pk][1] if pk in self.entries else ""

    def spelling(self, pk: int) -> str:
        """The name if a load finds the same row by it, else the code."""
        code, name = self.entries[pk]
        try:
            return name if self.find(name) == pk else code
        except Ambiguous:
            return code

    def spellings(self) -> list[str]:
        """What rows are found by."""
        codes = [code for code, _name in self.entries.values() if code]
        return [*codes, *(self.spelling(pk) for pk in self.entries)]


def made_code(name: str, taken: set[str]) -> str:
    """A code for a row that has only a name, `Ventas Norte` → `VENTAS-NORTE`; it is added to `taken` (folded)."""
    stem = re.sub(r"[^A-Z0-9]+", "-", fold(name).upper()).strip("-")[:CODE_LENGTH].strip("-") or "X"
    code, number = stem, 1
    while fold(code) in taken:
        number += 1
        suffix = f"-{number}"
        code = stem[: CODE_LENGTH - len(suffix)] + suffix
    taken.add(fold(code))
    return code


def folded(codes: Iterable[str]) -> set[str]:
    return {fold(code) for code in codes}
