"""Every step of an event's life, tried from every state by everybody: the state machine of the architecture.

Luisa is enrolled, and somebody acts.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from core import access, roles
from core.errors import DomainError
from hr.models import Event
from hr.services import events
from tests.conftest import undone
from tests.factories import make_attendance, make_employee, make_event, make_user
from tests.hr.personas import PERSONAS

MISSING, REFUSED, ILLEGAL = "NotFound", "NotAllowed", "InvalidTransition"

STATES = Event.State.values
# What leads from where to where; every other step is refused.
STEPS = {
    "publish_events": {"draft": "published"},
    "unpublish_events": {"published": "draft"},
    "start_events": {"published": "in_progress"},
    "complete_events": {"in_progress": "completed"},
    "close_events": {"completed": "closed"},
    "reopen_events": {"closed": "completed"},
    "cancel_events": {"draft": "cancelled", "published": "cancelled", "in_progress": "cancelled"},
    "postpone_events": {"draft": "draft", "published": "published"},
}
REASONED = {"reopen_events", "cancel_events", "postpone_events"}

# Beside the personas: Luisa herself, and holders of grants to see and mark her, or everybody at the event.
OTHERS = OWN, MARKS_HER, MARKS_UNIT, MARKED_HER_ONCE, AT_EVENT, WAS_AT_EVENT, WILL_BE_AT_EVENT = (
    "luisa",
    "grant_mark",
    "grant_mark_unit",
    "grant_mark_expired",
    "grant_at_event",
    "grant_at_event_expired",
    "grant_at_event_future",
)
CLOCK = "the clock"
EVERYBODY = {*PERSONAS, *OTHERS, CLOCK} - {"anonymous"}
LEADS = {"administrator", "hr_manager", CLOCK}
# Who sees the event, because he sees who is in it; to everybody else it does not exist.
ONLOOKERS = {"auditor", "bulk_loader", "head", "head_above", "boss", "delegate", OWN, MARKS_HER, MARKS_UNIT, AT_EVENT}


@pytest.fixture
def luisa(world):
    return world.employees["luisa"]


@pytest.fixture
def happening(luisa):
    """An event in each state: over already, or yet to come."""

    def make(in_hours):
        found = {state: make_event(state=state, in_hours=in_hours) for state in STATES}
        for event in found.values():
            make_attendance(event, luisa)
        return found

    return make


@pytest.fixture
def actors(world, luisa):
    """`actors(events)`: users by name, who hold their grants on these. Each is read once."""

    def make(found):
        now, hour = timezone.now(), timedelta(hours=1)
        past, future = {"valid_from": now - 2 * hour, "valid_until": now - hour}, {"valid_from": now + hour}
        for key in OTHERS:
            employee = luisa if key == OWN else make_employee()
            world.users[key] = make_user(key, role=roles.EMPLOYEE, employee=employee)
        for verb in ("view", "mark"):
            access.grant(f"{verb}_attendance_of", world.users[MARKS_HER], luisa)
            access.grant(f"{verb}_attendance_of", world.users[MARKED_HER_ONCE], luisa, **past)
            access.grant(f"{verb}_attendance_in", world.users[MARKS_UNIT], world.units["sales"])
            for event in found.values():
                access.grant(f"{verb}_attendance_at", world.users[AT_EVENT], event)
                access.grant(f"{verb}_attendance_at", world.users[WAS_AT_EVENT], event, **past)
                access.grant(f"{verb}_attendance_at", world.users[WILL_BE_AT_EVENT], event, **future)
        return {key: None if key == CLOCK else world.user(key) for key in EVERYBODY}

    return make


def result_of(verb, event, actor):
    """What came of it, undone again: the state after, or the error; and whether the event was written."""
    values = {"reason": "because"} if verb in REASONED else {}
    if verb == "postpone_events":
        values["starts_at"] = timezone.now() + timedelta(days=3)
    with undone():
        try:
            getattr(events, verb)([event.pk], actor=actor, **values)
            told = ""
        except DomainError as error:
            told = type(error).__name__
        state, version = Event.objects.values_list("state", "version").get(pk=event.pk)
        return (told or state), version > event.version


@pytest.mark.usefixtures("world_of_module")
@pytest.mark.parametrize("verb", STEPS)
def test_every_step_from_every_state_by_everybody(verb, actors, happening):
    found = happening(24 if verb == "postpone_events" else -3)
    users = actors(found)

    came = {(state, key): result_of(verb, found[state], users[key]) for state in STATES for key in EVERYBODY}

    assert came == {(state, key): expected(verb, state, key) for state in STATES for key in EVERYBODY}


def expected(verb, state, key):
    if key in LEADS:
        return (STEPS[verb][state], True) if state in STEPS[verb] else (ILLEGAL, False)
    return (REFUSED if key in ONLOOKERS else MISSING), False


def test_the_table_of_the_model_is_what_the_steps_do():
    steps = {(before, after) for leads in STEPS.values() for before, after in leads.items() if before != after}

    assert {(before, after) for before, nexts in Event.NEXT.items() for after in nexts} == steps
