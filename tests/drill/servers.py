"""The servers of the drill: PostgreSQL, MariaDB, Redis, nginx, and a mail server that keeps what it gets."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import MySQLdb
import psycopg
from aiosmtpd.controller import Controller

from tests.deploy.loopback import free_ports, main_file, make_certificate, rendered
from tests.drill.processes import MARK, end, program, start, wait_until

START_SECONDS = 60
SUPERUSER = "drill"


class Server:
    """A process that is reached at a port of loopback, and may be killed and started again."""

    name = ""
    # Debian's PostgreSQL refuses to run as root.
    user: str | None = None

    def __init__(self, root: Path, password: str) -> None:
        self.root, self.password = root, password
        self.folder = root / self.name
        self.folder.mkdir()
        [self.port] = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """What is done once, before the first start."""

    def command(self) -> Sequence[str]:
        raise NotImplementedError

    def is_up(self) -> bool:
        """Whether it carries out what it is asked."""
        raise NotImplementedError

    def start(self) -> float:
        """Start it; returns the seconds until it answers."""
        log = self.root / "log" / f"{self.name}.log"
        self._process = start(self.command(), log=log, environment=self._environment(), user=self.user)
        return wait_until(self._answers, seconds=START_SECONDS, what=f"{self.name} answers")

    def kill(self) -> None:
        """As when its machine loses power."""
        assert self._process is not None
        end(self._process, with_signal=signal.SIGKILL, seconds=10)

    def end(self) -> None:
        if self._process is not None:
            end(self._process, with_signal=signal.SIGTERM, seconds=10)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise ChildProcessError(f"{self.name} ended with {self._process.returncode}")
        try:
            return self.is_up()
        except Exception:
            return False

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", MARK: str(self.root)}

    def _run(self, *command: str) -> None:
        environment = self._environment()
        who: dict[str, Any] = {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, **who)
        if result.returncode:
            raise ChildProcessError(f"{command[0]} ended with {result.returncode}: {result.stdout}{result.stderr}")


class PostgreSQL(Server):
    name = "postgresql"
    user = "postgres" if os.getuid() == 0 else None
    database, owner = "evaltrack_users", "evaltrack_user"

    def prepare(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        if self.user:
            for path in (self.folder, secret):
                shutil.chown(path, self.user, self.user)
        options = ["--username", SUPERUSER, "--auth", "scram-sha-256", "--pwfile", str(secret), "--encoding", "UTF8"]
        # As it is on a production's cluster, which sorts by the language of the country.
        self._run(program("initdb"), "--pgdata", str(self.folder / "data"), "--locale", "C.UTF-8", *options)

    def command(self) -> Sequence[str]:
        settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": ""}
        given = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [program("postgres"), "-D", str(self.folder / "data"), *given]

    def kill(self) -> None:
        """Its children go with it: alone they would hold the memory that the next one needs."""
        assert self._process is not None
        end(self._process, with_signal=signal.SIGQUIT, seconds=10)

    def end(self) -> None:
        # Without waiting for those who are connected.
        if self._process is not None:
            end(self._process, with_signal=signal.SIGINT, seconds=10)

    def connect(self, database: str = "", *, user: str = SUPERUSER) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=user,
            password=self.password,
            dbname=database or self.database,
            autocommit=True,
            connect_timeout=5,
        )

    def is_up(self) -> bool:
        with closing(self.connect("postgres")):
            return True

    def create(self) -> None:
        with closing(self.connect("postgres")) as connection:
            connection.execute(f"CREATE ROLE {self.owner} LOGIN PASSWORD '{self.password}'")
        self.create_database()

    def create_database(self) -> None:
        with closing(self.connect("postgres")) as connection:
            connection.execute(f"CREATE DATABASE {self.database} OWNER {self.owner}")

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with closing(self.connect()) as connection:
            return connection.execute(statement, values).fetchall()

    def contents(self) -> dict[str, str]:
        """A sum over all rows of each table."""
        tables = self.rows("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        one = "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') FROM {} t"
        return {table: self.rows(one.format(table))[0][0] for (table,) in tables}


class MariaDB(Server):
    name = "mariadb"
    database, owner = "evaltrack_business", "evaltrack_user"

    @property
    def _temporary(self) -> Path:
        """A server that starts removes the temporary tables of all that share its folder for them."""
        return self.folder / "tmp"

    def _own(self) -> list[str]:
        return ["--user=root"] if os.getuid() == 0 else []

    def prepare(self) -> None:
        self._temporary.mkdir(exist_ok=True)
        self._run(
            program("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            f"--tmpdir={self._temporary}",
            *self._own(),
        )

    def command(self) -> Sequence[str]:
        return [
            program("mariadbd"),
            "--no-defaults",
            *self._own(),
            f"--datadir={self.folder / 'data'}",
            f"--socket={self.folder / 'mariadb.sock'}",
            f"--pid-file={self.folder / 'pid'}",
            f"--tmpdir={self._temporary}",
            "--bind-address=127.0.0.1",
            f"--port={self.port}",
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_unicode_ci",
        ]

    def connect(self, database: str = "") -> Any:
        """Reads what was written since it was opened, too."""
        return MySQLdb.connect(
            unix_socket=str(self.folder / "mariadb.sock"),
            user="root",
            database=database,
            charset="utf8mb4",
            connect_timeout=5,
            autocommit=True,
        )

    def is_up(self) -> bool:
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=1)), closing(self.connect()):
            return True

    def create(self) -> None:
        for host in ("127.0.0.1", "localhost"):
            self.execute(f"CREATE USER {self.owner}@{host} IDENTIFIED BY '{self.password}'")
            self.execute(f"GRANT ALL ON {self.database}.* TO {self.owner}@{host}")
        self.create_database()

    def create_database(self) -> None:
        self.execute(f"CREATE DATABASE {self.database} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")

    def execute(self, statement: str, values: Sequence[Any] = (), *, database: str = "") -> None:
        with closing(self.connect(database)) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(statement, list(values) or None)

    def rows(self, statement: str, values: Sequence[Any] = (), *, uncommitted: bool = False) -> list[tuple[Any, ...]]:
        """`uncommitted`: also what a transaction has written that may yet be taken back."""
        with closing(self.connect(self.database)) as connection, closing(connection.cursor()) as cursor:
            if uncommitted:
                cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED")
            cursor.execute(statement, list(values) or None)
            return list(cursor.fetchall())

    def contents(self) -> dict[str, str]:
        """A sum over all rows of each table."""
        tables = [table for (table,) in self.rows("SHOW TABLES")]
        counts = {table: self.rows(f"SELECT COUNT(*) FROM `{table}`")[0][0] for table in tables}
        return {table: f"{counts[table]} {self.rows(f'CHECKSUM TABLE `{table}`')[0][1]}" for table in tables}


class Redis(Server):
    name = "redis"

    def command(self) -> Sequence[str]:
        options = {"bind": "127.0.0.1", "port": self.port, "dir": self.folder, "save": "", "requirepass": self.password}
        given = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        return [program("redis-server"), *given]

    def is_up(self) -> bool:
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=1)) as connection:
            connection.sendall(f"AUTH {self.password}\r\n".encode())
            return connection.recv(100) == b"+OK\r\n"


class Nginx:
    """nginx with the configuration that deploy/host/install put below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "nginx"
        self.folder.mkdir()
        self.ports = dict(zip((80, 443, 8081), free_ports(3), strict=True))
        self.authority = root / "tls" / "ca.pem"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        places = {
            "/etc/nginx/evaltrack": self.root / "etc" / "nginx" / "evaltrack",
            "/var/lib/evaltrack/live": self.root / "var" / "lib" / "evaltrack" / "live",
            "/run/evaltrack": self.root / "run" / "evaltrack",
            "/opt/evaltrack": self.root / "opt" / "evaltrack",
            "/var/log/nginx": self.root / "log",
            "/var/www/evaltrack-acme": self.root / "var" / "www" / "evaltrack-acme",
        }
        text = (self.root / "etc" / "nginx" / "conf.d" / "evaltrack.conf").read_text()
        path = main_file(self.folder, rendered(text, places, self.ports))
        errors = self.root / "log" / "nginx.log"
        command = [program("nginx"), "-c", str(path), "-e", str(errors), "-g", "daemon off;"]
        environment = {"PATH": os.environ["PATH"], MARK: str(self.root)}
        self._process = start(command, log=errors, environment=environment)
        wait_until(self._answers, seconds=START_SECONDS, what="nginx answers")

    def _answers(self) -> bool:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", self.ports[443]), timeout=1)):
            return True
        return False

    def end(self) -> None:
        if self._process is not None:
            end(self._process, with_signal=signal.SIGTERM, seconds=10)


class Mail:
    """Takes every mail, and counts."""

    def __init__(self) -> None:
        self.received = 0
        [self.port] = free_ports(1)
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  (aiosmtpd's name)
        self.received += 1
        return "250 OK"

    def start(self) -> None:
        self._controller.start()

    def end(self) -> None:
        self._controller.stop(no_assert=True)


def certificate_in(root: Path) -> tuple[Path, Path]:
    """A certificate and its key, and `ca.pem` beside them."""
    folder = root / "tls"
    folder.mkdir()
    make_certificate(folder)
    return folder / "certificate.crt", folder / "certificate.key"
