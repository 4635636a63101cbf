"""The lists of a manager against the unrestricted ones: as many queries, and at most twice the time.

In 100,000 people, 5,000 units and 5,000 managers with an account (`--employees`, `--units`, `--managers`). Each list is
opened once through the whole stack, its queries are written down, and these are run again round after round, one list
after the other, so that they share whatever else the machine does. Then whole pages are opened, in turns as well.
Beside them what a manager's rights would cost as guardian's documentation gives them: a grant on each of his people,
the list from their ids, and `has_perm` of each row. Run it with `make bench-scope`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
os.environ["APP_ENV"] = "testing"
os.environ.setdefault("LOG_LEVEL", "warning")
os.environ.setdefault("TEST_DB_SUFFIX", "bench")

import django

django.setup()

from django.contrib.auth.models import Group, Permission  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.paginator import Paginator  # noqa: E402
from django.db import connections  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_databases, setup_test_environment, teardown_databases  # noqa: E402
from django.urls import reverse  # noqa: E402
from guardian.backends import ObjectPermissionBackend  # noqa: E402
from guardian.ctypes import get_content_type  # noqa: E402

from benchmarks.company import ALIASES, enrol  # noqa: E402
from benchmarks.report import Row, Target, publish  # noqa: E402
from core import roles  # noqa: E402
from core.admin.paginator import CappedPaginator  # noqa: E402
from core.models import User, UserGrant  # noqa: E402
from hr.models import Employee, OrgUnit  # noqa: E402
from hr.rights import VIEW  # noqa: E402
from hr.scope import scope_for  # noqa: E402
from hr.services.employees import change_boss, move_employees  # noqa: E402
from hr.services.org_units import NewOrgUnit, create_org_units, move_org_units, set_heads  # noqa: E402

Query = tuple[str, str, Any]
MOST_TIMES = 2.0
FACTS = 6
TIMES_GRANTS, TIMES_CHECKS = 3, 10
CHECKED = 100
PAGES = {"page of people": "admin:hr_employee_changelist", "page of attendance": "admin:hr_attendance_changelist"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--employees", type=int, default=100_000)
    parser.add_argument("--units", type=int, default=5_000)
    parser.add_argument("--managers", type=int, default=5_000)
    parser.add_argument("--large", type=int, default=5_000, help="how many people the larger manager answers for")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="little data: whether it runs")
    wanted = parser.parse_args()
    if wanted.quick:
        wanted.employees, wanted.units, wanted.managers, wanted.large, wanted.rounds = 1_000, 60, 60, 200, 2
    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False, aliases=ALIASES)
    try:
        return measure(wanted)
    finally:
        teardown_databases(databases, verbosity=0)


def measure(wanted: argparse.Namespace) -> int:
    call_command("seed_demo", employees=wanted.employees, units=wanted.units, managers=wanted.managers, verbosity=0)
    readers = {
        "everybody (HR manager)": (User.objects.create_user("bench-hr"), wanted.employees),
        f"manager of {wanted.large:,}": (manager_of(wanted.large), wanted.large),
        "manager of 5": (manager_of(5), 5),
        f"boss of {wanted.large:,} who heads no unit": (boss_of(wanted.large), wanted.large),
    }
    readers["everybody (HR manager)"][0].groups.set(roles_named(roles.HR_MANAGER))
    enrol(2 * wanted.employees)
    analyse()

    lists = {name: opened(user, people) for name, (user, people) in readers.items()}
    searches = {name: opened(user, None, q="mar") for name, (user, _people) in readers.items()}
    rows = [
        Row(f"{what}, {name}", seconds, {"people": people_of(readers, name), "queries": len(queries[name])})
        for what, queries in (("list", lists), ("search", searches))
        for name, seconds in timed(queries, wanted.rounds).items()
    ]
    _all, large, small = rows[:3]
    facts = most_facts(readers)
    pages = {
        what: [
            Row(f"{what}, {name}", seconds, {"people": people_of(readers, name)})
            for name, seconds in waited(readers, address, wanted.rounds).items()
        ]
        for what, address in PAGES.items()
    }
    rows += chain.from_iterable(pages.values())
    user = readers[f"manager of {wanted.large:,}"][0]
    holder = granted(user)
    asked, covered = asked_of_rows(user, holder, wanted.rounds)
    of_lists = beside_grants(user, holder, wanted.rounds)
    rows += [asked, covered, *chain.from_iterable(of_lists.values())]
    targets = [
        Target(
            f"the list of {wanted.large:,} takes as many queries as that of 5",
            f"{large.extra['queries']} and {small.extra['queries']}",
            large.extra["queries"] == small.extra["queries"],
        ),
        Target(f"the facts of a scope take at most {FACTS} queries", str(facts), facts <= FACTS),
        times_quicker("the right on each row is", TIMES_CHECKS, "by guardian", asked, covered),
    ]
    for name, (from_ids, from_scope) in of_lists.items():
        what = f"a list from the scope of {name} is"
        targets.append(times_quicker(what, TIMES_GRANTS, "from the ids of grants", from_ids, from_scope))
    for what, (everybody, manager, _small, boss) in pages.items():
        slowest = max(manager.median, boss.median)
        name = f"the {what} of {wanted.large:,} takes at most {MOST_TIMES:g} times the unrestricted one"
        targets.append(
            Target(name, f"{slowest / everybody.median:.2f} times", slowest <= MOST_TIMES * everybody.median)
        )
    counted = {
        "employees": f"{Employee.objects.count():,}",
        "units": f"{OrgUnit.objects.count():,}",
        "managers with an account": f"{User.objects.filter(groups__name=roles.MANAGER).count():,}",
    }
    name = f"scope-{connections['business'].vendor}"
    return publish(
        name, f"Managers' lists, {connections['business'].vendor}", rows, targets, counted, trial=wanted.quick
    )


def manager_of(people: int) -> User:
    """The account of somebody who heads a new unit in which, and below which, exactly so many people belong.

    All of them report to him, directly or through others.
    """
    (top,) = create_org_units([NewOrgUnit(code=f"BENCH-{people}", name=f"Bench {people}")], actor=None)
    below = OrgUnit.objects.exclude(code__startswith="BENCH").exclude(parent=None).filter(children=None)
    moved, units = 1, []
    for unit in below.order_by("-path"):
        size = Employee.objects.filter(org_unit=unit).count()
        if moved + size <= people and people > 100:
            moved += size
            units.append(unit.pk)
    move_org_units(units, parent=top, actor=None)
    free = Employee.objects.active().filter(headed_units=None)
    for bench in OrgUnit.objects.filter(code__startswith="BENCH"):
        free = free.exclude(org_unit__path__startswith=bench.path)
    keys = list(free.order_by("-pk").values_list("pk", flat=True)[: people - moved + 1])
    move_employees(keys, org_unit=top, actor=None)
    head = Employee.objects.get(pk=keys[0])
    set_heads({top.pk: head}, actor=None)
    # As in real life he is both: the head of the units, and the boss of all in them, directly or through others.
    change_boss([head.pk], reports_to=None, actor=None)
    heads = OrgUnit.objects.filter(pk__in=units).exclude(head=None).values_list("head_id", flat=True)
    change_boss([*keys[1:], *heads], reports_to=head, actor=None)
    user = User.objects.create_user(f"bench-{people}", employee_uid=head.uid, full_name=head.full_name)
    user.groups.set(roles_named(roles.MANAGER, roles.EMPLOYEE))
    return user


def boss_of(people: int) -> User:
    """The account of somebody to whom so many people report, himself among them, wherever they belong."""
    free = Employee.objects.active().filter(headed_units=None, reports=None)
    for bench in OrgUnit.objects.filter(code__startswith="BENCH"):
        free = free.exclude(org_unit__path__startswith=bench.path)
    keys = list(free.order_by("pk").values_list("pk", flat=True)[:people])
    boss = Employee.objects.get(pk=keys[0])
    change_boss(keys[1:], reports_to=boss, actor=None)
    user = User.objects.create_user("bench-boss", employee_uid=boss.uid, full_name=boss.full_name)
    user.groups.set(roles_named(roles.MANAGER, roles.EMPLOYEE))
    return user


def roles_named(*names: str) -> Any:
    return Group.objects.filter(name__in=names)


def analyse() -> None:
    """Statistics as a database in use has them."""
    business = connections["business"]
    with business.cursor() as cursor:
        tables = "hr_attendance, hr_employee, hr_event, hr_orgunit, hr_position"
        cursor.execute("ANALYZE" if business.vendor == "sqlite" else f"ANALYZE TABLE {tables}")


def opened(user: User, people: int | None, **asked: str) -> list[Query]:
    """The queries of the list as this user opens it, after checking that it holds whom it should."""
    fresh = User.objects.get(pk=user.pk)
    rows = Employee.objects.visible_to(fresh)
    assert people is None or rows.count() == people, (rows.count(), people)
    client = Client()
    client.force_login(user)
    address = reverse("admin:hr_employee_changelist")
    client.get(address, asked)  # what is kept for the process is read now
    with written_down() as queries:
        response = client.get(address, asked)
    assert response.status_code == 200
    shown = list(response.context["cl"].result_list)
    assert shown
    assert {row.pk for row in shown} <= set(rows.values_list("pk", flat=True))
    return queries


@contextmanager
def written_down() -> Iterator[list[Query]]:
    queries: list[Query] = []

    def write_down(alias: str) -> Any:
        def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            if sql.lstrip(" (\n").upper().startswith(("SELECT", "WITH")):
                queries.append((alias, sql, params))
            return execute(sql, params, many, context)

        return wrapper

    default, business = (connections[alias].execute_wrapper(write_down(alias)) for alias in ALIASES)
    with default, business:
        yield queries


def timed(lists: dict[str, list[Query]], rounds: int) -> dict[str, list[float]]:
    """Seconds of the database per round, the lists taking turns; the first round only warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in lists}
    for number in range(rounds + 1):
        for name, queries in lists.items():
            started = time.perf_counter()
            for alias, sql, params in queries:
                with connections[alias].cursor() as cursor:
                    cursor.execute(sql, params)
                    cursor.fetchall()
            if number:
                seconds[name].append(time.perf_counter() - started)
    return seconds


