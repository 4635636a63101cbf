"""The `LOGGING` setting: where lines go (`LOG_CHANNEL`), from which level on (`LOG_LEVEL`), and how they are written.

`LOG_FORMAT=json` is for machines, which keep what they read and show it to many: its lines say nothing about people.
"""

import logging
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import Counter
from structlog.stdlib import ProcessorFormatter

from backoffice.env import Environment
from core.context import current_change
from core.tracebacks import kind_of, without_messages

NOTICE = 25
# PSR-3's eight levels. Python stops at CRITICAL; nothing here logs above it.
LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "notice": NOTICE,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "alert": logging.CRITICAL,
    "emergency": logging.CRITICAL,
}
CHANNELS = ["stack", "single", "daily", "stderr"]
# Whose lines are written to name keys and functions alone. What others fill into theirs may be anything.
KNOWN = {"backoffice", "core", "hr", "django_structlog", "django_tasks", "django_tasks_db"}
HIDDEN = "…"
Event = dict[str, Any]
# backoffice/metrics.py shows it. Both levels are there from the start: a rate needs a first value.
LINES = Counter("evaltrack_log_lines", "Lines written about what went wrong", ["level"], registry=None)
LINES_OF = {level: LINES.labels(level) for level in ("error", "critical")}


class LineCounter(logging.Handler):
    """Counts lines of error and of critical, wherever they are written to."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        LINES_OF["critical" if record.levelno >= logging.CRITICAL else "error"].inc()


class DailyFileHandler(logging.FileHandler):
    """Appends to `<name>-<date>.<suffix>` and keeps the last `days` files.

    Several processes may write: unlike logging's TimedRotatingFileHandler this one never renames an open file.
    """

    def __init__(self, filename: str, days: int = 14):
        self.pattern = Path(filename)
        self.days = days
        self.day = date.today()
        super().__init__(self.path_of(self.day), encoding="utf-8", delay=True)

    def path_of(self, day: date) -> Path:
        return self.pattern.with_name(f"{self.pattern.stem}-{day.isoformat()}{self.pattern.suffix}")

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record, to a new file once the day has changed."""
        today = date.today()
        if today != self.day:
            self.close()
            self._closed = False  # FileHandler refuses to reopen a stream after close()
            self.day = today
            self.baseFilename = str(self.path_of(today).absolute())
            self.drop_old_files()
        super().emit(record)

    def drop_old_files(self) -> None:
        oldest = self.path_of(self.day - timedelta(days=self.days - 1)).name
        for path in self.pattern.parent.glob(f"{self.pattern.stem}-????-??-??{self.pattern.suffix}"):
            if path.name < oldest:
                path.unlink(missing_ok=True)


def with_origin(logger: Any, method: str, event: Event) -> Event:
    """Adds the request, user and job that the line belongs to."""
    change = current_change()
    origin = {"request_id": change.request_id, "user_id": change.user_id, "job_id": change.job_id}
    return {name: value for name, value in origin.items() if value} | structlog.contextvars.get_contextvars() | event


def with_place(logger: Any, method: str, event: Event) -> Event:
    """Adds the level and the logger's name."""
    record = event["_record"]
    return event | {"level": record.levelname.lower(), "logger": record.name}


def filled_in(logger: Any, method: str, event: Event) -> Event:
    """A line of `logging`, with its values."""
    values = event.pop("positional_args", None)
    return event | {"event": event["event"] % values} if values else event


def is_known(logger: str) -> bool:
    return logger.partition(".")[0] in KNOWN


def filled_in_with_care(logger: Any, method: str, event: Event) -> Event:
    """A line of `logging`, with its values if we know that they name nobody, else with its numbers alone."""
    if is_known(event["_record"].name):
        return filled_in(logger, method, event)
    values, error = event.pop("positional_args", None) or (), (event.get("exc_info") or (None, None))[1]
    if error is not None and event["event"] == str(error):
        return event | {"event": kind_of(error)}
    shown: Any = tuple(map(_shown, values))
    if isinstance(values, Mapping):
        shown = {name: _shown(value) for name, value in values.items()}
    try:
        return event | {"event": event["event"] % shown} if shown else event
    except (TypeError, ValueError):
        return event


