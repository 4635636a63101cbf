"""Ten switches from one colour to the other while people work."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from tests.drill.load import Stretch
from tests.drill.plan import SWITCH_SECONDS
from tests.drill.releases import accepted
from tests.drill.report import Promise
from tests.drill.scene import Scene
from tests.servers.processes import wait_until

SWITCHES = 10
# A worker's first answer takes its time on a busy machine; no request fails meanwhile, nor may.
FIRST_ANSWER_SECONDS = 20
# Requests that were begun before are still answered by the colour that had them.
SETTLES_SECONDS = 1.5
RELEASES = {"green": "1.0.1", "blue": "1.0.2"}


@dataclass(frozen=True)
class Switch:
    """Seconds from the new link: to the last request that the old colour was still given, 0 if none was, and to the
    first answer of the new one.
    """

    over: float
    first_answer: float


def try_out(scene: Scene) -> Iterator[Promise]:
    switches: list[Switch] = []
    with scene.load.at_work() as stretch:
        for number in range(SWITCHES):
            colour = ("green", "blue")[number % 2]
            if number < len(RELEASES):
                scene.tell(f"deploying {RELEASES[colour]} into {colour} under load")
                scene.bluegreen("deploy", RELEASES[colour])
                scene.bluegreen.sign_all(RELEASES[colour])
            switches.append(_switch(scene, stretch, colour))
            scene.tell(f"switch {number + 1}, to {colour}: {switches[-1]}")
    failed, kept = stretch.failed, scene.kept(stretch)
    for answer in failed[:5]:
        scene.tell(f"failed: {answer}")
    yield Promise(
        f"{SWITCHES} switches under load fail no request",
        f"{len(failed)} of {len(stretch.answers):,} failed; {kept}",
        not failed and bool(stretch.answers) and kept.is_whole,
        {"requests": len(stretch.answers), "failed": len(failed), "writes": kept.acknowledged},
    )
    longest, answered = max(each.over for each in switches), max(each.first_answer for each in switches)
    yield Promise(
        f"Each switch is over within {SWITCH_SECONDS:g} s",
        f"{longest:.3f} s after the new link, at most, the old colour got its last request; the new one's first answer"
        f" came within {answered:.2f} s",
        len(switches) == SWITCHES and longest < SWITCH_SECONDS and answered < float("inf"),
        {"over": [each.over for each in switches], "first answer": [each.first_answer for each in switches]},
    )


def _switch(scene: Scene, stretch: Stretch, colour: str) -> Switch:
    with link_watched(scene, colour) as moved_at:
        accepted(scene, lambda: scene.bluegreen.run("switch", RELEASES[colour], "--no-watch"))
    [moved] = moved_at
    # Not kept is a promise for the report, and no reason to end here.
    answered = partial(_answers_of, stretch, colour, moved)
    with suppress(TimeoutError):
        wait_until(lambda: bool(answered()), seconds=FIRST_ANSWER_SECONDS, what=f"{colour} answers")
    time.sleep(SETTLES_SECONDS)
    old = [answer.began for answer in stretch.answers if answer.colour not in ("", colour)]
    return Switch(max(0.0, max(old) - moved), min(answered(), default=float("inf")) - moved)


def _answers_of(stretch: Stretch, colour: str, since: float) -> list[float]:
    """When each of them was there."""
    return [answer.ended for answer in stretch.answers if answer.colour == colour and answer.ended >= since]


@contextmanager
def link_watched(scene: Scene, colour: str) -> Iterator[list[float]]:
    """Gets the moment at which the link led to the colour."""
    found: list[float] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.002):
            if scene.ground.live == colour:
                found.append(time.monotonic())
                return

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()
