"""Servers of a drill: programs on free ports of this host, in a folder that goes away with them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import MySQLdb

ROOT = Path(__file__).parents[2]
SCALING = ROOT / "deploy" / "scaling"
USER, PASSWORD, DATABASE = "evaltrack_user", "only-in-this-drill", "evaltrack_business"


class Missing(Exception):
    """A program that the drill needs is not installed."""


def program(name: str, package: str) -> str:
    """Its path. Raises Missing."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        raise Missing(f"{name} is missing: apt install {package}")
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for[Found](look: Callable[[], Found], what: str, *, seconds: float = 60) -> Found:
    """What it finds, as soon as that is true. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.1)
    raise TimeoutError(f"{what}: not within {seconds:.0f} s")


@dataclass
class Program:
    """Something that runs, in a process group of its own, and writes what it says into `log`."""

    command: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[Any] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, env=os.environ | self.env, cwd=ROOT, start_new_session=True
            )

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self, how: signal.Signals = signal.SIGTERM, *, seconds: float = 20) -> None:
        if self.process is None:
            return
        for one in (how, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, one)
                self.process.wait(seconds)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
            break


class MariaDB:
    """One server, with the settings of a file of deploy/scaling and lines of its own after them."""

    def __init__(self, name: str, folder: Path, *, settings: str) -> None:
        self.name, self.settings = name, settings
        self.folder, self.config, self.log = folder / name, folder / f"{name}.cnf", folder / f"{name}.log"
        self.socket = self.folder / "mariadb.sock"
        self.port = free_port()
        self.server: Program | None = None

    def install(self, **lines: object) -> None:
        """An empty server whose root needs no password."""
        # Of its own: others who install at the same time use the same names in /tmp.
        temporary = self.folder.with_name(f"{self.name}-tmp")
        self.folder.mkdir()
        temporary.mkdir()
        self.log.touch()
        own = ["--user=mysql"] if os.geteuid() == 0 else []
        if own:
            for path in (self.folder, temporary, self.log):
                shutil.chown(path, "mysql")
        subprocess.run(
            [program("mariadb-install-db", "mariadb-server"), "--no-defaults", *own, f"--datadir={self.folder}",
             "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=True, capture_output=True, text=True, env=os.environ | {"TMPDIR": str(temporary)},
        )  # fmt: skip
        common = {
            "user": "mysql" if own else "",
            "datadir": self.folder,
            "socket": self.socket,
            "tmpdir": temporary,
            "pid_file": self.folder / "mariadb.pid",
            "log_error": self.log,
            "port": self.port,
            "bind_address": "127.0.0.1",
        }
        told = [f"{name} = {value}" for name, value in (common | lines).items() if value != ""]
        self.config.write_text("\n".join([f"!include {SCALING / self.settings}", "[mariadbd]", *told, ""]))

    def launch(self, *arguments: str) -> None:
        command = [program("mariadbd", "mariadb-server"), f"--defaults-file={self.config}", *arguments]
        self.server = Program(command, self.log)
        self.server.start()

    def start(self, *arguments: str, seconds: float = 120) -> float:
        """Returns after how many seconds it was ready."""
        began = time.monotonic()
        self.launch(*arguments)
        wait_for(self.is_ready, f"{self.name} is ready (see {self.log})", seconds=seconds)
        return time.monotonic() - began

    def kill(self) -> None:
        if self.server is not None:
            self.server.stop(signal.SIGKILL)

    def is_ready(self) -> bool:
        return self.status("Uptime") != ""

    def make_database(self) -> None:
        """The product's, empty, and its user."""
        for statement in (
            f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
            f"CREATE USER {USER}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'",
            f"GRANT ALL ON {DATABASE}.* TO {USER}@'127.0.0.1'",
        ):
            self.rows(statement)

    def status(self, name: str) -> str:
        """A value of SHOW STATUS, '' while the node does not answer."""
        try:
            return str(self.rows(f"SHOW GLOBAL STATUS LIKE '{name}'")[0][1])
        except MySQLdb.Error:
            return ""

    def rows(self, statement: str, *, database: str = "") -> list[tuple[Any, ...]]:
        connection = MySQLdb.connect(
            unix_socket=str(self.socket), user="root", database=database, connect_timeout=2, autocommit=True
        )
        try:
            cursor = connection.cursor()
            cursor.execute(statement)
            return list(cursor.fetchall())
        finally:
            connection.close()

    def checksums(self) -> dict[str, int]:
        """Of each table of the product, as the node has it."""
        names = [name for (name,) in self.rows("SHOW TABLES", database=DATABASE)]
        found = self.rows("CHECKSUM TABLE " + ", ".join(f"`{name}`" for name in names), database=DATABASE)
        return dict(found)
