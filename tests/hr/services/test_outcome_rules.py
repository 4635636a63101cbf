"""Every step of an outcome, and of a correction of it, by everybody: Luisa is in events, and somebody acts."""

from itertools import product

import pytest
from django.contrib.auth.models import Group
from django.db import transaction

from core import access, roles
from core.errors import DomainError
from hr.models import Attendance, AttendanceCorrection, Event
from hr.services.corrections import (
    approve_corrections,
    ask_corrections,
    correct_at_once,
    reject_corrections,
    withdraw_corrections,
)
from hr.services.marks import mark_attendance
from tests.factories import make_attendance, make_employee, make_event, make_user
from tests.hr.personas import PERSONAS

MISSING, REFUSED, ILLEGAL, SENSELESS = "NotFound", "NotAllowed", "InvalidTransition", "DomainError"
OUTCOMES = ["pending", "present", "late", "absent", "excused"]
STATES = Event.State.values

# Beside the personas: Luisa herself, as an employee and with the role of HR, and holders of grants.
OWN, OWN_AS_HR, MARKS_HER, MARKS_UNIT, SEES_HERS, AT_EVENT, SEES_EVENT = OTHERS = (
    "luisa",
    "luisa as HR",
    "grant_mark",
    "grant_mark_unit",
    "grant_see_attendance",
    "grant_at_event",
    "grant_see_event",
)
EVERYBODY = {*PERSONAS, *OTHERS} - {"anonymous"}

HR = {"administrator", "hr_manager"}
MANAGERS = {"head", "head_above", "boss", "delegate"}
GRANTED = {MARKS_HER, MARKS_UNIT, AT_EVENT}
MARKERS = HR | {"bulk_loader"} | MANAGERS | GRANTED
# They see her attendance and may not note it.
ONLOOKERS = {"auditor", SEES_HERS, SEES_EVENT}


def expected(*, done, by, refused):
    """What each comes to: to who is neither named the attendance does not exist."""
    return dict.fromkeys(EVERYBODY, MISSING) | dict.fromkeys(refused, REFUSED) | dict.fromkeys(by, done)


@pytest.fixture
def luisa(world):
    return world.employees["luisa"]


@pytest.fixture
def rows(luisa):
    """One for each outcome, in an event of its own."""
    return {
        outcome: make_attendance(make_event(state="in_progress", in_hours=-1), luisa, outcome=outcome)
        for outcome in OUTCOMES
    }


@pytest.fixture
def row(rows):
    return rows["pending"]


@pytest.fixture
def actors(world, luisa, rows):
    """Users by name. Each is read once: what he may do stays the same throughout a test."""
    events = [row.event for row in rows.values()]
    givens = {
        MARKS_HER: [("view_attendance_of", luisa), ("mark_attendance_of", luisa)],
        MARKS_UNIT: [("view_attendance_in", world.units["sales"]), ("mark_attendance_in", world.units["sales"])],
        SEES_HERS: [("view_attendance_of", luisa)],
        AT_EVENT: [(name, event) for event in events for name in ("view_attendance_at", "mark_attendance_at")],
        SEES_EVENT: [("view_attendance_at", event) for event in events],
    }
    for key, rights in givens.items():
        world.users[key] = make_user(key, role=roles.EMPLOYEE, employee=make_employee())
        for codename, target in rights:
            access.grant(codename, world.users[key], target)
    world.users[OWN] = make_user(OWN, role=roles.EMPLOYEE, employee=luisa)
    users = {key: world.user(key) for key in EVERYBODY - {OWN_AS_HR}}
    # As she is before she gets another role.
    users[OWN].get_all_permissions()
    world.users[OWN].groups.add(Group.objects.get(name=roles.HR_MANAGER))
    return users | {OWN_AS_HR: world.user(OWN)}


def put(row, **values):
    Attendance.objects.filter(pk=row.pk).update(**values)


def in_state(row, state):
    Event.objects.filter(pk=row.event_id).update(state=state)


def result_of(act, seen):
    """What came of it, undone again: what is `seen` after, or the error."""
    with transaction.atomic(using="business"), transaction.atomic():
        try:
            act()
            return seen()
        except DomainError as error:
            return type(error).__name__
        finally:
            transaction.set_rollback(True, using="business")
            transaction.set_rollback(True)


def outcome_of(row):
    return Attendance.objects.values_list("outcome", flat=True).get(pk=row.pk)


# --- Outcomes while the roll is open ----------------------------------------------------------------------------------
def test_any_outcome_becomes_any_other_by_who_marks_her(actors, rows):
    keys = [row.pk for row in rows.values()]
    found, wanted = {}, {}
    for after in OUTCOMES:
        found[after] = {
            key: result_of(
                lambda key=key, after=after: mark_attendance(dict.fromkeys(keys, after), actor=actors[key]),
                lambda: {outcome_of(row) for row in rows.values()},
            )
            for key in EVERYBODY
        }
        wanted[after] = expected(done={after}, by={*MARKERS, OWN_AS_HR}, refused={*ONLOOKERS, OWN})

    assert found == wanted


