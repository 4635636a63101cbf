"""Where the time of a request goes, for New Relic, DataDog or whoever takes OTLP: a span for it, and for each of its
statements. Only where OTEL_EXPORTER_OTLP_ENDPOINT names somebody.

OTLP is a POST of JSON; the SDK would bring a dozen packages for it. Names and numbers leave, no address and no SQL.
"""

import atexit
import json
import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from secrets import token_hex
from threading import Lock, Thread
from typing import Any
from urllib.request import Request, urlopen

from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bind_contextvars, get_contextvars

from backoffice.health import NAMES
from backoffice.request_log import view_of
from core.tracebacks import kind_of

logger = logging.getLogger(__name__)

SERVER, CLIENT = 2, 3
FAILED = 2
MOST_STATEMENTS = 100
MOST_WAITING, SENT_AT_ONCE, SENT_EVERY_SECONDS = 10_000, 500, 2.0
SEND_SECONDS, COMPLAIN_EVERY_SECONDS = 5, 60
TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]([0-9a-f])")
VERBS = {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "SAVEPOINT", "RELEASE", "ROLLBACK"}


@dataclass
class Span:
    """Something that took time, in OTLP's terms."""

    name: str
    kind: int
    trace: str
    parent: str = ""
    key: str = field(default_factory=lambda: token_hex(8))
    began: int = field(default_factory=time.time_ns)
    ended: int = 0
    failed: bool = False
    facts: dict[str, Any] = field(default_factory=dict)

    def end(self, *, failed: bool = False, **facts: Any) -> None:
        self.ended, self.failed = time.time_ns(), failed
        self.facts |= facts

    def as_json(self) -> dict[str, Any]:
        return {
            "traceId": self.trace,
            "spanId": self.key,
            "parentSpanId": self.parent,
            "name": self.name,
            "kind": self.kind,
            "startTimeUnixNano": str(self.began),
            "endTimeUnixNano": str(self.ended),
            "attributes": attributes(self.facts),
            "status": {"code": FAILED} if self.failed else {},
        }


def attributes(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """As OTLP writes them: its JSON has whole numbers as text."""
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": str(value)}}
        for key, value in facts.items()
        if value not in (None, "")
    ]


class TracingMiddleware:
    """A span for each request, within the trace that a proxy began, unless it chose not to record that."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun = TRACEPARENT.fullmatch(request.headers.get("traceparent", ""))
        trace, parent, flags = begun.groups() if begun else (token_hex(16), "", "1")
        bind_contextvars(trace_id=trace)
        if not int(flags, 16) & 1:
            return self.get_response(request)
        span = Span("", SERVER, trace, parent)
        statements = Statements(span)
        with ExitStack() as watching:
            for connection in connections.all():
                watching.enter_context(connection.execute_wrapper(statements))
            response = self.get_response(request)
        span.name = f"{request.method} {view_of(request)}".strip()
        span.end(failed=response.status_code >= 500, **self._facts(request, response, statements))
        EXPORTER.put([span, *statements.spans])
        return response

    @staticmethod
    def _facts(request: HttpRequest, response: HttpResponse, statements: "Statements") -> dict[str, Any]:
        origin = get_contextvars()
        return {
            "http.request.method": request.method,
            "http.response.status_code": response.status_code,
            "code.function.name": view_of(request),
            "evaltrack.statements": statements.count,
            "evaltrack.request_id": origin.get("request_id"),
            "user.id": origin.get("user_id"),
        }


class Statements:
    """Django's `execute_wrapper` for one request: a span for each of the first statements, and a count of all."""

    def __init__(self, request: Span) -> None:
        self.request = request
        self.count = 0
        self.spans: list[Span] = []

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        self.count += 1
        if self.count > MOST_STATEMENTS:
            return execute(sql, params, many, context)
        connection = context["connection"]
        verb = str(sql).lstrip().partition(" ")[0].upper()
        verb = verb if verb in VERBS else "SQL"
        facts = {"db.system.name": connection.vendor, "db.operation.name": verb}
        span = Span(f"{verb} {NAMES[connection.alias]}", CLIENT, self.request.trace, self.request.key, facts=facts)
        self.spans.append(span)
        try:
            result = execute(sql, params, many, context)
        except Exception:
            span.end(failed=True)
            raise
        span.end()
        return result


class Exporter:
    """Sends spans from a thread. One that does not come through is dropped: no page waits, and no memory fills."""

    def __init__(self, endpoint: str, headers: Mapping[str, str], resource: Mapping[str, Any]) -> None:
        self.url = f"{endpoint.rstrip('/')}/v1/traces"
        self.headers = {"Content-Type": "application/json", **headers}
        self.resource = resource
        self._waiting = Queue[Span](MOST_WAITING)
        self._starting, self._sending = Lock(), Lock()
        self._pid = 0
        self._complained = -float(COMPLAIN_EVERY_SECONDS)

    def put(self, spans: Iterable[Span]) -> None:
        """Have them sent soon."""
        with self._starting:
            if self._pid != os.getpid():  # the first of this process: threads are not forked
                self._pid = os.getpid()
                Thread(target=self._run, daemon=True).start()
                atexit.register(self.flush)
        try:
            for span in spans:
                self._waiting.put_nowait(span)
        except Full:
            return

    def _run(self) -> None:
        while True:
            time.sleep(SENT_EVERY_SECONDS)
            self.flush()

    def flush(self) -> None:
        """Send what waits."""
        with self._sending:
            while spans := self._taken():
                self._send(spans)

    def _taken(self) -> list[Span]:
        """As much as is sent at once."""
        spans: list[Span] = []
        with suppress(Empty):
            while len(spans) < SENT_AT_ONCE:
                spans.append(self._waiting.get_nowait())
        return spans

    def _send(self, spans: list[Span]) -> None:
        of_scope = {"scope": {"name": "evaltrack"}, "spans": [span.as_json() for span in spans]}
        resource = {"attributes": attributes(self.resource)}
        body = {"resourceSpans": [{"resource": resource, "scopeSpans": [of_scope]}]}
        request = Request(self.url, json.dumps(body).encode(), self.headers)  # noqa: S310  (settings hold it to http)
        try:
            with urlopen(request, timeout=SEND_SECONDS) as response:  # noqa: S310
                response.read()
        except Exception as error:
            if time.monotonic() - self._complained > COMPLAIN_EVERY_SECONDS:
                self._complained = time.monotonic()
                logger.warning("Traces cannot be sent: %s", kind_of(error))


EXPORTER = Exporter(
    settings.OTLP_ENDPOINT,
    settings.OTLP_HEADERS,
    {
        "service.name": settings.OTLP_SERVICE_NAME,
        "service.version": settings.APP_VERSION,
        "deployment.environment.name": settings.APP_ENV,
        "evaltrack.colour": settings.APP_COLOUR,
    },
)
