"""Rows of every model the admin knows, and of every other one of `hr`: a new model needs nothing here.

They are made from what the fields ask for. Texts, those that may be empty, too, name the row: whoever reads one of them
on a page was told of that row.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import NOT_PROVIDED, AutoField, CharField, Field, Model, TextField
from django.utils import timezone

from core import access
from core.models import GroupGrant, User, UserGrant
from hr.models import (
    Answer,
    Attendance,
    Employee,
    Evaluation,
    Event,
    EventFigures,
    EventSession,
    FiguresDue,
    ImportJob,
    Lease,
    OrgUnit,
    Position,
    StoredFile,
)
from tests.hr.personas import EMPLOYEES, PERSONAS, World

# Rows of these stand in the world already.
FIRST_KEY, GRANT_KEYS = 4_450_001, 4_460_001
MADE_UP_TEXT = "made up "
LETTERS = str.maketrans("0123456789", "abcdefghij")
# A column that says whose the row is, by the id of an account or by a key to it; beside an employee, who asked for it.
OWNER = ("user", "user_id", "owner_id", "created_by_id")
ASKED = "asked_by_id"
# What there is one of for each of these is part of it, seen by who sees it.
WHOLES = (Attendance, Evaluation, ImportJob, StoredFile)
# Whose turn it is, and what is counted: no rows of anybody.
NO_ROWS = (Lease, EventFigures, FiguresDue)
# What a row must or should have beside what its fields ask for.
VALUES: dict[str, dict[str, object]] = {
    "hr.event": {
        "state": "published",
        "mandatory": True,
        "seats_taken": len(EMPLOYEES),
        "starts_at": timezone.now() + timedelta(days=2),
        "ends_at": timezone.now() + timedelta(days=3),
    },
    "hr.eventsession": {
        "starts_at": timezone.now() + timedelta(days=2),
        "ends_at": timezone.now() + timedelta(days=2, hours=1),
    },
    "hr.attendancecorrection": {"outcome": "present"},
    "hr.changerequest": {"field": "hired_on", "old": "2020-01-07", "new": "2020-01-08", "reason": "made up"},
    "hr.evaluation": {"state": "submitted"},
    "hr.importjob": {
        "state": "applied",
        "rows": 2,
        "created": 1,
        "failed": 1,
        "full_roster": True,
        "applied_at": timezone.now(),
        "undo_until": timezone.now() + timedelta(days=30),
    },
    "hr.evaluationround": {"days_to_answer": 7},
    "hr.formversion": {"published_at": timezone.now()},
    # The worker is making it.
    "hr.exportlog": {"heartbeat_at": timezone.now()},
}
# An event in which everybody is enrolled, and one in which nobody is.
EVERYBODYS, NOBODYS = "for everybody", "for nobody"
MADE = uuid.UUID("44444444-4444-4444-8444-444444440000")


@dataclass(frozen=True)
class Row:
    """`about` is the key of an employee or unit, `owner` that of a persona; None where there is none.

    `what` a grant gives, and on what: `act_as_manager on hernan`; of an event EVERYBODYS or NOBODYS.
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
        for model in [*admin.site._registry, *apps.get_app_config("hr").get_models()]:
            if model._meta.model_name.startswith("historical") or model in NO_ROWS:
                continue
            if model not in self.by_model:
                self.by_model[model] = list(self._make(model))
                # Room for rows that a test adds, which take the next keys.
                self._next += 200
        event = Event.objects.get(pk=self.by_model[Event][0].pk)
        Event.objects.filter(pk=event.pk).update(seats_taken=len(EMPLOYEES))
        self.by_model[UserGrant].append(self._grant_to_come(event))

    def __iter__(self) -> Iterator[Row]:
        for rows in self.by_model.values():
            yield from rows

    def another(self, row: Row) -> Row:
        """One more of the model, which nothing points at."""
        return self._row(row.model, {OrgUnit: {"path": "009999"}, Event: {"state": "draft"}}.get(row.model, {}))

    def _with_new_keys(self, model: type[Model]) -> list[Row]:
        """Their own are 1, 2, 3: nothing by which they could be told in a text."""
        named = {str(row.pk): key for known in (self.world.employees, self.world.units) for key, row in known.items()}
        rows = []
        for number, grant in enumerate(model._base_manager.order_by("pk"), GRANT_KEYS):
            key = number + (500 if model is GroupGrant else 0)
            model._base_manager.filter(pk=grant.pk).update(id=key)
            rows.append(Row(model, key, what=f"{grant.permission.codename} on {named[grant.object_pk]}"))
        return rows

    def _grant_to_come(self, event: Event) -> Row:
        """On an event; it gives nothing yet."""
        user, soon = self.world.users["grant_future"], timezone.now() + timedelta(hours=1)
        values = {"granted_by": self.world.users["hr_manager"], "reason": "as the test says"}
        grant = access.grant("view_attendance_at", user, event, valid_from=soon, **values)
        key = GRANT_KEYS + 900
        UserGrant.objects.filter(pk=grant.pk).update(id=key)
        return Row(UserGrant, key, what=f"view_attendance_at on {EVERYBODYS}")

    def grant_on(self, row: Row) -> Row | None:
        """A user's grant on the row."""
        return next(
            (grant for grant in self.by_model[UserGrant] if grant.what.endswith(f" on {row.about or row.what}")), None
        )

    def _make(self, model: type[Model]) -> Iterator[Row]:
        """One for each employee or his attendance, or for each account, or just one, as the model has it."""
        fields = {
            field.attname if field.name == field.attname else field.name: field for field in model._meta.concrete_fields
        }
        employee = next((name for name, field in fields.items() if field.related_model is Employee), None)
        owner = next((name for name in OWNER if name in fields), None)
        whole = next((name for name, field in fields.items() if field.related_model in WHOLES and not field.null), None)
        if employee:
            for key in EMPLOYEES:
                yield self._about(model, employee, key, asked=ASKED in fields)
        elif whole:
            parents = fields[whole].related_model
            for row in self._rows_of(parents):
                values = {whole: parents._base_manager.get(pk=row.pk)}
                yield self._row(model, values, about=row.about, owner=row.owner)
        elif owner:
            for key, user in self.world.users.items():
                if user:
                    yield self._row(model, {owner: user if fields[owner].is_relation else user.pk}, owner=key)
        elif model is EventSession:
            hidden = next(row for row in self._rows_of(Event) if row.what == NOBODYS)
            yield self._row(model, {"event": Event._base_manager.get(pk=hidden.pk)}, what=NOBODYS)
        elif model is Event:
            yield from (self._row(model, {}, what=what) for what in (EVERYBODYS, NOBODYS))
        else:
            yield self._row(model, {})

    def _about(self, model: type[Model], employee: str, key: str, *, asked: bool) -> Row:
        """What is asked for about somebody, he asks for himself."""
        values: dict[str, object] = {employee: self.world.employees[key]}
        owner = next((who.key for who in PERSONAS.values() if who.employee == key), None) if asked else None
        if owner:
            values[ASKED] = self.world.users[owner].pk
        return self._row(model, values, about=key, owner=owner)

    def _row(self, model: type[Model], values: dict[str, object], **known: Any) -> Row:
        values = VALUES.get(model._meta.label_lower, {}) | values
        for field in model._meta.concrete_fields:
            if field.name not in values and not isinstance(field, AutoField):
                if _is_needed(field):
                    values[field.name] = self._value(field)
                elif _is_free_text(field):
                    values[field.name] = self._text()
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
            "BinaryField": self._text().encode(),
        }
        if kind in simple:
            return simple[kind]
        if "Integer" in kind or kind == "DecimalField":
            return 1
        if kind == "GenericIPAddressField":
            return "192.0.2.44"
        if kind == "JSONField":
            return self._text() if field.model is Answer else {}
        return self._text()

    def _text(self) -> str:
        """Names its row, and no other: a text that is told of it is found (tests/access/traces.py)."""
        return MADE_UP_TEXT + str(self._next).translate(LETTERS)

    def _related(self, model: type[Model]) -> Model:
        return model._base_manager.get(pk=self._rows_of(model)[0].pk)

    def _rows_of(self, model: type[Model]) -> list[Row]:
        if model not in self.by_model:
            self.by_model[model] = list(self._make(model))
            self._next += 200
        return self.by_model[model]


def digits_of(letters: str) -> str:
    """The key that a text names."""
    return "".join(str(ord(letter) - ord("a")) for letter in letters)


def _is_free_text(field: Field) -> bool:
    """One that may stay empty, and that a person writes or reads."""
    plain = type(field) in (CharField, TextField) and not (field.choices or field.null or field.unique)
    return plain and field.blank and (field.max_length is None or field.max_length >= 100)


def _is_needed(field: Field) -> bool:
    return (
        not field.primary_key
        and not field.null
        and (field.default is NOT_PROVIDED or field.unique)
        and not (field.blank and field.empty_strings_allowed)
    )
