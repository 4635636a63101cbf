"""Dull makers of rows for tests: each takes what the test is about and fills in the rest."""

from datetime import date
from itertools import count

from django.contrib.auth.models import Group

from core.models import User
from core.roles import sync_roles
from hr.models import Employee, OrgUnit, Position

_numbers = count(1)


def make_unit(name="Unidad", *, parent=None, head=None, code=None):
    return OrgUnit.objects.create(code=code or f"U{next(_numbers)}", name=name, parent=parent, head=head)


def make_position(title="Analista", *, code=None):
    return Position.objects.create(code=code or f"P{next(_numbers)}", title=title)


def make_employee(first_name="Luisa", last_name="Pérez", **values):
    """An active employee in a unit of her own unless one is given."""
    number = next(_numbers)
    values.setdefault("code", f"E{number:04}")
    values.setdefault("hired_on", date(2020, 1, 7))
    if "org_unit" not in values and "org_unit_id" not in values:
        values["org_unit"] = make_unit()
    return Employee.objects.create(first_name=first_name, last_name=last_name, **values)


def make_user(username=None, *, role=None, employee=None, **values):
    """An account; `role` is a name of core.roles."""
    username = username or f"user{next(_numbers)}"
    values.setdefault("language", "en")
    values.setdefault("full_name", employee.full_name if employee else username.capitalize())
    user = User.objects.create_user(username, "demo", employee_uid=employee.uid if employee else None, **values)
    if role:
        if not Group.objects.filter(name=role).exists():
            sync_roles()
        user.groups.add(Group.objects.get(name=role))
    return user
