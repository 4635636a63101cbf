"""What the check of a file found to fit is enrolled, confirmed and marked at once, and ends as by the single verbs."""

import pytest

from core.errors import NotFound
from core.models import User
from core.roles import BULK_LOADER, HR_MANAGER, MANAGER
from hr.models import Attendance, Evaluation, Event, OutboxMessage
from hr.models.attendance import MarkedFrom
from hr.services.checked_enrolment import Entry, enrol_checked
from hr.services.employment import suspend_employees
from hr.services.enrolment import confirm_attendance, enrol_in_events
from hr.services.marks import mark_attendance
from tests.factories import make_attendance, make_employee, make_event, make_round, make_session, make_user


def in_steps(entries, *, actor):
    """The same by the single verbs."""
    people = {}
    for event_id, employee_id in entries:
        people.setdefault(event_id, []).append(employee_id)
    keys = {(row.event_id, row.employee_id): row.pk for row in enrol_in_events(people, actor=actor)}
    confirm_attendance([keys[pair] for pair, entry in entries.items() if entry.confirmed], actor=actor)
    outcomes = {keys[pair]: entry.outcome for pair, entry in entries.items() if entry.outcome != "pending"}
    mark_attendance(outcomes, actor=actor, marked_from=MarkedFrom.IMPORT)
    return keys


def left_by(event):
    """What the database holds of the event, without keys and moments."""
    event.refresh_from_db()
    names = dict(event.attendance.values_list("pk", "employee__code"))
    rows = [
        (names[row.pk], row.status, row.outcome, row.marked_by_id, row.marked_by_name, row.marked_from,
         row.cancelled_from, row.marked_at is None)
        for row in event.attendance.order_by("employee__code")
    ]  # fmt: skip
    told = sorted(
        (message.kind, message.actor_id, sorted(names[key] for key in message.payload["attendance_ids"]))
        for message in OutboxMessage.objects.filter(kind__startswith="attendance.")
        if names.keys() & set(message.payload["attendance_ids"])
    )
    given = Evaluation.objects.filter(round__event=event).order_by("employee__code")
    evaluations = list(given.values_list("employee__code", "state", "due_on"))
    return event.seats_taken, event.version, rows, told, evaluations


@pytest.fixture
def loader(db):
    return make_user(role=BULK_LOADER)


@pytest.fixture
def head(ana):
    """Ana, who heads the unit of beto, as the next request would read her."""
    user = make_user(employee=ana, role=MANAGER)
    return lambda: User.objects.get(pk=user.pk)


@pytest.mark.parametrize("values", [{}, {"capacity": 4}, {"capacity": 6}], ids=["no limit", "full", "room"])
def test_both_ways_end_in_the_same_state(loader, sales, values):
    outcomes = ["present", "late", "absent", "pending"]
    people = [make_employee(code=f"P{number}", org_unit=sales) for number in range(4)]
    waiting, suspended = make_employee(code="W1"), make_employee(code="W2")
    suspend_employees([suspended.pk], actor=None)
    ends = []
    for verb in (in_steps, enrol_checked):
        event = make_event(state="in_progress", **values)
        make_round(event=event, days_to_answer=7)
        for late in (suspended, waiting) if values else ():
            make_attendance(event, late, "waitlisted")
        entries = {
            (event.pk, person.pk): Entry(confirmed=number % 2 == 0, outcome=outcomes[number])
            for number, person in enumerate(people)
        }

        keys = verb(entries, actor=loader)

        assert keys == {(row.event_id, row.employee_id): row.pk for row in event.attendance.filter(employee__in=people)}
        ends.append(left_by(event))
    assert ends[0] == ends[1]


def test_a_row_is_written_once_and_history_holds_it_as_it_is(loader, beto):
    event = make_event(state="published")

    enrol_checked({(event.pk, beto.pk): Entry(confirmed=True, outcome="late")}, actor=loader)

    row = Attendance.objects.get()
    told = Attendance.history.get()
    assert (row.version, told.history_type, told.history_user_name) == (1, "+", str(loader))
    for column in Attendance._meta.concrete_fields:
        assert getattr(told, column.attname) == getattr(row, column.attname)


def test_several_events_are_filled_each_with_its_own(loader, ana, beto, carla):
    first, second = make_event(state="published"), make_event(state="completed")
    pairs = [(second.pk, ana.pk), (first.pk, beto.pk), (second.pk, carla.pk), (first.pk, ana.pk)]

    keys = enrol_checked(dict.fromkeys(pairs, Entry(outcome="present")), actor=loader)

    assert keys == {(row.event_id, row.employee_id): row.pk for row in Attendance.objects.all()}
    assert keys.keys() == set(pairs)
    assert list(Event.objects.order_by("pk").values_list("seats_taken", flat=True)) == [2, 2]
    told = OutboxMessage.objects.filter(kind="attendance.enrolled").values_list("payload", flat=True)
    assert sorted(sorted(payload["attendance_ids"]) for payload in told) == sorted(
        sorted(keys[pair] for pair in pairs if pair[0] == event.pk) for event in (first, second)
    )


