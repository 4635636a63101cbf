"""One web process group of a colour, asked directly: no proxy is between."""

import http.client
import json
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from releasing.commands import run
from releasing.errors import Failed

TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    # As the one who asked measured them, without the way to him.
    seconds: float = 0.0


class Backend(Protocol):
    @property
    def name(self) -> str: ...

    def ask(self, path: str, *, method: str = "GET", headers: Mapping[str, str] = {}, body: str = "") -> Answer:
        """Raises Failed when it does not answer within TIMEOUT_SECONDS."""
        ...


class _OverSocket(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_SECONDS)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


@dataclass(frozen=True)
class SocketBackend:
    """Behind a unix socket, and asked as nginx asks."""

    name: str
    path: Path
    site: str
    token: str

    def ask(self, path: str, *, method: str = "GET", headers: Mapping[str, str] = {}, body: str = "") -> Answer:
        connection = _OverSocket(self.path)
        asked = {
            "Host": self.site,
            "X-Forwarded-For": "127.0.0.1",
            "X-Forwarded-Proto": "https",
            "Authorization": f"Bearer {self.token}",
            "Connection": "close",
            **headers,
        }
        began = time.perf_counter()
        try:
            connection.request(method, path, body=body or None, headers=asked)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
            return Answer(response.status, text, response.getheaders(), time.perf_counter() - began)
        except (OSError, http.client.HTTPException) as error:
            raise Failed(f"{self.name} ({self.path}) does not answer: {error or error.__class__.__name__}") from error
        finally:
            connection.close()


# Runs inside the pod, where there is neither curl nor a way in for anybody else.
ASK_INSIDE = """
import http.client, json, os, sys, time
path, method, headers, body = json.load(sys.stdin)
if token := os.environ.get("MONITORING_TOKEN"):
    headers["Authorization"] = "Bearer " + token
began = time.perf_counter()
connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT") or 8000), timeout=5)
connection.request(method, path, body=body or None, headers=headers)
response = connection.getresponse()
text = response.read().decode("utf-8", "replace")
print(json.dumps([response.status, text, response.getheaders(), time.perf_counter() - began]))
"""


@dataclass(frozen=True)
class PodBackend:
    """A pod, asked from inside itself by `kubectl exec`: policies of the network let in nobody but the proxy."""

    name: str
    kubectl: Sequence[str]
    site: str

    def ask(self, path: str, *, method: str = "GET", headers: Mapping[str, str] = {}, body: str = "") -> Answer:
        # By its input: a form holds a password, and command lines are for all to read.
        question = json.dumps([path, method, {"Host": self.site, **headers}, body])
        command = [*self.kubectl, "exec", "--stdin", self.name, "-c", "evaltrack", "--", "python", "-c", ASK_INSIDE]
        try:
            status, text, got, seconds = json.loads(run(command, given=question, timeout=3 * TIMEOUT_SECONDS))
        except Failed as error:
            last = str(error).splitlines()[-1]
            raise Failed(f"{self.name} does not answer: {last}") from error
        except ValueError as error:
            raise Failed(f"{self.name} answers what is no JSON: {error}") from error
        return Answer(status, text, [(key, value) for key, value in got], seconds)


@dataclass(frozen=True)
class NoBackend:
    """In the place of those there should be."""

    name: str

    def ask(self, path: str, *, method: str = "GET", headers: Mapping[str, str] = {}, body: str = "") -> Answer:
        raise Failed(f"{self.name} is not there")
