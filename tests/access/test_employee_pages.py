"""What the page of an employee shows, lets change and offers, for each persona."""

import pytest
from django.contrib import admin
from django.test import RequestFactory

from core import access
from core.models import User
from hr.models import Employee
from hr.rights import GUARDED_FIELDS
from tests.access.table import STATUS, holds
from tests.hr.personas import PERSONAS

PEOPLE = admin.site._registry[Employee]
STEPS = {
    "suspend": {"active"},
    "reactivate": {"suspended"},
    "terminate": {"active", "suspended"},
    "rehire": {"terminated"},
}


@pytest.fixture
def request_of(world):
    """`request_of(persona)`: facts and answers are kept for one request."""

    def make(persona):
        request = RequestFactory().get("/")
        request.user = User.objects.get(pk=world.users[persona].pk)
        return request

    return make


def shown(request, employee):
    return {name for _title, options in PEOPLE.get_fieldsets(request, employee) for name in options["fields"]}


INVITERS = {"administrator", "hr_manager"}
KEYS = [key for key, persona in PERSONAS.items() if persona.may_log_in]


@pytest.mark.parametrize(
    ("persona", "of", "plain", "linked"),
    [
        # Who answers for nobody gets names without links; others have links to what they see.
        ("plain", "pablo", {"unit_name", "position_name", "boss_name"}, set()),
        ("head", "hernan", {"boss_name"}, {"org_unit", "position"}),
        ("head", "pablo", set(), {"org_unit", "position", "reports_to"}),
        ("hr_manager", "luisa", set(), {"org_unit", "position", "reports_to"}),
    ],
)
def test_links_lead_only_to_pages_that_are_ones_own(request_of, world, persona, of, plain, linked):
    names = shown(request_of(persona), world.employees[of])

    assert names & {"unit_name", "position_name", "boss_name", "org_unit", "position", "reports_to"} == plain | linked


def test_the_account_is_told_to_who_invites(request_of, world):
    told = {key for key in KEYS if "access" in shown(request_of(key), world.employees["luisa"])}

    assert told == INVITERS


def test_what_hr_guards_is_read_by_others(request_of, world):
    for key in KEYS:
        readonly = set(PEOPLE.get_readonly_fields(request_of(key), world.employees["luisa"]))
        guards = holds(PERSONAS[key], "change", "hr.employee")
        assert (GUARDED_FIELDS & readonly, "org_unit" in readonly) == (
            set() if guards else GUARDED_FIELDS,
            not guards and key != "grant_hire",
        ), key


def test_a_step_is_open_on_whom_one_may_take_it(request_of, world):
    for key in KEYS:
        persona, request = PERSONAS[key], request_of(key)
        everybody = holds(persona, "change", "hr.employee")
        for step, statuses in STEPS.items():
            ask = getattr(PEOPLE, f"has_{step}_permission")
            open_on = {name for name, row in world.employees.items() if ask(request, str(row.pk))}
            assert open_on == {
                name for name in persona.changes if STATUS.get(name, "active") in statuses and name != persona.employee
            }, (key, step)
        moved = {name for name, row in world.employees.items() if PEOPLE.has_move_permission(request, str(row.pk))}
        reported = {
            name for name, row in world.employees.items() if PEOPLE.has_change_boss_permission(request, str(row.pk))
        }
        assert moved == reported == (persona.changes if everybody else set()), key
        assert (PEOPLE.has_move_permission(request), PEOPLE.has_change_boss_permission(request)) == (everybody,) * 2, (
            key
        )
        assert PEOPLE.has_suspend_permission(request) == bool(persona.changes), key


def test_actions_are_offered_to_who_may_take_them(request_of):
    steps = {"suspend_many", "reactivate_many", "terminate_many", "rehire_many"}
    offered = {key: set(PEOPLE.get_actions(request_of(key))) for key in KEYS}

    for key, actions in offered.items():
        persona = PERSONAS[key]
        hr = {"move_many", "change_boss_many"} if holds(persona, "change", "hr.employee") else set()
        wanted = hr | (steps if persona.changes else set()) | ({"invite_many"} if key in INVITERS else set())
        # Whom one enrols, and who is not one's own, has tests where that is done.
        assert actions - {"enrol_many", "not_mine_many"} == wanted, key


def test_rights_have_a_tab_for_who_reads_them(request_of, world):
    shown = {key for key in KEYS if any("/grants/" in tab["link"] for tab in tabs(request_of(key), world))}

    assert shown == {key for key in KEYS if holds(PERSONAS[key], "view", "core.usergrant")}


def tabs(request, world):
    return PEOPLE.get_tabs(request, world.employees["luisa"])


def test_who_hires_and_changes_moves_people_and_gives_them_no_boss(request_of, world):
    access.grant("add_employee_in", world.users["grant_change"], world.units["team"])
    luisa, hr = str(world.employees["luisa"].pk), request_of("hr_manager")

    assert PEOPLE.has_move_permission(request_of("grant_change"), luisa)
    assert not PEOPLE.has_change_boss_permission(request_of("grant_change"), luisa)
    assert not PEOPLE.has_change_boss_permission(hr, "999999")
