import os
import signal
import subprocess
import sys

import pytest

from tests.backoffice.conftest import ROOT
from tests.servers.processes import wait_until

RUN = """
import sys
from backoffice.processes import Gone, Process, run_together

script = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()} '); "
def process(name, rest):
    return Process(name, [sys.executable, "-c", script + rest, f"{sys.argv[1]}/{name}"])

kinds = {
    "sleeps": process("sleeps", "time.sleep(60)"),
    "deaf": process("deaf", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"),
    "fails": process("fails", "time.sleep(0.1); sys.exit(3)"),
}
try:
    run_together(
        [kinds[name] for name in sys.argv[2:]],
        ready=lambda: True,
        announce=lambda: print("ready", flush=True),
        grace_seconds=1,
    )
    print("stopped")
except Gone as error:
    print(error)
"""


@pytest.fixture
def start(tmp_path):
    """Starts the named processes under run_together, and waits until they run."""
    started = []

    def run(*names):
        runner = subprocess.Popen(
            [sys.executable, "-c", RUN, str(tmp_path), *names], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        started.append(runner)
        assert runner.stdout.readline() == "ready\n"
        wait_until(lambda: all(process_ids(tmp_path, name) for name in names), what="all have begun")
        return runner

    yield run
    for runner in started:
        runner.kill()
        runner.wait()


def process_ids(folder, name):
    path = folder / name
    return [int(number) for number in path.read_text().split()] if path.exists() else []


def is_running(process_id):
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all(start, tmp_path, number):
    runner = start("sleeps")

    runner.send_signal(number)
    output, _ = runner.communicate(timeout=20)

    assert output == "stopped\n"
    assert [is_running(process_id) for process_id in process_ids(tmp_path, "sleeps")] == [False]


def test_one_that_does_not_listen_is_killed(start, tmp_path):
    runner = start("sleeps", "deaf")

    runner.terminate()
    output, _ = runner.communicate(timeout=30)

    assert output == "stopped\n"
    assert not is_running(process_ids(tmp_path, "deaf")[0])


def test_one_that_dies_is_started_again(start, tmp_path):
    start("sleeps")

    os.kill(process_ids(tmp_path, "sleeps")[0], signal.SIGKILL)

    wait_until(lambda: len(process_ids(tmp_path, "sleeps")) == 2, what="it has begun again")


def test_one_that_keeps_dying_ends_all_with_its_name(start, tmp_path):
    runner = start("sleeps", "fails")

    output, _ = runner.communicate(timeout=30)

    assert output == "The fails process ended 3 times in a row (exit code 3).\n"
    assert len(process_ids(tmp_path, "fails")) == 3
    assert not is_running(process_ids(tmp_path, "sleeps")[0])
