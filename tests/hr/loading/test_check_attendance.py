"""What the check of an attendance file finds: keys, steps of the enrolment, outcomes, seats, sessions, scope."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connections
from django.test.utils import CaptureQueriesContext

from core import access
from core.roles import BULK_LOADER, HR_MANAGER
from hr.loading import engine
from hr.loading.errors import UnusableFile
from hr.loading.kinds import KINDS
from tests.factories import make_attendance, make_employee, make_event, make_session, make_user
from tests.hr.loading import conftest

ATTENDANCE = KINDS["attendance"]
HEADER = ["Evento", "Código", "Cédula", "Sesión", "Estado", "Resultado"]


def row(event="V1", code="E2", national_id="", session="", status="", outcome=""):
    return [event, code, national_id, session, status, outcome]


def check(*rows, user=None, event=None, header=HEADER, **options):
    content = conftest.as_csv([header, *rows])
    sheet = engine.read_file(content, ATTENDANCE, event_id=event.pk if event else None)
    return engine.check(sheet, ATTENDANCE, user=user, **options)


def told(plan):
    """(row, column, message) of every fault."""
    return [(line.number, error.column, error.message) for line in plan.lines for error in line.errors]


def verdicts(plan):
    return [line.verdict for line in plan.lines]


@pytest.fixture
def event(db):
    return make_event("Inducción", code="V1", state="published")


# --- Which event, which person -----------------------------------------------------------------------------------
def test_rows_are_new_changed_unchanged_or_faulty(event, ana, beto, carla):
    make_attendance(event, ana)
    make_attendance(event, beto, "confirmed", "present")

    plan = check(
        row(code="E1", outcome="asistió"),
        row(code="E2", status="confirmada", outcome="present"),
        row(code="E3"),
        row(code="E9"),
    )

    assert verdicts(plan) == ["changed", "unchanged", "new", "faulty"]
    assert (plan.lines[0].before, plan.lines[0].after) == ({"outcome": "pending"}, {"outcome": "present"})
    assert (plan.lines[2].before, plan.lines[2].after) == ({}, {"enrol": True, "status": "registered"})
    assert plan.lines[2].label == "Carla Gil (E3) · Inducción (V1)"
    assert told(plan) == [(5, "Código", "No employee has this code or national id. Correct it.")]


def test_a_person_is_named_by_code_or_by_national_id(event, beto):
    foreigner = make_employee("Zoe", code="C1", country="CO", national_id="1020304050")
    header = ["Event", "Code", "Country", "National id"]

    plan = check(
        ["V1", "e2", "", ""], ["V1", "", "", "V-87.654.321"], ["V1", "C1", "", "1020304050"],
        ["V1", "", "Colombia", "1020304050"], ["V1", "E2", "", "12345678"], ["V1", "", "", ""],
        header=header,
    )  # fmt: skip

    same = "are about the same person. Keep one of them."
    assert told(plan) == [
        (2, "Code", f"The rows 2, 6 {same}"),
        (3, "National id", "No employee has this code or national id. Correct it."),
        (4, "Code", f"The rows 4, 5 {same}"),
        (5, "National id", f"The rows 4, 5 {same}"),
        (6, "Code", f"The rows 2, 6 {same}"),
        (7, "Code", "Neither code nor national id. Fill in one of them."),
    ]
    assert plan.lines[2].label.startswith(str(foreigner))


def test_a_code_and_a_national_id_must_be_one_persons(event, ana, beto, carla):
    plan = check(row(code="E2", national_id="V-87654321"), row(code="E2", national_id="V-11222333"),
                 row(code="E1", national_id="V-11222333"))  # fmt: skip

    assert [fault for fault in told(plan) if fault[1] == "Cédula"] == [
        (2, "Cédula", "The national id belongs to E3, the code to somebody else. Correct one of the two."),
        (3, "Cédula", "The code belongs to somebody with another national id. Correct one."),
    ], "of Ana none is on file"


def test_the_event_is_named_by_code_or_title_or_chosen_with_the_file(event, beto, carla):
    other = make_event("Taller", code="V2", state="published")
    make_event("Taller", code="V3", state="published")

    by_column = check(row("v1"), row("INDUCCION", code="E3"), row("Taller"), row("V9"), row(""))
    chosen = check(row(""), row("V2", code="E3"), row("V1", code="E3"), event=other)
    named = check(row("taller"), event=other)

    assert [line.event_id for line in by_column.lines[:2]] == [event.pk] * 2
    assert [(number, column) for number, column, _message in told(by_column)] == [(4, "Evento"), (5, "Evento"),
                                                                                (6, "Evento")]  # fmt: skip
    assert [message for _number, _column, message in told(by_column)] == [
        "Several bear this name. Write the code instead.",
        "No event has this code or title. Correct it.",
        "Missing. Fill in this cell, or choose the event together with the file.",
    ]
    assert told(chosen) == [
        (4, "Evento", "The file is loaded for another event. Remove the row, or choose no event."),
    ]
    assert verdicts(named) == ["new"]


def test_a_file_that_names_no_event_needs_one_to_be_chosen(event, beto):
    rows = [["Código"], ["E2"]]

    with pytest.raises(UnusableFile, match="Choose the event together with the file"):
        engine.read_file(conftest.as_csv(rows), ATTENDANCE)

    assert verdicts(check(["E2"], header=["Código"], event=event)) == ["new"]


# --- Words -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("word", "outcome"),
    [("asistió", "present"), ("PRESENTE", "present"), ("Sí", "present"), ("x", "present"), ("yes", "present"),
     ("tarde", "late"), ("Ausente", "absent"), ("no", "absent"), ("justificada", "excused"), ("excused", "excused")],
)  # fmt: skip
def test_outcomes_are_known_in_both_languages(event, beto, word, outcome):
    make_attendance(event, beto)

    assert check(row(outcome=word)).lines[0].after == {"outcome": outcome}


@pytest.mark.parametrize(("column", "value"), [("Estado", "perhaps"), ("Resultado", "maybe"), ("Sesión", "first")])
def test_a_word_nobody_knows_is_faulty_with_those_that_are(event, beto, column, value):
    cells = row()
    cells[HEADER.index(column)] = value

    plan = check(cells)

    assert [(line.number, error.column, error.value) for line in plan.lines for error in line.errors] == [
        (2, column, value)
    ]


# --- Steps of the enrolment --------------------------------------------------------------------------------------
BLANK, REMOVE = "Leave the cell blank.", "Remove the row."


@pytest.mark.parametrize(
    ("now", "wanted", "changes", "fault"),
    [
        (None, "", {"enrol"}, ""),
        (None, "registered", {"enrol"}, ""),
        (None, "confirmed", {"enrol", "confirm"}, ""),
        (None, "cancelled", set(), "This person is not enrolled: nothing can be cancelled. Remove the row."),
        (None, "waitlisted", {"enrol"}, "There is a free seat. Write registered."),
        ("registered", "registered", set(), ""),
        ("registered", "confirmed", {"confirm"}, ""),
        ("registered", "cancelled", {"cancel"}, ""),
        ("registered", "waitlisted", set(), "This person has a seat and keeps it. Leave the cell blank."),
        ("confirmed", "registered", set(), ""),
        ("confirmed", "confirmed", set(), ""),
        ("confirmed", "cancelled", {"cancel"}, ""),
        ("waitlisted", "registered", set(), ""),
        ("waitlisted", "waitlisted", set(), ""),
        ("waitlisted", "confirmed", {"confirm"}, "This person is on the wait-list. Leave the cell blank."),
        ("waitlisted", "cancelled", {"cancel"}, ""),
        ("cancelled", "", set(), ""),
        ("cancelled", "cancelled", set(), ""),
        ("cancelled", "registered", {"enrol"}, ""),
        ("cancelled", "confirmed", {"enrol", "confirm"}, ""),
    ],
)
def test_a_status_leads_where_the_verbs_lead(event, beto, now, wanted, changes, fault):
    if now:
        make_attendance(event, beto, now)

    plan = check(row(status=wanted))

    assert fault or plan.lines[0].after.keys() - {"status"} == changes
    assert [message for _number, _column, message in told(plan)] == ([fault] if fault else [])


@pytest.mark.parametrize(
    ("state", "cells", "fault"),
    [
        ("draft", {}, ("Evento", "Inducción (V1) is not published yet. Remove the row.")),
        ("closed", {}, ("Evento", f"Inducción (V1) is closed: nobody's enrolment changes any more. {REMOVE}")),
        ("cancelled", {}, ("Evento", f"Inducción (V1) is cancelled: nobody's enrolment changes any more. {REMOVE}")),
        ("completed", {"status": "confirmed"},
         ("Estado", f"Inducción (V1) is completed: nobody's enrolment changes any more. {BLANK}")),
    ],
)  # fmt: skip
def test_an_event_takes_nobody_in_the_wrong_state(event, beto, state, cells, fault):
    event.state = state
    event.save()

    assert told(check(row(**cells))) == [(2, *fault)]


def test_a_closed_event_is_locked_and_its_rows_as_they_are_do_no_harm(event, ana, beto):
    make_attendance(event, ana, "confirmed", "late")
    make_attendance(event, beto)
    event.state = "closed"
    event.save()

    plan = check(row(code="E1", status="confirmed", outcome="late"), row(outcome="present", status="cancelled"))

    assert verdicts(plan) == ["unchanged", "faulty"]
    assert told(plan) == [
        (3, "Estado", f"Inducción (V1) is closed: nobody's enrolment changes any more. {BLANK}"),
        (3, "Resultado", "The event is closed. Ask for a correction instead."),
    ]


def test_who_came_is_not_taken_out_and_who_left_not_put_in(event, ana, beto):
    make_attendance(event, ana, outcome="present")
    beto.status, beto.ended_on = "terminated", "2024-01-31"
    beto.save()

    plan = check(row(code="E1", status="cancelled"), row())

    assert told(plan) == [
        (2, "Estado", "Ana Pérez (E1) came, so the enrolment stays: correct the outcome first."),
        (3, "Código", "This person is terminated and cannot be enrolled. Remove the row."),
    ]


@pytest.mark.parametrize(
    ("status", "cells", "message"),
    [
        ("waitlisted", {}, "This person is on the wait-list and needs a seat first. Leave the cell blank."),
        ("cancelled", {}, "This person is no longer enrolled. Leave the cell blank."),
        ("registered", {"status": "cancelled"},
         "The row takes this person out. Leave one of the two cells blank."),
    ],
)  # fmt: skip
def test_an_outcome_needs_a_seat(event, beto, status, cells, message):
    make_attendance(event, beto, status)

    assert told(check(row(outcome="present", **cells))) == [(2, "Resultado", message)]


# --- Seats -------------------------------------------------------------------------------------------------------
def test_seats_go_in_the_order_of_the_file(event, ana, beto, carla):
    event.capacity = 2
    event.save()
    make_attendance(event, make_employee())

    plan = check(row(code="E3"), row(code="E1"), row(code="E2", status="waitlisted"))

    becomes = ["registered", "waitlisted", "waitlisted"]
    assert [line.after for line in plan.lines] == [{"enrol": True, "status": status} for status in becomes]


def test_who_would_wait_is_neither_confirmed_nor_marked(event, ana, beto, carla):
    event.capacity = 1
    event.save()

    plan = check(row(code="E1"), row(code="E2", status="confirmed"), row(code="E3", outcome="present"))

    assert told(plan) == [
        (3, "Estado", "The event is full: this person will wait. Write registered."),
        (4, "Resultado", "The event is full: this person will wait for a seat. Leave the cell blank."),
    ]


def test_a_seat_that_the_file_frees_goes_to_who_waits_first(event, ana, beto, carla):
    event.capacity = 2
    event.save()
    one, two = make_attendance(event, make_employee()), make_attendance(event, make_employee())
    make_attendance(event, ana, "waitlisted")

    plan = check(
        *(row(code=each.employee.code, status="cancelled") for each in (one, two)), row(code="E2"), row(code="E3")
    )

    assert [line.after["status"] for line in plan.lines[2:]] == ["registered", "waitlisted"]


# --- Sessions ----------------------------------------------------------------------------------------------------
def test_a_session_has_an_outcome_of_its_own(event, beto):
    make_session(event, 1)
    second = make_session(event, 2)
    make_attendance(event, beto)

    plan = check(row(session="2", outcome="present"), row(session="1"), row(session="3"))

    assert plan.lines[0].after == {"outcome": "present", "session": second.pk}
    assert plan.lines[0].label.endswith("· Session 2")
    assert verdicts(plan)[:2] == ["changed", "unchanged"]
    assert told(plan) == [(4, "Sesión", "The event has 2 sessions and none of this number. Correct it.")]


def test_rows_of_one_person_do_not_contradict_one_another(event, ana, beto):
    make_session(event, 1)
    make_attendance(event, ana)

    plan = check(
        row(code="E1", session="1", outcome="present"), row(code="E1", outcome="absent"),
        row(session="1", status="registered"), row(status="confirmed"),
    )  # fmt: skip

    several = "The rows 4, 5 give one person several statuses. Keep one of them."
    assert told(plan) == [
        (3, "Resultado", "The outcome follows from the sessions in the rows 2. Leave the cell blank."),
        (4, "Estado", several),
        (5, "Estado", several),
    ]


def test_an_event_without_sessions_has_none_to_mark(event, beto):
    assert told(check(row(session="1"))) == [(2, "Sesión", "The event has no sessions. Leave the cell blank.")]


# --- Scope -------------------------------------------------------------------------------------------------------
@pytest.fixture
def manager(ana, beto):
    """Ana heads the unit and may load attendance, by a right of her own."""
    user = make_user("ana", employee=ana)
    user.user_permissions.set(Permission.objects.filter(codename="import_attendance"))
    return user


def test_a_loader_of_the_whole_organisation_loads_everybody(event, beto, carla):
    for role in (BULK_LOADER, HR_MANAGER):
        assert verdicts(check(row(status="confirmed"), row(code="E3"), user=make_user(role=role))) == ["new", "new"]


def test_people_and_events_out_of_scope_answer_like_unknown_ones(event, beto, carla, manager):
    make_attendance(event, beto)
    make_event("Secreta", code="V7", state="published")

    plan = check(
        row(code="E3"), row(code="E9"), row(code="", national_id="V-87654321"), row(code="", national_id="V-19999999"),
        row("V7"), row("V9"), row("Secreta"), user=manager,
    )  # fmt: skip

    messages = [message for _number, _column, message in told(plan)]
    unknown, no_event = "No employee has this code or national id. Correct it.", "No event has this code or title."
    assert messages == [*[unknown] * 4, *[f"{no_event} Correct it."] * 3]
    with pytest.raises(UnusableFile, match="does not exist"):
        check(row("", code="E2"), event=make_event(state="published"), user=manager)


def test_a_manager_loads_his_people_but_never_himself(event, ana, beto, manager):
    make_attendance(event, ana)
    make_attendance(event, beto)
    late = make_employee("Luz", code="E8", org_unit=beto.org_unit)

    plan = check(row(outcome="present"), row(code="E1", outcome="present"), row(code="E8", status="confirmed"),
                 row(code="E1", session=""), user=manager)  # fmt: skip
    own = check(row(code="E1", status="cancelled"), user=manager)

    assert plan.lines[0].verdict == "changed"
    assert (3, "Resultado", "You may not note whether this person came. Leave the cell blank.") in told(plan)
    assert (4, "Estado", "Only HR and the person himself confirm. Write registered.") in told(plan)
    assert plan.lines[2].label == f"{late} · {event}"
    assert str(late) not in str(told(plan))
    assert verdicts(own) == ["changed"], "oneself before the start"


def test_who_sees_a_person_without_answering_for_him_loads_nothing_of_him(event, carla, db):
    user = make_user()
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["view_employee", "view_event", "view_attendance"])
    )
    dan = make_employee("Dan", code="E4")
    make_attendance(event, dan)

    plan = check(row(code="E3"), row(code="E4", status="cancelled"), row(code="E4", outcome="late"), user=user)

    assert told(plan)[:2] == [
        (2, "Código", "You may not enrol this person. Remove the row, or ask who may."),
        (3, "Código", "The rows 3, 4 are about the same person. Keep one of them."),
    ]
    cancelled = (3, "Estado", "You may not take this person out. Remove the row, or ask who may.")
    assert cancelled in told(plan)
    assert check(row(code="E4", outcome="late"), user=user).lines[0].errors[0].column == "Resultado"


def test_a_grant_on_an_event_lets_its_people_be_marked_and_nobody_be_added(event, beto, carla):
    user = make_user()
    user.user_permissions.set(Permission.objects.filter(codename="import_attendance"))
    make_attendance(event, carla)
    for right in ("view_attendance_at", "mark_attendance_at"):
        access.grant(right, user, event)

    plan = check(row(code="E3", outcome="present"), row(code="E2", outcome="present"), user=user)

    assert verdicts(plan) == ["changed", "faulty"]
    assert told(plan) == [(3, "Código", "No employee has this code or national id. Correct it.")]


def test_a_national_id_is_no_key_without_the_right_to_personal_data(event, beto, db):
    user = make_user()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_employee", "view_event"]))

    plan = check(row(code="", national_id="V-12345678"), user=user)

    assert told(plan) == [(2, "Cédula", "You may not see or change personal data. Remove this column.")]


def test_the_number_of_queries_does_not_grow_with_the_rows(event, sales, hr_manager):
    people = [make_employee(code=f"P{number}", org_unit=sales) for number in range(40)]
    for person in people[::2]:
        make_attendance(event, person)
    rows = [row(code=person.code, outcome="present") for person in people]

    counts = []
    for size in (2, 40):
        user = type(hr_manager).objects.get(pk=hr_manager.pk)
        with CaptureQueriesContext(connections["business"]) as queries:
            check(*rows[:size], user=user)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 15
