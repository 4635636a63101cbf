"""One person at work in a browser: looks at lists, opens forms, changes a phone number, and thinks in between."""

from __future__ import annotations

import http.client
import random
import re
import time
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode

LIST, FORM, WRITE = "list", "form", "write"
# Of a hundred things a person does.
DOES = {LIST: 70, FORM: 25, WRITE: 5}
PATIENCE_SECONDS = 120
SHORT_LIST = "/hr/employee/?status__exact=suspended"
FORM_ROW = "/hr/employee/{}/change/"


@dataclass(frozen=True)
class Done:
    """`seconds` until all of the answer was there; `error` is '' or what was wrong with it."""

    what: str
    seconds: float
    error: str


@dataclass
class Colleague:
    """`lists` are the addresses he looks at, `people` the keys of those whose forms he opens."""

    port: int
    session: str
    lists: list[str]
    people: list[int]
    thinks: tuple[float, float]
    chance: random.Random
    cookies: dict[str, str] = field(default_factory=dict)
    done: list[Done] = field(default_factory=list)

    def arrive(self) -> None:
        self.cookies["sessionid"] = self.session
        for address in (SHORT_LIST, FORM_ROW.format(self.people[0])):
            self._ask("GET", address)

    def work(self, until: float) -> None:
        time.sleep(self.chance.uniform(0, self.thinks[1]))
        while time.monotonic() < until:
            [what] = self.chance.choices(list(DOES), weights=list(DOES.values()))
            begun = time.monotonic()
            try:
                error = self._do(what)
            except OSError as found:
                error = repr(found)
            self.done.append(Done(what, time.monotonic() - begun, error))
            time.sleep(self.chance.uniform(*self.thinks))

    def _do(self, what: str) -> str:
        if what == LIST:
            return self._expect(200, *self._ask("GET", self.chance.choice(self.lists)))
        address = FORM_ROW.format(self.chance.choice(self.people))
        status, page = self._ask("GET", address)
        if what == FORM or status != 200:
            return self._expect(200, status, page)
        sent = fields_of(page) | {"work_phone": f"+58212{self.chance.randrange(10**7):07d}", "_save": "Save"}
        return self._expect(302, *self._ask("POST", address, urlencode(sent)))

    @staticmethod
    def _expect(wanted: int, status: int, page: str) -> str:
        if status == wanted:
            return ""
        told = re.search(r'class="[^"]*error[^"]*"[^>]*>(.{0,200})', page, re.DOTALL)
        return f"{status} {told[1] if told else page[:200]}"

    def _ask(self, method: str, address: str, body: str | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        headers = {"Host": "localhost", "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, address, body, headers)
            response = connection.getresponse()
            page = response.read().decode(errors="replace")
            for line in response.headers.get_all("Set-Cookie") or ():
                self.cookies.update((name, morsel.value) for name, morsel in SimpleCookie(line).items())
            return response.status, page
        finally:
            connection.close()


def fields_of(page: str) -> dict[str, str]:
    """What a browser would send of the form of a row, unchanged."""
    parser = _Form()
    parser.feed(page)
    return parser.values


class _Form(HTMLParser):
    """Reads the one form that has a first name."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._now: dict[str, str] = {}
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        name = named.get("name", "")
        if tag == "form":
            self._now = {}
        elif tag == "input" and name and named.get("type", "text") not in ("submit", "button", "file"):
            if named.get("type") not in ("checkbox", "radio") or "checked" in named:
                self._now[name] = named.get("value", "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in named:
            self._now[self._select] = named.get("value", "")
        elif tag == "textarea":
            self._area, self._now[name] = name, ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self._now[self._area] += unescape(data).lstrip("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""
        elif tag == "form" and "first_name" in self._now:
            self.values = self._now
