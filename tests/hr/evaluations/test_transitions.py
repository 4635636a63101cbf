"""Every step of an evaluation, from every state, by everybody who may try it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from core import roles
from core.errors import InvalidTransition, NotAllowed, NotFound
from hr.models import Answer, Evaluation
from hr.services.answers import save_answers, submit_evaluations
from hr.services.evaluations import cancel_evaluations, extend_evaluations
from hr.services.grading import Grading, accept_scores, grade_evaluations, reopen_evaluations, return_evaluations
from tests.factories import make_user

STATES = [*Evaluation.State]
# Each to a state that follows, and from which.
LEADS = {
    "save": {"available": "in_progress", "in_progress": "in_progress", "returned": "in_progress"},
    "submit": {"available": "submitted", "in_progress": "submitted", "returned": "submitted"},
    "send_back": {"submitted": "returned"},
    "grade": {"submitted": "graded"},
    "accept_score": {"submitted": "graded"},
    "reopen": {"graded": "submitted"},
    "cancel": dict.fromkeys(["pending", "available", "in_progress", "returned"], "cancelled"),
    "extend": {"expired": "available"},
}
GRADING = {"send_back", "grade", "accept_score"}
HR = {"reopen", "cancel", "extend"}
# What each may do to the evaluation of Beto; None: it does not exist for him.
PERSONAS = {
    "the system": set(LEADS),
    "beto": {"save", "submit"},
    "beto as HR": {"save", "submit"},
    "ana": GRADING,
    "hr_manager": GRADING | HR,
    "administrator": GRADING | HR,
    "auditor": set(),
    "bulk_loader": None,
    "carla": None,
}


@pytest.fixture
def who(request, ana, beto, carla):
    held = {
        "beto": (roles.EMPLOYEE, beto),
        "beto as HR": (roles.HR_MANAGER, beto),
        "ana": (roles.MANAGER, ana),
        "hr_manager": (roles.HR_MANAGER, None),
        "administrator": (roles.ADMINISTRATOR, None),
        "auditor": (roles.AUDITOR, None),
        "bulk_loader": (roles.BULK_LOADER, None),
        "carla": (roles.MANAGER, carla),
    }
    name = request.param
    if name == "the system":
        return name, None
    role, employee = held[name]
    return name, make_user(role=role, employee=employee)


@pytest.fixture
def steps(questions):
    text, yes_no, _scale = questions
    answers, until = {text: "Mucho", yes_no: True}, timezone.localdate() + timedelta(days=5)
    return {
        "save": lambda key, actor: save_answers({key: {text: "Algo"}}, actor=actor),
        "submit": lambda key, actor: submit_evaluations({key: answers}, actor=actor),
        "send_back": lambda key, actor: return_evaluations([key], comment="Más, por favor", due_on=until, actor=actor),
        "grade": lambda key, actor: grade_evaluations({key: Grading(Decimal(80), "Bien")}, actor=actor),
        "accept_score": lambda key, actor: accept_scores([key], actor=actor),
        "reopen": lambda key, actor: reopen_evaluations([key], reason="Se equivocó", actor=actor),
        "cancel": lambda key, actor: cancel_evaluations([key], reason="Sobra", actor=actor),
        "extend": lambda key, actor: extend_evaluations([key], due_on=until, actor=actor),
    }


def put(evaluation, state):
    evaluation.state, evaluation.score = state, Decimal(70)
    evaluation.grade = Decimal(60) if state == "graded" else None
    evaluation.save()
    Answer.objects.filter(evaluation=evaluation).delete()


@pytest.mark.parametrize("step", LEADS)
@pytest.mark.parametrize("who", PERSONAS, indirect=True)
def test_a_step_leads_on_or_is_refused(step, who, steps, evaluation):
    name, actor = who
    allowed = PERSONAS[name]
    told = {}
    for state in STATES:
        put(evaluation, state)
        try:
            steps[step](evaluation.pk, actor)
            told[state] = "done"
        except (NotFound, NotAllowed, InvalidTransition) as error:
            told[state] = type(error)
        told[state] = told[state], Evaluation.objects.get(pk=evaluation.pk).state

    def expected(state):
        if allowed is None:
            return NotFound, state
        if step not in allowed:
            return NotAllowed, state
        return ("done", LEADS[step][state]) if state in LEADS[step] else (InvalidTransition, state)

    assert told == {state: expected(state) for state in STATES}


def test_the_table_of_the_model_is_what_the_steps_and_the_clock_do():
    done = {(before, after) for leads in LEADS.values() for before, after in leads.items() if before != after}
    clock = {("pending", "available")} | {(state, "expired") for state in Evaluation.UNANSWERED}
    outcome = {("cancelled", "available"), ("cancelled", "pending")}
    # Handing in what was returned is taking it up and submitting it.
    through = {("returned", "submitted")}

    assert {(before, after) for before, next_ in Evaluation.NEXT.items() for after in next_} == (
        done | clock | outcome
    ) - through
