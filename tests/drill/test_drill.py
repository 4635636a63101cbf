"""Whether the drill sees what it looks for, and its stand-ins do what they stand for."""

import importlib
import signal
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import pytest

from tests.drill.evidence import kept
from tests.drill.load import Answer
from tests.drill.report import Promise
from tests.drill.units import UnitError, Units
from tests.servers.processes import wait_until

TOY = """
[Service]
Type=exec
Environment=APP_COLOUR=%i NUMBER=%j
WorkingDirectory=/opt/evaltrack/%i
ExecStart=/bin/sh -c "echo $APP_COLOUR $NUMBER $PWD; exec sleep 60"
Restart=always
RestartSec=0
RuntimeDirectory=evaltrack/%i/%j
"""


# --- Evidence --------------------------------------------------------------------------------------------------------
class Table:
    """A MariaDB with these rows of history, oldest first, and these people."""

    def __init__(self, history, now):
        self._history, self._now = history, now

    def rows(self, statement):
        return self._history if "historical" in statement else list(self._now.items())


def write(employee, phone, error=""):
    return Answer("POST", "/", 0.0, 0.1, 500 if error else 302, "blue", error, employee, phone)


@pytest.mark.parametrize(
    ("history", "now", "found"),
    [
        ([(1, "a"), (2, "b")], {1: "a", 2: "b"}, {}),
        ([(1, "a"), (2, "old")], {1: "a", 2: "old"}, {"lost": ["b"]}),
        ([(1, "a"), (2, "b"), (1, "a")], {1: "a", 2: "b"}, {"twice": ["a"]}),
        ([(1, "a"), (2, "b")], {1: "a", 2: "c"}, {"halved": [2]}),
        ([(1, "a"), (2, "b"), (2, "c")], {1: "a", 2: "c"}, {}),  # carried out, and the answer was lost
    ],
)
def test_a_lost_a_doubled_and_a_halved_write_are_found(history, now, found):
    result = kept(Table(history, now), [write(1, "a"), write(2, "b"), write(2, "c", error="500")], since=0.0)

    assert {name: faults for name in ("lost", "twice", "halved") if (faults := getattr(result, name))} == found
    assert result.is_whole == (not found)
    assert (result.acknowledged, result.unanswered) == (2, 1)


def test_without_a_change_nothing_is_shown():
    assert not kept(Table([(1, "a")], {1: "a"}), [write(1, "a")], since=1.0).is_whole


def test_a_promise_says_whether_it_was_met():
    assert str(Promise("No request fails", "3 failed", met=False)) == "No request fails | 3 failed | NOT MET"


# --- Faults ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def drill_faults(tmp_path, monkeypatch):
    monkeypatch.setenv("DRILL_FOLDER", str(tmp_path))
    monkeypatch.syspath_prepend("tests/drill/program")
    yield importlib.import_module("drill_faults")
    del sys.modules["drill_faults"]


def test_a_share_of_requests_is_exact_and_evenly_spread(drill_faults):
    numbers = [drill_faults.number_of_request() for _ in range(200)]
    bad = [number for number in numbers if drill_faults.falls_on(number, 0.04)]

    assert numbers == list(range(1, 201))
    assert Counter(later - earlier for earlier, later in pairwise(bad)) == {25: 7}


# --- Stand-ins -------------------------------------------------------------------------------------------------------
@pytest.fixture
def units(tmp_path):
    for name in ("etc/systemd/system", "log", "tmp", "opt/evaltrack/blue"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "etc" / "systemd" / "system" / "evaltrack-toy-7@.service").write_text(TOY)
    running = Units(tmp_path, tmp_path / "log")
    yield running
    running.end()


def systemctl(units, *words):
    return subprocess.run([str(units.programs / "systemctl"), *words], capture_output=True, text=True, check=False)


def test_a_unit_runs_as_it_says(units, tmp_path):
    assert systemctl(units, "is-active", "evaltrack-toy-7@blue").returncode == 3

    assert systemctl(units, "start", "evaltrack-toy-7@blue").returncode == 0

    assert systemctl(units, "is-active", "evaltrack-toy-7@blue").stdout == "active\n"
    log = tmp_path / "log" / "evaltrack-toy-7@blue.log"
    wait_until(lambda: log.read_text() != "", seconds=5, what="it writes")
    assert log.read_text() == f"blue 7 {tmp_path}/opt/evaltrack/blue\n"
    assert (tmp_path / "run" / "evaltrack" / "blue" / "7").is_dir()


def test_what_is_killed_starts_again_and_what_is_stopped_does_not(units, tmp_path):
    systemctl(units, "start", "evaltrack-toy-7@blue")
    service = units.service("evaltrack-toy-7@blue")

    units.kill(service.name, signal.SIGKILL)
    wait_until(lambda: service.starts == 2 and bool(service.pid), seconds=5, what="it starts again")
    systemctl(units, "stop", "evaltrack-toy-7@blue")

    assert (service.state, service.starts) == ("inactive", 2)
    assert not (tmp_path / "run" / "evaltrack" / "blue" / "7").exists()


def test_a_unit_that_is_not_there_is_an_error(units):
    result = systemctl(units, "start", "evaltrack-other@blue")

    assert (result.returncode, result.stderr) == (1, "Unit evaltrack-other@blue.service not found.\n")
    with pytest.raises(UnitError):
        units.service("evaltrack-other@blue")


def test_the_journal_has_the_lines_of_a_unit_since_a_moment(units, tmp_path):
    lines = [f'{{"timestamp": "2027-03-01T08:00:0{second}Z", "message": "{second}"}}' for second in (1, 2)]
    (tmp_path / "log" / "evaltrack-web-1@blue.log").write_text("\n".join([*lines, "no JSON"]))
    (tmp_path / "log" / "evaltrack-web-1@green.log").write_text("another colour")

    command = [str(units.programs / "journalctl"), "--unit=evaltrack-web-*@blue.service", "--since=@1803888002"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert said.splitlines() == [lines[1], "no JSON"]
