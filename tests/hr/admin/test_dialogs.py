"""What the dialogs offer to choose from: rows of the reader, and of these what the step allows."""

from datetime import date

import pytest
from django.contrib import admin
from django.urls import reverse

from hr.admin.dialogs import BossForm, MoveForm
from hr.admin.why import WhyForm
from hr.models import Employee


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


def test_why_is_asked_about_whom_one_sees(world):
    form = WhyForm(reader=world.user("plain"))

    assert list(form.fields["user"].queryset) == [world.users["plain"]]
    assert world.keys_of(form.fields["employee"].queryset) == {"pablo"}


def test_a_filter_by_what_one_does_not_see_finds_nobody(as_persona, world):
    """By the people it left it would tell where they are."""
    browser = as_persona("grant_employee")
    page = reverse("admin:hr_employee_changelist")
    above = world.units["company"]

    found = browser.get(page, {"org_unit__id__exact": above.pk}).context["cl"].result_list
    assert list(found) == []
    Employee.objects.filter(pk=world.employees["marco"].pk).update(status="terminated", ended_on=date(2026, 1, 31))
    Employee.objects.filter(pk=world.employees["luisa"].pk).update(reports_to=world.employees["marco"])
    found = browser.get(page, {"boss": "left"}).context["cl"].result_list
    assert list(found) == []
    found = as_persona("hr_manager").get(page, {"boss": "left"}).context["cl"].result_list
    assert world.employees["luisa"] in found


def dialogs():
    """All dialogs of actions, by title."""
    for page in admin.site._registry.values():
        for name in dir(type(page)):
            if (dialog := getattr(getattr(type(page), name, None), "dialog", None)) is not None:
                yield str(dialog["title"]), str(dialog.get("form_submit_text", ""))


def test_the_button_of_a_dialog_says_what_it_does():
    """Only where something is sent does the library's word do; beside its Cancel another one would be a riddle."""
    assert {title for title, button in dialogs() if button in ("", "Cancel")} == {
        "Not one of my people",
        "Send a link to set the password",
    }
