"""Whether the last release goes on with the schema of this one, and this one waits for it: `make check-upgrade`.

A release migrates while the old colour serves, then starts the new one. So the old program must do everything with
the new schema, and the new program must say that it is not ready with the old one, and write all of a thing or
nothing. The old program is the last tag `v…`, or, before there is one, what was there before the newest migration;
PREVIOUS=REVISION names another. It runs on two SQLite files, with the packages of today.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.expand_contract import RELEASED, numbers

ROOT = Path(__file__).parents[2]
MIGRATIONS = ("core/migrations/0*.py", "hr/migrations/0*.py")
PEOPLE = "12"


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make check-upgrade", description=__doc__)
    parser.add_argument("--previous", metavar="REVISION", default="", help="the old program")
    wanted = parser.parse_args(words)
    if git("rev-parse", "--is-shallow-repository") == "true":
        say("NOT CHECKED: this clone is shallow and knows no earlier version; fetch all of the history")
        return 0
    if stale := behind(git("tag", "--list", "v*", "--merged", "HEAD", "--sort=-version:refname").partition("\n")[0]):
        say(stale)
        return 1
    previous = wanted.previous or last_release() or before_the_newest_migration()
    with tempfile.TemporaryDirectory(prefix="upgrade-") as folder:
        old = Program(Path(folder) / "old", data=Path(folder) / "data")
        extract(previous, old.tree)
        say(f"from {git('describe', '--tags', '--always', previous)} to the program of this folder")
        findings = compare(old, Program(ROOT, data=old.data))
    for finding in findings:
        say(f"BROKEN: {finding}")
    return 1 if findings else 0


def say(text: str) -> None:
    print(f"check-upgrade: {text}", flush=True)  # noqa: T201


def git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def last_release() -> str:
    """The newest tag `v…` among the ancestors of the parent, so that a release is not compared with itself."""
    return git("tag", "--list", "v*", "--merged", "HEAD^", "--sort=-version:refname").partition("\n")[0]


def behind(tag: str) -> str:
    """What to do about a file of the last release that is older than the release; '' if it is not."""
    said = RELEASED["version"]
    if not tag or (said and numbers(said) >= numbers(tag.removeprefix("v"))):
        return ""
    return (
        f"deploy/released.json is of {said}, the last release is {tag}: make released VERSION={tag.removeprefix('v')}"
    )


def before_the_newest_migration() -> str:
    newest = git("log", "-1", "--format=%H", "--diff-filter=A", "--", *MIGRATIONS)
    return git("rev-parse", f"{newest}^")


def extract(revision: str, tree: Path) -> None:
    tree.mkdir()
    archive = subprocess.run(["git", "archive", revision], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["tar", "-x", "-C", str(tree)], input=archive.stdout, check=True)


class Program:
    """The program in one folder, on the databases in another."""

    def __init__(self, tree: Path, *, data: Path) -> None:
        self.tree = tree
        self.data = data
        self.data.mkdir(exist_ok=True)

    def run(self, *words: str) -> str:
        """What it prints. A process that fails ends all, with what it said."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("DB_", "REDIS_"))}
        environment |= {"ENV_FILE": "none", "APP_ENV": "testing", "APP_DATA_DIR": str(self.data)}
        environment["MONITORING_TOKEN"] = "asked-by-the-upgrade"
        command = [sys.executable, "-W", "ignore", *words]
        done = subprocess.run(command, cwd=self.tree, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{done.stderr}\ncheck-upgrade: {' '.join(words)} failed in {self.tree}")
        return done.stdout

    def migrate(self) -> None:
        self.run("manage.py", "migrate_all", "--verbosity", "0")

    def asked(self, *verbs: str) -> dict[str, Any]:
        """What the smoke test says of each verb."""
        own = self.tree / "tests" / "upgrade" / "smoke.py"
        said = self.run(str(own if own.exists() else ROOT / "tests" / "upgrade" / "smoke.py"), *verbs)
        return json.loads(said)

    def rows(self) -> dict[str, int]:
        """How many there are, by table."""
        counts = {}
        for path in sorted(self.data.glob("*.sqlite3")):
            with closing(sqlite3.connect(path)) as database:
                tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
                for (table,) in tables:
                    (counts[f"{path.stem}.{table}"],) = database.execute(f'SELECT count(*) FROM "{table}"').fetchone()
        return counts


def compare(old: Program, new: Program) -> list[str]:
    """What is broken, in the order of a release; empty if nothing is."""
    old.migrate()
    old.run("manage.py", "seed_demo", "--employees", PEOPLE)
    usual = old.asked("ready", "walk", "hire")
    if any(map(is_broken, usual.values())):
        sys.exit(f"check-upgrade: the old program does not work on its own schema: {usual}")
    before = old.rows()

    say("the new program on the old schema")
    findings = []
    said = new.asked("ready", "hire")
    if is_broken(said["hire"]) and new.rows() != before:
        findings.append(f"the new program on the old schema wrote half of a hire: {differing(before, new.rows())}")
    new.migrate()
    if said["ready"] != 503 and differing(before, new.rows(), within="django_migrations"):
        findings.append(f"the new program on the old schema is ready ({said['ready']}), without its migrations")

    for name, program, ready in [("old", old, usual["ready"]), ("new", new, 200)]:
        where = f"the {name} program on the new schema"
        say(where)
        findings += [f"{where}: {fault}" for fault in faults(program, ready, usual["walk"])]
    return findings


def faults(program: Program, ready: int, pages: dict[str, int]) -> Iterator[str]:
    """What it no longer does of what the old program did on its own schema."""
    said = program.asked("ready", "walk", "hire")
    if said["ready"] != ready:
        yield f"/health/ready says {said['ready']}"
    if is_broken(said["walk"]):
        yield f"a page ends with {said['walk']['broken']}"
    elif lost := {name: pair for name, pair in differing(pages, said["walk"]).items() if None not in pair}:
        yield f"pages answer otherwise: {lost}"
    if is_broken(said["hire"]):
        yield f"nobody can be hired: {said['hire']['broken']}"


def is_broken(said: Any) -> bool:
    return isinstance(said, dict) and "broken" in said


def differing(before: dict[str, int], after: dict[str, int], *, within: str = "") -> dict[str, tuple]:
    names = sorted(set(before) | set(after))
    pairs = {name: (before.get(name), after.get(name)) for name in names if within in name}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


if __name__ == "__main__":
    sys.exit(main())
