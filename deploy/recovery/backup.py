"""Both databases as they were at one moment, into one folder.

Business is held still for as long as it takes to open a snapshot of each database; what is written afterwards is in
neither. Both dumps are read from these snapshots, and so are the sums of rows that a restore is compared with.
"""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from recovery import archive
from recovery.archive import Backup
from recovery.command import main, say
from recovery.database import Database, Snapshot
from recovery.errors import Failed
from recovery.metrics import write_metrics
from recovery.pipes import require_programs, run
from recovery.settings import Settings, load_settings


def back_up() -> None:
    argparse.ArgumentParser(prog="backup", description=__doc__.split("\n")[0]).parse_args()
    settings = load_settings()
    programs = [name for database in settings.databases.values() for name in database.programs()]
    require_programs([*programs, "zstd", *(["age"] if settings.recipients else [])])
    settings.folder.mkdir(parents=True, exist_ok=True)
    with archive.alone(settings.folder):
        archive.clean(settings.folder)
        archive.wait_for_a_name(settings.folder)
        backup = make(settings)
        say(f"{backup.folder}: {backup.size:,} bytes in {backup.manifest['seconds']} s.")
        say(f"As of {backup.manifest['watermark']}.")
        copy_elsewhere(backup, settings.copy_command)
        for name in archive.forget_old(settings.folder, days=settings.keep_days, at_least=settings.keep_at_least):
            say(f"{name} is older than {settings.keep_days} days and was deleted.")
    report(backup, settings.metrics_folder)


def make(settings: Settings) -> Backup:
    """Raises Failed, and leaves nothing behind, unless all of it was written."""
    begun = time.monotonic()
    with archive.unfinished(settings.folder) as folder, ExitStack() as opened:
        business, identity = settings.databases["business"], settings.databases["identity"]
        with business.held_still():
            held = time.monotonic()
            snapshots: dict[str, Snapshot] = {
                "business": opened.enter_context(business.snapshot()),
                "identity": opened.enter_context(identity.snapshot()),
            }
            moment = datetime.now(UTC)
        held_seconds = time.monotonic() - held
        # At once: a server gives up a reader that lets it wait.
        files = {name: dump(name, snapshot, settings, folder) for name, snapshot in snapshots.items()}
        described = {name: describe(settings.databases[name], snapshot) for name, snapshot in snapshots.items()}
        manifest = {
            "made_at": moment.isoformat(),
            "watermark": watermark(moment, snapshots),
            "version": settings.version,
            "seconds": round(time.monotonic() - begun, 1),
            "held_seconds": round(held_seconds, 3),
            "databases": {name: {"file": files[name]} | row for name, row in described.items()},
        }
        return archive.finish(folder, manifest)


def dump(name: str, snapshot: Snapshot, settings: Settings, folder: Path) -> str:
    """Returns the file's name."""
    with archive.writing(folder, f"{name}.{settings.databases[name].suffix}", settings.recipients) as (file, target):
        snapshot.dump(target)
    return file


def describe(database: Database, snapshot: Snapshot) -> dict[str, Any]:
    """What a restore must know of this database, and what it is compared with."""
    tables = snapshot.contents()
    if not any(table["rows"] for table in tables.values()):
        raise Failed(f"There is nothing in {database.name}.")
    return {
        "engine": database.engine,
        "name": database.name,
        "position": snapshot.position,
        "encoding": snapshot.encoding,
        "tables": tables,
    }


def watermark(moment: datetime, snapshots: dict[str, Snapshot]) -> str:
    positions = [f"{name} at {snapshot.position}" for name, snapshot in snapshots.items() if snapshot.position]
    return ", ".join([moment.isoformat(timespec="milliseconds"), *positions])


def copy_elsewhere(backup: Backup, command: str) -> None:
    if command:
        try:
            run("sh", "-c", command, "sh", str(backup.folder))
        except Failed as error:
            raise Failed(f"{backup.folder} is whole, but was not copied elsewhere: {error}") from None
        say("It was copied elsewhere.")


def report(backup: Backup, folder: Path | None) -> None:
    figures = {
        "evaltrack_backup_last_success_seconds": (
            backup.made_at.timestamp(),
            "The moment of the newest backup, in Unix time.",
        ),
        "evaltrack_backup_bytes": (backup.size, "The size of its files."),
        "evaltrack_backup_duration_seconds": (backup.manifest["seconds"], "How long it took."),
    }
    write_metrics(folder, "evaltrack_backup", figures)


if __name__ == "__main__":
    main(back_up)
