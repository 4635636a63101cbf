"""The `LOGGING` setting: where lines go (`LOG_CHANNEL`) and from which level on (`LOG_LEVEL`)."""

import logging
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from backoffice.env import Environment

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


def logging_settings(env: Environment, *, data_dir: Path) -> dict[str, Any]:
    """`stderr` and `stack` write to stderr (`stack` to LOG_PATH too when set), `single` and `daily` to a file."""
    channel = env.choice("LOG_CHANNEL", CHANNELS, "stack")
    level = LEVELS[env.choice("LOG_LEVEL", list(LEVELS), "info")]
    path = env.text("LOG_PATH", str(data_dir / "logs" / "evaltrack.log"))
    handlers: dict[str, dict[str, Any]] = {}
    if channel in {"stderr", "stack"}:
        handlers["stderr"] = {"class": "logging.StreamHandler", "formatter": "line"}
    if channel == "single" or (channel == "stack" and env.text("LOG_PATH")):
        handlers["file"] = {
            "class": "logging.handlers.WatchedFileHandler",
            "filename": path,
            "encoding": "utf-8",
            "delay": True,
            "formatter": "line",
        }
    if channel == "daily":
        handlers["file"] = {"class": "backoffice.logs.DailyFileHandler", "filename": path, "formatter": "line"}
    if "file" in handlers:
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            env.faults.append(f"LOG_PATH={path}: cannot make its folder ({error.__class__.__name__}).")
            handlers.pop("file")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
        "handlers": handlers,
        "root": {"handlers": list(handlers), "level": level},
        # Django's own handlers would print every line twice and mail the ADMINS that nobody set.
        "loggers": {
            "django": {"handlers": [], "level": "NOTSET"},
            "django.server": {"handlers": [], "level": "NOTSET", "propagate": True},
            # Four lines for every login at INFO; a lockout is a warning.
            "axes": {"level": max(level, logging.WARNING)},
        },
    }
