"""Backup and restore on PostgreSQL and MariaDB or MySQL, by users who own their two databases and nothing else."""

import os
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from django.db import connections

from tests.deploy.conftest import tool
from tests.deploy.recovery import Recovery

pytestmark = pytest.mark.servers
SECRET = 'sentinel:\\"#pass word'
NAME = f"evaltrack_try_{os.getpid()}"
COPY = f"{NAME}_copy"


class Servers:
    """Two databases and two empty ones, with a table `probe` in the first two."""

    def __init__(self):
        self.identity, self.business = (connections[alias].settings_dict for alias in ("default", "business"))

    def variables(self):
        return {
            "DB_CONNECTION": "pgsql",
            "DB_PGSQL_HOST": self.identity["HOST"],
            "DB_PGSQL_PORT": str(self.identity["PORT"]),
            "DB_PGSQL_DATABASE": NAME,
            "DB_PGSQL_USERNAME": NAME,
            "DB_PGSQL_PASSWORD": SECRET,
            "DB_HOST": self.business["HOST"],
            "DB_PORT": str(self.business["PORT"]),
            "DB_DATABASE": NAME,
            "DB_USERNAME": NAME,
            "DB_PASSWORD": SECRET,
        }

    def postgresql(self, name="postgres", **who):
        row = self.identity
        who = {"user": row["USER"], "password": row["PASSWORD"] or None} | who
        return psycopg.connect(host=row["HOST"], port=row["PORT"], dbname=name, autocommit=True, **who)

    def mysql(self, name="", **who):
        import MySQLdb

        row = self.business
        who = {"user": row["USER"], "password": row["PASSWORD"]} | who
        return MySQLdb.connect(host=row["HOST"], port=int(row["PORT"]), database=name, autocommit=True, **who)

    def make(self):
        with self.postgresql() as identity, closing(self.mysql()) as business:
            identity.execute(
                psycopg.sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(psycopg.sql.Identifier(NAME), SECRET)
            )
            business.cursor().execute(f"CREATE USER '{NAME}'@'%%' IDENTIFIED BY %s", [SECRET])
            identity.execute(f"ALTER ROLE {NAME} CREATEDB")
            business.cursor().execute(f"GRANT ALL ON {NAME}_rehearsal.* TO '{NAME}'@'%'")
            for name in (NAME, COPY):
                identity.execute(f"CREATE DATABASE {name} OWNER {NAME}")
                business.cursor().execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
                business.cursor().execute(f"GRANT ALL ON {name}.* TO '{NAME}'@'%'")
        with self.postgresql(NAME) as identity, closing(self.mysql(NAME)) as business:
            identity.execute(f"SET ROLE {NAME}")
            identity.execute("CREATE TABLE probe (n int PRIMARY KEY, at timestamptz, data bytea, word text)")
            identity.execute(r"INSERT INTO probe VALUES (0, now(), '\x00ff0a', E'ñ\t\\\\\n')")
            cursor = business.cursor()
            cursor.execute(
                "CREATE TABLE probe (n int PRIMARY KEY, at datetime(6), data longblob, word text) ENGINE InnoDB"
            )
            cursor.execute("INSERT INTO probe VALUES (0, now(6), x'00ff0a27', 'ñ\\t\\\\ \\n''')")

    def drop(self):
        with self.postgresql() as identity, closing(self.mysql()) as business:
            for name in (NAME, COPY):
                identity.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
                business.cursor().execute(f"DROP DATABASE IF EXISTS {name}")
            identity.execute(f"DROP ROLE IF EXISTS {NAME}")
            business.cursor().execute(f"DROP USER IF EXISTS '{NAME}'@'%'")

    def last(self, name):
        """The highest number in each database of that name."""
        with self.postgresql(name) as identity, closing(self.mysql(name)) as business:
            cursor = business.cursor()
            cursor.execute("SELECT MAX(n) FROM probe")
            return identity.execute("SELECT max(n) FROM probe").fetchone()[0], cursor.fetchone()[0]

    @contextmanager
    def written(self):
        """Meanwhile somebody writes each number to business and, when it is committed, to identity."""
        over = threading.Event()

        def write():
            with self.postgresql(NAME) as identity, closing(self.mysql(NAME)) as business:
                number = self.last(NAME)[1]
                while not over.is_set():
                    number += 1
                    business.cursor().execute("INSERT INTO probe (n) VALUES (%s)", [number])
                    identity.execute("INSERT INTO probe (n) VALUES (%s)", [number])

        writer = threading.Thread(target=write)
        writer.start()
        try:
            yield
        finally:
            over.set()
            writer.join()


@pytest.fixture(scope="module")
def servers():
    for name in ("zstd", "pg_dump", "pg_restore"):
        tool(name)
    made = Servers()
    with ExitStack() as stack:
        stack.callback(made.drop)
        made.make()
        yield made


