"""The 25 permissions of the predecessor: docs/scope.md says where each went, and each that exists is held to it."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse
from django.utils import timezone

from core import roles
from core.models import User
from hr.models import Attendance, Employee, Evaluation, EvaluationRound, Event, FormVersion
from tests.factories import make_attendance, make_employee, make_evaluation, make_event, make_user

DOCUMENT = Path(__file__).parents[1] / "docs" / "scope.md"
NOBODY = "–"
SELF = "the rule self"  # everybody who is an employee


def table():
    text = DOCUMENT.read_text(encoding="utf-8").partition("## What the predecessor called permissions")[2]
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    return [row for row in rows if row[0] != "predecessor"]


ROWS = table()
HERE = {name: (ours, who) for name, ours, who in ROWS}
PERSON = {
    "first_name": "Nora",
    "last_name": "Gil",
    "country": "VE",
    "code": "NORA",
    "hired_on": "2026-01-07",
}


def test_all_25_are_mapped():
    nouns = ["users", "employees", "events", "attendance", "evaluations"]
    wanted = [f"{verb} {noun}" for noun in nouns for verb in ("view", "create", "edit", "delete")]
    wanted += ["assign roles", "view own attendance", "view own evaluations", "answer evaluations", "grade evaluations"]

    assert [name for name, _ours, _who in ROWS] == wanted


@pytest.mark.parametrize("name", [name for name, (_ours, who) in HERE.items() if who != NOBODY])
def test_the_right_is_held_by_the_roles_the_table_names(db, name):
    roles.sync_roles()
    ours, who = HERE[name]
    app, codename = ours.strip("`").split(".")

    held = Group.objects.filter(permissions=Permission.objects.get(content_type__app_label=app, codename=codename))

    assert sorted(held.values_list("name", flat=True)) == sorted(who.split(", "))


def view_users(client):
    return client.get(reverse("admin:core_user_changelist")).status_code == 200


def create_users(client):
    form = {"full_name": "Nora Gil", "username": "nora", "language": "en"}
    client.post(reverse("admin:core_user_add"), form)
    return User.objects.filter(username="nora").exists()


def edit_users(client):
    other = User.objects.get(username="other")
    form = {"full_name": "Other Name", "username": "other", "language": "en", "is_active": "on", "roles": []}
    client.post(reverse("admin:core_user_change", args=[other.pk]), form)
    return User.objects.filter(full_name="Other Name").exists()


def delete_users(client):
    other = User.objects.get(username="other")
    client.post(reverse("admin:core_user_delete", args=[other.pk]), {"post": "yes"})
    return not User.objects.filter(username="other").exists()


def view_employees(client):
    person = Employee.objects.get(code="E-OTHER")
    return client.get(reverse("admin:hr_employee_change", args=[person.pk])).status_code == 200


def create_employees(client):
    unit = Employee.objects.get(code="E-OTHER").org_unit_id
    client.post(reverse("admin:hr_employee_add"), PERSON | {"org_unit": unit})
    return Employee.objects.filter(code="NORA").exists()


def edit_employees(client):
    person = Employee.objects.get(code="E-OTHER")
    form = PERSON | {"code": "E-OTHER", "org_unit": person.org_unit_id, "version": person.version}
    client.post(reverse("admin:hr_employee_change", args=[person.pk]), form)
    return Employee.objects.filter(code="E-OTHER", first_name="Nora").exists()


def delete_employees(client):
    person = Employee.objects.get(code="E-OTHER")
    client.post(reverse("admin:hr_employee_delete", args=[person.pk]), {"post": "yes"})
    return not Employee.objects.filter(code="E-OTHER").exists()


def view_events(client):
    event = Event.objects.get(code="HELD")
    return client.get(reverse("admin:hr_event_change", args=[event.pk])).status_code == 200


def create_events(client):
    day = timezone.localdate() + timedelta(days=3)
    form = {"title": "Nora", "code": "NORA", "kind": Event.objects.get(code="HELD").kind_id, "completion_percent": 80}
    client.post(reverse("admin:hr_event_add"), form | {"starts_at": f"{day}T08:00", "ends_at": f"{day}T09:00"})
    return Event.objects.filter(code="NORA").exists()


def edit_events(client):
    event = Event.objects.get(code="HELD")
    times = {name: f"{timezone.localtime(getattr(event, name)):%Y-%m-%dT%H:%M:%S}" for name in ("starts_at", "ends_at")}
    form = {"title": "Nora", "code": "HELD", "kind": event.kind_id, "completion_percent": 80, "version": event.version}
    client.post(reverse("admin:hr_event_change", args=[event.pk]), form | times)
    return Event.objects.filter(code="HELD", title="Nora").exists()


def delete_events(client):
    draft = Event.objects.get(code="DRAFT")
    client.post(reverse("admin:hr_event_delete", args=[draft.pk]), {"post": "yes"})
    return not Event.objects.filter(code="DRAFT").exists()


def view_attendance(client):
    row = Attendance.objects.get(employee__code="E-OTHER")
    return client.get(reverse("admin:hr_attendance_change", args=[row.pk])).status_code == 200


def create_attendance(client):
    event, person = Event.objects.get(code="OPEN"), Employee.objects.get(code="E-OTHER")
    address = reverse("admin:hr_event_participants", args=[event.pk])
    client.post(address, {"_enrol": "1", "employees": [person.pk]})
    return Attendance.objects.filter(event=event, employee=person).exists()


def edit_attendance(client):
    row = Attendance.objects.get(employee__code="E-OTHER")
    address = reverse("admin:hr_attendance_mark", args=[row.pk])
    client.post(address, {"outcome": "present", "_form_submitted": "on"}, headers={"HX-Request": "true"})
    return Attendance.objects.get(pk=row.pk).outcome == "present"


def delete_attendance(client):
    row = Attendance.objects.get(employee__code="E-OTHER")
    client.post(reverse("admin:hr_attendance_delete", args=[row.pk]), {"post": "yes"})
    return not Attendance.objects.filter(pk=row.pk).exists()


def view_own_attendance(client):
    row = Attendance.objects.get(employee__code="E-OWN")
    return client.get(reverse("admin:hr_attendance_change", args=[row.pk])).status_code == 200


def view_evaluations(client):
    evaluation = Evaluation.objects.get(employee__code="E-OTHER", state="submitted")
    return client.get(reverse("admin:hr_evaluation_change", args=[evaluation.pk])).status_code == 200


def create_evaluations(client):
    day, version = timezone.localdate(), FormVersion.objects.first()
    form = {"title": "Nora", "form_version": version.pk, "opens_on": day, "due_on": day}
    client.post(reverse("admin:hr_evaluationround_add"), form)
    return EvaluationRound.objects.filter(title="Nora").exists()


def edit_evaluations(client):
    evaluation = Evaluation.objects.get(employee__code="E-OTHER", state="available")
    address = reverse("admin:hr_evaluation_withdraw", args=[evaluation.pk])
    client.post(address, {"reason": "x", "_form_submitted": "on"}, headers={"HX-Request": "true"})
    return Evaluation.objects.get(pk=evaluation.pk).state == "cancelled"


def delete_evaluations(client):
    evaluation = Evaluation.objects.get(employee__code="E-OTHER", state="submitted")
    client.post(reverse("admin:hr_evaluation_delete", args=[evaluation.pk]), {"post": "yes"})
    return not Evaluation.objects.filter(pk=evaluation.pk).exists()


def view_own_evaluations(client):
    evaluation = Evaluation.objects.get(employee__code="E-OWN")
    return client.get(reverse("admin:hr_evaluation_answer", args=[evaluation.pk])).status_code == 200


def answer_evaluations(client):
    evaluation = Evaluation.objects.get(employee__code="E-OWN")
    client.post(reverse("admin:hr_evaluation_answer", args=[evaluation.pk]), {"_draft": "1"})
    return Evaluation.objects.get(pk=evaluation.pk).state == "in_progress"


def grade_evaluations(client):
    evaluation = Evaluation.objects.get(employee__code="E-OTHER", state="submitted")
    form = {"grade": "50", "version": evaluation.version}
    client.post(reverse("admin:hr_evaluation_grade", args=[evaluation.pk]), form)
    return Evaluation.objects.get(pk=evaluation.pk).state == "graded"


def assign_roles(client):
    other = User.objects.get(username="other")
    form = {"full_name": "Other", "username": "other", "language": "en", "is_active": "on", "roles": [roles.AUDITOR]}
    client.post(reverse("admin:core_user_change", args=[other.pk]), form)
    return other.groups.filter(name=roles.AUDITOR).exists()


TRIED = {
    "view users": view_users,
    "create users": create_users,
    "edit users": edit_users,
    "delete users": delete_users,
    "view employees": view_employees,
    "create employees": create_employees,
    "edit employees": edit_employees,
    "delete employees": delete_employees,
    "view events": view_events,
    "create events": create_events,
    "edit events": edit_events,
    "delete events": delete_events,
    "view attendance": view_attendance,
    "create attendance": create_attendance,
    "edit attendance": edit_attendance,
    "delete attendance": delete_attendance,
    "view own attendance": view_own_attendance,
    "view evaluations": view_evaluations,
    "create evaluations": create_evaluations,
    "edit evaluations": edit_evaluations,
    "delete evaluations": delete_evaluations,
    "assign roles": assign_roles,
    "view own evaluations": view_own_evaluations,
    "answer evaluations": answer_evaluations,
    "grade evaluations": grade_evaluations,
}


def test_each_is_tried():
    assert TRIED.keys() == HERE.keys()


@pytest.mark.parametrize("role", roles.ROLES)
@pytest.mark.parametrize("name", TRIED)
def test_the_pages_let_do_it_who_the_table_names(client, db, name, role):
    make_user("other", full_name="Other")
    other, own = make_employee(code="E-OTHER"), make_employee(code="E-OWN")
    make_evaluation(other, state="submitted")
    make_evaluation(other)
    make_evaluation(own)
    make_attendance(make_event(code="HELD", state="published"), other)
    make_attendance(make_event(code="OWN", state="published"), own)
    make_event(code="OPEN", state="published")
    make_event(code="DRAFT")
    client.force_login(make_user("reader", role=role, employee=own))
    ours, who = HERE[name]

    assert TRIED[name](client) is (ours == SELF or role in who.split(", "))