def waited(readers: dict[str, tuple[User, int]], address: str, rounds: int) -> dict[str, list[float]]:
    """Seconds until each has the whole page, in turns; the first round only warms up."""
    clients = {name: Client() for name in readers}
    for name, (user, _people) in readers.items():
        clients[name].force_login(user)
    seconds: dict[str, list[float]] = {name: [] for name in readers}
    for number in range(rounds + 1):
        for name, client in clients.items():
            started = time.perf_counter()
            response = client.get(reverse(address))
            if number:
                seconds[name].append(time.perf_counter() - started)
            assert response.status_code == 200
    return seconds


def granted(manager: User) -> User:
    """Somebody who holds a grant on each of the manager's people instead."""
    user = User.objects.create_user("bench-grants")
    people = Employee.objects.visible_to(manager).values_list("pk", flat=True)
    kind = get_content_type(Employee)
    right = Permission.objects.get(content_type=kind, codename="view_employee")
    UserGrant.objects.bulk_create(
        UserGrant(user=user, permission=right, content_type=kind, object_pk=str(key)) for key in people
    )
    return user


def beside_grants(manager: User, holder: User, rounds: int) -> dict[str, list[Row]]:
    """The first page of a list and its count, from the ids of grants by Django's paginator and from a scope by ours:
    the database's time. All as when a request begins: nothing is known of the user yet. First as the manager is, head
    and boss, and then with nobody who reports to him, so that his scope is that of his units.
    """

    def listed(rows: Any, paginator: type[Paginator]) -> list[Any]:
        pages = paginator(rows.select_related("org_unit", "position").order_by("search_text", "pk"), 50)
        assert pages.count
        return list(pages.page(1).object_list)

    with written_down() as of_grants:
        grants = UserGrant.objects.filter(user=holder, permission__codename="view_employee").in_force()
        keys = list(grants.values_list("object_pk", flat=True))
        from_ids = listed(Employee.objects.filter(pk__in=keys), Paginator)

    def compared(name: str) -> list[Row]:
        with written_down() as of_scope:
            from_scope = listed(Employee.objects.visible_to(User.objects.get(pk=manager.pk)), CappedPaginator)
        assert from_scope == from_ids
        lists = {f"list, from the ids of grants, beside {name}": of_grants, f"list, from the scope of {name}": of_scope}
        return [Row(what, taken, {"queries": len(lists[what])}) for what, taken in timed(lists, rounds).items()]

    both = "a head and boss"
    found = {both: compared(both)}
    head = Employee.objects.get(uid=manager.employee_uid)
    change_boss(list(head.reports.values_list("pk", flat=True)), reports_to=None, actor=None)
    analyse()
    return found | {"a head": compared("a head")}


