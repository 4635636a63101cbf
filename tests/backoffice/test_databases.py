import time

import pytest
from django.db import connections
from django.db.utils import OperationalError

from backoffice.apps import knows_join_limit


def value(alias, statement):
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[-1]


def test_the_embedded_files_wait_their_turn_and_keep_their_references(manage, tmp_path):
    code = """
import sqlite3
from django.db import connections, transaction

for alias in ("default", "business"):
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        names = ("journal_mode", "busy_timeout", "foreign_keys")
        print([cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in names])
        other = sqlite3.connect(connections[alias].settings_dict["NAME"], timeout=0)
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            print(error)
"""
    result = manage("shell", "--verbosity", "0", "-c", code)

    assert result.stdout.splitlines() == ["['wal', 20000, 1]", "database is locked"] * 2


@pytest.mark.servers
@pytest.mark.django_db
def test_business_is_strict_utf8mb4_and_read_committed():
    mariadb = connections["business"].mysql_is_mariadb
    isolation = "tx_isolation" if mariadb else "transaction_isolation"

    assert value("business", f"SELECT @@{isolation}") == "READ-COMMITTED"
    assert "STRICT_TRANS_TABLES" in value("business", "SELECT @@sql_mode")
    assert value("business", "SELECT @@character_set_connection") == "utf8mb4"
    assert value("business", "SELECT @@character_set_database") == "utf8mb4"


@pytest.mark.servers
@pytest.mark.django_db
def test_mariadb_prefers_the_index_an_ordered_page_needs():
    connection = connections["business"]
    if not (connection.mysql_is_mariadb and knows_join_limit(connection.mysql_version)):
        pytest.skip("this server does not know optimizer_join_limit_pref_ratio")

    assert value("business", "SELECT @@optimizer_join_limit_pref_ratio") == 50


@pytest.mark.parametrize(
    ("version", "known"),
    [
        ((10, 6, 19), False),
        ((10, 6, 20), True),
        ((10, 8, 99), False),
        ((10, 11, 9), False),
        ((10, 11, 10), True),
        ((11, 1, 6), False),
        ((11, 2, 6), True),
        ((11, 3, 2), False),
        ((11, 4, 3), False),
        ((11, 4, 4), True),
        ((11, 8, 0), True),
        ((12, 0, 1), True),
    ],
)
def test_which_mariadb_knows_the_optimizer_setting(version, known):
    assert knows_join_limit(version) is known


def test_connections_are_kept_checked_and_give_up_in_seconds(settings_of):
    databases = settings_of(APP_ENV="local", DB_CONNECTION="pgsql").DATABASES

    kept = [(database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"]) for database in databases.values()]
    assert kept == [(600, True), (600, True)]
    postgresql, mysql = (databases[alias]["OPTIONS"] for alias in ("default", "business"))
    assert (postgresql["connect_timeout"], postgresql["tcp_user_timeout"]) == (5, 60_000)
    assert [mysql[f"{step}_timeout"] for step in ("connect", "read", "write")] == [5, 60, 60]


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_a_business_server_that_hangs_is_given_up():
    connection = connections.create_connection("business")
    connection.settings_dict = connection.settings_dict | {
        "OPTIONS": connection.settings_dict["OPTIONS"] | {"read_timeout": 1}
    }
    started = time.monotonic()

    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT SLEEP(20)")

    connection.close()
    assert time.monotonic() - started < 10


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_a_connection_the_server_closed_is_replaced(django_db_blocker):
    for alias, who, kill in [
        ("default", "SELECT pg_backend_pid()", "SELECT pg_terminate_backend(%s)"),
        ("business", "SELECT CONNECTION_ID()", "KILL %s"),
    ]:
        connection, other = connections[alias], connections.create_connection(alias)
        number = value(alias, who)
        with other.cursor() as cursor:
            cursor.execute(kill, [number])
        other.close()

        connection.close_if_unusable_or_obsolete()

        assert value(alias, who) != number
