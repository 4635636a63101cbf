"""Closed questions score themselves: the weighted mean of what their answers are worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from hr.models import Question
from hr.questions import points

HUNDREDTH = Decimal("0.01")


def score(questions: Iterable[Question], answers: Mapping[int, Any]) -> Decimal | None:
    """Points of 0 to 100 with two places, from {question key: answer}; None if nothing answered counts.

    Exact until it is rounded, half upwards. A question without an answer is left out, and its weight with it.
    """
    worth, weights = Fraction(0), 0
    for question in questions:
        each = points(question, answers.get(question.pk)) if question.weight else None
        if each is not None:
            worth += each * question.weight
            weights += question.weight
    return rounded(worth / weights) if weights else None


def rounded(number: Fraction) -> Decimal:
    """To two places, half upwards."""
    hundredths = (number * 100).limit_denominator(10**12)
    whole = Decimal(hundredths.numerator) / Decimal(hundredths.denominator)
    return (whole.quantize(Decimal(1), rounding=ROUND_HALF_UP) * HUNDREDTH).quantize(HUNDREDTH)
