"""What every promise is tried on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.drill.evidence import Kept, kept
from tests.drill.ground import Ground
from tests.drill.load import Door, Load, Stretch
from tests.drill.plan import Plan
from tests.drill.releases import BlueGreen
from tests.servers.processes import wait_until

PEOPLE = 18
USER, PASSWORD = "hr", "demo"


@dataclass
class Scene:
    ground: Ground
    load: Load
    bluegreen: BlueGreen
    plan: Plan
    tell: Callable[[str], None]

    def back_up(self) -> None:
        self.ground.run(["deploy/backup"], variables=self.backups)

    @property
    def backups(self) -> dict[str, str]:
        """What tells deploy/backup and deploy/restore where they are."""
        return {"BACKUP_DIR": str(self.ground.root / "var" / "backups" / "evaltrack")}

    def kept(self, stretch: Stretch) -> Kept:
        """What became of all changes so far; those of the stretch are counted."""
        return kept(self.ground.mariadb, self.load.writes(), since=stretch.since)

    def door(self) -> Door:
        """Somebody who is not logged in."""
        return Door(self.ground.nginx.ports[443], self.ground.nginx.authority, stays_open=True)

    def is_ready(self) -> bool:
        """Whether nginx finds a colour that is."""
        try:
            response, _text = self.door().ask("GET", "/health/ready")
        except OSError:
            return False
        return response.status == 200

    @contextmanager
    def probed(self) -> Iterator[Probe]:
        """Within the block /health/ready is asked ten times a second."""
        probe = Probe(self.door())
        stop = threading.Event()
        thread = threading.Thread(target=probe.run, args=[stop])
        thread.start()
        try:
            yield probe
        finally:
            stop.set()
            thread.join()


@dataclass
class Probe:
    """What a load balancer sees: (moment of the answer, status, word)."""

    door: Door
    seen: list[tuple[float, int, str]] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(0.1):
            try:
                response, text = self.door.ask("GET", "/health/ready")
                self.seen.append((time.monotonic(), response.status, text.strip()))
            except OSError as error:
                self.seen.append((time.monotonic(), 0, repr(error)))

    def first(self, since: float, fits: Callable[[int, str], bool]) -> float | None:
        """Seconds from the moment to the first answer that fits."""
        return next((at - since for at, status, word in self.seen if at >= since and fits(status, word)), None)

    def wait_for(self, since: float, fits: Callable[[int, str], bool], *, seconds: float) -> float | None:
        """The same, waited for; None if it does not come in time."""
        try:
            wait_until(lambda: self.first(since, fits) is not None, seconds=seconds, what="health")
        except TimeoutError:
            return None
        return self.first(since, fits)


def set_scene(ground: Ground, plan: Plan, tell: Callable[[str], None]) -> Scene:
    """People logged in, each with employees of his own; and a backup, without which deploy/bluegreen does nothing."""
    statement = "SELECT id FROM hr_employee WHERE status = 'active' ORDER BY id"
    employees: list[Any] = [key for (key,) in ground.mariadb.rows(statement)]
    port, authority = ground.nginx.ports[443], ground.nginx.authority
    doors = [Door(port, authority, stays_open=number % 2 == 0) for number in range(PEOPLE)]
    for door in doors:
        door.log_in(USER, PASSWORD)
    bluegreen = BlueGreen(ground, plan)
    scene = Scene(ground, Load(doors, employees), bluegreen, plan, tell)
    scene.back_up()
    return scene