def asked_of_rows(manager: User, holder: User, rounds: int) -> list[Row]:
    """The right on each of the rows of a page, asked of guardian and of a scope; again nothing is known of the user."""
    people = list(Employee.objects.visible_to(manager).order_by("-pk")[:CHECKED])
    backend = ObjectPermissionBackend()

    def asked() -> list[Any]:
        user = User.objects.get(pk=holder.pk)
        return [row for row in people if backend.has_perm(user, VIEW, row)]

    def covered() -> list[Any]:
        scope = scope_for(User.objects.get(pk=manager.pk), VIEW)
        return [row for row in people if scope.covers(row)]

    assert asked() == covered() == people
    ways: dict[str, Callable[[], list[Any]]] = {
        f"the right on {len(people)} rows, guardian's has_perm of each": asked,
        f"the right on {len(people)} rows, of a scope": covered,
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _round in range(rounds):
        for name, way in ways.items():
            started = time.perf_counter()
            assert way()
            seconds[name].append(time.perf_counter() - started)
    return [Row(name, taken) for name, taken in seconds.items()]


def times_quicker(what: str, times: int, than: str, slow: Row, quick: Row) -> Target:
    found = slow.median / quick.median
    return Target(f"{what} found at least {times} times as fast as {than}", f"{found:.1f} times", found >= times)


def most_facts(readers: dict[str, tuple[User, int]]) -> int:
    counts = []
    for user, _people in readers.values():
        fresh = User.objects.get(pk=user.pk)
        with written_down() as queries:
            for right in ("view_employee", "change_employee", "add_employee", "view_personal_data"):
                scope_for(fresh, f"hr.{right}")
        counts.append(len(queries))
    return max(counts)


def people_of(readers: dict[str, tuple[User, int]], name: str) -> str:
    return f"{readers[name][1]:,}"


if __name__ == "__main__":
    sys.exit(main())
