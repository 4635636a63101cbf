import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event, Thread

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.db.utils import ConnectionHandler

from backoffice.locks import migration_lock
from tests.access.turns import ON_SERVERS
from tests.schema import described


def tables(path):
    with closing(sqlite3.connect(path)) as database:
        return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


@pytest.mark.skipif(ON_SERVERS, reason="the servers' databases are migrated")
@pytest.mark.django_db
def test_several_at_once_make_both_databases_once(manage, tmp_path):
    """The tables are those on which the suite runs, which tests/schema.py makes from the models."""
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: manage("migrate_all", "--verbosity", "0", timeout=120), range(3)))

    assert [(result.returncode, result.stderr) for result in results] == [(0, "")] * 3
    assert "cache" in tables(tmp_path / "identity.sqlite3")
    for alias, name in (("default", "identity"), ("business", "business")):
        made = ConnectionHandler({"default": connection.settings_dict | {"NAME": tmp_path / f"{name}.sqlite3"}})
        assert described(connections[alias]) == described(made["default"])
        assert recorded(connections[alias]) == recorded(made["default"])
        made["default"].close()

    again = manage("migrate_all")
    assert (again.returncode, again.stdout.count("No migrations to apply.")) == (0, 2)


def recorded(database):
    with database.cursor() as cursor:
        return set(cursor.execute("SELECT app, name FROM django_migrations").fetchall())


@pytest.mark.servers
def test_several_at_once_on_empty_servers(manage, empty_servers):
    with ThreadPoolExecutor(3) as pool:
        results = list(
            pool.map(lambda _: manage("migrate_all", "--verbosity", "0", timeout=120, **empty_servers), range(3))
        )

    assert [(result.returncode, result.stderr) for result in results] == [(0, "")] * 3
    result = manage("migrate_all", **empty_servers)
    assert result.stdout.count("No migrations to apply.") == 2


@pytest.fixture
def empty_servers(django_db_blocker):
    """The variables of two new, empty databases on the real servers."""
    name = f"evaltrack_empty_{os.getpid()}"
    servers = {alias: connections.create_connection(alias) for alias in connections}
    servers["default"].settings_dict = servers["default"].settings_dict | {"NAME": "postgres"}
    servers["business"].settings_dict = servers["business"].settings_dict | {"NAME": ""}
    statements = {"default": "", "business": " CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"}

    def on_servers(statement, options=None):
        for alias, server in servers.items():
            with django_db_blocker.unblock(), server.cursor() as cursor:
                cursor.execute(f"{statement} {name}{(options or {}).get(alias, '')}")

    on_servers("DROP DATABASE IF EXISTS")
    on_servers("CREATE DATABASE", statements)
    yield {
        "APP_ENV": "local",
        "DB_CONNECTION": "pgsql",
        "DB_PGSQL_DATABASE": name,
        "DB_DATABASE": name,
    } | {key: value for key, value in os.environ.items() if key.startswith("DB_") and key != "DB_CONNECTION"}
    on_servers("DROP DATABASE")
    for server in servers.values():
        server.close()


@pytest.mark.django_db(transaction=True)
def test_only_one_holds_the_lock(settings, tmp_path):
    settings.APP_DATA_DIR = tmp_path
    second_has_it = Event()

    def second():
        with migration_lock():
            second_has_it.set()
        connections.close_all()

    thread = Thread(target=second)
    with migration_lock():
        thread.start()
        assert not second_has_it.wait(0.5)
    assert second_has_it.wait(10)
    thread.join()


@pytest.mark.django_db
def test_migrate_of_one_app_still_works(capsys):
    call_command("migrate", "hr", database="business", verbosity=1, interactive=False)

    assert "No migrations to apply." in capsys.readouterr().out
