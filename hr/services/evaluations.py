"""Evaluations come with a round and go with an outcome: given, cancelled, given more time, told about.

What its employee does to one is in services/answers.py, what its graders do in services/grading.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from itertools import batched
from typing import TYPE_CHECKING

from django.db.models import Exists, F, OuterRef, QuerySet, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidTransition
from hr.models import Evaluation, EvaluationRound
from hr.models.attendance import CAME
from hr.permissions import can_manage_evaluation, require
from hr.services import outbox
from hr.services.clean import clean_reason
from hr.services.rows import locked, naming
from hr.services.writing import BATCH, as_stored, business_atomic, insert_from, insert_stored, record_rows, write

if TYPE_CHECKING:
    from core.models import User

State = Evaluation.State


def locked_evaluations(ids: Collection[int], actor: User | None) -> dict[int, Evaluation]:
    """The evaluations by key, locked, with employee and round at hand. Raises NotFound."""
    rows = locked(Evaluation, ids, actor)
    prefetch_related_objects(list(rows.values()), "employee", "round")
    return rows


def announce(kind: str, ids: Iterable[int]) -> None:
    """Let the people concerned be told, in the transaction of the fact, which does not happen twice."""
    at = timezone.now().isoformat()
    outbox.add(kind, {f"{kind}:{keys[0]}:{at}": {"evaluation_ids": list(keys)} for keys in batched(ids, BATCH)})


def is_over(round_: EvaluationRound) -> bool:
    """Whether answers were due before today."""
    return round_.due_on is not None and round_.due_on < timezone.localdate()


def give(round_: EvaluationRound, people: QuerySet) -> int:
    """An evaluation of the round to each of the employees who has none; returns how many. One statement for all.

    The caller holds the round, or its event, locked.
    """
    now, state = timezone.now(), _first_state(round_)
    given = Evaluation.objects.filter(round=round_)
    values = {
        "round_id": round_.pk,
        "employee_id": F("pk"),
        "state": state,
        "due_on": round_.due_for(timezone.localdate()),
        "created_at": now,
        "updated_at": now,
    }
    count = insert_from(Evaluation, people.filter(~Exists(given.filter(employee=OuterRef("pk")))).order_by(), values)
    new = given.filter(created_at=now)
    record_rows(new, "+")
    if state == State.AVAILABLE:
        announce("evaluation.available", new.order_by("pk").values_list("pk", flat=True).iterator())
    return count


@business_atomic
def follow_outcomes(outcomes: Mapping[tuple[int, int], str], *, actor: User | None) -> None:
    """What outcomes just written, {(event, employee): outcome}, mean for the evaluations of their events, if any.

    Who came gets one, or gets back what an outcome had cancelled; who did not come after all loses one not submitted
    yet. Whatever was submitted stays as it is.
    """
    by_event: defaultdict[int, dict[int, bool]] = defaultdict(dict)
    for (event_id, employee_id), outcome in outcomes.items():
        by_event[event_id][employee_id] = outcome in CAME
    for round_ in EvaluationRound.objects.filter(event_id__in=by_event).order_by("pk"):
        came = by_event[round_.event_id]
        for people in batched(sorted(came), BATCH):
            known = _of_people(round_, people)
            _bring(round_, [key for key in people if came[key]], known)
            _withdraw([known[key] for key in people if not came[key] and key in known])


@business_atomic
def cancel_evaluations_of(event_ids: Collection[int], *, actor: User | None) -> int:
    """Of events that will not be held after all: what was not submitted yet; returns how many. A part of cancelling
    them, whose lock the caller holds.
    """
    rows = Evaluation.objects.filter(round__event_id__in=event_ids, state__in=Evaluation.UNANSWERED)
    cancelled = 0
    for keys in batched(list(rows.order_by("pk").values_list("pk", flat=True)), BATCH):
        evaluations = list(Evaluation.objects.lock(keys))
        _withdraw(evaluations)
        cancelled += len(evaluations)
    return cancelled


@business_atomic
def cancel_evaluations(ids: Collection[int], *, reason: str, actor: User | None) -> list[Evaluation]:
    """Take evaluations back before they are submitted; who could answer is told.

    Raises NotFound, NotAllowed, InvalidTransition, DomainError without a reason.
    """
    reason = clean_reason(reason)
    rows = locked_evaluations(ids, actor)
    known = [key for key, evaluation in rows.items() if evaluation.state in Evaluation.ANSWERABLE]
    for evaluation in rows.values():
        require(can_manage_evaluation(actor, evaluation))
        with naming(evaluation, among=1):
            evaluation.move_to(State.CANCELLED)
    write(list(rows.values()), ["state"], reason=reason)
    announce("evaluation.cancelled", known)
    return list(rows.values())


@business_atomic
def extend_evaluations(ids: Collection[int], *, due_on: date, actor: User | None) -> list[Evaluation]:
    """Let expired evaluations be answered after all, until a day; their people are told. Drafts are as they were left.

    Raises NotFound, NotAllowed, InvalidTransition unless all are expired, DomainError for a day that has passed.
    """
    if due_on < timezone.localdate():
        raise DomainError(_("Choose today or a later day."), field="due_on")
    rows = locked_evaluations(ids, actor)
    for evaluation in rows.values():
        with naming(evaluation.employee, among=len(rows)):
            require(can_manage_evaluation(actor, evaluation), _("You may not give this evaluation more time."))
            if evaluation.state != State.EXPIRED:
                # The clock and outcomes, too, make evaluations available, from other states.
                state = evaluation.get_state_display()
                text = _("Only what has expired gets more time; this is %(state)s.")
                raise InvalidTransition(text % {"state": state})
            evaluation.move_to(State.AVAILABLE)
        evaluation.due_on = due_on
    write(list(rows.values()), ["state", "due_on"])
    announce("evaluation.extended", list(rows))
    return list(rows.values())


def _first_state(round_: EvaluationRound) -> str:
    return State.AVAILABLE if round_.opens_on <= timezone.localdate() else State.PENDING


def _of_people(round_: EvaluationRound, people: Collection[int]) -> dict[int, Evaluation]:
    keys = Evaluation.objects.filter(round=round_, employee_id__in=people).values_list("pk", flat=True)
    return {row.employee_id: row for row in Evaluation.objects.lock(keys)}


def _bring(round_: EvaluationRound, people: Sequence[int], known: dict[int, Evaluation]) -> None:
    if is_over(round_):
        return
    state, due_on = _first_state(round_), round_.due_for(timezone.localdate())
    values = as_stored(Evaluation, {"round_id": round_.pk, "state": state, "due_on": due_on})
    missing = [values | {"employee_id": key} for key in people if key not in known]
    back = [known[key] for key in people if key in known and known[key].cancelled_by_outcome]
    for evaluation in back:
        evaluation.move_to(state)
        evaluation.due_on, evaluation.cancelled_by_outcome = due_on, False
    given = insert_stored(Evaluation, missing, unique=("round_id", "employee_id"))
    write(back, ["state", "due_on", "cancelled_by_outcome"])
    if state == State.AVAILABLE:
        announce("evaluation.available", [*given, *(row.pk for row in back)])


def _withdraw(evaluations: Iterable[Evaluation]) -> None:
    unanswered = [row for row in evaluations if row.state in Evaluation.UNANSWERED]
    for evaluation in unanswered:
        evaluation.move_to(State.CANCELLED)
        evaluation.cancelled_by_outcome = True
    write(unanswered, ["state", "cancelled_by_outcome"], reason=_("The person did not come."))