# --- Who is passed over ----------------------------------------------------------------------------------------------
def test_who_is_in_the_list_stays_as_he_is(loader, ana, beto):
    event = make_event(state="published")
    make_attendance(event, ana, "cancelled", cancelled_from="self")

    keys = enrol_checked({(event.pk, ana.pk): Entry(), (event.pk, beto.pk): Entry()}, actor=loader)

    assert keys.keys() == {(event.pk, beto.pk)}
    assert Attendance.objects.get(employee=ana).status == "cancelled"
    assert Event.objects.get().seats_taken == 1


@pytest.mark.parametrize("state", ["draft", "closed", "cancelled"])
def test_events_whose_roll_is_not_open_take_nobody(loader, beto, state):
    event = make_event(state=state)

    assert enrol_checked({(event.pk, beto.pk): Entry()}, actor=loader) == {}
    assert not Attendance.objects.exists()


def test_after_the_end_nobody_is_confirmed(loader, ana, beto):
    event = make_event(state="completed")

    keys = enrol_checked({(event.pk, ana.pk): Entry(confirmed=True), (event.pk, beto.pk): Entry()}, actor=loader)

    assert keys.keys() == {(event.pk, beto.pk)}


def test_seats_that_do_not_suffice_for_all_are_given_one_by_one(loader, ana, beto):
    event = make_event(state="published", capacity=1)

    assert enrol_checked(dict.fromkeys([(event.pk, ana.pk), (event.pk, beto.pk)], Entry()), actor=loader) == {}
    assert not Attendance.objects.exists()


def test_of_an_event_with_sessions_each_is_marked(loader, beto):
    make_session(event := make_event(state="published"))

    assert enrol_checked({(event.pk, beto.pk): Entry(outcome="present")}, actor=loader) == {}


def test_only_who_is_active_is_enrolled(loader, ana, beto):
    event = make_event(state="published")
    suspend_employees([beto.pk], actor=None)

    keys = enrol_checked(dict.fromkeys([(event.pk, ana.pk), (event.pk, beto.pk)], Entry()), actor=loader)

    assert keys.keys() == {(event.pk, ana.pk)}


# --- Scope -----------------------------------------------------------------------------------------------------------
def test_a_manager_enrols_his_people_and_neither_himself_nor_strangers(head, ana, beto, carla):
    event = make_event(state="in_progress")
    make_attendance(event, mate := make_employee(org_unit=beto.org_unit))
    pairs = [(event.pk, person.pk) for person in (ana, beto, carla, mate)]

    keys = enrol_checked(dict.fromkeys(pairs, Entry(outcome="present")), actor=head())

    assert keys.keys() == {(event.pk, beto.pk)}


def test_a_manager_confirms_nobody(head, ana, beto):
    event = make_event(state="in_progress")
    make_attendance(event, make_employee(org_unit=beto.org_unit))

    assert enrol_checked({(event.pk, beto.pk): Entry(confirmed=True)}, actor=head()) == {}


def test_who_no_longer_heads_the_unit_writes_nothing(head, sales, ana, beto):
    event = make_event(state="in_progress", open_enrolment=True)
    make_attendance(event, ana)
    sales.head = None
    sales.save()
    beto.reports_to = None
    beto.save()

    assert enrol_checked({(event.pk, beto.pk): Entry(outcome="present")}, actor=head()) == {}
    assert not beto.attendance.exists()


def test_an_event_out_of_scope_does_not_exist(head, beto):
    event = make_event(state="draft")

    with pytest.raises(NotFound):
        enrol_checked({(event.pk, beto.pk): Entry()}, actor=head())


def test_ones_own_row_is_left_to_the_verbs_whatever_the_role(ana):
    event = make_event(state="in_progress")

    assert enrol_checked({(event.pk, ana.pk): Entry()}, actor=make_user(employee=ana, role=HR_MANAGER)) == {}


# --- Many ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [10, 900])
def test_a_thousand_in_several_events_take_as_many_queries_as_ten(loader, sales, count, django_assert_max_num_queries):
    events = [make_event(state="in_progress") for _number in range(5)]
    people = [make_employee(org_unit=sales) for _number in range(count // 5)]
    entries = {(event.pk, person.pk): Entry(True, "present") for event in events for person in people}

    with django_assert_max_num_queries(19, using="business"):
        keys = enrol_checked(entries, actor=loader)

    assert len(keys) == count
    assert Attendance.history.count() == count
