"""Breaks a production on loopback in every way it was promised to survive. Ends with 1 if a promise is not met,
with 2 if something it needs is not installed.

The full form takes a quarter of an hour and writes docs/drill.md; `--short` takes five minutes.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType, ModuleType

from tests.drill import report
from tests.drill.ground import laid_out, tails
from tests.drill.plan import FULL, SHORT
from tests.drill.promises import bad_releases, disaster, kills, outages, switches
from tests.drill.report import Promise
from tests.drill.scene import Scene, set_scene
from tests.servers.processes import Missing

PROMISES: dict[str, ModuleType] = {
    "switches": switches,
    "bad-releases": bad_releases,
    "kills": kills,
    "outages": outages,
    "disaster": disaster,
}
RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results" / "drill.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make drill", description=__doc__)
    parser.add_argument("--short", action="store_true", help="shorter windows, shorter outages, a smaller load")
    parser.add_argument("--time-scale", type=float, help="of deploy/bluegreen's windows; the plan's are 1")
    parser.add_argument("--only", choices=PROMISES, action="append", help="this kind of trouble alone; repeatable")
    parser.add_argument("--json", type=Path, help=f"where the results go (of the full form: {RESULTS.name})")
    wanted = parser.parse_args()
    plan = SHORT if wanted.short else FULL
    if wanted.time_scale:
        plan = replace(plan, time_scale=wanted.time_scale)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    began = time.monotonic()

    def tell(text: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {text}", flush=True)

    promises: list[Promise] = []
    try:
        with laid_out(tell) as ground:
            scene = set_scene(ground, plan, tell)
            for promise in tried_out(scene, wanted.only or list(PROMISES)):
                promises.append(promise)
                tell(str(promise))
            if not all(promise.met for promise in promises):
                tails(ground.root)
    except KeyboardInterrupt:
        return 130
    except Missing as error:
        print(error, file=sys.stderr)
        return 2
    described = report.about(plan.form, plan.time_scale, time.monotonic() - began)
    whole = not wanted.short and not wanted.only
    if path := wanted.json or (RESULTS if whole else None):
        report.write_json(path, described, promises)
    if whole:
        report.write_document(described, promises)
    return told(promises)


def tried_out(scene: Scene, names: Sequence[str]) -> Iterator[Promise]:
    """What cannot be tried to its end is not met, and nothing after it is tried: who knows what is where then."""
    for name in names:
        try:
            yield from PROMISES[name].try_out(scene)
        except Exception as error:
            traceback.print_exc()
            yield Promise(f"All of {name} can be tried", f"{error.__class__.__name__}: {str(error)[:300]}", met=False)
            return


def told(promises: list[Promise]) -> int:
    """Prints all of it once more, what was not met at the very end; returns the exit code."""
    print("\npromise | result | met or not")
    for promise in promises:
        print(promise)
    missed = [promise for promise in promises if not promise.met]
    print(f"met {len(promises) - len(missed)} of {len(promises)}")
    for promise in missed:
        print(promise)
    return 1 if missed else 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
