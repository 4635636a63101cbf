from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connections

from backoffice.locks import migration_lock
from backoffice.routers import HOMES

UNLIMITED = ["read_timeout", "write_timeout"]


class Command(BaseCommand):
    help = "Migrates both databases, then brings the cache table and the roles up to date. Safe to run at once."

    def handle(self, *args: Any, verbosity: int, **options: Any) -> None:
        with migration_lock():
            for alias in HOMES:
                self.let_it_take_its_time(alias)
                call_command("migrate", database=alias, interactive=False, verbosity=verbosity)
            call_command("createcachetable", verbosity=verbosity)
            call_command("sync_roles", verbosity=verbosity)

    def let_it_take_its_time(self, alias: str) -> None:
        """A table of a million rows may be rewritten for longer than any request may wait."""
        connection = connections[alias]
        connection.close()
        for option in UNLIMITED:
            connection.settings_dict["OPTIONS"].pop(option, None)
