"""What was wrong in Django's admin in 2026, tried on ours: on its own pages, and on those a later model may get.

Each test does what the attacker did. Fixed releases refuse it; these tests notice if we ever undo that.
"""

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db import models
from unfold.admin import GenericTabularInline

from core import roles
from core.admin.base import ScopedChoices, ScopedTabularInline
from core.models import UserGrant
from hr.models import Employee, OrgUnit, Position
from tests.access.readers import fields_of

SCRIPT = "javascript:alert(1)"


class GrantInline(ScopedChoices, GenericTabularInline):
    model = UserGrant
    ct_field, ct_fk_field = "content_type", "object_pk"
    fields = ["user", "permission"]
    extra = 1


class PeopleInline(ScopedTabularInline):
    """Anybody who comes to the unit's page may edit those he sees."""

    model = Employee
    fk_name = "org_unit"
    fields = ["first_name"]
    extra = 0

    def has_view_permission(self, request, obj=None):
        return True

    has_change_permission = has_delete_permission = has_view_permission

    def has_add_permission(self, request, obj=None):
        return False


@pytest.fixture
def holds(watch, world):
    """`holds("head", "change_orgunit", …)`: the persona holds these permissions, too, for the time of the test."""
    with watch.undone():

        def give(key, *codenames, role=None):
            group = Group.objects.get(name=role) if role else Group.objects.create(name="Extra")
            group.permissions.add(*Permission.objects.filter(codename__in=codenames))
            world.users[key].groups.add(group)

        yield give


def formset(prefix, total, initial, **fields):
    counts = {"TOTAL_FORMS": total, "INITIAL_FORMS": initial, "MIN_NUM_FORMS": 0, "MAX_NUM_FORMS": 1000}
    return {f"{prefix}-{name}": value for name, value in (counts | fields).items()}


def page_fields(reader, url):
    return {name: values[-1] for name, values in fields_of(reader.get(url)).items() if values}


@pytest.mark.parametrize(("key", "added"), [("bulk_loader", 0), ("hr_manager", 1)])
def test_cve_2026_4277_a_generic_inline_takes_a_new_row_only_from_who_may_add(
    key, added, holds, readers, world, monkeypatch
):
    """The attack: view the rows of a generic inline, and post one form more than the page has."""
    holds(key, role=roles.AUDITOR)
    monkeypatch.setattr(admin.site._registry[Employee], "inlines", [GrantInline])
    reader, user = readers[key], world.user(key)
    assert (user.has_perm("core.view_usergrant"), user.has_perm("core.add_usergrant")) == (True, bool(added))
    url = f"/hr/employee/{world.employees['luisa'].pk}/change/"
    prefix = "core-usergrant-content_type-object_pk"
    data = page_fields(reader, url)
    right = Permission.objects.get(codename="change_employee")
    forged = formset(prefix, 1, 0, **{"0-user": user.pk, "0-permission": right.pk})
    before = UserGrant.objects.count()

    reader.post(url, data | {"first_name": "Zchangedq"} | forged)

    assert f"{prefix}-TOTAL_FORMS" in data
    assert UserGrant.objects.count() - before == added


def test_cve_2026_4292_an_editable_list_takes_no_new_row(holds, readers, world, monkeypatch):
    """The attack: post the forms of a list with `list_editable`, and one more that names no row."""
    holds("head", "view_position", "change_position")
    page = admin.site._registry[Position]
    for name, value in {
        "list_display": ["code", "title"],
        "list_display_links": ["code"],
        "list_editable": ["title"],
    }.items():
        monkeypatch.setattr(page, name, value)
    before = set(Position.objects.values_list("pk", flat=True))
    row = world.positions["luisa"]
    forged = formset("form", 2, 0, **{"0-title": "Forged", "1-title": "Forged", "0-id": "", "1-id": row.pk + 5000})

    readers["head"].post("/hr/position/", forged | {"_save": "Save"})

    assert set(Position.objects.values_list("pk", flat=True)) == before
    assert not Position.objects.filter(title="Forged").exists()


