"""The tree of units: create, rename, move, name a head, delete. Paths always follow the parents.

Units are few and read far more than written: one change of the tree at a time, under one lock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any, NoReturn

from django.db.models import F, Value
from django.db.models.functions import Concat, Substr
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, NotFound
from hr import paths
from hr.models import Employee, OrgUnit
from hr.permissions import can_change_unit, can_create_units, can_delete_unit, require
from hr.services.clean import by_attname, check_fields, clean_catalogue, clean_code
from hr.services.rows import assign, hold, levels, lock, locked, naming, refuse_stale, require_all
from hr.services.writing import BATCH, business_atomic, complete, insert, record, remove, write

if TYPE_CHECKING:
    from core.models import User

LOCK = "hr.units"


@dataclass(slots=True, kw_only=True)
class NewOrgUnit:
    """One unit to create. The parent is named by `parent_id`, or by `parent_code`, which may be of the same call."""

    code: str
    name: str
    parent_id: int | None = None
    parent_code: str = ""
    head_id: int | None = None


@business_atomic
def create_org_units(rows: Sequence[NewOrgUnit], *, actor: User | None) -> list[OrgUnit]:
    """Add units; returns them in the order given. Without a parent a unit is a root.

    Raises NotAllowed, NotFound for a parent or head the actor does not see, DomainError for a broken rule.
    """
    require(can_create_units(actor))
    hold(LOCK)
    units, parent_codes = [], []
    for row in rows:
        values = asdict(row)
        parent_codes.append(clean_code(values.pop("parent_code")))
        with naming(row.code, among=len(rows)):
            cleaned = clean_catalogue(OrgUnit, values)
            check_fields(OrgUnit, cleaned)
        units.append(OrgUnit(**cleaned))
    _check_heads([unit.head_id for unit in units], actor)
    _resolve_parents(units, parent_codes, actor)
    record([unit.pk for unit in _insert_parents_first(units)], OrgUnit, "+")
    return units


@business_atomic
def change_org_units(
    changes: Mapping[int, Mapping[str, Any]],
    *,
    actor: User | None,
    versions: Mapping[int, int] | None = None,
    reason: str = "",
) -> list[OrgUnit]:
    """Set code, name, parent or head per unit, {id: {field: value}}; returns those that differ from before.

    A new parent takes the whole subtree along. Raises StaleRow, NotFound, NotAllowed, DomainError.
    """
    named = {key: by_attname(OrgUnit, values) for key, values in changes.items()}
    if any("parent_id" in values for values in named.values()):
        hold(LOCK)
    _check_heads([values.get("head_id") for values in named.values()], actor)
    parents = {values["parent_id"] for values in named.values() if values.get("parent_id")}
    found = lock(OrgUnit, named.keys() | parents, actor)
    require_all(found, named)
    require_all(found, parents, field="parent")
    refuse_stale(found, versions, actor)

    written, fields = [], set()
    for key, values in named.items():
        with naming(found[key], among=len(named)):
            require(can_change_unit(actor, found[key]))
            cleaned = clean_catalogue(OrgUnit, values)
            check_fields(OrgUnit, cleaned)
            changed = assign(found[key], cleaned)
        if changed:
            written.append(found[key])
            fields.update(changed)
    if "parent_id" in fields:
        _rewrite_paths(written)
        fields.add("path")
    return write(written, sorted(fields), reason=reason)


@business_atomic
def move_org_units(ids: Collection[int], *, parent: OrgUnit | None, actor: User | None) -> list[OrgUnit]:
    """Put units, each with all below it, under another one, or at the top."""
    return change_org_units({key: {"parent": parent} for key in ids}, actor=actor)


@business_atomic
def set_heads(heads: Mapping[int, Employee | None], *, actor: User | None) -> list[OrgUnit]:
    """Name the head of each unit, {unit id: employee}; None leaves it without one."""
    return change_org_units({key: {"head": head} for key, head in heads.items()}, actor=actor)


@business_atomic
def delete_org_units(ids: Collection[int], *, actor: User | None) -> int:
    """Delete units that nobody belongs to and nothing is below; returns how many. Their history stays.

    Units may be deleted together with all units below them.
    """
    hold(LOCK)
    units = locked(OrgUnit, ids, actor)
    for unit in units.values():
        require(can_delete_unit(actor, unit))
        _refuse_used(unit, going=units.keys())
    return remove(sorted(units.values(), key=lambda unit: unit.path, reverse=True))


def vacate_heads(employees: Iterable[Employee]) -> list[OrgUnit]:
    """Leave the units of people who go without a head."""
    leaving = [employee.pk for employee in employees]
    units = list(OrgUnit.objects.filter(head__in=leaving).select_for_update().order_by("pk")) if leaving else []
    for unit in units:
        unit.head = None
    return write(units, ["head"], reason=_("The head left."))


def _check_heads(ids: Iterable[int | None], actor: User | None) -> None:
    """Whoever heads a unit works here; under lock, so that he does not leave meanwhile."""
    wanted = {key for key in ids if key}
    heads = lock(Employee, wanted, actor)
    require_all(heads, wanted, field="head")
    for head in heads.values():
        if head.status == Employee.Status.TERMINATED:
            raise DomainError(_("%(boss)s no longer works here.") % {"boss": head}, field="head")


def _resolve_parents(units: Sequence[OrgUnit], codes: Sequence[str], actor: User | None) -> None:
    """Set `parent` to rows: of this call, unsaved as yet, or of the table."""
    by_code = {unit.code: unit for unit in units}
    elsewhere = {code for code in codes if code} - by_code.keys()
    keys = dict(OrgUnit.objects.filter(code__in=elsewhere).values_list("code", "pk")) if elsewhere else {}
    parents = lock(OrgUnit, {*keys.values(), *(unit.parent_id for unit in units if unit.parent_id)}, actor)
    for unit, code in zip(units, codes, strict=True):
        parent = by_code.get(code) or parents.get(keys.get(code, unit.parent_id or 0))
        if parent is None and (code or unit.parent_id):
            with naming(unit, among=len(units)):
                raise NotFound(field="parent")
        unit.parent = parent


def _insert_parents_first(units: Sequence[OrgUnit]) -> list[OrgUnit]:
    """Write one level of the tree after the other; a path needs the keys of all units above."""
    written: list[OrgUnit] = []
    for level in levels(units, "parent"):
        for unit in level:
            unit.path = paths.provisional(unit.code)
        for unit in insert(level):
            unit.path = _joined(unit.parent.path if unit.parent else "", unit.pk)
        complete(level, ["path"])
        written += level
    if len(written) < len(units):
        _refuse_loop(next(unit for unit in units if not unit.pk))
    return written


def _rewrite_paths(changed: Sequence[OrgUnit]) -> None:
    """Give `changed` units, still unwritten, the paths of their new places, and write those of the units below."""
    new = {unit.pk: unit for unit in changed}
    children: dict[int | None, list[tuple[int, str]]] = {}
    for pk, parent_id, path in OrgUnit.objects.order_by("path").values_list("pk", "parent_id", "path"):
        children.setdefault(new[pk].parent_id if pk in new else parent_id, []).append((pk, path))

    placed: set[int] = set()
    moved: dict[tuple[str, str], list[int]] = {}
    # Downwards from the roots, each with the path above it and the (old, new) path of the nearest changed unit.
    waiting = [(pk, old, "", ("", "")) for pk, old in children.get(None, ())]
    while waiting:
        pk, old, above, prefix = waiting.pop()
        path = _joined(above, pk)
        if pk in new:
            new[pk].path, prefix = path, (old, path)
        elif path != old:
            moved.setdefault(prefix, []).append(pk)
        placed.add(pk)
        waiting += [(child, child_old, path, prefix) for child, child_old in children.get(pk, ())]

    if loop := [unit for unit in changed if unit.pk not in placed]:
        _refuse_loop(loop[0])
    for (old, path), keys in moved.items():
        _replace_prefix(keys, old, path)


def _replace_prefix(keys: Sequence[int], old: str, new: str) -> None:
    """Rewrite the paths of a subtree, in one statement per thousand units."""
    path = Concat(Value(new), Substr("path", len(old) + 1))
    for batch in batched(keys, BATCH):
        rows = OrgUnit.objects.filter(pk__in=batch)
        rows.update(path=path, version=F("version") + 1, updated_at=timezone.now())
    record(keys, OrgUnit, "~")


def _joined(above: str, key: int) -> str:
    try:
        return paths.join(above, key)
    except ValueError:
        limit = paths.MAX_LENGTH // paths.WIDTH
        raise DomainError(_("Units go at most %(limit)d levels deep.") % {"limit": limit}, field="parent") from None


def _refuse_loop(unit: OrgUnit) -> NoReturn:
    raise DomainError(_("%(unit)s cannot be part of itself or of a unit below it.") % {"unit": unit}, field="parent")


def _refuse_used(unit: OrgUnit, *, going: Collection[int]) -> None:
    people = unit.employees.count()
    below = unit.children.exclude(pk__in=going).count()
    if people or below:
        raise DomainError(
            _("%(unit)s is in use: people who belong or belonged to it %(people)d, units directly below it %(below)d.")
            % {"unit": unit, "people": people, "below": below}
        )
