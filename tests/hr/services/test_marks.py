"""Who notes whose outcome, in which states; sessions and what follows from them; closing."""

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from core import access, roles
from core.errors import DomainError, InvalidTransition, NotAllowed, NotFound, StaleRow
from core.models import User
from hr.completion import outcome_of
from hr.models import Attendance, Event, SessionMark
from hr.services.marks import close_pending, follow_sessions, mark_attendance, mark_sessions
from tests.factories import make_attendance, make_employee, make_event, make_session, make_user

OUTCOMES = ["pending", "present", "late", "absent", "excused"]


@pytest.fixture
def event(db):
    return make_event("Inducción", state="in_progress", in_hours=-1)


@pytest.fixture
def roll(event, ana, beto, carla):
    """Ana heads Beto's unit; Carla is a stranger to both."""
    return {person.first_name: make_attendance(event, person) for person in (ana, beto, carla)}


@pytest.fixture
def actors(ana, beto, carla, roll, event):
    """By role; each as the next request would read him."""
    employee_of = {"manager": ana, "employee": beto, "stranger": carla}
    users = {name: make_user(name, employee=person) for name, person in employee_of.items()}
    users["deputy"] = make_user("deputy", employee=make_employee("Delia"))
    users["holds the event"] = make_user("holder", employee=make_employee("Hilda"))
    users["sees the event"] = make_user("seer", employee=make_employee("Sara"))
    own = {"HR manager": roles.HR_MANAGER, "administrator": roles.ADMINISTRATOR, "loader": roles.BULK_LOADER}
    for name, role in (own | {"auditor": roles.AUDITOR}).items():
        users[name] = make_user(role=role)
    giver = users["HR manager"]
    access.grant("act_as_manager", users["deputy"], ana, granted_by=users["manager"], reason="away")
    for codename in ("view_attendance_at", "mark_attendance_at"):
        access.grant(codename, users["holds the event"], event, granted_by=giver, reason="takes the roll")
    access.grant("view_attendance_at", users["sees the event"], event, granted_by=giver, reason="looks on")
    return lambda name: User.objects.get(pk=users[name].pk)


def outcomes_of(roll):
    return {name: Attendance.objects.get(pk=row.pk).outcome for name, row in roll.items()}


# --- Who marks whom ---------------------------------------------------------------------------------------------------
MAY_MARK = {
    "HR manager": {"Ana", "Beto", "Carla"},
    "administrator": {"Ana", "Beto", "Carla"},
    "loader": {"Ana", "Beto", "Carla"},
    "holds the event": {"Ana", "Beto", "Carla"},
    "manager": {"Beto"},
    "deputy": {"Ana", "Beto"},
    "auditor": set(),
    "sees the event": set(),
    "employee": set(),
    "stranger": set(),
}
SEES = MAY_MARK | {
    "manager": {"Ana", "Beto"},
    "auditor": {"Ana", "Beto", "Carla"},
    "sees the event": {"Ana", "Beto", "Carla"},
    "employee": {"Beto"},
    "stranger": {"Carla"},
}


@pytest.mark.parametrize("name", ["Ana", "Beto", "Carla"])
@pytest.mark.parametrize("role", MAY_MARK)
def test_who_marks_whom(role, name, actors, roll):
    try:
        mark_attendance({roll[name].pk: "present"}, actor=actors(role))
        answer = "marked"
    except NotAllowed:
        answer = "not allowed"
    except NotFound:
        answer = "not found"

    expected = "marked" if name in MAY_MARK[role] else "not allowed" if name in SEES[role] else "not found"
    assert answer == expected
    assert outcomes_of(roll) == {
        "Ana": "pending",
        "Beto": "pending",
        "Carla": "pending",
        name: "present" if expected == "marked" else "pending",
    }


def test_of_several_people_one_who_may_not_be_marked_leaves_all_as_they_were(actors, roll):
    with pytest.raises(NotFound):
        mark_attendance({roll["Beto"].pk: "present", roll["Carla"].pk: "present"}, actor=actors("manager"))

    assert set(outcomes_of(roll).values()) == {"pending"}


