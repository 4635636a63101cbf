"""The program itself, on a host in a folder: a systemctl that remembers, a repository with two tags, and backends that
answer on unix sockets."""

import json
import shutil
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from releasing import locks
from releasing.cli import main

from tests.deploy.conftest import ROOT
from tests.deploy.releasing.conftest import LOGIN, PAGES, FakeBackend

SYSTEMCTL = """#!/bin/sh
# Remembers what is active and what is enabled; fails for a unit that FOLDER/fails names.
cd "$(dirname "$0")"
verb=$1; shift
echo "$verb $*" >>calls
for unit in "$@"; do
    case $unit in -*) continue ;; esac
    if grep -qsx "$verb $unit" slow; then sleep 1; fi
    if grep -qsx "$verb $unit" fails; then echo "Job for $unit failed." >&2; exit 1; fi
    case $verb in
        start | restart) touch "active/$unit" ;;
        stop) rm -f "active/$unit" ;;
        enable) touch "enabled/$unit" ;;
        disable) rm -f "enabled/$unit" ;;
        is-active) [ -e "active/$unit" ] || exit 3 ;;
    esac
done
"""


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/metrics" and self.headers["Authorization"] != "Bearer sesame":
            self.send_error(403)
            return
        self.server.asked.append((self.path, self.headers["Host"], self.headers["X-Forwarded-Proto"]))
        answer = self.server.backend.ask(self.path)
        self.send_response(answer.status)
        self.end_headers()
        self.wfile.write(answer.text.encode())

    def address_string(self):
        return "nginx"

    def log_message(self, *arguments):
        pass


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path, backend):
        super().__init__(str(path), Answer)
        self.backend, self.asked = backend, []
        threading.Thread(target=self.serve_forever, args=[0.01], daemon=True).start()


