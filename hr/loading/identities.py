"""Who has which code, national id and e-mail: everybody, read once, folded alike whatever the database folds."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import cached_property
from itertools import batched
from typing import TYPE_CHECKING, NamedTuple

from core.text import fold
from hr.countries import DEFAULT_COUNTRY
from hr.models import Employee
from hr.querysets import EmployeeQuerySet
from hr.rights import PERSONAL, VIEW
from hr.scope import scope_for
from hr.services.writing import BATCH

if TYPE_CHECKING:
    from core.models import User


PIECE = 5000


class Identities:
    """Knows people outside the user's scope too, so that nothing of theirs is taken, but finds nobody there.

    `seen` are the people the user sees, `personal` those whose national id he may know of; None is everybody.
    """

    def __init__(self, personal: set[int] | None, seen: set[int] | None) -> None:
        self.bosses: dict[int, int] = {}
        # The country of those who are not from the default one.
        self.foreign: dict[int, str] = {}
        # Who no longer works here.
        self.left: set[int] = set()
        self._by_code: dict[str, int] = {}
        self._taken: set[str] = set()
        self._by_id: dict[str, int] = {}
        self._by_mail: dict[str, int] = {}
        # Read piece by piece by key: a client would hold everything that one query answers.
        people = Employee.objects.order_by("pk").values_list(
            "pk", "code", "country", "national_id", "work_email", "reports_to_id", "status"
        )
        read = list(people[:PIECE])
        while read:
            for pk, code, country, national_id, mail, boss, status in read:
                if seen is None or pk in seen:
                    self._by_code[fold(code)] = pk
                else:
                    self._taken.add(fold(code))
                if boss:
                    self.bosses[pk] = boss
                if status == Employee.Status.TERMINATED:
                    self.left.add(pk)
                if country != DEFAULT_COUNTRY:
                    self.foreign[pk] = country
                if national_id and (personal is None or pk in personal):
                    self._by_id[id_key(country, national_id)] = pk
                if mail:
                    self._by_mail[fold(mail)] = pk
            read = list(people.filter(pk__gt=read[-1][0])[:PIECE]) if len(read) == PIECE else []

    def coded(self, code: str) -> int | None:
        return self._by_code.get(fold(code))

    # --- What is equal for equal keys: whose it is, else the key itself, folded ---------------------------------
    def code_key(self, code: str) -> Hashable:
        folded = fold(code)
        return self._by_code.get(folded, folded)

    def id_key(self, country: str, national_id: str) -> Hashable:
        folded = id_key(country, national_id)
        return self._by_id.get(folded, folded)

    def mail_key(self, address: str) -> Hashable:
        folded = fold(address)
        return self._by_mail.get(folded, folded)

    def is_taken(self, code: str) -> bool:
        """Whether somebody whom the user does not see has the code."""
        return fold(code) in self._taken

    def identified(self, country: str, national_id: str | None) -> int | None:
        return self._by_id.get(id_key(country, national_id)) if national_id else None

    @cached_property
    def codes(self) -> dict[int, str]:
        """Of everybody; only a few faults ask for it."""
        return dict(Employee.objects.order_by().values_list("pk", "code"))

    def mailed(self, address: str | None) -> int | None:
        return self._by_mail.get(fold(address)) if address else None


def id_key(country: str, national_id: str) -> str:
    """Equal for what is one national id. Most are of the default country, and shorter so."""
    folded = fold(national_id)
    return folded if country == DEFAULT_COUNTRY else f"{country} {folded}"


class Person(NamedTuple):
    label: str
    status: str


def people_among(visible: EmployeeQuerySet, keys: Iterable[int]) -> dict[int, Person]:
    """Those of the people whom the user sees."""
    people = {}
    for batch in batched(sorted(set(keys)), BATCH):
        rows = visible.filter(pk__in=batch).order_by()
        for pk, code, first, last, status in rows.values_list("pk", "code", "first_name", "last_name", "status"):
            people[pk] = Person(f"{first} {last} ({code})", status)
    return people


def seen_scope(user: User | None) -> set[int] | None:
    """Whom the user sees; None is everybody."""
    if user is None or scope_for(user, VIEW).everything:
        return None
    return set(Employee.objects.visible_to(user).values_list("pk", flat=True))


def personal_scope(user: User | None) -> set[int] | None:
    """Whose personal data the user may see; None is everybody's."""
    if user is None or scope_for(user, PERSONAL).everything:
        return None
    return set(Employee.objects.personal_to(user).values_list("pk", flat=True))
