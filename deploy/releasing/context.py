"""What every step of a release has at hand."""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from releasing import clock
from releasing.records import Record, every
from releasing.settings import COLOURS, Settings
from releasing.targets import Target


def say(text: str) -> None:
    """A terminal that is gone stops nothing."""
    with suppress(OSError):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


@dataclass(frozen=True)
class Context:
    settings: Settings
    target: Target
    say: Callable[[str], None] = say
    now: clock.Now = clock.now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    @property
    def folder(self) -> Path:
        return self.settings.records

    def record(self, version: str) -> Record:
        return Record(self.folder, version, now=self.now)

    def newest_switch(self) -> Record | None:
        """The record of the release that last took the traffic, or was to take it, or to give it back."""
        moves = [(record.last_move(), record) for record in every(self.folder, now=self.now)]
        moved = [(event["at"], record) for event, record in moves if event and event["what"] != "put back"]
        return max(moved, key=lambda pair: pair[0])[1] if moved else None

    def where(self) -> str:
        """What is where, in one sentence, as far as it can be found out."""
        parts = []
        try:
            parts.append(f"traffic goes to {self.target.live()}")
        except Exception as error:
            parts.append(f"where traffic goes cannot be found out ({error})")
        for colour in COLOURS:
            try:
                working = "run" if self.target.works(colour) else "do not run"
                parts.append(f"worker and clock of {colour} {working}")
            except Exception as error:
                parts.append(f"what runs of {colour} cannot be found out ({error})")
        return "Now " + "; ".join(parts) + "."
