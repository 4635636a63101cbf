"""PostgreSQL, and MySQL or MariaDB, each by its own programs. No password stands on a command line."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import psycopg
from psycopg import sql

from recovery.database import Contents, Database, Snapshot, Table, contents_of
from recovery.errors import Failed
from recovery.pipes import PIPE, Program, copy, running

CONNECT_SECONDS = 5
# Writers that come meanwhile wait behind us, so each try is short.
LOCK_SECONDS, LOCK_TRIES, LOCK_PAUSE_SECONDS = 2, 120, 3
START_SECONDS = 60


@contextmanager
def _secret_file(text: str) -> Iterator[str]:
    """The path of a file that only this user reads, and that is gone afterwards."""
    with TemporaryDirectory(prefix="evaltrack-") as folder:
        path = Path(folder) / "credentials"
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        yield str(path)


@dataclass(frozen=True)
class Address:
    host: str
    port: int
    name: str
    user: str
    password: str = field(repr=False)
    # Of several servers of this name the one to ask, in libpq's word.
    session: str = "any"


class Server(Database):
    def __init__(self, address: Address):
        self.address = address

    @property
    def name(self) -> str:
        return self.address.name

    def named(self, name: str) -> Database:
        return type(self)(replace(self.address, name=name))

    def aside(self) -> Database:
        return self.named(f"{self.name}_rehearsal")


# --- PostgreSQL ------------------------------------------------------------------------------------------------------
USER_TABLES = r"FROM pg_tables WHERE schemaname !~ '^pg_' AND schemaname <> 'information_schema'"
# What the text of a value depends on.
FORMS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
}


class PostgreSQLSnapshot(Snapshot):
    def __init__(self, server: PostgreSQL, connection: psycopg.Connection):
        self._server, self._connection = server, connection
        self._id, self.position, encoding, collate, ctype = _row(
            connection,
            "SELECT pg_export_snapshot(), (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
            " ELSE pg_current_wal_lsn() END)::text, pg_encoding_to_char(encoding), datcollate, datctype"
            " FROM pg_database WHERE datname = current_database()",
        )
        self.encoding = {"encoding": encoding, "collate": collate, "ctype": ctype}

    def dump(self, target: IO[bytes]) -> None:
        options = ["--format=custom", "--compress=0", "--no-owner", "--no-acl", f"--snapshot={self._id}"]
        # Reading it as a restore will is what tells a dump from a part of one.
        reading = running(["pg_restore", "--file=/dev/null"], stdin=PIPE)
        with self._server.program("pg_dump", *options, stdout=PIPE) as dump, reading as (reader,):
            copy(dump.stdout, target, reader.stdin)
            dump.check()

    def contents(self) -> Contents:
        return {name: contents_of(self._lines(name)) for name in _postgresql_tables(self._connection)}

    def _lines(self, table: str) -> Iterator[bytes]:
        """One line for each row: the server sends them one by one."""
        with self._connection.cursor().copy(f"COPY {table} TO STDOUT") as lines:
            yield from map(bytes, lines)


class PostgreSQL(Server):
    engine = "postgresql"
    suffix = "dump"

    def programs(self) -> list[str]:
        return ["pg_dump", "pg_restore"]

    def variables(self) -> dict[str, str]:
        return {"DB_PGSQL_DATABASE": self.name}

    @contextmanager
    def snapshot(self) -> Iterator[PostgreSQLSnapshot]:
        with self._connect() as connection:
            for name, value in FORMS.items():
                connection.execute(sql.SQL("SET {} = {}").format(sql.Identifier(name), value))
            # It waits while business is dumped.
            connection.execute("SET idle_in_transaction_session_timeout = 0")
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield PostgreSQLSnapshot(self, connection)

    def exists(self) -> bool:
        with self._connect("postgres") as connection:
            return _row(connection, "SELECT count(*) FROM pg_database WHERE datname = %s", self.name) == (1,)

    def create(self, encoding: dict[str, str]) -> None:
        statement = "CREATE DATABASE {} TEMPLATE template0 ENCODING {encoding} LC_COLLATE {collate} LC_CTYPE {ctype}"
        with self._connect("postgres") as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(self.name), **encoding))

    def drop(self) -> None:
        with self._connect("postgres") as connection:
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(self.name)))

    def tables(self) -> list[str]:
        with self._connect() as connection:
            return _postgresql_tables(connection)

    def clear(self) -> None:
        with self._connect() as connection, connection.transaction():
            for name in _postgresql_tables(connection):
                connection.execute(f"DROP TABLE IF EXISTS {name} CASCADE")

    def sessions(self) -> int:
        # A worker of the server's own has no user.
        statement = "SELECT count(usename) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        with self._connect() as connection:
            return _row(connection, statement, self.name)[0]

    def load(self, source: IO[bytes]) -> None:
        options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-acl"]
        with self.program("pg_restore", *options, stdin=source):
            pass

    @contextmanager
    def program(self, name: str, *options: str, **streams: Any) -> Iterator[Program]:
        """One of PostgreSQL's own, at work on this database."""
        words = [
            str(word).replace("\\", "\\\\").replace(":", "\\:") for word in (self.address.user, self.address.password)
        ]
        where = [
            f"--host={self.address.host}",
            f"--port={self.address.port}",
            f"--username={self.address.user}",
            "--no-password",
        ]
        with _secret_file(f"*:*:*:{':'.join(words)}\n") as path:
            command = [name, *where, *options, f"--dbname={self.name}"]
            variables = {"PGPASSFILE": path, "PGTARGETSESSIONATTRS": self.address.session}
            with running(command, variables=variables, **streams) as (program,):
                yield program

    @contextmanager
    def _connect(self, name: str = "") -> Iterator[psycopg.Connection]:
        try:
            with psycopg.connect(
                host=self.address.host,
                port=self.address.port,
                dbname=name or self.name,
                user=self.address.user,
                password=self.address.password or None,
                connect_timeout=CONNECT_SECONDS,
                target_session_attrs=self.address.session,
                autocommit=True,
            ) as connection:
                yield connection
        except psycopg.Error as error:
            raise Failed(f"{self.name}: {error}") from None


