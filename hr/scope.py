"""Which rows a user answers for: facts read once per request, and what follows from them without a query.

The rules are in docs/scope.md, what each gives in hr/rights.py. Nothing here outlives the user object of a request,
so that what is granted opens, and what is revoked or has expired closes, with the next one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import Exists, OuterRef, Q

from core import access
from hr import paths
from hr.rights import DELEGATION, EMPLOYEE_GRANTS, EVENT_GRANTS, MANAGER_RIGHTS, SELF_RIGHTS, UNIT_GRANTS, VIEW

if TYPE_CHECKING:
    from core.models import User
    from hr.models import Employee

NOBODY: frozenset[int] = frozenset()
# Beyond so many subtrees one read of all units costs less than a condition for each.
RANGES = 50
# So many people of a line are named by their keys; a longer line stays a subquery.
FEW = 1000


@dataclass(frozen=True)
class Scope:
    """The employees a right reaches: all; or those of the units, those named, and those below the roots of a line."""

    everything: bool = False
    unit_ids: frozenset[int] = NOBODY
    employee_ids: frozenset[int] = NOBODY
    line_roots: frozenset[int] = NOBODY
    # What is known of lines already, by roots and units: of one user, most rights have the same.
    lines: dict[tuple[frozenset[int], frozenset[int]], frozenset[int] | None] = field(
        default_factory=dict, repr=False, compare=False
    )

    def __bool__(self) -> bool:
        return self.everything or bool(self.unit_ids or self.employee_ids or self.line_roots)

    def as_q(self, relation: str = "") -> Q:
        """The condition on employees, or on rows that point at one by `relation`. Not for `everything`.

        Engines scan everybody for an OR with a subquery. So a line is asked for by its few people outside the units,
        which are mostly none: whoever heads units is the boss of those in them. Only a long line becomes a subquery,
        and then the only condition.
        """
        from hr.querysets import reached_by

        prefix = f"{relation}__" if relation else ""
        line = self.line_outside
        if line is None:
            return Q(**{f"{prefix}pk__in": reached_by(self)})
        found = Q(**{f"{prefix}org_unit_id__in": self.unit_ids}) if self.unit_ids else Q()
        people = self.employee_ids | line
        if people or not found:
            found |= Q(**{f"{prefix}pk__in": people})
        return found

    @cached_property
    def line_outside(self) -> frozenset[int] | None:
        """Those below `line_roots` who are outside the units, if they are few; None if not. At most one query."""
        from hr.querysets import line_outside

        if not self.line_roots:
            return NOBODY
        key = (self.line_roots, self.unit_ids)
        if key not in self.lines:
            found = line_outside(self.line_roots, self.unit_ids, most=FEW + 1)
            self.lines[key] = frozenset(found) if len(found) <= FEW else None
        return self.lines[key]

    def covers(self, employee: Employee) -> bool:
        """Whether it reaches the employee as he was read. A query only for somebody further down a line."""
        if self.everything or employee.pk in self.employee_ids or employee.org_unit_id in self.unit_ids:
            return True
        if not self.line_roots or employee.reports_to_id is None:
            return False
        if employee.reports_to_id in self.line_roots:
            return True
        if self.line_outside is not None:
            return employee.pk in self.line_outside
        return _employees().filter(self.as_q(), pk=employee.pk).exists()


class Facts:
    """What the rules need to know of a user. Read when it is asked for, in at most four queries, whatever the size.

    `employee_id` and `unit_id`, where he belongs, are None for external staff; `managers` are the active employees for
    whom the user answers as a manager: himself, and those whose delegation he holds. `bosses` are those of them to
    whom somebody reports.
    """

    def __init__(self, user: User) -> None:
        self.may_act = False
        self.employee_id: int | None = None
        self.unit_id: int | None = None
        self.managers = self.bosses = NOBODY
        self.grants: list[access.HeldGrant] = []
        self.scopes: dict[str, Scope] = {}
        self.lines: dict[tuple[frozenset[int], frozenset[int]], frozenset[int] | None] = {}
        if user.is_active:
            self._read(user)

    def _read(self, user: User) -> None:
        grants = access.held_grants(user, "hr")
        delegators = {grant.object_id for grant in grants if grant.codename == DELEGATION}
        people = _active_people(user.employee_uid, delegators)
        own = next((person for person in people if person["uid"] == user.employee_uid), None)
        if user.employee_uid is not None and own is None:
            return
        self.may_act = True
        self.employee_id, self.unit_id = (own["pk"], own["org_unit_id"]) if own else (None, None)
        self.managers = frozenset(person["pk"] for person in people)
        self.bosses = frozenset(person["pk"] for person in people if person["leads"])
        self.grants = grants

    @cached_property
    def tops(self) -> list[tuple[int, str, int | None]]:
        """(key, path, head) of the units that `managers` head or that a grant is on."""
        granted = {grant.object_id for grant in self.grants if grant.model == "orgunit"}
        if not self.managers and not granted:
            return []
        units = _units().filter(Q(head_id__in=self.managers) | Q(pk__in=granted))
        return list(units.order_by("path").values_list("pk", "path", "head_id"))

    @cached_property
    def subtrees(self) -> dict[int, frozenset[int]]:
        """Of each of the `tops`: its key and those of all units below it."""
        found: dict[int, set[int]] = {pk: set() for pk, _path, _head in self.tops}
        by_path = {path: pk for pk, path, _head in self.tops}
        lengths = sorted({len(path) for path in by_path})
        for pk, path in units_below(by_path):
            for length in lengths:
                top = by_path.get(path[:length])
                if top is not None:
                    found[top].add(pk)
        return {top: frozenset(keys) for top, keys in found.items()}

    @property
    def managed_units(self) -> frozenset[int]:
        """The units headed by one of `managers`, and all below."""
        return self._united(pk for pk, _path, head in self.tops if head in self.managers)

    def units_granted(self, codename: str) -> frozenset[int]:
        """The units on which, or on one above which, the user holds this permission."""
        granted = {grant.object_id for grant in self.grants if grant.codename == codename}
        return self._united(granted & self.subtrees.keys()) if granted else NOBODY

    def events_granted(self, right: str) -> frozenset[int]:
        """The events in which the user holds this right on everybody enrolled."""
        return frozenset(
            grant.object_id
            for grant in self.grants
            if grant.model == "event" and EVENT_GRANTS.get(grant.codename) == right
        )

    @cached_property
    def audience(self) -> tuple[frozenset[int], int | None]:
        """The units the user's employee is part of, from his own upwards, and his position: whom events are for."""
        own = _employees().filter(pk=self.employee_id).values_list("org_unit__path", "position_id").first()
        return (frozenset(paths.ids(own[0])), own[1]) if own else (NOBODY, None)

    def _united(self, tops: Iterable[int]) -> frozenset[int]:
        return NOBODY.union(*(self.subtrees[top] for top in tops))


