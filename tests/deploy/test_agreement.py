"""What several files must say alike."""

import re

from hr import storage
from hr.loading import reading
from tests.deploy.conftest import ROOT

PORT = 8000


def test_the_port_of_the_web_process_is_one_everywhere(compose, production):
    dockerfile = (ROOT / "Dockerfile").read_text()
    gunicorn = (ROOT / "deploy" / "gunicorn.conf.py").read_text()
    said = {
        "EXPOSE": re.search(r"^EXPOSE (\d+)$", dockerfile, re.MULTILINE)[1],
        "ENV": re.search(r"\bPORT=(\d+)", dockerfile)[1],
        "gunicorn": re.search(r"port\('PORT', (\d+)\)", gunicorn)[1],
        "health check": re.search(r"'PORT'\) or (\d+)", (ROOT / "deploy/docker/healthcheck.py").read_text())[1],
        "compose": compose["services"]["app"]["ports"][0].split(":")[-1],
        "nginx": re.search(r"server app:(\d+)", (ROOT / "deploy/compose/evaltrack.conf.template").read_text())[1],
        "prometheus": re.search(r"app:(\d+)", (ROOT / "deploy/monitoring/prometheus.yml").read_text())[1],
    }
    for _pod, container in production.containers().values():
        if container.get("args") == ["web"]:
            said["Kubernetes"] = str(container["ports"][0]["containerPort"])

    assert said == dict.fromkeys(said, str(PORT))
    assert "Kubernetes" in said


def test_nginx_of_compose_listens_where_compose_looks(compose):
    listening = re.findall(r"listen (\d+)", (ROOT / "deploy" / "compose" / "evaltrack.conf.template").read_text())
    published = [port.split(":")[-1] for port in compose["services"]["nginx"]["ports"]]
    exporter = compose["services"]["nginx-exporter"]["command"][0]

    assert listening == [*published, "8081"]
    assert exporter.endswith("nginx:8081/stub_status")
    assert "127.0.0.1:8081/stub_status" in compose["services"]["nginx"]["healthcheck"]["test"][-1]


def test_uploads_have_room_for_the_applications_largest_file():
    limit = re.search(r"client_max_body_size (\d+)m;", (ROOT / "deploy" / "nginx" / "site.conf").read_text())[1]

    assert reading.MAX_BYTES == storage.MAX_BYTES == 50 * 1024**2
    assert int(limit) == 52


def test_proxies_wait_longer_than_gunicorn(production):
    patience = int(re.search(r"^timeout = (\d+)$", (ROOT / "deploy/gunicorn.conf.py").read_text(), re.MULTILINE)[1])
    nginx = re.search(r"proxy_read_timeout (\d+)s;", (ROOT / "deploy" / "nginx" / "site.conf").read_text())[1]
    annotations = production.of("Ingress")["evaltrack"]["metadata"]["annotations"]

    assert int(nginx) == int(annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"]) > patience


def test_no_file_names_a_placeholder_secret():
    for path in [ROOT / "Dockerfile", ROOT / "docker-compose.yml", *(ROOT / "deploy").rglob("*")]:
        # The plan's own prod.env, whose placeholders keep the program from starting.
        if path.is_file() and path.suffix != ".pyc" and path.name != "prod.env.example":
            text = path.read_text()
            assert not re.search(r"_password_here|\broot_password\b|changeme|your-app-key", text), path
            assert not re.search(r"(?im)^\s*\w*password\w*[:=] *['\"]?password\b", text), path
