"""Whoever answers for people grades what they submitted, or returns it. Nobody his own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidTransition
from hr.models import Evaluation
from hr.permissions import can_grade, can_manage_evaluation, require
from hr.services.clean import check_due_day, check_fields, clean_reason
from hr.services.evaluations import State, announce, locked_evaluations
from hr.services.rows import naming, refuse_stale
from hr.services.writing import business_atomic, write

if TYPE_CHECKING:
    from core.models import User

GRADE_FIELDS = ["state", "grade", "feedback", "graded_at", "graded_by_id", "graded_by_name"]
LONGEST_FEEDBACK = 5000
LONGEST_COMMENT = 300


@dataclass(frozen=True)
class Grading:
    """`grade` in points of 0 to 100, with at most two places."""

    grade: Decimal
    feedback: str = ""


@dataclass(frozen=True)
class EarlierGrade:
    """A grade that was taken back when the evaluation was reopened."""

    grade: Decimal
    feedback: str
    graded_by_name: str
    graded_at: datetime
    reason: str


@business_atomic
def grade_evaluations(
    gradings: Mapping[int, Grading], *, actor: User | None, versions: Mapping[int, int] | None = None
) -> list[Evaluation]:
    """Close submitted evaluations with a grade, {evaluation: grading}.

    Raises StaleRow, NotFound, NotAllowed, InvalidTransition unless all are submitted, DomainError.
    """
    rows = locked_evaluations(gradings.keys(), actor)
    refuse_stale(rows, versions, actor)
    for key, evaluation in rows.items():
        with naming(evaluation.employee, among=len(rows)):
            require(can_grade(actor, evaluation), _("You may not grade this evaluation."))
            evaluation.move_to(State.GRADED)
            _set_grade(evaluation, gradings[key], actor)
    write(list(rows.values()), GRADE_FIELDS)
    announce("evaluation.graded", list(rows))
    return list(rows.values())


@business_atomic
def accept_scores(ids: Collection[int], *, actor: User | None) -> list[Evaluation]:
    """Grade submitted evaluations with what their closed questions scored. Raises DomainError where there is none."""
    rows = locked_evaluations(ids, actor)
    gradings = {}
    for key, evaluation in rows.items():
        if evaluation.score is None:
            raise DomainError(
                _("%(evaluation)s has no score: its answers have to be read.") % {"evaluation": evaluation}
            )
        gradings[key] = Grading(evaluation.score, evaluation.feedback)
    return grade_evaluations(gradings, actor=actor)


@business_atomic
def return_evaluations(ids: Collection[int], *, comment: str, due_on: date, actor: User | None) -> list[Evaluation]:
    """Give submitted evaluations back to be answered better, until a day.

    Raises NotFound, NotAllowed, InvalidTransition, DomainError without a comment or for a day that has passed.
    """
    comment = " ".join(comment.split())
    if not comment:
        raise DomainError(_("Say what is to be done better."), field="comment")
    if len(comment) > LONGEST_COMMENT:
        raise DomainError(_("At most %(most)d characters.") % {"most": LONGEST_COMMENT}, field="comment")
    check_due_day(due_on)
    rows = locked_evaluations(ids, actor)
    for evaluation in rows.values():
        with naming(evaluation.employee, among=len(rows)):
            require(can_grade(actor, evaluation), _("You may not return this evaluation."))
            evaluation.move_to(State.RETURNED)
        evaluation.return_comment, evaluation.due_on = comment, due_on
    write(list(rows.values()), ["state", "return_comment", "due_on"])
    announce("evaluation.returned", list(rows))
    return list(rows.values())


@business_atomic
def reopen_evaluations(ids: Collection[int], *, reason: str, actor: User | None) -> list[Evaluation]:
    """Let graded evaluations be graded anew; their people are told. The old grade stays in the history, see
    `earlier_grades`.

    Raises NotFound, NotAllowed, InvalidTransition, DomainError without a reason.
    """
    reason = clean_reason(reason)
    rows = locked_evaluations(ids, actor)
    for evaluation in rows.values():
        with naming(evaluation.employee, among=len(rows)):
            require(can_manage_evaluation(actor, evaluation), _("You may not reopen this evaluation."))
            if evaluation.state != State.GRADED:
                # Its employee may submit it, too, from other states.
                state = evaluation.get_state_display()
                raise InvalidTransition(_("Only what was graded is reopened; this is %(state)s.") % {"state": state})
            evaluation.move_to(State.SUBMITTED)
        evaluation.grade = evaluation.graded_at = evaluation.graded_by_id = None
        evaluation.graded_by_name = ""
    write(list(rows.values()), GRADE_FIELDS, reason=reason)
    announce("evaluation.reopened", list(rows))
    return list(rows.values())


def earlier_grades(evaluation: Evaluation) -> Sequence[EarlierGrade]:
    """The grades it had before it was reopened, latest first."""
    records = list(evaluation.history.order_by("history_id"))
    taken_back = [
        EarlierGrade(
            before.grade, before.feedback, before.graded_by_name, before.graded_at, after.history_change_reason or ""
        )
        for before, after in pairwise(records)
        if before.state == State.GRADED and after.state == State.SUBMITTED
    ]
    return taken_back[::-1]


def _set_grade(evaluation: Evaluation, grading: Grading, actor: User | None) -> None:
    if not 0 <= grading.grade <= 100:
        raise DomainError(_("A grade is a number from 0 to 100."), field="grade")
    check_fields(Evaluation, {"grade": grading.grade})
    if len(grading.feedback) > LONGEST_FEEDBACK:
        raise DomainError(_("Feedback has at most %(most)d characters.") % {"most": LONGEST_FEEDBACK}, field="feedback")
    evaluation.grade, evaluation.feedback = grading.grade, grading.feedback.strip()
    evaluation.graded_at = timezone.now()
    evaluation.graded_by_id = actor.pk if actor else None
    evaluation.graded_by_name = str(actor)[:200] if actor else ""
