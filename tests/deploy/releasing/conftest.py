"""A place to release to that is all in memory, and a clock that stands until somebody sleeps."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from releasing.backends import Answer
from releasing.context import Context
from releasing.errors import Failed
from releasing.settings import COLOURS, Settings

# A Sunday, 02:30 in Caracas.
IN_THE_WINDOW = datetime(2027, 3, 7, 6, 30, tzinfo=UTC)
LOGIN = """<link href="/static/core/a.0123456789ab.css"><form><input name="csrfmiddlewaretoken" value="x"></form>"""
PAGES = {"/login/": LOGIN, "/forgotten/": "", "/activate/": "", "/static/core/a.0123456789ab.css": ""}


class FrozenClock:
    def __init__(self, moment=IN_THE_WINDOW):
        self.moment = moment
        self.at_each_sleep = lambda: None

    def now(self):
        return self.moment

    def monotonic(self):
        return self.moment.timestamp()

    def sleep(self, seconds):
        self.moment += timedelta(seconds=seconds)
        self.at_each_sleep()


@dataclass
class FakeBackend:
    """Answers as the program does, and counts as it is told to."""

    name: str
    version: str = "1.0.0"
    ready: bool = True
    answers: bool = True
    requests: int = 0
    errors: int = 0
    seconds: float = 0.0
    critical: int = 0
    page_seconds: float = 0.1
    pages: dict = field(default_factory=lambda: dict(PAGES))

    def ask(self, path, *, method="GET", headers=None, body=""):
        if not self.answers:
            raise Failed(f"{self.name} does not answer")
        if path == "/health/ready":
            return Answer(200, "ready") if self.ready else Answer(503, "unavailable")
        if path == "/metrics":
            return Answer(200, self.exposition())
        if path == "/":
            return Answer(302, "", [], self.page_seconds)
        return Answer(200 if path in self.pages else 404, self.pages.get(path, ""), [], self.page_seconds)

    def serve(self, requests, *, errors=0, mean=0.1):
        self.requests += requests
        self.errors += errors
        self.seconds += requests * mean

    def exposition(self):
        """As backoffice/metrics.py writes it; tests/deploy/releasing/test_metrics.py reads the real one."""
        well = self.requests - self.errors
        return f"""# HELP evaltrack_http_request_seconds Time to answer
# TYPE evaltrack_http_request_seconds histogram
evaltrack_http_request_seconds_count{{colour="green",status="200",view="admin:index"}} {well}
evaltrack_http_request_seconds_count{{colour="green",status="500",view="none"}} {self.errors}
evaltrack_http_request_seconds_sum{{colour="green",status="200",view="admin:index"}} {self.seconds}
evaltrack_http_request_seconds_count{{colour="green",status="404",view="static"}} 1e+06
evaltrack_log_lines_total{{colour="green",level="critical"}} {self.critical}
evaltrack_up{{service="identity"}} 1.0
evaltrack_up{{service="business"}} 1.0
evaltrack_build{{version="{self.version}"}} 1.0
"""


class MemoryTarget:
    """Remembers what was done in `done`. A method whose name is in `broken` fails."""

    def __init__(self):
        self.colour = "blue"
        self.versions = {"blue": "1.0.0", "green": ""}
        self.working = {"blue"}
        self.fleet = {colour: [FakeBackend(f"{colour} {n}") for n in (1, 2)] for colour in COLOURS}
        self.done = []
        self.broken = {}
        self.backup = ""
        self.log = []

    def note(self, name, colour):
        self.done.append(f"{name} {colour}")
        if error := self.broken.get(f"{name} {colour}"):
            raise error

    def live(self):
        return self.colour

    def backends(self, colour):
        return self.fleet[colour]

    def version_of(self, colour):
        return self.versions[colour]

    def install(self, colour, version, say):
        self.note("install", colour)
        self.versions[colour] = version
        for backend in self.fleet[colour]:
            backend.version = version

    def migrate(self, colour, version):
        self.note("migrate", colour)

    def start_web(self, colour, version):
        self.note("start_web", colour)

    def begin_to_stop_work(self, colour):
        self.note("begin_to_stop_work", colour)

    def stop_work(self, colour):
        self.note("stop_work", colour)
        self.working.discard(colour)

    def start_work(self, colour):
        self.note("start_work", colour)
        self.working.add(colour)

    def works(self, colour):
        return colour in self.working

    def point_traffic(self, colour):
        self.note("point_traffic", colour)
        self.colour = colour

    def after_switch(self, colour, version):
        return ""

    def log_lines(self, colour, since):
        self.note("log_lines", colour)
        return self.log

    def backup_fault(self, moment):
        return self.backup

    def how_to_look(self, colour):
        return "journalctl"


@pytest.fixture
def frozen():
    return FrozenClock()


@pytest.fixture
def target():
    return MemoryTarget()


@pytest.fixture
def said():
    return []


@pytest.fixture
def context(tmp_path, frozen, target, said):
    """Of a production, with the plan's settings."""
    return Context(
        Settings(records=tmp_path / "releases"),
        target,
        say=said.append,
        now=frozen.now,
        monotonic=frozen.monotonic,
        sleep=frozen.sleep,
    )


def sign_all(context, version, *, but=""):
    """What people sign before a switch."""
    record = context.record(version)
    for item in record.open_items():
        if item.by == "person" and item.blocks and item.name != but:
            record.sign(item, by="Ana")


def what(record):
    return [event["what"] for event in record.events]