def test_the_roll_is_open_from_published_to_completed_to_whoever_sees_it(actors, row):
    found, wanted = {}, {}
    sees = {*MARKERS, *ONLOOKERS, OWN, OWN_AS_HR}
    for state in STATES:
        in_state(row, state)
        found[state] = {
            key: result_of(
                lambda key=key: mark_attendance({row.pk: "late"}, actor=actors[key]), lambda: outcome_of(row)
            )
            for key in EVERYBODY
        }
        if state in Event.MARKING:
            wanted[state] = expected(done="late", by={*MARKERS, OWN_AS_HR}, refused={*ONLOOKERS, OWN})
        else:
            wanted[state] = expected(done=ILLEGAL, by=sees, refused=())

    assert found == wanted


# --- Outcomes of a closed event ---------------------------------------------------------------------------------------
def test_hr_alone_corrects_at_once_and_only_what_is_closed(actors, row):
    # Bulk loaders mark everybody, and reopen no event.
    refused = (MARKERS - HR) | ONLOOKERS | {OWN, OWN_AS_HR}
    found, wanted = {}, {}
    for state, after in product(STATES, OUTCOMES):
        in_state(row, state)
        done = ILLEGAL if state != "closed" else SENSELESS if after == "pending" else after
        told = expected(done=done, by=HR, refused=refused)
        for key in EVERYBODY if after == "present" else HR:
            wanted[state, after, key] = told[key]
            found[state, after, key] = result_of(
                lambda key=key, after=after: correct_at_once({row.pk: after}, reason="x", actor=actors[key]),
                lambda: outcome_of(row),
            )

    assert found == wanted


# --- Corrections ------------------------------------------------------------------------------------------------------
def test_a_correction_is_asked_for_by_her_and_by_who_marks_her_once_the_event_is_closed(actors, row):
    put(row, outcome="absent")
    found, wanted = {}, {}
    for state in STATES:
        in_state(row, state)
        found[state] = {
            key: result_of(
                lambda key=key: ask_corrections({row.pk: "present"}, reason="x", actor=actors[key]),
                lambda: [*row.corrections.values_list("state", "outcome"), outcome_of(row)],
            )
            for key in EVERYBODY
        }
        done = [("waiting", "present"), "absent"] if state == "closed" else ILLEGAL
        wanted[state] = expected(done=done, by={*MARKERS, OWN, OWN_AS_HR}, refused=ONLOOKERS)

    assert found == wanted


DECISIONS = {
    "approve": lambda keys, actor: approve_corrections(keys, actor=actor),
    "reject": lambda keys, actor: reject_corrections(keys, answer="x", actor=actor),
    "withdraw": lambda keys, actor: withdraw_corrections(keys, actor=actor),
}
LEADS_TO = {"approve": "approved", "reject": "rejected", "withdraw": "withdrawn"}


@pytest.mark.parametrize("asker", [OWN, "head"])
def test_somebody_else_decides_and_only_who_asked_withdraws(asker, actors, row):
    put(row, outcome="absent")
    in_state(row, "closed")
    user = actors[asker]
    correction = AttendanceCorrection.objects.create(
        attendance=row, outcome="present", reason="x", asked_by_id=user.pk, asked_by_name=str(user)
    )
    sees = MARKERS | ONLOOKERS | {OWN, OWN_AS_HR}
    found, wanted = {}, {}
    for verb, before in product(DECISIONS, AttendanceCorrection.State.values):
        AttendanceCorrection.objects.filter(pk=correction.pk).update(state=before)
        found[verb, before] = {
            key: result_of(
                lambda key=key, verb=verb: DECISIONS[verb]([correction.pk], actors[key]),
                lambda: (AttendanceCorrection.objects.get(pk=correction.pk).state, outcome_of(row)),
            )
            for key in EVERYBODY
        }
        # Luisa with the role of HR is the same account as Luisa. Of what is decided nobody asks who might have.
        by = MARKERS - {asker} if verb != "withdraw" else {OWN, OWN_AS_HR} if asker == OWN else {asker}
        if before == "waiting":
            done = LEADS_TO[verb], "present" if verb == "approve" else "absent"
            wanted[verb, before] = expected(done=done, by=by, refused=sees - by)
        else:
            wanted[verb, before] = expected(done=ILLEGAL, by=sees, refused=set())

    assert found == wanted


def test_the_table_of_corrections_is_what_the_steps_do():
    steps = {("waiting", after) for after in LEADS_TO.values()}

    assert {(before, after) for before, nexts in AttendanceCorrection.NEXT.items() for after in nexts} == steps
