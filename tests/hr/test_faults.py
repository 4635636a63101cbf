"""Killed at every step of every verb that reaches into the other database: afterwards the two agree."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hr.faults.verbs import VERBS

ROOT = Path(__file__).resolve().parents[2]
# Kills of each verb: over 200 of all.
LEAST = 20


@pytest.mark.slow
@pytest.mark.parametrize("verb", [verb.__name__ for verb in VERBS])
def test_a_kill_at_any_step_leaves_no_difference_and_nothing_double(verb, tmp_path):
    environment = os.environ | {
        "ENV_FILE": "none",
        "APP_DATA_DIR": str(tmp_path),
        "DB_CONNECTION": "sqlite",
        "REDIS_HOST": "",
        "LOG_LEVEL": "error",
    }
    command = [sys.executable, "-m", "tests.hr.faults.run", verb]

    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    assert run.returncode == 0, run.stderr[-3000:]
    report = json.loads(run.stdout.splitlines()[-1])
    assert report["wrong"] == []
    assert report["kills"] >= LEAST
