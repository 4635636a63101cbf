"""Every step of an evaluation, from every state, by everybody who may try it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from core import access, roles
from core.errors import DomainError
from hr.models import Answer, Evaluation
from hr.services.answers import save_answers, submit_evaluations
from hr.services.evaluations import cancel_evaluations, extend_evaluations
from hr.services.grading import Grading, accept_scores, grade_evaluations, reopen_evaluations, return_evaluations
from tests.conftest import undone
from tests.factories import make_employee, make_evaluation, make_user
from tests.hr.personas import PERSONAS

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
OWN = {"save", "submit"}
# Beside the personas: Luisa herself, as an employee and with the role of HR, and holders of grants.
OTHERS = {"luisa", "grant_grade", "grant_grade_unit", "grant_see", "grant_grade_expired", "grant_grade_future"}
SYSTEM, OWN_AS_HR = "the system", "luisa as HR"
EVERYBODY = {*PERSONAS, *OTHERS, SYSTEM, OWN_AS_HR} - {"anonymous"}
# What each may do to the evaluation of Luisa. To who is not named it does not exist.
MAY = {
    SYSTEM: set(LEADS),
    **dict.fromkeys(["luisa", OWN_AS_HR], OWN),
    **dict.fromkeys(["hr_manager", "administrator"], GRADING | HR),
    **dict.fromkeys(["head", "head_above", "boss", "delegate", "grant_grade", "grant_grade_unit"], GRADING),
    **dict.fromkeys(["auditor", "grant_see"], frozenset()),
}


@pytest.fixture
def evaluation(world, round_):
    return make_evaluation(world.employees["luisa"], in_round=round_)


@pytest.fixture
def actors(world):
    """Users by name, each read once."""
    luisa, sales, now, hour = world.employees["luisa"], world.units["sales"], timezone.now(), timedelta(hours=1)
    past, future = {"valid_from": now - 2 * hour, "valid_until": now - hour}, {"valid_from": now + hour}
    for key in OTHERS:
        world.users[key] = make_user(key, role=roles.EMPLOYEE, employee=luisa if key == "luisa" else make_employee())
    for verb in ("view", "grade"):
        access.grant(f"{verb}_evaluation_of", world.users["grant_grade"], luisa)
        access.grant(f"{verb}_evaluation_in", world.users["grant_grade_unit"], sales)
        access.grant(f"{verb}_evaluation_of", world.users["grant_grade_expired"], luisa, **past)
        access.grant(f"{verb}_evaluation_of", world.users["grant_grade_future"], luisa, **future)
    access.grant("view_evaluation_of", world.users["grant_see"], luisa)
    users = {key: world.user(key) for key in EVERYBODY - {SYSTEM, OWN_AS_HR}}
    # As she is before she gets another role.
    users["luisa"].get_all_permissions()
    world.users["luisa"].groups.add(Group.objects.get(name=roles.HR_MANAGER))
    return users | {SYSTEM: None, OWN_AS_HR: world.user("luisa")}


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


@pytest.mark.usefixtures("world_of_module")
@pytest.mark.parametrize("step", LEADS)
def test_a_step_leads_on_or_is_refused(step, actors, steps, evaluation):
    came = {}
    for state in STATES:
        put(evaluation, state)
        for key, actor in actors.items():
            with undone():
                try:
                    steps[step](evaluation.pk, actor)
                    told = "done"
                except DomainError as error:
                    told = type(error).__name__
                came[state, key] = told, Evaluation.objects.get(pk=evaluation.pk).state

    assert came == {(state, key): expected(step, state, key) for state in STATES for key in EVERYBODY}


def expected(step, state, key):
    if key not in MAY:
        return "NotFound", state
    if step not in MAY[key]:
        return "NotAllowed", state
    return ("done", LEADS[step][state]) if state in LEADS[step] else ("InvalidTransition", state)


def test_the_table_of_the_model_is_what_the_steps_and_the_clock_do():
    done = {(before, after) for leads in LEADS.values() for before, after in leads.items() if before != after}
    clock = {("pending", "available")} | {(state, "expired") for state in Evaluation.UNANSWERED}
    outcome = {("cancelled", "available"), ("cancelled", "pending")}
    # Handing in what was returned is taking it up and submitting it.
    through = {("returned", "submitted")}

    assert {(before, after) for before, next_ in Evaluation.NEXT.items() for after in next_} == (
        done | clock | outcome
    ) - through