def _shown(value: object) -> object:
    return value if isinstance(value, int | float) else HIDDEN


def as_line(logger: Any, method: str, event: Event) -> str:
    """For people: `2027-03-01 08:00:00.123456 INFO name: what happened [request_id=…]`, and the traceback below."""
    level, name, text = event.pop("level").upper(), event.pop("logger"), event.pop("event")
    moment, error = event.pop("timestamp"), event.pop("exception", "")
    more = " ".join(f"{key}={value}" for key, value in event.items() if value is not None)
    return f"{moment} {level} {name}: {text}" + (f" [{more}]" if more else "") + (f"\n{error}" if error else "")


FORMATS: dict[str, list[Any]] = {
    "line": [
        filled_in,
        structlog.processors.TimeStamper("%Y-%m-%d %H:%M:%S.%f", utc=False),
        structlog.processors.ExceptionRenderer(),
        ProcessorFormatter.remove_processors_meta,
        as_line,
    ],
    "json": [
        filled_in_with_care,
        structlog.processors.TimeStamper("iso"),
        structlog.processors.ExceptionRenderer(lambda error: without_messages(error[1])),
        ProcessorFormatter.remove_processors_meta,
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(ensure_ascii=False, default=lambda value: HIDDEN),
    ],
}


def formatter(form: str) -> ProcessorFormatter:
    """For the lines of `logging` and of structlog alike."""
    steps: list[Any] = [with_place, with_origin, *FORMATS[form]]
    return ProcessorFormatter(processors=steps, pass_foreign_args=True, use_get_message=False)


def configure_structlog() -> None:
    """Its lines go the way of all others."""
    structlog.configure(
        processors=[ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def logging_settings(env: Environment, *, data_dir: Path, protected: bool) -> dict[str, Any]:
    """`stderr` and `stack` write to stderr (`stack` to LOG_PATH too when set), `single` and `daily` to a file."""
    form = env.choice("LOG_FORMAT", list(FORMATS), "json" if protected else "line")
    if protected and form != "json":
        env.faults.append(f"LOG_FORMAT={form} writes down what people typed; it is for demo, local, testing.")
    channel = env.choice("LOG_CHANNEL", CHANNELS, "stack")
    level = LEVELS[env.choice("LOG_LEVEL", list(LEVELS), "info")]
    path = env.text("LOG_PATH", str(data_dir / "logs" / "evaltrack.log"))
    handlers: dict[str, dict[str, Any]] = {}
    if channel in {"stderr", "stack"}:
        handlers["stderr"] = {"class": "logging.StreamHandler", "formatter": "ours"}
    if channel == "single" or (channel == "stack" and env.text("LOG_PATH")):
        handlers["file"] = {
            "class": "logging.handlers.WatchedFileHandler",
            "filename": path,
            "encoding": "utf-8",
            "delay": True,
            "formatter": "ours",
        }
    if channel == "daily":
        handlers["file"] = {"class": "backoffice.logs.DailyFileHandler", "filename": path, "formatter": "ours"}
    if "file" in handlers:
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            env.faults.append(f"LOG_PATH={path}: cannot make its folder ({error.__class__.__name__}).")
            handlers.pop("file")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"ours": {"()": formatter, "form": form}},
        # Without any handler a line would go to stderr as it is.
        "handlers": handlers
        | {"nowhere": {"class": "logging.NullHandler"}, "counter": {"class": "backoffice.logs.LineCounter"}},
        "root": {"handlers": [*handlers, "counter"], "level": level},
        # Django's own handlers would print every line twice and mail the ADMINS that nobody set.
        "loggers": {
            "django": {"handlers": [], "level": "NOTSET"},
            "django.server": {"handlers": [], "level": "NOTSET", "propagate": True},
            # The line of each request says the same (backoffice/request_log.py), and no address.
            "django.request": {"handlers": ["nowhere"], "level": "NOTSET", "propagate": form != "json"},
            # Each variable that a template may do without, with a traceback.
            "django.template": {"level": max(level, logging.INFO)},
            "gunicorn.error": {"handlers": [], "propagate": True},
            # Four lines for every login at INFO; a lockout is a warning.
            "axes": {"level": max(level, logging.WARNING)},
        },
    }
