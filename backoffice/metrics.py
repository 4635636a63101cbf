"""What is counted and timed, for Prometheus: in each web process as it happens, and of all else when it is asked.

gunicorn's processes write to files of one folder, PROMETHEUS_MULTIPROC_DIR, and any of them answers for all.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from resource import RUSAGE_SELF, getrusage
from threading import Lock
from typing import Any

from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.multiprocess import MultiProcessCollector

from backoffice import health, logs
from backoffice.request_log import view_of
from hr.vitals import business_figures

__all__ = ["CONTENT_TYPE", "RequestMetricsMiddleware", "exposition"]

COUNTED = CollectorRegistry()
REQUEST_SECONDS = Histogram(
    "evaltrack_http_request_seconds",
    "Time to answer, by view and status",
    ["view", "status"],
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30),
    registry=COUNTED,
)
IN_PROGRESS = Gauge(
    "evaltrack_http_requests_in_progress", "Requests being answered", multiprocess_mode="livesum", registry=COUNTED
)
QUERY_SECONDS = Histogram(
    "evaltrack_database_query_seconds",
    "Time of each statement of a request",
    ["database"],
    buckets=(0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30),
    registry=COUNTED,
)
QUERY_SECONDS_OF = {alias: QUERY_SECONDS.labels(health.NAMES[alias]) for alias in connections}
CPU_SECONDS = Counter("evaltrack_process_cpu_seconds", "Time on the processor, of the web processes", registry=COUNTED)
MEMORY = Gauge(
    "evaltrack_process_peak_memory_bytes",
    "Most memory held so far, of the live web processes together",
    multiprocess_mode="livesum",
    registry=COUNTED,
)
COUNTED.register(logs.LINES)


class ProcessUse:
    """What this process has used, noted after each request: two system calls."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pid, self._noted = 0, 0.0

    def note(self) -> None:
        use = getrusage(RUSAGE_SELF)
        used = use.ru_utime + use.ru_stime
        with self._lock:
            if self._pid != os.getpid():  # a child begins at nothing
                self._pid, self._noted = os.getpid(), 0.0
            CPU_SECONDS.inc(max(used - self._noted, 0.0))
            self._noted = used
        MEMORY.set(use.ru_maxrss * 1024)


USE = ProcessUse()


class RequestMetricsMiddleware:
    """Times each request and its statements."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        with IN_PROGRESS.track_inprogress(), ExitStack() as timing:
            for connection in connections.all():
                timing.enter_context(connection.execute_wrapper(timed))
            response = self.get_response(request)
        seconds = time.perf_counter() - began
        REQUEST_SECONDS.labels(label_of(request), str(response.status_code)).observe(seconds)
        USE.note()
        return response


def timed(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Django's `execute_wrapper`."""
    began = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        QUERY_SECONDS_OF[context["connection"].alias].observe(time.perf_counter() - began)


def label_of(request: HttpRequest) -> str:
    """One of as many as there are views: whatever address is asked for, no series is added."""
    if request.path_info.startswith(settings.STATIC_URL):
        return "static"
    return view_of(request) or "none"


# --- What is found out when it is asked -------------------------------------------------------------------------------
def look_at_business() -> dict[str, int]:
    with health.own_connection("default", seconds=10), health.own_connection("business", seconds=10):
        return business_figures()


# A figure that takes longer than a probe may is there at the next.
BUSINESS = {"business_figures": health.Watch(look_at_business, fresh_seconds=60)}
BUSINESS_FIGURES = {
    "users_active": "Users who logged in within the longest time that a session lasts",
    "events_created": "Events created in the last 24 hours",
    "evaluations_completed": "Evaluations completed in the last 24 hours",
}


def found_out() -> Iterator[Metric]:
    """Health, what waits, business figures and the disk. What cannot be found out is not there."""
    found = health.asked(health.WATCHES | health.WORK | BUSINESS)
    parts = {name: found[name] for name in health.WATCHES}
    databases = {name: parts[name] for name in health.DATABASES.values() if not isinstance(parts[name], Exception)}
    yield gauges("up", "Whether it serves", "service", {name: health.is_up(part) for name, part in parts.items()})
    for key, name, text in (
        ("unapplied", "database_unapplied_migrations", "Migrations of this version that the database lacks"),
        ("connections", "database_connections", "Connections the server has, of everybody"),
        ("connections_limit", "database_connections_limit", "Connections the server takes"),
    ):
        yield gauges(name, text, "database", {name: part[key] for name, part in databases.items() if key in part})
    if not isinstance(found["work"], Exception):
        backlogs, clock = found["work"]["backlogs"], found["work"]["clock"]
        waiting = {name: backlog.waiting for name, backlog in backlogs.items()}
        oldest = {name: backlog.oldest_seconds for name, backlog in backlogs.items()}
        yield gauges("queue_waiting", "What waits to be done", "queue", waiting)
        yield gauges("queue_oldest_seconds", "How long the oldest of it has waited", "queue", oldest)
        if clock is not None:
            yield gauge("clock_seconds_since_round", "Since the last round of the clock began", clock)
    if not isinstance(found["business_figures"], Exception):
        for name, number in found["business_figures"].items():
            yield gauge(name, BUSINESS_FIGURES[name], number)
    disk = shutil.disk_usage(settings.BASE_DIR)
    yield gauge("disk_free_bytes", "Room on the disk of the program", disk.free)
    yield gauge("disk_size_bytes", "Size of the disk of the program", disk.total)
    yield gauges("build", "The version that runs", "version", {settings.APP_VERSION: 1})


def gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"evaltrack_{name}", text, value=value)


def gauges(name: str, text: str, label: str, values: dict[str, Any]) -> Metric:
    metric = GaugeMetricFamily(f"evaltrack_{name}", text, labels=[label])
    for key, value in values.items():
        metric.add_metric([key], float(value))
    return metric


class Everything:
    """Each metric with the colour of this deployment on it."""

    def collect(self) -> Iterator[Metric]:
        for metric in chain(counted(), found_out()):
            if settings.APP_COLOUR:
                colour = {"colour": settings.APP_COLOUR}
                metric.samples = [sample._replace(labels=sample.labels | colour) for sample in metric.samples]
            yield metric


def counted() -> Iterable[Metric]:
    """What all web processes counted; without gunicorn's folder this one."""
    several = "PROMETHEUS_MULTIPROC_DIR" in os.environ
    found: Iterable[Metric] = (MultiProcessCollector(None) if several else COUNTED).collect()
    return found


def exposition() -> bytes:
    """The text that Prometheus reads."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Everything())
    return generate_latest(registry)
