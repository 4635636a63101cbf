"""What docs/scaling.md puts before several hosts, as far as one host and no server tells. The rest is in the drills."""

import os
import subprocess

import pytest

from tests.deploy.conftest import ROOT, run, tool
from tests.deploy.test_nginx import (
    Running,
    folder,  # noqa: F401  (a fixture)
    site,  # noqa: F401  (a fixture)
)
from tests.servers.nginx import HOST, Nginx
from tests.servers.processes import free_ports, listens, wait_until

SCALING = ROOT / "deploy" / "scaling"
HAPROXY = {f"{name}_{number}": f"127.0.0.1:{number}" for name in ("PROXY", "BUSINESS") for number in (1, 2, 3)}


def filled_in(name, **values):
    text = (SCALING / name).read_text()
    for variable, value in values.items():
        assert f"${{{variable}}}" in text
        text = text.replace(f"${{{variable}}}", str(value))
    assert "${" not in text
    return text


@pytest.mark.deploy_tools
def test_haproxy_takes_it():
    for proxy in ("proxy-1", "proxy-2"):
        run(tool("haproxy"), "-c", "-f", str(SCALING / "haproxy.cfg"), "-L", proxy, env=os.environ | HAPROXY)


@pytest.mark.deploy_tools
def test_systemd_takes_the_check_of_a_node(tmp_path):
    for path in SCALING.glob("galera-check*.*"):
        text = path.read_text().replace("/usr/local/bin/galera-check", str(SCALING / "galera-check"))
        (tmp_path / path.name).write_text(text)

    # The socket's unit, and one for a connection.
    names = ["galera-check.socket", "galera-check@1.service"]
    environment = os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
    assert run(tool("systemd-analyze"), "verify", *names, env=environment) == ""


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("Primary Synced ON\twritable", "200 OK"),
        ("Primary Donor/Desynced ON\twritable", "200 OK"),
        ("Primary Synced ON\tread only", "503 Service Unavailable"),
        ("non-Primary Synced ON\twritable", "503 Service Unavailable"),
        ("Primary Joining: receiving State Transfer ON\twritable", "503 Service Unavailable"),
        ("Primary Joined OFF\twritable", "503 Service Unavailable"),
        ("", "503 Service Unavailable"),
    ],
)
def test_a_node_is_written_to_only_when_it_is_up_to_date_and_in_the_majority(tmp_path, told, status):
    client = tmp_path / "mariadb"
    client.write_text(f"#!/bin/sh\n{f'printf "%s\\n" "{told}"' if told else 'exit 1'}\n")
    client.chmod(0o755)

    answer = subprocess.run(
        [str(SCALING / "galera-check")],
        input="GET / HTTP/1.0\r\nHost: node\r\n\r\n",
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
    ).stdout

    assert answer.splitlines()[0] == f"HTTP/1.1 {status}"


@pytest.fixture
def front(site, folder):  # noqa: F811
    """An nginx before the host's own, which answers it on a port of its own. Returns what asks the front."""
    inside, plain, secure = free_ports(3)
    host_text = filled_in("nginx-host.conf.template", APP_HOST=HOST, FRONT="127.0.0.1")
    host_text = host_text.replace("listen 8080", f"listen 127.0.0.1:{inside}").replace("/var/log/nginx", str(folder))
    (folder / "evaltrack.conf").write_text((folder / "evaltrack.conf").read_text() + host_text)
    run(tool("nginx"), "-s", "reload", "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log"))
    wait_until(lambda: listens(inside), what="the host's nginx listens to the front")

    values = {"APP_HOST": HOST, "HOST_1": "127.0.0.1", "HOST_2": "127.0.0.1"}
    values |= {"SSL_CERT": folder / "certificate.crt", "SSL_KEY": folder / "certificate.key"}
    text = filled_in("nginx-front.conf.template", **values).replace(
        "/etc/nginx/evaltrack", str(ROOT / "deploy" / "nginx")
    )
    text = text.replace(":8080", f":{inside}").replace("listen 80 ", f"listen 127.0.0.1:{plain} ")
    text = text.replace("listen 443 ", f"listen 127.0.0.1:{secure} ").replace("/var/log/nginx", str(folder))
    (folder / "front").mkdir()
    nginx = Nginx(folder / "front", text, port=secure, log=folder / "front" / "nginx.log")
    nginx.start()
    yield Running(folder, {80: plain, 443: secure, 8080: inside})
    nginx.end()


@pytest.mark.deploy_tools
def test_gixy_finds_nothing(front):
    for path in (front.folder / "nginx.conf", front.folder / "front" / "nginx.conf"):
        assert "No issues found" in run(tool("gixy"), str(path))


def test_the_front_reaches_the_live_colour_of_a_host_and_tells_who_asks(front):
    answers = {front.ask("/", headers={"X-Forwarded-For": "10.9.9.9"})[1].decode() for _ in range(4)}

    assert answers == {"blue1 127.0.0.1 https", "blue2 127.0.0.1 https"}


def test_a_switch_on_a_host_takes_effect_behind_connections_that_the_front_keeps(front):
    before = front.ask("/")[1]
    front.go_live("green")

    after = front.ask("/")[1]

    assert (before[:4], after[:5]) == (b"blue", b"green")


def test_metrics_are_not_passed_on(front):
    assert front.ask("/metrics")[0].status == 404
    assert front.ask_plainly(8080, "/metrics")[0].status == 404
