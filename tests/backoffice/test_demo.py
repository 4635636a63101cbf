import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.backoffice.conftest import KEY, ROOT, SYSTEM
from tests.servers.processes import free_ports


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@pytest.fixture
def demo(tmp_path):
    """Starts the demo on a port; waits for the line that says it is ready."""
    started = []

    def start(port, **variables):
        environment = SYSTEM | {"ENV_FILE": "none", "APP_ENV": "demo", "APP_KEY": KEY, "APP_DATA_DIR": str(tmp_path)}
        process = subprocess.Popen(
            [sys.executable, "-u", "manage.py", "demo", "--port", str(port)],
            cwd=ROOT,
            env=environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=30)


def lines_until(process, text, seconds=120):
    """What it printed until a line holds `text`."""
    lines, deadline = [], time.monotonic() + seconds
    for line in process.stdout:
        lines.append(line.rstrip())
        if text in line:
            return lines
        assert time.monotonic() < deadline, lines
    raise AssertionError(f"it ended without {text!r}: {lines}")


def children_of(process_id):
    """(id, command) of the processes it started, on Linux."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            command = path.with_name("cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, IndexError):
            continue
        if parent == process_id:
            found[int(path.parent.name)] = command
    return found


def get(port, path=""):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as response:
        return response.url, response.read().decode()


def test_a_demo_seeds_keeps_its_data_while_it_runs_frees_its_port_and_starts_again_quickly(demo, manage, tmp_path):
    [port] = free_ports(1)
    process = demo(port)

    lines = lines_until(process, "Ctrl-C")
    url, page = get(port)
    children = children_of(process.pid)
    reset = manage("demo", "--reset", APP_ENV="demo", APP_KEY=KEY)
    _, page_after_reset = get(port)
    process.send_signal(signal.SIGINT)
    code = process.wait(timeout=20)

    assert f"http://127.0.0.1:{port}/" in lines[-2]
    assert [line for line in lines if "300 " in line]
    assert "admin, hr, manager, loader, auditor, employee" in lines[-1]
    assert "/login/" in url
    assert "EvalTrack" in page
    assert sorted(command.split()[2 if "gunicorn" in command else -1] for command in children.values()) == [
        "clock",
        "gunicorn",
        "worker",
    ]
    assert (reset.returncode, reset.stdout) == (1, "")
    assert reset.stderr.startswith("CommandError: ")
    assert (tmp_path / "business.sqlite3").exists()
    assert "EvalTrack" in page_after_reset
    assert code == 0
    assert is_free(port)
    assert not [child for child in children if Path(f"/proc/{child}").exists()]

    started = time.monotonic()
    process = demo(port, APP_NAME="Talento")

    lines = lines_until(process, "Ctrl-C")
    _, page = get(port)
    seconds = time.monotonic() - started

    assert seconds < 20
    assert not [line for line in lines if "300 " in line]
    assert "Talento" in page
    process.terminate()
    assert process.wait(timeout=20) == 0
    assert is_free(port)


def test_a_taken_port_is_named(manage):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        result = manage("demo", "--port", str(port), APP_ENV="demo", APP_KEY=KEY)

    assert result.returncode == 1
    assert result.stderr.startswith("CommandError: ")
    assert f"127.0.0.1:{port}: Address already in use." in result.stderr
    assert f"make demo PORT={port + 1}" in result.stderr


def test_reset_throws_away_what_the_demo_made_and_nothing_else(manage, tmp_path):
    for name in ("identity.sqlite3", "identity.sqlite3-wal", "business.sqlite3", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "logs").mkdir()

    result = manage("demo", "--reset", APP_ENV="demo", APP_KEY=KEY)

    assert result.returncode == 0
    assert os.listdir(tmp_path) == ["notes.txt"]


@pytest.mark.parametrize("environment", ["testing", "qa"])
def test_it_is_not_for_other_environments(manage, environment):
    result = manage("demo", APP_ENV=environment)

    assert result.returncode == 1
    assert "demo" in result.stderr or "Cannot start" in result.stderr
