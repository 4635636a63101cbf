import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from core.errors import DomainError, NotAllowed, NotFound
from hr.models import Evaluation, EvaluationRound, FormVersion, OutboxMessage
from hr.services.answers import answers_of, save_answers
from hr.services.audiences import Audience
from hr.services.evaluation_clock import expire_due
from hr.services.evaluation_rounds import (
    NewRound,
    change_rounds,
    create_rounds,
    evaluate_events,
    give_round,
)
from hr.services.evaluations import cancel_evaluations, extend_evaluations
from tests.factories import (
    in_days,
    make_attendance,
    make_employee,
    make_evaluation,
    make_event,
    make_position,
    make_round,
    make_unit,
)

EVERYBODY = Audience(everybody=True)


def new_round(version, **values):
    values = {"title": "Anual", "opens_on": in_days(0), "due_on": in_days(7)} | values
    return NewRound(form_version_id=version.pk, **values)


def people():
    return set(Evaluation.objects.values_list("employee__code", flat=True))


def test_a_round_is_written_with_history(version, hr_manager):
    (round_,) = create_rounds([new_round(version, title=" Anual  2026 ")], actor=hr_manager)

    assert (round_.title, round_.due_on) == ("Anual 2026", in_days(7))
    assert list(round_.history.values_list("history_type", "history_user_name")) == [("+", str(hr_manager))]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": ""}, "title"),
        ({"due_on": None}, "days_to_answer"),
        ({"days_to_answer": 3}, "days_to_answer"),
        ({"due_on": None, "days_to_answer": 0}, "days_to_answer"),
        ({"due_on": None, "days_to_answer": 366}, "days_to_answer"),
        ({"opens_on": in_days(8)}, "due_on"),
        ({"opens_on": in_days(-3), "due_on": in_days(-1)}, "due_on"),
    ],
)
def test_a_round_that_makes_no_sense_is_refused(version, hr_manager, values, field):
    with pytest.raises(DomainError) as raised:
        create_rounds([new_round(version, **values)], actor=hr_manager)

    assert raised.value.field == field
    assert not EvaluationRound.objects.exists()


def test_a_round_takes_a_published_version(version, hr_manager):
    FormVersion.objects.update(published_at=None)

    with pytest.raises(NotFound, match="Choose a published version"):
        create_rounds([new_round(version)], actor=hr_manager)


def test_an_event_has_one_round(version, hr_manager):
    event = make_event()
    create_rounds([new_round(version, event_id=event.pk)], actor=hr_manager)

    with pytest.raises(DomainError, match="has a round of evaluations already"):
        create_rounds([new_round(version, event_id=event.pk)], actor=hr_manager)


@pytest.mark.parametrize("state", ["draft", "published", "in_progress", "completed", "closed"])
def test_an_event_is_followed_by_an_evaluation(version, hr_manager, state):
    events = [make_event("Taller", state=state) for _ in range(2)]

    rounds = evaluate_events([event.pk for event in events], form_version_id=version.pk, actor=hr_manager)

    assert [(round_.event_id, round_.title, round_.opens_on, round_.due_on) for round_ in rounds] == [
        (event.pk, "Evaluation: Taller", in_days(0), None) for event in events
    ]


def test_a_long_title_is_cut(hr_manager):
    event = make_event("x" * 200)

    (round_,) = evaluate_events([event.pk], actor=hr_manager)

    assert len(round_.title) == 200


def test_what_was_cancelled_is_not_evaluated(version, hr_manager):
    event = make_event("Taller", code="T1", state="cancelled")

    with pytest.raises(DomainError, match=r"^Taller \(T1\) was cancelled") as raised:
        evaluate_events([event.pk], form_version_id=version.pk, actor=hr_manager)

    assert (raised.value.field, EvaluationRound.objects.count()) == ("event", 0)


def test_only_hr_follows_events(version, ana_user, beto_user, carla_user, auditor, bulk_loader, beto):
    event = make_event(state="published")
    make_attendance(event, beto)

    for actor in (ana_user, beto_user, carla_user, auditor, bulk_loader):
        with pytest.raises(NotAllowed):
            evaluate_events([event.pk], actor=actor)
    assert not EvaluationRound.objects.exists()


