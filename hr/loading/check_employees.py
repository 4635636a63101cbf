"""The check of an employees file."""

from __future__ import annotations

from collections.abc import Hashable
from typing import cast

from django.utils.translation import gettext as _

from core.errors import DomainError
from core.text import fold
from hr.identifiers import normalize_national_id
from hr.loading.catalogue import Ambiguous, Catalogue
from hr.loading.check_bosses import BossCheck
from hr.loading.check_people import PersonCheck
from hr.loading.identities import seen_scope
from hr.loading.lines import Line, ToCreate
from hr.loading.rows import stored
from hr.models import Employee, OrgUnit, Position
from hr.permissions import (
    can_change_guarded,
    can_create_positions,
    can_create_units,
    can_hire,
    can_hire_into,
    can_move_to,
)
from hr.rights import GUARDED_FIELDS


class EmployeeCheck(PersonCheck, BossCheck):
    """Key: the code, else the national id."""

    model = Employee

    # --- Who is who ---------------------------------------------------------------------------------------------
    def match(self) -> None:
        self.know_people(seen_scope(self.user))
        targets: dict[int, int] = {}
        for line in self.lines:
            target = self.person_of(line)
            if target is not None:
                targets[line.number] = target
        self._read(targets)
        self.require_new_rows_complete(("code", "national_id"))
        self._refuse_all_repeats(targets)
        self._refuse_taken()

    def _read(self, targets: dict[int, int]) -> None:
        found = self.read_existing(targets.values())
        for line in self.lines:
            target = targets.get(line.number)
            if target is None:
                continue
            line.existing = found.get(target)
            if line.existing is None:
                self.fault(
                    line,
                    self.key_of(line),
                    _("This key is taken by a record you may not change. Remove the row."),
                    "taken",
                )

    def _refuse_all_repeats(self, targets: dict[int, int]) -> None:
        self.refuse_repeats("code", self.grouped("code"))
        by_id: dict[Hashable, list[Line]] = {}
        for line in self.lines:
            if value := line.values.get("national_id"):
                by_id.setdefault((self.country_of(line), fold(value)), []).append(line)
        self.refuse_repeats("national_id", by_id)
        self.refuse_repeats("work_email", self.grouped("work_email"))
        people: dict[int, list[Line]] = {}
        for line in self.lines:
            if line.number in targets:
                people.setdefault(targets[line.number], []).append(line)
        keys = {name: {id(line) for line in self.lines if line.values.get(name)} for name in ("code", "national_id")}
        for lines in people.values():
            # Named by code in one row and by national id in another; the same key twice is reported above.
            if len(lines) > 1 and not any(all(id(line) in named for line in lines) for named in keys.values()):
                rows = self.listed(str(line.number) for line in lines)
                for line in lines:
                    message = _("The rows %(rows)s are about the same person. Keep one of them.")
                    self.fault(line, self.key_of(line), message % {"rows": rows}, "repeated")

    def _refuse_taken(self) -> None:
        in_file = {line.existing.pk: line for line in self.lines if line.existing is not None}
        for line in self.lines:
            code = line.values.get("code")
            # Who adds nobody is told of it in the words for an unknown code.
            if code and line.existing is None and can_hire(self.user) and self.identities.is_taken(code):
                self.fault(
                    line, "code", _("This key is taken by a record you may not change. Remove the row."), "taken"
                )
            email = line.values.get("work_email")
            holder = self.identities.mailed(email)
            if holder is None or (line.existing is not None and line.existing.pk == holder):
                continue
            giver = in_file.get(holder)
            if giver is None or giver.values.get("work_email", email) == email:
                message = _("Another employee has this e-mail. Each needs an own one, or none.")
            else:
                message = _(
                    "The employee in row %(row)d has this e-mail until this file is in. Load in two steps: first row "
                    "%(row)d without this one, then this row. Where two swap, one takes another e-mail in between."
                ) % {"row": giver.number}
            self.fault(line, "work_email", message, "taken")

    # --- Units and positions ----------------------------------------------------------------------------------
    def resolve(self) -> None:
        self.units = Catalogue(self.visible(OrgUnit), "name")
        self.positions = Catalogue(self.visible(Position), "title")
        self._resolve_catalogue("org_unit", self.units, may_create=can_create_units(self.user))
        self._resolve_catalogue("position", self.positions, may_create=can_create_positions(self.user))
        self.resolve_bosses()

    def _resolve_catalogue(self, name: str, catalogue: Catalogue, *, may_create: bool) -> None:
        spellings: dict[str, str] = {}
        if may_create:
            self.creatable.add(name)
        for line in self.lines:
            text = line.values.get(name)
            if not text:
                continue
            try:
                found = catalogue.find(text)
            except Ambiguous:
                line.values.pop(name)
                self.fault(line, name, _("Several bear this name. Write the code instead."), "ambiguous")
                continue
            if found is not None:
                line.values[name] = found
                continue
            first = spellings.setdefault(fold(text), text)
            counts = self.missing.setdefault(name, {})
            counts[first] = counts.get(first, 0) + 1
            line.values[name] = ToCreate(first)
            if not (may_create and self.create_missing):
                self.fault(line, name, self._unknown(may_create), "unknown")

    @staticmethod
    def _unknown(may_create: bool) -> str:
        if may_create:
            return _("No such code or name. Correct it, or let the load create what is missing.")
        return _("No such code or name. Correct it, or ask HR to create it.")

    # --- Rules of one person ------------------------------------------------------------------------------------
    def check_rules(self) -> None:
        for line in self.lines:
            existing = cast(Employee | None, line.existing)
            self.check_status(line, existing)
            self.check_dates(line, existing)
            self._check_personal(line, existing)
        for line in self.lines:
            self.check_boss(line)
        self.refuse_hopeless_bosses()

    def _check_personal(self, line: Line, existing: Employee | None) -> None:
        if self.personal is None or (existing and existing.pk in self.personal):
            return
        for name, column in self.sheet.resource.columns.items():
            if column.personal and line.values.get(name):
                self.refuse_personal(line, name)

    # --- Rights -------------------------------------------------------------------------------------------------
    def may_add(self, line: Line) -> bool:
        unit = line.values.get("org_unit")
        return can_hire_into(self.user, unit) if isinstance(unit, int) else super().may_add(line)

    def check_rights(self) -> None:
        super().check_rights()
        for line in self.lines:
            if line.existing is None or line.errors:
                continue
            unit = line.changes.get("org_unit")
            if isinstance(unit, int) and not can_move_to(self.user, unit):
                self.fault(line, "org_unit", _("You may not put anybody into this unit."), "move")
            for name in () if can_change_guarded(self.user) else sorted(GUARDED_FIELDS & line.changes.keys()):
                self.fault(line, name, _("Only HR changes the code, the work e-mail and the boss."), "guarded")

    # --- Showing ------------------------------------------------------------------------------------------------
    def compare(self, line: Line) -> None:
        if line.existing and line.values.get("country") and "national_id" not in line.values:
            self._move_national_id(line, cast(Employee, line.existing))
        super().compare(line)
        line.below = self.row_above(line)
        existing = cast(Employee | None, line.existing)
        if existing and existing.ended_on and line.changes.get("status"):
            line.changes["ended_on"] = None
            line.before["ended_on"], line.after["ended_on"] = stored(existing.ended_on), None

    def _move_national_id(self, line: Line, existing: Employee) -> None:
        """Another country reads the number that stays by other rules."""
        country = line.values["country"]
        if country == existing.country or not existing.national_id:
            return
        try:
            moved = normalize_national_id(country, existing.national_id)
        except DomainError:
            self.fault(
                line,
                "country",
                _("The national id on file is none of this country. Give the right one too."),
                "national_id",
            )
            return
        holder = self.identities.identified(country, moved)
        if holder is not None and holder != existing.pk:
            self.fault(line, "country", _("Another employee has that national id."), "taken")
        elif moved != existing.national_id:
            line.values["national_id"] = moved

    def describe(self, line: Line) -> str:
        existing = cast(Employee | None, line.existing)

        def part(name: str) -> str:
            return line.values.get(name) or (getattr(existing, name) if existing else "") or ""

        name, code = f"{part('first_name')} {part('last_name')}".strip(), part("code")
        return f"{name} ({code})" if name and code else name or code or part("national_id")
