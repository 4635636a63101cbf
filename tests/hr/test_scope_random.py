"""Scope and its reasons, held against the rules of docs/scope.md in plain Python, over random organisations."""

import random
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from core import access, roles
from core.models import User
from hr import paths, scope
from hr.explain import explain
from hr.models import Employee, OrgUnit, Position
from hr.rights import ADD, CHANGE, PERSONAL, VIEW
from hr.scope import scope_for

UNITS, PEOPLE, ACCOUNTS, GRANTS = 12, 40, 14, 30
ON_EMPLOYEES = {"view_employee": VIEW, "change_employee": CHANGE, "view_personal_data": PERSONAL}
ON_UNITS = {
    "view_employee_in": VIEW,
    "change_employee_in": CHANGE,
    "view_personal_data_in": PERSONAL,
    "add_employee_in": ADD,
}
STAFF = {roles.HR_MANAGER: {VIEW, CHANGE, PERSONAL, ADD}, roles.AUDITOR: {VIEW, PERSONAL}}


class Organisation:
    """Units, people with any boss whatever (cycles included), accounts, and grants past, present and future."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.units = self._make_units()
        self.people = self._make_people()
        self.users = self._make_users()
        # (holders, codename, row) of those in force.
        self.grants = []
        for _ in range(GRANTS):
            self._grant()

    def _make_units(self):
        units = []
        for pk in range(1, UNITS + 1):
            parent = self.random.choice([None, *units, *units])
            path = paths.join(parent.path if parent else "", pk)
            units.append(OrgUnit(pk=pk, code=f"U{pk}", name=f"Unit {pk}", parent=parent, path=path))
        return OrgUnit.objects.bulk_create(units)

    def _make_people(self):
        position = Position.objects.bulk_create(Position(code=f"P{n}", title=f"Position {n}") for n in range(6))
        people = [
            Employee(
                pk=pk,
                code=f"E{pk}",
                first_name="Any",
                last_name=f"Body {pk}",
                hired_on=date(2020, 1, 7),
                org_unit=self.random.choice(self.units),
                position=self.random.choice([None, *position]),
                status=self.random.choice(["active"] * 8 + ["suspended", "terminated"]),
            )
            for pk in range(1, PEOPLE + 1)
        ]
        for person in people:
            person.ended_on = date(2024, 1, 31) if person.status == "terminated" else None
        Employee.objects.bulk_create(people)
        for person in people:
            person.reports_to = self.random.choice([None, *people])
        Employee.objects.bulk_update(people, ["reports_to"])
        for unit in self.units:
            unit.head = self.random.choice([None, *people])
        OrgUnit.objects.bulk_update(self.units, ["head"])
        return people

    def _make_users(self):
        roles.sync_roles()
        linked = [*self.random.sample(self.people, ACCOUNTS - 2), None, None]
        users = User.objects.bulk_create(
            User(username=f"user{n}", employee_uid=person.uid if person else None, is_active=self.random.random() > 0.1)
            for n, person in enumerate(linked)
        )
        self.employee_of = dict(zip((user.pk for user in users), linked, strict=True))
        self.roles_of = {user.pk: self.random.choice([None] * 6 + list(STAFF)) for user in users}
        self.shift = Group.objects.create(name="Night shift")
        self.members = set(self.random.sample([user.pk for user in users], 4))
        for user in users:
            groups = [Group.objects.get(name=self.roles_of[user.pk])] if self.roles_of[user.pk] else []
            user.groups.set(groups + ([self.shift] if user.pk in self.members else []))
        return users

    def _grant(self):
        hours = timedelta(hours=1)
        begins, ends = self.random.choice([(-2, 2), (-2, 2), (-2, None), (-2, -1), (1, 2)])
        now = timezone.now()
        dates = {"valid_from": now + begins * hours, "valid_until": None if ends is None else now + ends * hours}
        codename = self.random.choice([*ON_EMPLOYEES, *ON_UNITS, "act_as_manager"])
        row = self.random.choice(self.units if codename in ON_UNITS else self.people)
        holder = self.random.choice([*self.users, *self.users, self.shift])
        key = (holder, codename, row.pk)
        self.grants = [grant for grant in self.grants if grant[0] != key]  # a second grant renews the first
        access.grant(codename, holder, row, **dates)
        if begins < 0 and ends != -1:
            holders = self.members if holder == self.shift else {holder.pk}
            self.grants.append((key, holders, codename, row))

    # --- The rules, once more ---------------------------------------------------------------------------------------
    def held(self, user, right):
        """Keys of the people on whom some rule gives the user the right."""
        own, role = self.employee_of[user.pk], self.roles_of[user.pk]
        if not user.is_active or (own is not None and own.status != "active"):
            return set()
        if role and right in STAFF[role]:
            return {person.pk for person in self.people}
        found = {own.pk} if own and right in (VIEW, PERSONAL) else set()
        for codename, row in self._granted(user):
            if ON_EMPLOYEES.get(codename) == right:
                found.add(row.pk)
            elif ON_UNITS.get(codename) == right:
                found |= self._people_in(row)
        if right == VIEW:
            lenders = [row for codename, row in self._granted(user) if codename == "act_as_manager"]
            for manager in {own, *lenders} - {None}:
                if manager.status == "active":
                    found |= self._managed_by(manager)
        return found

    def hires_into(self, user):
        """Keys of units; None is every one."""
        own, role = self.employee_of[user.pk], self.roles_of[user.pk]
        if not user.is_active or (own is not None and own.status != "active"):
            return set()
        if role and ADD in STAFF[role]:
            return {unit.pk for unit in self.units}
        granted = [row for codename, row in self._granted(user) if codename == "add_employee_in"]
        return {unit.pk for row in granted for unit in self._below(row)}

    def _granted(self, user):
        return [(codename, row) for _key, holders, codename, row in self.grants if user.pk in holders]

    def _managed_by(self, manager):
        headed = [unit for unit in self.units if unit.head_id == manager.pk]
        return self._line_below(manager).union(*(self._people_in(unit) for unit in headed))

    def _line_below(self, manager):
        found, latest = set(), {manager.pk}
        while latest:
            latest = {person.pk for person in self.people if person.reports_to_id in latest} - found
            found |= latest
        return found

    def _people_in(self, unit):
        below = {part.pk for part in self._below(unit)}
        return {person.pk for person in self.people if person.org_unit_id in below}

    def _below(self, unit):
        by_key = {part.pk: part for part in self.units}

        def is_below(part):
            while part is not None and part.pk != unit.pk:
                part = by_key.get(part.parent_id)
            return part is not None

        return [part for part in self.units if is_below(part)]


@pytest.fixture(params=range(6))
def organisation(request, db):
    return Organisation(request.param)


def keys(rows):
    return set(rows.values_list("pk", flat=True))


@pytest.mark.parametrize("few", [scope.FEW, 0], ids=["by keys", "by subquery"])
def test_everybody_reaches_whom_the_rules_say(organisation, few, monkeypatch):
    monkeypatch.setattr(scope, "FEW", few)
    for account in organisation.users:
        user = User.objects.get(pk=account.pk)
        sees, role = organisation.held(account, VIEW), organisation.roles_of[account.pk]
        hires = organisation.hires_into(account)

        assert keys(Employee.objects.visible_to(user)) == sees
        assert keys(Employee.objects.personal_to(user)) == sees & organisation.held(account, PERSONAL)
        assert keys(Employee.objects.changeable_by(user)) == sees & organisation.held(account, CHANGE)
        assert keys(OrgUnit.objects.open_to_hire(user)) == hires
        assert {row.pk for row in organisation.people if scope_for(user, VIEW).covers(row)} == sees
        if not role:
            positions = {row.position_id for row in organisation.people if row.pk in sees} - {None}
            assert keys(Position.objects.visible_to(user)) == positions


def test_the_reasons_told_give_exactly_what_is_held(organisation):
    for account in organisation.users:
        user = User.objects.get(pk=account.pk)
        sees = organisation.held(account, VIEW)

        told = {
            person.pk: frozenset().union(*(reason.rights for reason in explain(user, person)))
            for person in organisation.people
        }

        assert {key for key, rights in told.items() if VIEW in rights} == sees
        for right in (CHANGE, PERSONAL):
            held = sees & organisation.held(account, right)
            assert {key for key, rights in told.items() if right in rights} == held
