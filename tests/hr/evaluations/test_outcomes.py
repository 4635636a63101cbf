"""Attendance brings evaluations and takes them back, and never undoes what was submitted."""

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from hr.models import Evaluation, Event, OutboxMessage
from hr.services.evaluation_rounds import NewRound, create_rounds
from hr.services.events import cancel_events
from hr.services.marks import mark_attendance
from tests.factories import in_days, make_attendance, make_employee, make_evaluation, make_event, make_round


@pytest.fixture
def event(db):
    return make_event(state="completed", in_hours=-5)


@pytest.fixture
def attendance(event, beto):
    return make_attendance(event, beto)


@pytest.fixture
def event_round(event, version):
    return make_round("Después del taller", event=event, form_version=version, days_to_answer=5, due_on=None)


def states():
    return list(Evaluation.objects.values_list("state", flat=True))


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [("present", ["available"]), ("late", ["available"]), ("absent", []), ("excused", []), ("pending", [])],
)
def test_who_came_gets_an_evaluation(event_round, attendance, hr_manager, outcome, expected):
    mark_attendance({attendance.pk: outcome}, actor=hr_manager)

    assert states() == expected


def test_it_is_given_with_history_a_due_day_and_a_message(event_round, attendance, ana_user, beto):
    mark_attendance({attendance.pk: "present"}, actor=ana_user)

    evaluation = Evaluation.objects.get()
    assert (evaluation.round, evaluation.employee, evaluation.due_on) == (event_round, beto, in_days(5))
    assert list(evaluation.history.values_list("history_type", "history_user_name")) == [("+", str(ana_user))]
    message = OutboxMessage.objects.get(kind="evaluation.available")
    assert message.payload == {"evaluation_ids": [evaluation.pk]}


def test_without_a_round_nobody_gets_one(event, attendance, hr_manager):
    mark_attendance({attendance.pk: "present"}, actor=hr_manager)

    assert states() == []


def test_before_the_round_opens_it_is_pending(event_round, attendance, hr_manager):
    event_round.opens_on = in_days(2)
    event_round.save()

    mark_attendance({attendance.pk: "present"}, actor=hr_manager)

    evaluation = Evaluation.objects.get()
    assert (evaluation.state, evaluation.due_on) == ("pending", in_days(7))
    assert not OutboxMessage.objects.filter(kind="evaluation.available").exists()


@pytest.mark.parametrize("state", Evaluation.State)
@pytest.mark.parametrize("outcome", ["absent", "excused", "pending"])
def test_who_did_not_come_after_all_loses_what_was_not_submitted(event_round, attendance, hr_manager, outcome, state):
    mark_attendance({attendance.pk: "present"}, actor=hr_manager)
    Evaluation.objects.update(state=state, grade=50 if state == "graded" else None)

    mark_attendance({attendance.pk: outcome}, actor=hr_manager)

    assert states() == ["cancelled" if state in Evaluation.UNANSWERED else state]


@pytest.mark.parametrize("state", Evaluation.State)
def test_marking_somebody_again_resets_nothing(event_round, attendance, hr_manager, state):
    mark_attendance({attendance.pk: "present"}, actor=hr_manager)
    Evaluation.objects.update(state=state, grade=50 if state == "graded" else None)

    mark_attendance({attendance.pk: "late"}, actor=hr_manager)

    assert states() == [state]


def test_what_an_outcome_cancelled_an_outcome_brings_back(event_round, attendance, hr_manager):
    for outcome in ("present", "absent", "present"):
        mark_attendance({attendance.pk: outcome}, actor=hr_manager)

    assert list(Evaluation.objects.values_list("state", "cancelled_by_outcome")) == [("available", False)]
    assert OutboxMessage.objects.filter(kind="evaluation.available").count() == 2


def test_what_hr_cancelled_stays_cancelled(event_round, attendance, hr_manager):
    mark_attendance({attendance.pk: "present"}, actor=hr_manager)
    Evaluation.objects.update(state="cancelled")

    for outcome in ("absent", "present"):
        mark_attendance({attendance.pk: outcome}, actor=hr_manager)

    assert states() == ["cancelled"]


def test_after_the_last_day_nobody_gets_one_any_more(event, attendance, version, hr_manager):
    yesterday = in_days(-1)
    make_round("Cerrada", event=event, form_version=version, opens_on=yesterday, due_on=yesterday)

    mark_attendance({attendance.pk: "present"}, actor=hr_manager)

    assert states() == []


def test_a_round_made_afterwards_is_given_to_who_came(event, attendance, version, hr_manager):
    others = [make_attendance(event, make_employee()) for _number in range(3)]
    outcomes = ["present", "late", "absent", "excused"]
    mark_attendance(
        {row.pk: outcome for row, outcome in zip([attendance, *others], outcomes, strict=True)}, actor=hr_manager
    )

    create_rounds(
        [NewRound(form_version_id=version.pk, title="Tarde", event_id=event.pk, opens_on=in_days(0), days_to_answer=5)],
        actor=hr_manager,
    )

    given = Evaluation.objects.order_by("employee_id").values_list("employee_id", "state")
    assert list(given) == [(attendance.employee_id, "available"), (others[0].employee_id, "available")]
    assert set(Evaluation.history.values_list("history_type", "history_user_name")) == {("+", str(hr_manager))}


def test_marking_forty_takes_no_more_statements_than_marking_four(event_round, event, hr_manager):
    counts = []
    for people in (4, 40):
        rows = [make_attendance(event, make_employee()) for _number in range(people)]
        with CaptureQueriesContext(connections["business"]) as statements:
            mark_attendance({row.pk: "present" for row in rows}, actor=hr_manager)
        counts.append(len(statements))

    assert Evaluation.objects.count() == 44
    assert counts[0] == counts[1]


@pytest.mark.parametrize("state", Evaluation.State)
def test_an_event_that_is_cancelled_takes_along_what_was_not_submitted(event_round, event, beto, hr_manager, state):
    make_evaluation(beto, in_round=event_round, state=state, grade=50 if state == "graded" else None)
    Event.objects.update(state="in_progress")

    cancel_events([event.pk], reason="Llueve", actor=hr_manager)

    assert states() == ["cancelled" if state in Evaluation.UNANSWERED else state]
