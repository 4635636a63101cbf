"""The plan's five steps back. No database is restored: all that was written since the switch stays."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from releasing import incidents
from releasing.context import Context
from releasing.errors import Failed, Refused
from releasing.readings import fault_of, read
from releasing.records import Record
from releasing.settings import other
from releasing.verifying import wait_until_ready


class Steps:
    """What was done, and what did not succeed: a step that fails holds up none that does not need it."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.lines: list[str] = []
        self.faults: list[str] = []

    def do(self, number: int, text: str, act: Callable[..., Any], *arguments: Any) -> bool:
        """Whether it succeeded."""
        try:
            act(*arguments)
        except Exception as error:
            self.faults.append(f"Step {number}, {text}: {error}")
            self.add(number, f"{text}: FAILED, {error}")
            return False
        self.add(number, text)
        return True

    def add(self, number: int, text: str) -> None:
        line = f"{number}. {self.context.now():%H:%M:%S}Z {text}"
        self.lines.append(line)
        self.context.say(line)


def roll_back_by_hand(context: Context, *, why: str, force: bool = False) -> Path:
    """Back from the release that took the traffic last.

    Raises Refused if that went back already, if nobody released anything, or if the colour before is not ready and
    nobody insists.
    """
    record = context.newest_switch()
    if record is None:
        raise Refused(f"No switch is on record in {context.folder}, so there is nothing to go back from.")
    moved = record.last_move()
    if moved is not None and moved["what"] == "rolled back":
        raise Refused(f"{record.version} was rolled back already, at {moved['at']}. {context.where()}")
    if not force and (faults := faults_of_previous(context, record)):
        raise Refused(f"There is no good way back: {'; '.join(faults)}. Mend that, or insist with --force.")
    return roll_back(context, record, why=[why], seen=[])


def colour_of_switch(record: Record) -> str:
    """To which the release took the traffic."""
    moved = record.last("switching", "switched")
    if moved is None:
        raise Refused(f"{record.version} never took the traffic.")
    colour: str = moved["to"]
    return colour


def faults_of_previous(context: Context, record: Record) -> list[str]:
    """Why the colour before cannot take the traffic back; [] if it can."""
    previous, switched = other(colour_of_switch(record)), record.last("switched", "switching") or {}
    wanted, found = switched.get("previous_version", ""), context.target.version_of(previous)
    faults = [fault for backend in context.target.backends(previous) if (fault := fault_of(backend))]
    return (
        faults if found == wanted else [f"{previous} holds {found or 'nothing'}, not {wanted or 'a version'}", *faults]
    )


def roll_back(context: Context, record: Record, *, why: Sequence[str], seen: Sequence[str]) -> Path:
    """Returns the incident note. `seen` are lines of what was measured.

    Raises Failed at the end, with all that did not succeed and what is where. Traffic is moved before anything that
    may take time: a worker may finish the load in its hands for two minutes.
    """
    target, colour = context.target, colour_of_switch(record)
    previous, began = other(colour), context.monotonic()
    steps = Steps(context)
    steps.do(1, "the record names the beginning", record.add, "rolling back", {"to": previous, "why": list(why)})
    steps.do(1, f"worker and clock of {colour} are told to stop", target.begin_to_stop_work, colour)
    if not steps.do(2, f"traffic goes to {previous}", target.point_traffic, previous):
        # Those who are still served by the new version need its worker.
        steps.do(2, f"worker and clock of {colour} go on", _restart_work, context, colour)
        raise Failed(f"Not rolled back. {' '.join(steps.faults)} {context.where()}")
    seconds = context.monotonic() - began
    if steps.do(1, f"worker and clock of {colour} have stopped", target.stop_work, colour):
        steps.do(2, f"worker and clock of {previous} are started", target.start_work, previous)
    else:
        steps.add(2, f"worker and clock of {previous} are not started, as those of {colour} may still run")
    steps.do(3, f"every backend of {previous} is ready", wait_until_ready, context, previous)
    after = read(target.backends(previous))
    steps.do(3, f"every backend of {previous} gives metrics", _require_metrics, after)
    note = incidents.Note(context, record, colour, why=why, seen=seen)
    steps.do(4, f"the log of {colour} is searched for errors", note.read_log)
    steps.do(4, f"what was seen is in {note.path}", note.write, steps.lines)
    steps.add(5, "the note says how to mend it and deploy again")
    found = {"to": previous, "seconds": round(seconds, 2), "note": str(note.path), "faults": list(steps.faults)}
    steps.do(5, "the record names the end", record.add, "rolled back", found)
    if steps.faults:
        raise Failed(
            f"Traffic is back at {previous}, but not all went well. {' '.join(steps.faults)} {context.where()}"
        )
    return note.path


def _restart_work(context: Context, colour: str) -> None:
    context.target.stop_work(colour)
    context.target.start_work(colour)


def _require_metrics(readings: dict[str, Any]) -> None:
    if silent := [name for name, reading in readings.items() if reading.counts is None]:
        raise Failed(f"{', '.join(silent)} gives no metrics")
