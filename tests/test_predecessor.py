"""The 25 permissions of the predecessor: docs/scope.md says where each went, and each that exists is held to it."""

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse
from django.utils import timezone

from core import roles
from core.models import User
from hr.models import Employee, Evaluation, EvaluationRound, FormVersion
from tests.factories import make_employee, make_evaluation, make_user

DOCUMENT = Path(__file__).parents[1] / "docs" / "scope.md"
COMING, NOBODY = "*coming*", "–"
SELF = "the rule self"  # everybody who is an employee


def table():
    text = DOCUMENT.read_text(encoding="utf-8").partition("## What the predecessor called permissions")[2]
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    return [row for row in rows if row[0] != "predecessor"]


ROWS = table()
HERE = {name: (ours, who) for name, ours, who in ROWS if who != COMING}
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


def test_a_right_that_is_to_come_is_not_there_yet(db):
    coming = {ours.strip("`").split(".")[1] for _name, ours, who in ROWS if who == COMING and ours.startswith("`")}

    assert not Permission.objects.filter(codename__in=coming).exists()


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
    "view evaluations": view_evaluations,
    "create evaluations": create_evaluations,
    "edit evaluations": edit_evaluations,
    "delete evaluations": delete_evaluations,
    "assign roles": assign_roles,
    "view own evaluations": view_own_evaluations,
    "answer evaluations": answer_evaluations,
    "grade evaluations": grade_evaluations,
}


def test_each_that_exists_is_tried():
    assert TRIED.keys() == HERE.keys()


@pytest.mark.parametrize("role", roles.ROLES)
@pytest.mark.parametrize("name", TRIED)
def test_the_pages_let_do_it_who_the_table_names(client, db, name, role):
    make_user("other", full_name="Other")
    other, own = make_employee(code="E-OTHER"), make_employee(code="E-OWN")
    make_evaluation(other, state="submitted")
    make_evaluation(other)
    make_evaluation(own)
    client.force_login(make_user("reader", role=role, employee=own))
    ours, who = HERE[name]

    assert TRIED[name](client) is (ours == SELF or role in who.split(", "))