class Host:
    def __init__(self, folder):
        self.folder = folder
        for name in ("units/active", "units/enabled", "opt", "etc", "lib"):
            (folder / name).mkdir(parents=True)
        self.units = folder / "units"
        (self.units / "systemctl").write_text(SYSTEMCTL)
        (self.units / "systemctl").chmod(0o755)
        (folder / "etc" / "token").write_text("sesame\n")
        self.live = folder / "lib" / "live"
        self.live.symlink_to(folder / "run" / "blue")
        self.servers = {}
        for colour, version in (("blue", "1.0.0"), ("green", "1.1.0")):
            for number in (1, 2):
                path = folder / "run" / colour / str(number)
                path.mkdir(parents=True)
                name = f"{colour} {number}"
                self.servers[name] = Server(path / "web.sock", FakeBackend(name, version))
        self.make_repository()
        self.configuration = folder / "bluegreen.toml"
        self.configuration.write_text(
            f"""
environment = "staging"
records = "{folder}/lib/releases"
monitoring_token_file = "{folder}/etc/token"
time_scale = 0.0005
[host]
programs = "{folder}/opt"
sockets = "{folder}/run"
live_link = "{self.live}"
repository = "{folder}/origin"
install = ["touch", "installed"]
collect_static = ["sh", "-c", "echo $ENV_FILE >static"]
env_file = "{folder}/etc/prod.env"
systemctl = ["{self.units}/systemctl"]
journalctl = ["sh", "-c", "echo '{{\\"level\\": \\"critical\\", \\"request_id\\": \\"r1\\"}}'"]
[verify]
ready_seconds = 5
"""
        )

    def make_repository(self):
        origin = self.folder / "origin"
        origin.mkdir()
        git = ["git", "-C", str(origin), "-c", "user.name=x", "-c", "user.email=x@example.com"]
        subprocess.run(["git", "init", "-q", str(origin)], check=True)
        for version, said in (("1.0.0", "1.0.0"), ("1.1.0", "1.1.0"), ("1.2.0", "1.1.0")):
            (origin / "pyproject.toml").write_text(f'[project]\nversion = "{said}"\n')
            subprocess.run([*git, "add", "."], check=True)
            subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", version], check=True)
            subprocess.run([*git, "tag", f"v{version}"], check=True)
        subprocess.run(
            ["git", "clone", "-q", "-b", "v1.0.0", str(origin), f"{self.folder}/opt/blue"],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        for unit in ("worker@blue.service", "clock@blue.service", "web@blue.target"):
            (self.units / "active" / f"evaltrack-{unit}").touch()
            (self.units / "enabled" / f"evaltrack-{unit}").touch()

    def bluegreen(self, *words):
        return main(["--config", str(self.configuration), *words])

    def backend(self, name):
        return self.servers[name].backend

    def units_that_are(self, state):
        return sorted(path.name for path in (self.units / state).iterdir())

    def status(self, capsys):
        capsys.readouterr()
        assert self.bluegreen("status", "--json") == 0
        return json.loads(capsys.readouterr().out)


@pytest.fixture
def host():
    folder = Path(tempfile.mkdtemp(prefix="evaltrack-", dir="/tmp"))  # a socket's path may have 107 characters
    host = Host(folder)
    yield host
    for server in host.servers.values():
        server.shutdown()
        server.server_close()
    shutil.rmtree(folder)


@pytest.fixture
def deployed(host):
    assert host.bluegreen("deploy", "1.1.0") == 0
    return host


def test_deploy_puts_the_tag_into_the_idle_colour(deployed):
    green = deployed.folder / "opt" / "green"

    commit = subprocess.run(["git", "-C", green, "rev-parse", "v1.1.0"], check=True, capture_output=True, text=True)
    assert (green / "COMMIT").read_text() == commit.stdout
    assert (green / "installed").exists()
    assert (green / "static").read_text() == f"{deployed.folder}/etc/prod.env\n"
    assert [line for line in (deployed.units / "calls").read_text().splitlines() if "is-active" not in line] == [
        "stop evaltrack-web@green.target",
        "start evaltrack-migrate@green.service",
        "restart evaltrack-web@green.target",
        "enable evaltrack-web@green.target",
    ]
    assert deployed.live.readlink().name == "blue"


def test_deploy_again_fetches_what_is_new(deployed):
    (deployed.folder / "opt" / "green" / "pyproject.toml").write_text("half a file")

    assert deployed.bluegreen("deploy", "v1.1.0") == 0


@pytest.mark.parametrize(
    ("version", "code", "text"),
    [
        ("1.2.0", 1, "v1.2.0 of {origin} holds version 1.1.0, so it is no release."),
        ("1.3.0", 1, "Remote branch v1.3.0 not found"),
        ("1.3", 2, "1.3 is no version"),
        ("1.0.0", 2, "1.0.0 is live already, in blue"),
    ],
)
def test_what_cannot_be_deployed(host, capsys, version, code, text):
    assert host.bluegreen("deploy", version) == code

    assert text.format(origin=host.folder / "origin") in capsys.readouterr().err
    assert host.live.readlink().name == "blue"


def test_switch_moves_link_worker_and_clock(deployed, capsys):
    assert deployed.bluegreen("switch", "1.1.0", "--no-watch") == 0

    status = deployed.status(capsys)
    assert (status["live"], status["release"]["version"], status["release"]["what"]) == ("green", "1.1.0", "switched")
    assert {colour: row["works"] for colour, row in status["colours"].items()} == {"blue": False, "green": True}
    assert status["colours"]["green"]["backends"] == {"green 1": "", "green 2": ""}
    assert deployed.units_that_are("enabled") == [
        "evaltrack-clock@green.service",
        "evaltrack-web@blue.target",
        "evaltrack-web@green.target",
        "evaltrack-worker@green.service",
    ]
    assert {asked[1:] for asked in deployed.servers["green 2"].asked} == {("evaltrack.company.com", "https")}


@pytest.mark.parametrize("fails", ["stop evaltrack-worker@blue.service", "start evaltrack-clock@green.service"])
def test_a_unit_that_fails_leaves_all_where_it_was(deployed, capsys, fails):
    (deployed.units / "fails").write_text(f"{fails}\n")

    assert deployed.bluegreen("switch", "1.1.0") == 1

    assert f"{fails} ended with 1: Job for {fails.split()[1]} failed." in capsys.readouterr().err
    (deployed.units / "fails").unlink()
    status = deployed.status(capsys)
    assert status["live"] == "blue"
    if "green" in fails:
        assert {colour: row["works"] for colour, row in status["colours"].items()} == {"blue": True, "green": False}


def test_a_switch_is_watched_and_rolled_back_by_itself(deployed, capsys):
    """With 5 minutes as 150 ms."""
    backend = deployed.backend("green 1")

    def break_once_live():
        while deployed.live.readlink().name != "green":
            time.sleep(0.005)
        backend.critical = 1

    breaking = threading.Thread(target=break_once_live)
    breaking.start()
    code = deployed.bluegreen("switch", "1.1.0")
    breaking.join()

    assert code == 3
    status = deployed.status(capsys)
    assert (status["live"], status["release"]["what"]) == ("blue", "rolled back")
    assert {colour: row["works"] for colour, row in status["colours"].items()} == {"blue": True, "green": False}
    (note,) = (deployed.folder / "lib" / "releases" / "incidents").iterdir()
    assert "critical log lines: 1 critical lines in the log since the switch; 0 are allowed" in note.read_text()
    assert "Their requests: r1." in note.read_text()


def test_nobody_switches_while_somebody_else_does(deployed, capsys):
    for lock in ("release", "watch"):
        with locks.held(deployed.folder / "lib" / "releases", lock, doing="switching to 1.1.0"):
            assert deployed.bluegreen("switch", "1.1.0") == deployed.bluegreen("deploy", "1.1.0") == 2
        assert "has been busy since" in capsys.readouterr().err
    assert deployed.live.readlink().name == "blue"


def test_a_switch_that_is_told_to_end_puts_back_what_it_began(deployed, capsys):
    """SIGTERM comes while the clock of blue ends; a terminal that is closed before changes nothing."""
    (deployed.units / "slow").write_text("stop evaltrack-clock@blue.service\n")
    words = [sys.executable, str(ROOT / "deploy" / "bluegreen"), "--config", str(deployed.configuration)]
    with subprocess.Popen([*words, "switch", "1.1.0"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as switching:
        while "stop evaltrack-clock@blue" not in (deployed.units / "calls").read_text():
            time.sleep(0.01)
        switching.send_signal(signal.SIGHUP)
        switching.terminate()
        switching.communicate(timeout=30)

    assert switching.returncode == 128 + signal.SIGTERM
    status = deployed.status(capsys)
    assert (status["live"], status["colours"]["blue"]["works"], status["colours"]["green"]["works"]) == (
        "blue",
        True,
        False,
    )


def test_a_good_release_stays_and_may_be_rolled_back_by_hand(deployed, capsys):
    assert deployed.bluegreen("switch", "1.1.0") == 0
    assert deployed.bluegreen("rollback", "--reason", "the numbers look odd") == 0

    assert deployed.status(capsys)["live"] == "blue"
    assert deployed.bluegreen("rollback") == 2
    assert "1.1.0 was rolled back already" in capsys.readouterr().err


def test_a_rollback_whose_journal_cannot_be_read_says_so(deployed, capsys):
    assert deployed.bluegreen("switch", "1.1.0", "--no-watch") == 0
    text = deployed.configuration.read_text()
    deployed.configuration.write_text(text.replace('journalctl = ["sh"', 'journalctl = ["false"'))

    assert deployed.bluegreen("rollback") == 1

    assert "Traffic is back at blue, but not all went well. Step 4" in capsys.readouterr().err
    assert deployed.live.readlink().name == "blue"


def test_signatures_and_what_is_open(host, capsys):
    assert host.bluegreen("sign", "1.1.0", "notice", "--by", "Paola", "--note", "mail of Friday") == 0
    assert host.bluegreen("checklist", "1.1.0") == 0

    lines = capsys.readouterr().out.splitlines()[1:]
    assert len(lines) == 17
    assert lines[5].startswith("[x] before Stakeholders notified: Paola, 20")
    assert lines[4] == "[ ] before Backup of the databases: open. Run deploy/backup."


def test_the_wrong_token_is_named(host, capsys):
    (host.folder / "etc" / "token").write_text("wrong")
    host.bluegreen("deploy", "1.1.0")

    assert host.bluegreen("verify", "1.1.0") == 1

    assert "/metrics answers 403; is the monitoring token the program's?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (("site", "sight"), "nobody knows sight"),
        (('records = "', 'records = 5 # "'), "records = 5 is of the wrong kind"),
        (("time_scale = 0.0005", "time_scale = 0"), "time_scale must be above 0"),
        (("environment", "= environment"), "cannot be read"),
        (('environment = "staging"', 'environment = "Production"'), "is none of qa, staging, production"),
        (("[verify]", 'target = "moon"\n[verify]'), "nobody knows target"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(host, capsys, change, text):
    said = 'site = "x"\n' + host.configuration.read_text()
    host.configuration.write_text(said.replace(*change, 1))

    assert host.bluegreen("status") == 2

    assert text in capsys.readouterr().err


def test_it_runs_without_the_virtual_environment(host):
    words = [sys.executable, "-S", "-E", str(ROOT / "deploy" / "bluegreen"), "--config", str(host.configuration)]
    result = subprocess.run([*words, "status"], capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[0] == "blue  LIVE 1.0.0; worker and clock run; blue 1: ready, blue 2: ready"


def test_pages_are_those_of_the_program(client):
    """What the backends of these tests answer is what the program has."""
    for path in PAGES:
        if not path.startswith("/static/"):
            assert client.get(path).status_code == 200
    text = client.get("/login/").content.decode()
    assert 'name="csrfmiddlewaretoken" value="' in text
    assert 'name="csrfmiddlewaretoken" value="' in LOGIN
    assert '"/static/' in text
