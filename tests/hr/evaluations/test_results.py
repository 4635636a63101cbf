import io
import json
from decimal import Decimal

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from hr.models import Evaluation
from hr.results import results_of
from hr.services.answers import submit_evaluations
from hr.services.grading import Grading, grade_evaluations
from tests.factories import make_employee, make_evaluation, make_form_version, make_round

CHOICES = [{"text": "Bien", "points": 100}, {"text": "Regular", "points": 50}, {"text": "Mal", "points": 0}]
ASKED = (
    {"kind": "text", "text": "¿Algo más?", "required": False},
    {"kind": "one", "text": "¿Qué tal?", "choices": CHOICES, "weight": 1},
    {"kind": "several", "text": "¿Qué cursos?", "choices": [{"text": "A"}, {"text": "B"}], "required": False},
    {"kind": "scale", "text": "¿Cómo?", "choices": {"from": 1, "to": 5}, "required": False},
    {"kind": "yes_no", "text": "¿Volverías?", "choices": {"yes": 100, "no": 0}, "required": False},
    {"kind": "number", "text": "¿Horas?", "choices": {}, "required": False},
)
# Answers by the place of their question, of four people.
GIVEN = (
    {0: "Nada", 1: 0, 2: [0, 1], 3: 5, 4: True, 5: 8},
    {1: 0, 2: [1], 3: 4, 4: True, 5: 8},
    {0: "Más café", 1: 2, 3: 4, 4: False, 5: 10.5},
    {1: 1},
)


@pytest.fixture
def asked(db):
    return make_form_version("Clima", questions=ASKED)


@pytest.fixture
def answered(asked, ana, sales):
    """Ana's people submitted four evaluations, one of them is graded; one is open, and one cancelled."""
    round_, questions = make_round("Clima 2026", form_version=asked), list(asked.questions.order_by("number"))
    for answers in GIVEN:
        evaluation = make_evaluation(make_employee("Rosa", org_unit=sales), in_round=round_)
        values = {questions[place].pk: value for place, value in answers.items()}
        submit_evaluations({evaluation.pk: values}, actor=None)
    grade_evaluations({evaluation.pk: Grading(Decimal(80))}, actor=None)
    make_evaluation(make_employee(org_unit=sales), in_round=round_)
    make_evaluation(make_employee(org_unit=sales), in_round=round_, state="cancelled")
    return round_


def found(round_):
    return results_of(Evaluation.objects.filter(round=round_), list(round_.form_version.questions.order_by("number")))


def test_how_many_are_where_and_what_they_average(answered):
    results = found(answered)

    assert [(state, count) for state, _label, count in results.states] == [
        ("available", 1),
        ("submitted", 3),
        ("graded", 1),
        ("cancelled", 1),
    ]
    assert (results.submitted, results.given, results.percent_submitted) == (4, 5, Decimal("80.00"))
    assert (results.score, results.grade) == (Decimal("62.50"), Decimal("80.00"))


def test_how_the_answers_are_spread(answered):
    texts, one, several, scale, yes_no, number = found(answered).questions

    def bars(result):
        return [(bar.label, bar.count, str(bar.percent)) for bar in result.bars]

    assert (texts.answered, texts.texts) == (2, ["Más café", "Nada"])
    assert (one.answered, one.points) == (4, Decimal("62.50"))
    assert bars(one) == [("Bien", 2, "50.00"), ("Regular", 1, "25.00"), ("Mal", 1, "25.00")]
    assert (several.answered, several.points) == (2, None)
    assert bars(several) == [("A", 1, "50.00"), ("B", 2, "100.00")]
    assert (scale.answered, scale.average, scale.points) == (3, Decimal("4.33"), Decimal("83.33"))
    assert bars(scale)[3:] == [("4", 2, "66.67"), ("5", 1, "33.33")]
    assert bars(yes_no) == [("Yes", 2, "66.67"), ("No", 1, "33.33")]
    assert (number.answered, number.average, number.points) == (3, Decimal("8.83"), None)
    assert bars(number) == [("8", 2, "66.67"), ("10.5", 1, "33.33")]


def test_many_different_numbers_are_put_together(asked):
    round_, questions = make_round(form_version=asked), list(asked.questions.order_by("number"))
    for hours in range(21):
        evaluation = make_evaluation(make_employee(), in_round=round_)
        submit_evaluations({evaluation.pk: {questions[1].pk: 0, questions[5].pk: hours}}, actor=None)

    bars = found(round_).questions[5].bars

    assert [(bar.label, bar.count) for bar in bars[:2] + bars[-1:]] == [("0 to 2", 2), ("2 to 4", 2), ("18 to 20", 3)]
    assert sum(bar.count for bar in bars) == 21


def test_what_was_not_submitted_does_not_count(answered):
    Evaluation.objects.update(state="returned", grade=None)

    results = found(answered)

    assert (results.submitted, results.score) == (0, None)
    assert {result.answered for result in results.questions} == {0}


