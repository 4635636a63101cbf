"""A persona at the browser: asks for pages, sends forms, and gets answers that can be compared."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from html.parser import HTMLParser
from urllib.parse import unquote

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client

from tests.access.rows import Rows
from tests.access.table import ends_delegation, holds, is_told
from tests.access.traces import Trace, Traces, text_of_file
from tests.hr.personas import PERSONAS, Persona, World

TOKENS = re.compile(r'(name="csrfmiddlewaretoken" value="|"X-CSRFToken": ?"|nonce-|"csrf": ?")[A-Za-z0-9_-]+')
OF_THIS_MOMENT = {"X-Request-ID", "Content-Length", "Expires", "Last-Modified"}
ID = "‹id›"


@dataclass(frozen=True)
class Answer:
    """What came back. `says` is all of it that a person or a program could read: text, file, headers, messages."""

    status: int
    text: str
    headers: str
    notes: tuple[str, ...]

    @property
    def says(self) -> str:
        return "\n".join([self.text, self.headers, *self.notes])

    @property
    def errors(self) -> list[str]:
        """What the forms of the page complain of."""
        return re.findall(r"<li>([^<]+)</li>", " ".join(re.findall(r"errorlist.*?</ul>", self.text, re.S)))

    def about(self, key: object) -> "Answer":
        """The same, with the id that was asked for taken out: what remains must not depend on it."""
        # A small number stands in a page for much else.
        around = ("", "") if len(str(key)) > 4 else ("=", ".")
        asked = re.compile(rf"(?<![0-9A-Za-z{around[0]}]){re.escape(str(key))}(?![0-9A-Za-z{around[1]}])")
        return replace(
            self,
            text=asked.sub(ID, self.text),
            headers=asked.sub(ID, self.headers),
            notes=tuple(asked.sub(ID, note) for note in self.notes),
        )


def difference(one: Answer, other: Answer) -> list[str]:
    """The lines in which two answers differ: none, if nobody can tell one from the other."""
    lines = difflib.unified_diff(
        [str(one.status), *one.says.splitlines()], [str(other.status), *other.says.splitlines()], lineterm="", n=0
    )
    return [line[:200] for line in lines if not line.startswith(("---", "+++", "@@"))]


def answer_of(response: HttpResponse) -> Answer:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    headers = {name: value for name, value in response.headers.items() if name not in OF_THIS_MOMENT}
    notes = get_messages(response.wsgi_request) if hasattr(response.wsgi_request, "_messages") else ()
    return Answer(
        response.status_code,
        TOKENS.sub(r"\1", text_of_file(content)),
        unquote(TOKENS.sub(r"\1", "\n".join(f"{name}: {value}" for name, value in sorted(headers.items())))),
        tuple(str(note) for note in notes),
    )


class Browser(Client):
    """Sends a request and nothing else: thousands of them are sent, and nobody asks for the templates' contexts."""

    def request(self, **request: object) -> HttpResponse:
        response = self.handler(self._base_environ(**request))
        assert response.status_code < 500, f"{request['PATH_INFO']}: {response.status_code}"
        return response


class Reader:
    """One persona. Every request begins with nothing but the session, as from a browser just opened."""

    # Of all readers: making one takes longer than a page.
    browser = Browser()

    def __init__(self, world: World, traces: Traces, rows: Rows, key: str) -> None:
        self.world, self.traces, self.rows = world, traces, rows
        self.persona: Persona = PERSONAS[key]
        self.session = ""
        if user := world.users[key]:
            login = Client()
            login.force_login(user)
            self.session = login.cookies[settings.SESSION_COOKIE_NAME].value

    def __str__(self) -> str:
        return self.persona.key

    def get(self, url: str, **headers: str) -> Answer:
        return answer_of(self._browser().get(url, headers=headers or None))

    def post(self, url: str, data: Mapping[str, object] | None = None, **headers: str) -> Answer:
        return answer_of(self._browser().post(url, data or {}, headers=headers or None))

    def _browser(self) -> Client:
        self.browser.cookies.clear()
        if self.session:
            self.browser.cookies[settings.SESSION_COOKIE_NAME] = self.session
        return self.browser

    def may_know(self) -> set[Trace]:
        who = self.persona
        users = self.world.users if holds(who, "view", "core.user") else {who.key}
        return {
            *(Trace("person", key) for key in who.sees),
            *(Trace("position", key) for key in who.sees),
            *(Trace("personal", key) for key in who.personal),
            *(Trace("unit", key) for key in who.units),
            *(Trace("user", key) for key in users),
            *(Trace(row.label, str(row.pk)) for row in self.rows if is_told(who, row) or ends_delegation(who, row)),
        }

    @cached_property
    def knows(self) -> set[Trace]:
        return self.may_know()

    def leaks(self, answer: Answer | str, *, asked: str = "") -> list[Trace]:
        """What the answer says of rows the persona does not see, beside what was in the question."""
        text = answer.says if isinstance(answer, Answer) else answer
        found = self.traces.of(text) - self.knows
        return sorted(found - self.traces.of(asked)) if found else []


class _Forms(HTMLParser):
    """The fields of the forms of a page, as a browser would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self.choices: dict[str, list[str]] = {}
        self._inside = 0
        self._select: tuple[str, bool] | None = None
        self._chosen: list[str] = []
        self._textarea: str | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        name = given.get("name", "")
        if tag == "form":
            self._inside += given.get("method", "get").lower() == "post"
        elif not self._inside or not name:
            if tag == "option" and self._select:
                self._option(given)
        elif tag == "input":
            self._input(name, given)
        elif tag == "select":
            self._select, self._chosen = (name, "multiple" in given), []
            self.choices[name] = []
        elif tag == "textarea":
            self._textarea, self._text = name, ""

    def _option(self, given: dict[str, str]) -> None:
        self.choices[self._select[0]].append(given.get("value", ""))
        if "selected" in given:
            self._chosen.append(given.get("value", ""))

    def _input(self, name: str, given: dict[str, str]) -> None:
        kind = given.get("type", "text")
        if kind in {"checkbox", "radio"} and "checked" not in given:
            return
        if kind not in {"submit", "button", "image", "reset", "file"}:
            self.fields.setdefault(name, []).append(given.get("value", "on" if kind == "checkbox" else ""))

    def handle_data(self, data: str) -> None:
        if self._textarea is not None:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = max(self._inside - 1, 0)
        elif tag == "select" and self._select:
            name, multiple = self._select
            chosen = self._chosen if multiple else (self._chosen[-1:] or self.choices[name][:1] or [""])
            self.fields.setdefault(name, []).extend(chosen)
            self._select = None
        elif tag == "textarea" and self._textarea is not None:
            self.fields.setdefault(self._textarea, []).append(self._text)
            self._textarea = None


def fields_of(answer: Answer) -> dict[str, list[str]]:
    """What a browser would send from the page, untouched."""
    forms = _Forms()
    forms.feed(answer.text)
    return {name: values for name, values in forms.fields.items() if name != "csrfmiddlewaretoken"}
