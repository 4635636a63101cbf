"""`deploy/bluegreen`: its words, and what each ends with."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from releasing.checklists import BY_NAME, ITEMS, how_to_mend
from releasing.context import Context
from releasing.criteria import Reading
from releasing.deploying import deploy, verify_and_note
from releasing.errors import Failed, Refused
from releasing.locks import held, holder, is_held
from releasing.readings import read
from releasing.records import version_of
from releasing.rolling_back import roll_back_by_hand
from releasing.settings import COLOURS, load
from releasing.switching import switch
from releasing.targets import target_of
from releasing.watching import watch
from releasing.window import require_sense

DONE, FAILED, REFUSED, WENT_BACK = 0, 1, 2, 3
CONFIGURATION = "/etc/evaltrack/bluegreen.toml"
UNFINISHED = {
    "switching": ", which did not come to its end: bluegreen switch finishes it, bluegreen rollback undoes it",
    "rolling back": ", which did not come to its end: bluegreen rollback finishes it",
}
Run = Callable[[Context, argparse.Namespace], int | None]


def main(words: Sequence[str] | None = None) -> int:
    """0: done; 1: a step failed; 2: refused, nothing was begun; 3: the watch rolled back."""
    arguments = parser().parse_args(words)
    try:
        settings = load(arguments.config)
        require_sense(settings.window)
        # What was begun goes on without the terminal that is closed.
        with handled(signal.SIGTERM, _end), handled(signal.SIGHUP, signal.SIG_IGN):
            return int(arguments.run(Context(settings, target_of(settings)), arguments) or DONE)
    except Refused as error:
        sys.stderr.write(f"Refused. {error}\n")
        return REFUSED
    except (Failed, OSError) as error:
        sys.stderr.write(f"FAILED. {error}\n")
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. `bluegreen status` says what is where; the same command may be given again.\n")
        return 128 + signal.SIGINT


@contextmanager
def handled(number: signal.Signals, handler: Any) -> Iterator[None]:
    """Within the block the signal is handled so."""
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """As an exception, so that a switch that is under way puts back what it has begun."""
    sys.exit(128 + number)


def parser() -> argparse.ArgumentParser:
    program = argparse.ArgumentParser(prog="bluegreen", description="Blue/green releases (docs/releasing.md).")
    default = Path(os.environ.get("BLUEGREEN_CONFIG") or CONFIGURATION)
    program.add_argument("--config", type=Path, default=default, help=f"default: BLUEGREEN_CONFIG, {CONFIGURATION}")
    commands = program.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Run, text: str) -> argparse.ArgumentParser:
        parser = commands.add_parser(name, help=text, description=text)
        parser.set_defaults(run=run)
        return parser

    status = command("status", run_status, "Who is live, what stands where, what is open")
    status.add_argument("--json", action="store_true", help="for machines")
    for name, run, text in (
        ("deploy", run_deploy, "Put a version into the colour that is not live, and migrate"),
        ("verify", run_verify, "Look at a version that was deployed"),
        ("switch", run_switch, "Send the traffic to a version that was deployed, and watch it"),
        ("sign", run_sign, "Sign an item of the checklists"),
        ("checklist", run_checklist, "The items of a release, and who closed them"),
    ):
        parser = command(name, run, text)
        parser.add_argument("version", type=str, metavar="VERSION")
        if name in {"deploy", "switch"}:
            parser.add_argument("--reason", default="", help="why it cannot wait for what is open; is recorded")
        if name == "switch":
            parser.add_argument("--no-watch", action="store_true", help="`bluegreen watch` does it, elsewhere")
        if name == "sign":
            signed = [item.name for item in ITEMS if item.by == "person"]
            parser.add_argument("item", metavar="ITEM", choices=signed, help=", ".join(signed))
            parser.add_argument("--by", required=True, metavar="NAME")
            parser.add_argument("--note", default="", help="where it can be seen: a link, a number")
    command("watch", run_watch, "Watch the release that has the traffic; rolls back by itself")
    rollback = command("rollback", run_rollback, "Send the traffic back to the version before")
    rollback.add_argument("--reason", default="by hand", help="is recorded")
    rollback.add_argument("--force", action="store_true", help="even if the version before is not ready")
    return program


def run_deploy(context: Context, arguments: argparse.Namespace) -> None:
    version = version_of(arguments.version)
    # A watch may need the colour, to go back to it.
    with (
        held(context.folder, "watch", doing=f"deploying {version}"),
        held(context.folder, "release", doing=f"deploying {version}"),
    ):
        deploy(context, version, reason=arguments.reason.strip())


def run_verify(context: Context, arguments: argparse.Namespace) -> None:
    verify_and_note(context, version_of(arguments.version))


def run_switch(context: Context, arguments: argparse.Namespace) -> int:
    version = version_of(arguments.version)
    with held(context.folder, "watch", doing=f"watching {version}"):
        with held(context.folder, "release", doing=f"switching to {version}"):
            baseline = switch(context, version, reason=arguments.reason.strip())
        if arguments.no_watch:
            context.say("It is not watched: `bluegreen watch` does so until the time since the switch is over.")
            return DONE
        return _watched(context, baseline)


def run_watch(context: Context, arguments: argparse.Namespace) -> int:
    with held(context.folder, "watch", doing="watching"):
        return _watched(context, None)


def _watched(context: Context, baseline: Mapping[str, Reading] | None) -> int:
    went_back = watch(context, baseline)
    if went_back is None:
        return DONE
    context.say(f"Rolled back. What was seen, and what to do: {went_back.note}")
    return WENT_BACK


def run_rollback(context: Context, arguments: argparse.Namespace) -> None:
    with held(context.folder, "release", doing="rolling back"):
        note = roll_back_by_hand(context, why=arguments.reason.strip(), force=arguments.force)
    context.say(f"Rolled back. What was seen, and what to do: {note}")


def run_sign(context: Context, arguments: argparse.Namespace) -> None:
    record = context.record(version_of(arguments.version))
    record.sign(BY_NAME[arguments.item], by=arguments.by, note=arguments.note)
    context.say(f"{arguments.item} of {record.version}: signed by {arguments.by}.")


def run_checklist(context: Context, arguments: argparse.Namespace) -> None:
    record = context.record(version_of(arguments.version))
    closed = record.done()
    for item in ITEMS:
        event = closed.get(item.name)
        by = (event.get("name") or "this program") if event else ""
        end = f"{by}, {event['at']}" if event else f"open. {how_to_mend(item, record.version)}"
        context.say(f"[{'x' if event else ' '}] {item.when:6} {item.text}: {end}")


def run_status(context: Context, arguments: argparse.Namespace) -> None:
    found = status_of(context)
    if arguments.json:
        context.say(json.dumps(found, indent=2))
        return
    for colour, row in found["colours"].items():
        backends = ", ".join(f"{name}: {fault or 'ready'}" for name, fault in row["backends"].items())
        word = "LIVE" if colour == found["live"] else "idle"
        works = "worker and clock run" if row["works"] else "no worker, no clock"
        context.say(f"{colour:5} {word} {row['version'] or 'empty'}; {works}; {backends}")
    if last := found["release"]:
        context.say(f"Last: {last['version']}, {last['what']} at {last['at']}{UNFINISHED.get(last['what'], '')}")
    if found["busy"]:
        context.say(found["busy"])


def status_of(context: Context) -> dict[str, Any]:
    record = context.newest_switch()
    last = record.last_move() if record else None
    busy = next((name for name in ("release", "watch") if is_held(context.folder, name)), None)
    return {
        "live": context.target.live(),
        "colours": {
            colour: {
                "version": context.target.version_of(colour),
                "works": context.target.works(colour),
                "backends": {name: row.fault for name, row in read(context.target.backends(colour)).items()},
            }
            for colour in COLOURS
        },
        "release": {"version": record.version, "what": last["what"], "at": last["at"]} if record and last else None,
        "busy": holder(context.folder, busy) if busy else "",
    }
