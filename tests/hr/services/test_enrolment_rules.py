"""Every step of an enrolment by everybody: Luisa is enrolled in an event that is open to all, and somebody acts."""

from itertools import pairwise

import pytest
from django.db import transaction

from core import access, roles
from core.errors import DomainError
from hr.models import Attendance, Event, EventAudience
from hr.services.enrolment import cancel_attendance, confirm_attendance, enrol_employees, register
from tests.factories import make_attendance, make_employee, make_event, make_user
from tests.hr.personas import PERSONAS

pytestmark = pytest.mark.usefixtures("world_of_module")

MISSING, REFUSED, ILLEGAL = "NotFound", "NotAllowed", "InvalidTransition"

HR = {"administrator", "hr_manager", "bulk_loader", "the system"}
MANAGERS = {"head", "head_above", "boss", "delegate"}
# These hold a right of their own, beside the personas: see `rules`.
OWN, ENROLS, ENROLS_AND_SEES, AT_EVENT = "luisa", "grant_enrol", "grant_enrol_and_see", "grant_at_event"
SEE_HER = {"grant_employee", "grant_unit", "grant_group", "grant_change", "grant_personal"}
NO_ACCESS = {"suspended", "terminated", "inactive"}
EVERYBODY = {*PERSONAS, "the system", OWN, ENROLS, ENROLS_AND_SEES, AT_EVENT} - {"anonymous"}

# What a verb comes to, by the status before, for who may do it.
STEPS = {
    "enrol": {
        None: "registered",
        "registered": "registered",
        "waitlisted": "waitlisted",
        "confirmed": "confirmed",
        "cancelled": "registered",
    },
    "confirm": {
        "registered": "confirmed",
        "waitlisted": ILLEGAL,
        "confirmed": "confirmed",
        "cancelled": ILLEGAL,
    },
    "cancel": {
        "registered": "cancelled",
        "waitlisted": "cancelled",
        "confirmed": "cancelled",
        "cancelled": ILLEGAL,
    },
}
MAY = {
    "enrol": HR | MANAGERS | {ENROLS, ENROLS_AND_SEES},
    "confirm": HR | {OWN},
    "cancel": HR | MANAGERS | {OWN, ENROLS_AND_SEES},
}
# Who sees the person, or her enrolment, and may nevertheless not do it. To everybody else it does not exist.
SEES = {
    "enrol": {"auditor", OWN} | SEE_HER,
    "confirm": {"auditor", ENROLS_AND_SEES, AT_EVENT} | MANAGERS,
    "cancel": {"auditor", AT_EVENT},
}


@pytest.fixture
def actors(world):
    """Users by name, as the next request would read them."""
    luisa = world.employees["luisa"]
    world.employees |= {key: make_employee() for key in (ENROLS, ENROLS_AND_SEES)}
    for key in (OWN, ENROLS, ENROLS_AND_SEES):
        world.users[key] = make_user(key, role=roles.EMPLOYEE, employee=world.employees[key])
    world.users[AT_EVENT] = make_user(AT_EVENT)
    for key in (ENROLS, ENROLS_AND_SEES):
        for codename in ("view_employee", "add_attendance_of"):
            access.grant(codename, world.users[key], luisa)
    access.grant("view_attendance_of", world.users[ENROLS_AND_SEES], luisa)
    world.users["the system"] = None
    return lambda key: None if key == "the system" else world.user(key)


@pytest.fixture
def event(world, actors):
    event = make_event(state="published", open_enrolment=True)
    EventAudience.objects.create(event=event, everybody=True)
    for codename in ("view_attendance_at", "mark_attendance_at"):
        access.grant(codename, world.users[AT_EVENT], event)
    return event


def result_of(act, row):
    """What came of it, undone again: the status after, or the error."""
    with transaction.atomic(using="business"):
        try:
            act()
            return row().status
        except DomainError as error:
            return type(error).__name__
        finally:
            transaction.set_rollback(True, using="business")


@pytest.mark.parametrize(("verb", "before"), [(verb, before) for verb, steps in STEPS.items() for before in steps])
def test_every_step_by_everybody(verb, before, world, actors, event):
    luisa = world.employees["luisa"]
    if before == "waitlisted":
        event.capacity = 1
        make_attendance(event, world.employees["pablo"])
    row = make_attendance(event, luisa, before) if before else None
    acts = {
        "enrol": lambda actor: enrol_employees(event.pk, [luisa.pk], actor=actor),
        "confirm": lambda actor: confirm_attendance([row.pk], actor=actor),
        "cancel": lambda actor: cancel_attendance([row.pk], actor=actor),
    }

    found = {
        key: result_of(lambda key=key: acts[verb](actors(key)), lambda: event.attendance.get(employee=luisa))
        for key in EVERYBODY
    }

    expected = dict.fromkeys(EVERYBODY, MISSING)
    expected |= dict.fromkeys(SEES[verb], REFUSED) | dict.fromkeys(MAY[verb], STEPS[verb][before])
    assert found == expected


