"""Outcomes of closed events: who asks, who decides, and who needs to ask nobody."""

import pytest
from django.contrib.auth.models import Group

from core import access, roles
from core.errors import DomainError, InvalidTransition, NotAllowed, NotFound
from core.models import User
from hr.models import Attendance, AttendanceCorrection, OutboxMessage
from hr.services.corrections import (
    approve_corrections,
    ask_corrections,
    correct_at_once,
    reject_corrections,
    withdraw_corrections,
)
from tests.factories import make_attendance, make_employee, make_event, make_user


@pytest.fixture
def event(db):
    return make_event("Inducción", state="closed", in_hours=-48)


@pytest.fixture
def rows(event, ana, beto, carla):
    return {person.first_name: make_attendance(event, person, outcome="absent") for person in (ana, beto, carla)}


@pytest.fixture
def actors(ana, beto, carla, rows, sales):
    """By name; each as the next request would read him. Dora heads the unit above Ana's."""
    company = sales.parent
    company.head = make_employee("Dora", org_unit=company)
    company.save()
    users = {
        "Ana": make_user("ana", employee=ana),
        "Beto": make_user("beto", employee=beto),
        "Carla": make_user("carla", employee=carla),
        "Dora": make_user("dora", employee=company.head),
        "HR": make_user("hr", role=roles.HR_MANAGER),
        "HR Beto": make_user("hrb", role=roles.HR_MANAGER),
        "loader": make_user("loader", role=roles.BULK_LOADER),
        "auditor": make_user("auditor", role=roles.AUDITOR),
        "deputy": make_user("deputy", employee=make_employee("Delia")),
    }
    access.grant("act_as_manager", users["deputy"], ana, granted_by=users["Ana"], reason="away")
    return lambda name: User.objects.get(pk=users[name].pk)


def outcome_of(row):
    return Attendance.objects.get(pk=row.pk).outcome


def answer_of(service, *args, **kwargs):
    try:
        service(*args, **kwargs)
    except (NotAllowed, NotFound) as error:
        return "not allowed" if isinstance(error, NotAllowed) else "not found"
    return "done"


# --- Asking -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("asker", "about", "answer"),
    [
        ("Beto", "Beto", "done"),
        ("Beto", "Ana", "not found"),
        ("Carla", "Beto", "not found"),
        ("Ana", "Beto", "done"),
        ("Ana", "Ana", "done"),
        ("Ana", "Carla", "not found"),
        ("deputy", "Beto", "done"),
        ("HR", "Carla", "done"),
        ("loader", "Carla", "done"),
        ("auditor", "Carla", "not allowed"),
    ],
)
def test_who_asks_for_whom(asker, about, answer, actors, rows):
    got = answer_of(ask_corrections, {rows[about].pk: "present"}, reason="Was there", actor=actors(asker))

    assert got == answer
    assert AttendanceCorrection.objects.count() == (1 if answer == "done" else 0)
    assert outcome_of(rows[about]) == "absent"


def test_what_is_asked_for_is_kept_with_its_reason_and_told(actors, rows):
    (asked,) = ask_corrections({rows["Beto"].pk: "late"}, reason=" Bus broke down ", actor=actors("Beto"))

    saved = AttendanceCorrection.objects.get()
    assert (saved.pk, saved.outcome, saved.reason, saved.asked_by_name, saved.state) == (
        asked.pk,
        "late",
        "Bus broke down",
        "Beto Ñáñez",
        "waiting",
    )
    assert saved.history.count() == 1
    assert list(OutboxMessage.objects.filter(kind="correction.asked").values_list("payload", flat=True)) == [
        {"correction_id": saved.pk}
    ]


@pytest.mark.parametrize("state", ["published", "in_progress", "completed"])
def test_nothing_is_asked_while_the_roll_is_open(state, beto, actors):
    row = make_attendance(make_event(state=state), beto, outcome="absent")

    with pytest.raises(InvalidTransition) as refused:
        ask_corrections({row.pk: "present"}, reason="x", actor=actors("Beto"))
    assert str(refused.value) == "The event is not closed. Note it in the roll instead."


