"""What is written down when a release goes back, for those who look for the cause."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from releasing import clock, contacts
from releasing.context import Context
from releasing.errors import Failed
from releasing.records import Record
from releasing.settings import other

# Of each level, the first: later ones follow from them.
MOST_LINES = 20


class Note:
    def __init__(
        self, context: Context, record: Record, colour: str, *, why: Sequence[str], seen: Sequence[str]
    ) -> None:
        self.context, self.record, self.colour, self.why, self.seen = context, record, colour, why, seen
        self.switched = record.last("switched", "switching")
        self.moment = context.now()
        stamp = f"{self.moment:%Y%m%dT%H%M%S%f}"[:-3] + "Z"
        self.path = context.folder / "incidents" / f"{stamp}-{record.version}.md"
        self.log: list[str] = []

    def read_log(self) -> None:
        """Keeps the lines of level error and critical since the switch."""
        self.log = ["The log could not be read; the command below shows it."]
        since = datetime.fromisoformat(self.switched["at"]) if self.switched else self.moment
        lines = self.context.target.log_lines(self.colour, since)
        critical = [line for line in lines if field_of(line, "level") == "critical"]
        errors = [line for line in lines if field_of(line, "level") == "error"]
        self.log = [*critical[:MOST_LINES], *errors[:MOST_LINES]]

    def write(self, steps: Sequence[str]) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(self.text(steps), encoding="utf-8")
        except OSError as error:
            raise Failed(f"{self.path} cannot be written: {error}") from error

    def text(self, steps: Sequence[str]) -> str:
        version, colour, previous = self.record.version, self.colour, other(self.colour)
        before = (self.switched or {}).get("previous_version") or "the version before"
        requests = dict.fromkeys(found for line in self.log if (found := field_of(line, "request_id")))
        return f"""# {version} went back to {before}

{clock.text(self.moment)}. {colour} had the traffic since {(self.switched or {}).get("at", "an unknown time")};
{previous} has it now.

## Why

{listed(self.why)}

## What was measured

{block(self.seen) or "Nothing: it was rolled back by hand."}

## Errors in the log

{block(self.log) or "None."}

Their requests: {", ".join(requests) or "none named"}. All lines: `{self.context.target.how_to_look(colour)}`

## The five steps

{listed(steps)}

## What to do now

- All that was written since the switch is there: no database was restored. The schema stays as {version} left it, and
  {before} works on it: expand, deploy, contract (docs/releasing.md).
- The web processes of {colour} still run, without traffic. Look at them there.
- Mend the cause under a new version: `make release VERSION=…`, then `bluegreen deploy …`. {version} itself may be
  deployed again if the cause lay elsewhere; its checklists begin anew.

## Whom to ask

{listed(f"after {row['after_minutes']} minutes: {row['who']}, {row['email']}" for row in contacts.escalation())}
"""


def listed(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def block(lines: Sequence[str]) -> str:
    return "\n".join(["```", *lines, "```"]) if lines else ""


def field_of(line: str, name: str) -> str:
    """A field of a JSON line; '' where it is none, or has none."""
    start = line.find("{")
    try:
        said = json.loads(line[start:]) if start >= 0 else {}
    except ValueError:
        return ""
    return str(said.get(name) or "") if isinstance(said, dict) else ""
