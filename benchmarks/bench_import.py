"""Loading 100,000 people and their attendance: this product beside import-export and beside the driver alone.

Ours is all that happens between an upload and its end: the file is read by a process of its own, every row is checked
and the preview stored, then every row is written with history and with what an undo needs. One worker does it for all
rounds, a process that does nothing else, so that its memory is that of loads. import-export is set up as
its documentation does, and tuned as far as it goes (benchmarks/stock/imports.py); its page goes through the file twice,
too: a dry run for the preview, and the import. The driver's fastest way in writes the same rows and checks nothing.

Each round goes over all contenders in turn and finds the tables as the round before did. `--stock` says how many people
the row-by-row contender loads in the rounds; it imports all of them once, with `--full`. At the end a process loads all
people while this one looks at lists. Run it with `make bench-import`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
os.environ["APP_ENV"] = "testing"
os.environ.setdefault("LOG_LEVEL", "warning")
os.environ.setdefault("TEST_DB_SUFFIX", "bench")

import django

django.setup()

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.auth.models import Group  # noqa: E402
from django.db import connections, transaction  # noqa: E402
from django.db.models import Model  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_databases, setup_test_environment, teardown_databases  # noqa: E402
from django.utils import translation  # noqa: E402

from benchmarks import import_files as files  # noqa: E402
from benchmarks.company import ALIASES, on_disk  # noqa: E402
from benchmarks.memory import peak, settled  # noqa: E402
from benchmarks.report import Row, Target, publish  # noqa: E402
from benchmarks.stock import imports as stock  # noqa: E402
from core import roles  # noqa: E402
from core.text import fold  # noqa: E402
from hr.loading import engine, jobs  # noqa: E402
from hr.loading.kinds import KINDS  # noqa: E402
from hr.models import (  # noqa: E402
    Attendance,
    Employee,
    Evaluation,
    Event,
    EventKind,
    ImportJob,
    ImportRow,
    OrgUnit,
    OutboxMessage,
    Position,
)
from hr.services import imports  # noqa: E402
from hr.services.employees import NewEmployee, hire_employees  # noqa: E402
from hr.services.org_units import NewOrgUnit, create_org_units  # noqa: E402
from hr.services.positions import NewPosition, create_positions  # noqa: E402

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

# Without a server to be asked, its five queries a row cost import-export less.
TIMES_STOCK = {"mysql": 40, "sqlite": 15}
TIMES_THE_DRIVER, TIMES_IDLE, MEGABYTES = 5, 2, 250
COMPARED = (
    "code", "first_name", "last_name", "national_id", "work_email", "work_phone", "private_phone", "birth_date",
    "hired_on", "org_unit__name", "position__title", "reports_to__code",
)  # fmt: skip
# Tables that a round leaves as it found them.
LEFT = "BOSS-"
LIST = "/hr/employee/"
PLAIN, TUNED = "import-export", "import-export, tuned for bulk, no history"
ONCE = "import-export, all people, the second pass alone, once"
DRIVER, LOAD_DATA = "the driver alone, rows and history", "LOAD DATA, rows alone"
THINKING_SECONDS = 0.2


@dataclass
class Loaded:
    """Seconds of each step, and the largest memory of the process while it ran."""

    check: float
    apply: float
    megabytes: float

    @property
    def seconds(self) -> float:
        return self.check + self.apply


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--stock", type=int, default=5_000, help="people that the row-by-row contender loads a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="the row-by-row contender once with all people, too")
    parser.add_argument("--quick", action="store_true", help="little data and one round: whether it runs")
    wanted = parser.parse_args()
    if wanted.quick:
        wanted.rows, wanted.stock, wanted.rounds, wanted.full = 500, 100, 1, False
    setup_test_environment()
    with on_disk() as folder:
        databases = setup_databases(verbosity=0, interactive=False, aliases=ALIASES)
        try:
            with translation.override("en"):
                return measure(wanted, folder)
        finally:
            teardown_databases(databases, verbosity=0)


def measure(wanted: argparse.Namespace, folder: Path) -> int:
    files.write_all(folder, wanted.rows)
    found_company()
    ours: dict[str, list[Loaded]] = {}
    others: dict[str, list[Loaded]] = {}
    seeded, by_stock = find_seeded()
    with Worker() as worker:
        for _round in range(wanted.rounds):
            for kind in ("people", "attendance"):
                load_each(kind, wanted.rows, folder, worker, ours)
            beside(wanted.rows, wanted.stock, others)
        in_each_cell(wanted.stock, others)
        idle, loading = lists_beside_a_load(folder, wanted.rows, worker)
    if wanted.full:
        content = files.read(folder, "people, CSV, new")
        others[ONCE] = [row_by_row(stock.PlainResource, content, wanted.rows, dry_run=False)]
    rows = [told(name, found, wanted.rows) for name, found in ours.items()]
    rows += [
        told(name, found, wanted.rows if name in (DRIVER, LOAD_DATA, ONCE) else wanted.stock)
        for name, found in others.items()
    ]
    rows += [Row("list of people, nothing else at work", idle), Row("list of people, while all people load", loading)]
    vendor = connections["business"].vendor
    targets = [*targets_of(wanted, ours, others), pages_target(idle, loading), seeded]
    facts = {"people": f"{wanted.rows:,}", "of ten seeded faults import-export names": by_stock}
    return publish(f"import-{vendor}", f"Loading, {vendor}", rows, targets, facts, trial=wanted.quick)


def targets_of(
    wanted: argparse.Namespace, ours: dict[str, list[Loaded]], others: dict[str, list[Loaded]]
) -> list[Target]:
    new = ours["people, CSV, new"]
    times = median([each.seconds for each in others[PLAIN]]) / wanted.stock
    times /= median([each.seconds for each in new]) / wanted.rows
    driver = median([each.apply for each in others[DRIVER]])
    apply = median([each.apply for each in new])
    most = max(each.megabytes for found in ours.values() for each in found)
    least = TIMES_STOCK[connections["business"].vendor]
    targets = [
        Target(
            f"check and apply are at least {least} times as fast as import-export's two passes, by the row",
            f"{times:.0f} times",
            times >= least,
        ),
        Target(
            f"apply takes at most {TIMES_THE_DRIVER} times what the driver alone takes",
            f"{apply / driver:.1f} times",
            apply <= TIMES_THE_DRIVER * driver,
        ),
        Target(f"the process takes at most {MEGABYTES} MB", f"{most:.0f} MB", most <= MEGABYTES),
    ]
    if bare := [each.apply for each in others.get(LOAD_DATA, ())]:
        times = apply / median(bare)
        name = f"apply takes at most {TIMES_THE_DRIVER} times what LOAD DATA takes, which writes no history"
        targets.append(Target(name, f"{times:.1f} times", times <= TIMES_THE_DRIVER))
    return targets


def pages_target(idle: Sequence[float], loading: Sequence[float]) -> Target:
    times = median(loading) / median(idle)
    name = f"a list takes at most {TIMES_IDLE} times as long while all people load"
    return Target(name, f"{times:.2f} times", times <= TIMES_IDLE)


# --- Ours ------------------------------------------------------------------------------------------------------------
class Worker:
    """A process that loads one file after the other, as the program's own worker does."""

    def __enter__(self) -> Self:
        start = multiprocessing.get_context("spawn")
        self._pipe, theirs = start.Pipe()
        names = {alias: str(connections[alias].settings_dict["NAME"]) for alias in ALIASES}
        self._process = start.Process(target=_work, args=(theirs, names))
        self._process.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._pipe.send(None)
        self._process.join()

    def load(self, kind: str, folder: Path, file: str, **expected: int) -> Loaded:
        self.begin(kind, folder, file, **expected)
        return self.wait()

    def begin(self, kind: str, folder: Path, file: str, **expected: int) -> None:
        self._pipe.send((kind, folder, file, expected))

    @property
    def is_busy(self) -> bool:
        return self._process.is_alive() and not self._pipe.poll()

    def wait(self) -> Loaded:
        found = self._pipe.recv()
        assert isinstance(found, Loaded), found
        return found


