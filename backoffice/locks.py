"""One lock over all processes and hosts, held on a connection of its own."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connections

# Any number, as long as nothing else in this database uses the same one.
MIGRATION_LOCK = 7_301_482


@contextmanager
def migration_lock() -> Iterator[None]:
    """Wait until no other process migrates.

    The lock is in `default` alone, since the two databases are always migrated together (and a Galera node
    refuses GET_LOCK). It belongs to a transaction, not to a session, so that it also holds through pgbouncer.
    """
    if connections["default"].vendor == "sqlite":
        with file_lock(Path(settings.APP_DATA_DIR) / "migrate.lock"):
            yield
        return
    connection = connections.create_connection("default")
    try:
        connection.set_autocommit(False)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MIGRATION_LOCK])
        yield
    finally:
        connection.close()


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def folder_lock(folder: Path, *, alone: bool) -> Iterator[None]:
    """Hold the data folder beside others, or `alone`: then BlockingIOError while anybody else holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)
