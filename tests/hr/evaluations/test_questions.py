from decimal import Decimal

import pytest
from django.utils import translation

from core.errors import DomainError
from hr.models import Question
from hr.questions import Choices, answer_text, choices_from, clean_answer, options_of, typed_choices

ONE = [{"text": "Bien", "points": 100}, {"text": "Mal", "points": 0}]


def question(kind, choices=None, **values):
    return Question(pk=7, number=2, kind=kind, text="¿Qué tal?", choices={} if choices is None else choices, **values)


@pytest.mark.parametrize(
    ("kind", "typed", "stored"),
    [
        ("text", Choices(lines="nothing of this = 3"), {}),
        ("one", Choices(lines=" Bien = 100 \n\nMal=0"), ONE),
        ("one", Choices(lines="Bien\nMal"), [{"text": "Bien"}, {"text": "Mal"}]),
        (
            "several",
            Choices(lines="a = b\n2 + 2 = 4 = 12,5"),
            [{"text": "a = b"}, {"text": "2 + 2 = 4", "points": 12.5}],
        ),
        ("scale", Choices(), {"from": 1, "to": 5}),
        ("scale", Choices(lowest=Decimal(0), highest=Decimal(10)), {"from": 0, "to": 10}),
        ("yes_no", Choices(), {"yes": 100, "no": 0}),
        ("yes_no", Choices(best="no"), {"yes": 0, "no": 100}),
        ("number", Choices(), {}),
        ("number", Choices(lowest=Decimal("0.5"), highest=Decimal(10)), {"from": 0.5, "to": 10}),
    ],
)
def test_choices_are_stored_and_shown_as_they_were_typed(kind, typed, stored):
    assert choices_from(kind, typed) == stored
    assert choices_from(kind, typed_choices(question(kind, stored))) == stored


@pytest.mark.parametrize(
    ("kind", "typed", "field", "message"),
    [
        ("one", Choices(lines="Bien = 100"), "lines", "from 2 to 30 choices"),
        ("one", Choices(lines="\n".join(map(str, range(31)))), "lines", "from 2 to 30 choices"),
        ("one", Choices(lines="Bien = 100\nbien = 3"), "lines", "«bien» is there twice"),
        ("one", Choices(lines="Bien = 101\nMal = 0"), "lines", "«Bien = 101»: points are a number from 0 to 100"),
        ("one", Choices(lines="= 5\nMal = 0"), "lines", "needs a text"),
        ("several", Choices(lines="x" * 201 + "\nMal"), "lines", "at most 200"),
        ("scale", Choices(lowest=Decimal(5), highest=Decimal(5)), "highest", "at most 11 steps"),
        ("scale", Choices(lowest=Decimal(0), highest=Decimal(11)), "highest", "at most 11 steps"),
        ("scale", Choices(lowest=Decimal("0.5"), highest=Decimal(3)), "highest", "whole number"),
        ("number", Choices(lowest=Decimal(3), highest=Decimal(3)), "highest", "above the lowest"),
    ],
)
def test_choices_that_make_no_sense_are_refused_on_their_field(kind, typed, field, message):
    with pytest.raises(DomainError, match=message) as raised:
        choices_from(kind, typed)

    assert raised.value.field == field


NUMBER = {"from": 0, "to": 10}


@pytest.mark.parametrize(
    ("kind", "choices", "given", "stored", "shown"),
    [
        ("text", {}, "  Mucho \n más ", "Mucho \n más", "Mucho \n más"),
        ("text", {}, "   ", None, ""),
        ("one", ONE, 1, 1, "Mal"),
        ("one", ONE, "", None, ""),
        ("several", ONE, [1, 0, 1], [0, 1], "Bien · Mal"),
        ("several", ONE, [], None, ""),
        ("scale", {"from": 1, "to": 5}, 4, 4, "4"),
        ("yes_no", {"yes": 100, "no": 0}, False, False, "No"),
        ("number", NUMBER, "7,25", 7.25, "7.25"),
        ("number", NUMBER, 0, 0, "0"),
        ("number", {}, "-1200", -1200, "-1200"),
    ],
)
def test_an_answer_is_stored_and_shown(kind, choices, given, stored, shown):
    asked = question(kind, choices)

    assert clean_answer(asked, given) == stored
    assert answer_text(asked, stored) == shown


@pytest.mark.parametrize(
    ("kind", "choices", "given", "message"),
    [
        ("text", {}, "x" * 5001, "At most 5000 characters."),
        ("one", ONE, 2, "Choose one of the choices offered."),
        ("one", ONE, "Bien", "Choose one of the choices offered."),
        ("one", ONE, True, "Choose one of the choices offered."),
        ("several", ONE, [0, 7], "Choose one of the choices offered."),
        ("several", ONE, "0", "Choose one of the choices offered."),
        ("scale", {"from": 1, "to": 5}, 6, "Choose one of the choices offered."),
        ("yes_no", {"yes": 100, "no": 0}, 1, "Choose one of the choices offered."),
        ("number", NUMBER, "many", "Enter a number."),
        ("number", NUMBER, "nan", "Enter a number."),
        ("number", {}, "1e30", "Enter a number."),
        ("number", NUMBER, "-1", "Not below 0."),
        ("number", NUMBER, "10.5", "Not above 10."),
    ],
)
def test_an_answer_that_was_not_offered_is_refused_by_name(kind, choices, given, message):
    with pytest.raises(DomainError) as raised:
        clean_answer(question(kind, choices), given)

    assert (str(raised.value), raised.value.field) == (f"Question 2, «¿Qué tal?»: {message}", "question_7")


def test_what_may_be_chosen():
    assert options_of(question("scale", {"from": 0, "to": 2})) == [(0, "0"), (1, "1"), (2, "2")]
    assert options_of(question("yes_no", {"yes": 100, "no": 0})) == [(True, "Yes"), (False, "No")]
    assert options_of(question("text")) == []


def test_points_are_shown_in_the_language_of_the_reader():
    with translation.override("es"):
        lines = typed_choices(question("one", [{"text": "Bien", "points": 12.5}, {"text": "Mal"}])).lines

        assert lines == "Bien = 12,5\nMal"
        assert choices_from("one", Choices(lines=lines)) == [{"text": "Bien", "points": 12.5}, {"text": "Mal"}]
