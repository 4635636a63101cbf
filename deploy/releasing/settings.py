"""What deploy/bluegreen.toml says. Every value has a default there and here: those of the plan and of deploy/host."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, get_type_hints

from releasing.errors import Refused

COLOURS = ("blue", "green")
ENVIRONMENTS = ("qa", "staging", "production")


def other(colour: str) -> str:
    return COLOURS[1 - COLOURS.index(colour)]


@dataclass(frozen=True)
class Host:
    """A plain host (docs/deployment.md)."""

    programs: Path = Path("/opt/evaltrack")
    sockets: Path = Path("/run/evaltrack")
    live_link: Path = Path("/var/lib/evaltrack/live")
    backends: int = 2
    repository: str = "https://github.com/company/evaltrack"
    env_file: Path = Path("/etc/evaltrack/prod.env")
    # Run in the folder of the colour.
    install: list[str] = field(default_factory=lambda: ["make", "install"])
    collect_static: list[str] = field(
        default_factory=lambda: [".venv/bin/python", "manage.py", "collectstatic", "--noinput"]
    )
    systemctl: list[str] = field(default_factory=lambda: ["systemctl"])
    journalctl: list[str] = field(default_factory=lambda: ["journalctl"])


@dataclass(frozen=True)
class Kubernetes:
    kubectl: list[str] = field(default_factory=lambda: ["kubectl"])
    namespace: str = "evaltrack"
    overlay: Path = Path("deploy/k8s/overlays/production")
    image: str = "docker.io/company/evaltrack"
    workers: int = 2
    clocks: int = 2


@dataclass(frozen=True)
class Window:
    """When production may be switched. `to` is the first minute outside; 24:00 is midnight."""

    days: list[str] = field(default_factory=lambda: ["sunday"])
    begins: str = "02:00"
    ends: str = "04:00"
    zone: str = "America/Caracas"


@dataclass(frozen=True)
class Backup:
    folder: Path = Path("/var/backups/evaltrack")
    hours: float = 24


@dataclass(frozen=True)
class Verify:
    """What is asked of a colour before and after it goes live."""

    ready_seconds: float = 120
    pages: list[str] = field(default_factory=lambda: ["/login/", "/forgotten/", "/activate/"])
    mean_seconds: float = 2.0
    # Somebody who may look at the pages below. Without a name they are not asked for.
    user: str = ""
    password_file: Path = Path("/etc/evaltrack/smoke-password")
    pages_inside: list[str] = field(
        default_factory=lambda: ["/", "/hr/employee/", "/hr/event/", "/hr/attendance/", "/hr/evaluation/"]
    )


@dataclass(frozen=True)
class Criteria:
    """What sends a release back. Minutes are scaled by `time_scale`; requests and seconds of a request are not."""

    error_rate: float = 0.05
    error_minutes: float = 5
    mean_seconds: float = 2.0
    mean_minutes: float = 5
    # The mean is judged as soon as so much of its window is there; the error rate waits for all of it.
    mean_after_minutes: float = 1
    # Of fewer requests nothing is concluded.
    least_requests: int = 20
    critical_lines: int = 0
    unready_minutes: float = 0.5


@dataclass(frozen=True)
class Watch:
    minutes: float = 30
    every_seconds: float = 10


@dataclass(frozen=True)
class Settings:
    target: str = "host"
    environment: str = "production"
    # The name that browsers ask for.
    site: str = "evaltrack.company.com"
    records: Path = Path("/var/lib/evaltrack/releases")
    monitoring_token_file: Path = Path("/etc/evaltrack/monitoring-token")
    # 1.0 in production; a rehearsal takes less, and every window of time shrinks with it.
    time_scale: float = 1.0
    host: Host = field(default_factory=Host)
    kubernetes: Kubernetes = field(default_factory=Kubernetes)
    window: Window = field(default_factory=Window)
    backup: Backup = field(default_factory=Backup)
    verify: Verify = field(default_factory=Verify)
    criteria: Criteria = field(default_factory=Criteria)
    watch: Watch = field(default_factory=Watch)

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    def scaled(self, *, minutes: float = 0, seconds: float = 0) -> float:
        """A window of time, in seconds."""
        return timedelta(minutes=minutes, seconds=seconds).total_seconds() * self.time_scale

    def token(self) -> str:
        try:
            return self.monitoring_token_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Refused(
                f"The monitoring token cannot be read ({error}). Write the program's MONITORING_TOKEN into"
                f" {self.monitoring_token_file}, or name its file as monitoring_token_file."
            ) from error


def load(path: Path) -> Settings:
    """Raises Refused for a file that is not there, a name nobody knows, or a value of another kind."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Refused(f"{path} cannot be read: {error}. deploy/bluegreen.toml is its shape.") from error
    settings: Settings = _filled(Settings, said, str(path))
    if settings.target not in {"host", "kubernetes"}:
        raise Refused(f'{path}: target = "{settings.target}" is neither host nor kubernetes.')
    # What is no production waits for less, so that a slip of the pen would be an open door.
    if settings.environment not in ENVIRONMENTS:
        raise Refused(f'{path}: environment = "{settings.environment}" is none of {", ".join(ENVIRONMENTS)}.')
    if settings.time_scale <= 0:
        raise Refused(f"{path}: time_scale must be above 0.")
    return settings


def _filled(kind: Any, said: Mapping[str, Any], place: str) -> Any:
    hints, known = get_type_hints(kind), {row.name for row in fields(kind)}
    if unknown := sorted(said.keys() - known):
        raise Refused(f"{place}: nobody knows {', '.join(unknown)}; there are {', '.join(sorted(known))}.")
    return kind(**{name: _value(hints[name], value, f"{place}: {name}") for name, value in said.items()})


def _value(hint: Any, value: Any, place: str) -> Any:
    if isinstance(value, dict) and hasattr(hint, "__dataclass_fields__"):
        return _filled(hint, value, place)
    if hint is Path and isinstance(value, str):
        return Path(value)
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if hint == list[str] and isinstance(value, list) and all(isinstance(row, str) for row in value):
        return value
    if hint in (str, int) and type(value) is hint:
        return value
    raise Refused(f"{place} = {value!r} is of the wrong kind.")