def test_a_round_is_given_to_units_with_all_below_positions_and_people(version, hr_manager):
    top = make_unit()
    below = make_unit(parent=top)
    chief = make_position("Jefe")
    make_employee(code="TOP", org_unit=top)
    make_employee(code="BELOW", org_unit=below)
    make_employee(code="CHIEF", position=chief)
    named = make_employee(code="NAMED")
    make_employee(code="PASTED")
    make_employee(code="NOT")
    make_employee(code="AWAY", org_unit=top, status="suspended")
    (round_,) = create_rounds([new_round(version)], actor=hr_manager)

    given = give_round(
        round_.pk,
        Audience(org_unit_ids=[top.pk], position_ids=[chief.pk], employee_ids=[named.pk], pasted="pasted"),
        actor=hr_manager,
    )

    assert (given, people()) == (5, {"TOP", "BELOW", "CHIEF", "NAMED", "PASTED"})
    assert set(Evaluation.objects.values_list("state", "due_on", "version")) == {("available", in_days(7), 1)}
    assert set(Evaluation.history.values_list("history_type", "history_user_name")) == {("+", str(hr_manager))}
    assert Evaluation.history.count() == 5


def test_giving_again_adds_those_who_have_none(round_, evaluation, hr_manager):
    Evaluation.objects.update(state="submitted")
    make_employee(code="NEW")

    given = give_round(round_.pk, EVERYBODY, actor=hr_manager)

    assert given == 2  # Ana, and the new one
    assert Evaluation.objects.get(pk=evaluation.pk).state == "submitted"
    assert give_round(round_.pk, EVERYBODY, actor=hr_manager) == 0


def test_a_round_that_opens_later_is_pending_and_nobody_is_told(version, beto, hr_manager):
    (round_,) = create_rounds([new_round(version, opens_on=in_days(2))], actor=hr_manager)

    give_round(round_.pk, EVERYBODY, actor=hr_manager)

    assert set(Evaluation.objects.values_list("state", flat=True)) == {"pending"}
    assert not OutboxMessage.objects.filter(kind="evaluation.available").exists()


def test_a_message_is_about_a_thousand_at_most(round_, hr_manager, monkeypatch):
    monkeypatch.setattr("hr.services.evaluations.BATCH", 2)
    for _number in range(3):
        make_employee()

    give_round(round_.pk, EVERYBODY, actor=hr_manager)

    told = OutboxMessage.objects.filter(kind="evaluation.available").values_list("payload", flat=True)
    assert sorted(len(payload["evaluation_ids"]) for payload in told) == [1, 2]
    assert {key for payload in told for key in payload["evaluation_ids"]} == set(
        Evaluation.objects.values_list("pk", flat=True)
    )


def test_giving_takes_as_many_statements_for_thirty_as_for_three(version, hr_manager):
    counts = []
    for size in (3, 30):
        unit = make_unit()
        for _number in range(size):
            make_employee(org_unit=unit)
        (round_,) = create_rounds([new_round(version)], actor=hr_manager)
        with CaptureQueriesContext(connections["business"]) as statements:
            assert give_round(round_.pk, Audience(org_unit_ids=[unit.pk]), actor=hr_manager) == size
        counts.append(len(statements))

    assert counts[0] == counts[1]


def test_a_round_is_not_given_to_nobody_or_when_it_is_over(round_, hr_manager):
    with pytest.raises(DomainError, match="Choose who is to answer"):
        give_round(round_.pk, Audience(), actor=hr_manager)

    EvaluationRound.objects.update(opens_on=in_days(-2), due_on=in_days(-1))
    with pytest.raises(DomainError, match="were due already"):
        give_round(round_.pk, EVERYBODY, actor=hr_manager)


def test_the_round_of_an_event_is_given_by_itself(version, beto, hr_manager):
    round_ = make_round(event=make_event(), form_version=version)

    with pytest.raises(DomainError, match="given by itself"):
        give_round(round_.pk, EVERYBODY, actor=hr_manager)


