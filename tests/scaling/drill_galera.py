"""`make drill-galera`: the product on three MariaDB nodes behind two haproxies, of which nodes are killed under load.

Everything runs on free ports of this host and in a temporary folder, with the configuration of deploy/scaling. Prints
what was promised and what was found, and the same as JSON; ends with 1 if a promise was not kept.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.scaling.servers import (
    CHECKER,
    DATABASE,
    PASSWORD,
    ROOT,
    SCALING,
    USER,
    Missing,
    Node,
    Program,
    Proxy,
    free_port,
    program,
    wait_for,
)

WRITERS = 4
SECONDS_OF_LOAD = 8
LOAD_ROWS = 20_000
# Galera takes five seconds to give a silent node up, haproxy two, and the program connects anew.
LONGEST_PAUSE = 15.0
LONGEST_RETURN = 60.0


@dataclass
class Promise:
    promise: str
    result: str
    met: bool


@dataclass
class Writer:
    """A process that writes (tests/scaling/writer.py), and what it told."""

    process: subprocess.Popen[str]
    told: list[dict[str, Any]] = field(default_factory=list)

    def ask_to_end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.stdin = None

    def end(self) -> None:
        out, _err = self.process.communicate(timeout=90)
        self.told = [json.loads(line) for line in out.splitlines()]

    def told_of(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.told if name in line]


class Drill:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.promises: list[Promise] = []
        self.nodes = [Node(number, folder) for number in (1, 2, 3)]
        self.proxies: list[Proxy] = []
        self.clock: Program | None = None

    # --- What runs ----------------------------------------------------------------------------------------------
    def start(self) -> None:
        for node in self.nodes:
            node.install(self.nodes)
            self.stack.callback(node.kill)
            node.start(new_cluster=node.number == 1)
        for statement in (
            f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
            f"CREATE USER {USER}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'",
            f"GRANT ALL ON {DATABASE}.* TO {USER}@'127.0.0.1'",
            f"CREATE USER {CHECKER}@localhost",
        ):
            self.nodes[0].rows(statement)
        environment = {f"PROXY_{number}": f"127.0.0.1:{free_port()}" for number in (1, 2)}
        for node in self.nodes:
            port = free_port()
            command = [
                program("socat", "socat"), f"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr",
                f"EXEC:{SCALING / 'galera-check'}",
            ]  # fmt: skip
            self.run(Program(command, self.folder / "check.log", {"MYSQL_CNF": str(node.check_config)}))
            environment |= {
                f"BUSINESS_{node.number}": f"127.0.0.1:{node.port}",
                f"CHECK_PORT_{node.number}": str(port),
            }
        self.proxies = [Proxy(number, self.folder, environment) for number in (1, 2)]
        for proxy in self.proxies:
            self.run(proxy.program)
        for proxy in self.proxies:
            wait_for(partial(self.all_up, proxy), "haproxy sees three nodes")
            wait_for(proxy.writer, "haproxy lets somebody through")

    def all_up(self, proxy: Proxy) -> bool:
        states = proxy.states()
        return [states.get(node.name) for node in self.nodes] == ["UP"] * len(self.nodes)

    def run(self, what: Program) -> Program:
        what.start()
        self.stack.callback(what.stop)
        return what

    def environment(self, port: int) -> dict[str, str]:
        """The product's, with business data behind the port."""
        return {
            "DJANGO_SETTINGS_MODULE": "tests.scaling.settings",
            "ENV_FILE": "none",
            "APP_ENV": "testing",
            "APP_DATA_DIR": str(self.folder / "data"),
            "DB_CONNECTION": "sqlite",
            "REDIS_HOST": "",
            "DB_HOST": "127.0.0.1",
            "DB_PORT": str(port),
            "DB_USERNAME": USER,
            "DB_PASSWORD": PASSWORD,
            "LOG_CHANNEL": "stderr",
        }

    def manage(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env=os.environ | self.environment(self.proxies[0].port),
            cwd=ROOT, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip

    @contextmanager
    def writing(self, ports: Sequence[int], *arguments: str) -> Iterator[list[Writer]]:
        """Writers, one behind each port, during the block; what they told is there after it."""
        writers = []
        for number, port in enumerate(ports):
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.scaling.writer", f"W{number}-{time.time_ns()}", *arguments],
                env=os.environ | self.environment(port), cwd=ROOT, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip
            self.stack.callback(process.kill)
            writers.append(Writer(process))
        yield writers
        for writer in writers:
            writer.ask_to_end()
        for writer in writers:
            writer.end()

    # --- What is promised ---------------------------------------------------------------------------------------
    def promise(self, promise: str, result: str, *, met: bool) -> None:
        self.promises.append(Promise(promise, result, met))
        print(f"{'met    ' if met else 'NOT MET'}  {promise}: {result}", flush=True)

    def the_product_fits(self) -> None:
        began = time.monotonic()
        self.manage("migrate_all")
        taken = time.monotonic() - began
        tables = self.nodes[0].rows(
            "SELECT TABLE_NAME, ENGINE, EXISTS (SELECT 1 FROM information_schema.TABLE_CONSTRAINTS c WHERE"
            f" c.TABLE_SCHEMA = '{DATABASE}' AND c.TABLE_NAME = t.TABLE_NAME AND c.CONSTRAINT_TYPE = 'PRIMARY KEY')"
            f" FROM information_schema.TABLES t WHERE TABLE_SCHEMA = '{DATABASE}'"
        )
        fit = [name for name, engine, has_key in tables if engine == "InnoDB" and has_key]
        self.promise(
            "migrations run, and every table is InnoDB with a primary key",
            f"{len(fit)} of {len(tables)} tables, in {taken:.0f} s",
            met=len(fit) == len(tables) > 0,
        )

    def a_large_load_is_one_transaction(self) -> None:
        path = self.folder / "people.xlsx"
        self.manage("make_sample_workbook", str(path), "--rows", str(LOAD_ROWS))
        began = time.monotonic()
        told = json.loads(self.manage("import_employees", str(path), "--create-missing", "--json"))
        self.promise(
            f"a load of {LOAD_ROWS:,} people is written in one transaction",
            f"{told['created']:,} created in {time.monotonic() - began:.0f} s",
            met=told["created"] == LOAD_ROWS,
        )
        self.all_nodes_agree("the three nodes hold the same rows after it")

    def the_writer_is_killed(self) -> None:
        """Node 1, under load, with a clock at work."""
        self.clock = self.run(
            Program(
                [sys.executable, "manage.py", "clock"],
                self.folder / "clock.log",
                self.environment(self.proxies[0].port),
            )
        )
        wait_for(self.clock_rounds, "the clock makes its rounds")
        ports = [proxy.port for proxy in self.proxies] * (WRITERS // 2)
        with self.writing(ports) as writers:
            time.sleep(SECONDS_OF_LOAD)
            rounds = self.clock_rounds(on=1)
            self.nodes[0].kill()
            time.sleep(SECONDS_OF_LOAD + LONGEST_PAUSE)
        acknowledged = [line for writer in writers for line in writer.told_of("code")]
        there = {code for (code,) in self.nodes[1].rows("SELECT code FROM hr_position", database=DATABASE)}
        lost = {line["code"] for line in acknowledged} - there
        self.promise(
            "the writing node killed under load: 0 acknowledged writes lost",
            f"{len(lost)} of {len(acknowledged):,} lost, {sum(len(w.told_of('error')) for w in writers)} refused",
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
            f"{self.clock_rounds(on=2) - rounds} rounds since",
            met=self.clock.runs and self.clock_rounds(on=2) > rounds,
        )
        chosen = [proxy.writer() for proxy in self.proxies]
        self.promise(
            "both proxies write to the same node", " and ".join(chosen), met=len(set(chosen)) == 1 and all(chosen)
        )

    def clock_rounds(self, *, on: int = 1) -> int:
        found = self.nodes[on - 1].rows("SELECT version FROM hr_lease WHERE name = 'clock'", database=DATABASE)
        return int(found[0][0]) if found else 0

    def the_killed_node_returns(self) -> None:
        before = self.proxies[0].writer()
        taken = self.nodes[0].start()
        received = self.nodes[0].log.read_text(errors="replace").count("IST received")
        self.promise(
            f"the node killed is back within {LONGEST_RETURN:.0f} s, up to date",
            f"after {taken:.1f} s, {'with what it had missed' if received else 'with a copy of everything'}",
            met=taken <= LONGEST_RETURN,
        )
        for proxy in self.proxies:
            wait_for(partial(self.all_up, proxy), "haproxy sees three nodes")
        returned = {proxy.writer() for proxy in self.proxies}
        restarted = self.proxies[0].program
        restarted.stop()
        restarted.start()
        wait_for(self.proxies[0].writer, "a proxy started again lets somebody through")
        chosen = {proxy.writer() for proxy in self.proxies}
        self.promise(
            "the writing node stays the same when it returns, and when a proxy is restarted",
            f"{before}, then {' and '.join(sorted(returned))}, then {' and '.join(sorted(chosen))}",
            met=returned == chosen == {before},
        )
        self.all_nodes_agree("the three nodes hold the same rows, table by table")

    def two_nodes_written_at_once_lose_nothing(self) -> None:
        """What happens if proxies ever disagree: conflicts show at the commit, and the service runs again."""
        (key,) = self.nodes[0].rows("SELECT MIN(id) FROM hr_position", database=DATABASE)[0]
        before = self.version_of(key)
        with self.writing([self.nodes[0].port, self.nodes[1].port], str(key)) as writers:
            time.sleep(SECONDS_OF_LOAD)
        acknowledged = sum(len(writer.told_of("code")) for writer in writers)
        refused = sum(len(writer.told_of("error")) for writer in writers)
        conflicts = sum(
            int(node.status(name))
            for node in self.nodes
            for name in ("wsrep_local_cert_failures", "wsrep_local_bf_aborts")
        )
        kept = self.version_of(key) - before
        self.promise(
            "one row changed through two nodes at once: no acknowledged change is lost",
            f"{kept:,} kept of {acknowledged:,}, {conflicts:,} conflicts, {refused} refused after four attempts",
            met=kept == acknowledged > 0,
        )

    def version_of(self, key: int) -> int:
        return int(
            self.nodes[2].rows(f"SELECT version FROM hr_position WHERE id = {int(key)}", database=DATABASE)[0][0]
        )

    def a_node_alone_takes_no_writes(self) -> None:
        """Two of three killed: what is left is no majority."""
        with self.writing([proxy.port for proxy in self.proxies]) as writers:
            time.sleep(3)
            self.nodes[0].kill()
            self.nodes[2].kill()
            killed = time.monotonic()
            wait_for(lambda: self.nodes[1].status("wsrep_cluster_status") == "non-Primary", "the node sees it is alone")
            time.sleep(4)
            alone = time.monotonic()
            answers = [proxy.states()["business-2"] for proxy in self.proxies]
            for node in (self.nodes[0], self.nodes[2]):
                assert node.server is not None
                node.server.start()
            wait_for(lambda: all(node.is_synced() for node in self.nodes), "three nodes again", seconds=LONGEST_RETURN)
            back = time.monotonic()
            time.sleep(SECONDS_OF_LOAD)
        acknowledged = [line for writer in writers for line in writer.told_of("code")]
        meanwhile = sum(killed + 6 < line["at"] < alone for line in acknowledged)
        there = {code for (code,) in self.nodes[0].rows("SELECT code FROM hr_position", database=DATABASE)}
        lost = {line["code"] for line in acknowledged} - there
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
            self.clock.stop()
            self.clock = None
        found = [node.checksums() for node in self.nodes]
        different = {name for name in set().union(*found) if len({each.get(name) for each in found}) > 1}
        self.promise(
            promise,
            f"{len(found[0]) - len(different)} of {len(found[0])} tables"
            + f", not {sorted(different)}" * bool(different),
            met=not different and found[0].keys() == found[1].keys() == found[2].keys(),
        )

    def about(self) -> dict[str, str]:
        ((version, provider),) = self.nodes[0].rows("SELECT VERSION(), @@version_comment")
        proxy = subprocess.run([program("haproxy", "haproxy"), "-v"], check=True, capture_output=True, text=True).stdout
        return {
            "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            "machine": f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores",
            "mariadb": f"{version} ({provider})",
            "galera": self.nodes[0].status("wsrep_provider_version"),
            "haproxy": proxy.split()[2],
        }

    def carry_out(self) -> dict[str, str]:
        """Returns what it ran on."""
        self.start()
        about = self.about()
        self.the_product_fits()
        self.a_large_load_is_one_transaction()
        self.the_writer_is_killed()
        self.the_killed_node_returns()
        self.two_nodes_written_at_once_lose_nothing()
        self.a_node_alone_takes_no_writes()
        return about


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the result to this file, too")
    parser.add_argument("--keep", action="store_true", help="leave the folder with databases and logs")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="evaltrack-galera-"))
    folder.chmod(0o755)  # mariadbd gives up the rights of root
    about: dict[str, str] = {}
    with ExitStack() as stack:
        if not arguments.keep:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        drill = Drill(folder, stack)
        try:
            about = drill.carry_out()
        except Missing as error:
            print(error, file=sys.stderr)
            return 2
        except (TimeoutError, subprocess.CalledProcessError) as error:
            drill.promise("the drill comes to its end", f"{error}\n{getattr(error, 'stderr', '')}", met=False)
    told = json.dumps({"about": about, "promises": [asdict(promise) for promise in drill.promises]}, indent=2)
    if arguments.json:
        arguments.json.write_text(told + "\n", encoding="utf-8")
    print(told)
    met = sum(promise.met for promise in drill.promises)
    print(f"met {met} of {len(drill.promises)}")
    return 0 if met == len(drill.promises) else 1


if __name__ == "__main__":
    sys.exit(main())
