"""The child process: `python -m hr.loading.parser MEMORY SECONDS`, which hr/loading/sandbox.py starts."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Iterator
from typing import IO, Any

from hr.loading.parser.limits import set_limits
from hr.loading.parser.protocol import BROKEN, DONE, REFUSED, WORKBOOK, receive, receive_bytes, send
from hr.loading.parser.refused import Refused


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """First the kind of file, the options and the bytes; then what is asked about them, until the other side hangs up.

    Each answer is any number of messages and a last one, a pair that begins with DONE, REFUSED or BROKEN.
    """
    file = None
    while True:
        try:
            name, *arguments = receive(requests)
            content = receive_bytes(requests) if name == "open" else b""
        except EOFError:
            return
        except MemoryError:
            send(answers, (REFUSED, "memory", {}))
            return
        last: tuple[Any, ...]
        try:
            if name == "open":
                file = _opened(content, *arguments)
                result: Iterable[Any] = [file.facts()]
            else:
                result = _asked(file, name, arguments)
            for message in result:
                send(answers, message)
            last = (DONE,)
        except Refused as refused:
            last = (REFUSED, refused.code, refused.values)
        except MemoryError:
            last = (REFUSED, "memory", {})
        except BrokenPipeError:
            return
        except BaseException as error:  # the reader's own panic is no Exception
            from core.tracebacks import without_messages  # takes longer than the start, and is hardly ever needed

            last = (BROKEN, without_messages(error))
        send(answers, last)


def _opened(content: bytes, kind: str, options: dict[str, Any]) -> Any:
    if kind == WORKBOOK:
        from hr.loading.parser.workbook import Workbook

        return Workbook(content, options)
    from hr.loading.parser.text_file import TextFile

    return TextFile(content, options)


def _asked(file: Any, name: str, arguments: list[Any]) -> Iterator[Any]:
    if name == "head":
        yield file.head(*arguments)
    else:
        yield from file.rows(*arguments)
        yield file.findings()


if __name__ == "__main__":
    # It holds cells, which have no cycles, and does not live long.
    gc.disable()
    set_limits(memory=int(sys.argv[1]), seconds=int(sys.argv[2]))
    serve(sys.stdin.buffer, sys.stdout.buffer)
