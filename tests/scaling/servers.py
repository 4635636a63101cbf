"""Servers of a drill: programs on free ports of this host, in a folder that goes away with them."""

from __future__ import annotations

import csv
import io
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import MySQLdb

ROOT = Path(__file__).parents[2]
SCALING = ROOT / "deploy" / "scaling"
USER, PASSWORD, DATABASE = "evaltrack_user", "only-in-this-drill", "evaltrack_business"
CHECKER = "galera_check"


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


class Node:
    """One MariaDB of a Galera cluster, with the settings of deploy/scaling/galera.cnf and ports of its own."""

    def __init__(self, number: int, folder: Path) -> None:
        self.number, self.name, self.folder = number, f"business-{number}", folder / f"business-{number}"
        self.socket = self.folder / "mariadb.sock"
        self.port, self.group_port, self.ist_port, self.sst_port = (free_port() for _ in range(4))
        self.config, self.log = folder / f"{self.name}.cnf", folder / f"{self.name}.log"
        self.check_config = folder / f"{self.name}-check.cnf"
        self.server: Program | None = None

    def install(self, peers: Sequence[Node]) -> None:
        self.folder.mkdir()
        self.log.touch()
        own = ["--user=mysql"] if os.geteuid() == 0 else []
        if own:
            shutil.chown(self.folder, "mysql")
            shutil.chown(self.log, "mysql")
        subprocess.run(
            [program("mariadb-install-db", "mariadb-server"), "--no-defaults", *own, f"--datadir={self.folder}",
             "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=True, capture_output=True,
        )  # fmt: skip
        group = ",".join(f"127.0.0.1:{node.group_port}" for node in peers)
        own_lines = {
            "user": "mysql" if own else "",
            "datadir": self.folder,
            "socket": self.socket,
            "pid_file": self.folder / "mariadb.pid",
            "log_error": self.log,
            "port": self.port,
            "bind_address": "127.0.0.1",
            "wsrep_node_name": self.name,
            "wsrep_node_address": f"127.0.0.1:{self.group_port}",
            "wsrep_cluster_address": f"gcomm://{group}",
            "wsrep_sst_receive_address": f"127.0.0.1:{self.sst_port}",
            "wsrep_provider_options": f'"base_port={self.group_port};gmcast.listen_addr=tcp://127.0.0.1:{self.group_port};'
            f'ist.recv_addr=127.0.0.1:{self.ist_port};gcache.size=256M"',
        }
        lines = [f"{name} = {value}" for name, value in own_lines.items() if value]
        self.config.write_text("\n".join([f"!include {SCALING / 'galera.cnf'}", "[mariadbd]", *lines, ""]))
        self.check_config.write_text(f"[client]\nuser = {CHECKER}\nsocket = {self.socket}\n")

    def start(self, *, new_cluster: bool = False, seconds: float = 120) -> float:
        """Returns after how many seconds it was up to date with the others."""
        began = time.monotonic()
        first = ["--wsrep-new-cluster"] if new_cluster else []
        self.server = Program(
            [program("mariadbd", "mariadb-server"), f"--defaults-file={self.config}", *first], self.log
        )
        self.server.start()
        wait_for(self.is_synced, f"{self.name} is up to date (see {self.log})", seconds=seconds)
        return time.monotonic() - began

    def kill(self) -> None:
        assert self.server is not None
        self.server.stop(signal.SIGKILL)

    def is_synced(self) -> bool:
        return self.status("wsrep_local_state_comment") == "Synced" and self.status("wsrep_ready") == "ON"

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


class Proxy:
    """One of the two haproxies, with the configuration as it is deployed."""

    def __init__(self, number: int, folder: Path, environment: dict[str, str]) -> None:
        self.port, self.status_port = free_port(), free_port()
        own = {"BUSINESS_BIND": f"127.0.0.1:{self.port}", "STATUS_BIND": f"127.0.0.1:{self.status_port}"}
        command = [program("haproxy", "haproxy"), "-db", "-f", str(SCALING / "haproxy.cfg"), "-L", f"proxy-{number}"]
        self.program = Program(command, folder / f"proxy-{number}.log", environment | own)

    def states(self) -> dict[str, str]:
        """UP or DOWN and the like, by server; {} while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.status_port}/;csv", timeout=2) as answer:
                rows = csv.DictReader(io.TextIOWrapper(answer))
                return {row["svname"]: row["status"] for row in rows if row["# pxname"] == "business"}
        except OSError:
            return {}

    def writer(self) -> str:
        """The node that a connection of now reaches, '' for none."""
        try:
            connection = MySQLdb.connect(
                host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, connect_timeout=3
            )
        except MySQLdb.Error:
            return ""
        try:
            cursor = connection.cursor()
            cursor.execute("SELECT @@wsrep_node_name")
            return str(cursor.fetchone()[0])
        except MySQLdb.Error:
            return ""
        finally:
            connection.close()
