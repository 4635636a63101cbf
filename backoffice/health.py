"""Whether this process can serve: what it needs, and whether what works behind it goes on (docs/operations.md)."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from functools import cache, partial
from threading import Lock, Thread
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django_redis import get_redis_connection

from backoffice.routers import database_of
from core.replica import REPLICA
from core.tracebacks import kind_of
from hr import vitals

LIMIT_SECONDS = 1.0
# The name of each database in health and metrics. Without one of them there are no pages.
DATABASES = {"default": "identity", "business": "business"}
# Of every connection, in metrics and traces.
NAMES = DATABASES | {REPLICA: "replica"}
# What makes a connection give up soon. libpq waits no less than 2 seconds.
IMPATIENT: dict[str, tuple[str, ...]] = {
    "postgresql": ("connect_timeout",),
    "mysql": ("connect_timeout", "read_timeout", "write_timeout"),
    "sqlite": (),
}
READY, DEGRADED, UNAVAILABLE = "ready", "degraded", "unavailable"


class Watch:
    """Something to look at that may hang.

    A thread looks, never more than one at a time, and who asks need not wait for it. What it found is new enough for
    `fresh_seconds`, so that no number of callers makes it look more often.
    """

    def __init__(self, look: Callable[[], Any], *, fresh_seconds: float = 1.0) -> None:
        self.look = look
        self.fresh_seconds = fresh_seconds
        self._lock = Lock()
        self._found: Future[Any] | None = None
        self._ended = 0.0

    def ask(self) -> "Future[Any]":
        """What is found, or was found just now."""
        with self._lock:
            if self._found is None or (self._found.done() and time.monotonic() - self._ended >= self.fresh_seconds):
                self._found = Future()
                Thread(target=self._run, args=[self._found], daemon=True).start()
            return self._found

    def _run(self, found: "Future[Any]") -> None:
        try:
            result = self.look()
        except Exception as error:
            self._ended = time.monotonic()
            found.set_exception(error)
        else:
            self._ended = time.monotonic()
            found.set_result(result)


def asked(watches: Mapping[str, Watch]) -> dict[str, Any]:
    """What each found, or its error: all of them at once, and within LIMIT_SECONDS."""
    deadline = time.monotonic() + LIMIT_SECONDS
    waiting = {name: watch.ask() for name, watch in watches.items()}
    found: dict[str, Any] = {}
    for name, future in waiting.items():
        try:
            found[name] = future.result(timeout=max(deadline - time.monotonic(), 0))
        except Exception as error:
            found[name] = error
    return found


@contextmanager
def own_connection(alias: str, *, seconds: int = 1) -> Iterator[BaseDatabaseWrapper]:
    """Within the block this thread asks the database over a new connection, which gives up after so many seconds."""
    connection = connections.create_connection(alias)
    options = connection.settings_dict["OPTIONS"] | dict.fromkeys(IMPATIENT[connection.vendor], seconds)
    connection.settings_dict = connection.settings_dict | {"OPTIONS": options}
    connections[alias] = connection
    try:
        yield connection
    finally:
        connection.close()
        del connections[alias]


# --- What is looked at ------------------------------------------------------------------------------------------------
def look_at_database(alias: str) -> dict[str, Any]:
    """How long it took to answer, which migrations it lacks, and how many connections it has and may have."""
    began = time.monotonic()
    with own_connection(alias) as connection:
        lacking = migrations_of(alias) - set(MigrationRecorder(connection).applied_migrations())
        taken = time.monotonic() - began
        return {"seconds": round(taken, 4), "unapplied": len(lacking), **connections_of(connection)}


@cache
def migrations_of(alias: str) -> frozenset[tuple[str, str]]:
    """Those that `migrate_all` leaves behind in the database, as this version has them."""
    every = MigrationLoader(None, ignore_no_migrations=True).graph.nodes
    return frozenset(key for key in every if alias == "default" or database_of(key[0]) == alias)


CONNECTIONS = {
    "postgresql": (
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'",
        "SELECT setting FROM pg_settings WHERE name = 'max_connections'",
    ),
    "mysql": ("SHOW GLOBAL STATUS LIKE 'Threads_connected'", "SHOW GLOBAL VARIABLES LIKE 'max_connections'"),
}


def connections_of(connection: BaseDatabaseWrapper) -> dict[str, int]:
    """How many the server has, of everybody, and how many it takes; {} of a file."""
    numbers = []
    for statement in CONNECTIONS.get(connection.vendor, ()):
        with connection.cursor() as cursor:
            cursor.execute(statement)
            numbers.append(int(cursor.fetchone()[-1]))
    return dict(zip(("connections", "connections_limit"), numbers, strict=False))


def look_at_redis() -> dict[str, Any]:
    began = time.monotonic()
    get_redis_connection("default").ping()
    return {"seconds": round(time.monotonic() - began, 4)}


def look_at_work() -> dict[str, Any]:
    with own_connection("business"):
        return {"backlogs": vitals.backlogs(), "clock": vitals.seconds_since_clock()}


WATCHES = {name: Watch(partial(look_at_database, alias)) for alias, name in DATABASES.items()}
if settings.REDIS_HOST:
    WATCHES["redis"] = Watch(look_at_redis)
WORK = {"work": Watch(look_at_work)}


# --- What is told -----------------------------------------------------------------------------------------------------
def is_up(found: Any) -> bool:
    """Whether a part of WATCHES serves."""
    return not isinstance(found, Exception) and not found.get("unapplied")


def word_for(found: Mapping[str, Any]) -> str:
    """A cache that is lost makes pages slow; a database that is lost, or behind this version, leaves none."""
    lost = {name for name in WATCHES if not is_up(found[name])}
    return UNAVAILABLE if lost & set(DATABASES.values()) else DEGRADED if lost else READY


def told(found: Mapping[str, Any]) -> dict[str, Any]:
    """All that was found, for JSON."""
    work = found["work"]
    return {
        "status": word_for(found),
        "version": settings.APP_VERSION,
        "commit": settings.APP_COMMIT,
        "colour": settings.APP_COLOUR,
        "checks": {name: _told(found[name]) for name in WATCHES},
        "work": _told(work)
        if isinstance(work, Exception)
        else {
            "status": "up",
            "clock": {"seconds_since_round": work["clock"]},
            **{name: vars(backlog) for name, backlog in work["backlogs"].items()},
        },
    }


def _told(found: Any) -> dict[str, Any]:
    if isinstance(found, Exception):
        return {"status": "down", "error": kind_of(found)}
    return {"status": "up" if is_up(found) else "unmigrated", **found}