def test_an_empty_round_has_no_averages(asked):
    results = found(make_round(form_version=asked))

    assert (results.states, results.given, results.percent_submitted, results.score) == ([], 0, None, None)


def test_results_take_as_many_queries_for_many_answers(answered, asked, sales):
    counts = []
    for _more in range(2):
        with CaptureQueriesContext(connections["business"]) as queries:
            found(answered)
        counts.append(len(queries))
        for _number in range(5):
            evaluation = make_evaluation(make_employee(org_unit=sales), in_round=answered)
            submit_evaluations({evaluation.pk: {asked.questions.get(number=2).pk: 1}}, actor=None)

    assert counts[0] == counts[1]


# --- Pages ------------------------------------------------------------------------------------------------------------
def page(model, name, key):
    return reverse(f"admin:hr_{model}_{name}", args=[key])


def test_the_page_shows_a_chart_and_its_table(hr, answered):
    shown = hr.get(page("evaluationround", "results", answered.pk))

    _result, chart = shown.context["questions"][1]
    data, options = json.loads(chart["data"]), json.loads(chart["options"])
    assert (data["labels"], data["datasets"][0]["data"]) == (["Bien", "Regular", "Mal"], [2, 1, 1])
    assert options["scales"]["y"]["ticks"]["precision"] == 0  # people are counted in whole numbers
    assert shown.text.count("<canvas") == 6  # the states, and five closed questions
    assert shown.text.count('class="result-table"') == 6


def test_a_manager_counts_his_people_alone(as_user, ana_user, carla_user, answered, asked, carla):
    foreign = make_evaluation(carla, in_round=answered)
    submit_evaluations({foreign.pk: {asked.questions.get(number=2).pk: 2}}, actor=None)

    shown = as_user(ana_user).get(page("evaluationround", "results", answered.pk)).context["results"]

    assert (shown.submitted, shown.given) == (4, 5)
    # Carla heads nobody: her own answers are no results.
    assert as_user(carla_user).get(page("evaluationround", "results", answered.pk)).status_code == 403


@pytest.mark.parametrize(("reader", "seen"), [("hr_manager", 7), ("ana_user", 6)])
def test_each_state_of_a_round_leads_to_the_list_that_it_counts(reader, seen, request, as_user, answered, carla):
    make_evaluation(carla, in_round=answered)
    browser = as_user(request.getfixturevalue(reader))

    states = browser.get(page("evaluationround", "results", answered.pk)).context["states"]

    listed = [browser.get(link).context["cl"].result_count for _label, _count, link in states]
    assert listed == [count for _label, count, _link in states]
    assert sum(listed) == seen


def test_the_results_of_a_form_are_those_of_all_its_rounds(hr, answered, asked):
    other = make_evaluation(make_employee(), in_round=make_round("Clima 2027", form_version=asked))
    submit_evaluations({other.pk: {asked.questions.get(number=2).pk: 2}}, actor=None)

    shown = hr.get(page("evaluationform", "results", asked.form_id))

    assert shown.context["results"].submitted == 5


def test_the_workbook_holds_the_summary_and_every_answer(hr, answered):
    response = hr.get(page("evaluationround", "results_file", answered.pk))

    book = load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    summary, rows = book["Summary"], list(book["Answers"].iter_rows(values_only=True))
    assert (None, "Bien", 2, 50) in list(summary.iter_rows(values_only=True))
    assert rows[0][:2] + rows[0][8:] == (
        "Code", "Name", "¿Algo más?", "¿Qué tal?", "¿Qué cursos?", "¿Cómo?", "¿Volverías?", "¿Horas?",
    )  # fmt: skip
    assert [(row[4], row[6], row[7], *row[8:]) for row in rows[1:]] == [
        ("submitted", 100, None, "Nada", "Bien", "A · B", 5, "Yes", 8),
        ("submitted", 100, None, None, "Bien", "B", 4, "Yes", 8),
        ("submitted", 0, None, "Más café", "Mal", None, 4, "No", 10.5),
        ("graded", 50, 80, None, "Regular", None, None, None, None),
    ]


def test_the_workbook_of_a_manager_holds_his_people_alone(as_user, ana_user, answered, asked, carla):
    foreign = make_evaluation(carla, in_round=answered)
    submit_evaluations({foreign.pk: {asked.questions.get(number=2).pk: 2}}, actor=None)

    response = as_user(ana_user).get(page("evaluationround", "results_file", answered.pk))

    book = load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    assert {row[1] for row in book["Answers"].iter_rows(min_row=2, values_only=True)} == {"Rosa Pérez"}


def test_an_auditor_reads_results_and_takes_no_file(as_user, auditor, answered):
    browser = as_user(auditor)

    assert browser.get(page("evaluationround", "results", answered.pk)).status_code == 200
    assert browser.get(page("evaluationround", "results_file", answered.pk)).status_code == 403