def _work(pipe: Connection, names: dict[str, str]) -> None:
    """What the process does: it answers each order, until there is none."""
    for alias, name in names.items():
        connections[alias].settings_dict["NAME"] = name
    with translation.override("en"):
        while order := pipe.recv():
            kind, folder, file, expected = order
            try:
                pipe.send(load(kind, files.read(folder, file), **expected))
            except Exception as error:
                pipe.send(repr(error))
                raise


def load_each(kind: str, count: int, folder: Path, worker: Worker, ours: dict[str, list[Loaded]]) -> None:
    """Each of the cells, and whether the tables then hold what the file says."""
    made = files.contents(count)
    clean()
    if kind == "attendance":
        worker.load("employees", folder, "people, CSV, new", created=count)
    empty, check = (clean, check_people) if kind == "people" else (clean_attendance, check_attendance)
    for cell, file, expected in cells(count):
        if "created" in expected:
            empty()
        content = made[f"{kind}, {file}"]
        note(ours, f"{kind}, {cell}", worker.load(content.kind, folder, f"{kind}, {file}", **expected))
        check([row for row in content.rows() if not {"31/02/2024", "perhaps"} & set(row)])


def cells(count: int) -> Iterator[tuple[str, str, dict[str, int]]]:
    """What is measured, the file it is loaded from, and what happens to how many rows; each after the one before."""
    for form in files.FORMS:
        yield f"{form}, new", f"{form}, new", {"created": count}
        yield f"{form}, unchanged", f"{form}, new", {"unchanged": count}
        changed = {"updated": count // 10, "unchanged": count - count // 10}
        yield f"{form}, 10 % changed", f"{form}, 10 % changed", changed
        yield f"{form}, new, 1 % faulty", f"{form}, new, 1 % faulty", {"created": count - count // 100}


def note(found: dict[str, list[Loaded]], name: str, loaded: Loaded) -> None:
    found.setdefault(name, []).append(loaded)
    print(f"{name}: check {loaded.check:.2f} s, apply {loaded.apply:.2f} s, {loaded.megabytes:.0f} MB", flush=True)


def load(kind: str, content: bytes, **expected: int) -> Loaded:
    """Load a file as a command does, all valid rows of it, and look that it did what it should."""
    job = imports.store(KINDS[kind], "bench", content, actor=None, options={"sha256": uuid4().hex * 2})
    del content
    settled()
    started = time.perf_counter()
    jobs.read_and_check(job.pk)
    checked = time.perf_counter()
    job.refresh_from_db()
    if job.created or job.updated:
        job = imports.confirm_own(job, actor=None, accept_valid=True)
        jobs.run(job.pk, source="cli")
    ended = time.perf_counter()
    job.refresh_from_db()
    assert job.rows
    counts = {name: getattr(job, name) for name in ("created", "updated", "unchanged") if getattr(job, name)}
    assert counts == expected, (counts, job.state, job.error)
    rows = ImportRow.objects.filter(job=job).exclude(written_version=None).count()
    assert rows == job.created + job.updated, rows
    return Loaded(checked - started, ended - checked, peak())


def told(name: str, found: Sequence[Loaded], count: int) -> Row:
    """Of what checks nothing, or writes nothing, there is no rate of it."""
    seconds = [each.seconds for each in found]
    check, apply = median([each.check for each in found]), median([each.apply for each in found])
    extra = {
        "rows": f"{count:,}",
        "rows/s": f"{count / median(seconds):,.0f}",
        "check rows/s": f"{count / check:,.0f}" if check else "",
        "apply rows/s": f"{count / apply:,.0f}" if apply > 0.01 * check else "",
        "MB": f"{max(each.megabytes for each in found):.0f}" if check and apply else "",
    }
    return Row(name, seconds, extra)


def lists_beside_a_load(folder: Path, count: int, worker: Worker) -> tuple[list[float], list[float]]:
    """Seconds of the first page of all people, as an HR manager asks for it: at rest, and until a load has ended."""
    clean()
    user = get_user_model().objects.create_user("bench", full_name="Bench")
    roles.sync_roles()
    user.groups.set(Group.objects.filter(name=roles.HR_MANAGER))
    client = Client()
    client.force_login(user)
    client.get(LIST)
    idle = [look(client) for _time in range(50)]
    loading = []
    worker.begin("employees", folder, "people, CSV, new", created=count)
    while worker.is_busy or not loading:
        loading.append(look(client))
        time.sleep(THINKING_SECONDS)
    worker.wait()
    print(f"lists: {1000 * median(idle):.0f} ms, beside a load {1000 * median(loading):.0f} ms", flush=True)
    clean()
    return idle, loading


def look(client: Client) -> float:
    started = time.perf_counter()
    response = client.get(LIST)
    seconds = time.perf_counter() - started
    assert response.status_code == 200
    assert ACTION_CHECKBOX_NAME in response.content.decode()
    return seconds


# --- Beside it -------------------------------------------------------------------------------------------------------
def beside(count: int, few: int, others: dict[str, list[Loaded]]) -> None:
    content = files.as_csv(files.HEADER, files.people(few))
    contenders: dict[str, Callable[[], Loaded]] = {
        PLAIN: lambda: row_by_row(stock.PlainResource, content, few),
        TUNED: lambda: row_by_row(stock.TunedResource, content, few),
        DRIVER: lambda: driver_alone(count),
    }
    if connections["business"].vendor == "mysql":
        contenders[LOAD_DATA] = lambda: load_data(count)
    for name, act in contenders.items():
        clean()
        with suppress(Unavailable):
            note(others, name, act())
    clean()


def row_by_row(resource: type[stock.PlainResource], content: bytes, count: int, *, dry_run: bool = True) -> Loaded:
    """Both passes, or the second alone."""
    clean()
    settled()
    started = time.perf_counter()
    if dry_run:
        assert stock.load(resource(), content, dry_run=True).totals["new"] == count
    checked = time.perf_counter()
    result = stock.load(resource(), content, dry_run=False)
    ended = time.perf_counter()
    assert result.totals["new"] == count, result.totals
    check_people(files.people(count))
    return Loaded(checked - started if dry_run else 0, ended - checked, peak())


def in_each_cell(few: int, others: dict[str, list[Loaded]]) -> None:
    """import-export in all cells of people, once: what is new from a CSV file has been measured in each round."""
    made = files.contents(few)
    clean()
    for cell, file, expected in cells(few):
        if "created" in expected:
            clean()
        content = made[f"people, {file}"]
        passes = two_passes(content.encoded(), expected, xlsx=content.xlsx)
        if cell != "CSV, new":
            note(others, f"{PLAIN}, {cell}, once", passes)
    clean()


def two_passes(content: bytes, expected: dict[str, int], *, xlsx: bool) -> Loaded:
    """Of a file with a faulty row its page shows the faults, and offers no second pass."""
    totals = {"created": "new", "updated": "update", "unchanged": "skip"}
    settled()
    started = time.perf_counter()
    preview = stock.load(stock.PlainResource(), content, dry_run=True, xlsx=xlsx)
    checked = time.perf_counter()
    if preview.has_validation_errors():
        assert preview.totals["invalid"] + preview.totals["new"] == preview.total_rows
        return Loaded(checked - started, 0, peak())
    result = stock.load(stock.PlainResource(), content, dry_run=False, xlsx=xlsx)
    ended = time.perf_counter()
    for name, count in expected.items():
        assert result.totals[totals[name]] == count, result.totals
    return Loaded(checked - started, ended - checked, peak())


def _columns(count: int) -> tuple[list[str], list[list[Any]]]:
    """The columns of the table and the values of all people, ready to be written."""
    units = dict(OrgUnit.objects.values_list("name", "pk"))
    positions = dict(Position.objects.values_list("title", "pk"))
    bosses = dict(Employee.objects.values_list("code", "pk"))
    connection = connections["business"]
    fields = [field for field in Employee._meta.concrete_fields if not field.primary_key]
    now = datetime.now(UTC)
    written = []
    for row in files.people(count):
        given = dict(zip(stock.COLUMNS, row, strict=True))
        values = given | {
            "uid": uuid4(), "org_unit": units[given["org_unit"]], "position": positions[given["position"]],
            "reports_to": bosses[given["reports_to"]], "version": 1, "created_at": now, "updated_at": now,
            "work_email": given["work_email"] or None, "status": "active", "ended_on": None,
            "search_text": fold(f"{given['last_name']} {given['first_name']} {given['code']}"), "search_personal": "",
        }  # fmt: skip
        written.append([field.get_db_prep_save(values[field.name], connection) for field in fields])
    return [field.column for field in fields], written


def driver_alone(count: int) -> Loaded:
    """The driver's fastest insert, and history by one statement."""
    columns, rows = _columns(count)
    marks, names = ", ".join(["%s"] * len(columns)), ", ".join(columns)
    with transaction.atomic(using="business"), connections["business"].cursor() as cursor:
        started = time.perf_counter()
        for first in range(0, len(rows), 2000):
            cursor.executemany(f"INSERT INTO hr_employee ({names}) VALUES ({marks})", rows[first : first + 2000])  # noqa: S608
        cursor.execute(
            f"INSERT INTO hr_historicalemployee (id, {names}, history_date, history_type, history_user_name, "  # noqa: S608
            f"history_source, history_request_id) SELECT id, {names}, updated_at, '+', '', '', '' FROM hr_employee "
            f"WHERE code NOT LIKE '{LEFT}%%'",
            [],
        )
    seconds = time.perf_counter() - started
    check_people(files.people(count))
    return Loaded(0, seconds, peak())


class Unavailable(Exception):
    """The server, or the client, takes no file."""


def load_data(count: int) -> Loaded:
    """LOAD DATA LOCAL of the same rows, without history."""
    import MySQLdb

    columns, rows = _columns(count)
    settings = connections["business"].settings_dict
    server = {"host": settings["HOST"], "user": settings["USER"], "password": settings["PASSWORD"]}
    if settings["PORT"]:
        server["port"] = int(settings["PORT"])
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".tsv") as file:
        for row in rows:
            file.write("\t".join("\\N" if value is None else str(value) for value in row) + "\n")
        file.flush()
        try:
            client = MySQLdb.connect(**server, database=settings["NAME"], charset="utf8mb4", local_infile=1)
            with client.cursor() as cursor:
                started = time.perf_counter()
                cursor.execute(
                    f"LOAD DATA LOCAL INFILE %s INTO TABLE hr_employee CHARACTER SET utf8mb4 ({', '.join(columns)})",
                    [file.name],
                )
                client.commit()
        except MySQLdb.Error as error:
            raise Unavailable from error
        seconds = time.perf_counter() - started
        client.close()
    check_people(files.people(count))
    return Loaded(0, seconds, peak())


# --- Faults ----------------------------------------------------------------------------------------------------------
def find_seeded() -> tuple[Target, str]:
    """How many of ten faulty cells each names with row and column."""
    rows, faults = files.seeded()
    content = files.as_csv(files.HEADER, rows)
    plan = engine.check(engine.read_file(content, KINDS["employees"]), KINDS["employees"], user=None)
    found = {(row.number, error.column) for _place, row in plan.findings() for error in row.errors}
    result = stock.load(stock.PlainResource(), content, dry_run=False)
    named = {row.number + 1 for row in result.invalid_rows} | {number + 1 for number, _errors in result.row_errors()}
    clean()
    told = f"{len(faults & found)} of {len(faults)}"
    by_stock = f"{len({number for number, _column in faults} & named)}, by the row"
    return Target("ten seeded faults are found, each with row and column", told, faults <= found), by_stock


# --- The company and its tables --------------------------------------------------------------------------------------
def found_company() -> None:
    create_org_units([NewOrgUnit(code=f"U{n}", name=files.unit_of(n)) for n in range(files.UNITS)], actor=None)
    create_positions(
        [NewPosition(code=f"P{n}", title=files.position_of(n)) for n in range(files.POSITIONS)], actor=None
    )
    unit = OrgUnit.objects.first()
    assert unit
    hired = datetime(2000, 1, 1, tzinfo=UTC).date()
    bosses = [
        NewEmployee(code=files.boss_of(n), first_name="Ana", last_name="Gil", hired_on=hired, org_unit_id=unit.pk)
        for n in range(files.BOSSES)
    ]
    hire_employees(bosses, actor=None)
    kind = EventKind.objects.create(code="BENCH", name="Bench")
    now = datetime.now(UTC)
    for number in range(files.EVENTS):
        Event.objects.create(
            code=files.event_of(number), title=files.event_of(number), kind=kind, starts_at=now, ends_at=now.replace(
                year=now.year + 1
            ), state="in_progress",
        )  # fmt: skip


def clean_attendance() -> None:
    """Without attendance, and without loads."""
    empty(Attendance, Attendance.history.model, Evaluation, Evaluation.history.model, OutboxMessage, ImportRow)
    Event.objects.update(seats_taken=0)
    ImportJob.objects.all().delete()


def clean() -> None:
    """Without everything but the company, and with statistics as a database in use has them."""
    clean_attendance()
    empty(Employee.history.model)
    Employee.objects.exclude(code__startswith=LEFT).order_by()._raw_delete("business")
    with connections["business"].cursor() as cursor:
        embedded = connections["business"].vendor == "sqlite"
        cursor.execute("ANALYZE" if embedded else "ANALYZE TABLE hr_employee, hr_attendance, hr_importrow")
        cursor.fetchall()


def empty(*models: type[Model]) -> None:
    """Without any row. MySQL deletes a hundred thousand rows one by one, and cuts tables off at once."""
    connection = connections["business"]
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for model in models:
            verb = "TRUNCATE TABLE" if connection.vendor == "mysql" else "DELETE FROM"
            cursor.execute(f"{verb} {model._meta.db_table}")


def check_people(rows: Iterable[files.Row]) -> None:
    """The table holds exactly what the rows say."""
    expected = {
        (row[0], row[1], row[2], row[4], row[5] or None, row[6], row[7], *map(day, row[8:10]), *row[10:])
        for row in rows
    }
    assert expected
    people = list(Employee.objects.exclude(code__startswith=LEFT).order_by().values_list(*COMPARED))
    assert set(people) == expected
    assert len(people) == len(expected)


def check_attendance(rows: Iterable[files.Row]) -> None:
    expected = {tuple(row) for row in rows}
    assert expected
    found = Attendance.objects.order_by().values_list("event__code", "employee__code", "status", "outcome")
    assert set(found) == expected


def day(text: str) -> Any:
    return datetime.fromisoformat(text).date()


if __name__ == "__main__":
    sys.exit(main())
