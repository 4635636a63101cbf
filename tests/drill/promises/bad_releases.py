"""Releases that show their faults under traffic: one for each criterion goes back by itself, and one stays."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import mean
from typing import Any

from tests.drill.plan import CRITERIA, ROLLBACK_MINUTES, SLACK_SECONDS, UNREADY_MINUTES, Plan
from tests.drill.releases import WENT_BACK, accepted
from tests.drill.report import Promise
from tests.drill.scene import Scene
from tests.servers.processes import start, wait_until

CALM_SECONDS = 1.5
# Quicker than elsewhere: of a share of errors there must be enough requests in a window, also of slow ones.
PAUSE_SECONDS = 1.2
# Of the release that stays there must be a hundred in the shortest window: of fewer, one more than 4 % is over the 5 %.
SHORT_PAUSE_SECONDS = 0.7


@dataclass(frozen=True)
class Bad:
    """`criterion` is deploy/bluegreen's name for what is met after so many `minutes` of `faults`
    (program/drill_faults.py).
    """

    version: str
    text: str
    faults: dict[str, Any]
    criterion: str = ""
    minutes: float = 0.0


GO_BACK = [
    Bad("1.0.3", "critical lines in its log", {"critical": 0.1}, "critical log lines"),
    Bad("1.0.4", "its readiness lost", {"ready": False}, "health check", UNREADY_MINUTES),
    Bad("1.0.5", "a mean of 2.5 s", {"seconds": 2.5}, "response time", CRITERIA["mean_after_minutes"]),
    Bad("1.0.6", "6 % errors", {"errors": 0.06}, "error rate", CRITERIA["error_minutes"]),
]
STAYS = Bad("1.0.7", "4 % errors and a mean of 1.5 s", {"errors": 0.04, "seconds": 1.5})


def try_out(scene: Scene) -> Iterator[Promise]:
    for bad in GO_BACK:
        yield _goes_back(scene, bad)
    yield _stays(scene)


def _goes_back(scene: Scene, bad: Bad) -> Promise:
    ground, before = scene.ground, scene.ground.live
    scene.bluegreen("deploy", bad.version)
    with scene.load.at_work(PAUSE_SECONDS) as stretch:
        process, began = _switch(scene, bad)
        code = _end_of(process, scene)
        ended = time.monotonic()
        _set_faults(scene, {})
        calm = stretch.from_now()
        time.sleep(CALM_SECONDS)
    served = [answer.began for answer in stretch.answers if answer.colour not in ("", before)]
    seconds = (max(served, default=began) if ground.live == before else ended) - began
    window, slack = scene.plan.scaled(bad.minutes), scene.plan.scaled(ROLLBACK_MINUTES) + SLACK_SECONDS
    events = scene.bluegreen.events(bad.version)
    why = [reason for event in events if event["what"] == "rolling back" for reason in event["why"]]
    works, kept = all(map(ground.units.is_active, ground.work_units(before))), scene.kept(stretch)
    return Promise(
        f"A release with {bad.text} goes back by itself and keeps what was written: within its window ({window:g} s,"
        f" scaled) and {slack:g} s",
        f"after {seconds:.1f} s: {'; '.join(why) or 'it did not'}; worker and clock {'' if works else 'do not '}work;"
        f" then {len(calm.failed)} of {len(calm.answers)} requests failed; {kept}",
        code == WENT_BACK
        and ground.live == before
        and any(reason.startswith(bad.criterion) for reason in why)
        and seconds <= window + slack
        and works
        and not calm.failed
        and kept.is_whole,
        {"seconds": round(seconds, 2), "limit": window + slack, "exit code": code, "why": why},
    )


def _stays(scene: Scene) -> Promise:
    ground, before = scene.ground, scene.ground.live
    scene.bluegreen("deploy", STAYS.version)
    with scene.load.at_work(SHORT_PAUSE_SECONDS) as stretch:
        process, _began = _switch(scene, STAYS)
        code = _end_of(process, scene)
        _set_faults(scene, {})
    answers = [answer for answer in stretch.answers if answer.colour not in ("", before)]
    errors, seconds = mean(answer.status >= 500 for answer in answers), mean(answer.seconds for answer in answers)
    # Asked for pages at its end, it may fail as one of 25 requests does; that is said, and it stays.
    watched = [event for event in scene.bluegreen.events(STAYS.version) if event.get("item") == "watched"]
    stays = ground.live != before and code != WENT_BACK
    return Promise(
        f"A release with {STAYS.text} stays",
        f"it {'stays' if stays else 'went back'}, with {errors:.1%} errors and a mean of {seconds:.2f} s of"
        f" {len(answers):,} answers",
        stays and errors > 0 and bool(watched) and watched[-1]["done"],
        {"exit code": code, "errors": round(errors, 4), "seconds": round(seconds, 2), "answers": len(answers)},
    )


def _switch(scene: Scene, bad: Bad) -> tuple[subprocess.Popen[bytes], float]:
    """A switch that goes on to watch, and the moment from which the release it switched to is bad."""
    ground, before = scene.ground, scene.ground.live
    scene.tell(f"switching to {bad.version}, with {bad.text}")
    command = scene.bluegreen.command("switch", bad.version, "--reason", "a release of the drill")
    started: list[subprocess.Popen[bytes]] = []

    def switch() -> int | None:
        log, environment = ground.root / "log" / "commands.log", ground.environment()
        process = start(command, log=log, environment=environment, cwd=ground.copy_of(before))
        started.append(process)
        wait_until(
            lambda: ground.live != before or process.poll() is not None, seconds=120, what="the switch", every=0.01
        )
        return process.poll()

    accepted(scene, switch)
    if ground.live == before:
        raise ChildProcessError(f"the switch to {bad.version} ended with {started[-1].returncode}")
    _set_faults(scene, {ground.live: bad.faults})
    return started[-1], time.monotonic()


def _end_of(process: subprocess.Popen[bytes], scene: Scene) -> int:
    return process.wait(scene.plan.scaled(Plan.watch_minutes) + 120)


def _set_faults(scene: Scene, faults: dict[str, Any]) -> None:
    folder = scene.ground.root / "drill"
    (folder / "faults.new").write_text(json.dumps(faults))
    (folder / "faults.new").rename(folder / "faults.json")