def test_the_table_of_the_model_is_what_the_steps_and_the_seats_do(world, event):
    """Luisa returns to an event whose only seat Pablo has, and gets it once he is out."""
    luisa, pablo = world.employees["luisa"], world.employees["pablo"]
    event.capacity = 1
    seat, row = make_attendance(event, pablo), make_attendance(event, luisa, "cancelled")
    enrol_employees(event.pk, [luisa.pk], actor=None)
    cancel_attendance([seat.pk], actor=None)

    seats = set(pairwise(row.history.order_by("version").values_list("status", flat=True)))
    steps = {(before, after) for leads in STEPS.values() for before, after in leads.items()}
    changes = {(before, after) for before, after in steps if before is not None and after not in (before, ILLEGAL)}

    assert seats == {("cancelled", "waitlisted"), ("waitlisted", "registered")}
    assert {(before, after) for before, nexts in Attendance.NEXT.items() for after in nexts} == changes | seats


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "registered"),
        ("registered", "registered"),
        ("waitlisted", "waitlisted"),
        ("confirmed", "confirmed"),
        ("cancelled", "registered"),
    ],
)
def test_everybody_registers_himself_and_nobody_else(before, after, world, actors, event):
    outside = {"administrator", "hr_manager", "bulk_loader", "auditor"}
    linked = EVERYBODY - outside - NO_ACCESS - {"the system", AT_EVENT}
    own = {key: world.employees[PERSONAS[key].employee if key in PERSONAS else key] for key in linked}
    for employee in own.values() if before else ():
        make_attendance(event, employee, before)
    if before == "waitlisted":
        event.capacity = 1
        make_attendance(event, world.employees["fabio"])

    found = {
        key: result_of(
            lambda key=key: register(event.pk, actor=actors(key)),
            lambda key=key: event.attendance.get(employee=own[key]),
        )
        for key in EVERYBODY - {"the system"}
    }

    expected = dict.fromkeys(linked, after)
    # External staff see the event, by role or grant, and have no place in it; the others see no event at all.
    expected |= dict.fromkeys(outside | {AT_EVENT}, REFUSED)
    expected |= dict.fromkeys(NO_ACCESS, MISSING)
    assert found == expected


# --- In every state of the event --------------------------------------------------------------------------------------
# Where a verb is possible for who may do it. Everywhere else, whoever sees what it is about is told so.
POSSIBLE = {
    "enrol": {"published", "in_progress", "completed"},
    "confirm": {"published", "in_progress"},
    "cancel": {"published", "in_progress", "completed"},
    "register": {"published"},
}


@pytest.mark.parametrize("verb", POSSIBLE)
def test_every_step_in_every_state_of_the_event_by_everybody(verb, world, actors, event):
    """Luisa is enrolled; to enrol her and to register is to find her so."""
    row = make_attendance(event, world.employees["luisa"])
    users = {key: actors(key) for key in EVERYBODY - ({"the system"} if verb == "register" else set())}
    acts = {
        "enrol": lambda actor: enrol_employees(event.pk, [row.employee_id], actor=actor),
        "confirm": lambda actor: confirm_attendance([row.pk], actor=actor),
        "cancel": lambda actor: cancel_attendance([row.pk], actor=actor),
        "register": lambda actor: register(event.pk, actor=actor),
    }

    found, wanted = {}, {}
    for state in Event.State.values:
        Event.objects.filter(pk=event.pk).update(state=state)
        found[state] = {
            key: result_of(lambda user=user: acts[verb](user), lambda: event.attendance.get(pk=row.pk))
            for key, user in users.items()
        }
        wanted[state] = {key: in_state(verb, state, key) for key in users}

    assert found == wanted


def in_state(verb, state, key):
    """Of an event that is not published only its people know, who answers for one of them, and staff."""
    sees_row = HR | MANAGERS | {"auditor", OWN, ENROLS_AND_SEES, AT_EVENT}
    sees_event = sees_row | (set() if state != "published" else EVERYBODY - NO_ACCESS)
    if key not in (sees_row if verb in {"confirm", "cancel"} else sees_event):
        return MISSING
    if state in POSSIBLE[verb]:
        if verb == "register":
            outside = {"administrator", "hr_manager", "bulk_loader", "auditor", AT_EVENT}
            return REFUSED if key in outside else "registered"
        if key in MAY[verb]:
            return {"enrol": "registered", "confirm": "confirmed", "cancel": "cancelled"}[verb]
        return REFUSED if key in SEES[verb] else MISSING
    # Whether one may confirm is asked before whether it is possible.
    return REFUSED if verb == "confirm" and key not in MAY["confirm"] else ILLEGAL
