"""People at work while things break: each looks at pages and saves changes, and notes what came of it."""

from __future__ import annotations

import http.client
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.colleague import FORM_ROW, fields_of
from tests.servers.nginx import HOST

LOGIN = "/login/"
PAGES = ["/", "/hr/employee/", "/hr/employee/?status__exact=suspended", "/hr/orgunit/", "/hr/position/"]
FORGOTTEN = "/forgotten/"
# After so many things somebody begins anew; two of them are changes.
TURNS = 7
THINKS_SECONDS = 2.0
# Nobody waits longer for a page; it counts as one that hangs.
PATIENCE_SECONDS = 90
LOST = 0


@dataclass(frozen=True)
class Answer:
    """What came of a request. `status` is LOST where nothing came; `phone` is what a change wrote or would have."""

    method: str
    path: str
    began: float
    seconds: float
    status: int
    colour: str
    error: str
    employee: int = 0
    phone: str = ""

    @property
    def ended(self) -> float:
        return self.began + self.seconds


class Door:
    """One browser at nginx: a TLS connection that stays open, or a new one for each request."""

    def __init__(self, port: int, authority: Path, *, stays_open: bool) -> None:
        self.port, self.stays_open = port, stays_open
        self._context = ssl.create_default_context(cafile=str(authority))
        self._connection: http.client.HTTPSConnection | None = None
        self.cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[http.client.HTTPResponse, str]:
        """The answer and its text. Raises OSError or HTTPException where there is none."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        headers |= {"Host": HOST, "Referer": f"https://{HOST}{path}"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection = self._connection or self._connect()
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        except BaseException:
            self.close()
            raise
        for line in response.headers.get_all("Set-Cookie") or ():
            self.cookies.update((name, morsel.value) for name, morsel in SimpleCookie(line).items())
        if response.will_close or not self.stays_open:
            self.close()
        return response, text

    def _connect(self) -> http.client.HTTPSConnection:
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS)
        self._connection = http.client.HTTPSConnection(HOST)
        self._connection.sock = self._context.wrap_socket(raw, server_hostname=HOST)
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def log_in(self, name: str, password: str) -> None:
        self.ask("GET", LOGIN)
        form = {"username": name, "password": password, "csrfmiddlewaretoken": self.cookies["csrftoken"]}
        response, _text = self.ask("POST", LOGIN, urlencode(form))
        if response.status != 302:
            raise ConnectionError(f"{name} cannot log in: {response.status}")


class Person:
    """Somebody logged in, who changes only employees of his own, and goes on where he stopped."""

    def __init__(self, door: Door, employees: Sequence[int], phones: Callable[[], str], note: Callable[[Answer], None]):
        self.door, self.phones, self.note = door, phones, note
        self._employees, self._pages = itertools.cycle(employees), itertools.cycle(PAGES)
        # Between opening a form and saving it there is time to think, and for a server to go away.
        self._turns = itertools.cycle([self.look, self.open, self.save, self.look, self.open, self.save, self.forget])
        self._opened: tuple[int, dict[str, str]] | None = None

    def work(self, stop: threading.Event, pause: float) -> None:
        for turn in self._turns:
            turn()
            if stop.wait(pause):
                self.door.close()
                return

    def skip(self, turns: int) -> None:
        """So that not all do the same at the same time."""
        for _turn in range(turns % TURNS):
            next(self._turns)

    def look(self) -> None:
        self._ask("GET", next(self._pages), expected=200)

    def open(self) -> None:
        """The form of an employee."""
        employee = next(self._employees)
        page = self._ask("GET", FORM_ROW.format(employee), expected=200)
        self._opened = None if page is None else (employee, fields_of(page))

    def save(self) -> None:
        """Give the employee another phone number, if there is an open form; else look at a page."""
        if self._opened is None:
            self.look()
            return
        (employee, fields), phone = self._opened, self.phones()
        self._opened = None
        form = urlencode(fields | {"work_phone": phone, "_save": "Save"})
        self._ask("POST", FORM_ROW.format(employee), form, expected=302, employee=employee, phone=phone)

    def forget(self) -> None:
        """Ask for a password, for nobody's account: how often is counted in Redis."""
        form = {"name": "nobody", "csrfmiddlewaretoken": self.door.cookies["csrftoken"]}
        self._ask("POST", FORGOTTEN, urlencode(form), expected=200)

    def _ask(
        self, method: str, path: str, body: str | None = None, *, expected: int, employee: int = 0, phone: str = ""
    ) -> str | None:
        began, status, colour, error, text = time.monotonic(), LOST, "", "", ""
        try:
            response, text = self.door.ask(method, path, body)
            status, colour = response.status, response.headers.get("X-Colour", "")
            where = response.headers.get("Location", "")
            if status != expected or where.startswith(LOGIN):
                error = f"{status} {where}".strip()
        except (OSError, http.client.HTTPException) as lost:
            error = repr(lost)
        answer = Answer(method, path, began, time.monotonic() - began, status, colour, error, employee, phone)
        self.note(answer)
        return None if error else text


class Load:
    """Everybody at work, and all that came of it."""

    def __init__(self, people: Sequence[Door], employees: Sequence[int]) -> None:
        self.answers: list[Answer] = []
        numbers = itertools.count(2_000_000)
        self._people = [
            Person(door, employees[place :: len(people)], lambda: f"+58212{next(numbers)}", self.answers.append)
            for place, door in enumerate(people)
        ]
        for place, person in enumerate(self._people):
            person.skip(place)

    @contextmanager
    def at_work(self, pause: float = THINKS_SECONDS) -> Iterator[Stretch]:
        """Within the block everybody works, with so many seconds between two things. What they have begun is ended
        before it is left.
        """
        stop, stretch = threading.Event(), Stretch(self, time.monotonic())
        threads = [threading.Thread(target=each.work, args=[stop, pause]) for each in self._people]
        try:
            for thread in threads:
                thread.start()
                # Not all at once.
                time.sleep(pause / len(threads))
            yield stretch
        finally:
            stop.set()
            for thread in threads:
                if thread.ident is not None:
                    thread.join()

    def writes(self) -> list[Answer]:
        """The changes that were sent, whatever came of them."""
        return [answer for answer in self.answers if answer.phone]


@dataclass
class Stretch:
    """The work since a moment of time.monotonic()."""

    load: Load
    since: float

    @property
    def answers(self) -> list[Answer]:
        return [answer for answer in self.load.answers if answer.began >= self.since]

    @property
    def failed(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.error]

    def from_now(self) -> Stretch:
        return Stretch(self.load, time.monotonic())
