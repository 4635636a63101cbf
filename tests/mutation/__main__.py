"""Takes each scope filter away in turn and sees whether a test goes red. Run it with `make mutate-scope`.

`--list` names the mutants; `--only PATTERN` (a regular expression on their names) runs some. Only a run of all writes
docs/scope-proof.md. Ends with 1 if a mutant goes unnoticed that equivalent.py does not explain.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from pathlib import Path

from tests.mutation import report
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.mutants import find
from tests.mutation.trial import Trials, Verdict, copy_tree, measured, read_tests


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutate-scope", description=__doc__)
    parser.add_argument("--only", metavar="PATTERN", default="", help="mutants whose name contains it")
    parser.add_argument("--list", action="store_true", help="name the mutants and do nothing")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time")
    parser.add_argument("--limit", type=int, help="seconds for a mutant, instead of six times what its tests take")
    parser.add_argument("--probe", type=Path, help="keep here what each test runs, and use it if it is there")
    wanted = parser.parse_args()
    mutants = [mutant for mutant in find() if re.search(wanted.only, mutant.name)]
    if wanted.list:
        print(*(mutant.name for mutant in mutants), f"{len(mutants)} mutants", sep="\n")
        return 0
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="mutate-scope-") as folder:
        trees = [copy_tree(Path(folder) / f"tree-{number}") for number in range(wanted.jobs)]
        probe = wanted.probe or Path(folder) / "probe"
        tests = read_tests(probe) or measured(trees[0], probe, wanted.jobs)
        trials = Trials(tests, trees, report.last_finders(), wanted.limit)
        verdicts = trials.run(mutants, lambda verdict: print(told(verdict), flush=True))
    if not wanted.only:
        report.write(verdicts, tests=len(tests), seconds=time.perf_counter() - started, jobs=wanted.jobs)
    unnoticed = [verdict for verdict in verdicts if not verdict.is_found and verdict.mutant.name not in EQUIVALENT]
    found = sum(verdict.is_found for verdict in verdicts)
    print(f"{len(verdicts)} mutants: {found} found, {len(verdicts) - found - len(unnoticed)} explained")
    for verdict in unnoticed:
        print(f"  {verdict.found}: {verdict.mutant.name}")
    return 1 if unnoticed else 0


def told(verdict: Verdict) -> str:
    return f"{verdict.found:8} {verdict.seconds:6.1f} s  {verdict.mutant.name}  {verdict.by or verdict.told}"


if __name__ == "__main__":
    sys.exit(main())
