"""`make drill-replicas`: exports from a replica of MariaDB, and the PostgreSQL behind pgbouncer killed under load.

Everything runs on free ports of this host and in a temporary folder, with the configuration of deploy/scaling. Prints
what was promised and what was found, and the same as JSON; ends with 1 if a promise was not kept.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.scaling.drill import PASSWORD, SCALING, Drill, errors, main, told
from tests.scaling.identity import Identity, Pool, most_advanced
from tests.servers.databases import USER, MariaDB
from tests.servers.processes import free_ports, wait_until

ROUNDS = 50
EXPORTS, PEOPLE = 12, 60
LOAD_ROWS = 20_000
WRITERS = 4
SECONDS_OF_LOAD = 5
# core.replica waits two seconds for a replica that is behind.
SLOWEST_EXPORT = 4.0
# From the promotion on: somebody has to decide on it.
LONGEST_PAUSE = 15.0


class ReplicaDrill(Drill):
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        super().__init__(folder, stack)
        include = SCALING / "mariadb-replica.cnf"
        self.primary = MariaDB(folder, PASSWORD, name="business", include=include, server_id=1)
        self.replica = MariaDB(folder, PASSWORD, name="business-replica", include=include, server_id=2, read_only="ON")
        self.identity = [Identity(number, folder) for number in (1, 2, 3)]
        [self.pool_port] = free_ports(1)
        self.pools: list[Pool] = []

    def carry_out(self) -> dict[str, str]:
        self.start_business()
        self.start_identity()
        self.the_product_fits()
        self.exports_have_what_was_just_changed()
        self.workers_and_clocks_do_nothing_twice()
        self.a_replica_that_stands_still_is_passed_by()
        self.identity_is_killed()
        return {
            "mariadb": self.primary.rows("SELECT VERSION()")[0][0],
            "postgresql": self.identity[1].rows("SHOW server_version")[0][0],
        }

    def start_business(self) -> None:
        for server in (self.primary, self.replica):
            server.prepare()
            self.run(server)
        # Before anything is written, so that the replica has all of it.
        self.primary.rows(f"CREATE USER replication@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'", database="")
        self.primary.rows("GRANT REPLICATION SLAVE ON *.* TO replication@'127.0.0.1'", database="")
        self.replica.rows(
            f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={self.primary.port}, MASTER_USER='replication',"
            f" MASTER_PASSWORD='{PASSWORD}', MASTER_CONNECT_RETRY=1, MASTER_USE_GTID=slave_pos",
            database="",
        )
        self.replica.rows("START SLAVE", database="")
        self.primary.create()

    def start_identity(self) -> None:
        first = self.identity[0]
        first.prepare()
        self.run(first)
        for server in self.identity[1:]:
            server.copy(first, self.identity)
            self.run(server)
        first.create()
        self.pools = [self.run(Pool(server, self.pool_port)) for server in self.identity]

    @property
    def product(self) -> dict[str, str]:
        """Its environment, as on a host of a production."""
        return self.environment(
            DJANGO_SETTINGS_MODULE="backoffice.settings",
            DB_CONNECTION="pgsql",
            DB_PORT=self.primary.port,
            DB_REPLICA_HOST="127.0.0.1",
            DB_REPLICA_PORT=self.replica.port,
            DB_PGSQL_HOST=",".join(server.address for server in self.identity),
            DB_PGSQL_PORT=self.pool_port,
            DB_PGSQL_USERNAME=USER,
            DB_PGSQL_PASSWORD=PASSWORD,
        )

    def the_product_fits(self) -> None:
        self.manage(self.product, "migrate_all")
        path = self.folder / "people.xlsx"
        self.manage(self.product, "make_sample_workbook", str(path), "--rows", str(LOAD_ROWS))
        told = json.loads(self.manage(self.product, "import_employees", str(path), "--create-missing", "--json"))
        self.promise(
            f"behind pgbouncer and beside a replica it is migrated, and loads {LOAD_ROWS:,} people",
            f"{told['created']:,} created",
            met=told["created"] == LOAD_ROWS,
        )
        found = json.loads(self.manage(self.product, "export_employees", str(self.folder / "people.csv"), "--json"))
        self.promise(
            "an export begun right after the load holds all of them",
            f"{found['unchanged']:,} people",
            met=found["unchanged"] == LOAD_ROWS,
        )

    def exports_have_what_was_just_changed(self) -> None:
        wait_until(lambda: self.replica.contents() == self.primary.contents(), what="the replica has everything")
        before = self.selects()
        told = self.export(ROUNDS)
        read = self.selects() - before
        self.promise(
            "an export holds the change made just before it, and is read from the replica",
            f"{told['stale']} of {told['rounds']} without it, {read} statements read there",
            met=not told["stale"] and read >= 3 * ROUNDS,
        )

    def workers_and_clocks_do_nothing_twice(self) -> None:
        """Three and two, as on so many hosts."""
        environment = self.product | {"MAIL_MAILER": "file"}
        shared = [
            self.background(name, environment, number=number)
            for name, count in (("worker", 3), ("clock", 2))
            for number in range(count)
        ]
        done = self.ask("shared_work", EXPORTS, PEOPLE)
        for each in shared:
            each.end()
        self.promise(
            f"three workers and two clocks: {EXPORTS} exports and {PEOPLE} invitations, none twice",
            f"{done['exports']} made, {done['made_twice']} twice, {done['files']} files; {done['mails']} mailed,"
            f" {done['mailed_twice']} twice; in {done['seconds']} s",
            met=(done["exports"], done["files"], done["mails"]) == (EXPORTS, EXPORTS, PEOPLE)
            and not done["made_twice"] + done["mailed_twice"],
        )

    def a_replica_that_stands_still_is_passed_by(self) -> None:
        self.replica.rows("STOP SLAVE SQL_THREAD")
        behind = self.export(3)
        self.promise(
            f"a replica that stands still: exports come from the primary, within {SLOWEST_EXPORT:.0f} s",
            f"{behind['stale']} of {behind['rounds']} without the change, the slowest took {behind['slowest']} s",
            met=not behind["stale"] and behind["slowest"] <= SLOWEST_EXPORT,
        )
        self.replica.kill()
        away = self.export(3)
        self.promise(
            f"a replica that was killed: the same, within {SLOWEST_EXPORT:.0f} s",
            f"{away['stale']} of {away['rounds']} without the change, the slowest took {away['slowest']} s",
            met=not away["stale"] and away["slowest"] <= SLOWEST_EXPORT,
        )

    def identity_is_killed(self) -> None:
        """Under load, and the better of the two others promoted."""
        with self.writing("sessions", [self.product] * WRITERS) as writers:
            time.sleep(SECONDS_OF_LOAD)
            self.identity[0].kill()
            self.pools[0].kill()  # systemd does so (pgbouncer-with-postgresql.conf), or the host is gone
            time.sleep(2)
            chosen = most_advanced(self.identity[1:])
            promoted = time.monotonic()
            chosen.promote()
            # It remembers what its PostgreSQL said of itself when it was asked first: to be a replica.
            pool = self.pools[self.identity.index(chosen)]
            pool.end()
            pool.start()
            time.sleep(SECONDS_OF_LOAD + LONGEST_PAUSE)
        acknowledged = [line for writer in writers for line in writer.told_of("code")]
        there = {key for (key,) in chosen.rows("SELECT session_key FROM django_session")}
        lost = {line["code"] for line in acknowledged} - there
        refused = errors(writers)
        self.promise(
            "PostgreSQL killed under load and a replica promoted: 0 acknowledged writes lost",
            f"{len(lost)} of {len(acknowledged):,} lost, {told(refused)}",
            met=not lost and len(acknowledged) > 100,
        )
        times = [[line["at"] - promoted for line in writer.told_of("code")] for writer in writers]
        found = [min(after) for each in times if (after := [seconds for seconds in each if seconds > 0])]
        self.promise(
            f"writes go on within {LONGEST_PAUSE:.0f} s of the promotion, in the same processes",
            f"after {max(found, default=0):.1f} s, {len(found)} of {WRITERS} processes",
            met=len(found) == WRITERS and max(found) <= LONGEST_PAUSE,
        )
        missing = sum(len(writer.told_of("missing")) for writer in writers)
        self.promise("who writes finds it at the next read", f"{missing} not found", met=not missing)

    def export(self, rounds: int) -> dict[str, Any]:
        return self.ask("exporter", rounds, self.folder / "positions.csv")

    def ask(self, name: str, *arguments: object) -> dict[str, Any]:
        """What a module of this folder prints."""
        return json.loads(self.python(self.product, "-m", f"tests.scaling.{name}", *map(str, arguments)))

    def selects(self) -> int:
        return int(self.replica.status("Com_select"))


if __name__ == "__main__":
    sys.exit(main(ReplicaDrill, __doc__))