@pytest.mark.parametrize("state", Evaluation.State)
def test_another_due_day_holds_for_who_has_not_answered(round_, beto, hr_manager, state):
    evaluation = make_evaluation(beto, in_round=round_, state=state, grade=1 if state == "graded" else None)
    before = evaluation.due_on

    change_rounds({round_.pk: {"due_on": in_days(30)}}, actor=hr_manager)

    evaluation.refresh_from_db()
    # What was returned keeps the day that was told with it.
    moves = state in Evaluation.UNANSWERED and state != "returned"
    assert (evaluation.due_on, evaluation.version) == ((in_days(30), 2) if moves else (before, 1))
    assert evaluation.history.count() == evaluation.version


def test_another_number_of_days_counts_from_today(round_, evaluation, hr_manager):
    change_rounds({round_.pk: {"due_on": None, "days_to_answer": 10}}, actor=hr_manager)

    evaluation.refresh_from_db()
    assert evaluation.due_on == in_days(10)


@pytest.mark.parametrize(("state", "due_on"), [("pending", 15), ("available", 7), ("in_progress", 7)])
def test_another_day_of_opening_moves_only_what_has_not_opened(version, beto, hr_manager, state, due_on):
    round_ = make_round(form_version=version, opens_on=in_days(0), days_to_answer=10)
    evaluation = make_evaluation(beto, in_round=round_, state=state, due_on=in_days(7))

    change_rounds({round_.pk: {"opens_on": in_days(5)}}, actor=hr_manager)

    evaluation.refresh_from_db()
    assert evaluation.due_on == in_days(due_on)


def test_of_many_rounds_each_moves_by_what_changed_of_it(version, beto, hr_manager):
    rounds = [make_round(form_version=version, days_to_answer=10) for _number in range(2)]
    rows = [make_evaluation(beto, in_round=round_, due_on=in_days(2)) for round_ in rounds]

    change_rounds({rounds[0].pk: {"title": "Otra"}, rounds[1].pk: {"days_to_answer": 4}}, actor=hr_manager)

    assert [Evaluation.objects.get(pk=row.pk).due_on for row in rows] == [in_days(2), in_days(4)]


def test_form_and_event_of_a_round_stay(round_, hr_manager):
    with pytest.raises(DomainError, match="stay as they are"):
        change_rounds({round_.pk: {"event_id": make_event().pk}}, actor=hr_manager)


@pytest.mark.parametrize("state", ["pending", "available", "in_progress", "returned"])
def test_who_could_answer_is_told_that_it_was_cancelled(evaluation, state, hr_manager):
    Evaluation.objects.update(state=state)

    cancel_evaluations([evaluation.pk], reason="De reposo", actor=hr_manager)

    assert OutboxMessage.objects.filter(kind="evaluation.cancelled").exists() == (state != "pending")


def test_what_expired_gets_more_time_with_its_draft_and_its_person_is_told(
    evaluation, questions, beto_user, hr_manager
):
    save_answers({evaluation.pk: {questions[0]: "Algo"}}, actor=beto_user)
    Evaluation.objects.update(state="expired", due_on=in_days(-1))

    extend_evaluations([evaluation.pk], due_on=in_days(3), actor=hr_manager)

    evaluation.refresh_from_db()
    assert (evaluation.state, evaluation.due_on) == ("available", in_days(3))
    assert answers_of(evaluation) == {questions[0]: "Algo"}
    assert (evaluation.history.latest().state, evaluation.history.latest().history_user_name) == (
        "available",
        str(hr_manager),
    )
    assert OutboxMessage.objects.latest("pk").kind == "evaluation.extended"
    assert expire_due() == 0


def test_more_time_ends_today_or_later(evaluation, hr_manager):
    Evaluation.objects.update(state="expired")

    with pytest.raises(DomainError) as raised:
        extend_evaluations([evaluation.pk], due_on=in_days(-1), actor=hr_manager)

    assert (raised.value.field, Evaluation.objects.get().state) == ("due_on", "expired")


def test_only_hr_makes_and_gives_rounds(round_, version, evaluation, ana_user, bulk_loader, auditor):
    for user in (ana_user, bulk_loader, auditor):
        with pytest.raises(NotAllowed):
            create_rounds([new_round(version)], actor=user)
        for refused in (
            lambda user=user: change_rounds({round_.pk: {"title": "X"}}, actor=user),
            lambda user=user: give_round(round_.pk, EVERYBODY, actor=user),
        ):
            with pytest.raises((NotAllowed, NotFound)):
                refused()
