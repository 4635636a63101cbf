"""Whether anything was changed: by the statements sent, and by every row of the tables they wrote to."""

import re
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from django.apps import apps
from django.db import connections

from tests.conftest import DATABASES, undone

# What a request may leave behind whoever sends it: its session, and that it was refused.
LEFT_BEHIND = {"hr_deniedattempt", "hr_lease"}
# Gets a row whenever a file goes out; those that are there are watched.
LOGGED = {"hr_exportlog"}
GUARDED_APPS = ("core", "hr", "auth", "axes")
WRITE = re.compile(r'\s*(?:INSERT(?: OR IGNORE)? INTO|UPDATE|DELETE FROM|REPLACE INTO)\s+["`]?(\w+)', re.I)


class Watch:
    """Knows what every table held when the world was new."""

    def __init__(self) -> None:
        self.new = self.rows()

    def rows(self, tables: Collection[str] | None = None) -> dict[str, dict[str, str]]:
        """Every row of every table of ours, or of these, by table and key: accounts, groups and grants included."""
        return {
            table: {str(row[0]): repr(row) for row in self._read(alias, table)}
            for alias, table in self._tables()
            if tables is None or table in tables
        }

    def changed(self, tables: Collection[str] | None = None) -> dict[str, dict[str, str]]:
        """The rows, of all tables or of these, that are others than in the new world: what they are now, '' if gone."""
        found = {}
        for table, rows in self.rows(tables).items():
            new = self.new[table]
            known = new if table in LOGGED else rows | new
            found[table] = {key: rows.get(key, "") for key in known if rows.get(key) != new.get(key)}
        return {table: rows for table, rows in found.items() if rows}

    def assert_unchanged(self, told: str, tables: Collection[str] | None = None) -> None:
        changed = self.changed(tables)
        assert not changed, f"{told} changed {list(changed)}"

    @contextmanager
    def noting(self) -> Iterator[set[str]]:
        """The tables that are written to inside."""
        written: set[str] = set()

        def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            match = WRITE.match(sql)
            if match and match[1] in self.new:
                written.add(match[1])
            return execute(sql, params, many, context)

        with ExitStack() as stack:
            for name in DATABASES:
                stack.enter_context(connections[name].execute_wrapper(note))
            yield written

    @contextmanager
    def unchanged(self, told: str) -> Iterator[None]:
        """Fails if a row is another afterwards. Rows are read only if something was written at all."""
        with self.noting() as written:
            yield
        self.assert_unchanged(told, written)

    @staticmethod
    def undone() -> AbstractContextManager[None]:
        return undone()

    @staticmethod
    def _tables() -> list[tuple[str, str]]:
        found = []
        for model in apps.get_models(include_auto_created=True):
            if model._meta.app_label in GUARDED_APPS and model._meta.db_table not in LEFT_BEHIND:
                alias = "business" if model._meta.app_label == "hr" else "default"
                found.append((alias, model._meta.db_table))
        return found

    @staticmethod
    def _read(alias: str, table: str) -> list[tuple[Any, ...]]:
        connection = connections[alias]
        # Not when somebody was last here.
        columns = "*" if table != "core_user" else "id, username, password, full_name, email, is_active, is_superuser"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {columns} FROM {connection.ops.quote_name(table)}")
            return cursor.fetchall()
