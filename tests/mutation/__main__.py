"""Takes each scope filter away in turn and sees whether a test goes red. Run it with `make mutate-scope`.

Only a run of all mutants writes docs/scope-proof.md. Ends with 1 if a mutant goes unnoticed that equivalent.py does not
explain. With `--keep FOLDER` a run goes on where the last one with that folder stopped: what was
found or is explained stays so, what went unnoticed is tried again, and tests written since are asked once
`--measure PATH` has seen what they run.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path

from tests.mutation import report
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.mutants import find
from tests.mutation.trial import SECONDS, Trials, Verdict, copy_tree, measure, read_tests


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutate-scope", description=__doc__)
    parser.add_argument("--only", metavar="PATTERN", default="", help="mutants whose name contains it")
    parser.add_argument("--list", action="store_true", help="name the mutants and do nothing")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long the tests for a mutant may take")
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="keep what is found, and go on from it")
    parser.add_argument("--measure", metavar="PATH", nargs="+", default=[], help="see again what these tests run")
    parser.add_argument("--tests", metavar="NAME", nargs="+", default=[""], help="ask only these")
    wanted = parser.parse_args()
    mutants = [mutant for mutant in find() if re.search(wanted.only, mutant.name)]
    if wanted.list:
        print(*(mutant.name for mutant in mutants), f"{len(mutants)} mutants", sep="\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="mutate-scope-") as folder:
        trees = [copy_tree(Path(folder) / f"tree-{number}") for number in range(wanted.jobs)]
        kept = wanted.keep or Path(folder) / "kept"
        if wanted.measure or not read_tests(kept / "tests"):
            measure(trees[0], kept / "tests", wanted.jobs, wanted.measure or ["tests"])
        tests = [test for test in read_tests(kept / "tests") if test.name.startswith(tuple(wanted.tests))]
        trials = Trials(tests, trees, report.last_finders(), wanted.seconds)
        before = report.kept(kept, mutants)
        found = {name: verdict for name, verdict in before.items() if verdict.is_found or name in EQUIVALENT}
        left = [mutant for mutant in mutants if mutant.name not in found]
        left.sort(key=lambda mutant: mutant.name in before)

        def told(verdict: Verdict) -> None:
            report.keep(kept, verdict)
            print(_line(verdict), flush=True)

        found |= {verdict.mutant.name: verdict for verdict in trials.run(left, told)}
        verdicts = [found[mutant.name] for mutant in mutants]
        if not wanted.only:
            report.write(verdicts, tests=len(tests), jobs=wanted.jobs, seconds=wanted.seconds)
    unnoticed = [verdict for verdict in verdicts if not verdict.is_found and verdict.mutant.name not in EQUIVALENT]
    red = sum(verdict.is_found for verdict in verdicts)
    print(f"{len(verdicts)} mutants: {red} found, {len(verdicts) - red - len(unnoticed)} explained")
    for verdict in unnoticed:
        print(f"  {verdict.found}: {verdict.mutant.name}")
    return 1 if unnoticed else 0


def _line(verdict: Verdict) -> str:
    return f"{verdict.found:8} {verdict.seconds:6.1f} s  {verdict.mutant.name}  {verdict.by or verdict.told}"


if __name__ == "__main__":
    sys.exit(main())