# --- Which outcome, in which state ------------------------------------------------------------------------------------
@pytest.mark.parametrize("after", OUTCOMES)
@pytest.mark.parametrize("before", OUTCOMES)
def test_any_outcome_becomes_any_other(before, after, event, beto, hr_manager):
    row = make_attendance(event, beto, outcome=before)

    changed = mark_attendance({row.pk: after}, actor=hr_manager)

    row.refresh_from_db()
    assert (row.outcome, [one.pk for one in changed]) == (after, [row.pk] if before != after else [])


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("draft", "The roll of Inducción (V) cannot be taken: it is draft."),
        ("published", None),
        ("in_progress", None),
        ("completed", None),
        ("closed", "The event is closed. Ask for a correction instead."),
        ("cancelled", "The roll of Inducción (V) cannot be taken: it is cancelled."),
    ],
)
def test_the_roll_is_open_until_the_event_is_closed(state, message, beto, hr_manager):
    row = make_attendance(make_event(code="V", state=state), beto)

    if message:
        with pytest.raises(InvalidTransition) as refused:
            mark_attendance({row.pk: "present"}, actor=hr_manager)
        assert str(refused.value) == message
    else:
        mark_attendance({row.pk: "present"}, actor=hr_manager)

    row.refresh_from_db()
    assert row.outcome == ("pending" if message else "present")


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("registered", None),
        ("confirmed", None),
        ("waitlisted", "This person is on the wait-list and needs a seat first."),
        ("cancelled", "This person is no longer enrolled."),
    ],
)
def test_only_who_has_a_seat_is_marked(status, message, event, beto, hr_manager):
    row = make_attendance(event, beto, status=status)

    if message:
        with pytest.raises(DomainError) as refused:
            mark_attendance({row.pk: "absent"}, actor=hr_manager)
        assert str(refused.value) == message
    else:
        assert mark_attendance({row.pk: "absent"}, actor=hr_manager) == [row]


def test_a_mark_tells_who_noted_it_and_how_and_so_does_its_history(roll, hr_manager):
    mark_attendance({roll["Beto"].pk: "late"}, actor=hr_manager, marked_from="import", source="import")

    row = Attendance.objects.get(pk=roll["Beto"].pk)
    assert (row.outcome, row.marked_by_name, row.marked_from, row.version) == ("late", "Hugo", "import", 2)
    latest = row.history.first()
    assert (latest.outcome, latest.history_user_name, latest.history_source) == ("late", "Hugo", "import")


def test_marking_what_is_marked_already_writes_nothing(roll, hr_manager):
    mark_attendance({roll["Beto"].pk: "late"}, actor=hr_manager)

    assert mark_attendance({roll["Beto"].pk: "late"}, actor=make_user(role=roles.HR_MANAGER)) == []
    assert Attendance.objects.get(pk=roll["Beto"].pk).marked_by_name == "Hugo"


def test_what_somebody_else_noted_meanwhile_is_not_overwritten_unseen(roll, hr_manager):
    key = roll["Beto"].pk
    mark_attendance({key: "late"}, actor=hr_manager)
    other = make_user(role=roles.HR_MANAGER)

    with pytest.raises(StaleRow) as refused:
        mark_attendance({key: "absent"}, seen={key: "pending"}, actor=other)
    assert str(refused.value) == (
        "Somebody else noted this meanwhile: Beto Ñáñez (E2): late (Hugo). Look it over and save again."
    )
    mark_attendance({key: "absent"}, seen={key: "late"}, actor=other)

    assert outcomes_of(roll)["Beto"] == "absent"


def test_two_who_note_the_same_agree(roll, hr_manager):
    key = roll["Beto"].pk
    mark_attendance({key: "late"}, actor=hr_manager)

    assert mark_attendance({key: "late"}, seen={key: "pending"}, actor=hr_manager) == []