@pytest.fixture
def recovery(servers, tmp_path):
    return Recovery(tmp_path / "backups", **servers.variables())


@contextmanager
def command_lines():
    """Everything that stands on a command line of this machine meanwhile."""
    seen, over = set(), threading.Event()

    def look():
        while not over.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(path.read_bytes())
                except OSError:
                    continue
            time.sleep(0.002)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def test_both_databases_are_as_of_one_moment_and_come_back_so(servers, recovery):
    into = ["--identity", COPY, "--business", COPY, "--overwrite", COPY]
    found = []
    with servers.written():
        for _attempt in range(3):
            recovery.well("backup")
            # Writing goes on while it is restored and compared.
            recovery.well("restore", *into)
            found.append(servers.last(COPY))

    assert all(business - identity in (0, 1) for identity, business in found), found
    assert found[0] < found[1] < found[2]
    assert servers.last(NAME) > found[2]


def test_no_password_stands_on_a_command_line(recovery):
    with command_lines() as seen:
        recovery.well("backup")
        recovery.well("restore", "--identity", COPY, "--business", COPY, "--overwrite", COPY)

    text = b"\n".join(seen).decode(errors="replace")
    assert "--format=custom" in text
    assert "--defaults-file=" in text
    assert "sentinel" not in text


@pytest.mark.parametrize(
    ("program", "does", "complaint"),
    [
        ("pg_dump", "exit 0", "pg_restore failed"),
        ("pg_dump", '"$REAL" "$@" | head -c -100', "pg_restore failed"),
        ("pg_dump", '"$REAL" "$@"; exit 3', "pg_dump failed (3)"),
        ("dump", "exit 0", "is not complete"),
        ("dump", '"$REAL" "$@" | head -n -1', "is not complete"),
        ("dump", '"$REAL" "$@"; exit 3', "dump failed (3)"),
        ("zstd", "cat >/dev/null", "would be empty"),
        ("zstd", "cat >/dev/null; exit 3", "zstd failed (3)"),
    ],
)
def test_a_dump_that_is_not_whole_is_none(recovery, tmp_path, program, does, complaint):
    if program == "dump":
        program = "mariadb-dump" if Path("/usr/bin/mariadb-dump").exists() else "mysqldump"
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / program).write_text(f"#!/bin/bash\nREAL={tool(program)}\n{does}\n")
    (programs / program).chmod(0o755)

    code, said = recovery.run("backup", PATH=f"{programs}:{os.environ['PATH']}")

    assert (code, recovery.names()) == (1, [])
    assert complaint in said


def test_of_several_identity_servers_the_one_that_takes_writes_is_dumped(servers, recovery):
    host = servers.identity["HOST"]
    several = {"DB_PGSQL_HOST": f"{host},{host}"}
    recovery.well("backup", **several)

    # What a replica answers, too.
    with servers.postgresql() as identity:
        identity.execute(f"ALTER DATABASE {NAME} SET default_transaction_read_only = on")
    code, said = recovery.run("backup", **several)

    assert (code, len(recovery.names())) == (1, 1)
    assert "session is read-only" in said


def test_a_rehearsal_drops_what_it_made_when_it_fails(servers, recovery):
    """These are not the program's tables, so that it cannot ask whether they agree."""
    recovery.well("backup")

    code, said = recovery.run("restore", "--rehearse")

    assert code == 1
    assert f"identity: {NAME}_rehearsal was made." in said
    assert "Each table holds what was dumped." in said
    assert "The restored databases do not agree" in said
    with servers.postgresql() as identity, closing(servers.mysql()) as business:
        left = identity.execute("SELECT count(*) FROM pg_database WHERE datname = %s", [f"{NAME}_rehearsal"]).fetchone()
        assert left == (0,)
        assert business.cursor().execute("SHOW DATABASES LIKE %s", [f"{NAME}_rehearsal"]) == 0


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_it_is_not_restored_under_the_feet_of_the_program(servers, recovery, engine):
    recovery.well("backup")
    into = ["--identity", COPY, "--business", COPY, "--overwrite", COPY]
    with closing(getattr(servers, engine)(COPY, user=NAME, password=SECRET)):
        code, said = recovery.run("restore", *into)
        recovery.well("restore", *into, "--while-connected")

    assert code == 1
    assert f"Connected to {COPY}: 1." in said


def test_a_writer_that_goes_on_and_on_is_waited_for(servers, recovery):
    with closing(servers.mysql(NAME)) as business:
        business.begin()
        business.cursor().execute("UPDATE probe SET word = 'within'")
        process = recovery.start("backup")
        time.sleep(3)  # longer than one try
        waiting = process.poll() is None
        business.commit()
        said = "".join(process.communicate(timeout=60))

    assert waiting
    assert process.returncode == 0, said
