"""The plan's four criteria for going back, in one place: from readings of the live colour's backends to a verdict."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from releasing.metrics import Counts
from releasing.settings import Settings


@dataclass(frozen=True)
class Reading:
    """What one backend said. `counts` is None where it gave no metrics, `fault` is '' where it is ready."""

    counts: Counts | None
    fault: str = ""


@dataclass(frozen=True)
class Breach:
    criterion: str
    text: str


@dataclass
class Judge:
    """Holds the readings of a colour. Times are in seconds of any clock that does not go backwards."""

    settings: Settings
    began: float
    total: Counts = field(default_factory=Counts)
    _last: dict[str, Counts] = field(default_factory=dict)
    _added: deque[tuple[float, Counts]] = field(default_factory=deque)
    _unready_since: dict[str, float] = field(default_factory=dict)
    _faults: dict[str, str] = field(default_factory=dict)

    def baseline(self, readings: Mapping[str, Reading]) -> None:
        """What was counted before the watch began is nothing of the release's."""
        self._last.update({name: row.counts for name, row in readings.items() if row.counts is not None})

    def hear(self, moment: float, readings: Mapping[str, Reading]) -> None:
        """A backend that is heard of for the first time began after the baseline: all it counted is counted."""
        added = Counts()
        for name, reading in readings.items():
            if reading.counts is not None:
                added += reading.counts.since(self._last.get(name, Counts()))
                self._last[name] = reading.counts
            if reading.fault:
                self._unready_since.setdefault(name, moment)
                self._faults[name] = reading.fault
            else:
                self._unready_since.pop(name, None)
        for gone in self._unready_since.keys() - readings.keys():
            del self._unready_since[gone]
        self.total += added
        self._added.append((moment, added))
        kept = max(self._error_seconds, self._mean_seconds)
        while self._added and self._added[0][0] < moment - kept:
            self._added.popleft()

    def within(self, moment: float, seconds: float) -> Counts:
        return sum((added for at, added in self._added if at > moment - seconds), Counts())

    def breaches(self, moment: float) -> list[Breach]:
        """Each criterion that is met now; of too little time, or too few requests, nothing is concluded."""
        criteria, found = self.settings.criteria, []
        lately = self.within(moment, self._error_seconds)
        if (
            moment - self.began >= self._error_seconds
            and lately.requests >= criteria.least_requests
            and lately.error_rate > criteria.error_rate
        ):
            found.append(
                Breach(
                    "error rate",
                    f"{lately.error_rate:.1%} of {lately.requests:g} requests failed in {self._error_seconds:g} s;"
                    f" {criteria.error_rate:.0%} are allowed",
                )
            )
        lately = self.within(moment, self._mean_seconds)
        if (
            moment - self.began >= self.settings.scaled(minutes=criteria.mean_after_minutes)
            and lately.requests >= criteria.least_requests
            and lately.mean_seconds > criteria.mean_seconds
        ):
            found.append(
                Breach(
                    "response time",
                    f"{lately.mean_seconds:.2f} s is the mean of {lately.requests:g} requests in"
                    f" {self._mean_seconds:g} s; {criteria.mean_seconds:g} s are allowed",
                )
            )
        if self.total.critical_lines > criteria.critical_lines:
            found.append(
                Breach(
                    "critical log lines",
                    f"{self.total.critical_lines:g} critical lines in the log since the switch;"
                    f" {criteria.critical_lines} are allowed",
                )
            )
        allowed = self.settings.scaled(minutes=criteria.unready_minutes)
        for name, since in sorted(self._unready_since.items()):
            if moment - since >= allowed and moment > since:
                fault = f"{name} has not been ready for {moment - since:.0f} s: {self._faults[name]}"
                found.append(Breach("health check", fault))
        return found

    @property
    def _error_seconds(self) -> float:
        return self.settings.scaled(minutes=self.settings.criteria.error_minutes)

    @property
    def _mean_seconds(self) -> float:
        return self.settings.scaled(minutes=self.settings.criteria.mean_minutes)