def test_two_hundred_people_take_as_many_statements_as_ten(event, sales, hr_manager):
    rows = [make_attendance(event, make_employee(org_unit=sales)) for _number in range(200)]
    counted = []

    for part in (rows[:10], rows[10:]):
        with CaptureQueriesContext(connections["business"]) as queries:
            mark_attendance({row.pk: "present" for row in part}, actor=hr_manager)
        counted.append(len([query for query in queries if not query["sql"].startswith("UPDATE hr_attendance SET")]))

    assert counted[0] == counted[1]
    assert set(Attendance.objects.values_list("outcome", flat=True)) == {"present"}


# --- Sessions ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("percent", "noted", "outcome"),
    [
        (80, "P", "present"),
        (80, "L", "late"),
        (80, "A", "absent"),
        (80, "E", "excused"),
        (80, "-", "pending"),
        (80, "PPPPA", "present"),
        (80, "PPPP-", "present"),
        (80, "PPPLA", "late"),
        (80, "PPPLP", "present"),
        (80, "PPPA-", "pending"),
        (80, "PPPAA", "absent"),
        (80, "PPPEA", "excused"),
        (80, "PPEEA", "excused"),
        (80, "PEAAA", "absent"),
        (80, "EEEEE", "excused"),
        (80, "-----", "pending"),
        (100, "PPPPA", "absent"),
        (100, "PPPPL", "late"),
        (1, "AAAAP", "present"),
        (50, "PAA", "absent"),
        (50, "PPA", "present"),
    ],
)
def test_the_outcome_of_an_event_follows_from_its_sessions(percent, noted, outcome):
    words = {"P": "present", "L": "late", "A": "absent", "E": "excused", "-": "pending"}

    assert outcome_of(percent, len(noted), [words[letter] for letter in noted]) == outcome


@pytest.fixture
def course(event):
    return [make_session(event, number) for number in (1, 2, 3, 4, 5)]


def test_marks_of_sessions_are_kept_and_the_event_follows(roll, course, hr_manager):
    key = roll["Beto"].pk
    for session in course[:3]:
        mark_sessions({(key, session.pk): "present"}, actor=hr_manager)
    assert outcomes_of(roll)["Beto"] == "pending"

    mark_sessions({(key, course[3].pk): "late", (key, course[4].pk): "absent"}, actor=hr_manager)
    assert outcomes_of(roll)["Beto"] == "late"

    mark_sessions({(key, course[3].pk): "present"}, actor=hr_manager)
    assert outcomes_of(roll)["Beto"] == "present"
    marks = SessionMark.objects.filter(attendance=key).order_by("session__number")
    assert [(mark.outcome, mark.history.count()) for mark in marks] == [
        ("present", 1),
        ("present", 1),
        ("present", 1),
        ("present", 2),
        ("absent", 1),
    ]


def test_an_outcome_for_a_whole_course_is_noted_in_each_session(roll, course, hr_manager):
    changed = mark_attendance({roll["Beto"].pk: "late", roll["Carla"].pk: "excused"}, actor=hr_manager)

    assert {row.employee.first_name: row.outcome for row in changed} == {"Beto": "late", "Carla": "excused"}
    assert sorted(SessionMark.objects.values_list("attendance__employee__first_name", "outcome")) == [
        *[("Beto", "late")] * 5,
        *[("Carla", "excused")] * 5,
    ]


def test_a_session_of_another_event_is_not_there(roll, hr_manager):
    foreign = make_session(make_event(state="in_progress"))

    with pytest.raises(NotFound):
        mark_sessions({(roll["Beto"].pk, foreign.pk): "present"}, actor=hr_manager)


