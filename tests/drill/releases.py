"""Releases of the drill: a repository with a tag for each, and deploy/bluegreen, told where this host is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.drill.plan import UNREADY_MINUTES, Plan
from tests.servers.nginx import HOST

if TYPE_CHECKING:
    from tests.drill.ground import Ground
    from tests.drill.scene import Scene

ROOT = Path(__file__).resolve().parents[2]
FIRST = "1.0.0"
# The same program under more names than the drill has releases.
VERSIONS = [f"1.0.{number}" for number in range(10)]
# What a production's repository has, and no more.
PARTS = ["backoffice", "core", "deploy", "fixtures", "hr", "locale", "manage.py", "pyproject.toml"]
# `make install` asks an index for packages, and makes the same of them as is there already.
INSTALL = ["sh", "-c", f"ln -sfn {ROOT / '.venv'} .venv && .venv/bin/python -m compileall -q backoffice core hr"]
DONE, REFUSED, WENT_BACK = 0, 2, 3
# Of twenty in production: deploy/bluegreen scales times, and in a twentieth of the time there are few.
LEAST_REQUESTS = 5
TRIES, PAUSE_SECONDS = 5, 3.0


def git(folder: Path, *words: str) -> None:
    who = {f"GIT_{role}_{what}": "drill" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    alone = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "-C", str(folder), *words], env=os.environ | who | alone, check=True, capture_output=True)


def publish(repository: Path) -> None:
    """The program of this working tree, released under each of VERSIONS."""
    repository.mkdir()
    for part in PARTS:
        source, target = ROOT / part, repository / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    (repository / ".gitignore").write_text("__pycache__/\n.venv\nstaticfiles/\nCOMMIT\n")
    git(repository, "init", "--quiet")
    git(repository, "add", "--all")
    project = repository / "pyproject.toml"
    for version in VERSIONS:
        project.write_text(re.sub(r'(?m)^version = ".*"', f'version = "{version}"', project.read_text(), count=1))
        git(repository, "commit", "--quiet", "--all", "--message", version)
        git(repository, "tag", f"v{version}")


def clone(repository: Path, version: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    git(repository, "clone", "--quiet", "--branch", f"v{version}", str(repository), str(target))


def accepted(scene: Scene, switch: Callable[[], int | None]) -> None:
    """Try a switch until it is not refused: a colour is ready only if its databases answer it within a second, which on
    a busy machine they may not for a moment. What is refused has changed nothing. Raises ChildProcessError after TRIES.
    """
    for _attempt in range(TRIES):
        if switch() != REFUSED:
            return
        scene.tell("the switch was refused (log/commands.log); once more")
        time.sleep(PAUSE_SECONDS)
    raise ChildProcessError(f"the switch was refused {TRIES} times")


class BlueGreen:
    """deploy/bluegreen on the ground. Its window is always open: what it refuses is tested elsewhere."""

    def __init__(self, ground: Ground, plan: Plan) -> None:
        self.ground = ground
        self.folder = ground.root / "etc" / "evaltrack"
        self.records = ground.root / "var" / "lib" / "evaltrack" / "releases"
        (self.folder / "smoke-password").write_text("demo")
        (self.folder / "bluegreen.toml").write_text(self._configuration(plan))

    def _configuration(self, plan: Plan) -> str:
        root, programs = self.ground.root, self.ground.units.programs
        tables: dict[str, dict[str, Any]] = {
            "": {
                "target": "host",
                "environment": "production",
                "site": HOST,
                "records": str(self.records),
                "monitoring_token_file": str(self.folder / "monitoring-token"),
                "time_scale": plan.time_scale,
            },
            "host": {
                "programs": str(root / "opt" / "evaltrack"),
                "sockets": str(root / "run" / "evaltrack"),
                "live_link": str(self.ground.live_link),
                "repository": str(self.ground.repository),
                "env_file": str(self.ground.env_file),
                "install": INSTALL,
                "systemctl": [str(programs / "systemctl")],
                "journalctl": [str(programs / "journalctl")],
            },
            "window": {
                "days": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
                "begins": "00:00",
                "ends": "24:00",
            },
            "backup": {"folder": str(root / "var" / "backups" / "evaltrack")},
            "verify": {
                "user": "hr" if plan.verifies_inside else "",
                "password_file": str(self.folder / "smoke-password"),
            },
            "criteria": {"least_requests": LEAST_REQUESTS, "unready_minutes": UNREADY_MINUTES},
            "watch": {"minutes": plan.watch_minutes},
        }
        return "\n".join(
            (f"[{table}]\n" if table else "")
            + "".join(f"{name} = {json.dumps(value)}\n" for name, value in rows.items())
            for table, rows in tables.items()
        )

    def __call__(self, *words: str) -> None:
        """Raises ChildProcessError, with what it said, unless that was done."""
        self.ground.run(self.command(*words))

    def run(self, *words: str) -> int:
        """How it ended: DONE or REFUSED. Raises ChildProcessError for anything else."""
        return self.ground.run(self.command(*words), fine=(DONE, REFUSED)).returncode

    def command(self, *words: str) -> list[str]:
        return [
            str(self.ground.root / "usr" / "local" / "sbin" / "bluegreen"),
            "--config",
            str(self.folder / "bluegreen.toml"),
            *words,
        ]

    def sign_all(self, version: str) -> None:
        for item in (
            "unit-tests",
            "integration-tests",
            "code-review",
            "documentation",
            "notice",
            "staging",
            "approval",
        ):
            self("sign", version, item, "--by", "the drill")

    def events(self, version: str) -> list[dict[str, Any]]:
        """Of the release's record."""
        events: list[dict[str, Any]] = json.loads((self.records / f"{version}.json").read_text())["events"]
        return events
