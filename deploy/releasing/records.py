"""The record of a release: one JSON file for each version, to which events are added and from which none is taken."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from releasing import clock
from releasing.checklists import BY_NAME, ITEMS, Item
from releasing.errors import Refused
from releasing.locks import taken, who

SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
    r"(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
)
Event = dict[str, Any]
# What becomes of the traffic. A switch that failed is put back; one that was killed stays at `switching`.
MOVES = ("switching", "switched", "put back", "rolling back", "rolled back")


def version_of(text: str) -> str:
    """`1.2.0` of `1.2.0` or `v1.2.0`. Raises Refused for anything that is no version."""
    version = text.removeprefix("v")
    if not SEMVER.fullmatch(version):
        raise Refused(f"{text} is no version: say three numbers, like 1.2.0 (semver.org).")
    return version


class Record:
    def __init__(self, folder: Path, version: str, *, now: clock.Now = clock.now) -> None:
        self.path = folder / f"{version}.json"
        self.version = version
        self.now = now

    @property
    def events(self) -> list[Event]:
        """In the order they happened; each has `at`, `by`, `what`."""
        try:
            events: list[Event] = json.loads(self.path.read_text(encoding="utf-8"))["events"]
        except FileNotFoundError:
            return []
        except (ValueError, KeyError, TypeError) as error:
            raise Refused(f"{self.path} is no record of a release ({error}). Mend it by hand.") from error
        return events

    def add(self, what: str, more: Mapping[str, Any] = {}) -> None:
        """Writes the event down, and onto the disk. A kill leaves the old file or the new one."""
        event = {"at": clock.text(self.now()), "by": who(), "what": what, **more}
        aside = self.path.with_suffix(".new")
        with taken(self.path.parent, "records"), aside.open("w", encoding="utf-8") as file:
            json.dump({"version": self.version, "events": [*self.events, event]}, file, indent=2, ensure_ascii=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
            aside.replace(self.path)

    def last(self, *kinds: str) -> Event | None:
        return next((event for event in reversed(self.events) if event["what"] in kinds), None)

    def last_move(self) -> Event | None:
        return self.last(*MOVES)

    def sign(self, item: Item, *, by: str, note: str = "") -> None:
        """Raises Refused for an item that this program answers for itself, or without a name."""
        if item.by == "program":
            raise Refused(f"{item.name} is not signed: this program finds out for itself.")
        if not by.strip():
            raise Refused("Say who signs: --by NAME.")
        self.add("signed", {"item": item.name, "name": by.strip(), **({"note": note} if note else {})})

    def note(self, item: str, *, done: bool, detail: str) -> None:
        """What this program found of an item."""
        self.add("checked", {"item": item, "done": done, "detail": detail})

    def attempt(self) -> list[Event]:
        """What belongs to the release now: a version that came back is a new release, and begins anew."""
        events = self.events
        back = max((number for number, event in enumerate(events) if event["what"] == "rolled back"), default=-1)
        return events[back + 1 :]

    def done(self) -> dict[str, Event]:
        """The event that closes each closed item. What was found of an earlier installation counts no more."""
        closed: dict[str, Event] = {}
        for event in self.attempt():
            if event["what"] == "deploying":
                closed = {name: row for name, row in closed.items() if BY_NAME[name].by == "person"}
            elif event["what"] == "signed" or (event["what"] == "checked" and event["done"]):
                closed[event["item"]] = event
            elif event["what"] == "checked":
                closed.pop(event["item"], None)
        return closed

    def open_items(self) -> list[Item]:
        closed = self.done()
        return [item for item in ITEMS if item.name not in closed]


def every(folder: Path, *, now: clock.Now = clock.now) -> Iterator[Record]:
    for path in sorted(folder.glob("*.json")):
        yield Record(folder, path.stem, now=now)
