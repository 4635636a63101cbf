"""Both databases lost with their disks, and brought back from the newest backup."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence

from tests.drill.ground import COLOURS
from tests.drill.report import Promise
from tests.drill.scene import Scene

WORK_SECONDS = 3


def try_out(scene: Scene) -> Iterator[Promise]:
    ground = scene.ground
    databases = (ground.postgresql, ground.mariadb)
    live = [f"evaltrack-web@{ground.live}.target", *ground.work_units(ground.live)]
    ground.units.stop([*live, *(f"evaltrack-web@{colour}.target" for colour in COLOURS)])
    before = [database.contents() for database in databases]
    rows = sum(int(text.split()[0]) for tables in before for text in tables.values())
    scene.tell(f"backing up {rows:,} rows")
    scene.back_up()
    for database in databases:
        database.kill()
        shutil.rmtree(database.data)
        database.prepare()
        database.start()
        database.create()
    scene.tell("both databases are gone; restoring")
    began = time.monotonic()
    ground.run(["deploy/restore"], variables=scene.backups)
    took = time.monotonic() - began
    different = _different(before, [database.contents() for database in databases])
    yield Promise(
        "Both databases are destroyed with their disks: the newest backup brings them back, every row the same",
        f"{rows:,} rows in {sum(map(len, before))} tables, {len(different)} tables differ; restored in {took:.1f} s",
        not different and rows > 0,
        {"rows": rows, "restore": round(took, 1), "different": different},
    )
    reconciled = ground.manage("reconcile", fine=(0, 1))
    ground.units.start(live)
    with scene.load.at_work() as stretch:
        time.sleep(WORK_SECONDS)
    kept, failed = scene.kept(stretch), len(stretch.failed)
    yield Promise(
        "Then both databases agree (reconcile ends with 0), and people go on in the sessions they had",
        f"it ended with {reconciled.returncode}; {failed} of {len(stretch.answers)} requests failed; {kept}",
        reconciled.returncode == 0 and bool(stretch.answers) and not failed and kept.is_whole,
    )


def _different(before: Sequence[Mapping[str, str]], after: Sequence[Mapping[str, str]]) -> list[str]:
    """Tables that are not in both, or not with the same rows."""
    return sorted(
        table
        for old, new in zip(before, after, strict=True)
        for table in old.keys() | new.keys()
        if old.get(table) != new.get(table)
    )
