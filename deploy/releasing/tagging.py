"""`make release`: a version becomes a commit, a tag, and the image of that tag."""

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from releasing.commands import run, succeeds
from releasing.context import say
from releasing.errors import Failed, Refused
from releasing.records import version_of

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = "docker.io"
# Of the project, where the program reads it.
VERSION_LINE = re.compile(r'^version = "([^"]*)"$', re.MULTILINE)


def main(words: Sequence[str] | None = None) -> int:
    """0: released; 1: a step failed; 2: refused, nothing was changed."""
    parser = argparse.ArgumentParser(prog="release", description="Tag a version and build its image.")
    parser.add_argument("version", help="like 1.2.0")
    parser.add_argument("--registry", default=os.environ.get("REGISTRY") or REGISTRY, help=f"default: {REGISTRY}")
    arguments = parser.parse_args(words)
    try:
        release(ROOT, version_of(arguments.version), registry=arguments.registry)
    except Refused as error:
        sys.stderr.write(f"Refused. {error}\n")
        return 2
    except Failed as error:
        sys.stderr.write(f"FAILED. {error}\n")
        return 1
    return 0


def release(folder: Path, version: str, *, registry: str) -> None:
    """Raises Refused for a tree with changes, a tag that is there, or a version that the changelog or the file of what
    migrations must keep (docs/pipeline.md) does not name."""
    git, tag = ["git", "-C", str(folder)], f"v{version}"
    if changes := run([*git, "status", "--porcelain"]).strip():
        raise Refused(f"There are changes that no commit holds; commit or discard them:\n{changes}")
    if succeeds([*git, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}"]):
        raise Refused(f"{tag} is there already; what was released stays. Take the next number.")
    if not entries_of(folder, version):
        raise Refused(
            f"CHANGELOG.md says nothing under ## [{version}]. Move what is under [Unreleased] there, and commit."
        )
    noted = json.loads((folder / "deploy" / "released.json").read_text(encoding="utf-8"))["version"]
    if noted != version:
        raise Refused(f"deploy/released.json is of {noted}: make released VERSION={version}, and commit.")
    if write_version(folder / "pyproject.toml", version):
        run([*git, "commit", "--quiet", "--message", f"release: {version}", "pyproject.toml"])
    run([*git, "tag", "--annotate", "--message", f"EvalTrack {version}", tag])
    commit = run([*git, "rev-parse", "HEAD"]).strip()
    say(f"{tag} is {commit}. Push it: git push origin HEAD {tag}")
    command = image_command(version, registry)
    if has_engine():
        run(command, folder=folder)
        say(f"Built: {', '.join(image_names(version, registry))}")
    else:
        dry = run([*command, "--dry-run"], folder=folder)
        say(f"No Docker engine answers here. Where one does, {' '.join(command)} runs:\n{dry}")


def entries_of(folder: Path, version: str) -> list[str]:
    """What CHANGELOG.md lists of a version."""
    said = (folder / "CHANGELOG.md").read_text(encoding="utf-8")
    section = re.search(rf"^## \[{re.escape(version)}\][^\n]*\n(.*?)(?=^## |\Z)", said, re.MULTILINE | re.DOTALL)
    return [line for line in section[1].splitlines() if line.startswith("- ")] if section else []


def write_version(path: Path, version: str) -> bool:
    """Whether it was another."""
    said = path.read_text(encoding="utf-8")
    wanted = VERSION_LINE.sub(f'version = "{version}"', said, count=1)
    path.write_text(wanted, encoding="utf-8")
    return wanted != said


def image_names(version: str, registry: str) -> list[str]:
    """The plan's two: on this machine, and in the registry."""
    return [f"evaltrack-web:v{version}", f"{registry}/company/evaltrack:{version}"]


def image_command(version: str, registry: str) -> list[str]:
    """As the pipeline builds it."""
    return ["make", "--no-print-directory", "image", f"VERSION={version}", f"IMAGE={registry}/company/evaltrack"]


def has_engine() -> bool:
    try:
        return succeeds(["docker", "version", "--format", "{{.Server.Version}}"])
    except Failed:
        return False
