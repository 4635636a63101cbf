"""What each page asks its admin before it shows or does anything, asked directly: the guard behind every surface."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from core.models import User
from tests.access.table import adds, changes, deletes, holds, lists, sees
from tests.hr.personas import PERSONAS

ADMINS = list(admin.site._registry.values())
# What changes nothing, or only what is one's own.
HARMLESS = {"mark_as_read", "hr_orgunit_open_chart", "ask_correction_many", "take_back_many"}


@pytest.fixture
def requests(world):
    """By persona."""
    found = {}
    for key, user in world.users.items():
        found[key] = RequestFactory().get("/")
        found[key].user = User.objects.get(pk=user.pk) if user else AnonymousUser()
    return found


def ids(model_admin):
    return model_admin.opts.label_lower


@pytest.mark.parametrize("model_admin", ADMINS, ids=ids)
def test_an_admin_finds_and_answers_for_the_rows_one_sees_and_no_others(model_admin, requests, rows):
    of_model = rows.by_model[model_admin.model]
    objects = model_admin.model._base_manager.in_bulk([row.pk for row in of_model])
    for key, request in requests.items():
        persona = PERSONAS[key]
        seen = {row for row in of_model if sees(persona, row)}
        found = set(model_admin.get_queryset(request).filter(pk__in=list(objects)).values_list("pk", flat=True))

        assert {row for row in of_model if row.pk in found} == seen, key
        assert {row for row in of_model if model_admin.has_view_permission(request, objects[row.pk])} == seen, key
        changed = {row for row in of_model if model_admin.has_change_permission(request, objects[row.pk])}
        # A part of something goes with the right to change the whole.
        assert changed <= {row for row in seen if changes(persona, row) or holds(persona, "change", row.label)}, key
        deleted = {row for row in of_model if model_admin.has_delete_permission(request, objects[row.pk])}
        assert deleted <= {row for row in seen if deletes(persona, row)}, key


@pytest.mark.parametrize("model_admin", ADMINS, ids=ids)
def test_a_model_is_on_the_menu_of_whom_its_list_or_its_form_opens_to(model_admin, requests):
    label = model_admin.opts.label_lower
    on_menu = {key for key, request in requests.items() if model_admin.has_module_permission(request)}

    assert on_menu == {key for key in requests if lists(PERSONAS[key], label) or adds(PERSONAS[key], label)}


@pytest.mark.parametrize("model_admin", ADMINS, ids=ids)
def test_nobody_adds_what_his_roles_do_not_let_him_add(model_admin, requests):
    adding = {key for key, request in requests.items() if model_admin.has_add_permission(request)}

    assert adding <= {key for key in requests if adds(PERSONAS[key], model_admin.opts.label_lower)}


@pytest.mark.parametrize("model_admin", ADMINS, ids=ids)
def test_who_changes_nothing_is_offered_no_action(model_admin, requests, rows):
    request, row = requests["auditor"], rows.by_model[model_admin.model][0]
    offered = [
        *model_admin.get_actions_list(request),
        *model_admin.get_actions_row(request),
        *model_admin.get_actions_detail(request, row.pk),
        *model_admin.get_actions_submit_line(request, row.pk),
    ]

    assert {*model_admin.get_actions(request), *(action.action_name for action in offered)} <= HARMLESS
