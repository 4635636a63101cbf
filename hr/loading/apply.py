"""Write what a plan says, through the services and in bulk, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from core.text import fold
from hr.loading.catalogue import folded, made_code
from hr.loading.check_employees import ToCreate
from hr.loading.lines import CHANGED, NEW, Line
from hr.loading.plan import Plan
from hr.models import OrgUnit, Position
from hr.services.codes import next_codes
from hr.services.employees import NewEmployee, change_employees, hire_employees
from hr.services.org_units import NewOrgUnit, change_org_units, create_org_units
from hr.services.positions import NewPosition, change_positions, create_positions

if TYPE_CHECKING:
    from core.models import User


def write_employees(plan: Plan, *, actor: User | None) -> None:
    """Create what is missing, change who is there, hire who is new, then change those whose boss is new."""
    new, changed = plan.of(NEW), plan.of(CHANGED)
    _create_missing(plan, [*new, *changed], actor)
    below_new = [line for line in changed if isinstance(line.changes.get("reports_to"), Line)]
    late = {id(line) for line in below_new}
    _change(change_employees, [line for line in changed if id(line) not in late], actor)
    _hire(new, actor)
    for line in below_new:
        line.changes["reports_to"] = line.changes["reports_to"].object_id
    _change(change_employees, below_new, actor)


def write_org_units(plan: Plan, *, actor: User | None) -> None:
    """As for employees; a parent may be any other unit of the file."""
    new, changed = plan.of(NEW), plan.of(CHANGED)
    rows = []
    for line in new:
        parent = line.changes.get("parent")
        rows.append(
            NewOrgUnit(
                code=line.changes["code"],
                name=line.changes["name"],
                parent_id=parent if isinstance(parent, int) else None,
                parent_code=parent.values["code"] if isinstance(parent, Line) else "",
                head_id=line.changes.get("head"),
            )
        )
    _note_keys(new, create_org_units(rows, actor=actor) if rows else [])
    for line in changed:
        if isinstance(parent := line.changes.get("parent"), Line):
            line.changes["parent"] = parent.object_id
    _change(change_org_units, changed, actor)


def write_positions(plan: Plan, *, actor: User | None) -> None:
    new = plan.of(NEW)
    rows = [NewPosition(code=line.changes["code"], title=line.changes["title"]) for line in new]
    _note_keys(new, create_positions(rows, actor=actor) if rows else [])
    _change(change_positions, plan.of(CHANGED), actor)


def _hire(lines: list[Line], actor: User | None) -> None:
    if not lines:
        return
    taken = frozenset(line.values["code"] for line in lines if line.values.get("code"))
    made = iter(next_codes(sum(not line.values.get("code") for line in lines), taken=taken))
    for line in lines:
        line.values["code"] = line.values.get("code") or next(made)
    known = {field.name for field in fields(NewEmployee)}
    rows = []
    for line in lines:
        values: dict[str, Any] = {"code": line.values["code"]}
        for name, value in line.changes.items():
            if name == "reports_to":
                key = "reports_to_code" if isinstance(value, Line) else "reports_to_id"
                values[key] = value.values["code"] if isinstance(value, Line) else value
            else:
                values[name if name in known else f"{name}_id"] = value
        rows.append(NewEmployee(**values))
    _note_keys(lines, hire_employees(rows, actor=actor))


def _change(change: Any, lines: list[Line], actor: User | None) -> None:
    if not lines:
        return
    changes = {}
    for line in lines:
        assert line.existing is not None
        line.object_id = line.existing.pk
        changes[line.existing.pk] = line.changes
    change(changes, actor=actor)


def _note_keys(lines: list[Line], rows: Iterable[Any]) -> None:
    for line, row in zip(lines, rows, strict=True):
        line.object_id = row.pk


def _create_missing(plan: Plan, lines: list[Line], actor: User | None) -> None:
    """Create the units and positions that the lines to be written name, and put their keys in place of the names."""
    units = _names(lines, "org_unit")
    if units:
        taken = folded(OrgUnit.objects.values_list("code", flat=True))
        roots = list(OrgUnit.objects.filter(parent=None).values_list("pk", flat=True)[:2])
        # Below the organisation itself where there is one; whoever knows better moves them.
        parent = roots[0] if len(roots) == 1 else None
        new = [NewOrgUnit(code=made_code(name, taken), name=name, parent_id=parent) for name in units.values()]
        _put_keys(lines, "org_unit", units, create_org_units(new, actor=actor))
    titles = _names(lines, "position")
    if titles:
        taken = folded(Position.objects.values_list("code", flat=True))
        positions = [NewPosition(code=made_code(title, taken), title=title) for title in titles.values()]
        _put_keys(lines, "position", titles, create_positions(positions, actor=actor))


def _names(lines: list[Line], field: str) -> dict[str, str]:
    """The names to create, by their folded form, in the order of the file."""
    return {fold(value): str(value) for line in lines if isinstance(value := line.changes.get(field), ToCreate)}


def _put_keys(lines: list[Line], field: str, names: dict[str, str], rows: Iterable[Any]) -> None:
    keys = dict(zip(names, (row.pk for row in rows), strict=True))
    for line in lines:
        if isinstance(value := line.changes.get(field), ToCreate):
            line.changes[field] = keys[fold(value)]
