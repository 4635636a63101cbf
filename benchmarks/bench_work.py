"""Fifty people at work for five minutes: this product beside Django's admin of the same models, on the same data.

Each contender is served by gunicorn with two processes of four threads, as a deployment has them, and each of the fifty
has a session of his own. Before the time begins everybody opens a short list and a form: processes read their templates
then. Of a hundred things they do 70 are lists, 25 forms and 5 changes (benchmarks/colleague.py).
Both get the same orders, in the same order. Run it with `make bench-work`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from statistics import quantiles

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
os.environ["APP_ENV"] = "testing"
os.environ.setdefault("LOG_LEVEL", "warning")
os.environ.setdefault("TEST_DB_SUFFIX", "bench")

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.test.utils import setup_databases, teardown_databases  # noqa: E402

from benchmarks.colleague import DOES, PATIENCE_SECONDS, Colleague, Done  # noqa: E402
from benchmarks.company import ALIASES, count_figures, enrol, on_disk  # noqa: E402
from benchmarks.report import ROOT, Row, Target, publish  # noqa: E402
from core.models import User  # noqa: E402
from hr.models import Attendance, Employee  # noqa: E402

# The settings of each contender, and how its sessions were logged in.
CONTENDERS = {
    "ours": ("backoffice.settings", "core.auth.LoginBackend"),
    "plain admin": ("benchmarks.stock.settings", "django.contrib.auth.backends.ModelBackend"),
}
OURS, STOCK = CONTENDERS
THINKING_SECONDS = (2.0, 6.0)
PROCESSES, THREADS = 2, 4


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of attendance")
    parser.add_argument("--employees", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=50, help="at work")
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--quick", action="store_true", help="little data and a few seconds: whether it runs")
    wanted = parser.parse_args()
    thinking = THINKING_SECONDS
    if wanted.quick:
        wanted.rows, wanted.employees, wanted.people, wanted.seconds, thinking = 2_000, 500, 8, 6, (0.1, 0.4)
    with on_disk():
        databases = setup_databases(verbosity=0, interactive=False, aliases=ALIASES)
        try:
            return measure(wanted, thinking)
        finally:
            teardown_databases(databases, verbosity=0)


def measure(wanted: argparse.Namespace, thinking: tuple[float, float]) -> int:
    call_command("seed_demo", employees=wanted.employees, without_events=True, verbosity=0)
    enrol(wanted.rows)
    count_figures()
    users = [User.objects.create_superuser(f"bench-{number}", "bench") for number in range(wanted.people)]
    rows, targets, worst = [], [], {}
    for name, (module, backend) in CONTENDERS.items():
        sessions = [session_of(user, backend) for user in users]
        connections.close_all()
        with served(module) as port:
            done = at_work(port, sessions, wanted.seconds, thinking)
        errors = [each for each in done if each.error]
        for error, times in Counter(each.error for each in errors).most_common(5):
            print(f"{name}: {times} times {error[:200]!r}", flush=True)
        rows += [row(name, what, done, wanted.seconds) for what in DOES]
        rows.append(row(name, "all", done, wanted.seconds))
        worst[name] = percentiles(done)[95]
        if name == OURS:
            targets.append(Target("no error", f"{len(errors)} of {len(done):,}", not errors))
    found = f"{worst[OURS]:.2f} s, plain admin {worst[STOCK]:.2f} s"
    targets.append(Target("19 of 20 answers come sooner than the plain admin's", found, worst[OURS] <= worst[STOCK]))
    facts = {
        "people at work": wanted.people,
        "seconds": wanted.seconds,
        "thinking": f"{thinking[0]:g}–{thinking[1]:g} s",
    }
    facts |= {"attendance": f"{Attendance.objects.count():,}", "employees": f"{Employee.objects.count():,}"}
    vendor = connections["business"].vendor
    return publish(f"work-{vendor}", f"People at work, {vendor}", rows, targets, facts, trial=wanted.quick)


def session_of(user: User, backend: str) -> str:
    """The key of a new session."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session.update({SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: backend})
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


@contextmanager
def served(module: str) -> Iterator[int]:
    """The port at which a contender answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    names = {alias: str(connections[alias].settings_dict["NAME"]) for alias in ALIASES}
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "benchmarks.served", "--bind", f"127.0.0.1:{port}"),
            *("--worker-class", "gthread", "--workers", str(PROCESSES), "--threads", str(THREADS)),
            *("--timeout", str(PATIENCE_SECONDS), "--log-level", "warning", "--preload"),
        ],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": module, "BENCH_NAMES": json.dumps(names)},
    )
    try:
        for _attempt in range(300):
            assert server.poll() is None, f"{module} does not start"
            with socket.socket() as answering:
                if answering.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait()


def at_work(port: int, sessions: Sequence[str], seconds: float, thinking: tuple[float, float]) -> list[Done]:
    """All that everybody did. The orders are the same for all contenders."""
    lists = addresses()
    people = list(Employee.objects.filter(status="active").order_by("pk").values_list("pk", flat=True))
    chance = random.Random(6)
    chosen = [chance.choice(people) for _person in range(min(len(people), 2_000))]
    colleagues = [
        Colleague(port, session, lists, chosen[number :: len(sessions)], thinking, random.Random(number))
        for number, session in enumerate(sessions)
    ]
    connections.close_all()
    at_once([colleague.arrive for colleague in colleagues])
    until = time.monotonic() + seconds
    at_once([partial(colleague.work, until) for colleague in colleagues])
    return [each for colleague in colleagues for each in colleague.done]


def at_once(acts: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def addresses() -> list[str]:
    """The lists that are looked at, each as often as it stands here; both contenders understand them."""
    event, status = Attendance.objects.order_by("-pk").values_list("event", "status")[0]
    codes = Employee.objects.order_by("pk").values_list("code", flat=True)[10:20]
    attendance, employees = "/hr/attendance/", "/hr/employee/"
    return [
        *[attendance, employees] * 4,
        *[f"{attendance}?p={page}" for page in (2, 3, 10)],
        *[f"{employees}?p={page}" for page in (2, 3, 10)],
        f"{attendance}?status__exact=confirmed",
        f"{attendance}?event__id__exact={event}&status__exact={status}",
        f"{employees}?status__exact=suspended",
        *[f"{where}?q={code}" for code in codes for where in (attendance, employees)][:6],
    ]


def percentiles(done: Sequence[Done]) -> dict[int, float]:
    """Seconds by percent."""
    seconds = [each.seconds for each in done]
    found = quantiles(seconds, n=100) if len(seconds) > 1 else seconds * 99
    return {percent: found[percent - 1] for percent in (50, 95, 99)}


def row(name: str, what: str, done: Sequence[Done], seconds: float) -> Row:
    chosen = [each for each in done if what in ("all", each.what)]
    found = percentiles(chosen) if chosen else dict.fromkeys((50, 95, 99), 0.0)
    extra = {
        "answers": f"{len(chosen):,}",
        "a second": f"{len(chosen) / seconds:.1f}",
        "errors": sum(bool(each.error) for each in chosen),
        **{f"p{percent} ms": f"{1000 * time_:.0f}" for percent, time_ in found.items()},
    }
    print(f"{name}, {what}: {extra}", flush=True)
    return Row(f"{name}, {what}", [each.seconds for each in chosen] or [0.0], extra)


if __name__ == "__main__":
    sys.exit(main())
