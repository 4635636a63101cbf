"""MariaDB, PostgreSQL and Redis, each killed, away for a while, and back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.drill.evidence import Kept
from tests.drill.load import LOGIN, Answer, Stretch
from tests.drill.plan import ANSWERED_SECONDS, NOTICED_SECONDS, RECOVERED_SECONDS
from tests.drill.report import Promise
from tests.drill.scene import Scene
from tests.servers.databases import Server

CALM_SECONDS = 2.0
# How long recovery is waited for, so that the figure is there also where it is too large.
LONGEST_SECONDS = 60.0


def try_out(scene: Scene) -> Iterator[Promise]:
    seconds = scene.plan.outage_seconds
    for server, name in ((scene.ground.mariadb, "MariaDB"), (scene.ground.postgresql, "PostgreSQL")):
        outage = _outage(scene, server, lambda status, _word: status == 503)
        yield Promise(
            f"{name} is killed and away for {seconds:g} s: health says 503 within {NOTICED_SECONDS:g} s",
            _seconds(outage.noticed),
            outage.noticed is not None and outage.noticed <= NOTICED_SECONDS,
            {"noticed": outage.noticed},
        )
        yield Promise(
            f"While {name} is away each request is answered within {ANSWERED_SECONDS:g} s, nobody is logged out, and"
            " nothing is written by half",
            f"at most {outage.slowest:.2f} s, {len(outage.while_away)} came meanwhile; {outage.logged_out} were sent to"
            f" the login page; {outage.kept}",
            outage.slowest <= ANSWERED_SECONDS
            and bool(outage.while_away)
            and not outage.logged_out
            and outage.kept.is_whole,
            {"slowest": outage.slowest, "answers": len(outage.while_away), "unacknowledged": outage.kept.unanswered},
        )
        yield _recovery(name, outage)
    outage = _outage(scene, scene.ground.redis, lambda _status, word: word == "degraded")
    for answer in outage.failed[:5]:
        scene.tell(f"failed: {answer}")
    yield Promise(
        f"Redis is killed and away for {seconds:g} s: no request fails, nobody is logged out, health stays at 200",
        f"{len(outage.failed)} of {len(outage.answers):,} failed, {len(outage.while_away)} came while it was away, at"
        f" most {outage.slowest:.2f} s; health said {', '.join(outage.words)}; {outage.kept}",
        not outage.failed
        and bool(outage.while_away)
        and set(outage.words) == {"200 ready", "200 degraded"}
        and outage.slowest <= ANSWERED_SECONDS
        and outage.kept.is_whole,
        {"requests": len(outage.answers), "failed": len(outage.failed), "slowest": outage.slowest},
    )
    yield _recovery("Redis", outage)


@dataclass(frozen=True)
class Outage:
    """Seconds are None for what never came about. `noticed` is when health said so, counted from the kill; `recovered`
    when health said that all was well, and `served` when pages were, counted from when the server answered again.
    """

    noticed: float | None
    recovered: float | None
    served: float | None
    words: list[str]
    answers: list[Answer]
    while_away: list[Answer]
    afterwards: list[Answer]
    kept: Kept
    restarted: bool

    @property
    def failed(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.error]

    @property
    def slowest(self) -> float:
        return round(max(answer.seconds for answer in self.answers), 3)

    @property
    def logged_out(self) -> int:
        return sum(LOGIN in answer.error for answer in self.answers)


def _outage(scene: Scene, server: Server, tells: Callable[[int, str], bool]) -> Outage:
    """`tells` is what health says of it."""
    started = scene.ground.started()
    with scene.load.at_work() as stretch, scene.probed() as probe:
        time.sleep(CALM_SECONDS)
        scene.tell(f"killing {server.name}")
        killed = time.monotonic()
        server.kill()
        time.sleep(max(0.0, killed + scene.plan.outage_seconds - time.monotonic()))
        scene.tell(f"{server.name} answers again, {server.start():.1f} s after its start")
        back = time.monotonic()
        recovered = probe.wait_for(back, lambda _status, word: word == "ready", seconds=LONGEST_SECONDS)
        served = _served(stretch, back)
        calm = stretch.from_now()
        time.sleep(CALM_SECONDS)
    return Outage(
        noticed=probe.first(killed, tells),
        recovered=recovered,
        served=served,
        words=sorted({f"{status} {word}" for at, status, word in probe.seen if killed <= at < back}),
        answers=stretch.answers,
        while_away=[answer for answer in stretch.answers if killed <= answer.began < back],
        afterwards=calm.answers,
        kept=scene.kept(stretch),
        restarted=scene.ground.started() != started,
    )


def _served(stretch: Stretch, back: float) -> float | None:
    """Seconds until a page was served and the last failure was over."""
    until = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < until:
        since = [answer for answer in stretch.answers if answer.began >= back]
        if since and not since[-1].error:
            failures = [answer.ended for answer in since if answer.error]
            return max([since[0].ended, *failures]) - back
        time.sleep(0.05)
    return None


def _recovery(name: str, outage: Outage) -> Promise:
    failed = sum(bool(answer.error) for answer in outage.afterwards)
    in_time = [found is not None and found <= RECOVERED_SECONDS for found in (outage.recovered, outage.served)]
    return Promise(
        f"{name} is back: all is well within {RECOVERED_SECONDS:g} s, and nothing of ours was restarted",
        f"health {_seconds(outage.recovered)}, pages {_seconds(outage.served)}, then {failed} of"
        f" {len(outage.afterwards)} failed; {'some' if outage.restarted else 'nothing'} restarted",
        all(in_time) and not failed and bool(outage.afterwards) and not outage.restarted,
        {"health": outage.recovered, "pages": outage.served},
    )


def _seconds(found: float | None) -> str:
    return "never" if found is None else f"after {found:.2f} s"
