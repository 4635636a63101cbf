"""What `make drill-replicas` has for identity: a PostgreSQL with replicas, and a pgbouncer beside each."""

from __future__ import annotations

import configparser
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from tests.scaling.servers import PASSWORD, SCALING, USER, Program, free_port, program, wait_for

IDENTITY = "evaltrack_users"
AS_POSTGRES = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


def postgresql_program(name: str) -> str:
    """Debian keeps them out of PATH. Raises Missing."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return str(folders[-1] / name) if folders else program(name, "postgresql")


class PostgreSQL:
    """One server on an address of its own, with the settings of deploy/scaling/postgresql-replicas.conf."""

    def __init__(self, number: int, folder: Path) -> None:
        self.name, self.address = f"identity-{number}", f"127.0.0.{number}"
        self.folder, self.log = folder / self.name, folder / f"{self.name}.log"
        self.port = free_port()
        self.server: Program | None = None

    def install(self) -> None:
        """Empty, with a superuser `postgres` and no passwords: nobody but this host comes near."""
        self._make_folder()
        self._do("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", f"--pgdata={self.folder}")

    def copy_of(self, primary: PostgreSQL, all_of_them: Sequence[PostgreSQL]) -> None:
        """A replica, which follows whichever of them takes writes."""
        self._make_folder()
        self._do("pg_basebackup", f"--host={primary.address}", f"--port={primary.port}", "--username=postgres",
                 f"--pgdata={self.folder}", "--wal-method=stream", "--checkpoint=fast")  # fmt: skip
        hosts = ",".join(server.address for server in all_of_them)
        ports = ",".join(str(server.port) for server in all_of_them)
        source = f"host={hosts} port={ports} user=postgres target_session_attrs=read-write connect_timeout=2"
        with (self.folder / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"primary_conninfo = '{source} application_name={self.name}'\n")
        (self.folder / "standby.signal").touch()

    def start(self) -> None:
        command = [
            *AS_POSTGRES, postgresql_program("postgres"), "-D", str(self.folder), "-p", str(self.port),
            "-c", f"listen_addresses={self.address}", "-c", f"unix_socket_directories={self.folder}",
        ]  # fmt: skip
        with (self.folder / "postgresql.conf").open("a") as settings:
            settings.write(f"include '{SCALING / 'postgresql-replicas.conf'}'\n")
        self.server = Program(command, self.log)
        self.server.start()
        wait_for(self.answers, f"{self.name} answers (see {self.log})")

    def kill(self) -> None:
        if self.server is not None:
            self.server.stop(signal.SIGKILL)

    def promote(self) -> None:
        self.rows("SELECT pg_promote()")

    def answers(self) -> bool:
        try:
            return self.rows("SELECT true") == [(True,)]
        except psycopg.Error:
            return False

    def rows(self, statement: str, *, database: str = "postgres") -> list[tuple[object, ...]]:
        with psycopg.connect(
            host=self.address, port=self.port, user="postgres", dbname=database, autocommit=True, connect_timeout=2
        ) as connection:
            found = connection.execute(statement.encode())
            return found.fetchall() if found.description else []

    def _make_folder(self) -> None:
        self.folder.mkdir(mode=0o700)
        if AS_POSTGRES:
            shutil.chown(self.folder, "postgres")

    def _do(self, name: str, *arguments: str) -> None:
        command = [*AS_POSTGRES, postgresql_program(name), *arguments]
        subprocess.run(command, check=True, capture_output=True, text=True, cwd="/")


def pgbouncer(server: PostgreSQL, port: int, folder: Path) -> Program:
    """The one beside the server, with deploy/scaling/pgbouncer.ini and other addresses."""
    users = folder / "userlist.txt"
    users.write_text(f'"{USER}" "{PASSWORD}"\n')
    settings = configparser.ConfigParser()
    settings.read(SCALING / "pgbouncer.ini")
    settings["databases"][IDENTITY] = f"host={server.address} port={server.port}"
    settings["pgbouncer"].update(
        {
            "listen_addr": server.address,
            "listen_port": str(port),
            "auth_file": str(users),
            "unix_socket_dir": "",
        }
    )
    path = folder / f"pgbouncer-{server.name}.ini"
    with path.open("w") as file:
        settings.write(file)
    path.chmod(0o644)
    return Program(
        [*AS_POSTGRES, program("pgbouncer", "pgbouncer"), str(path)], folder / f"pgbouncer-{server.name}.log"
    )


def most_advanced(servers: Sequence[PostgreSQL]) -> PostgreSQL:
    """Who received most of what the lost one wrote, once all have written down what they received."""
    time.sleep(1)
    return max(servers, key=lambda server: int(str(server.rows("SELECT pg_last_wal_receive_lsn() - '0/0'")[0][0])))