@pytest.mark.parametrize(
    ("outcome", "reason", "message"),
    [
        ("present", "  ", "Give a reason."),
        ("absent", "x", "That is what is noted already."),
        ("pending", "x", "Say whether the person came."),
        ("elsewhere", "x", "Say whether the person came."),
    ],
)
def test_what_makes_no_sense_is_refused(outcome, reason, message, actors, rows):
    with pytest.raises(DomainError) as refused:
        ask_corrections({rows["Beto"].pk: outcome}, reason=reason, actor=actors("Beto"))
    assert str(refused.value) == message


def test_one_correction_waits_at_a_time(actors, rows):
    ask_corrections({rows["Beto"].pk: "present"}, reason="x", actor=actors("Beto"))

    with pytest.raises(DomainError, match="waits for a decision already"):
        ask_corrections({rows["Beto"].pk: "late"}, reason="x", actor=actors("Ana"))


def test_after_a_rejection_one_may_ask_again(actors, rows):
    (asked,) = ask_corrections({rows["Beto"].pk: "present"}, reason="x", actor=actors("Beto"))
    reject_corrections([asked.pk], answer="no", actor=actors("Ana"))

    (again,) = ask_corrections({rows["Beto"].pk: "present"}, reason="with a witness", actor=actors("Beto"))

    assert (again.pk != asked.pk, again.state) == (True, "waiting")


# --- Deciding ---------------------------------------------------------------------------------------------------------
DECISIONS = [
    # asker, about, decider, answer
    ("Beto", "Beto", "Ana", "done"),
    ("Beto", "Beto", "deputy", "done"),
    ("Beto", "Beto", "HR", "done"),
    ("Beto", "Beto", "loader", "done"),
    ("Beto", "Beto", "Beto", "not allowed"),
    ("Beto", "Beto", "Carla", "not found"),
    ("Beto", "Beto", "auditor", "not allowed"),
    ("Ana", "Beto", "Ana", "not allowed"),
    ("Ana", "Beto", "Beto", "not allowed"),
    ("Ana", "Beto", "Dora", "done"),
    ("Ana", "Ana", "Ana", "not allowed"),
    ("HR", "Ana", "Ana", "not allowed"),
    ("Ana", "Ana", "Dora", "done"),
    ("HR", "Carla", "HR", "not allowed"),
    ("HR", "Carla", "HR Beto", "done"),
    ("HR", "Carla", "Ana", "not found"),
]


@pytest.mark.parametrize(("asker", "about", "decider", "answer"), DECISIONS)
@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_who_decides(verb, asker, about, decider, answer, actors, rows):
    (asked,) = ask_corrections({rows[about].pk: "present"}, reason="Was there", actor=actors(asker))
    service = {"approve": approve_corrections, "reject": reject_corrections}[verb]

    got = answer_of(service, [asked.pk], answer="Seen", actor=actors(decider))

    asked.refresh_from_db()
    states = {"approve": ("approved", "present"), "reject": ("rejected", "absent")}
    assert got == answer
    assert (asked.state, outcome_of(rows[about])) == (states[verb] if answer == "done" else ("waiting", "absent"))


@pytest.mark.parametrize(("asker", "about", "decider", "answer"), DECISIONS)
def test_the_queue_holds_what_one_decides(asker, about, decider, answer, actors, rows):
    ask_corrections({rows[about].pk: "present"}, reason="Was there", actor=actors(asker))

    assert AttendanceCorrection.objects.decidable_by(actors(decider)).exists() is (answer == "done")


def test_nobody_decides_about_himself_whatever_his_role(rows, actors):
    actors("Beto").groups.add(Group.objects.get(name=roles.HR_MANAGER))
    (asked,) = ask_corrections({rows["Beto"].pk: "present"}, reason="x", actor=actors("Ana"))

    with pytest.raises(NotAllowed, match="Nobody decides about his own attendance"):
        approve_corrections([asked.pk], actor=actors("Beto"))
    with pytest.raises(NotAllowed, match="Nobody decides about his own attendance"):
        correct_at_once({rows["Beto"].pk: "present"}, reason="x", actor=actors("Beto"))


