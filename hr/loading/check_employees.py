"""The check of an employees file."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import batched
from typing import Any

from django.utils.translation import gettext as _

from core.errors import DomainError
from core.text import fold
from hr.countries import DEFAULT_COUNTRY
from hr.identifiers import normalize_national_id
from hr.loading.catalogue import Ambiguous, Catalogue
from hr.loading.check import stored
from hr.loading.check_bosses import BossCheck
from hr.loading.check_people import PersonCheck
from hr.loading.file_keys import HAS_CODE, HAS_ID, HAS_MAIL, FileKeys
from hr.loading.identities import seen_scope
from hr.loading.lines import Line, ToCreate
from hr.loading.packing import BLOCK
from hr.loading.plan import Absentee
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
from hr.services.writing import BATCH

KEYS = ("code", "country", "national_id", "work_email")


class EmployeeCheck(PersonCheck, BossCheck):
    """Key: the code, else the national id. The keys of the whole file are read first, then block by block the rest."""

    model = Employee
    block = BLOCK

    # --- Who is who ---------------------------------------------------------------------------------------------
    def prepare(self) -> None:
        self.know_people(seen_scope(self.user))
        self.units = Catalogue(self.visible(OrgUnit), "name")
        self.positions = Catalogue(self.visible(Position), "title")
        self._unknown: dict[str, dict[str, str]] = {"org_unit": {}, "position": {}}
        self._may_guarded = can_change_guarded(self.user)
        self.file = FileKeys(self.identities)
        for lines in self.sheet.blocks(self.block, KEYS):
            self.lines = lines
            self.guard_personal_columns()
            for line in lines:
                target, country = self.person_of(line), self.country_of(line)
                # Otherwise whom it is about has to be asked again, for what is told of it.
                known = not line.errors and (country == DEFAULT_COUNTRY or "country" in line.values)
                self.file.note(line.number, line.values, country, target, known=known)
        self.prepare_bosses()

    def match(self) -> None:
        self.guard_personal_columns()
        first = self.file.place(self.lines[0].number) if self.lines else 0
        targets: dict[int, int] = {}
        for place, line in enumerate(self.lines, first):
            target = self.file.targets[place] if self.file.known[place] else self.person_of(line)
            if target:
                targets[line.number] = target
        found = self.read_existing(targets.values())
        for line in self.lines:
            if (target := targets.get(line.number)) is None:
                continue
            line.existing = found.get(target)
            if line.existing is None:
                self._refuse_hidden(line, self.key_of(line))
        self.require_new_rows_complete()
        if self.file.codes or self.file.ids or self.file.mails or self.file.people:
            for line in self.lines:
                self._refuse_repeats(line, targets.get(line.number))
        for line in self.lines:
            self._refuse_taken(line)

    def keys(self) -> tuple[str, ...]:
        return ("code", "national_id")

    def _refuse_hidden(self, line: Line, name: str) -> None:
        self.fault(line, name, _("This key is taken by a record you may not change. Remove the row."), "taken")

    def _refuse_repeats(self, line: Line, target: int | None) -> None:
        values, file, known = line.values, self.file, self.identities
        if file.codes and (code := values.get("code")) and (rows := file.codes.several(known.code_key(code))):
            self.fault_repeated(line, "code", rows)
        if file.ids and (national_id := values.get("national_id")):
            rows = file.ids.several(known.id_key(self.country_of(line), national_id))
            if rows:
                self.fault_repeated(line, "national_id", rows)
        if file.mails and (mail := values.get("work_email")) and (rows := file.mails.several(known.mail_key(mail))):
            self.fault_repeated(line, "work_email", rows)
        if target is None or not (rows := file.people.several(target)):
            return
        # Named by code in one row and by national id in another; the same key twice is reported above.
        if not any(all(file.has(number, what) for number in rows) for what in (HAS_CODE, HAS_ID)):
            message = _("The rows %(rows)s are about the same person. Keep one of them.")
            self.fault(line, self.key_of(line), message % {"rows": self.listed(map(str, rows))}, "repeated")

    def _refuse_taken(self, line: Line) -> None:
        code = line.values.get("code")
        # Who adds nobody is told of it in the words for an unknown code.
        if code and line.existing is None and self.identities.is_taken(code) and can_hire(self.user):
            self._refuse_hidden(line, "code")
        email = line.values.get("work_email")
        holder = self.identities.mailed(email)
        if holder is None or (line.existing is not None and line.existing.pk == holder):
            return
        giver = self.file.people.first.get(holder)
        if giver is None or not self.file.has(giver, HAS_MAIL) or giver in self.file.mails.several(holder):
            message = _("Another employee has this e-mail. Each needs an own one, or none.")
        else:
            message = _(
                "The employee in row %(row)d has this e-mail until this file is in. Load in two steps: first row "
                "%(row)d without this one, then this row. Where two swap, one takes another e-mail in between."
            ) % {"row": giver}
        self.fault(line, "work_email", message, "taken")

    # --- Units and positions ----------------------------------------------------------------------------------
    def resolve(self) -> None:
        self._resolve_catalogue("org_unit", self.units, may_create=can_create_units(self.user))
        self._resolve_catalogue("position", self.positions, may_create=can_create_positions(self.user))
        self.resolve_bosses()

    def _resolve_catalogue(self, name: str, catalogue: Catalogue, *, may_create: bool) -> None:
        spellings, counts = self._unknown[name], self.plan.missing
        if may_create:
            self.plan.creatable.add(name)
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
            of_field = counts.setdefault(name, {})
            of_field[first] = of_field.get(first, 0) + 1
            line.values[name] = ToCreate(first)
            if not (may_create and self.create_missing):
                message = _("No such code or name. Correct it, or ask HR to create it.")
                if may_create:
                    message = _("No such code or name. Correct it, or let the load create what is missing.")
                self.fault(line, name, message, "unknown")

    # --- Rules of one person ------------------------------------------------------------------------------------
    def check_rules(self) -> None:
        for line in self.lines:
            existing = line.existing
            self.check_status(line, existing)
            self.check_dates(line, existing)
            self._check_personal(line, existing)
            self.note_leaving(line)

    def _check_personal(self, line: Line, existing: Any) -> None:
        if self.personal is None or (existing and existing.pk in self.personal):
            return
        for name, column in self.sheet.resource.columns.items():
            if column.personal and name in line.values:
                self.refuse_personal(line, name)

    # --- Rights -------------------------------------------------------------------------------------------------
    def may_add(self, line: Line) -> bool:
        unit = line.values.get("org_unit")
        return can_hire_into(self.user, unit) if isinstance(unit, int) else super().may_add(line)

    def check_rights(self) -> None:
        super().check_rights()
        for line in self.lines:
            if line.existing is None or line.errors or not line.after:
                continue
            unit = line.after.get("org_unit")
            if isinstance(unit, int) and not can_move_to(self.user, unit):
                self.fault(line, "org_unit", _("You may not put anybody into this unit."), "move")
            for name in () if self._may_guarded else sorted(GUARDED_FIELDS & line.after.keys()):
                self.fault(line, name, _("Only HR changes the code, the work e-mail and the boss."), "guarded")

    # --- Comparing ----------------------------------------------------------------------------------------------
    def compare(self, line: Line) -> None:
        existing = line.existing
        if existing and line.values.get("country") and "national_id" not in line.values:
            self._move_national_id(line, existing)
        super().compare(line)
        if existing and existing.ended_on and line.after.get("status"):
            line.before["ended_on"], line.after["ended_on"] = stored(existing.ended_on), None

    def _move_national_id(self, line: Line, existing: Any) -> None:
        """Another country reads the number that stays by other rules."""
        country = line.values["country"]
        if country == existing.country or not existing.national_id:
            return
        try:
            moved = normalize_national_id(country, existing.national_id)
        except DomainError:
            message = _("The national id on file is none of this country. Give the right one too.")
            self.fault(line, "country", message, "national_id")
            return
        holder = self.identities.identified(country, moved)
        if holder is not None and holder != existing.pk:
            self.fault(line, "country", _("Another employee has that national id."), "taken")
        elif moved != existing.national_id:
            line.values["national_id"] = moved

    def describe(self, line: Line) -> str:
        values, existing = line.values, line.existing

        def part(name: str) -> str:
            return values.get(name) or (getattr(existing, name) if existing else "") or ""

        name, code = f"{part('first_name')} {part('last_name')}".strip(), part("code")
        return f"{name} ({code})" if name and code else name or code

    def names_in(self, name: str) -> Iterable[str]:
        catalogue = {"org_unit": self.units, "position": self.positions}.get(name)
        return catalogue.spellings() if catalogue else super().names_in(name)

    # --- What the whole file tells ------------------------------------------------------------------------------
    def settle(self) -> None:
        if faults := self.bosses_refused():
            self.plan.refuse(faults)
        if self.full_roster:
            self.plan.absentees = self._absentees()

    def _absentees(self) -> list[Absentee]:
        """The active people whom the user sees and may change, and whom the file does not name."""
        people = Employee.objects.active() if self.user is None else Employee.objects.changeable_by(self.user).active()
        columns = ("pk", "version", "first_name", "last_name", "code")
        keys = [key for key in people.order_by().values_list("pk", flat=True) if key not in self.file.people.first]
        found = []
        for batch in batched(sorted(keys), BATCH):
            for key, version, first, last, code in people.filter(pk__in=batch).order_by().values_list(*columns):
                found.append(Absentee((key, version, f"{first} {last} ({code})")))
        return found
