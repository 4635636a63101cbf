"""What `make drill-galera` kills and keeps: nodes of a Galera cluster, and the haproxies before them."""

from __future__ import annotations

import csv
import io
import os
import re
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import MySQLdb

from tests.scaling.drill import PASSWORD, SCALING
from tests.servers.databases import USER, MariaDB
from tests.servers.processes import Process, free_ports, program

CHECKER = "galera_check"


class Node(MariaDB):
    """One MariaDB of the cluster; all have addresses of this host and ports of their own."""

    def __init__(self, number: int, root: Path) -> None:
        super().__init__(root, PASSWORD, name=f"business-{number}", include=SCALING / "galera.cnf")
        self.number = number
        self.group_port, self.ist_port, self.sst_port, self.check_port = free_ports(4)

    def join(self, nodes: Sequence[Node]) -> None:
        """Install it as one of them."""
        group = f"127.0.0.1:{self.group_port}"
        options = {
            "base_port": self.group_port,
            "gmcast.listen_addr": f"tcp://{group}",
            "ist.recv_addr": f"127.0.0.1:{self.ist_port}",
            "gcache.size": "256M",
        }
        self.lines |= {
            "wsrep_node_name": self.name,
            "wsrep_node_address": group,
            "wsrep_cluster_address": "gcomm://" + ",".join(f"127.0.0.1:{node.group_port}" for node in nodes),
            "wsrep_sst_auth": "root:",
            "wsrep_sst_receive_address": f"127.0.0.1:{self.sst_port}",
            "wsrep_provider_options": '"' + ";".join(f"{name}={value}" for name, value in options.items()) + '"',
        }
        self.prepare()
        with self.config.open("a") as config:
            config.write("[sst]\nsst_log_archive = 0\n")

    def launch(self, *arguments: str) -> None:
        """One that was killed finds out first how far it had come, as Debian's unit does: it lacks only the rest."""
        if (self.data / "grastate.dat").exists():
            position = re.search(r"Recovered position: *(\S+)", self.run(*self.command, "--wsrep-recover"))
            arguments = (*arguments, *([f"--wsrep-start-position={position[1]}"] if position else []))
        super().launch(*arguments)

    def is_up(self) -> bool:
        """Whether it has everything that the others have."""
        return self.status("wsrep_local_state_comment") == "Synced" and self.status("wsrep_ready") == "ON"

    def checker(self) -> Process:
        """galera-check as a service, which systemd's socket is on a host."""
        config = self.folder / "check.cnf"
        config.write_text(f"[client]\nuser = {CHECKER}\nsocket = {self.socket}\n")
        listen = f"TCP-LISTEN:{self.check_port},bind=127.0.0.1,fork,reuseaddr"
        command = [program("socat"), listen, f"EXEC:{SCALING / 'galera-check'}"]
        environment = os.environ | {"MYSQL_CNF": str(config)}
        return Process(command, log=self.log.with_name("check.log"), environment=environment)


class Proxy(Process):
    """One of the two haproxies, with the configuration as it is deployed."""

    def __init__(self, number: int, root: Path, environment: Mapping[str, str]) -> None:
        self.port, self.status_port = free_ports(2)
        own = {"BUSINESS_BIND": f"127.0.0.1:{self.port}", "STATUS_BIND": f"127.0.0.1:{self.status_port}"}
        name = f"proxy-{number}"
        command = [program("haproxy"), "-db", "-f", str(SCALING / "haproxy.cfg"), "-L", name]
        super().__init__(command, log=root / "log" / f"{name}.log", environment={**os.environ, **environment, **own})

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
            with (
                closing(
                    MySQLdb.connect(host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, connect_timeout=3)
                ) as connection,
                closing(connection.cursor()) as cursor,
            ):
                cursor.execute("SELECT @@wsrep_node_name")
                return str(cursor.fetchone()[0])
        except MySQLdb.Error:
            return ""
