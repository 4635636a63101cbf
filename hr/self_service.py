"""What everybody finds of himself: his record, the events he takes part in or may, his attendance, his evaluations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils import timezone

from core.errors import NotFound
from hr.models import Attendance, Employee, Evaluation, Event, EventKind, Outcome
from hr.models.attendance import CAME
from hr.scope import facts_of
from hr.wall_clock import start_of

if TYPE_CHECKING:
    from core.models import User

Status = Attendance.Status
SEATED = Q(status__in=Attendance.SEATED)
# Each row of attendance is in exactly one of these, so that the counters add up to the rows.
TOLD: dict[str, Q] = {
    **{outcome.value: SEATED & Q(outcome=outcome) for outcome in Outcome},
    Status.WAITLISTED.value: Q(status=Status.WAITLISTED),
    Status.CANCELLED.value: Q(status=Status.CANCELLED),
}
LABELS = {
    **{outcome.value: outcome.label for outcome in Outcome},
    Status.WAITLISTED.value: Status.WAITLISTED.label,
    Status.CANCELLED.value: Status.CANCELLED.label,
}


def own_record(user: User) -> Employee | None:
    """The employee the user is, None for external staff."""
    rows = Employee.objects.visible_to(user).select_related("org_unit", "position", "reports_to")
    own = facts_of(user).employee_id
    return rows.filter(pk=own).first() if own is not None else None


# --- Events -----------------------------------------------------------------------------------------------------------
def coming(user: User) -> QuerySet[Attendance]:
    """In what one takes part, or waits for a seat, and what is on or yet to come."""
    rows = Attendance.objects.own(user).going().filter(event__state__in=Event.ENROLLING)
    return _with_event(rows).order_by("event__starts_at", "pk")


def past(user: User) -> QuerySet[Attendance]:
    """What is over, and what one takes no part in any more: all that is not coming."""
    coming = ~Q(status=Status.CANCELLED) & Q(event__state__in=Event.ENROLLING)
    return _with_event(Attendance.objects.own(user).exclude(coming)).order_by("-event__starts_at", "-pk")


def open_to_register(user: User) -> QuerySet[Event]:
    """Events meant for the user that have not begun and of which he is no part."""
    going = Attendance.objects.own(user).going().order_by().values("event_id")
    events = Event.objects.open_for(user).filter(starts_at__gt=timezone.now()).exclude(pk__in=going)
    return events.select_related("kind").prefetch_related("sessions").order_by("starts_at", "pk")


def shut_out(user: User, event_ids: list[int]) -> set[int]:
    """Those of the events from which a manager or HR has taken the user out: he cannot come back by himself."""
    by_manager = Attendance.objects.own(user).filter(cancelled_from=Attendance.CancelledFrom.MANAGER)
    return set(by_manager.filter(event_id__in=event_ids).order_by().values_list("event_id", flat=True))


def require_own(attendance_id: int, user: User) -> None:
    """Raise NotFound unless the enrolment is the user's: the buttons of his page are about nobody else."""
    if not Attendance.objects.own(user).filter(pk=attendance_id).exists():
        raise NotFound


def may_cancel(row: Attendance) -> bool:
    begun = row.event.starts_at <= timezone.now()
    return row.status != Status.CANCELLED and not begun and row.event.state in Event.MARKING and row.outcome not in CAME


def _with_event(rows: QuerySet[Attendance]) -> QuerySet[Attendance]:
    return rows.select_related("event__kind").prefetch_related("event__sessions")


# --- Attendance -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Counter:
    """How many rows there are of one sort, `told` is its key."""

    told: str
    label: Any
    count: int


def attendance_of(user: User, *, year: int | None = None, kind_id: int | None = None) -> QuerySet[Attendance]:
    """One's own, of events that began in the year, of the kind; latest first."""
    rows = Attendance.objects.own(user)
    if year is not None:
        rows = rows.filter(
            event__starts_at__gte=start_of(date(year, 1, 1)), event__starts_at__lt=start_of(date(year + 1, 1, 1))
        )
    if kind_id is not None:
        rows = rows.filter(event__kind_id=kind_id)
    return rows.select_related("event__kind").order_by("-event__starts_at", "-pk")


def counters(rows: QuerySet[Attendance]) -> list[Counter]:
    """Of the rows, sort by sort, those of which there are any; one query."""
    counts: dict[str, int] = {}
    for status, outcome, count in rows.order_by().values_list("status", "outcome").annotate(count=Count("pk")):
        told = told_of(status, outcome)
        counts[told] = counts.get(told, 0) + count
    return [Counter(told, LABELS[told], counts[told]) for told in TOLD if told in counts]


def told_of(status: str, outcome: str) -> str:
    """The sort of TOLD that a row of this status and outcome belongs to."""
    return outcome if status in Attendance.SEATED else status


def years_of(user: User) -> list[int]:
    """From the latest to the first in which there is something. Found by the ends: engines know no local years."""
    ends: Mapping[str, Any] = Attendance.objects.own(user).aggregate(
        first=Min("event__starts_at"), last=Max("event__starts_at")
    )
    if ends["first"] is None:
        return []
    first, last = (timezone.localdate(ends[name]).year for name in ("first", "last"))
    return list(range(last, first - 1, -1))


def kinds_of(user: User) -> list[EventKind]:
    events = Attendance.objects.own(user).order_by().values("event__kind_id").distinct()
    return list(EventKind.objects.visible_to(user).filter(pk__in=events))


# --- Evaluations ------------------------------------------------------------------------------------------------------
def _unanswered() -> Q:
    return Evaluation.objects.in_time() & Q(state__in=Evaluation.UNANSWERED)


def to_answer(user: User) -> QuerySet[Evaluation]:
    """What one may answer now; what is due first comes first."""
    return Evaluation.objects.to_answer_by(user).select_related("round")


def to_open(user: User) -> QuerySet[Evaluation]:
    """What one will be able to answer once it opens."""
    rows = Evaluation.objects.own(user).filter(_unanswered()).exclude(state__in=Evaluation.ANSWERABLE)
    return rows.select_related("round").by_due_day()


def answered(user: User) -> QuerySet[Evaluation]:
    """All others: submitted, graded, or too late."""
    return Evaluation.objects.own(user).exclude(_unanswered()).select_related("round").order_by("-pk")
