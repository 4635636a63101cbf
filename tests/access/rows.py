"""Rows of every model the admin knows, made from what its fields ask for: a new model needs nothing here."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import NOT_PROVIDED, AutoField, Field, Model
from django.utils import timezone

from core.models import GroupGrant, User, UserGrant
from hr.models import Attendance, Employee, Event, OrgUnit, Position
from tests.hr.personas import EMPLOYEES, PERSONAS, World

# Rows of these stand in the world already.
FIRST_KEY, GRANT_KEYS = 4_450_001, 4_460_001
# A column that says whose the row is, by the id of an account or by a key to it.
OWNER = ("user", "user_id", "owner_id", "created_by_id")
# What a row must or should have beside what its fields ask for.
VALUES: dict[str, dict[str, object]] = {
    "hr.event": {
        "state": "published",
        "mandatory": True,
        "seats_taken": len(EMPLOYEES),
        "starts_at": timezone.now() + timedelta(days=2),
        "ends_at": timezone.now() + timedelta(days=3),
    },
    "hr.attendancecorrection": {"outcome": "present"},
    "hr.changerequest": {"field": "hired_on", "old": "2020-01-07", "new": "2020-01-08", "reason": "made up"},
    "hr.evaluation": {"state": "submitted"},
    "hr.evaluationround": {"days_to_answer": 7},
    "hr.formversion": {"published_at": timezone.now()},
}
# An event in which nobody is enrolled.
NOBODYS = "for nobody"
MADE = uuid.UUID("44444444-4444-4444-8444-444444440000")


@dataclass(frozen=True)
class Row:
    """`about` is the key of an employee or unit, `owner` that of a persona; None where there is none.

    `what` a grant gives, and on whom: `act_as_manager on hernan`; or NOBODYS.
    """

    model: type[Model]
    pk: object
    about: str | None = None
    owner: str | None = None
    what: str = ""

    @property
    def label(self) -> str:
        return self.model._meta.label_lower

    def __str__(self) -> str:
        return f"{self.label} of {self.about or self.owner or 'nobody'}"


class Rows:
    """All rows there are, by model."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.by_model: dict[type[Model], list[Row]] = {
            Employee: [Row(Employee, row.pk, about=key) for key, row in world.employees.items()],
            OrgUnit: [Row(OrgUnit, row.pk, about=key) for key, row in world.units.items()],
            Position: [Row(Position, row.pk, about=key) for key, row in world.positions.items()],
            User: [Row(User, user.pk, owner=key) for key, user in world.users.items() if user],
            Group: [Row(Group, group.pk) for group in Group.objects.exclude(name="Night shift")],
            **{model: self._with_new_keys(model) for model in (UserGrant, GroupGrant)},
        }
        self._next = FIRST_KEY
        for model in admin.site._registry:
            if model not in self.by_model:
                self.by_model[model] = list(self._make(model))
                # Room for rows that a test adds, which take the next keys.
                self._next += 200

    def __iter__(self) -> Iterator[Row]:
        for rows in self.by_model.values():
            yield from rows

    def another(self, row: Row) -> Row:
        """One more of the model, which nothing points at."""
        return self._row(row.model, {"path": "009999"} if row.model is OrgUnit else {})

    def _with_new_keys(self, model: type[Model]) -> list[Row]:
        """Their own are 1, 2, 3: nothing by which they could be told in a text."""
        named = {str(row.pk): key for known in (self.world.employees, self.world.units) for key, row in known.items()}
        rows = []
        for number, grant in enumerate(model._base_manager.order_by("pk"), GRANT_KEYS):
            key = number + (500 if model is GroupGrant else 0)
            model._base_manager.filter(pk=grant.pk).update(id=key)
            rows.append(Row(model, key, what=f"{grant.permission.codename} on {named[grant.object_pk]}"))
        return rows

    def grant_on(self, row: Row) -> Row | None:
        """A user's grant on the row."""
        return next((grant for grant in self.by_model[UserGrant] if grant.what.endswith(f" on {row.about}")), None)

    def _make(self, model: type[Model]) -> Iterator[Row]:
        """One for each employee or his attendance, or for each account, or just one, as the model has it."""
        fields = {
            field.attname if field.name == field.attname else field.name: field for field in model._meta.concrete_fields
        }
        employee = next((name for name, field in fields.items() if field.related_model is Employee), None)
        owner = next((name for name in OWNER if name in fields), None)
        if employee:
            for key in EMPLOYEES:
                asker = self._asker(model, key)
                values = {"asked_by_id": self.world.users[asker].pk} if asker else {}
                yield self._row(model, {employee: self.world.employees[key], **values}, about=key, owner=asker)
        elif part := next((name for name, field in fields.items() if field.related_model is Attendance), None):
            for row in self._rows_of(Attendance):
                yield self._row(model, {part: Attendance._base_manager.get(pk=row.pk)}, about=row.about)
        elif owner:
            for key, user in self.world.users.items():
                if user:
                    yield self._row(model, {owner: user if fields[owner].is_relation else user.pk}, owner=key)
        else:
            yield self._row(model, {})
            if model is Event:
                # Everybody is enrolled in the first one; of this one few may know.
                yield self._row(model, {}, what=NOBODYS)

    @staticmethod
    def _asker(model: type[Model], employee: str) -> str | None:
        """The persona that is this employee and asked for it; None of what nobody asks for, or of who is no persona."""
        who = next((key for key, persona in PERSONAS.items() if persona.employee == employee), None)
        return who if any(field.name == "asked_by_id" for field in model._meta.concrete_fields) else None

    def _row(self, model: type[Model], values: dict[str, object], **known: Any) -> Row:
        values = VALUES.get(model._meta.label_lower, {}) | values
        for field in model._meta.concrete_fields:
            if field.name not in values and not isinstance(field, AutoField) and _is_needed(field):
                values[field.name] = self._value(field)
        key: object = (
            uuid.UUID(int=MADE.int + self._next) if model._meta.pk.get_internal_type() == "UUIDField" else self._next
        )
        self._next += 1
        model._default_manager.create(pk=key, **values)
        return Row(model, key, **known)

    def _value(self, field: Field) -> object:
        if field.is_relation:
            return self._related(field.related_model)
        if field.choices:
            return field.flatchoices[0][0]
        kind = field.get_internal_type()
        simple = {
            "DateTimeField": timezone.now(),
            "DateField": timezone.localdate(),
            "BooleanField": False,
            "JSONField": {},
        }
        if kind in simple:
            return simple[kind]
        if "Integer" in kind or kind == "DecimalField":
            return 1
        if kind == "GenericIPAddressField":
            return "192.0.2.44"
        return "made up " + "".join(chr(ord("a") + int(digit)) for digit in str(self._next))

    def _related(self, model: type[Model]) -> Model:
        return model._base_manager.get(pk=self._rows_of(model)[0].pk)

    def _rows_of(self, model: type[Model]) -> list[Row]:
        if model not in self.by_model:
            self.by_model[model] = list(self._make(model))
            self._next += 200
        return self.by_model[model]


def _is_needed(field: Field) -> bool:
    return (
        not field.primary_key
        and not field.null
        and (field.default is NOT_PROVIDED or field.unique)
        and not (field.blank and field.empty_strings_allowed)
    )
