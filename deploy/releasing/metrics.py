"""What /metrics of a backend says of its requests and its log."""

import re
from collections.abc import Iterator
from dataclasses import astuple, dataclass

REQUESTS = "evaltrack_http_request_seconds"
LINES = "evaltrack_log_lines_total"
SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Counts:
    """Since the backend began to count, or between two readings. Static files are left out: they fail with the disk."""

    requests: float = 0
    errors: float = 0
    seconds: float = 0
    critical_lines: float = 0
    error_lines: float = 0

    def __add__(self, more: "Counts") -> "Counts":
        return Counts(*(one + two for one, two in zip(astuple(self), astuple(more), strict=True)))

    def since(self, earlier: "Counts") -> "Counts":
        """What was added. Each count that fell began anew with its process, so all of it was added."""
        pairs = zip(astuple(self), astuple(earlier), strict=True)
        return Counts(*(now - before if now >= before else now for now, before in pairs))

    @property
    def error_rate(self) -> float:
        return self.errors / self.requests if self.requests else 0.0

    @property
    def mean_seconds(self) -> float:
        return self.seconds / self.requests if self.requests else 0.0


def counts_in(text: str) -> Counts:
    """Raises ValueError for what is no exposition of ours."""
    requests = errors = seconds = critical = wrong = 0.0
    for name, labels, value in samples_in(text):
        if name == f"{REQUESTS}_count" and labels.get("view") != "static":
            requests += value
            errors += value if labels.get("status", "").startswith("5") else 0
        elif name == f"{REQUESTS}_sum" and labels.get("view") != "static":
            seconds += value
        elif name == LINES:
            critical += value if labels.get("level") == "critical" else 0
            wrong += value if labels.get("level") == "error" else 0
    return Counts(requests, errors, seconds, critical, wrong)


def samples_in(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """(name, labels, value) of each line of Prometheus's text format. Raises ValueError for a line that is none."""
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        match = SAMPLE.fullmatch(line.strip())
        if match is None:
            raise ValueError(f"no line of metrics: {line[:80]}")
        yield match[1], dict(LABEL.findall(match[2] or "")), float(match[3])
