"""A backup into databases without tables; or a rehearsal of it, in databases of its own.

Nothing is written before all files were read through: their checksums, their key, their end. Afterwards each table is
compared with what the backup found in it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from recovery import archive
from recovery.archive import Backup
from recovery.command import main, say
from recovery.database import Contents, Database
from recovery.errors import Failed
from recovery.metrics import write_metrics
from recovery.pipes import BLOCK, require_programs
from recovery.settings import ROOT, Settings, load_settings

Databases = Mapping[str, Database]


def restore() -> None:
    options = arguments().parse_args()
    settings = load_settings()
    if options.list:
        for backup in archive.backups(settings.folder):
            say(f"{backup.name}  {backup.size:>15,} bytes  {backup.manifest['watermark']}")
        return
    backup = chosen(options.backup, settings.folder)
    # However old it is, nobody may delete it meanwhile.
    with archive.alone(backup.folder):
        verify(backup, settings)
        if options.rehearse:
            return rehearse(backup, settings)
        names = {name: getattr(options, name) or database.name for name, database in settings.databases.items()}
        targets = {name: settings.databases[name].named(chosen) for name, chosen in names.items()}
        prepare(backup, targets, overwrite=options.overwrite, connected=options.while_connected)
        load(backup, targets, settings.key_file)
    say("Next, before the program starts: manage.py migrate_all, then manage.py reconcile (docs/backup.md).")


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="restore", description=__doc__.split("\n")[0])
    parser.add_argument("backup", nargs="?", help="its folder, or its name in BACKUP_DIR (default: the newest)")
    parser.add_argument("--list", action="store_true", help="say which backups there are, and do nothing")
    parser.add_argument("--rehearse", action="store_true", help="restore aside, compare, reconcile, drop")
    parser.add_argument("--identity", metavar="NAME", help="the database for identity (default: the program's)")
    parser.add_argument("--business", metavar="NAME", help="the database for business data (default: the program's)")
    parser.add_argument(
        "--overwrite",
        metavar="NAME",
        action="append",
        default=[],
        help="drop all tables of this database first; repeatable",
    )
    parser.add_argument("--while-connected", action="store_true", help="even if somebody is connected to a database")
    return parser


def chosen(name: str | None, folder: Path) -> Backup:
    if name is None:
        return archive.newest(folder)
    return Backup(Path(name) if "/" in name else folder / name)


def verify(backup: Backup, settings: Settings) -> None:
    """Raises Failed unless this backup can be restored here: nothing was written then."""
    described = backup.manifest["databases"]
    for name, database in settings.databases.items():
        if described[name]["engine"] != database.engine:
            raise Failed(f"{name} was dumped by {described[name]['engine']}; DB_CONNECTION names {database.engine}.")
    encrypted = any(file.endswith(".age") for file in backup.manifest["files"])
    programs = [name for database in settings.databases.values() for name in database.programs()]
    require_programs([*programs, "zstd", *(["age"] if encrypted else [])])
    backup.verify()
    for name in settings.databases:
        with backup.reading(described[name]["file"], settings.key_file) as source:
            while source.read(BLOCK):
                pass
    say(f"{backup.folder}: checksums are right and all files can be read. As of {backup.manifest['watermark']}.")
    if backup.manifest["version"] != settings.version:
        say(f"It was made by version {backup.manifest['version']}; this is {settings.version}.")


def prepare(backup: Backup, targets: Databases, *, overwrite: list[str], connected: bool) -> None:
    """Databases without tables. Raises Failed, and changes nothing, where that would cost data that nobody named."""
    names = {target.name for target in targets.values()}
    if unknown := set(overwrite) - names:
        raise Failed(f"--overwrite {', '.join(sorted(unknown))}: this restores into {', '.join(sorted(names))}.")
    there = {name: target for name, target in targets.items() if target.exists()}
    for target in there.values():
        if target.tables() and target.name not in overwrite:
            raise Failed(f"{target.name} has tables. Restore into another database, or --overwrite {target.name}.")
        if not connected and (others := sessions_that_stay(target)):
            raise Failed(f"Connected to {target.name}: {others}. Stop the program, or say --while-connected.")
    for name, target in targets.items():
        if name in there:
            target.clear()
        else:
            target.create(backup.manifest["databases"][name]["encoding"])
            say(f"{name}: {target.name} was made.")


def sessions_that_stay(target: Database) -> int:
    """A connection that has ended, our own too, is still there for a moment."""
    for _attempt in range(10):
        if not target.sessions():
            return 0
        time.sleep(0.2)
    return target.sessions()


def load(backup: Backup, targets: Databases, key_file: Path | None) -> None:
    """Raises Failed unless both databases then hold what was dumped, row for row."""
    differences = []
    for name, target in targets.items():
        described, begun = backup.manifest["databases"][name], time.monotonic()
        with backup.reading(described["file"], key_file) as source:
            target.load(source)
        with target.snapshot() as snapshot:
            found = snapshot.contents()
        rows = sum(table["rows"] for table in found.values())
        say(f"{name}: {target.name} has {rows:,} rows in {len(found)} tables, {time.monotonic() - begun:.1f} s.")
        differences += [f"{name}: {difference}" for difference in compare(described["tables"], found)]
    if differences:
        raise Failed("What was restored is not what was dumped:\n" + "\n".join(differences))
    say("Each table holds what was dumped.")


def compare(dumped: Contents, found: Contents) -> list[str]:
    """A line for each table that differs."""
    lines = [f"{name} is missing" for name in sorted(dumped.keys() - found.keys())]
    lines += [f"{name} was not in the backup" for name in sorted(found.keys() - dumped.keys())]
    for name in sorted(dumped.keys() & found.keys()):
        if dumped[name]["rows"] != found[name]["rows"]:
            lines.append(f"{name} has {found[name]['rows']:,} rows, not {dumped[name]['rows']:,}")
        elif dumped[name] != found[name]:
            lines.append(f"{name} has as many rows, but not the same ones")
    return lines


def rehearse(backup: Backup, settings: Settings) -> None:
    """Restore, compare, let the copies carry out what waited in them, compare both databases; then drop the copies.

    Raises Failed unless all of it went well.
    """
    begun = time.monotonic()
    copies = {name: database.aside() for name, database in settings.databases.items()}
    with ExitStack() as made:
        # Whatever has this name is what a rehearsal left that was killed.
        for copy in copies.values():
            if copy.exists():
                copy.drop()
        prepare(backup, copies, overwrite=[], connected=False)
        for copy in copies.values():
            made.callback(copy.drop)
        load(backup, copies, settings.key_file)
        reconcile(copies)
    seconds = round(time.monotonic() - begun, 1)
    figures = {
        "evaltrack_rehearsal_last_success_seconds": (
            time.time(),
            "When a backup was last restored and found right, in Unix time.",
        ),
        "evaltrack_rehearsal_duration_seconds": (seconds, "How long that took."),
    }
    write_metrics(settings.metrics_folder, "evaltrack_rehearsal", figures)
    say(f"{backup.name} was restored, compared and reconciled in {seconds} s. The copies are dropped.")


def reconcile(databases: Databases) -> None:
    """Ask the program itself whether these two agree. Raises Failed with what differs."""
    # Redis knows the live databases.
    variables = {"REDIS_HOST": ""}
    for database in databases.values():
        variables |= database.variables()
    command = [sys.executable, str(ROOT / "manage.py"), "reconcile", "--carry-out", "--json"]
    result = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise Failed(f"The restored databases do not agree:\n{result.stdout}{result.stderr}")
    say("Both restored databases agree.")


if __name__ == "__main__":
    main(restore)
