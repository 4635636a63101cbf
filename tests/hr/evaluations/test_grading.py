from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from core.errors import DomainError, NotAllowed, StaleRow
from hr.models import Evaluation, OutboxMessage
from hr.services.grading import (
    EarlierGrade,
    Grading,
    accept_scores,
    earlier_grades,
    grade_evaluations,
    reopen_evaluations,
    return_evaluations,
)
from tests.factories import make_employee, make_evaluation, make_user

TOMORROW = timedelta(days=1)


@pytest.fixture
def submitted(evaluation):
    evaluation.state, evaluation.score = "submitted", Decimal("62.50")
    evaluation.submitted_at = timezone.now()
    evaluation.save()
    return evaluation


def test_a_grade_is_written_with_who_gave_it(submitted, ana_user):
    grade_evaluations({submitted.pk: Grading(Decimal("87.5"), " Muy bien ")}, actor=ana_user)

    row = Evaluation.objects.get()
    assert (row.state, row.grade, row.feedback) == ("graded", Decimal("87.50"), "Muy bien")
    assert (row.graded_by_id, row.graded_by_name) == (ana_user.pk, str(ana_user))
    assert timezone.now() - row.graded_at < timedelta(minutes=1)
    assert OutboxMessage.objects.get().kind == "evaluation.graded"


@pytest.mark.parametrize("grade", ["-0.01", "100.01", "12.345"])
def test_a_grade_has_0_to_100_points_with_two_places(submitted, ana_user, grade):
    with pytest.raises(DomainError) as raised:
        grade_evaluations({submitted.pk: Grading(Decimal(grade))}, actor=ana_user)

    assert raised.value.field == "grade"
    assert Evaluation.objects.get().state == "submitted"


def test_nobody_grades_himself(submitted, beto, ana, round_, ana_user):
    own = make_evaluation(ana, in_round=round_, state="submitted")

    with pytest.raises(NotAllowed):
        grade_evaluations({own.pk: Grading(Decimal(100))}, actor=ana_user)
    with pytest.raises(NotAllowed):
        return_evaluations([own.pk], comment="x", due_on=timezone.localdate(), actor=ana_user)


def test_whoever_stands_in_for_a_manager_grades_his_people_but_not_himself(submitted, ana, beto, round_, finance):
    from core import access

    diego = make_employee("Diego", org_unit=beto.org_unit)
    deputy = make_user("diego", employee=diego)
    own = make_evaluation(diego, in_round=round_, state="submitted")
    until = timezone.now() + TOMORROW
    access.grant("act_as_manager", deputy, ana, granted_by=None, reason="away", valid_until=until)

    grade_evaluations({submitted.pk: Grading(Decimal(70))}, actor=deputy)
    with pytest.raises(NotAllowed):
        grade_evaluations({own.pk: Grading(Decimal(100))}, actor=deputy)


def test_answers_that_came_back_meanwhile_are_not_graded_unread(submitted, ana_user):
    opened = submitted.version
    return_evaluations([submitted.pk], comment="Más", due_on=timezone.localdate(), actor=ana_user)
    Evaluation.objects.update(state="submitted")

    with pytest.raises(StaleRow):
        grade_evaluations({submitted.pk: Grading(Decimal(70))}, versions={submitted.pk: opened}, actor=ana_user)


def test_scores_become_grades_of_many(submitted, carla, round_, hr_manager):
    make_evaluation(carla, in_round=round_, state="submitted", score=Decimal(50))

    accept_scores(list(Evaluation.objects.values_list("pk", flat=True)), actor=hr_manager)

    assert sorted(Evaluation.objects.values_list("state", "grade")) == [
        ("graded", Decimal("50.00")),
        ("graded", Decimal("62.50")),
    ]


def test_answers_without_a_score_have_to_be_read(submitted, ana_user):
    Evaluation.objects.update(score=None)

    with pytest.raises(DomainError, match="has no score"):
        accept_scores([submitted.pk], actor=ana_user)


def test_returned_answers_have_a_comment_and_a_new_due_day(submitted, ana_user):
    tomorrow = timezone.localdate() + TOMORROW

    return_evaluations([submitted.pk], comment=" Falta  el ejemplo ", due_on=tomorrow, actor=ana_user)

    row = Evaluation.objects.get()
    assert (row.state, row.return_comment, row.due_on) == ("returned", "Falta el ejemplo", tomorrow)
    assert OutboxMessage.objects.get().kind == "evaluation.returned"


@pytest.mark.parametrize(
    ("comment", "days", "field"), [(" ", 1, "comment"), ("x" * 301, 1, "comment"), ("Más", -1, "due_on")]
)
def test_returning_says_what_to_do_and_leaves_time_for_it(submitted, ana_user, comment, days, field):
    with pytest.raises(DomainError) as raised:
        return_evaluations(
            [submitted.pk], comment=comment, due_on=timezone.localdate() + timedelta(days=days), actor=ana_user
        )

    assert raised.value.field == field


def test_reopening_keeps_the_old_grade(submitted, ana_user, hr_manager):
    first, second = Grading(Decimal(40), "Flojo"), Grading(Decimal(60), "Mejor")
    grade_evaluations({submitted.pk: first}, actor=ana_user)
    reopen_evaluations([submitted.pk], reason="Nota de otra persona", actor=hr_manager)
    row = Evaluation.objects.get()
    assert (row.state, row.grade, row.graded_by_name) == ("submitted", None, "")
    assert OutboxMessage.objects.latest("pk").kind == "evaluation.reopened"

    grade_evaluations({submitted.pk: second}, actor=hr_manager)

    row = Evaluation.objects.get()
    (earlier,) = earlier_grades(row)
    assert (row.state, row.grade) == ("graded", Decimal(60))
    assert earlier == EarlierGrade(Decimal(40), "Flojo", str(ana_user), earlier.graded_at, "Nota de otra persona")


def test_reopening_needs_a_reason(submitted, ana_user, hr_manager):
    grade_evaluations({submitted.pk: Grading(Decimal(40))}, actor=ana_user)

    with pytest.raises(DomainError) as raised:
        reopen_evaluations([submitted.pk], reason=" ", actor=hr_manager)

    assert raised.value.field == "reason"
