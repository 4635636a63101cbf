"""Many rows in little memory: packed a block at a time, and gone through as often as one likes."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterable, Iterator
from itertools import batched
from typing import Any

BLOCK = 2000
FASTEST = 1


class Packed[Item]:
    """A list that only grows and is only read from its beginning; 100,000 rows of a file take some ten megabytes."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._blocks: list[bytes] = []
        self._size = 0
        for block in batched(items, BLOCK):
            self.add(block)

    def add(self, block: Iterable[Item]) -> None:
        """Add a block of items; it is packed, and read, as a whole."""
        items = list(block)
        self._blocks.append(zlib.compress(pickle.dumps(items, pickle.HIGHEST_PROTOCOL), FASTEST))
        self._size += len(items)

    def blocks(self) -> Iterator[list[Item]]:
        for block in self._blocks:
            found: Any = pickle.loads(zlib.decompress(block))  # noqa: S301  (packed by this process)
            yield found

    def __iter__(self) -> Iterator[Item]:
        for block in self.blocks():
            yield from block

    def __len__(self) -> int:
        return self._size
