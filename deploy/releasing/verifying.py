"""What a colour must show before it gets the traffic, and again when it has it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

from releasing.backends import Answer, Backend
from releasing.context import Context
from releasing.errors import Failed
from releasing.metrics import samples_in
from releasing.readings import fault_of
from releasing.settings import Settings

STATIC = re.compile(r"""["'](/static/[^"'?]+\.(?:css|js))["'?]""")
CSRF = re.compile(r"""name="csrfmiddlewaretoken" value="([^"]+)\"""")


@dataclass(frozen=True)
class Finding:
    """Of an item of the checklists. `fault` is '' where all is well."""

    item: str
    text: str
    fault: str = ""


def wait_until_ready(context: Context, colour: str) -> None:
    """Raises Failed, with what each backend said last, unless all are ready in time."""
    deadline = context.monotonic() + context.settings.verify.ready_seconds
    while True:
        faults = [fault for backend in context.target.backends(colour) if (fault := fault_of(backend))]
        if not faults:
            return
        if context.monotonic() >= deadline:
            seconds = context.settings.verify.ready_seconds
            raise Failed(f"{colour} is not ready after {seconds:g} s: {'; '.join(faults)}")
        context.sleep(0.5)


def verify(context: Context, colour: str, version: str) -> list[Finding]:
    """One finding for each question and backend."""
    found = []
    for backend in context.target.backends(colour):
        visit = Visit(backend, context.settings)
        questions: list[tuple[str, str, Callable[[], str]]] = [
            ("health", "is ready", lambda backend=backend: fault_of(backend)),  # type: ignore[misc]
            ("health", f"is version {version}", lambda backend=backend: version_fault(backend, version)),  # type: ignore[misc]
            ("critical-functions", "shows its pages", visit.fault_of_pages),
            ("performance", "answers quickly", visit.fault_of_speed),
        ]
        for item, text, ask in questions:
            try:
                fault = ask()
            except Failed as error:
                fault = str(error)
            found.append(Finding(item, f"{backend.name} {text}", fault))
    return found


def version_fault(backend: Backend, version: str) -> str:
    """Metrics name the version that runs, and whether it has its databases."""
    answer = backend.ask("/metrics")
    if answer.status != 200:
        return f"/metrics answers {answer.status}; is the monitoring token the program's?"
    try:
        samples = list(samples_in(answer.text))
    except ValueError as error:
        return f"/metrics: {error}"
    versions = [labels.get("version") for name, labels, _value in samples if name == "evaltrack_build"]
    if versions != [version]:
        return f"it runs version {versions[0] if versions else 'unknown'}, not {version}"
    needed = {"identity", "business"}
    up = {labels.get("service") for name, labels, value in samples if name == "evaltrack_up" and value == 1}
    return "" if needed <= up else f"it does not have {', '.join(sorted(needed - up))}"


class Visit:
    """Asks a backend for pages as a browser does, and remembers how long each took."""

    def __init__(self, backend: Backend, settings: Settings) -> None:
        self.backend = backend
        self.wanted = settings.verify
        self.origin = f"https://{settings.site}"
        self.cookies: dict[str, str] = {}
        self.seconds: list[float] = []

    def ask(self, path: str, *, form: dict[str, str] | None = None) -> Answer:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        headers["Accept"], body = "text/html", ""
        if form is not None:
            body = urlencode(form)
            headers["Origin"] = self.origin
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = self.backend.ask(path, method="GET" if form is None else "POST", headers=headers, body=body)
        self.seconds.append(answer.seconds)
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                self.cookies.update({key: morsel.value for key, morsel in SimpleCookie(value).items()})
        return answer

    def fault_of_pages(self) -> str:
        return next(self._faults(), "")

    def fault_of_speed(self) -> str:
        """The mean of all but the first, which waits for what is loaded once."""
        timed = self.seconds[1:]
        if not timed:
            return "no page was answered"
        mean, allowed = sum(timed) / len(timed), self.wanted.mean_seconds
        return "" if mean <= allowed else f"{mean:.2f} s is the mean of {len(timed)} pages; {allowed:g} s are allowed"

    def _faults(self) -> Iterator[str]:
        for path in self.wanted.pages:
            yield from self._fault_of(path, 200)
        login = self.ask("/login/")
        token = CSRF.search(login.text)
        if token is None:
            yield "/login/ shows no form to log in with"
        static = STATIC.search(login.text)
        if static is None:
            yield "/login/ names no static file"
        else:
            yield from self._fault_of(static[1], 200)
        yield from self._fault_of("/", 302)
        if self.wanted.user and token is not None:
            yield from self._faults_inside(token[1])

    def _faults_inside(self, token: str) -> Iterator[str]:
        try:
            password = Path(self.wanted.password_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            yield f"the password of {self.wanted.user} cannot be read: {error}"
            return
        form = {"username": self.wanted.user, "password": password, "csrfmiddlewaretoken": token, "next": "/"}
        answer = self.ask("/login/", form=form)
        if answer.status != 302:
            yield f"{self.wanted.user} cannot log in: /login/ answers {answer.status}"
            return
        for path in self.wanted.pages_inside:
            yield from self._fault_of(path, 200)

    def _fault_of(self, path: str, status: int) -> Iterator[str]:
        answer = self.ask(path)
        if answer.status != status:
            yield f"{path} answers {answer.status}, not {status}"
