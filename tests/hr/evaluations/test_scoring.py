from decimal import Decimal
from fractions import Fraction

import pytest

from hr.models import Question
from hr.services.scoring import rounded, score

YES_NO = {"yes": 100, "no": 0}
SCALE = {"from": 1, "to": 5}
THIRDS = {"from": 0, "to": 3}
PARTS = [{"text": "a", "points": 25}, {"text": "b", "points": 50}, {"text": "c", "points": 60}]


def asked(*questions):
    """Questions 1, 2, … of (kind, choices, weight)."""
    return [
        Question(pk=key, kind=kind, choices=choices, weight=weight)
        for key, (kind, choices, weight) in enumerate(questions, 1)
    ]


@pytest.mark.parametrize(
    ("questions", "answers", "expected"),
    [
        ([("yes_no", YES_NO, 1)], {1: True}, "100.00"),
        ([("yes_no", YES_NO, 1)], {1: False}, "0.00"),
        ([("yes_no", {"yes": 0, "no": 100}, 1)], {1: False}, "100.00"),
        ([("scale", SCALE, 1)], {1: 1}, "0.00"),
        ([("scale", SCALE, 1)], {1: 4}, "75.00"),
        ([("one", PARTS, 1)], {1: 1}, "50.00"),
        ([("several", PARTS, 1)], {1: [0, 1]}, "75.00"),
        ([("several", PARTS, 1)], {1: [0, 1, 2]}, "100.00"),  # never more than everything
        ([("number", {"from": 10, "to": 20}, 1)], {1: 12.5}, "25.00"),
        # The mean by weight.
        ([("yes_no", YES_NO, 1), ("scale", SCALE, 3)], {1: True, 2: 1}, "25.00"),
        ([("yes_no", YES_NO, 2), ("scale", THIRDS, 1)], {1: False, 2: 1}, "11.11"),
        ([("scale", THIRDS, 1)], {1: 2}, "66.67"),
        # Left out with its weight: what is not answered, weighs nothing, or is a text.
        ([("yes_no", YES_NO, 1), ("scale", SCALE, 3)], {1: True}, "100.00"),
        ([("yes_no", YES_NO, 1), ("scale", SCALE, 0)], {1: True, 2: 1}, "100.00"),
        ([("yes_no", YES_NO, 1), ("text", {}, 0)], {1: False, 2: "mucho"}, "0.00"),
        # Nothing that counts is no score, which is not 0.
        ([("text", {}, 0)], {1: "mucho"}, None),
        ([("yes_no", YES_NO, 1)], {}, None),
        ([("yes_no", YES_NO, 0)], {1: True}, None),
        ([], {}, None),
        # A third of three thirds is exactly one.
        ([("scale", THIRDS, 1)] * 3, {1: 1, 2: 1, 3: 1}, "33.33"),
        ([("scale", {"from": 0, "to": 8}, 1), ("yes_no", YES_NO, 199)], {1: 1, 2: False}, "0.06"),
    ],
)
def test_the_score_is_the_weighted_mean_of_what_is_answered(questions, answers, expected):
    assert score(asked(*questions), answers) == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("number", "expected"),
    [(Fraction(1, 200), "0.01"), (Fraction(3, 200), "0.02"), (Fraction(2, 3), "0.67"), (Fraction(100), "100.00")],
)
def test_halves_are_rounded_upwards(number, expected):
    assert str(rounded(number)) == expected
