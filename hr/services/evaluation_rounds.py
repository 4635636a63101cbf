"""Rounds of evaluations: after an event, for who came; or given by HR to whom it chooses."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, NotFound
from hr.models import Attendance, Employee, Evaluation, EvaluationRound, Event, FormVersion
from hr.models.attendance import CAME
from hr.permissions import can_change_round, can_create_rounds, require
from hr.querysets import EmployeeQuerySet
from hr.services.audiences import Audience, people_of
from hr.services.clean import by_attname, check_fields
from hr.services.evaluation_forms import default_form
from hr.services.evaluations import State, give, is_over
from hr.services.rows import assign, locked, naming, refuse_stale
from hr.services.writing import business_atomic, write, write_rows

if TYPE_CHECKING:
    from core.models import User

TIME_TO_ANSWER = {"due_on", "days_to_answer"}
DAYS = {"opens_on", *TIME_TO_ANSWER}
LONGEST_DAYS = 365
DAYS_AFTER_EVENT = 7


@dataclass(slots=True, kw_only=True)
class NewRound:
    """Answers are due on a day, or so many days after somebody was given the evaluation: one of the two."""

    form_version_id: int
    title: str
    opens_on: date
    due_on: date | None = None
    days_to_answer: int | None = None
    event_id: int | None = None


@business_atomic
def create_rounds(rows: Sequence[NewRound], *, actor: User | None) -> list[EvaluationRound]:
    """Add rounds; those of an event are given at once to who came to it so far. In the order given.

    Raises NotAllowed, NotFound for a version that is not published, or for an event, DomainError.
    """
    require(can_create_rounds(actor))
    # Held until the end, so that whoever is marked meanwhile is not missed.
    events = locked(Event, {row.event_id for row in rows if row.event_id is not None}, actor)
    _require_held(events.values())
    _require_published({row.form_version_id for row in rows})
    rounds = []
    for row in rows:
        with naming(row.title, among=len(rows)):
            round_ = EvaluationRound(**_cleaned(asdict(row)))
            _require_free(round_)
            round_.save(force_insert=True)  # no column but the key finds a round again; history follows by itself
        rounds.append(round_)
    for round_ in rounds:
        _catch_up(round_)
    return rounds


@business_atomic
def evaluate_events(
    ids: Collection[int],
    *,
    actor: User | None,
    form_version_id: int | None = None,
    days_to_answer: int = DAYS_AFTER_EVENT,
    title: str = "",
) -> list[EvaluationRound]:
    """A round from today on after each of the events: whoever comes gets it, and who came already gets it at once.

    Without a version it asks what is usually asked after an event. Raises as `create_rounds` does.
    """
    require(can_create_rounds(actor))
    version_id = form_version_id or default_form(actor=actor).pk
    rows = [
        NewRound(
            form_version_id=version_id,
            title=title or title_after(event),
            opens_on=timezone.localdate(),
            days_to_answer=days_to_answer,
            event_id=event.pk,
        )
        for event in locked(Event, ids, actor).values()
    ]
    return create_rounds(rows, actor=actor)


def title_after(event: Event) -> str:
    """What the round after an event is called, as long as its column allows."""
    return (_("Evaluation: %(event)s") % {"event": event.title})[:200]


@business_atomic
def change_rounds(
    changes: Mapping[int, Mapping[str, Any]],
    *,
    actor: User | None,
    versions: Mapping[int, int] | None = None,
    reason: str = "",
) -> list[EvaluationRound]:
    """Set values per round, {id: {field: value}}; returns those that differ from before.

    Another due day, or number of days from today on, holds for everybody who has not answered yet; another day of
    opening, for whom it has not opened yet. What was returned keeps the day that was told with it. The form and the
    event stay as they are. Raises StaleRow, NotFound, NotAllowed, DomainError.
    """
    rounds = _locked_with_events(changes.keys(), actor)
    refuse_stale(rounds, versions, actor)
    written: dict[int, set[str]] = {}
    for key, values in changes.items():
        round_ = rounds[key]
        with naming(round_, among=len(changes)):
            require(can_change_round(actor, round_))
            _refuse_fixed(values)
            changed = assign(round_, _cleaned(values))
        if changed:
            written[key] = set(changed)
    write([rounds[key] for key in written], sorted(set().union(*written.values())))
    for key, fields in written.items():
        if fields & DAYS:
            _move_due_day(rounds[key], for_who_waits_only=not fields & TIME_TO_ANSWER)
            _catch_up(rounds[key])
    return [rounds[key] for key in written]


@business_atomic
def give_round(round_id: int, audience: Audience, *, actor: User | None) -> int:
    """An evaluation of the round to each of these people who has none yet; returns how many got one.

    One statement whatever their number. Raises NotFound, NotAllowed, DomainError for the round of an event, one that is
    over, or an audience of nobody.
    """
    round_ = locked(EvaluationRound, [round_id], actor)[round_id]
    people = whom_to_give(round_, audience, actor=actor)
    write([round_], [])
    return give(round_, people)


def whom_to_give(round_: EvaluationRound, audience: Audience, *, actor: User | None) -> EmployeeQuerySet:
    """The active people of the audience; those who have an evaluation of the round already are among them."""
    require(can_change_round(actor, round_))
    if round_.event_id is not None:
        raise DomainError(_("This round is for who comes to its event, and is given by itself."))
    if is_over(round_):
        raise DomainError(_("The answers of this round were due already. Choose a later day first."))
    people = people_of(audience, actor=actor)
    if not people.exists():
        raise DomainError(_("Choose who is to answer."))
    return people


def _locked_with_events(ids: Collection[int], actor: User | None) -> dict[int, EvaluationRound]:
    """The rounds, locked after their events."""
    events = EvaluationRound.objects.filter(pk__in=ids).exclude(event=None).values_list("event_id", flat=True)
    locked(Event, set(events), None)
    return locked(EvaluationRound, ids, actor)


def _require_published(version_ids: Collection[int]) -> None:
    published = FormVersion.objects.filter(pk__in=version_ids).exclude(published_at=None)
    if published.count() < len(set(version_ids)):
        raise NotFound(_("Choose a published version of a form."), field="form_version")


def _require_held(events: Iterable[Event]) -> None:
    for event in events:
        if event.state == Event.State.CANCELLED:
            raise DomainError(
                _("%(event)s was cancelled, so there is nothing to be evaluated.") % {"event": event}, field="event"
            )


def _require_free(round_: EvaluationRound) -> None:
    if round_.event_id and EvaluationRound.objects.filter(event_id=round_.event_id).exists():
        raise DomainError(_("This event has a round of evaluations already."), field="event")
    if is_over(round_):
        raise DomainError(_("Choose today or a later day."), field="due_on")


def _refuse_fixed(values: Mapping[str, Any]) -> None:
    if fixed := values.keys() - {"title", *DAYS}:
        raise DomainError(_("The form and the event of a round stay as they are."), field=sorted(fixed)[0])


def _cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    cleaned = by_attname(EvaluationRound, values)
    if "title" in cleaned:
        cleaned["title"] = " ".join(str(cleaned["title"] or "").split())
    check_fields(EvaluationRound, cleaned)
    if (cleaned.get("days_to_answer") or 0) > LONGEST_DAYS:
        raise DomainError(
            _("There are at most %(most)d days to answer.") % {"most": LONGEST_DAYS}, field="days_to_answer"
        )
    return cleaned


def _catch_up(round_: EvaluationRound) -> None:
    """Who came before the round was made, or while it was over, gets an evaluation."""
    if round_.event_id is not None and not is_over(round_):
        came = Attendance.objects.filter(event_id=round_.event_id, outcome__in=CAME).order_by()
        give(round_, Employee.objects.filter(pk__in=came.values("employee_id")))


def _move_due_day(round_: EvaluationRound, *, for_who_waits_only: bool) -> None:
    """`for_who_waits_only`: for whom the round has not opened yet."""
    states = {State.PENDING} if for_who_waits_only else set(Evaluation.UNANSWERED) - {State.RETURNED}
    due_on = round_.due_for(timezone.localdate())
    rows = Evaluation.objects.filter(round=round_, state__in=states)
    write_rows(rows.exclude(due_on=due_on), {"due_on": due_on}, among=rows)
