"""The demo's rounds of evaluations, after events and given by HR, answered and graded as far as they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.utils import timezone

from core.models import User
from hr.demo.cast import Cast, draw
from hr.demo.questionnaires import ADDED_LATER, FEEDBACK, PERFORMANCE, QUESTIONS, answers_to
from hr.models import Evaluation, EvaluationRound, Event, FormVersion, OrgUnit, Question
from hr.services.answers import questions_of, save_answers, submit_evaluations
from hr.services.audiences import Audience
from hr.services.evaluation_clock import expire_due
from hr.services.evaluation_forms import create_forms, default_form, publish_versions, start_versions, write_questions
from hr.services.evaluation_rounds import NewRound, change_rounds, create_rounds, give_round
from hr.services.evaluations import cancel_evaluations
from hr.services.grading import Grading, grade_evaluations, reopen_evaluations, return_evaluations

State = Evaluation.State
# How far people have come, of a hundred.
PROGRESS = {State.GRADED: 50, State.SUBMITTED: 18, State.RETURNED: 6, State.IN_PROGRESS: 8, State.AVAILABLE: 18}
ANSWERED = (State.GRADED, State.SUBMITTED, State.RETURNED)
COMMENT = "Cuenta con un ejemplo cómo lo aplicas en tu turno."

# {(title of the round, user name): state}
Fixed = Mapping[tuple[str, str], str]


def review(cast: Cast, events: Mapping[str, Event]) -> None:
    _of_events(cast, events)
    _of_hr(cast)


def _of_events(cast: Cast, events: Mapping[str, Event]) -> None:
    version = default_form()
    induction, workshop, excel = create_rounds(
        [
            NewRound(
                form_version_id=version.pk,
                event_id=events[key].pk,
                title=events[key].title,
                opens_on=timezone.localdate(events[key].ends_at),
                days_to_answer=days,
            )
            for key, days in (("induction", 10), ("workshop", 20), ("excel", 15))
        ],
        actor=cast.hr,
    )
    fixed = {
        (induction.title, "employee"): State.RETURNED,
        (workshop.title, "employee"): State.GRADED,
        (excel.title, "employee"): State.IN_PROGRESS,
        (workshop.title, "manager"): State.SUBMITTED,
    }
    _bring_along(cast, [induction, workshop, excel], fixed)
    others = Evaluation.objects.exclude(employee_id__in=cast.keys).order_by("pk").values_list("pk", flat=True)
    open_ones = others.filter(round__event__isnull=False, state=State.AVAILABLE)[:1]
    cancel_evaluations(list(open_ones), reason="Cambió de puesto.", actor=cast.hr)
    graded = others.filter(round=workshop, state=State.GRADED)[:1]
    reopen_evaluations(list(graded), reason="La nota era de otra persona.", actor=cast.hr)


def _of_hr(cast: Cast) -> None:
    """One that is over, one to be answered now, one that opens later."""
    version, today = _performance_form(cast), timezone.localdate()
    last, current, climate = create_rounds(
        [
            NewRound(
                form_version_id=version.pk,
                title=title,
                opens_on=today + timedelta(days=opens),
                due_on=today + timedelta(days=due),
            )
            for title, opens, due in (
                ("Desempeño, período anterior", -40, 0),
                ("Desempeño, período en curso", -2, 12),
                ("Clima laboral", 10, 25),
            )
        ],
        actor=cast.hr,
    )
    units = dict(OrgUnit.objects.filter(code__in=("OPE-CCS-PRO", "TH-SEL", "COM-MER")).values_list("code", "pk"))
    give_round(climate.pk, Audience(org_unit_ids=[units["COM-MER"]], employee_ids=list(cast.keys)), actor=cast.hr)
    give_round(last.pk, Audience(org_unit_ids=[units["OPE-CCS-PRO"]]), actor=cast.hr)
    here = [units["OPE-CCS-PRO"], units["TH-SEL"]]
    give_round(current.pk, Audience(org_unit_ids=here, employee_ids=list(cast.keys)), actor=cast.hr)
    fixed = {(current.title, name): State.AVAILABLE for name in cast.persons}
    _bring_along(cast, [last, current], fixed | {(last.title, "employee"): State.GRADED})
    # Nobody is given what was due already: the day is moved afterwards.
    change_rounds({last.pk: {"due_on": today - timedelta(days=5)}}, actor=cast.hr)
    expire_due()


def _performance_form(cast: Cast) -> FormVersion:
    """Its published version; the next one is a draft."""
    [form] = create_forms([PERFORMANCE], actor=cast.hr)
    version = form.versions.get()
    write_questions({version.pk: QUESTIONS}, actor=cast.hr)
    publish_versions([version.pk], actor=cast.hr)
    [draft] = start_versions([form.pk], actor=cast.hr)
    write_questions({draft.pk: [*QUESTIONS, ADDED_LATER]}, actor=cast.hr)
    return version


def _bring_along(cast: Cast, rounds: Iterable[EvaluationRound], fixed: Fixed) -> None:
    """Let evaluations just given come to the states drawn for them, or fixed."""
    names = {pk: user.username for pk, user in cast.keys.items()}
    by_state: defaultdict[str, list[Evaluation]] = defaultdict(list)
    given = Evaluation.objects.filter(round__in=rounds).select_related("employee", "round").order_by("pk")
    for row in given:
        drawn = draw(PROGRESS, f"progress {row.round.title} {row.employee.code}")
        by_state[fixed.get((row.round.title, names.get(row.employee_id, "")), drawn)].append(row)
    _answer(cast, by_state[State.IN_PROGRESS], save_answers, most=2)
    _answer(cast, [row for state in ANSWERED for row in by_state[state]], submit_evaluations)
    for grader, rows in _by_grader(cast, by_state[State.GRADED]):
        grade_evaluations({row.pk: _grading(row) for row in rows}, actor=grader)
    for grader, rows in _by_grader(cast, by_state[State.RETURNED]):
        until = timezone.localdate() + timedelta(days=7)
        return_evaluations([row.pk for row in rows], comment=COMMENT, due_on=until, actor=grader)


def _answer(cast: Cast, rows: Iterable[Evaluation], verb: Callable[..., Any], *, most: int | None = None) -> None:
    """Each account answers its own; for the others the system does."""
    by_user: defaultdict[User | None, dict[int, dict[int, Any]]] = defaultdict(dict)
    questions: dict[int, list[Question]] = {}
    for row in rows:
        asked = questions.setdefault(row.round_id, questions_of(row))
        answers = answers_to(asked[:most], f"{row.round.title} {row.employee.code}")
        by_user[cast.keys.get(row.employee_id)][row.pk] = answers
    for user, answers in by_user.items():
        verb(answers, actor=user)


def _by_grader(cast: Cast, rows: Iterable[Evaluation]) -> Iterable[tuple[User, list[Evaluation]]]:
    """Of the manager's people every second by himself, the others by HR."""
    mine = set(Evaluation.objects.gradable_by(cast.manager).values_list("pk", flat=True))
    by_manager: list[Evaluation] = []
    by_hr: list[Evaluation] = []
    for number, row in enumerate(rows):
        (by_manager if row.pk in mine and number % 2 else by_hr).append(row)
    return [(cast.manager, by_manager), (cast.hr, by_hr)]


def _grading(row: Evaluation) -> Grading:
    chance = Random(f"grade {row.round.title} {row.employee.code}")
    return Grading(Decimal(chance.randrange(62, 99)), chance.choice(FEEDBACK))
