"""PostgreSQL, MariaDB and Redis on loopback, each in a folder and at a port of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import MySQLdb
import psycopg

from tests.servers.processes import Process, free_ports, listens, little_environment, program, rights_of

USER, IDENTITY, BUSINESS = "evaltrack_user", "evaltrack_users", "evaltrack_business"
SUPERUSER = "drill"


class Server(Process):
    """One in a folder of `root`, which also has the logs."""

    def __init__(self, root: Path, name: str, password: str) -> None:
        self.folder, self.password = root / name, password
        for folder in (self.folder, root / "log"):
            folder.mkdir(exist_ok=True)
        [self.port] = free_ports(1)
        super().__init__([], log=root / "log" / f"{name}.log", environment=little_environment(root))

    def prepare(self) -> None:
        """What is done once, before the first start."""

    def run(self, *command: str) -> str:
        """What a program says that is at work on its files. Raises ChildProcessError."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False, **rights_of(self.user)
        )
        if done.returncode:
            raise ChildProcessError(f"{command[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr


class PostgreSQL(Server):
    # Debian's refuses to run as root.
    user = "postgres" if os.getuid() == 0 else None

    def __init__(self, root: Path, password: str, *, name: str = "postgresql", address: str = "127.0.0.1") -> None:
        super().__init__(root, name, password)
        self.address, self.data = address, self.folder / "data"
        options = {"listen_addresses": address, "port": self.port, "unix_socket_directories": ""}
        given = [word for option, value in options.items() for word in ("-c", f"{option}={value}")]
        self.command = [program("postgres"), "-D", str(self.data), *given]
        if self.user:
            shutil.chown(self.folder, self.user, self.user)

    def prepare(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        options = ["--username", SUPERUSER, "--auth", "scram-sha-256", "--pwfile", str(secret), "--encoding", "UTF8"]
        # As it is on a production's cluster, which sorts by the language of the country.
        self.run(program("initdb"), "--pgdata", str(self.data), "--locale", "C.UTF-8", *options)

    def kill(self) -> None:
        """Its children go with it: alone they would hold the memory that the next one needs."""
        self.end(signal.SIGQUIT)

    def end(self, with_signal: signal.Signals = signal.SIGINT) -> None:
        """Without waiting for those who are connected."""
        super().end(with_signal)

    def is_up(self) -> bool:
        return bool(self.rows("SELECT true", database="postgres"))

    def create(self) -> None:
        """The product's database, empty, and its user."""
        self.rows(f"CREATE ROLE {USER} LOGIN PASSWORD '{self.password}'", database="postgres")
        self.rows(f"CREATE DATABASE {IDENTITY} OWNER {USER}", database="postgres")

    def rows(self, statement: str, values: Sequence[Any] = (), *, database: str = IDENTITY) -> list[tuple[Any, ...]]:
        with psycopg.connect(
            host=self.address,
            port=self.port,
            user=SUPERUSER,
            password=self.password,
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        ) as connection:
            found = connection.execute(statement, values or None)
            return found.fetchall() if found.description else []

    def contents(self) -> dict[str, str]:
        """A sum over all rows of each table."""
        tables = self.rows("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        one = "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') FROM {} t"
        return {table: self.rows(one.format(table))[0][0] for (table,) in tables}


class MariaDB(Server):
    """One whose root needs no password. `include` is a file of settings, and `lines` come after it."""

    own = ["--user=root"] if os.getuid() == 0 else []

    def __init__(
        self, root: Path, password: str, *, name: str = "mariadb", include: Path | None = None, **lines: object
    ) -> None:
        super().__init__(root, name, password)
        self.data, self.socket, self.config = (self.folder / part for part in ("data", "mariadb.sock", "my.cnf"))
        # A server that starts removes the temporary tables of all that share its folder for them.
        self.temporary = self.folder / "tmp"
        self.include = include
        self.lines = {
            "datadir": self.data,
            "tmpdir": self.temporary,
            "socket": self.socket,
            "pid_file": self.folder / "pid",
            "bind_address": "127.0.0.1",
            "port": self.port,
            "character_set_server": "utf8mb4",
            "collation_server": "utf8mb4_unicode_ci",
        } | lines
        self.command = [program("mariadbd"), f"--defaults-file={self.config}", *self.own]

    def prepare(self) -> None:
        self.temporary.mkdir(exist_ok=True)
        include = f"!include {self.include}\n" if self.include else ""
        lines = "".join(f"{name} = {value}\n" for name, value in self.lines.items())
        self.config.write_text(f"{include}[mariadbd]\n{lines}")
        self.run(
            program("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={self.data}",
            f"--tmpdir={self.temporary}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            *self.own,
        )

    def is_up(self) -> bool:
        return listens(self.port) and bool(self.rows("SELECT 1", database=""))

    def create(self) -> None:
        """The product's database, empty, and its user."""
        for host in ("127.0.0.1", "localhost"):
            self.rows(f"CREATE USER {USER}@{host} IDENTIFIED BY '{self.password}'", database="")
            self.rows(f"GRANT ALL ON {BUSINESS}.* TO {USER}@{host}", database="")
        self.rows(f"CREATE DATABASE {BUSINESS} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci", database="")

    def rows(
        self, statement: str, values: Sequence[Any] = (), *, database: str = BUSINESS, uncommitted: bool = False
    ) -> list[tuple[Any, ...]]:
        """`uncommitted`: also what a transaction has written that may yet be taken back."""
        with (
            closing(
                MySQLdb.connect(
                    unix_socket=str(self.socket),
                    user="root",
                    database=database,
                    charset="utf8mb4",
                    connect_timeout=5,
                    autocommit=True,
                )
            ) as connection,
            closing(connection.cursor()) as cursor,
        ):
            if uncommitted:
                cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED")
            cursor.execute(statement, list(values) or None)
            return list(cursor.fetchall())

    def status(self, name: str) -> str:
        """A value of SHOW STATUS, '' while it does not answer."""
        try:
            return str(self.rows(f"SHOW GLOBAL STATUS LIKE '{name}'", database="")[0][1])
        except MySQLdb.Error:
            return ""

    def contents(self) -> dict[str, str]:
        """A sum over all rows of each table."""
        tables = [table for (table,) in self.rows("SHOW TABLES")]
        counts = {table: self.rows(f"SELECT COUNT(*) FROM `{table}`")[0][0] for table in tables}
        return {table: f"{counts[table]} {self.rows(f'CHECKSUM TABLE `{table}`')[0][1]}" for table in tables}


class Redis(Server):
    def __init__(self, root: Path, password: str) -> None:
        super().__init__(root, "redis", password)
        options = {"bind": "127.0.0.1", "port": self.port, "dir": self.folder, "save": "", "requirepass": password}
        given = [word for option, value in options.items() for word in (f"--{option}", str(value))]
        self.command = [program("redis-server"), *given]

    def is_up(self) -> bool:
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=1)) as connection:
            connection.sendall(f"AUTH {self.password}\r\n".encode())
            return connection.recv(100) == b"+OK\r\n"
