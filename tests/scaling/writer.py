"""One process that writes through the product's services, as a web process does from request to request.

Each line on stdout is a JSON object: `{"at": seconds, "code": …}` for a write that was acknowledged, `"error"` for one
that failed, `"missing"` for an acknowledged one that it did not find again. It ends with its stdin.
"""

import json
import sys
import threading
import time

import django
from django.db import DatabaseError, InterfaceError, close_old_connections

django.setup()

from core.tracebacks import kind_of  # noqa: E402
from hr.models import Position  # noqa: E402
from hr.services.positions import NewPosition, change_positions, create_positions  # noqa: E402

ended = threading.Event()


def tell(**values: object) -> None:
    print(json.dumps({"at": time.monotonic()} | values), flush=True)


def create(name: str, number: int, last: str) -> str:
    """A new row, after a look at the one before."""
    if last and not Position.objects.filter(code=last).exists():
        tell(missing=last)
    code = f"{name}-{number}"
    create_positions([NewPosition(code=code, title=f"Position {code}")], actor=None)
    return code


def change(name: str, number: int, key: int) -> str:
    """Another title for a row that others change as well."""
    change_positions({key: {"title": f"{name} {number}"}}, actor=None)
    return f"{name} {number}"


def run(name: str, shared: int | None) -> None:
    number, last = 0, ""
    while not ended.is_set():
        close_old_connections()
        number += 1
        try:
            last = create(name, number, last) if shared is None else change(name, number, shared)
        except (DatabaseError, InterfaceError) as error:
            tell(error=kind_of(error))
            time.sleep(0.1)
        else:
            tell(code=last)


def wait_for_end() -> None:
    sys.stdin.read()
    ended.set()


threading.Thread(target=wait_for_end, daemon=True).start()
run(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None)
