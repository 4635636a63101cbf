"""What people answered, counted: how many are where, averages, and how the answers to each question are spread.

The caller gives the evaluations that the reader sees. Only what was submitted counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from hr.models import Answer, Evaluation, Question
from hr.questions import Kind, options_of, points
from hr.services.scoring import rounded

COUNTED = (Evaluation.State.SUBMITTED, Evaluation.State.GRADED)
TEXTS_SHOWN = 10
# Numbers are shown one by one while there are few different ones, then in so many steps.
FEW_NUMBERS, STEPS = 12, 10


@dataclass(frozen=True)
class Bar:
    label: str
    count: int
    percent: Decimal


@dataclass(frozen=True)
class QuestionResult:
    """`average` is of the numbers answered, `points` of what the answers are worth; None where there is none."""

    question: Question
    answered: int
    average: Decimal | None = None
    points: Decimal | None = None
    bars: Sequence[Bar] = ()
    texts: Sequence[str] = ()


@dataclass(frozen=True)
class Results:
    states: Sequence[tuple[str, str, int]] = ()
    given: int = 0
    submitted: int = 0
    score: Decimal | None = None
    grade: Decimal | None = None
    questions: Sequence[QuestionResult] = field(default_factory=list)

    @property
    def percent_submitted(self) -> Decimal | None:
        return rounded(Fraction(100 * self.submitted, self.given)) if self.given else None


def results_of(evaluations: QuerySet, questions: Sequence[Question]) -> Results:
    """By the questions of their version."""
    sums = {
        row["state"]: row
        for row in evaluations.order_by()
        .values("state")
        .annotate(
            count=Count("pk"), scores=Sum("score"), scored=Count("score"), grades=Sum("grade"), graded=Count("grade")
        )
    }
    counted = [sums[state] for state in COUNTED if state in sums]
    cancelled = sums.get(Evaluation.State.CANCELLED, {"count": 0})["count"]
    return Results(
        states=[(state.value, str(state.label), sums[state]["count"]) for state in Evaluation.State if state in sums],
        given=sum(row["count"] for row in sums.values()) - cancelled,
        submitted=sum(row["count"] for row in counted),
        score=_mean(counted, "scores", "scored"),
        grade=_mean(counted, "grades", "graded"),
        questions=_question_results(evaluations.filter(state__in=COUNTED), questions),
    )


def _mean(rows: Iterable[dict[str, Any]], total: str, count: str) -> Decimal | None:
    rows = list(rows)
    how_many = sum(row[count] for row in rows)
    return rounded(sum(Fraction(row[total] or 0) for row in rows) / how_many) if how_many else None


def _question_results(evaluations: QuerySet, questions: Sequence[Question]) -> list[QuestionResult]:
    answers = Answer.objects.filter(evaluation__in=evaluations.order_by().values("pk"))
    closed = [question.pk for question in questions if question.kind != Kind.TEXT]
    spread: dict[int, list[tuple[Any, int]]] = {question.pk: [] for question in questions}
    grouped = answers.filter(question_id__in=closed).order_by().values_list("question_id", "value")
    for key, value, count in grouped.annotate(count=Count("pk")):
        spread[key].append((value, count))
    return [
        _texts_of(question, answers) if question.kind == Kind.TEXT else _spread_of(question, spread[question.pk])
        for question in questions
    ]


def _texts_of(question: Question, answers: QuerySet) -> QuestionResult:
    mine = answers.filter(question=question)
    texts = list(mine.order_by("-pk").values_list("value", flat=True)[:TEXTS_SHOWN])
    return QuestionResult(question, answered=mine.count(), texts=texts)


def _spread_of(question: Question, counts: Sequence[tuple[Any, int]]) -> QuestionResult:
    answered = sum(count for _value, count in counts)
    worth = [(points(question, value), count) for value, count in counts]
    numeric = question.kind in (Kind.NUMBER, Kind.SCALE)
    return QuestionResult(
        question,
        answered=answered,
        average=_weighted([(Fraction(str(value)), count) for value, count in counts]) if numeric else None,
        points=_weighted([(each, count) for each, count in worth if each is not None]),
        bars=_bars_of_numbers(counts) if question.kind == Kind.NUMBER else _bars_of_options(question, counts),
    )


def _weighted(values: Sequence[tuple[Fraction, int]]) -> Decimal | None:
    how_many = sum(count for _value, count in values)
    return rounded(sum((value * count for value, count in values), Fraction(0)) / how_many) if how_many else None


def _bars_of_options(question: Question, counts: Sequence[tuple[Any, int]]) -> list[Bar]:
    """Of several choices each counts, so that together they may be more than all."""
    chosen: Counter[Any] = Counter()
    for value, count in counts:
        for each in value if isinstance(value, list) else [value]:
            chosen[each] += count
    total = sum(count for _value, count in counts)
    return [_bar(text, chosen[option], total) for option, text in options_of(question)]


def _bars_of_numbers(counts: Sequence[tuple[Any, int]]) -> list[Bar]:
    numbers: Counter[Any] = Counter()
    for value, count in counts:
        numbers[value] += count
    total = numbers.total()
    if len(numbers) <= FEW_NUMBERS:
        return [_bar(number_format(number), numbers[number], total) for number in sorted(numbers)]
    lowest, highest = min(numbers), max(numbers)
    ends = [lowest + (highest - lowest) * step / STEPS for step in range(STEPS + 1)]
    steps: Counter[int] = Counter()
    for number, count in numbers.items():
        steps[min(int((number - lowest) / (highest - lowest) * STEPS), STEPS - 1)] += count
    return [
        _bar(_("%(from)s to %(to)s") % {"from": _short(low), "to": _short(high)}, steps[step], total)
        for step, (low, high) in enumerate(pairwise(ends))
    ]


def _short(number: float) -> str:
    return number_format(Decimal(str(round(number, 2))).normalize())


def _bar(label: str, count: int, total: int) -> Bar:
    return Bar(label, count, rounded(Fraction(100 * count, total)) if total else Decimal(0))
