"""Looks after a release once it has the traffic, and takes it back when one of the plan's criteria is met."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from releasing.context import Context
from releasing.criteria import Breach, Judge, Reading
from releasing.deploying import faults_of
from releasing.errors import Failed, Refused
from releasing.locks import held
from releasing.readings import read
from releasing.records import Record
from releasing.rolling_back import colour_of_switch, faults_of_previous, roll_back
from releasing.verifying import verify

KEPT_LINES = 30


@dataclass(frozen=True)
class WentBack:
    """The release was rolled back by the watch."""

    note: Path


def watch(context: Context, baseline: Mapping[str, Reading] | None = None) -> WentBack | None:
    """Until so many minutes after the switch; None if the release stays.

    `baseline` is what was counted before the traffic came; without it counting begins now. Raises Failed when the
    rollback did not succeed, when one was needed and the colour before was never ready, when somebody else took the
    traffic away, or when the release is not as it should be at the end.
    """
    record = context.newest_switch()
    switched = record.last("switched", "rolled back") if record else None
    if record is None or switched is None or switched["what"] != "switched":
        raise Refused("No release has the traffic that is on record: bluegreen switch VERSION begins one.")
    return _Watch(context, record).run(baseline, datetime.fromisoformat(switched["at"]))


class _Watch:
    def __init__(self, context: Context, record: Record) -> None:
        self.context = context
        self.record = record
        self.colour = colour_of_switch(record)
        self.judge = Judge(context.settings, began=context.monotonic())
        self.seen: list[str] = []
        self.unanswered: list[str] = []
        self.failures: list[str] = []
        self.counts = False
        self.minutes = ""
        self.live = ""
        self.blind = ""

    def run(self, baseline: Mapping[str, Reading] | None, switched_at: datetime) -> WentBack | None:
        context, every = self.context, self.context.settings.scaled(seconds=self.context.settings.watch.every_seconds)
        whole = context.settings.scaled(minutes=context.settings.watch.minutes)
        remaining = whole - (context.now() - switched_at).total_seconds()
        end = context.monotonic() + remaining
        context.say(f"watching {self.record.version} in {self.colour} for {max(remaining, 0):.0f} s")
        self.minutes = f"{max(remaining, 0) / 60:.1f} of {whole / 60:.1f} minutes"
        if baseline is not None:
            self._begin_to_count(baseline)
        while (moment := context.monotonic()) < end:
            if self._look(moment):
                breaches = self.judge.breaches(moment)
                self._tell(moment, breaches)
                if breaches and (went_back := self._go_back(breaches)):
                    return went_back
            if self.live and self.live != self.colour:
                raise Failed(
                    f"{self.live} has the traffic now: {self.record.version} did not stay, and is not watched."
                )
            context.sleep(max(min(moment + every, end) - context.monotonic(), 0))
        self._end()
        return None

    def _look(self, moment: float) -> bool:
        """Whether there was anything to see: a cluster that does not say who is live says nothing of the release."""
        try:
            self.live = self.context.target.live()
            if self.live == self.colour:
                readings = read(self.context.target.backends(self.colour))
                if not self.counts:
                    self._begin_to_count(readings)
                self.judge.hear(moment, readings)
            self.blind = ""
        except Failed as error:
            self.live, self.blind = "", f"It cannot be watched: {error}"
            self.context.say(self.blind)
        return self.live == self.colour

    def _begin_to_count(self, readings: Mapping[str, Reading]) -> None:
        self.judge.baseline(readings)
        self.counts = True

    def _tell(self, moment: float, breaches: list[Breach]) -> None:
        lately = self.judge.within(moment, self.context.settings.scaled(minutes=1))
        line = (
            f"{self.context.now():%H:%M:%S}Z {lately.requests:g} requests, {lately.error_rate:.1%} errors,"
            f" mean {lately.mean_seconds:.2f} s, {self.judge.total.critical_lines:g} critical lines"
            + "".join(f"; {breach.criterion}: {breach.text}" for breach in breaches)
        )
        self.seen = [*self.seen, line][-KEPT_LINES:]
        self.context.say(line)

    def _go_back(self, breaches: list[Breach]) -> WentBack | None:
        """None where going back would mend nothing, or somebody else is at it: then the watch goes on."""
        why = [f"{breach.criterion}: {breach.text}" for breach in breaches]
        try:
            with held(self.context.folder, "release", doing=f"rolling {self.record.version} back"):
                if self.context.target.live() != self.colour:
                    return None
                faults = faults_of_previous(self.context, self.record)
                if not faults:
                    return WentBack(roll_back(self.context, self.record, why=why, seen=self.seen))
                self._stay(why, f"There is no good way back: {'; '.join(faults)}")
        except Refused as error:
            self._stay(why, str(error))
        except Failed as error:
            if self._has_lost_traffic():
                raise
            # A cluster may answer again in a moment.
            self.failures.append(str(error))
            self._stay(why, str(error))
        return None

    def _has_lost_traffic(self) -> bool:
        """Not as long as nobody can tell."""
        try:
            return self.context.target.live() != self.colour
        except Failed:
            return False

    def _stay(self, why: list[str], reason: str) -> None:
        text = f"NOT rolled back although {'; '.join(why)}. {reason}"
        self.context.say(text)
        self.unanswered.append(text)
        if len(self.unanswered) == 1:
            with suppress(OSError):  # it is said again at the end
                self.record.add("not rolled back", {"why": why, "reason": reason})

    def _end(self) -> None:
        total, version = self.judge.total, self.record.version
        figures = f"{total.requests:g} requests, {total.error_rate:.2%} errors, mean {total.mean_seconds:.2f} s"
        still = self.judge.breaches(self.context.monotonic())
        is_well = bool(self.seen) and not still and not self.blind
        self.record.note("watched", done=is_well, detail=f"{self.minutes}, {figures}")
        lines = f"{total.critical_lines:g} critical lines, {total.error_lines:g} errors"
        self.record.note("error-logs", done=is_well, detail=lines)
        findings = verify(self.context, self.colour, version)
        for finding in findings:
            if finding.fault:
                self.context.say(f"NOT {finding.text}: {finding.fault}")
        faults = faults_of(findings)
        self.record.note("critical-functions-live", done=not faults, detail="; ".join(faults) or "every backend asked")
        if not is_well or faults or self.failures:
            unseen = "" if self.seen else "Its time was over before it was looked at once."
            found = " ".join(filter(None, [*self.unanswered[-1:], *faults, self.blind, unseen]))
            raise Failed(f"{version} was watched to the end and is not as it should be. {found}")
        self.context.say(f"{version} stays: {figures}; {lines}.")
