"""What ten and a hundred times the attendance costs: rows read by the database, and time, of what people open.

The pages are those of this product alone, opened in this process as an HR manager does. Rows are what the handlers of
MySQL or MariaDB read for the page (`Handler_read…`), its counts, filters and scope included. Run it with
`make bench-growth`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
os.environ["APP_ENV"] = "testing"
os.environ.setdefault("LOG_LEVEL", "warning")
os.environ.setdefault("TEST_DB_SUFFIX", "bench")

import django

django.setup()

from django.contrib.auth.models import Group  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_databases, setup_test_environment, teardown_databases  # noqa: E402
from django.urls import reverse  # noqa: E402

from benchmarks.company import ALIASES, count_figures, enrol, on_disk  # noqa: E402
from benchmarks.report import DOCUMENT, Row, Target, publish, put  # noqa: E402
from core import roles  # noqa: E402
from core.models import User  # noqa: E402
from hr.models import Attendance, Employee  # noqa: E402

ROUNDS = 5
FLAT = 1.1


@dataclass(frozen=True)
class Page:
    """`because`: why it reads more where there is more, and what is to be done when that is too much."""

    name: str
    address: str
    because: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], help="rows of attendance")
    parser.add_argument("--employees", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="little data: whether it runs")
    wanted = parser.parse_args()
    if wanted.quick:
        wanted.sizes, wanted.employees = [500, 1_000, 2_000], 500
    setup_test_environment()
    with on_disk():
        databases = setup_databases(verbosity=0, interactive=False, aliases=ALIASES)
        try:
            return measure(wanted)
        finally:
            teardown_databases(databases, verbosity=0)


def measure(wanted: argparse.Namespace) -> int:
    call_command("seed_demo", employees=wanted.employees, without_events=True, verbosity=0)
    user = User.objects.create_user("bench-hr", full_name="Bench")
    user.groups.set(Group.objects.filter(name=roles.HR_MANAGER))
    client = Client()
    client.force_login(user)
    rows: list[Row] = []
    examined: dict[Page, list[int]] = {}
    for size in wanted.sizes:
        enrol(size - Attendance.objects.count())
        count_figures()
        for page in pages(min(wanted.sizes)):
            seconds, read = opened(client, page)
            examined.setdefault(page, []).append(read)
            told = {"attendance": f"{size:,}", "rows read": f"{read:,}"}
            rows.append(Row(page.name, seconds, told))
            print(f"{page.name}, {size:,}: {1000 * min(seconds):.0f} ms, {read:,} rows read", flush=True)
    facts = {"employees": f"{Employee.objects.count():,}"}
    targets = [target(page, read) for page, read in examined.items()] if is_counted() else []
    vendor = connections["business"].vendor
    if not wanted.quick and is_counted():
        put(DOCUMENT, "growth-plot", plots(wanted.sizes, rows))
    return publish(f"growth-{vendor}", f"Growth, {vendor}", rows, targets, facts, trial=wanted.quick)


def pages(fewest: int) -> list[Page]:
    """The same at each size: the first event has its people from the start, and pages lie among the `fewest` rows."""
    deep = max(fewest // 50 // 2, 2)
    event, status = Attendance.objects.order_by("pk").values_list("event", "status")[0]
    code = Employee.objects.order_by("pk").values_list("code", flat=True)[10]
    attendance, report = "/hr/attendance/", reverse("admin:hr_attendance_report")
    return [
        Page("attendance, first page", attendance),
        Page(f"attendance, page {deep}", f"{attendance}?p={deep}"),
        Page("attendance, filter by status", f"{attendance}?status__exact={status}"),
        Page("attendance, one event", f"{attendance}?event__id__exact={event}&status__exact={status}"),
        Page(
            "attendance, search for a person",
            f"{attendance}?q={code}",
            because="every row of the person is found, of whom more was enrolled; nobody attends thousands of events",
        ),
        Page(
            "attendance, search for one letter",
            f"{attendance}?q=a",
            because="it ends at 10,001 rows, for which the more people are gone through the fewer rows each has",
        ),
        Page("people, first page", "/hr/employee/"),
        Page("people, search for a code", f"/hr/employee/?q={code}"),
        Page("events, first page", "/hr/event/", because="there are more events, of which a page shows 50"),
        Page(
            "first page",
            "/",
            because="the figures kept of each event of twelve months are added up, and there are more events",
        ),
        Page(
            "report by unit",
            f"{report}?by=unit",
            because="the figures kept of each event and unit are added up; with tens of thousands of events a year, "
            "add them up by month when they are counted (hr/services/event_figures.py)",
        ),
        Page(
            "report by month",
            f"{report}?by=month",
            because="the figures kept of each event are added up, and there are more events",
        ),
    ]


def opened(client: Client, page: Page) -> tuple[list[float], int]:
    """Seconds of each round, and the rows that the database read for one of them."""
    client.get(page.address)
    seconds = []
    for _round in range(ROUNDS):
        began, before = time.perf_counter(), rows_read()
        response = client.get(page.address)
        seconds.append(time.perf_counter() - began)
        assert response.status_code == 200, (page, response.status_code)
        read = rows_read() - before
    return seconds, read


def is_counted() -> bool:
    return connections["business"].vendor == "mysql"


def rows_read() -> int:
    """So far, by this connection; 0 where the database does not tell."""
    if not is_counted():
        return 0
    with connections["business"].cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
        return sum(int(value) for _name, value in cursor.fetchall())


def target(page: Page, read: Sequence[int]) -> Target:
    """Whether the most is much more than with the fewest rows of attendance."""
    least, most = max(read[0], 1), max(read)
    found = f"{most / least:.2f} times"
    if page.because:
        return Target(f"{page.name}: explained: {page.because}", found, met=True)
    return Target(f"{page.name}: reads at most {FLAT:g} times as many rows", found, most <= FLAT * least)


def plots(sizes: Sequence[int], rows: Sequence[Row]) -> str:
    """Two charts, in the language that GitHub and GitLab draw; the tables below them have the numbers."""
    names = list(dict.fromkeys(row.name for row in rows))
    rows_of = {name: [row for row in rows if row.name == name] for name in names}
    read = {name: [int(row.extra["rows read"].replace(",", "")) for row in found] for name, found in rows_of.items()}
    times = {name: [1000 * row.median for row in found] for name, found in rows_of.items()}
    return (
        "### Growth, drawn\n\n"
        f"A line for each of: {'; '.join(names)}.\n\n"
        + plot("Rows read for a page", "rows", sizes, read)
        + plot("Time of a page", "ms", sizes, times)
    )


def plot(title: str, unit: str, sizes: Sequence[int], lines: dict[str, list[float] | list[int]]) -> str:
    most = max(value for values in lines.values() for value in values)
    drawn = "\n".join(f"    line [{', '.join(f'{value:.0f}' for value in values)}]" for values in lines.values())
    axis = ", ".join(f'"{size:,}"' for size in sizes)
    return (
        f'```mermaid\nxychart-beta\n    title "{title}"\n    x-axis "rows of attendance" [{axis}]\n'
        f'    y-axis "{unit}" 0 --> {most * 1.1:.0f}\n{drawn}\n```\n\n'
    )


if __name__ == "__main__":
    sys.exit(main())