def facts_of(user: User) -> Facts:
    """Read once per user object, that is once per request."""
    facts: Facts | None = getattr(user, "_hr_facts", None)
    if facts is None:
        facts = user._hr_facts = Facts(user)  # type: ignore[attr-defined]
    return facts


def may_act(user: User) -> bool:
    """`settings.MAY_ACT`: without it `user.has_perm` is false for everything.

    A linked user acts only while the employee is active, whatever his role says.
    """
    return facts_of(user).may_act


def is_manager(user: User) -> bool:
    """Whether the user heads a unit or somebody reports to him: a fact, not a role."""
    facts = facts_of(user)
    own = facts.employee_id
    return own is not None and (own in facts.bosses or any(head == own for _pk, _path, head in facts.tops))


def stands_in(user: User) -> bool:
    """Whether the user answers for the people of a manager who is away."""
    facts = facts_of(user)
    return any(pk != facts.employee_id for pk in facts.managers)


def answers_for_others(user: User, permission: str = VIEW) -> bool:
    """Whether the user holds the permission, to see them as a rule, on anybody beside himself."""
    scope, own = scope_for(user, permission), facts_of(user).employee_id
    return bool(scope.everything or scope.unit_ids or scope.line_roots or any(pk != own for pk in scope.employee_ids))


def has_role_right(user: User, permission: str) -> bool:
    """Whether a role gives the user `permission` (app.codename) over the whole organisation."""
    return user.has_perm(permission)


def scope_for(user: User, permission: str) -> Scope:
    """The employees on whom `user` holds `permission` now."""
    scopes = facts_of(user).scopes
    if permission not in scopes:
        scopes[permission] = _scope(user, permission)
    return scopes[permission]


def events_for(user: User, permission: str) -> frozenset[int]:
    """The events in which a grant gives `user` this right on everybody enrolled now, beside `scope_for`."""
    facts = facts_of(user)
    return facts.events_granted(permission) if facts.may_act else NOBODY


def people_of(user: User) -> Scope:
    """The employees for whom the user answers as a manager, or as who stands in for one; no grant, and no role."""
    facts = facts_of(user)
    return Scope(unit_ids=facts.managed_units, line_roots=facts.bosses) if facts.may_act else Scope()


def _scope(user: User, permission: str) -> Scope:
    if has_role_right(user, permission):
        return Scope(everything=True)
    facts = facts_of(user)
    if not facts.may_act:
        return Scope()
    units: set[int] = set()
    employees: set[int] = set()
    bosses = NOBODY
    if permission in MANAGER_RIGHTS:
        units |= facts.managed_units
        bosses = facts.bosses
    for grant in facts.grants:
        if EMPLOYEE_GRANTS.get(grant.codename) == permission:
            employees.add(grant.object_id)
    for codename, right in UNIT_GRANTS.items():
        if right == permission:
            units |= facts.units_granted(codename)
    if permission in SELF_RIGHTS and facts.employee_id is not None and facts.unit_id not in units:
        employees.add(facts.employee_id)
    return Scope(unit_ids=frozenset(units), employee_ids=frozenset(employees), line_roots=bosses, lines=facts.lines)


def _active_people(uid: Any, delegators: set[int]) -> list[dict[str, Any]]:
    if uid is None and not delegators:
        return []
    wanted = Q(pk__in=delegators) if uid is None else Q(uid=uid) | Q(pk__in=delegators)
    leads = Exists(_employees().filter(reports_to=OuterRef("pk")))
    people = _employees().filter(wanted, status="active").annotate(leads=leads)
    return list(people.order_by().values("pk", "uid", "org_unit_id", "leads"))


def units_below(tops: Iterable[str]) -> Iterable[tuple[int, str]]:
    """(key, path) of the units with these paths and of all below them, none twice; of all units where tops are many."""
    outermost: list[str] = []
    for path in sorted(tops):
        if not outermost or not path.startswith(outermost[-1]):
            outermost.append(path)
    if not outermost:
        return ()
    units = _units().order_by().values_list("pk", "path")
    if len(outermost) > RANGES:
        return units
    wanted = Q()
    for path in outermost:
        wanted |= Q(path__gte=path, path__lt=paths.after(path))
    return units.filter(wanted)


def _employees() -> Any:
    return apps.get_model("hr", "Employee")._base_manager


def _units() -> Any:
    return apps.get_model("hr", "OrgUnit")._base_manager
