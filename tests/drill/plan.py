"""How long each thing is waited for. A window is the plan's, times `time_scale`; a limit is not scaled."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

# As a host has them, but for one: on a busy machine a probe may fail for a second or two, which no scale shortens.
CRITERIA = tomllib.loads((Path(__file__).parents[2] / "deploy" / "bluegreen.toml").read_text())["criteria"]
UNREADY_MINUTES = 4 * CRITERIA["unready_minutes"]
# How long a rollback may take once its criterion is met.
ROLLBACK_MINUTES = 1.0


@dataclass(frozen=True)
class Plan:
    """`outage_seconds`: how long each server is away. `rows`: of the load in whose middle the worker is killed, and
    `rows_in` how many of them must be in for good by then; up to 20,000 are one transaction.
    `waits_for_stalled`: the three minutes after which a load counts as abandoned are waited for, not skipped.
    `verifies_inside`: before each switch a user logs in at each backend and looks at the lists.
    """

    form: str
    time_scale: float
    outage_seconds: float
    rows: int
    rows_in: int
    waits_for_stalled: bool
    verifies_inside: bool

    # A release that stays is watched for a little longer than the longest window; the plan's half hour shows no more.
    watch_minutes = 7.0

    def scaled(self, minutes: float) -> float:
        """Seconds."""
        return 60 * minutes * self.time_scale


FULL = Plan(
    "full", time_scale=0.1, outage_seconds=30, rows=24_000, rows_in=2_000, waits_for_stalled=True, verifies_inside=True
)
SHORT = Plan(
    "short", time_scale=0.06, outage_seconds=6, rows=4_000, rows_in=0, waits_for_stalled=False, verifies_inside=False
)

# --- Limits: seconds, as promised; where a slow machine is allowed something, that is said ----------------------------
SWITCH_SECONDS = 1.0
NOTICED_SECONDS = 3.0
RECOVERED_SECONDS = 5.0
# Of any request while a server is away.
ANSWERED_SECONDS = 10.0
# What a busy machine of two cores may take beyond a scaled minute: processes start, and backends are read, at its pace.
SLACK_SECONDS = 5.0
