"""Publishing an event to 100,000 people: the service beside a loop over people and beside the bare statements.

The service is all of `publish_events`: state, rows, history, seats, message. The loop is what is usually written: one
SELECT and one INSERT a person, history by the library's signal, each in a transaction of its own. The bare statements
are two INSERT … SELECT by hand, one for rows and one for history. Each round has an event of its own, and its rows are
deleted after it. `--loop` lets the loop do fewer people, where minutes are dear: it is then compared by the person.
Run it with `make bench-fanout`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
os.environ["APP_ENV"] = "testing"
os.environ.setdefault("LOG_LEVEL", "warning")
os.environ.setdefault("TEST_DB_SUFFIX", "bench")

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connections, transaction  # noqa: E402
from django.test.utils import setup_databases, setup_test_environment, teardown_databases  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.company import ALIASES  # noqa: E402
from benchmarks.report import Row, Target, publish  # noqa: E402
from hr.models import Attendance, Employee, Event, EventAudience, EventKind  # noqa: E402
from hr.services.audiences import Audience, add_audience  # noqa: E402
from hr.services.events import NewEvent, create_events, publish_events  # noqa: E402

TIMES_THE_LOOP, TIMES_THE_STATEMENTS = 60, 1.5

COLUMNS = """event_id, employee_id, status, outcome, version, enrolled_at, created_at, updated_at,
    cancelled_from, cancel_reason, marked_by_name, marked_from"""
INSERT_ROWS = f"""
    INSERT INTO hr_attendance ({COLUMNS})
    SELECT %s, e.id, 'registered', 'pending', 1, %s, %s, %s, '', '', '', ''
    FROM hr_employee e LEFT JOIN hr_attendance a ON a.event_id = %s AND a.employee_id = e.id
    WHERE a.id IS NULL AND e.status = 'active'
"""  # noqa: S608  (names of columns)
INSERT_HISTORY = f"""
    INSERT INTO hr_historicalattendance (id, {COLUMNS}, history_date, history_type, history_user_name, history_source,
        history_request_id)
    SELECT id, {COLUMNS}, %s, '+', '', '', '' FROM hr_attendance WHERE event_id = %s
"""  # noqa: S608  (names of columns)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--employees", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--loop", type=int, help="over how many people the row loop goes; over all, if it is not said")
    parser.add_argument("--quick", action="store_true", help="little data and one round: whether it runs")
    wanted = parser.parse_args()
    if wanted.quick:
        wanted.employees, wanted.rounds = 1_000, 1
    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False, aliases=ALIASES)
    try:
        return measure(wanted)
    finally:
        teardown_databases(databases, verbosity=0)


def measure(wanted: argparse.Namespace) -> int:
    units = min(1_000, wanted.employees // 50)
    call_command("seed_demo", employees=wanted.employees, units=units, managers=10, verbosity=0)
    clean()
    EventKind.objects.get_or_create(code="BENCH", defaults={"name": "Bench"})
    people = Employee.objects.active().count()
    quick: dict[str, Callable[[Event], object]] = {
        "publish_events": lambda event: publish_events([event.pk], actor=None),
        "two bare INSERT … SELECT": bare_statements,
    }
    for act in quick.values():
        timed(act)  # warms up, and is checked like every other round
    seconds: dict[str, list[float]] = {name: [] for name in quick}
    for _round in range(wanted.rounds):
        for name, act in quick.items():
            seconds[name].append(timed(act))
    looped = min(wanted.loop or people, people)
    rows = [Row(name, found, {"people": f"{people:,}"}) for name, found in seconds.items()]
    service, bare = rows
    loop = Row("row loop, once", [timed(row_loop, looped)], {"people": f"{looped:,}"})
    rows.append(loop)
    faster, slower = loop.median * people / looped / service.median, service.median / bare.median
    targets = [
        Target(
            f"publishing is at least {TIMES_THE_LOOP} times as fast as the row loop"
            + ("" if looped == people else ", by the person"),
            f"{faster:.0f} times",
            faster >= TIMES_THE_LOOP,
        ),
        Target(
            f"publishing takes at most {TIMES_THE_STATEMENTS:g} times the two bare statements",
            f"{slower:.2f} times",
            slower <= TIMES_THE_STATEMENTS,
        ),
    ]
    vendor = connections["business"].vendor
    facts = {"employees": f"{Employee.objects.count():,}", "active": f"{people:,}"}
    return publish(f"fanout-{vendor}", f"Publishing an event, {vendor}", rows, targets, facts, trial=wanted.quick)


def timed(act: Callable[..., object], most: int | None = None) -> float:
    """Seconds of one round with a new event, after which everybody must be enrolled, and in the history, once.

    `most` is how many people are everybody.
    """
    people = set(Employee.objects.active().order_by("pk").values_list("pk", flat=True)[:most])
    event = new_event()
    started = time.perf_counter()
    act(event) if most is None else act(event, most)
    seconds = time.perf_counter() - started
    assert people
    assert set(event.attendance.filter(status="registered").values_list("employee_id", flat=True)) == people
    assert Attendance.history.filter(event_id=event.pk, history_type="+").count() == len(people)
    assert event.attendance.count() == len(people)
    clean()
    return seconds


def new_event() -> Event:
    now = timezone.now() + timedelta(days=7)
    new = NewEvent(
        title="Bench",
        kind_id=EventKind.objects.get(code="BENCH").pk,
        starts_at=now,
        ends_at=now + timedelta(hours=2),
    )
    [event] = create_events([new], actor=None)
    add_audience([event.pk], Audience(everybody=True), actor=None)
    return event


def bare_statements(event: Event) -> None:
    now = connections["business"].ops.adapt_datetimefield_value(timezone.now())
    with transaction.atomic(using="business"), connections["business"].cursor() as cursor:
        cursor.execute(INSERT_ROWS, [event.pk, now, now, now, event.pk])
        cursor.execute(INSERT_HISTORY, [now, event.pk])


def row_loop(event: Event, most: int) -> None:
    for employee in Employee.objects.active().order_by("pk")[:most].iterator():
        Attendance.objects.get_or_create(event=event, employee=employee)


def clean() -> None:
    """Without what a round left behind, and with statistics as a database in use has them."""
    Attendance.objects.all()._raw_delete("business")
    Attendance.history.all()._raw_delete("business")
    EventAudience.objects.all()._raw_delete("business")
    with connections["business"].cursor() as cursor:
        embedded = connections["business"].vendor == "sqlite"
        cursor.execute("ANALYZE" if embedded else "ANALYZE TABLE hr_attendance, hr_employee, hr_historicalattendance")
        cursor.fetchall()


if __name__ == "__main__":
    sys.exit(main())