def _row(connection: psycopg.Connection, statement: str, *values: Any) -> tuple[Any, ...]:
    row = connection.execute(statement, values).fetchone()
    assert row is not None
    return row


def _postgresql_tables(connection: psycopg.Connection) -> list[str]:
    """Quoted, with their schemas."""
    rows = connection.execute(f"SELECT format('%I.%I', schemaname, tablename) {USER_TABLES}")
    return sorted(name for (name,) in rows)


# --- MySQL and MariaDB -----------------------------------------------------------------------------------------------
COMPLETE = b"-- Dump completed"


class MySQLSnapshot(Snapshot):
    def __init__(self, server: MySQL, connection: Any, program: Program):
        self._server, self._connection, self._program = server, connection, program
        self.position = _mysql_position(connection)
        ((characters, collation),) = _rows(connection, "SELECT @@character_set_database, @@collation_database")
        self.encoding = {"characters": characters, "collation": collation}

    def dump(self, target: IO[bytes]) -> None:
        end = copy(self._program.stdout, target)
        self._program.check()
        if not end.rstrip().rpartition(b"\n")[2].startswith(COMPLETE):
            raise Failed(f"The dump of {self._server.name} is not complete: it ends without {COMPLETE.decode()!r}.")

    def contents(self) -> Contents:
        tables = _mysql_tables(self._connection)
        _execute(self._connection, "SAVEPOINT nothing_read")
        return {name: self._table(name) for name in tables}

    def _table(self, name: str) -> Table:
        """Lets go of the table afterwards: who wants to change it would wait for us, and everybody else for him."""
        table = contents_of(self._rows_of(name))
        _execute(self._connection, "ROLLBACK TO SAVEPOINT nothing_read")
        return table

    def _rows_of(self, table: str) -> Iterator[bytes]:
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(f"SELECT * FROM `{table}`")  # noqa: S608
            for row in cursor:
                yield repr(row).encode()


