"""The tables of the embedded databases, made from the models in a second: to migrate takes each worker fifteen.

tests/backoffice/test_migrate_all.py holds that they are those which the migrations make. The servers' are migrated.
"""

import re
from collections.abc import Iterator
from typing import Any

from django.core.management.commands import migrate
from django.core.management.sql import emit_post_migrate_signal
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from backoffice.routers import database_of


def make_tables(command: migrate.Command, *args: object, database: str, verbosity: int, **options: Any) -> None:
    """What `migrate` leaves behind in one empty database."""
    connection = connections[database]
    command.verbosity = verbosity
    known = MigrationLoader(connection).disk_migrations
    # All are recorded in `default`, those of its own apps alone in `business` (backoffice's `migrate`).
    done = [key for key in known if database == "default" or database_of(key[0]) == database]
    command.sync_apps(connection, {app for app, _name in done})
    recorder = MigrationRecorder(connection)
    recorder.ensure_schema()
    for key in done:
        recorder.record_applied(*key)
    emit_post_migrate_signal(verbosity, False, database)


def described(connection: BaseDatabaseWrapper) -> dict[str, list[str]]:
    """Of an SQLite database each table and index, as the parts of its definition, whatever their order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%'")
        return {name: sorted(_parts(sql)) for name, sql in cursor.fetchall()}


def _parts(sql: str) -> Iterator[str]:
    """`CREATE TABLE x`, and each column and constraint between the outermost brackets."""
    head, _, body = re.sub(r"\s+", " ", sql).partition("(")
    yield head.strip()
    depth, part = 0, ""
    for character in body:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if (character == "," and depth == 0) or depth < 0:
            yield part.strip()
            depth, part = max(depth, 0), ""
        else:
            part += character
    if part.strip():
        yield part.strip()
