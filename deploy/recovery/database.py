"""What one database must be able to do, and how its rows are compared."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager
from hashlib import blake2b
from typing import IO, ClassVar, TypedDict


class Table(TypedDict):
    """`sum` is the same for the same rows, in whatever order they are read."""

    rows: int
    sum: str


Contents = dict[str, Table]


def contents_of(rows: Iterable[bytes]) -> Table:
    """`rows` has the same bytes for the same row."""
    count = total = 0
    for row in rows:
        count += 1
        total += int.from_bytes(blake2b(row, digest_size=16).digest())
    return {"rows": count, "sum": f"{total % 2**128:032x}"}


class Snapshot(ABC):
    """A database as it was when this was taken, whatever is written since.

    `position` is where its log of changes stood, '' where there is none; `encoding` what `create` wants.
    """

    position: str
    encoding: dict[str, str]

    @abstractmethod
    def dump(self, target: IO[bytes]) -> None:
        """Raises Failed unless all of it was written."""

    @abstractmethod
    def contents(self) -> Contents:
        """By table."""


class Database(ABC):
    """`engine` and `suffix` name the form of its dumps."""

    engine: ClassVar[str]
    suffix: ClassVar[str]

    @property
    @abstractmethod
    def name(self) -> str: ...

    @abstractmethod
    def named(self, name: str) -> Database:
        """Another one in the same place."""

    @abstractmethod
    def aside(self) -> Database:
        """The one that a rehearsal has to itself."""

    @abstractmethod
    def programs(self) -> list[str]:
        """What must be installed."""

    @abstractmethod
    def variables(self) -> dict[str, str]:
        """What tells the program to use it."""

    def held_still(self) -> AbstractContextManager[None]:
        """Nobody writes meanwhile; whoever wants to waits. Business alone can: identity follows it."""
        raise NotImplementedError

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[Snapshot]: ...

    @abstractmethod
    def exists(self) -> bool: ...

    @abstractmethod
    def create(self, encoding: dict[str, str]) -> None: ...

    @abstractmethod
    def drop(self) -> None: ...

    @abstractmethod
    def tables(self) -> list[str]: ...

    @abstractmethod
    def clear(self) -> None:
        """Drop all tables."""

    @abstractmethod
    def sessions(self) -> int:
        """How many others are connected to it, as far as this user can see."""

    @abstractmethod
    def load(self, source: IO[bytes]) -> None:
        """A dump into a database without tables."""