@pytest.mark.parametrize("delete", [True, False], ids=["delete", "change"])
def test_cve_2026_87975_an_inline_touches_no_row_that_it_does_not_show(delete, holds, readers, world, monkeypatch):
    """The attack: put the key of a row outside the inline's rows into a form, with or without a mark to delete it."""
    holds("boss", "view_orgunit", "change_orgunit")
    monkeypatch.setattr(admin.site._registry[OrgUnit], "inlines", [PeopleInline])
    reader, sales = readers["boss"], world.units["sales"]
    url = f"/hr/orgunit/{sales.pk}/change/"
    data = page_fields(reader, url)
    # Bruno sees nobody of this unit, so that the inline is there and empty.
    assert data["employees-TOTAL_FORMS"] == "0"
    before = set(Employee.objects.values_list("pk", "first_name", "org_unit"))
    for key in ("pablo", "fabio", "luisa"):
        row = {"0-id": world.employees[key].pk, "0-org_unit": sales.pk, "0-first_name": "Forged"}
        row |= {"0-DELETE": "on"} if delete else {}
        for initial in (0, 1):
            reader.post(url, data | formset("employees", 1, initial, **row))

    assert set(Employee.objects.values_list("pk", "first_name", "org_unit")) == before


def test_an_inline_shows_and_changes_rows_in_scope(holds, readers, world, monkeypatch):
    """What the test before relies on: with rows in scope the same inline works."""
    holds("boss", "view_orgunit", "change_orgunit")
    monkeypatch.setattr(admin.site._registry[OrgUnit], "inlines", [PeopleInline])
    reader, team = readers["boss"], world.units["team"]

    answer = reader.get(f"/hr/orgunit/{team.pk}/change/")

    assert fields_of(answer)["employees-TOTAL_FORMS"] == ["2"]
    assert [trace for trace in reader.leaks(answer) if trace.what in ("person", "personal")] == []


@pytest.mark.parametrize("app", ["core", "hr"])
def test_cve_2026_87975_no_key_can_be_typed(app):
    """Only a key that a form takes could be forged. Ours are all counted by the database."""
    keys = {
        model._meta.label: type(model._meta.pk).__name__
        for model in apps.get_app_config(app).get_models(include_auto_created=True)
    }

    assert {name: kind for name, kind in keys.items() if kind not in {"BigAutoField", "AutoField"}} == {}


def test_cve_2026_15920_no_value_becomes_a_link_that_runs(readers, rows, watch):
    """The attack: a stored text `javascript:…` that the admin shows as a link. Here every text of every row is one."""
    reader = readers["administrator"]
    with watch.undone():
        for model in admin.site._registry:
            if model is not Group:
                fill_with_scripts(model)
        texts = [reader.get(url).text for url in pages_of(rows)]

    found = {
        match
        for text in texts
        for match in re.findall(r"<[^>]*(?:href|src|action)=[\"']?\s*javascript:[^>]*>", text, re.I)
    }
    assert found == set()
    assert sum(SCRIPT in text for text in texts) > 5


def fill_with_scripts(model):
    """Every free text, with the key behind it: some must be unique."""
    skipped = {"username", "path", "password", "object_pk", "kind", "task_path", "backend_name", "worker_ids"}
    fields = [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField)
        and not (field.choices or field.primary_key or field.name in skipped or (field.max_length or 99) < 32)
    ]
    for row in model._base_manager.all()[:3]:
        model._base_manager.filter(pk=row.pk).update(**{field.name: f"{SCRIPT}//{row.pk}"[:32] for field in fields})


def pages_of(rows):
    for model, known in rows.by_model.items():
        if model in admin.site._registry:
            address = f"/{model._meta.app_label}/{model._meta.model_name}/"
            yield address
            yield f"{address}{known[0].pk}/change/"
