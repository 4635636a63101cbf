import subprocess
import sys

import pytest
from releasing.errors import Refused
from releasing.locks import held, is_held

from tests.deploy.conftest import ROOT

HOLDS = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from releasing.locks import held
with held(Path(sys.argv[2]), "release", doing="switching to 1.1.0"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_two_people_do_not_switch_at_once_and_a_kill_leaves_no_lock(tmp_path):
    words = [sys.executable, "-c", HOLDS, str(ROOT / "deploy"), str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout.readline() == "held\n"

        with pytest.raises(Refused, match=rf"switching to 1\.1\.0 \(process {first.pid}\)\. Wait"):
            held(tmp_path, "release", doing="switching to 1.2.0").__enter__()
        assert is_held(tmp_path, "release")
        first.kill()

    with held(tmp_path, "release", doing="switching to 1.2.0"):
        pass
    assert not is_held(tmp_path, "release")


def test_other_locks_are_others(tmp_path):
    with held(tmp_path, "watch", doing="x"), held(tmp_path, "release", doing="x"):
        assert not is_held(tmp_path, "other")
