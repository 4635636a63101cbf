"""Messages between the two processes: a length, then plain values.

Marshal reads them at the speed of memory and, unlike pickle, runs nothing that the other side names.
"""

from __future__ import annotations

import marshal
from typing import IO, Any

_LENGTH_BYTES = 8

# The kinds of files.
TEXT, WORKBOOK = "text", "workbook"
# How the last message of an answer begins.
DONE, REFUSED, BROKEN = "done", "refused", "broken"


def send(pipe: IO[bytes], message: Any) -> None:
    data = marshal.dumps(message)
    pipe.write(len(data).to_bytes(_LENGTH_BYTES, "big"))
    pipe.write(data)
    pipe.flush()


def send_bytes(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(len(data).to_bytes(_LENGTH_BYTES, "big"))
    pipe.write(data)
    pipe.flush()


def receive_bytes(pipe: IO[bytes]) -> bytes:
    """Raises EOFError when the other side is gone."""
    head = pipe.read(_LENGTH_BYTES)
    length = int.from_bytes(head, "big")
    data = pipe.read(length)
    if len(head) < _LENGTH_BYTES or len(data) < length:
        raise EOFError
    return data


def receive(pipe: IO[bytes]) -> Any:
    """Raises EOFError when the other side is gone."""
    return marshal.loads(receive_bytes(pipe))  # noqa: S302  # runs no code, see above
