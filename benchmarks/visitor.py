"""A process that opens pages when told to: `python -m benchmarks.visitor USERNAME`, one contender of several.

Django's admin and ours cannot live in one process, as their templates have the same names. Each line of its input is an
address; each line of its output tells as JSON what came of it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# How both admins name the rows of a page.
_ROW = re.compile(r'name="_selected_action" value="(\d+)"|value="(\d+)"[^>]*name="_selected_action"')


@dataclass(frozen=True)
class Visit:
    """Seconds as the visitor waits them and as its process works, what was sent, and the keys of the rows, in order."""

    status: int
    seconds: float
    cpu: float
    sent: int
    compressed: int
    queries: int
    keys: list[int]


class Visitor:
    """A running process, and the way to it. Opened pages stay its own: cookies, connections, caches."""

    def __init__(self, settings: str, username: str, names: dict[str, str], **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.visitor", username],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
            env=os.environ | {"DJANGO_SETTINGS_MODULE": settings, "BENCH_NAMES": json.dumps(names)} | environment,
        )

    def visit(self, address: str) -> Visit:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(address + "\n")
        self._process.stdin.flush()
        return Visit(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate()


def main(username: str) -> None:
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.db import connections
    from django.test import Client

    for alias, name in json.loads(os.environ["BENCH_NAMES"]).items():
        connections[alias].settings_dict["NAME"] = name
    client = Client(SERVER_NAME="localhost")
    client.force_login(get_user_model().objects.get(username=username))
    for line in sys.stdin:
        print(json.dumps(_visited(client, line.rstrip("\n"), connections.all())), flush=True)


def _visited(client: Any, address: str, connections: list[Any]) -> dict[str, Any]:
    import gzip

    queries = 0

    def count(execute: Any, *args: Any) -> Any:
        nonlocal queries
        queries += 1
        return execute(*args)

    with ExitStack() as counted:
        for connection in connections:
            counted.enter_context(connection.execute_wrapper(count))
        started, worked = time.perf_counter(), time.process_time()
        response = client.get(address)
        content = response.content
        seconds, cpu = time.perf_counter() - started, time.process_time() - worked
    keys = [int(one or other) for one, other in _ROW.findall(content.decode())]
    return vars(Visit(response.status_code, seconds, cpu, len(content), len(gzip.compress(content, 6)), queries, keys))


if __name__ == "__main__":
    main(sys.argv[1])
