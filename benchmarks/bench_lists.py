"""Lists of 100,000 people and 1,000,000 rows of attendance: this product beside Django's admin of the same models.

Each contender is a process of its own (benchmarks/visitor.py) that opens the same pages as the same HR manager or
administrator, in turn. Before anything is timed, both show the same rows in the same order. On MariaDB the plain admin
runs a second time with the server told to stop joining early. Run it with `make bench-lists`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
os.environ["APP_ENV"] = "testing"
os.environ.setdefault("LOG_LEVEL", "warning")
os.environ.setdefault("TEST_DB_SUFFIX", "bench")

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.test.utils import setup_databases, teardown_databases  # noqa: E402

from benchmarks.company import ALIASES, enrol, on_disk  # noqa: E402
from benchmarks.report import Row, Target, publish  # noqa: E402
from benchmarks.visitor import Visit, Visitor  # noqa: E402
from core.models import User  # noqa: E402
from hr.models import Attendance, Employee  # noqa: E402

OURS, STOCK, TUNED = "ours", "plain admin", "plain admin, join limit"
MOST_CPU = 1.6
# Multiples are asked for on MariaDB, where the plain admin takes seconds; of SQLite, whose planner sees through most of
# its queries, that a page is there at once.
AT_ONCE_SECONDS = 0.3


@dataclass(frozen=True)
class Page:
    """An address of each contender. `times` is how much quicker ours is to be, beside stock and beside tuned stock."""

    name: str
    ours: str
    stock: str
    times: float | None = None
    times_tuned: float | None = None

    def address(self, contender: str) -> str:
        return self.ours if contender == OURS else self.stock


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of attendance")
    parser.add_argument("--employees", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="little data and one round: whether it runs")
    wanted = parser.parse_args()
    if wanted.quick:
        wanted.rows, wanted.employees, wanted.rounds = 5_000, 1_000, 1
    with on_disk():
        databases = setup_databases(verbosity=0, interactive=False, aliases=ALIASES)
        try:
            return measure(wanted)
        finally:
            teardown_databases(databases, verbosity=0)


def measure(wanted: argparse.Namespace) -> int:
    call_command("seed_demo", employees=wanted.employees, without_events=True, verbosity=0)
    enrol(wanted.rows)
    User.objects.create_superuser("bench-admin", "bench")
    names = {alias: str(connections[alias].settings_dict["NAME"]) for alias in ALIASES}
    visitors = {
        OURS: Visitor("backoffice.settings", "bench-admin", names),
        STOCK: Visitor("benchmarks.stock.settings", "bench-admin", names),
    }
    if connections["business"].vendor == "mysql" and connections["business"].mysql_is_mariadb:
        visitors[TUNED] = Visitor("benchmarks.stock.settings", "bench-admin", names, BENCH_OPTIMIZER="1")
    try:
        visits = {page: taken(page, visitors, wanted.rounds) for page in pages()}
    finally:
        for visitor in visitors.values():
            visitor.close()
    rows = [row(page, name, found) for page, of_page in visits.items() for name, found in of_page.items()]
    targets = [target for page, of_page in visits.items() for target in targets_of(page, of_page)]
    facts = {"attendance": f"{Attendance.objects.count():,}", "employees": f"{Employee.objects.count():,}"}
    vendor = connections["business"].vendor
    return publish(f"lists-{vendor}", f"Lists, {vendor}", rows, targets, facts, trial=wanted.quick)


def pages() -> Iterable[Page]:
    """Of attendance the newest come first; deep pages are of the same size in both."""
    event, status = Attendance.objects.order_by("-pk").values_list("event", "status")[0]
    code = Employee.objects.order_by("-pk").values_list("code", flat=True)[10]
    names = Employee.objects.order_by("-pk").values_list("first_name", "last_name")[:1000]
    # Accents are folded by us and not by every engine: a name without any is found by both.
    person = next(f"{first} {last}" for first, last in names if f"{first}{last}".replace(" ", "").isascii())
    common = Counter(word for _first, last in names for word in last.split() if word.isascii()).most_common(1)[0][0]
    deep = max(Attendance.objects.count() // 50 // 4, 1)
    attendance, employees = "/hr/attendance/", "/hr/employee/"
    both = {
        "first page": ("", 30, 8),
        f"page {deep:,}": (f"?p={deep}", 15, None),
        "filter by status": ("?status__exact=confirmed", 10, None),
        "filter by event and status": (f"?event__id__exact={event}&status__exact={status}", 6, None),
        "search for a person": (f"?{urlencode({'q': person})}", 25, None),
        "search for a name that many bear": (f"?{urlencode({'q': common})}", 25, None),
    }
    for name, (asked, times, tuned) in both.items():
        yield Page(f"attendance, {name}", attendance + asked, attendance + asked, times, tuned)
    # In the same order, which is the plain admin's only when it is told so.
    by_code = "?o=1"
    yield Page("employees, first page", f"{employees}{by_code}", f"{employees}{by_code}")
    yield Page("employees, search for a code", f"{employees}{by_code}&q={code}", f"{employees}{by_code}&q={code}")


def taken(page: Page, visitors: dict[str, Visitor], rounds: int) -> dict[str, list[Visit]]:
    """The visits of each contender, after one that showed the same rows as the others' did."""
    shown = {name: visitor.visit(page.address(name)) for name, visitor in visitors.items()}
    for name, visit in shown.items():
        assert visit.status == 200, (page, name, visit.status)
        assert visit.keys == shown[OURS].keys != [], (page, name, visit.keys[:5], shown[OURS].keys[:5])
    found: dict[str, list[Visit]] = {name: [] for name in visitors}
    for _round in range(rounds):
        for name, visitor in visitors.items():
            found[name].append(visitor.visit(page.address(name)))
    medians = ", ".join(
        f"{name} {1000 * median([each.seconds for each in all_]):.0f} ms" for name, all_ in found.items()
    )
    print(f"{page.name}: {medians}", flush=True)
    return found


def row(page: Page, name: str, visits: list[Visit]) -> Row:
    extra = {
        "rows": len(visits[0].keys),
        "queries": max(each.queries for each in visits),
        "CPU ms": f"{1000 * median([each.cpu for each in visits]):.0f}",
        "KB": f"{visits[0].sent / 1024:.0f}",
        "KB compressed": f"{visits[0].compressed / 1024:.0f}",
    }
    return Row(f"{page.name}, {name}", [each.seconds for each in visits], extra)


def targets_of(page: Page, visits: dict[str, list[Visit]]) -> list[Target]:
    ours = median([each.seconds for each in visits[OURS]])
    targets = []
    is_embedded = connections["business"].vendor == "sqlite"
    if is_embedded:
        title = f"{page.name}: within {1000 * AT_ONCE_SECONDS:.0f} ms"
        targets.append(Target(title, f"{1000 * ours:.0f} ms", ours <= AT_ONCE_SECONDS))
    for name, times in ((STOCK, page.times), (TUNED, page.times_tuned)):
        if times and name in visits and not is_embedded:
            found = median([each.seconds for each in visits[name]]) / ours
            title = f"{page.name}: at least {times:g} times as fast as the {name}"
            targets.append(Target(title, f"{found:.1f} times", found >= times))
    cpu = median([each.cpu for each in visits[OURS]]) / median([each.cpu for each in visits[STOCK]])
    title = f"{page.name}: at most {MOST_CPU:g} times the plain admin's CPU"
    return [*targets, Target(title, f"{cpu:.2f} times", cpu <= MOST_CPU)]


if __name__ == "__main__":
    sys.exit(main())
