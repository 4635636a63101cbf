"""`make drill-galera`: the product on three MariaDB nodes behind two haproxies, of which nodes are killed under load.

Everything runs on free ports of this host and in a temporary folder, with the configuration of deploy/scaling. Prints
what was promised and what was found, and the same as JSON; ends with 1 if a promise was not kept.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.scaling.drill import Drill, errors, main, told
from tests.scaling.galera import CHECKER, Node, Proxy
from tests.servers.databases import BUSINESS
from tests.servers.processes import Missing, Process, free_ports, program, wait_until

WRITERS = 4
SECONDS_OF_LOAD = 8
LOAD_ROWS = 20_000
# Galera takes five seconds to give a silent node up, haproxy two, and the program connects anew.
LONGEST_PAUSE = 15.0
LONGEST_RETURN = 60.0
PROVIDER = Path("/usr/lib/galera/libgalera_smm.so")


class GaleraDrill(Drill):
    def __init__(self, folder: Path, stack: Any) -> None:
        super().__init__(folder, stack)
        self.nodes = [Node(number, folder) for number in (1, 2, 3)]
        self.proxies: list[Proxy] = []
        self.clock: Process | None = None
        self.killed = self.nodes[0]

    def carry_out(self) -> dict[str, str]:
        self.start()
        about = self.about()
        self.the_product_fits()
        self.a_large_load_is_one_transaction()
        self.the_writer_is_killed()
        self.the_killed_node_returns()
        self.two_nodes_written_at_once_lose_nothing()
        self.a_node_alone_takes_no_writes()
        return about

    def start(self) -> None:
        program("mariadb-backup")  # nodes start it
        if not PROVIDER.exists():
            raise Missing(PROVIDER.name)
        for node in self.nodes:
            node.join(self.nodes)
            self.run(node, *["--wsrep-new-cluster"] * (node.number == 1))
            self.run(node.checker())
        self.nodes[0].create()
        self.nodes[0].rows(f"CREATE USER {CHECKER}@localhost")
        environment = {f"PROXY_{number}": f"127.0.0.1:{port}" for number, port in enumerate(free_ports(2), 1)}
        for node in self.nodes:
            environment[f"BUSINESS_{node.number}"] = f"127.0.0.1:{node.port}"
            environment[f"CHECK_PORT_{node.number}"] = str(node.check_port)
        self.proxies = [self.run(Proxy(number, self.folder, environment)) for number in (1, 2)]
        for proxy in self.proxies:
            wait_until(partial(self.all_up, proxy), what="haproxy sees three nodes")
            wait_until(proxy.writer, what="haproxy lets somebody through")

    def all_up(self, proxy: Proxy) -> bool:
        states = proxy.states()
        return [states.get(node.name) for node in self.nodes] == ["UP"] * len(self.nodes)

    def behind(self, server: Node | Proxy) -> dict[str, str]:
        """The product's environment, with business data there and identity in a file."""
        return self.environment(
            DJANGO_SETTINGS_MODULE="tests.scaling.settings", DB_CONNECTION="sqlite", DB_PORT=server.port
        )

    def the_product_fits(self) -> None:
        began = time.monotonic()
        self.manage(self.behind(self.proxies[0]), "migrate_all")
        taken = time.monotonic() - began
        tables = self.nodes[0].rows(
            "SELECT TABLE_NAME, ENGINE, EXISTS (SELECT 1 FROM information_schema.TABLE_CONSTRAINTS c WHERE"
            f" c.TABLE_SCHEMA = '{BUSINESS}' AND c.TABLE_NAME = t.TABLE_NAME AND c.CONSTRAINT_TYPE = 'PRIMARY KEY')"
            f" FROM information_schema.TABLES t WHERE TABLE_SCHEMA = '{BUSINESS}'"
        )
        fit = [name for name, engine, has_key in tables if engine == "InnoDB" and has_key]
        self.promise(
            "migrations run, and every table is InnoDB with a primary key",
            f"{len(fit)} of {len(tables)} tables, in {taken:.0f} s",
            met=len(fit) == len(tables) > 0,
        )

    def a_large_load_is_one_transaction(self) -> None:
        path = self.folder / "people.xlsx"
        self.manage(self.behind(self.proxies[0]), "make_sample_workbook", str(path), "--rows", str(LOAD_ROWS))
        began = time.monotonic()
        told = json.loads(
            self.manage(self.behind(self.proxies[0]), "import_employees", str(path), "--create-missing", "--json")
        )
        self.promise(
            f"a load of {LOAD_ROWS:,} people is written in one transaction",
            f"{told['created']:,} created in {time.monotonic() - began:.0f} s",
            met=told["created"] == LOAD_ROWS,
        )
        self.all_nodes_agree("the three nodes hold the same rows after it")

    def the_writer_is_killed(self) -> None:
        """Under load, with a clock at work."""
        self.clock = self.background("clock", self.behind(self.proxies[0]))
        wait_until(self.clock_rounds, what="the clock makes its rounds")
        environments = [self.behind(proxy) for proxy in self.proxies] * (WRITERS // 2)
        with self.writing("positions", environments) as writers:
            time.sleep(SECONDS_OF_LOAD)
            rounds, self.killed = self.clock_rounds(), self.writing_node()
            self.killed.kill()
            time.sleep(SECONDS_OF_LOAD + LONGEST_PAUSE)
        acknowledged = [line for writer in writers for line in writer.told_of("code")]
        lost, refused = self.lost(acknowledged), errors(writers)
        self.promise(
            "the writing node killed under load: 0 acknowledged writes lost",
            f"{len(lost)} of {len(acknowledged):,} lost, {told(refused)}",
            met=not lost and len(acknowledged) > 100,
        )
        times = sorted(line["at"] for line in acknowledged)
        pause = max(after - before for before, after in pairwise(times))
        last = [max((line["at"] for line in writer.told_of("code")), default=0.0) for writer in writers]
        self.promise(
            f"writes go on within {LONGEST_PAUSE:.0f} s, in the same processes",
            f"after {pause:.1f} s, {sum(at > times[-1] - 2 for at in last)} of {WRITERS} processes",
            met=pause <= LONGEST_PAUSE and min(last) > times[-1] - 2,
        )
        missing = sum(len(writer.told_of("missing")) for writer in writers)
        self.promise("who writes finds it at the next read, on whichever node", f"{missing} not found", met=not missing)
        self.promise(
            "the clock goes on in the same process",
            f"held its lease {self.clock_rounds() - rounds} times since",
            met=self.clock.runs and self.clock_rounds() > rounds,
        )
        chosen = [proxy.writer() for proxy in self.proxies]
        same = len(set(chosen)) == 1 and self.killed.name not in chosen
        self.promise("both proxies write to the same of the other nodes", " and ".join(chosen), met=same)

    def writing_node(self) -> Node:
        """Raises TimeoutError while haproxy lets nobody through."""
        name = wait_until(self.proxies[0].writer, what="haproxy lets somebody through")
        return next(node for node in self.nodes if node.name == name)

    def lost(self, acknowledged: Sequence[Mapping[str, Any]]) -> set[str]:
        """Those of the positions that are not there."""
        there = {code for (code,) in self.writing_node().rows("SELECT code FROM hr_position")}
        return {line["code"] for line in acknowledged} - there

    def clock_rounds(self) -> int:
        found = self.writing_node().rows("SELECT version FROM hr_lease WHERE name = 'clock'")
        return int(found[0][0]) if found else 0

    def the_killed_node_returns(self) -> None:
        before = self.writing_node().name
        logged = self.killed.log.stat().st_size
        taken = self.killed.start()
        rest_alone = b"IST completed on joiner" in self.killed.log.read_bytes()[logged:]
        self.promise(
            f"the node killed is back within {LONGEST_RETURN:.0f} s, up to date",
            f"after {taken:.1f} s, {'with what it had missed' if rest_alone else 'with a copy of everything'}",
            met=taken <= LONGEST_RETURN,
        )
        for proxy in self.proxies:
            wait_until(partial(self.all_up, proxy), what="haproxy sees three nodes")
        returned = {proxy.writer() for proxy in self.proxies}
        self.proxies[0].end()
        self.proxies[0].start()
        wait_until(self.proxies[0].writer, what="a proxy started again lets somebody through")
        chosen = {proxy.writer() for proxy in self.proxies}
        self.promise(
            "the writing node stays the same when it returns, and when a proxy is restarted",
            f"{before}, then {' and '.join(sorted(returned))}, then {' and '.join(sorted(chosen))}",
            met=returned == chosen == {before},
        )
        self.all_nodes_agree("the three nodes hold the same rows, table by table")

    def two_nodes_written_at_once_lose_nothing(self) -> None:
        """What happens if proxies ever disagree: conflicts show at the commit, and the service runs again."""
        (key,) = self.nodes[0].rows("SELECT MIN(id) FROM hr_position")[0]
        before = self.version_of(key)
        with self.writing(f"position {key}", [self.behind(node) for node in self.nodes[:2]]) as writers:
            time.sleep(SECONDS_OF_LOAD)
        acknowledged = sum(len(writer.told_of("code")) for writer in writers)
        refused = errors(writers)
        conflicts = sum(
            int(node.status(name))
            for node in self.nodes
            for name in ("wsrep_local_cert_failures", "wsrep_local_bf_aborts")
        )
        kept = self.version_of(key) - before
        self.promise(
            "one row changed through two nodes at once: no acknowledged change is lost",
            f"{kept:,} kept of {acknowledged:,}, {conflicts:,} conflicts, {told(refused)} after four attempts",
            met=kept == acknowledged > 0,
        )

    def version_of(self, key: int) -> int:
        found = self.nodes[2].rows(f"SELECT version FROM hr_position WHERE id = {key}")
        return int(found[0][0])

    def a_node_alone_takes_no_writes(self) -> None:
        """Two of three killed: what is left is no majority."""
        with self.writing("positions", [self.behind(proxy) for proxy in self.proxies]) as writers:
            time.sleep(3)
            left = self.writing_node()
            others = [node for node in self.nodes if node is not left]
            for node in others:
                node.kill()
            wait_until(lambda: left.status("wsrep_cluster_status") == "non-Primary", what="it sees that it is alone")
            noticed = time.monotonic()
            time.sleep(4)
            alone = time.monotonic()
            answers = [proxy.states()[left.name] for proxy in self.proxies]
            for node in others:
                node.launch()
            wait_until(lambda: all(node.answers() for node in self.nodes), what="three nodes again")
            back = time.monotonic()
            time.sleep(SECONDS_OF_LOAD)
        acknowledged = [line for writer in writers for line in writer.told_of("code")]
        meanwhile = sum(noticed < line["at"] < alone for line in acknowledged)
        lost = self.lost(acknowledged)
        after = [line["at"] for line in acknowledged if line["at"] > alone]
        self.promise(
            "two of three nodes lost: the third acknowledges nothing, haproxy sends nobody there",
            f"{meanwhile} acknowledged, haproxy says {' and '.join(answers)}",
            met=not meanwhile and all(answer.startswith("DOWN") for answer in answers),
        )
        self.promise(
            "started again they find each other, and writes go on: 0 acknowledged writes lost",
            f"{len(lost)} of {len(acknowledged):,} lost, three nodes {back - alone:.1f} s after the start, "
            + (f"first write after {min(after) - alone:.1f} s" if after else "no write"),
            met=not lost and bool(after),
        )
        self.all_nodes_agree("the three nodes hold the same rows in the end")

    def all_nodes_agree(self, promise: str) -> None:
        """Once what they received is applied, which `wsrep_sync_wait` waits for."""
        if self.clock:
            self.clock.end()
            self.clock = None
        found = [node.contents() for node in self.nodes]
        different = {name for name in set().union(*found) if len({each.get(name) for each in found}) > 1}
        self.promise(
            promise,
            ", not ".join([f"{len(found[0]) - len(different)} of {len(found[0])} tables", *sorted(different)]),
            met=not different and bool(found[0]),
        )

    def about(self) -> dict[str, str]:
        ((version,),) = self.nodes[0].rows("SELECT VERSION()")
        proxy = subprocess.run([program("haproxy"), "-v"], check=True, capture_output=True, text=True).stdout
        provider = self.nodes[0].status("wsrep_provider_version")
        return {"mariadb": version, "galera": provider, "haproxy": proxy.split()[2]}


if __name__ == "__main__":
    sys.exit(main(GaleraDrill, __doc__))
