"""What the dialogs offer to choose from: rows of the reader, and of these what the step allows."""

import pytest

from hr.admin.dialogs import BossForm, MoveForm


@pytest.fixture
def offered(world, rf):
    """`offered(form_class, field, persona)` are the keys in the world of the rows in a choice."""
    named = {row: key for rows in (world.employees, world.units) for key, row in rows.items()}

    def ask(form_class, field, persona):
        request = rf.get("/")
        request.user = world.user(persona)
        return {named[row] for row in form_class(request=request, object_id=1).fields[field].queryset}

    return ask


@pytest.mark.parametrize(("persona", "people"), [("grant_change", {"celia", "luisa"}), ("plain", {"pablo"})])
def test_a_boss_is_one_of_whom_one_sees(offered, persona, people):
    assert offered(BossForm, "reports_to", persona) == people


@pytest.mark.parametrize(("persona", "units"), [("head", set()), ("grant_hire", {"team"}), ("grant_change", set())])
def test_one_is_moved_to_units_into_which_one_may_move(offered, persona, units):
    assert offered(MoveForm, "org_unit", persona) == units
