"""nginx as deploy/host/install leaves it, on loopback, before backends that answer by name."""

import gzip
import http.client
import shutil
import socket
import socketserver
import ssl
import tempfile
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from hr.loading.reading import MAX_BYTES
from tests.deploy.conftest import ROOT, run, tool
from tests.servers.nginx import HOST, Nginx, main_file, make_certificate, ports_of_host, rendered

# As the application sends them with its pages.
SECURITY = {
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}


class Backend(BaseHTTPRequestHandler):
    """Answers with its name, and with the headers that the application sends."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        text = f"{self.server.name} {self.headers['X-Forwarded-For']} {self.headers['X-Forwarded-Proto']}".encode()
        self.send_response(200)
        for name, value in (SECURITY | {"Content-Length": str(len(text)), "X-Path": self.path}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def do_POST(self):
        self.do_GET()

    def address_string(self):
        return "socket"

    def log_message(self, *arguments):
        pass


class BackendServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path, name):
        self.name = name
        path.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(str(path), Backend)
        path.chmod(0o777)
        threading.Thread(target=self.serve_forever, args=[0.02], daemon=True).start()

    def end(self):
        self.shutdown()
        self.server_close()
        Path(self.server_address).unlink(missing_ok=True)


class Running:
    """A running nginx: `ask` opens a connection of its own for each request."""

    def __init__(self, folder, ports):
        self.folder = folder
        self.ports = ports
        self.backends = {}

    def start_backends(self):
        for colour in ("blue", "green"):
            for number in "12":
                path = self.folder / "run" / "evaltrack" / colour / number / "web.sock"
                self.backends[colour + number] = BackendServer(path, colour + number)

    def connect(self):
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        raw = socket.create_connection(("127.0.0.1", self.ports[443]), timeout=10)
        connection = http.client.HTTPSConnection(HOST)
        connection.sock = context.wrap_socket(raw, server_hostname=HOST)
        return connection

    def ask(self, path, method="GET", body=None, headers=None):
        connection = self.connect()
        try:
            return answer_of(connection, path, method, body, headers)
        finally:
            connection.close()

    def ask_plainly(self, port, path, host=HOST):
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[port], timeout=10)
        connection.request("GET", path, headers={"Host": host})
        response = connection.getresponse()
        return response, response.read().decode()

    def go_live(self, colour):
        """The switch, as docs/deployment.md has it."""
        live = self.folder / "live"
        run("ln", "-sfn", str(self.folder / "run" / "evaltrack" / colour), f"{live}.new")
        run("mv", "-T", f"{live}.new", str(live))


def answer_of(connection, path, method="GET", body=None, headers=None):
    connection.request(method, path, body=body, headers=headers or {})
    response = connection.getresponse()
    return response, response.read()


def rendered_on(host, folder, ports):
    """The installed configuration with these folders and ports in the place of the host's."""
    places = {
        "/etc/nginx/evaltrack": host / "etc" / "nginx" / "evaltrack",
        "/etc/ssl/evaltrack": folder / "certificate",
        "/var/lib/evaltrack/live": folder / "live",
        "/run/evaltrack": folder / "run" / "evaltrack",
        "/opt/evaltrack": folder / "opt",
        "/var/log/nginx": folder,
        "/var/www/evaltrack-acme": host / "var" / "www" / "evaltrack-acme",
    }
    return rendered((host / "etc" / "nginx" / "conf.d" / "evaltrack.conf").read_text(), places, ports)


@pytest.fixture
def folder():
    """A short path: a socket's may have 107 characters."""
    path = Path(tempfile.mkdtemp(prefix="nginx-"))
    make_certificate(path)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def site(host, folder):
    tool("nginx")
    ports = ports_of_host()
    running = Running(folder, ports)
    running.start_backends()
    running.go_live("blue")
    nginx = Nginx(folder, rendered_on(host, folder, ports), port=ports[443], log=folder / "nginx.log")
    try:
        nginx.start()
        yield running
    finally:
        nginx.end()
        for backend in running.backends.values():
            backend.end()


def compose_configuration(folder):
    """What the image's start makes of the template."""
    text = (ROOT / "deploy" / "compose" / "evaltrack.conf.template").read_text()
    for there, here in {
        "${APP_HOST}": HOST,
        "${HTTPS_SUFFIX}": ":8443",
        "${EVALTRACK_SUBNET}": "172.31.250.0/24",
        "/etc/nginx/evaltrack": str(ROOT / "deploy" / "nginx"),
        "/etc/nginx/tls/tls": str(folder / "certificate"),
        "app:8000": "127.0.0.1:8000",
    }.items():
        assert there in text
        text = text.replace(there, here)
    return text


@pytest.mark.deploy_tools
@pytest.mark.parametrize("kind", ["host", "compose"])
def test_nginx_takes_it_and_gixy_finds_nothing(kind, host, folder):
    ports = ports_of_host()
    text = rendered_on(host, folder, ports) if kind == "host" else compose_configuration(folder)
    path = main_file(folder, text)

    run(tool("nginx"), "-t", "-c", str(path), "-e", str(folder / "error.log"))
    assert "No issues found" in run(tool("gixy"), str(path))


def test_http_goes_to_https(site):
    response, _text = site.ask_plainly(80, "/people/?page=2")

    assert response.status == 301
    assert response.headers["Location"] == f"https://{HOST}/people/?page=2"


