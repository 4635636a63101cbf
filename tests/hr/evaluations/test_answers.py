import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connections
from django.utils import timezone

from core.errors import DomainError, InvalidTransition, NotFound
from hr.models import Answer, Evaluation, OutboxMessage
from hr.services.answers import answers_of, save_answers, submit_evaluations
from tests.factories import make_evaluation, make_form_version


def test_a_draft_keeps_answers_and_takes_others_back(evaluation, questions, beto_user):
    text, yes_no, scale = questions
    save_answers({evaluation.pk: {text: "Algo", yes_no: True}}, actor=beto_user)

    save_answers({evaluation.pk: {text: "Mucho", yes_no: None, scale: 4}}, actor=beto_user)

    evaluation.refresh_from_db()
    assert (evaluation.state, answers_of(evaluation)) == ("in_progress", {text: "Mucho", scale: 4})
    told = Answer.history.order_by("history_id").values_list("question_id", "history_type", "history_user_name")
    name = str(beto_user)
    assert list(told) == [
        (text, "+", name),
        (yes_no, "+", name),
        (text, "~", name),
        (yes_no, "-", name),
        (scale, "+", name),
    ]


def test_an_unchanged_draft_writes_nothing(evaluation, questions, beto_user):
    save_answers({evaluation.pk: {questions[0]: "Algo"}}, actor=beto_user)

    save_answers({evaluation.pk: {questions[0]: "Algo"}}, actor=beto_user)

    assert (Answer.history.count(), evaluation.history.count()) == (1, 2)


def test_submitting_takes_the_draft_with_it_and_scores(evaluation, questions, beto_user):
    text, yes_no, scale = questions
    save_answers({evaluation.pk: {text: "Mucho", scale: 3}}, actor=beto_user)

    submit_evaluations({evaluation.pk: {yes_no: True}}, actor=beto_user)

    evaluation.refresh_from_db()
    assert answers_of(evaluation) == {text: "Mucho", yes_no: True, scale: 3}
    assert (evaluation.state, evaluation.score) == ("submitted", Decimal("62.50"))
    assert timezone.now() - evaluation.submitted_at < timedelta(minutes=1)
    message = OutboxMessage.objects.get(kind="evaluation.submitted")
    assert message.payload == {"evaluation_ids": [evaluation.pk]}


def test_a_required_question_without_an_answer_is_named_and_nothing_is_written(evaluation, questions, beto_user):
    text, yes_no, _scale = questions

    with pytest.raises(DomainError) as raised:
        submit_evaluations({evaluation.pk: {text: "Mucho"}}, actor=beto_user)

    assert str(raised.value) == "Question 2, «¿Lo recomendarías?»: this one needs an answer."
    assert raised.value.field == f"question_{yes_no}"
    evaluation.refresh_from_db()
    assert (evaluation.state, answers_of(evaluation)) == ("available", {})


def test_a_no_and_a_zero_are_answers(evaluation, questions, beto_user):
    text, yes_no, scale = questions

    submit_evaluations({evaluation.pk: {text: "0", yes_no: False, scale: 1}}, actor=beto_user)

    assert answers_of(evaluation) == {text: "0", yes_no: False, scale: 1}


def test_a_question_of_another_form_is_not_there(evaluation, beto_user):
    foreign = make_form_version().questions.get()

    with pytest.raises(NotFound):
        save_answers({evaluation.pk: {foreign.pk: "Algo"}}, actor=beto_user)


@pytest.mark.parametrize(("days", "done"), [(0, True), (-1, False)])
def test_answers_are_taken_until_the_end_of_the_due_day(evaluation, questions, beto_user, days, done):
    evaluation.due_on = timezone.localdate() + timedelta(days=days)
    evaluation.save()

    if done:
        save_answers({evaluation.pk: {questions[0]: "Algo"}}, actor=beto_user)
    else:
        with pytest.raises(DomainError, match="The answers were due on"):
            save_answers({evaluation.pk: {questions[0]: "Algo"}}, actor=beto_user)


def test_the_due_day_ends_at_midnight_in_caracas(evaluation, questions, beto_user, monkeypatch):
    evaluation.due_on = date(2026, 3, 9)
    evaluation.save()
    late = timezone.datetime(2026, 3, 10, 3, 59, tzinfo=timezone.get_fixed_timezone(0))
    monkeypatch.setattr(timezone, "now", lambda: late)

    save_answers({evaluation.pk: {questions[0]: "Algo"}}, actor=beto_user)
    monkeypatch.setattr(timezone, "now", lambda: late + timedelta(minutes=1))
    with pytest.raises(DomainError, match="The answers were due on"):
        save_answers({evaluation.pk: {questions[0]: "Más"}}, actor=beto_user)

    assert answers_of(evaluation) == {questions[0]: "Algo"}


def test_what_was_returned_is_submitted_again(evaluation, questions, beto_user):
    text, yes_no, _scale = questions
    submit_evaluations({evaluation.pk: {text: "Poco", yes_no: True}}, actor=beto_user)
    Evaluation.objects.filter(pk=evaluation.pk).update(state="returned")

    submit_evaluations({evaluation.pk: {text: "Mucho más"}}, actor=beto_user)

    evaluation.refresh_from_db()
    assert (evaluation.state, answers_of(evaluation)) == ("submitted", {text: "Mucho más", yes_no: True})


def test_one_refused_of_several_submits_none(evaluation, questions, beto_user, carla, round_):
    text, yes_no, _scale = questions
    foreign = make_evaluation(carla, in_round=round_)

    with pytest.raises(NotFound):
        submit_evaluations(
            {evaluation.pk: {text: "Mucho", yes_no: True}, foreign.pk: {text: "x", yes_no: True}}, actor=beto_user
        )

    assert set(Evaluation.objects.values_list("state", flat=True)) == {"available"}


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_of_a_hundred_submitted_at_once_one_counts(evaluation, questions, beto_user):
    text, yes_no, _scale = questions
    told, start = [], threading.Barrier(20)

    def submit(number):
        try:
            start.wait()
            for attempt in range(5):
                try:
                    submit_evaluations({evaluation.pk: {text: f"{number}.{attempt}", yes_no: True}}, actor=beto_user)
                    told.append("done")
                except InvalidTransition:
                    told.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=submit, args=[number]) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(told), told.count("done")) == (100, 1)
    assert Answer.objects.count() == 2
    assert list(evaluation.history.values_list("state", flat=True)) == ["submitted", "available"]
    assert OutboxMessage.objects.filter(kind="evaluation.submitted").count() == 1
