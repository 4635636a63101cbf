"""The embedded databases: two SQLite files."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from recovery.database import Contents, Database, Snapshot, contents_of
from recovery.errors import Failed

WAIT_SECONDS = 20


class FileSnapshot(Snapshot):
    position = ""

    def __init__(self, connection: sqlite3.Connection):
        self.connection = connection
        self.encoding = {}

    def dump(self, target: IO[bytes]) -> None:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "copy.sqlite3"
            with closing(sqlite3.connect(path)) as copy:
                self.connection.backup(copy)
            with path.open("rb") as file:
                shutil.copyfileobj(file, target)

    def contents(self) -> Contents:
        return {
            name: contents_of(repr(row).encode() for row in self.connection.execute(f'SELECT * FROM "{name}"'))  # noqa: S608
            for name in _tables(self.connection)
        }


@dataclass(frozen=True)
class SQLite(Database):
    path: Path

    engine = "sqlite"
    suffix = "sqlite3"

    @property
    def name(self) -> str:
        return str(self.path)

    def named(self, name: str) -> SQLite:
        return SQLite(Path(name))

    def aside(self) -> SQLite:
        return SQLite(self.path.parent / "rehearsal" / self.path.name)

    def programs(self) -> list[str]:
        return []

    def variables(self) -> dict[str, str]:
        return {"DB_CONNECTION": "sqlite", "APP_DATA_DIR": str(self.path.parent)}

    @contextmanager
    def held_still(self) -> Iterator[None]:
        with self._connect() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield

    @contextmanager
    def snapshot(self) -> Iterator[FileSnapshot]:
        with self._connect() as connection:
            connection.execute("BEGIN")
            _tables(connection)  # the first statement that reads takes the snapshot
            yield FileSnapshot(connection)

    def exists(self) -> bool:
        return self.path.exists()

    def create(self, encoding: dict[str, str]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def drop(self) -> None:
        self.clear()
        with suppress(OSError):  # others' files are in it
            self.path.parent.rmdir()

    def tables(self) -> list[str]:
        with self._connect() as connection:
            return _tables(connection)

    def clear(self) -> None:
        for ending in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)

    def sessions(self) -> int:
        return 0

    def load(self, source: IO[bytes]) -> None:
        with self.path.open("wb") as file:
            shutil.copyfileobj(source, file)

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        if not self.path.is_file():
            raise Failed(f"There is no {self.path}.")
        try:
            with closing(sqlite3.connect(self.path, timeout=WAIT_SECONDS, isolation_level=None)) as connection:
                yield connection
        except sqlite3.Error as error:
            raise Failed(f"{self.path}: {error}.") from None


def _tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
    )
    return sorted(name for (name,) in rows)
