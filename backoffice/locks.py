"""One lock over all processes and hosts, held on a connection of its own."""

import fcntl
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
