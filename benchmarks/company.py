"""What benchmarks measure on: databases as they are in use, and attendance by the hundred thousand."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.db import connections
from django.db.models import F, Value
from django.utils import timezone

from hr.models import Attendance, Employee, Event, EventKind
from hr.services.event_figures import count_due
from hr.services.events import NewEvent, create_events
from hr.services.writing import insert_from

ALIASES = ("default", "business")


@contextmanager
def on_disk() -> Iterator[Path]:
    """A folder, where embedded databases lie as everywhere but in the suite: in memory they would count as the
    process's, and no other process would see them.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for alias in ALIASES:
            if connections[alias].vendor == "sqlite":
                connections[alias].settings_dict["TEST"]["NAME"] = str(folder / f"{alias}.sqlite3")
        yield folder


def enrol(rows: int) -> None:
    """So many rows more, everybody in one event after the other, with all statuses and outcomes;
    the events are over, one a month of the last year and then from the beginning again.
    """
    EventKind.objects.get_or_create(code="BENCH", defaults={"name": "Bench"})
    statuses, outcomes = ("registered", "confirmed", "registered"), ("present", "late", "absent", "pending")
    left, number = rows, Event.objects.count()
    while left > 0:
        starts = timezone.now() - timedelta(days=7 + 30 * (number % 11))
        new = NewEvent(
            title=f"Bench {number}",
            kind_id=EventKind.objects.get(code="BENCH").pk,
            starts_at=starts,
            ends_at=starts + timedelta(hours=2),
        )
        [event] = create_events([new], actor=None)
        Event.objects.filter(pk=event.pk).update(state=Event.State.CLOSED)
        now = timezone.now()
        values = {
            "event_id": event.pk,
            "employee_id": F("id"),
            "status": Value(statuses[number % 3]),
            "outcome": Value(outcomes[number % 4]),
            "enrolled_at": now,
            "created_at": now,
            "updated_at": now,
            "version": 1,
        }
        left -= insert_from(Attendance, Employee.objects.order_by("pk")[:left], values)
        number += 1
    with connections["business"].cursor() as cursor:
        embedded = connections["business"].vendor == "sqlite"
        cursor.execute("ANALYZE" if embedded else "ANALYZE TABLE hr_attendance, hr_employee, hr_event")
        cursor.fetchall()
    assert Event.objects.count() == number


def count_figures() -> None:
    """As the clock does, until there is nothing more to be counted."""
    while count_due(limit=1, actor=None):
        pass