def test_a_manager_marks_sessions_of_his_people_only(roll, course, actors):
    mark_sessions({(roll["Beto"].pk, course[0].pk): "present"}, actor=actors("manager"))

    with pytest.raises(NotFound):
        mark_sessions({(roll["Carla"].pk, course[0].pk): "present"}, actor=actors("manager"))
    with pytest.raises(NotAllowed):
        mark_sessions({(roll["Ana"].pk, course[0].pk): "present"}, actor=actors("manager"))
    assert list(SessionMark.objects.values_list("attendance_id", flat=True)) == [roll["Beto"].pk]


def test_a_session_that_was_noted_meanwhile_is_not_overwritten_unseen(roll, course, hr_manager):
    sitting = (roll["Beto"].pk, course[0].pk)
    mark_sessions({sitting: "late"}, actor=hr_manager)

    with pytest.raises(StaleRow):
        mark_sessions({sitting: "absent"}, seen={sitting: "pending"}, actor=hr_manager)


def test_sessions_that_come_or_go_change_what_the_marks_mean(event, roll, course, hr_manager):
    for session in course[:3]:
        mark_sessions({(roll["Beto"].pk, session.pk): "present"}, actor=hr_manager)
    for session in course[3:]:
        session.delete()

    assert follow_sessions([event.pk], actor=hr_manager) == 1
    assert outcomes_of(roll) == {"Ana": "pending", "Beto": "present", "Carla": "pending"}

    make_session(event, 4)
    assert follow_sessions([event.pk], actor=hr_manager) == 1
    assert follow_sessions([event.pk], actor=hr_manager) == 0
    assert outcomes_of(roll)["Beto"] == "pending"


# --- Closing ----------------------------------------------------------------------------------------------------------
def test_closing_takes_what_nobody_noted_for_absence_once(event, ana, beto, carla, sales, hr_manager):
    rows = {
        "pending": make_attendance(event, ana),
        "confirmed": make_attendance(event, beto, status="confirmed"),
        "late": make_attendance(event, carla, outcome="late"),
        "waiting": make_attendance(event, make_employee(org_unit=sales), status="waitlisted"),
        "gone": make_attendance(event, make_employee(org_unit=sales), status="cancelled"),
        "elsewhere": make_attendance(make_event(state="in_progress"), beto),
    }

    assert close_pending([event.pk], actor=hr_manager) == 2
    assert close_pending([event.pk], actor=hr_manager) == 0

    assert outcomes_of(rows) == {
        "pending": "absent",
        "confirmed": "absent",
        "late": "late",
        "waiting": "pending",
        "gone": "pending",
        "elsewhere": "pending",
    }
    closed = Attendance.objects.get(pk=rows["pending"].pk)
    assert (closed.marked_from, closed.marked_by_name, closed.version, closed.history.count()) == (
        "closing",
        "Hugo",
        2,
        2,
    )


def test_closing_a_course_counts_unknown_sessions_as_missed(event, roll, course, hr_manager):
    def note(name, *noted):
        sittings = zip(course, noted, strict=False)
        mark_sessions({(roll[name].pk, session.pk): outcome for session, outcome in sittings}, actor=hr_manager)

    note("Ana", "present", "present", "present", "present")
    note("Beto", "present", "excused", "excused", "excused")
    note("Carla", "present", "present", "present")

    assert close_pending([event.pk], actor=None) == 2

    assert outcomes_of(roll) == {"Ana": "present", "Beto": "excused", "Carla": "absent"}


def test_closing_many_takes_a_handful_of_statements_a_thousand(event, sales):
    Attendance.objects.bulk_create(
        Attendance(event=event, employee=make_employee(org_unit=sales)) for _number in range(150)
    )

    with CaptureQueriesContext(connections["business"]) as queries:
        assert close_pending([event.pk], actor=None) == 150

    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) <= 6


def test_a_closed_event_reopened_is_marked_again(event, roll, hr_manager):
    close_pending([event.pk], actor=None)
    Event.objects.filter(pk=event.pk).update(state="completed")

    mark_attendance({roll["Beto"].pk: "present"}, actor=hr_manager)

    assert outcomes_of(roll) == {"Ana": "absent", "Beto": "present", "Carla": "absent"}
