"""Whether anything was changed: by the statements sent, and by a sum over every row."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from django.apps import apps
from django.db import connections

from tests.conftest import DATABASES, undone

# What a request may leave behind whoever sends it: its session, and that it was refused.
LEFT_BEHIND = {"hr_deniedattempt", "hr_lease"}
GUARDED_APPS = ("core", "hr", "auth", "axes")
WRITE = re.compile(r'\s*(?:INSERT(?: OR IGNORE)? INTO|UPDATE|DELETE FROM|REPLACE INTO)\s+["`]?(\w+)', re.I)


class Watch:
    """Knows what every table held when the world was new."""

    def __init__(self) -> None:
        self.new = self.sums()

    def sums(self) -> dict[str, str]:
        """A checksum of all rows of every table of ours, accounts, groups and grants included."""
        return {table: self._sum(alias, table) for alias, table in self._tables()}

    def rows(self) -> dict[str, dict[str, str]]:
        """Every row of every table, by table and key."""
        return {table: {str(row[0]): repr(row) for row in self._read(alias, table)} for alias, table in self._tables()}

    def assert_unchanged(self, told: str) -> None:
        now = self.sums()
        changed = [table for table, value in now.items() if value != self.new[table]]
        assert not changed, f"{told} changed {changed}"

    @contextmanager
    def unchanged(self, told: str) -> Iterator[None]:
        """Fails if a row is another afterwards. Sums are taken only if something was written at all."""
        written: list[str] = []

        def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            match = WRITE.match(sql)
            if match and match[1] in self.new:
                written.append(match[1])
            return execute(sql, params, many, context)

        with ExitStack() as stack:
            for name in DATABASES:
                stack.enter_context(connections[name].execute_wrapper(note))
            yield
        if written:
            self.assert_unchanged(told)

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

    def _sum(self, alias: str, table: str) -> str:
        return hashlib.sha256("\n".join(sorted(map(repr, self._read(alias, table)))).encode()).hexdigest()

    @staticmethod
    def _read(alias: str, table: str) -> list[tuple[Any, ...]]:
        connection = connections[alias]
        # Not when somebody was last here.
        columns = "*" if table != "core_user" else "id, username, password, full_name, email, is_active, is_superuser"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {columns} FROM {connection.ops.quote_name(table)}")
            return cursor.fetchall()
