"""What `make drill-replicas` has for identity: a PostgreSQL with replicas, and a pgbouncer beside each."""

from __future__ import annotations

import configparser
import time
from collections.abc import Sequence
from pathlib import Path

from tests.scaling.drill import PASSWORD, SCALING
from tests.servers.databases import IDENTITY, SUPERUSER, USER, PostgreSQL
from tests.servers.processes import Process, program


class Identity(PostgreSQL):
    """One server on an address of its own, with the settings of deploy/scaling/postgresql-replicas.conf."""

    def __init__(self, number: int, root: Path) -> None:
        super().__init__(root, PASSWORD, name=f"identity-{number}", address=f"127.0.0.{number}")

    def prepare(self) -> None:
        super().prepare()
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(f"include '{SCALING / 'postgresql-replicas.conf'}'\n")

    def copy(self, primary: Identity, all_of_them: Sequence[Identity]) -> None:
        """Become a replica, which follows whichever of them takes writes."""
        who = f"user={SUPERUSER} password={self.password}"
        self.run(
            program("pg_basebackup"),
            f"--dbname=host={primary.address} port={primary.port} {who}",
            f"--pgdata={self.data}",
            "--wal-method=stream",
            "--checkpoint=fast",
            "--write-recovery-conf",
        )
        hosts = ",".join(server.address for server in all_of_them)
        ports = ",".join(str(server.port) for server in all_of_them)
        source = f"host={hosts} port={ports} {who} target_session_attrs=read-write connect_timeout=2"
        with (self.data / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"primary_conninfo = '{source} application_name={self.name}'\n")

    def promote(self) -> None:
        self.rows("SELECT pg_promote()")


class Pool(Process):
    """The pgbouncer beside a server, with deploy/scaling/pgbouncer.ini and other addresses."""

    user = PostgreSQL.user

    def __init__(self, server: Identity, port: int) -> None:
        users, path = server.folder / "userlist.txt", server.folder / "pgbouncer.ini"
        users.write_text(f'"{USER}" "{PASSWORD}"\n')
        settings = configparser.ConfigParser()
        settings.read(SCALING / "pgbouncer.ini")
        settings["databases"][IDENTITY] = f"host={server.address} port={server.port}"
        settings["pgbouncer"].update(
            listen_addr=server.address, listen_port=str(port), auth_file=str(users), unix_socket_dir=""
        )
        with path.open("w") as file:
            settings.write(file)
        log = server.log.with_name(f"pgbouncer-{server.name}.log")
        super().__init__([program("pgbouncer"), str(path)], log=log)


def most_advanced(servers: Sequence[Identity]) -> Identity:
    """Who received most of what the lost one wrote, once all have written down what they received."""
    time.sleep(1)
    return max(servers, key=lambda server: int(server.rows("SELECT pg_last_wal_receive_lsn() - '0/0'")[0][0]))
