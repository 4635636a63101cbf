"""Backups on disk: one folder each, named by its moment, whole once it has a manifest."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, Any

from recovery.errors import Failed
from recovery.pipes import PIPE, running

MANIFEST = "manifest.json"
STAMP = "%Y%m%dT%H%M%SZ"
# What is being written, and what is being thrown away; whatever has this name when nobody works here is rubbish.
UNFINISHED = ".unfinished-"
COMPRESS, DECOMPRESS = ["zstd", "--quiet", "--stdout"], ["zstd", "--quiet", "--decompress", "--stdout"]


@dataclass(frozen=True)
class Backup:
    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def manifest(self) -> dict[str, Any]:
        try:
            return json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise Failed(f"{self.folder} is no backup: {error}") from None

    @property
    def made_at(self) -> datetime:
        return datetime.strptime(self.name, STAMP).replace(tzinfo=UTC)

    @property
    def size(self) -> int:
        return sum(row["bytes"] for row in self.manifest["files"].values())

    def verify(self) -> None:
        """Raises Failed, naming each file that is not what was written."""
        faults = []
        for name, row in self.manifest["files"].items():
            path = self.folder / name
            if not path.is_file():
                faults.append(f"{name} is missing")
            elif path.stat().st_size != row["bytes"]:
                faults.append(f"{name} has {path.stat().st_size} bytes, not {row['bytes']}")
            elif checksum(path) != row["sha256"]:
                faults.append(f"{name} has another checksum")
        if faults:
            raise Failed(f"{self.folder} is damaged: {'; '.join(faults)}.")

    @contextmanager
    def reading(self, file: str, key_file: Path | None) -> Iterator[IO[bytes]]:
        """What was dumped into a file. Raises Failed with a wrong key, or when it was cut off."""
        decrypt = []
        if file.endswith(".age"):
            if key_file is None:
                raise Failed(f"{file} is encrypted: BACKUP_KEY_FILE must name the file with the key.")
            decrypt = [["age", "--decrypt", f"--identity={key_file}"]]
        with (
            (self.folder / file).open("rb") as stored,
            running(*decrypt, DECOMPRESS, stdin=stored, stdout=PIPE) as programs,
        ):
            yield programs[-1].stdout


@contextmanager
def writing(folder: Path, name: str, recipients: Sequence[str]) -> Iterator[tuple[str, IO[bytes]]]:
    """Compresses what is written, and encrypts it for each of `recipients`, if any; the file's name says so.

    Raises Failed if a program did, or wrote nothing.
    """
    commands = [COMPRESS]
    if recipients:
        commands.append(["age", "--encrypt", *(f"--recipient={key}" for key in recipients)])
    path = folder / f"{name}.zst{'.age' if recipients else ''}"
    with path.open("xb") as file:
        with running(*commands, stdin=PIPE, stdout=file) as programs:
            yield path.name, programs[0].stdin
        os.fsync(file.fileno())
        if not os.fstat(file.fileno()).st_size:
            raise Failed(f"{path.name} would be empty.")


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def wait_for_a_name(folder: Path) -> None:
    """Names are seconds: a second backup in one waits for the next."""
    while (folder / datetime.now(UTC).strftime(STAMP)).exists():
        time.sleep(0.05)


@contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """A folder beside the backups, which is gone afterwards unless `finish` made it one of them."""
    path = Path(mkdtemp(prefix=UNFINISHED, dir=folder))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def finish(path: Path, manifest: dict[str, Any]) -> Backup:
    """Adds the manifest with what the folder holds, and gives the folder its name: all of it, or nothing."""
    files = {file.name: {"sha256": checksum(file), "bytes": file.stat().st_size} for file in sorted(path.iterdir())}
    with (path / MANIFEST).open("x", encoding="utf-8") as file:
        json.dump(manifest | {"files": files}, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    if os.geteuid() == 0:
        # Who makes the next one must be able to read this one, and to delete it.
        owner = path.parent.stat()
        for made in (path, *path.iterdir()):
            os.chown(made, owner.st_uid, owner.st_gid)
    _sync(path)
    target = path.with_name(datetime.fromisoformat(manifest["made_at"]).strftime(STAMP))
    path.rename(target)
    _sync(target.parent)
    return Backup(target)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def backups(folder: Path) -> list[Backup]:
    """Those that are whole, oldest first."""
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [Backup(path) for path in found if re.fullmatch(r"\d{8}T\d{6}Z", path.name) and (path / MANIFEST).is_file()]


def newest(folder: Path) -> Backup:
    if not (found := backups(folder)):
        raise Failed(f"There is no backup in {folder}.")
    return found[-1]


def forget_old(folder: Path, *, days: int, at_least: int) -> list[str]:
    """Deletes backups older than `days`, and keeps the newest `at_least` and what is being restored; returns the names
    of those gone.
    """
    oldest = datetime.now(UTC) - timedelta(days=days)
    old = [backup for backup in backups(folder)[:-at_least] if backup.made_at < oldest]
    gone = []
    for backup in old:
        with suppress(Failed), alone(backup.folder):
            # First out of sight: half a backup must not look like one.
            shutil.rmtree(backup.folder.rename(folder / f"{UNFINISHED}{backup.name}"))
            gone.append(backup.name)
    return gone


def clean(folder: Path) -> None:
    """Deletes what a killed run left behind. Only for who holds the folder."""
    for path in folder.glob(f"{UNFINISHED}*"):
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Raises Failed if somebody else is at work in this folder."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise Failed(f"{folder} is no backup: {error}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Failed(f"Another one is at work in {folder}.") from None
    finally:
        os.close(descriptor)
