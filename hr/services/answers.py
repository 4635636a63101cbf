"""An employee answers his own evaluation: drafts first, then once and for all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidTransition, NotFound
from hr.models import Answer, Evaluation, Question
from hr.permissions import can_answer, require
from hr.questions import clean_answer, missing
from hr.services.evaluations import State, announce, locked_evaluations
from hr.services.scoring import score
from hr.services.writing import business_atomic, insert, record, remove_lines, write

if TYPE_CHECKING:
    from core.models import User

# {evaluation: {question: answer}}; None, "" and [] take an answer back.
Answers = Mapping[int, Mapping[int, Any]]


@business_atomic
def save_answers(answers: Answers, *, actor: User | None) -> list[Evaluation]:
    """Keep what has been answered so far; questions not named keep their answer.

    Raises NotFound, NotAllowed, InvalidTransition, DomainError on the field of a question.
    """
    evaluations = _open(answers, actor)
    for evaluation in evaluations:
        _keep(evaluation, answers[evaluation.pk], _questions_of(evaluation))
    begun = [evaluation for evaluation in evaluations if evaluation.state != State.IN_PROGRESS]
    for evaluation in begun:
        evaluation.move_to(State.IN_PROGRESS)
    write(begun, ["state"])
    return evaluations


@business_atomic
def submit_evaluations(answers: Answers, *, actor: User | None) -> list[Evaluation]:
    """Hand in evaluations with these and the answers kept before. Afterwards its employee changes nothing any more.

    Raises the same, and DomainError for a required question without an answer.
    """
    evaluations = _open(answers, actor)
    for evaluation in evaluations:
        questions = _questions_of(evaluation)
        kept = _keep(evaluation, answers[evaluation.pk], questions)
        if open_question := next((row for row in questions if row.required and row.pk not in kept), None):
            raise missing(open_question)
        if evaluation.state == State.RETURNED:
            evaluation.move_to(State.IN_PROGRESS)
        evaluation.move_to(State.SUBMITTED)
        evaluation.submitted_at = timezone.now()
        evaluation.score = score(questions, kept)
    write(evaluations, ["state", "submitted_at", "score"])
    announce("evaluation.submitted", [evaluation.pk for evaluation in evaluations])
    return evaluations


def answers_of(evaluation: Evaluation) -> dict[int, Any]:
    """{question: answer} of an evaluation the caller may see."""
    return dict(Answer.objects.filter(evaluation=evaluation).values_list("question_id", "value"))


def questions_of(evaluation: Evaluation) -> list[Question]:
    """What the evaluation asks, in order."""
    return _questions_of(evaluation)


def _open(answers: Answers, actor: User | None) -> list[Evaluation]:
    """The evaluations, locked, that the actor may answer now."""
    evaluations = list(locked_evaluations(answers.keys(), actor).values())
    for evaluation in evaluations:
        require(can_answer(actor, evaluation), _("Only the person it was given to answers an evaluation."))
        if evaluation.state not in Evaluation.ANSWERABLE:
            raise InvalidTransition(
                _("This evaluation is %(state)s and cannot be answered any more.")
                % {"state": evaluation.get_state_display()}
                if evaluation.state != State.PENDING
                else _("This evaluation has not opened yet.")
            )
        if evaluation.due_on is not None and evaluation.due_on < timezone.localdate():
            day = date_format(evaluation.due_on, "SHORT_DATE_FORMAT")
            raise DomainError(_("The answers were due on %(day)s.") % {"day": day})
    return evaluations


def _questions_of(evaluation: Evaluation) -> list[Question]:
    return list(Question.objects.filter(version_of_id=evaluation.round.form_version_id).order_by("number"))


def _keep(evaluation: Evaluation, values: Mapping[int, Any], questions: Iterable[Question]) -> dict[int, Any]:
    """Write the answers given; returns all there are now."""
    by_key = {question.pk: question for question in questions}
    if values.keys() - by_key.keys():
        raise NotFound
    cleaned = {key: clean_answer(by_key[key], value) for key, value in values.items()}
    present = {answer.question_id: answer for answer in Answer.objects.filter(evaluation=evaluation)}
    changed = []
    for key, answer in present.items():
        if cleaned.get(key) is not None and cleaned[key] != answer.value:
            answer.value = cleaned[key]
            changed.append(answer)
    write(changed, ["value"])
    gone = [key for key in present if key in cleaned and cleaned[key] is None]
    remove_lines(Answer, [present.pop(key).pk for key in gone])
    new = [
        Answer(evaluation=evaluation, question_id=key, value=value)
        for key, value in cleaned.items()
        if value is not None and key not in present
    ]
    insert(new, unique="question_id", within={"evaluation_id": evaluation.pk})
    record([answer.pk for answer in new], Answer, "+")
    return {answer.question_id: answer.value for answer in (*present.values(), *new)}
