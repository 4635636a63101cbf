"""What each kind of question accepts as its choices and as an answer, what that is worth, and how it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from core.errors import DomainError
from hr.models import Question

Kind = Question.Kind
MOST_CHOICES = 30
LONGEST_CHOICE = 200
LONGEST_TEXT = 5000
MOST_STEPS = 11  # of a scale: as many as fit side by side
LARGEST_NUMBER = 1_000_000_000
YES, NO = "yes", "no"


# --- Choices ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Choices:
    """What the editor of a question asks for; each kind takes its own part. `lines` are `text = points`."""

    lines: str = ""
    lowest: Decimal | None = None
    highest: Decimal | None = None
    best: str = YES


def choices_from(kind: str, typed: Choices) -> Any:
    """In the form in which Question.choices holds them. Raises DomainError on the field of `Choices`."""
    match kind:
        case Kind.ONE | Kind.SEVERAL:
            return _choices_of(typed.lines)
        case Kind.SCALE:
            return _scale_of(typed)
        case Kind.YES_NO:
            return {YES: 0, NO: 100} if typed.best == NO else {YES: 100, NO: 0}
        case Kind.NUMBER:
            return _range_of(typed)
    return {}


def typed_choices(question: Question) -> Choices:
    """The choices as the editor shows them."""
    match question.kind, question.choices:
        case ((Kind.ONE | Kind.SEVERAL), list() as choices):
            return Choices(lines="\n".join(_line_of(choice) for choice in choices))
        case ((Kind.SCALE | Kind.NUMBER), dict() as ends):
            return Choices(lowest=_decimal(ends.get("from")), highest=_decimal(ends.get("to")))
        case Kind.YES_NO, dict() as points:
            return Choices(best=NO if points.get(NO) else YES)
    return Choices()


def _choices_of(lines: str) -> list[dict[str, Any]]:
    choices = [_choice_of(line) for line in lines.splitlines() if line.strip()]
    if not 2 <= len(choices) <= MOST_CHOICES:
        raise DomainError(
            _("Write from 2 to %(most)d choices, each on a line of its own.") % {"most": MOST_CHOICES}, field="lines"
        )
    texts = [choice["text"].casefold() for choice in choices]
    if double := next((text for text in texts if texts.count(text) > 1), None):
        raise DomainError(_("The choice «%(text)s» is there twice.") % {"text": double}, field="lines")
    return choices


def _choice_of(line: str) -> dict[str, Any]:
    """`Very good = 100`. Without a number behind the last sign it is all text."""
    before, sign, after = line.rpartition("=")
    points = _decimal(after) if sign else None
    text = " ".join((before if points is not None else line).split())
    if not text or len(text) > LONGEST_CHOICE:
        raise DomainError(
            _("A choice needs a text of at most %(most)d characters.") % {"most": LONGEST_CHOICE}, field="lines"
        )
    if points is not None and not 0 <= points <= 100:
        raise DomainError(_("«%(line)s»: points are a number from 0 to 100.") % {"line": line.strip()}, field="lines")
    return {"text": text} if points is None else {"text": text, "points": _plain(points)}


def _line_of(choice: Mapping[str, Any]) -> str:
    return f"{choice['text']} = {number_format(choice['points'])}" if "points" in choice else choice["text"]


def _scale_of(typed: Choices) -> dict[str, Any]:
    lowest = Decimal(1) if typed.lowest is None else typed.lowest
    highest = Decimal(5) if typed.highest is None else typed.highest
    if lowest % 1 or highest % 1 or not 1 <= highest - lowest < MOST_STEPS:
        raise DomainError(
            _("A scale goes from one whole number to a higher one, in at most %(most)d steps.") % {"most": MOST_STEPS},
            field="highest",
        )
    return {"from": int(lowest), "to": int(highest)}


def _range_of(typed: Choices) -> dict[str, Any]:
    if typed.lowest is not None and typed.highest is not None and typed.lowest >= typed.highest:
        raise DomainError(_("The highest number must be above the lowest."), field="highest")
    ends = {"from": typed.lowest, "to": typed.highest}
    return {name: _plain(end) for name, end in ends.items() if end is not None}


def told_choices(question: Question) -> list[str]:
    """The choices with what they are worth, for who writes or reads a form."""
    match question.kind:
        case Kind.ONE | Kind.SEVERAL:
            return [_line_of(choice) for choice in question.choices]
        case Kind.SCALE:
            return [_("from %(from)s to %(to)s") % question.choices]
        case Kind.YES_NO:
            return [_("Yes = %(yes)s, No = %(no)s") % question.choices]
        case Kind.NUMBER if question.choices:
            return [" – ".join(str(question.choices.get(end, "…")) for end in ("from", "to"))]
    return []


def can_score(kind: str, choices: Any) -> bool:
    """Whether every answer is worth something, so that the question may have a weight."""
    match kind:
        case Kind.ONE | Kind.SEVERAL:
            return all("points" in choice for choice in choices)
        case Kind.NUMBER:
            return {"from", "to"} <= choices.keys()
    return kind != Kind.TEXT


# --- Answers ----------------------------------------------------------------------------------------------------------
def options_of(question: Question) -> list[tuple[Any, str]]:
    """What may be chosen, as (answer, text); empty where one writes. Of several choices, one at a time."""
    match question.kind:
        case Kind.ONE | Kind.SEVERAL:
            return [(place, choice["text"]) for place, choice in enumerate(question.choices)]
        case Kind.SCALE:
            return [(step, str(step)) for step in range(question.choices["from"], question.choices["to"] + 1)]
        case Kind.YES_NO:
            return [(True, _("Yes")), (False, _("No"))]
    return []


def clean_answer(question: Question, value: Any) -> Any:
    """In the form in which Answer.value holds it, None for no answer. Raises AnswerRefused."""
    if value in (None, "", []):
        return None
    options = [option for option, _text in options_of(question)]
    match question.kind:
        case Kind.TEXT:
            return _clean_text(question, value)
        case Kind.NUMBER:
            return _clean_number(question, value)
        case Kind.SEVERAL:
            chosen = value if isinstance(value, list | tuple) else [value]
        case _:
            chosen = [value]
    # By kind as well: 1 is no "yes", though Python finds them equal.
    if not all(type(each) is type(options[0]) and each in options for each in chosen):
        raise AnswerRefused(question, _("Choose one of the choices offered."))
    return sorted(set(chosen)) if question.kind == Kind.SEVERAL else value


def answer_text(question: Question, value: Any) -> str:
    """An answer as people read it; an empty one is empty."""
    if value is None:
        return ""
    match question.kind:
        case Kind.SEVERAL:
            texts = dict(options_of(question))
            return " · ".join(texts[place] for place in value)
        case Kind.NUMBER:
            return number_format(value)
        case Kind.TEXT:
            return value
    return dict(options_of(question)).get(value, "")


def points(question: Question, value: Any) -> Fraction | None:
    """What an answer is worth, 0 to 100; None for none, and for what cannot be counted."""
    if value is None or not can_score(question.kind, question.choices):
        return None
    choices: Any = question.choices
    match question.kind:
        case Kind.ONE:
            worth = _exact(choices[value]["points"])
        case Kind.SEVERAL:
            worth = sum((_exact(choices[place]["points"]) for place in value), Fraction(0))
        case Kind.YES_NO:
            worth = _exact(choices[YES if value else NO])
        case _:
            lowest, highest = _exact(choices["from"]), _exact(choices["to"])
            worth = 100 * (_exact(value) - lowest) / (highest - lowest)
    return min(max(worth, Fraction(0)), Fraction(100))


def _clean_text(question: Question, value: Any) -> str | None:
    text = str(value).strip()
    if len(text) > LONGEST_TEXT:
        raise AnswerRefused(question, _("At most %(most)d characters.") % {"most": LONGEST_TEXT})
    return text or None


def _clean_number(question: Question, value: Any) -> Any:
    number, ends = _decimal(value), question.choices
    if number is None or abs(number) > LARGEST_NUMBER:
        raise AnswerRefused(question, _("Enter a number."))
    lowest, highest = _decimal(ends.get("from")), _decimal(ends.get("to"))
    if lowest is not None and number < lowest:
        raise AnswerRefused(question, _("Not below %(lowest)s.") % {"lowest": number_format(lowest)})
    if highest is not None and number > highest:
        raise AnswerRefused(question, _("Not above %(highest)s.") % {"highest": number_format(highest)})
    return _plain(round(number, 4))


class AnswerRefused(DomainError):
    """Names the question; `reason` does not, for where it stands beside it."""

    def __init__(self, question: Question, reason: str) -> None:
        text = _("Question %(number)d, «%(question)s»: %(message)s")
        words = {"number": question.number, "question": question.text, "message": reason}
        super().__init__(text % words, field=answer_field(question))
        self.reason = reason


def missing(question: Question) -> AnswerRefused:
    return AnswerRefused(question, _("this one needs an answer."))


def answer_field(question: Question) -> str:
    """The name of the form field in which a question is answered."""
    return f"question_{question.pk}"


def _decimal(value: Any) -> Decimal | None:
    """A finite number of whatever says one; the comma of Spanish is a decimal point."""
    if isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value).strip().replace(",", "."))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _plain(number: Decimal) -> int | float:
    """For JSON, which knows no decimals: a float of few digits is written and read back as it is."""
    return int(number) if number == number.to_integral_value() else float(number)


def _exact(number: Any) -> Fraction:
    return Fraction(str(number))
