import os
import re
import shlex
import subprocess

import pytest
from django.core.management import get_commands

from backoffice.env import parse_dotenv
from tests.deploy.conftest import ROOT, run, tool

SERVICES = ["web-1", "web-2", "worker", "clock", "migrate"]
RECOVERY = {"backup": "backup", "rehearsal": "restore --rehearse"}


def units(host):
    return host / "etc" / "systemd" / "system"


def settings(text):
    return dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))


@pytest.mark.deploy_tools
def test_systemd_accepts_them(host, tmp_path):
    """With the commands' places in a folder where they are, as systemd looks."""
    programs = tmp_path / "opt" / "evaltrack" / "blue" / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("gunicorn", "python"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    for path in units(host).glob("evaltrack-*@.*"):
        path.write_text(path.read_text().replace("/opt/evaltrack", str(tmp_path / "opt" / "evaltrack")))

    names = [f"evaltrack-{name}@blue.service" for name in SERVICES] + ["evaltrack-web@blue.target"]
    names += [f"evaltrack-{name}.{kind}" for name in RECOVERY for kind in ("service", "timer")]

    assert (
        run(tool("systemd-analyze"), "verify", *names, env=os.environ | {"SYSTEMD_UNIT_PATH": f"{units(host)}:"}) == ""
    )


@pytest.mark.deploy_tools
@pytest.mark.parametrize("name", [*(f"{name}@blue" for name in SERVICES), *RECOVERY])
def test_each_is_hardened(host, name):
    """`systemd-analyze security` counts from 0, locked in, to 10. The rest is the network, which they need."""
    unit = f"evaltrack-{name}.service"
    if "@" in name:
        (units(host) / unit).write_text((units(host) / unit.replace("blue", "")).read_text())

    run(tool("systemd-analyze"), "security", "--offline=true", "--threshold=20", f"--root={host}", unit)


def test_hardening_is_spelled_out(host):
    text = (units(host) / "evaltrack-.service.d" / "common.conf").read_text()

    wanted = {
        "User": "evaltrack",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "CapabilityBoundingSet": "",
    }
    assert wanted.items() <= settings(text).items()


@pytest.mark.parametrize("name", ["worker", "clock", "migrate"])
def test_commands_exist(host, name):
    command = settings((units(host) / f"evaltrack-{name}@.service").read_text())["ExecStart"]

    program, script, verb = command.split()
    assert (program, script) == ("/opt/evaltrack/%i/.venv/bin/python", "manage.py")
    assert verb in get_commands()


@pytest.mark.parametrize("name", RECOVERY)
def test_recovery_is_by_the_live_colours_program(host, tmp_path, name):
    unit = settings((units(host) / f"evaltrack-{name}.service").read_text())
    shell, option, script = shlex.split(unit["ExecStart"].replace("$$", "$"))
    program = tmp_path / "opt" / "evaltrack" / "green" / "deploy" / RECOVERY[name].split()[0]
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$0 $*"\n')
    program.chmod(0o755)
    live = host / "var" / "lib" / "evaltrack" / "live"
    live.unlink()
    live.symlink_to("/run/evaltrack/green")

    said = run(shell, option, re.sub("(/opt|/var/lib)/evaltrack", lambda match: f"{host}{match[0]}", script))

    assert said.split() == [str(program), *RECOVERY[name].split()[1:]]


def test_the_backup_may_write_where_it_writes(host):
    unit = (units(host) / "evaltrack-backup.service").read_text()

    assert (host / "var" / "backups" / "evaltrack").stat().st_mode & 0o777 == 0o700
    assert "\nReadWritePaths=/var/backups/evaltrack\n" in unit


def test_both_backends_are_one_unit_by_two_names(host):
    first, second = ((units(host) / f"evaltrack-web-{number}@.service").read_text() for number in (1, 2))

    assert first == second
    wanted = settings((units(host) / "evaltrack-web@.target").read_text())["Wants"].split()
    assert wanted == ["evaltrack-web-1@%i.service", "evaltrack-web-2@%i.service"]


def test_nginx_asks_the_sockets_they_open(host):
    text = (units(host) / "evaltrack-web-1@.service").read_text()
    unit, opened = settings(text), re.search(r"WEB_BIND=unix:(\S+)", text)[1]
    live = (host / "var" / "lib" / "evaltrack" / "live").readlink()
    site = (host / "etc" / "nginx" / "conf.d" / "evaltrack.conf").read_text()

    asked = [path.replace("/var/lib/evaltrack/live", str(live)) for path in re.findall(r"server unix:(\S+) ", site)]
    assert asked == [opened.replace("%i", "blue").replace("%j", number) for number in "12"]
    assert f"unix:{opened.replace('%i', '$colour').replace('%j', '$backend')};" in site
    assert opened == f"/run/{unit['RuntimeDirectory'].split()[0]}/web.sock"


def test_what_a_backend_counts_goes_with_it(host):
    """Also after a kill -9, when gunicorn cannot take its own folder away."""
    text = (units(host) / "evaltrack-web-1@.service").read_text()
    folder = re.search(r"PROMETHEUS_MULTIPROC_DIR=(\S+)", text)[1]

    assert folder in [f"/run/{name}" for name in settings(text)["RuntimeDirectory"].split()]


def test_installing_again_keeps_what_the_administrator_wrote(host):
    (host / "etc" / "evaltrack" / "prod.env").write_text("APP_ENV=production\n")
    live = host / "var" / "lib" / "evaltrack" / "live"
    live.unlink()
    live.symlink_to("/run/evaltrack/green")

    words = [str(ROOT / "deploy" / "host" / "install"), "new.company.com", "/etc/ssl/new.crt", "/etc/ssl/new.key"]
    run(*words, env=os.environ | {"DESTDIR": str(host)})

    assert (host / "etc" / "evaltrack" / "prod.env").read_text() == "APP_ENV=production\n"
    assert str(live.readlink()) == "/run/evaltrack/green"
    site = (host / "etc" / "nginx" / "conf.d" / "evaltrack.conf").read_text()
    assert "server_name new.company.com;" in site
    assert "${" not in site


def test_the_configuration_is_not_for_everybody(host):
    assert (host / "etc" / "evaltrack" / "prod.env").stat().st_mode & 0o777 == 0o640


def test_the_configuration_knows_its_address_and_its_token(tmp_path):
    words = [str(ROOT / "deploy" / "host" / "install"), "people.example.com", "/etc/ssl/a.crt", "/etc/ssl/a.key"]
    run(*words, env=os.environ | {"DESTDIR": str(tmp_path)})

    given = parse_dotenv((tmp_path / "etc" / "evaltrack" / "prod.env").read_text())
    example = parse_dotenv((ROOT / "deploy" / "prod.env.example").read_text())
    token = given.pop("MONITORING_TOKEN_FILE")
    assert given == example | {"APP_URL": "https://people.example.com"}
    assert re.fullmatch("[0-9a-f]{64}", (tmp_path / token.lstrip("/")).read_text())


def test_without_a_host_nothing_is_installed(tmp_path):
    result = subprocess.run(
        [str(ROOT / "deploy" / "host" / "install")],
        env=os.environ | {"DESTDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 64
    assert result.stderr.startswith("Usage: ")
    assert list(tmp_path.iterdir()) == []
