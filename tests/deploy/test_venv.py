"""Which Python deploy/venv.sh takes."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.deploy.conftest import ROOT, run

PYTHON = """#!/bin/sh
case $1 in
    -c) echo "$0" ;;
    -V) echo "Python 3.13.0" ;;
    -m) mkdir .venv && echo "$0" > .venv/python ;;
esac
"""


@pytest.fixture
def folder():
    """Open to everybody but for root's home, as `/` is."""
    path = Path(tempfile.mkdtemp(prefix="venv-"))
    for name, mode in ((".", 0o755), ("usr", 0o755), ("root", 0o700)):
        (path / name).mkdir(exist_ok=True)
        (path / name).chmod(mode)
    yield path
    shutil.rmtree(path)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can run a program as somebody else")
@pytest.mark.parametrize(
    ("place", "there", "taken"),
    [
        ("opt/evaltrack/blue", ["root/python3", "usr/python3.13"], "usr/python3.13"),
        ("opt/evaltrack/blue", ["root/python3"], "root/python3"),
        ("root/evaltrack", ["root/python3", "usr/python3.13"], "root/python3"),
    ],
    ids=["others-run-it", "no-other", "roots-own"],
)
def test_root_installs_what_others_can_run(folder, place, there, taken):
    script = folder / place / "deploy" / "venv.sh"
    script.parent.mkdir(parents=True)
    shutil.copy(ROOT / "deploy" / "venv.sh", script)
    for name in there:
        (folder / name).write_text(PYTHON)
        (folder / name).chmod(0o755)

    run(str(script), env={"HOME": str(folder / "root"), "PATH": f"{folder}/root:{folder}/usr:/usr/sbin:/usr/bin:/bin"})

    assert (folder / place / ".venv" / "python").read_text() == f"{folder}/{taken}\n"