def test_an_approval_tells_who_asked_and_who_decided(actors, rows):
    (asked,) = ask_corrections({rows["Beto"].pk: "late"}, reason="Bus", actor=actors("Beto"))

    approve_corrections([asked.pk], answer="I saw him", actor=actors("Ana"))

    row, asked = Attendance.objects.get(pk=rows["Beto"].pk), AttendanceCorrection.objects.get()
    assert (row.outcome, row.marked_from, row.marked_by_name) == ("late", "correction", "Ana Pérez")
    assert row.history.first().history_change_reason == "Bus"
    assert (asked.decided_by_name, asked.answer, asked.version) == ("Ana Pérez", "I saw him", 2)
    assert OutboxMessage.objects.filter(kind="correction.decided", payload={"correction_id": asked.pk}).count() == 1


def test_several_are_decided_together_or_none(actors, rows):
    asked = ask_corrections(
        {rows["Beto"].pk: "present", rows["Carla"].pk: "excused", rows["Ana"].pk: "late"},
        reason="x",
        actor=actors("HR"),
    )
    keys = [correction.pk for correction in asked]

    with pytest.raises(NotFound):
        approve_corrections(keys, actor=actors("Ana"))
    assert [outcome_of(row) for row in rows.values()] == ["absent"] * 3
    approve_corrections(keys, actor=actors("HR Beto"))

    assert {name: outcome_of(row) for name, row in rows.items()} == {
        "Ana": "late",
        "Beto": "present",
        "Carla": "excused",
    }


def decide(verb, asked, actors):
    match verb:
        case "approve":
            approve_corrections([asked.pk], actor=actors("Ana"))
        case "reject":
            reject_corrections([asked.pk], answer="x", actor=actors("Ana"))
        case "withdraw":
            withdraw_corrections([asked.pk], actor=actors("Beto"))


@pytest.mark.parametrize("verb", ["approve", "reject", "withdraw"])
@pytest.mark.parametrize("before", ["approved", "rejected", "withdrawn"])
def test_what_is_decided_stays_so(before, verb, actors, rows):
    (asked,) = ask_corrections({rows["Beto"].pk: "present"}, reason="x", actor=actors("Beto"))
    AttendanceCorrection.objects.filter(pk=asked.pk).update(state=before)

    with pytest.raises(InvalidTransition):
        decide(verb, asked, actors)
    assert outcome_of(rows["Beto"]) == "absent"


def test_of_what_is_decided_that_is_said_whoever_asked_for_it(actors, rows):
    (asked,) = ask_corrections({rows["Beto"].pk: "present"}, reason="x", actor=actors("Ana"))
    approve_corrections([asked.pk], actor=actors("HR"))

    with pytest.raises(InvalidTransition, match="The request is approved already"):
        approve_corrections([asked.pk], actor=actors("Ana"))


def test_a_rejection_says_why(actors, rows):
    (asked,) = ask_corrections({rows["Beto"].pk: "present"}, reason="x", actor=actors("Beto"))

    with pytest.raises(DomainError, match="Give a reason"):
        reject_corrections([asked.pk], answer=" ", actor=actors("Ana"))


@pytest.mark.parametrize(("who", "answer"), [("Beto", "done"), ("Ana", "not allowed"), ("Carla", "not found")])
def test_only_who_asked_withdraws(who, answer, actors, rows):
    (asked,) = ask_corrections({rows["Beto"].pk: "present"}, reason="x", actor=actors("Beto"))

    assert answer_of(withdraw_corrections, [asked.pk], actor=actors(who)) == answer
    asked.refresh_from_db()
    assert asked.state == ("withdrawn" if answer == "done" else "waiting")


# --- At once ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("who", "answer"),
    [
        ("HR", "done"),
        ("loader", "not allowed"),
        ("auditor", "not allowed"),
        ("Ana", "not allowed"),
        ("Beto", "not allowed"),
        ("Carla", "not found"),
    ],
)
def test_only_hr_changes_what_is_closed_without_asking(who, answer, actors, rows):
    got = answer_of(correct_at_once, {rows["Beto"].pk: "late"}, reason="List of the gate", actor=actors(who))

    assert (got, outcome_of(rows["Beto"])) == (answer, "late" if answer == "done" else "absent")


def test_a_change_at_once_needs_a_reason_and_keeps_it(actors, rows):
    with pytest.raises(DomainError, match="Give a reason"):
        correct_at_once({rows["Beto"].pk: "late"}, reason="", actor=actors("HR"))

    (row,) = correct_at_once({rows["Beto"].pk: "late"}, reason="List of the gate", actor=actors("HR"))

    assert row.history.first().history_change_reason == "List of the gate"
