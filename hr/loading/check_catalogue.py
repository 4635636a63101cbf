"""The checks of a units file and of a positions file."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.errors import DomainError
from core.text import fold
from hr.countries import DEFAULT_COUNTRY
from hr.identifiers import normalize_national_id
from hr.loading.catalogue import Ambiguous, Catalogue, folded, made_code
from hr.loading.check import Check
from hr.loading.identities import Identities, Person, people_among, personal_scope, seen_scope
from hr.loading.lines import SKIPPED, Line, NewRow
from hr.loading.loops import loops_of, node
from hr.models import Employee, OrgUnit, Position


class CatalogueCheck(Check):
    """Key: the code, else the name."""

    name_field: str

    def match(self) -> None:
        self.catalogue = Catalogue(self.visible(), self.name_field)
        taken = folded(self.model.objects.values_list("code", flat=True))
        targets = {line.number: target for line in self.lines if (target := self._target(line, taken)) is not None}
        found = self.read_existing(targets.values())
        for line in self.lines:
            if line.number in targets:
                line.existing = found.get(targets[line.number])
        self.require_new_rows_complete()
        self.refuse_repeats("code", self.grouped("code"))
        self._refuse_same_row()
        self._make_codes(taken)

    def _target(self, line: Line, taken: set[str]) -> int | None:
        code, name = line.values.get("code"), line.values.get(self.name_field)
        if code:
            target = self.catalogue.coded(code)
            if target is None and fold(code) in taken and self.may_add(line):
                self.fault(
                    line, "code", _("This key is taken by a record you may not change. Remove the row."), "taken"
                )
            return target
        if not name:
            if not self.sheet.cell(line, "code"):
                self.fault(line, self.name_field, _("Neither code nor name. Fill in one of them."), "no_key")
            return None
        try:
            return self.catalogue.named(name)
        except Ambiguous:
            self.fault(line, self.name_field, _("Several bear this name. Write the code instead."), "ambiguous")
            return None

    def _refuse_same_row(self) -> None:
        """By code in one row and by name in another, or twice by a name nobody bears yet."""
        groups: dict[Hashable, list[Line]] = {}
        for line in self.lines:
            if line.existing:
                groups.setdefault(line.existing.pk, []).append(line)
            elif not line.values.get("code") and line.values.get(self.name_field):
                groups.setdefault(fold(line.values[self.name_field]), []).append(line)
        coded = {id(line) for line in self.lines if line.values.get("code")}
        mixed = {key: lines for key, lines in groups.items() if not all(id(line) in coded for line in lines)}
        self.refuse_repeats(self.name_field, mixed)

    def _make_codes(self, taken: set[str]) -> None:
        taken = taken | folded(line.values["code"] for line in self.lines if line.values.get("code"))
        for line in self.lines:
            if line.existing is None and not line.errors and not line.values.get("code"):
                line.values["code"] = made_code(line.values[self.name_field], taken)

    def key_of(self, line: Line) -> str:
        return "code" if self.sheet.cell(line, "code") else self.name_field

    def describe(self, line: Line) -> str:
        def part(name: str) -> str:
            return line.values.get(name) or (getattr(line.existing, name) if line.existing else "") or ""

        name, code = part(self.name_field), part("code")
        return f"{name} ({code})" if name and code else name or code


class PositionCheck(CatalogueCheck):
    model = Position
    name_field = "title"


class OrgUnitCheck(CatalogueCheck):
    model = OrgUnit
    name_field = "name"

    def names_in(self, name: str) -> Iterable[str]:
        return self.catalogue.spellings() if name == "parent" else super().names_in(name)

    def resolve(self) -> None:
        self._resolve_parents()
        self._resolve_heads()

    def check_rules(self) -> None:
        waiting = True
        while waiting:
            waiting = self._refuse_below_faulty() or self._refuse_loops()

    # --- Parents ------------------------------------------------------------------------------------------------
    def _resolve_parents(self) -> None:
        in_file = {line.existing.pk: line for line in self.lines if line.existing}
        by_code = {fold(line.values["code"]): line for line in self.lines if line.values.get("code")}
        by_name: dict[str, list[Line]] = {}
        for line in self.lines:
            if line.values.get("name"):
                by_name.setdefault(fold(line.values["name"]), []).append(line)
        self.parents: dict[int, Line | int] = {}
        for line in self.lines:
            if text := line.values.get("parent"):
                self._resolve_parent(line, self._find_parent(text, by_code, by_name), in_file)

    def _find_parent(self, text: str, by_code: dict[str, Line], by_name: dict[str, list[Line]]) -> list[Line | int]:
        """The units that `text` may mean: by code in the file, by code in the database, then by name."""
        if line := by_code.get(fold(text)):
            return [line]
        if (coded := self.catalogue.coded(text)) is not None:
            return [coded]
        known = {line.existing.pk for line in by_name.get(fold(text), []) if line.existing}
        found: list[Line | int] = list(by_name.get(fold(text), []))
        try:
            named = self.catalogue.named(text)
        except Ambiguous:
            return [0, 0]
        return found + ([named] if named is not None and named not in known else [])

    def _resolve_parent(self, line: Line, found: list[Line | int], in_file: dict[int, Line]) -> None:
        parent = found[0] if len(found) == 1 else None
        if isinstance(parent, int):
            parent = in_file.get(parent, parent)
        if parent is None:
            line.values.pop("parent")
            unknown = _("No such code or name, here or in the file. Correct it.")
            self.fault(
                line,
                "parent",
                _("Several bear this name. Write the code instead.") if found else unknown,
                "ambiguous" if found else "unknown",
            )
        elif parent is line:
            line.values.pop("parent")
            self.fault(
                line, "parent", _("A unit is not part of itself. Leave it blank, or name the unit above."), "itself"
            )
        else:
            self.parents[line.number] = parent
            if isinstance(parent, Line):
                line.values["parent"] = parent.existing.pk if parent.existing else NewRow(parent.number)
            else:
                line.values["parent"] = parent

    def _refuse_below_faulty(self) -> bool:
        refused = False
        for line in self.lines:
            parent = self.parents.get(line.number)
            if isinstance(parent, Line) and parent.existing is None and (parent.errors or parent.verdict == SKIPPED):
                self.parents.pop(line.number)
                message = _("The unit above stands in row %(row)d, which is faulty itself. Correct that row first.")
                if not parent.errors:
                    message = _(
                        "The unit above stands in row %(row)d, which this load leaves out. Load that row first."
                    )
                self.fault(line, "parent", message % {"row": parent.number}, "faulty_above")
                refused = True
        return refused

    def _refuse_loops(self) -> bool:
        above: dict[Hashable, Hashable] = dict(
            OrgUnit._base_manager.exclude(parent=None).values_list("pk", "parent_id")
        )
        changed: dict[Hashable, Line] = {}
        for line in self.lines:
            if line.number in self.parents and not line.errors:
                above[node(line)] = node(self.parents[line.number])
                changed[node(line)] = line
        loops = loops_of(changed, above)
        for loop in loops:
            lines = [changed[node] for node in loop if node in changed]
            rows = self.listed(str(line.number) for line in lines)
            for line in lines:
                self.parents.pop(line.number)
                message = ngettext(
                    "This unit lies below the one in row %(rows)s, directly or through others. Name another one.",
                    "The rows %(rows)s form a circle: each unit would be below itself. Correct one of them.",
                    len(lines),
                )
                self.fault(line, "parent", message % {"rows": rows}, "circle")
        return bool(loops)

    # --- Heads --------------------------------------------------------------------------------------------------
    def _resolve_heads(self) -> None:
        self.people: dict[int, Person] = {}
        if "head" not in self.sheet.mapping.positions:
            return
        identities = Identities(personal_scope(self.user), seen_scope(self.user))
        heads: dict[int, int] = {}
        for line in self.lines:
            if (text := line.values.get("head")) and (head := self._find_head(text, identities)) is not None:
                heads[line.number] = head
        self.people = people_among(self.visible(Employee), heads.values())
        for line in self.lines:
            if not line.values.get("head"):
                continue
            head = heads.get(line.number)
            if head is None or head not in self.people:
                line.values.pop("head")
                self.fault(line, "head", _("No employee has this code or national id. Correct it."), "unknown")
            elif self.people[head].status == Employee.Status.TERMINATED:
                self.fault(line, "head", _("This person no longer works here. Name another head."), "left")
            else:
                line.values["head"] = head

    @staticmethod
    def _find_head(text: str, identities: Identities) -> int | None:
        found = identities.coded(text)
        if found is not None:
            return found
        try:
            return identities.identified(DEFAULT_COUNTRY, normalize_national_id(DEFAULT_COUNTRY, text))
        except DomainError:
            return None

    # --- Comparing ----------------------------------------------------------------------------------------------
    def compare(self, line: Line) -> None:
        super().compare(line)
        above = self.parents.get(line.number)
        line.below = above.number if isinstance(above, Line) else None
