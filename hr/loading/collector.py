"""Python's collector of circular garbage, kept from going through the rows of a load again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# New objects until it looks at them, and how often it does until it looks at older ones, and at all there are. With
# Python's own figures a fifth of a load is spent on it, and hardly anything found: rows hold no circles.
RARELY = (100_000, 50, 20)


@contextmanager
def collecting_rarely() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