class MySQL(Server):
    engine = "mysql"
    suffix = "sql"

    def programs(self) -> list[str]:
        return [self._client(), self._dumper()]

    def variables(self) -> dict[str, str]:
        return {"DB_DATABASE": self.name}

    @contextmanager
    def held_still(self) -> Iterator[None]:
        with self._connect() as connection:
            _execute(connection, f"SET SESSION lock_wait_timeout = {LOCK_SECONDS}")
            tables = ", ".join(f"`{name}` READ" for name in _mysql_tables(connection))
            if tables:
                self._lock(connection, tables)
            yield

    def _lock(self, connection: Any, tables: str) -> None:
        import MySQLdb

        for left in reversed(range(LOCK_TRIES)):
            try:
                return _execute(connection, f"LOCK TABLES {tables}")
            except MySQLdb.OperationalError as error:
                if error.args[0] != 1205 or not left:  # a lock was waited for in vain
                    raise Failed(f"{self.name} could not be held still: {error.args[1]}") from None
            time.sleep(LOCK_PAUSE_SECONDS)

    @contextmanager
    def snapshot(self) -> Iterator[MySQLSnapshot]:
        """What the dump has and what is compared are one, if nobody writes while this is entered."""
        with self._connect() as connection:
            _execute(connection, "SET SESSION time_zone = '+00:00'")
            _execute(connection, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            _execute(connection, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            with self._dumping() as program:
                yield MySQLSnapshot(self, connection, program)

    @contextmanager
    def _dumping(self) -> Iterator[Program]:
        """The dump, once its snapshot is taken: it speaks of the first table then."""
        options = ["--single-transaction", "--quick", "--hex-blob", "--no-tablespaces", "--verbose"]
        if self._dumper() == "mysqldump":
            options += ["--loose-skip-column-statistics", "--loose-set-gtid-purged=OFF"]
        with self.program(self._dumper(), *options, self.name, stdout=PIPE) as program:
            begun = time.monotonic()
            while "-- Retrieving table structure" not in program.said() and program.process.poll() is None:
                if time.monotonic() > begun + START_SECONDS:
                    raise Failed(f"{program.name} did not begin within {START_SECONDS} s.")
                time.sleep(0.005)
            yield program

    def exists(self) -> bool:
        statement = "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = %s"
        with self._connect("") as connection:
            return int(_rows(connection, statement, self.name)[0][0]) == 1

    def create(self, encoding: dict[str, str]) -> None:
        with self._connect("") as connection:
            form = "CHARACTER SET {characters} COLLATE {collation}".format(**encoding)
            _execute(connection, f"CREATE DATABASE `{self.name}` {form}")

    def drop(self) -> None:
        with self._connect("") as connection:
            _execute(connection, f"DROP DATABASE `{self.name}`")

    def tables(self) -> list[str]:
        with self._connect() as connection:
            return _mysql_tables(connection)

    def clear(self) -> None:
        with self._connect() as connection:
            _execute(connection, "SET SESSION foreign_key_checks = 0")
            for name in _mysql_tables(connection):
                _execute(connection, f"DROP TABLE `{name}`")

    def sessions(self) -> int:
        statement = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = %s AND ID <> CONNECTION_ID()"
        with self._connect() as connection:
            return int(_rows(connection, statement, self.name)[0][0])

    def load(self, source: IO[bytes]) -> None:
        with self.program(self._client(), self.name, stdin=source):
            pass

    @contextmanager
    def program(self, name: str, *options: str, **streams: Any) -> Iterator[Program]:
        """One of the server's own, that reads no other configuration of this host."""
        where = {
            "socket" if self.address.host.startswith("/") else "host": self.address.host,
            "port": str(self.address.port),
        }
        lines = where | {
            "user": self.address.user,
            "password": self.address.password,
            "default-character-set": "utf8mb4",
        }
        text = "".join(f"{key}={_option(value)}\n" for key, value in lines.items() if value)
        with (
            _secret_file(f"[client]\n{text}") as path,
            running([name, f"--defaults-file={path}", *options], **streams) as (program,),
        ):
            yield program

    @staticmethod
    def _dumper() -> str:
        return "mariadb-dump" if shutil.which("mariadb-dump") else "mysqldump"

    @staticmethod
    def _client() -> str:
        return "mariadb" if shutil.which("mariadb") else "mysql"

    @contextmanager
    def _connect(self, name: str | None = None) -> Iterator[Any]:
        """A connection that hands values over as the server writes them."""
        import MySQLdb
        from MySQLdb.cursors import SSCursor

        where = {"unix_socket" if self.address.host.startswith("/") else "host": self.address.host}
        try:
            connection = MySQLdb.connect(
                **where,
                port=self.address.port,
                user=self.address.user,
                password=self.address.password,
                database=self.name if name is None else name,
                charset="utf8mb4",
                use_unicode=False,
                conv={},
                cursorclass=SSCursor,
                connect_timeout=CONNECT_SECONDS,
                autocommit=True,
            )
            with closing(connection):
                yield connection
        except MySQLdb.Error as error:
            raise Failed(f"{self.name}: {error.args[-1]}") from None


def _option(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _execute(connection: Any, statement: str) -> None:
    with closing(connection.cursor()) as cursor:
        cursor.execute(statement)


def _rows(connection: Any, statement: str, *values: str) -> list[tuple[str, ...]]:
    with closing(connection.cursor()) as cursor:
        cursor.execute(statement, values or None)
        return [tuple(value.decode() if value is not None else "" for value in row) for row in cursor.fetchall()]


def _mysql_tables(connection: Any) -> list[str]:
    statement = "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
    return sorted(name for (name,) in _rows(connection, f"{statement} AND TABLE_TYPE = 'BASE TABLE'"))


def _mysql_position(connection: Any) -> str:
    """File and place in the binary log and the transactions in it; '' without one, or without the right to ask."""
    import MySQLdb

    words: list[str] = []
    # MariaDB's name of each, then MySQL's older and newer ones.
    for choices in (
        ["SHOW MASTER STATUS", "SHOW BINARY LOG STATUS"],
        ["SELECT @@global.gtid_binlog_pos", "SELECT @@global.gtid_executed"],
    ):
        for statement in choices:
            try:
                words += [":".join(row[:2]) for row in _rows(connection, statement)]
                break
            except MySQLdb.Error:
                continue
    return " ".join(filter(None, words))
