"""Results as a workbook: what the page shows, and every submitted evaluation in a row. Written piece by piece."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import batched
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from hr.loading.xlsx import Book, SheetToWrite, Written
from hr.models import Answer, Employee, Evaluation, Question
from hr.questions import Kind, options_of
from hr.results import COUNTED, Results

if TYPE_CHECKING:
    from core.models import User

ROWS_A_READ = 500


def results_file(results: Results, evaluations: QuerySet, questions: Sequence[Question], *, user: User) -> Book:
    """The workbook. Whatever depends on the active language is settled before the first.

    People are named as far as the user sees them.
    """
    header = [_("Code"), _("Name"), _("Unit"), _("Round"), _("State"), _("Submitted on"), _("Score"), _("Grade")]
    sheets = [
        SheetToWrite(_("Summary"), [_("Question"), _("Answer"), _("Count"), "%"], [60, 40, 10, 10], _summary(results)),
        SheetToWrite(
            _("Answers"),
            [*header, *(question.text for question in questions)],
            [12, 30, 30, 30, 14, 14, 9, 9, *([40] * len(questions))],
            _rows(evaluations.filter(state__in=COUNTED), questions, user),
        ),
    ]
    return Book(sheets)


def _summary(results: Results) -> list[list[Written]]:
    rows: list[list[Written]] = [["", label, count, ""] for _state, label, count in results.states]
    rows += [["", _("Average score"), results.score or "", ""], ["", _("Average grade"), results.grade or "", ""]]
    for each in results.questions:
        rows.append([each.question.text, _("answers"), each.answered, ""])
        rows += [["", bar.label, bar.count, bar.percent] for bar in each.bars]
        if each.average is not None:
            rows.append(["", _("average"), each.average, ""])
        if each.points is not None:
            rows.append(["", _("points"), each.points, ""])
    return rows


def _rows(evaluations: QuerySet, questions: Sequence[Question], user: User) -> Iterator[list[Written]]:
    """Keys first, then the rows in batches: bounded memory on every engine."""
    states = {state.value: str(state.label) for state in Evaluation.State}
    shown = {question.pk: _cell_of(question) for question in questions}
    return _read(evaluations, states, shown, user)


def _read(
    evaluations: QuerySet, states: dict[str, str], shown: dict[int, Callable[[Any], Written]], user: User
) -> Iterator[list[Written]]:
    keys = evaluations.order_by("round_id", "pk").values_list("pk", flat=True)
    for batch in batched(keys, ROWS_A_READ):
        rows = Evaluation.objects.filter(pk__in=batch).select_related("round").in_bulk()
        visible = Employee.objects.visible_to(user).select_related("org_unit")
        people = visible.in_bulk({row.employee_id for row in rows.values()})
        answers: defaultdict[int, dict[int, Any]] = defaultdict(dict)
        found = Answer.objects.filter(evaluation_id__in=batch, question_id__in=list(shown))
        for evaluation, question, value in found.values_list("evaluation_id", "question_id", "value"):
            answers[evaluation][question] = value
        for key in filter(rows.__contains__, batch):
            row, person = rows[key], people.get(rows[key].employee_id)
            yield [
                *((person.code, person.full_name, person.org_unit.name) if person else ("", "", "")),
                row.round.title,
                states[row.state],
                timezone.localdate(row.submitted_at) if row.submitted_at else "",
                "" if row.score is None else row.score,
                "" if row.grade is None else row.grade,
                *(cell(answers[key].get(question)) for question, cell in shown.items()),
            ]


def _cell_of(question: Question) -> Callable[[Any], Written]:
    """How an answer stands in a cell; numbers as numbers, so that they can be counted on with."""
    if question.kind in (Kind.TEXT, Kind.NUMBER, Kind.SCALE):
        return lambda value: "" if value is None else value
    texts = dict(options_of(question))
    if question.kind == Kind.SEVERAL:
        return lambda value: " · ".join(texts[place] for place in value or ())
    return lambda value: texts.get(value, "")