def test_who_issues_certificates_is_answered_without_https(site, host):
    """HTTP-01 of ACME: RFC 8555, section 8.3."""
    challenges = host / "var" / "www" / "evaltrack-acme" / ".well-known" / "acme-challenge"
    challenges.parent.mkdir()
    challenges.mkdir()
    (challenges / "token").write_text("token.thumbprint")

    response, text = site.ask_plainly(80, "/.well-known/acme-challenge/token")
    missing, _text = site.ask_plainly(80, "/.well-known/acme-challenge/other")
    beside, _text = site.ask_plainly(80, "/.well-known/acme-challenge/")

    assert (response.status, text) == (200, "token.thumbprint")
    assert (missing.status, beside.status) == (404, 403)


def test_other_names_get_no_answer(site):
    with pytest.raises(http.client.RemoteDisconnected):
        site.ask_plainly(80, "/", host="other.example.com")
    context = ssl.create_default_context()
    with socket.create_connection(("127.0.0.1", site.ports[443])) as raw, pytest.raises(ssl.SSLError):
        context.wrap_socket(raw, server_hostname="other.example.com")


def test_both_backends_of_the_live_colour_are_asked(site):
    names = {site.ask("/")[1].split()[0].decode() for _ in range(6)}

    assert names == {"blue1", "blue2"}


def test_a_backend_that_is_gone_costs_no_request(site):
    site.backends["blue1"].end()

    answers = [site.ask("/") for _ in range(6)]

    assert {(response.status, text.split()[0]) for response, text in answers} == {(200, b"blue2")}


def test_a_switch_takes_effect_with_the_next_request_of_an_open_connection(site):
    connection = site.connect()
    _response, before = answer_of(connection, "/")

    site.go_live("green")

    _response, after = answer_of(connection, "/")
    assert before.startswith(b"blue")
    assert after.startswith(b"green")
    connection.close()


def test_what_a_stranger_claims_about_himself_counts_nothing(site):
    _response, text = site.ask("/", headers={"X-Forwarded-For": "10.9.9.9", "X-Forwarded-Proto": "http"})

    assert text.split()[1:] == [b"127.0.0.1", b"https"]


@pytest.mark.parametrize("path", ["/", "/login/", "/metrics", "/static/none.0123456789ab.css"])
def test_every_answer_has_each_security_header_once(site, path):
    response, _text = site.ask(path)

    assert {name: response.headers.get_all(name) for name in SECURITY} == {
        name: [value] for name, value in SECURITY.items()
    }
    assert response.headers.get_all("Permissions-Policy") == ["camera=(), geolocation=(), microphone=(), payment=()"]
    assert response.headers["Server"] == "nginx"


def test_a_file_of_the_largest_size_passes(site):
    response, _text = site.ask("/loads/", "POST", body=bytes(MAX_BYTES + 10_000))

    assert response.status == 200


def test_a_larger_one_is_refused_before_it_is_sent(site):
    connection = site.connect()
    connection.putrequest("POST", "/loads/")
    connection.putheader("Content-Length", str(MAX_BYTES + 3 * 1024**2))
    connection.endheaders()

    assert connection.getresponse().status == 413
    connection.close()


def test_passwords_cannot_be_tried_quickly(site):
    statuses = [site.ask("/login/", "POST", body=b"x")[0].status for _ in range(25)]

    assert statuses[:21] == [200] * 21
    assert 429 in statuses[21:]
    assert site.ask("/login/")[0].status == 200
    assert site.ask("/people/", "POST", body=b"x")[0].status == 200


def test_metrics_are_for_this_host_alone(site):
    assert site.ask("/metrics")[0].status == 404
    for name, backend in (("blue/2", "blue2"), ("green/1", "green1")):
        response, text = site.ask_plainly(8081, f"/metrics/{name}", host="localhost")
        assert (response.status, text.split()[0], response.headers["X-Path"]) == (200, backend, "/metrics")
    assert site.ask_plainly(8081, "/metrics/red/1", host="localhost")[0].status == 403
    assert "Active connections" in site.ask_plainly(8081, "/stub_status", host="localhost")[1]


def test_static_files_of_both_colours_are_there_for_ever(site):
    for colour in ("blue", "green"):
        path = site.folder / "opt" / colour / "staticfiles" / "core" / f"{colour}.0123456789ab.css"
        path.parent.mkdir(parents=True)
        path.write_text(f"/* {colour} */")
        Path(f"{path}.gz").write_bytes(gzip.compress(f"/* {colour}, small */".encode()))

    for colour in ("blue", "green"):
        address = f"/static/core/{colour}.0123456789ab.css"
        response, text = site.ask(address)
        assert text == f"/* {colour} */".encode()
        assert response.headers.get_all("Cache-Control") == ["public, max-age=31536000, immutable"]
        assert response.headers["Content-Type"] == "text/css"
        _response, small = site.ask(address, headers={"Accept-Encoding": "gzip"})
        assert gzip.decompress(small) == f"/* {colour}, small */".encode()


def test_static_files_without_a_hash_come_from_the_application(site):
    response, text = site.ask("/static/core/plain.css")

    assert text.startswith(b"blue")
    assert response.headers["Cache-Control"] is None


def test_the_log_holds_neither_searches_nor_secrets(site):
    site.ask("/people/?q=sentinel-name")
    site.ask("/invitation/sentinel-secret/", headers={"Referer": "https://x/?sentinel-name"})
    for backend in site.backends.values():
        backend.end()
    assert site.ask("/people/?q=sentinel-name")[0].status == 502

    log = (site.folder / "evaltrack.log").read_text()
    assert log.count('"path":"/people/"') == 2
    assert log.count('"path":"/invitation/-"') == 1
    errors = (site.folder / "evaltrack-error.log").read_text() + (site.folder / "error.log").read_text()
    assert "sentinel" not in log + errors
