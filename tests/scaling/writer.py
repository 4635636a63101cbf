"""One process that writes with the product's own code, as a web process does from request to request.

Called with its name and what it writes: `positions`, each a new one; `position KEY`, changes of one; `sessions`, as
logins do. Each line on stdout is a JSON object: `{"at": seconds, "code": …}` for a write that was acknowledged,
`"error"` for one that failed, `"missing"` for an acknowledged one that it did not find again. It ends with its stdin.
"""

import json
import sys
import threading
import time
from functools import partial

import django
from django.db import DatabaseError, InterfaceError, close_old_connections

django.setup()

from django.contrib.sessions.backends.db import SessionStore  # noqa: E402

from core.tracebacks import kind_of  # noqa: E402
from hr.models import Position  # noqa: E402
from hr.services.positions import NewPosition, change_positions, create_positions  # noqa: E402

ended = threading.Event()


def tell(**values: object) -> None:
    print(json.dumps({"at": time.monotonic()} | values), flush=True)


def new_position(code: str, last: str) -> str:
    """After a look at the one before."""
    if last and not Position.objects.filter(code=last).exists():
        tell(missing=last)
    create_positions([NewPosition(code=code, title=f"Position {code}")], actor=None)
    return code


def changed_position(title: str, last: str, *, key: int) -> str:
    """Another title for a row that others change as well."""
    change_positions({key: {"title": title}}, actor=None)
    return title


def new_session(name: str, last: str) -> str:
    if last and not SessionStore().exists(last):
        tell(missing=last)
    session = SessionStore()
    session["name"] = name
    session.create()
    return str(session.session_key)


def run(name: str, what: str) -> None:
    kind, _, key = what.partition(" ")
    write = {
        "positions": new_position,
        "position": partial(changed_position, key=int(key or 0)),
        "sessions": new_session,
    }[kind]
    number, last = 0, ""
    while not ended.is_set():
        close_old_connections()
        number += 1
        try:
            last = write(f"{name}-{number}", last)
        except (DatabaseError, InterfaceError) as error:
            tell(error=kind_of(error))
            time.sleep(0.1)
        else:
            tell(code=last)


def wait_for_end() -> None:
    sys.stdin.read()
    ended.set()


threading.Thread(target=wait_for_end, daemon=True).start()
run(*sys.argv[1:])
