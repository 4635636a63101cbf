"""Dull makers of rows for tests: each takes what the test is about and fills in the rest."""

from datetime import date, timedelta
from itertools import count

from django.contrib.auth.models import Group
from django.utils import timezone

from core.models import User
from core.roles import sync_roles
from hr.models import (
    Attendance,
    Employee,
    Evaluation,
    EvaluationForm,
    EvaluationRound,
    Event,
    EventKind,
    EventSession,
    FormVersion,
    OrgUnit,
    Position,
    Question,
)

_numbers = count(1)


def in_days(days):
    """Asked when it is needed: a day noted on import is yesterday once a suite has run past midnight."""
    return timezone.localdate() + timedelta(days=days)


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


def make_kind(name="Capacitación", **values):
    values.setdefault("code", f"K{next(_numbers)}")
    return EventKind.objects.create(name=name, **values)


def make_event(title="Inducción", *, state="draft", in_hours=24, hours=2, **values):
    """An event that starts so many hours from now, written as it is: nobody is enrolled."""
    values.setdefault("code", f"V{next(_numbers)}")
    if "kind" not in values:
        values["kind"] = make_kind()
    values.setdefault("starts_at", timezone.now() + timedelta(hours=in_hours))
    values.setdefault("ends_at", values["starts_at"] + timedelta(hours=hours))
    return Event.objects.create(title=title, state=state, **values)


def make_session(event, number=1, **values):
    values.setdefault("starts_at", event.starts_at)
    values.setdefault("ends_at", event.ends_at)
    return EventSession.objects.create(event=event, number=number, **values)


def make_attendance(event, employee, status="registered", outcome="pending", **values):
    """One enrolment, with the seat it takes."""
    attendance = Attendance.objects.create(event=event, employee=employee, status=status, outcome=outcome, **values)
    if status in Attendance.SEATED:
        event.seats_taken += 1
        event.save()
    return attendance


def make_form_version(title="Encuesta", *, questions=({"kind": "text", "text": "¿Qué aprendiste en el evento?"},)):
    """A published version with these questions, in order."""
    form = EvaluationForm.objects.create(code=f"F{next(_numbers)}", title=title)
    version = FormVersion.objects.create(form=form, number=1, published_at=timezone.now())
    for number, values in enumerate(questions, 1):
        Question.objects.create(version_of=version, number=number, **values)
    return version


def make_round(title="Evaluación anual", *, event=None, form_version=None, **values):
    if values.get("days_to_answer") is None:
        values.setdefault("due_on", timezone.localdate() + timedelta(days=14))
    values.setdefault("opens_on", timezone.localdate())
    return EvaluationRound.objects.create(
        title=title, event=event, form_version=form_version or make_form_version(), **values
    )


def make_evaluation(employee, *, state="available", in_round=None, **values):
    values.setdefault("due_on", timezone.localdate() + timedelta(days=14))
    return Evaluation.objects.create(round=in_round or make_round(), employee=employee, state=state, **values)
