"""Whom a row is about: by code, else by national id, as far as the user may know of either."""

from __future__ import annotations

from typing import cast

from django.utils.translation import gettext as _

from hr.countries import DEFAULT_COUNTRY
from hr.loading.check import Check
from hr.loading.identities import Identities, personal_scope
from hr.loading.lines import Line


class PersonCheck(Check):
    """Of sheets with the columns code, country and national_id."""

    def know_people(self, seen: set[int] | None) -> None:
        """Read who has which code and id; `seen` are the people a code may name, None is everybody."""
        self.personal = personal_scope(self.user)
        self.identities = Identities(self.personal, seen)

    def person_of(self, line: Line) -> int | None:
        """The key of the employee the line is about; None for a new one."""
        code, typed_id = line.values.get("code"), self.sheet.filled(line, "national_id")
        by_code = self.identities.coded(code) if code else None
        if by_code is not None and "country" not in line.values:
            country = self.identities.foreign.get(by_code, DEFAULT_COUNTRY)
            if country != DEFAULT_COUNTRY:
                self.sheet.read_again(line, country)
        by_id = self.identities.identified(self.country_of(line), line.values.get("national_id"))
        if not code and not typed_id and not self.sheet.cell(line, "code"):
            self.fault(line, self._key_column(), _("Neither code nor national id. Fill in one of them."), "no_key")
        elif code and by_id is not None and by_code != by_id:
            self._refuse_two(line, by_code, by_id)
        return by_code if code else by_id

    def country_of(self, line: Line) -> str:
        if "country" in line.values:
            return cast(str, line.values["country"])
        code = line.values.get("code")
        target = self.identities.coded(code) if code else None
        return self.identities.foreign.get(target, DEFAULT_COUNTRY) if target is not None else DEFAULT_COUNTRY

    def key_of(self, line: Line) -> str:
        return "code" if self.sheet.cell(line, "code") or not self.sheet.filled(line, "national_id") else "national_id"

    def refuse_personal(self, line: Line, name: str) -> None:
        self.fault(line, name, _("You may not see or change personal data. Remove this column."), "personal")

    def guard_personal_columns(self) -> None:
        """Without any right to personal data its columns are refused, before anything is matched by them."""
        names = [name for name, column in self.sheet.resource.columns.items() if column.personal]
        for line in self.lines if self.personal == set() else ():
            for name in names:
                if line.values.pop(name, "") != "":
                    self.refuse_personal(line, name)

    def _refuse_two(self, line: Line, by_code: int | None, by_id: int) -> None:
        other = self.identities.codes[by_id]
        if by_code is None:
            message = _("The national id belongs to %(other)s, and no employee has this code. Correct one of the two.")
        else:
            message = _("The national id belongs to %(other)s, the code to somebody else. Correct one of the two.")
        self.fault(line, "national_id", message % {"other": other}, "two_people")

    def _key_column(self) -> str:
        return "national_id" if "code" not in self.sheet.mapping.positions and self.personal != set() else "code"
