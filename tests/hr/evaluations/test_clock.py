"""What time does to evaluations."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from hr.clock import Clock
from hr.models import Evaluation, Lease, OutboxMessage
from hr.services.evaluation_clock import expire_due, open_due, remind_due
from tests.factories import make_employee, make_evaluation, make_round

# Ten in the morning in Caracas.
NOW = datetime(2026, 3, 10, 14, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture
def clock(monkeypatch):
    """`clock(moment)` stops the time at a moment."""

    def at(moment):
        monkeypatch.setattr(timezone, "now", lambda: moment)

    at(NOW)
    return at


def days(count):
    return TODAY + timedelta(days=count)


def told(kind):
    payloads = OutboxMessage.objects.filter(kind=kind).order_by("pk").values_list("payload", flat=True)
    return [payload["evaluation_ids"] for payload in payloads]


def states():
    return list(Evaluation.objects.order_by("pk").values_list("state", flat=True))


def test_evaluations_open_with_their_round(clock, version, beto, carla):
    open_, later = (make_round(opens_on=days(count), due_on=days(9), form_version=version) for count in (0, 1))
    first = make_evaluation(beto, in_round=open_, state="pending")
    make_evaluation(beto, in_round=later, state="pending")

    assert (open_due(), open_due()) == (1, 0)

    assert states() == ["available", "pending"]
    assert told("evaluation.available") == [[first.pk]]


def test_a_round_opens_at_midnight_in_caracas(clock, version, beto):
    make_evaluation(beto, in_round=make_round(opens_on=TODAY, due_on=days(9), form_version=version), state="pending")

    clock(datetime(2026, 3, 10, 3, 59, tzinfo=UTC))
    assert open_due() == 0
    clock(datetime(2026, 3, 10, 4, 0, tzinfo=UTC))
    assert open_due() == 1


@pytest.mark.parametrize("state", Evaluation.State)
def test_what_nobody_submitted_expires_the_day_after_it_was_due(clock, round_, beto, carla, state):
    grade = 1 if state == "graded" else None
    late = make_evaluation(beto, in_round=round_, state=state, due_on=days(-1), grade=grade)
    make_evaluation(carla, in_round=round_, state=state, due_on=TODAY, grade=grade)

    count = expire_due()

    expires = state in Evaluation.UNANSWERED
    assert (count, states()) == ((1, ["expired", state]) if expires else (0, [state, state]))
    assert told("evaluation.expired") == ([[late.pk]] if expires else [])


def test_the_clock_takes_so_many_at_once(clock, round_):
    for _number in range(5):
        make_evaluation(make_employee(), in_round=round_, due_on=days(-1))

    assert [expire_due(limit=2) for _round in range(4)] == [2, 2, 1, 0]

    assert Evaluation.history.filter(history_type="~").count() == 5


@pytest.fixture
def older(round_):
    """`older(employee, days, state)`: an evaluation given a week ago, due in so many days."""

    def make(employee, due, state="available"):
        return make_evaluation(
            employee, in_round=round_, state=state, due_on=days(due), created_at=NOW - timedelta(days=7)
        )

    return make


def test_people_are_reminded_three_days_before_and_on_the_day(clock, older, beto):
    evaluation = older(beto, 4)
    reminded = []

    for day in range(6):
        clock(NOW + timedelta(days=day))
        reminded.append(remind_due())
        assert remind_due() == 0

    assert reminded == [0, 1, 0, 0, 1, 0]
    assert told("evaluation.reminder") == [[evaluation.pk], [evaluation.pk]]


def test_after_days_without_a_clock_they_are_reminded_once(clock, older, beto):
    older(beto, 4)

    clock(NOW + timedelta(days=3))

    assert (remind_due(), remind_due()) == (1, 0)


@pytest.mark.parametrize("state", Evaluation.State)
def test_only_who_can_answer_is_reminded(clock, older, beto, state):
    older(beto, 3, "available")
    Evaluation.objects.update(state=state, grade=1 if state == "graded" else None)

    assert remind_due() == (1 if state in Evaluation.ANSWERABLE else 0)


def test_who_was_given_one_today_knows_already(clock, round_, beto):
    make_evaluation(beto, in_round=round_, due_on=days(2), created_at=NOW - timedelta(hours=3))

    assert remind_due() == 0


def test_nobody_is_reminded_at_night(clock, older, beto):
    older(beto, 3)

    clock(datetime(2026, 3, 10, 10, 59, tzinfo=UTC))
    assert remind_due() == 0
    clock(datetime(2026, 3, 10, 11, 0, tzinfo=UTC))
    assert remind_due() == 1


def test_one_who_answers_meanwhile_does_not_bring_the_reminder_back(clock, older, beto, carla):
    older(beto, 3)
    other = older(carla, 3)
    assert remind_due() == 1

    Evaluation.objects.filter(pk=other.pk).update(state="submitted")

    assert remind_due() == 0


def test_a_round_of_the_clock_opens_expires_and_reminds(clock, version, round_, older, beto, carla, ana):
    opening = make_round(opens_on=TODAY, due_on=days(9), form_version=version)
    make_evaluation(beto, in_round=opening, state="pending")
    make_evaluation(carla, in_round=opening, due_on=days(-1))
    reminded = older(ana, 3)

    Clock().round()

    assert states() == ["available", "expired", "available"]
    assert told("evaluation.reminder") == [[reminded.pk]]
    assert Lease.objects.get(name="reminders").expires_at == NOW + timedelta(hours=1)
