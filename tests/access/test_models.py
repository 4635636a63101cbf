"""What the rules of the models leave, asked of the tables themselves: the rows, their history, what may be changed."""

import pytest
from django.contrib import admin

from core.models import User
from hr.models import Employee, ImportJob, Notification, OrgUnit, Position
from tests.access.table import adds, changes, holds, lists, sees
from tests.hr.personas import PERSONAS

RULED = [model for model in admin.site._registry if hasattr(model._default_manager.all(), "visible_to")]
WITH_HISTORY = [Employee, OrgUnit, Position]


@pytest.fixture
def users(world):
    """By persona, as the next request would read them; the anonymous has no account."""
    return {key: User.objects.get(pk=user.pk) for key, user in world.users.items() if user}


def label(model):
    return model._meta.label_lower


@pytest.mark.parametrize("model", RULED, ids=label)
def test_a_table_has_the_rows_one_sees_and_may_change(model, users, rows):
    of_model = rows.by_model[model]
    for key, user in users.items():
        persona, table = PERSONAS[key], model._default_manager.filter(pk__in=[row.pk for row in of_model])
        seen = {row for row in of_model if sees(persona, row)}
        visible = set(table.visible_to(user).values_list("pk", flat=True))
        assert {row for row in of_model if row.pk in visible} == seen, key
        if hasattr(table, "changeable_by"):
            changeable = set(table.changeable_by(user).values_list("pk", flat=True))
            changed = {row for row in of_model if row.pk in changeable}
            # Much is changed by steps, and not on a page: a load is confirmed, a notice read, somebody marked.
            assert changed <= seen, key
            if model in WITH_HISTORY:
                assert changed <= {row for row in seen if changes(persona, row)}, key


@pytest.mark.parametrize("model", WITH_HISTORY, ids=label)
def test_a_history_has_what_one_sees_and_is_nobodys_to_change(model, users, rows):
    of_model = rows.by_model[model]
    for row in model._base_manager.filter(pk__in=[row.pk for row in of_model]):
        row.save()
    history = model.history.model.objects.filter(id__in=[row.pk for row in of_model])
    assert history.exists()
    for key, user in users.items():
        persona = PERSONAS[key]
        told = set(history.visible_to(user).values_list("id", flat=True))
        assert told == {row.pk for row in of_model if sees(persona, row)}, key
        assert not history.changeable_by(user).exists(), key
        opens = [verb for verb in ("view", "add", "change", "delete") if history.open_to(user, verb)]
        assert opens == (["view"] if lists(persona, label(model)) else []), key


def test_one_puts_people_into_units_where_one_may_hire_or_change_everybody(users, world):
    for key, user in users.items():
        persona = PERSONAS[key]
        everywhere = frozenset(world.units) if holds(persona, "change", "hr.employee") else frozenset()
        hired_into = frozenset(world.units) if holds(persona, "add", "hr.employee") else persona.hires
        assert world.unit_keys_of(OrgUnit.objects.open_to_hire(user)) == hired_into, key
        assert world.unit_keys_of(OrgUnit.objects.open_to_move(user)) == everywhere | hired_into, key


# Of other models rows come and go by steps, for whom tests where these are taken say.
@pytest.mark.parametrize("model", [*WITH_HISTORY, ImportJob, Notification], ids=label)
def test_rows_are_added_and_deleted_by_whose_roles_let_them(model, users):
    for key, user in users.items():
        persona, table = PERSONAS[key], model._default_manager.all()
        assert table.open_to(user, "add") <= adds(persona, label(model)), key
        assert table.open_to(user, "delete") <= holds(persona, "delete", label(model)), key
