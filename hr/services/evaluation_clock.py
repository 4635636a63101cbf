"""What time does to evaluations: they open, people are reminded, and what nobody answered expires."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from hr import wall_clock
from hr.models import Evaluation
from hr.services import outbox
from hr.services.evaluations import State, announce
from hr.services.rows import lock
from hr.services.writing import BATCH, business_atomic, write

REMINDED_BEFORE = timedelta(days=3)
# Nobody is reminded at night.
FIRST_HOUR = 7
REMINDER = "evaluation.reminder"


@business_atomic
def open_due(*, limit: int = BATCH, actor: None = None) -> int:
    """Let those be answered whose round has opened, at most so many; returns how many."""
    due = Evaluation.objects.filter(state=State.PENDING, round__opens_on__lte=timezone.localdate())
    return _move(due, State.AVAILABLE, "evaluation.available", limit)


@business_atomic
def expire_due(*, limit: int = BATCH, actor: None = None) -> int:
    """Close those that were due before today, at most so many; returns how many."""
    due = Evaluation.objects.filter(state__in=Evaluation.UNANSWERED, due_on__lt=timezone.localdate())
    return _move(due, State.EXPIRED, "evaluation.expired", limit)


@business_atomic
def remind_due(*, actor: None = None) -> int:
    """Remind three days before evaluations are due, and on the day itself; of each once. Returns how many messages.

    Whoever was given one today knows already. After days without a clock, those of the days missed are reminded.
    """
    today = timezone.localdate()
    if timezone.localtime().hour < FIRST_HOUR:
        return 0
    soon = Q(due_on__gt=today, due_on__lte=today + REMINDED_BEFORE)
    due = Evaluation.objects.filter(
        Q(due_on=today) | soon, state__in=Evaluation.ANSWERABLE, created_at__lt=wall_clock.start_of(today)
    )
    # Rows are kept together by their key, not by which are open just now: what was told is recognised.
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for key, due_on in due.order_by("pk").values_list("pk", "due_on").iterator():
        when = "today" if due_on == today else "soon"
        groups[f"{REMINDER}:{due_on}:{when}:{key // BATCH}"].append(key)
    return outbox.add(REMINDER, {name: {"evaluation_ids": keys} for name, keys in groups.items()})


def _move(due: QuerySet, state: str, kind: str, limit: int) -> int:
    """Those still due under the lock: somebody may have answered, or been given more time, meanwhile."""
    locked = lock(Evaluation, list(due.order_by("pk").values_list("pk", flat=True)[:limit]), None)
    rows = [locked[key] for key in due.filter(pk__in=locked).order_by("pk").values_list("pk", flat=True)]
    for row in rows:
        row.move_to(state)
    write(rows, ["state"])
    announce(kind, [row.pk for row in rows])
    return len(rows)
