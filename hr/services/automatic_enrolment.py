"""Places nobody gave: the clock enrols later hires in the events meant for them. They go with a hire taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from itertools import batched

from django.db.models import Exists, OuterRef, QuerySet

from hr.models import Attendance, Outcome
from hr.services.seats import held
from hr.services.writing import BATCH, remove_unused


def untouched(employee_ids: Collection[int]) -> QuerySet:
    """The enrolments of these people that the clock made and nobody has changed or marked since."""
    entries = Attendance.history.model.objects.filter(id=OuterRef("pk"), history_type="+", history_user_id=None)
    rows = Attendance.objects.filter(employee__in=employee_ids, version=1, outcome=Outcome.PENDING, marked_at=None)
    # The clock confirms nobody; a file of a command may, with the first version.
    return rows.exclude(status=Attendance.Status.CONFIRMED).filter(Exists(entries)).order_by()


def remove_untouched(employee_ids: Collection[int], *, reason: str) -> None:
    """Delete them, and give their seats back; in the caller's transaction."""
    for part in batched(sorted(employee_ids), BATCH):
        rows = list(untouched(part).values_list("pk", "event_id", "status"))
        seats = Counter(event_id for _pk, event_id, status in rows if status in Attendance.SEATED)
        with held({event_id for _pk, event_id, _status in rows}) as here:
            remove_unused(Attendance, [pk for pk, _event_id, _status in rows], reason=reason)
            for event_id, count in seats.items():
                here.events[event_id].seats_taken -= count
