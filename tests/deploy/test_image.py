import http.server
import os
import re
import shutil
import subprocess
import sys
import threading

import pytest
from django.core.management import get_commands

from tests.backoffice.conftest import SYSTEM, needs_mysql_driver
from tests.deploy.conftest import ROOT, run, tool

TEXT = (ROOT / "Dockerfile").read_text()
BASE, BUILD, FINAL = re.split(r"^FROM ", TEXT, flags=re.MULTILINE)[1:]
ENTRYPOINT = ROOT / "deploy" / "docker" / "entrypoint.sh"
HEALTHCHECK = ROOT / "deploy" / "docker" / "healthcheck.py"


def context(folder):
    """Copies what .dockerignore lets into the image: it forbids all, then names what may come."""
    lines = (ROOT / ".dockerignore").read_text().split()
    assert "*" in lines
    for name in (line[1:].rstrip("/") for line in lines if line.startswith("!")):
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


@pytest.mark.deploy_tools
def test_hadolint_finds_nothing():
    run(tool("hadolint"), str(ROOT / "Dockerfile"))


def test_it_begins_with_one_image_that_cannot_change():
    assert re.match(r"python:3\.\d+-slim-\w+@sha256:[0-9a-f]{64} AS base\n", BASE)
    assert BUILD.startswith("base AS build\n")
    assert FINAL.startswith("base\n")


def test_no_compiler_is_in_what_runs():
    compilers = r"\b(gcc|libc6-dev|libmariadb-dev|build-essential|pkg-config)\b"

    assert re.search(compilers, BUILD)
    assert not re.search(compilers, FINAL)
    assert "COPY --from=build" in FINAL


def test_it_runs_as_somebody_without_rights():
    (user,) = re.findall(r"^USER (.*)$", FINAL, re.MULTILINE)

    assert user == "10001:10001"
    # Nothing it could change is its own.
    assert "--chown" not in FINAL


def test_labels_are_the_plans():
    defaults = dict(re.findall(r"^ARG (\w+)=(.*)$", FINAL, re.MULTILINE))
    labels = {
        name: re.sub(r"\$\{(\w+)\}", lambda match: defaults[match[1]], value)
        for name, value in re.findall(r'org\.opencontainers\.image\.([a-z.]+)="([^"]*)"', FINAL)
    }

    assert labels == {  # with the plan's lines
        "title": "EvalTrack",
        "ref.name": "evaltrack-web:v1.0.0",  # 52
        "source": "https://github.com/company/evaltrack",  # 53
        "version": "1.0.0",  # 54
        "revision": "unknown",
        "licenses": "MIT",
    }


def test_it_knows_its_version():
    """deploy/bluegreen asks whether what it deployed is what runs."""
    assert re.search(
        r"^ARG VERSION=.*\n(?:.*\n)*ENV APP_VERSION=\$\{VERSION\} APP_COMMIT=\$\{COMMIT\}$", FINAL, re.MULTILINE
    )


def test_it_says_how_it_is_and_stops_when_told():
    assert "HEALTHCHECK" in FINAL
    assert "deploy/docker/healthcheck.py" in FINAL
    assert "STOPSIGNAL SIGTERM" in FINAL
    assert FINAL.count("ENTRYPOINT [") == 1
    assert 'CMD ["web"]' in FINAL


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["web"], "gunicorn -c deploy/gunicorn.conf.py"),
        (["worker"], "python manage.py worker"),
        (["clock"], "python manage.py clock"),
        (["migrate"], "python manage.py migrate_all"),
        (["manage", "reconcile", "--json"], "python manage.py reconcile --json"),
    ],
)
def test_each_process_by_its_name(tmp_path, words, command):
    for program in ("gunicorn", "python"):
        (tmp_path / program).write_text(f'#!/bin/sh\necho "{program} $*"\n')
        (tmp_path / program).chmod(0o755)

    assert run(str(ENTRYPOINT), *words, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}) == f"{command}\n"
    if "manage.py" in command:
        assert command.split()[2] in get_commands()


@pytest.mark.parametrize("words", [[], ["sh"]])
def test_no_other_word_is_taken(words):
    result = subprocess.run([str(ENTRYPOINT), *words], capture_output=True, text=True, check=False)

    assert (result.returncode, result.stderr) == (
        64,
        "Say web, worker, clock, migrate, backup, restore, or manage COMMAND.\n",
    )


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (None, 1)])
def test_the_health_check_asks_the_web_process(status, code):
    asked = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
    if status is None:
        server.server_close()
    else:
        threading.Thread(target=server.handle_request, daemon=True).start()

    result = subprocess.run(
        [sys.executable, str(HEALTHCHECK)],
        env=SYSTEM | {"PORT": str(server.server_port)},
        capture_output=True,
        check=False,
        timeout=30,
    )

    server.server_close()
    assert result.returncode == code
    assert asked == ([] if status is None else ["/health/live"])


@needs_mysql_driver
def test_what_is_let_in_is_enough_and_holds_nothing_else(tmp_path):
    context(tmp_path)
    assert not (tmp_path / "tests").exists()
    assert not (tmp_path / ".env").exists()
    (script,) = re.findall(r"^RUN (export APP_ENV=.*?)(?=\n\n|\n# )", BUILD, re.MULTILINE | re.DOTALL)

    inside = SYSTEM | {"PATH": f"{ROOT}/.venv/bin:{SYSTEM['PATH']}"}
    run("sh", "-ec", script, cwd=tmp_path, env=inside)

    static = tmp_path / "staticfiles"
    assert (static / "staticfiles.json").exists()
    assert list(static.glob("backoffice/backoffice.????????????.css.gz"))
    # A secret that was needed to build would lie in a layer.
    assert not (tmp_path / ".env").exists()
    files = {path.name for path in (tmp_path / "deploy").rglob("*") if path.is_file() and path.suffix != ".pyc"}
    recovery = {path.name for path in (ROOT / "deploy" / "recovery").glob("*.py")}
    assert files == {"entrypoint.sh", "gunicorn.conf.py", "healthcheck.py", "backup", "restore"} | recovery

    said = run("deploy/docker/entrypoint.sh", "restore", "--help", cwd=tmp_path, env=inside)
    assert said.startswith("usage: restore")
