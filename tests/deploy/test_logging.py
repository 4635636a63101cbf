"""The way of a log line to Kibana: what the program and nginx really write, taken through the steps that
deploy/logging/logstash.conf declares, fits the fields of the index.

Logstash itself is not at hand: `Pipeline` below carries out the few kinds of steps that are used, and refuses others.
"""

import contextlib
import http.client
import http.server
import ipaddress
import json
import logging.config
import re
import threading
from copy import deepcopy
from datetime import datetime

import pytest
import yaml
from django.conf import settings

from backoffice.env import Environment
from backoffice.logs import logging_settings
from core.context import changing
from tests.backoffice.test_metrics import Web
from tests.deploy.conftest import ROOT, run, tool
from tests.deploy.test_nginx import folder, site  # noqa: F401  (fixtures)

LOGGING = ROOT / "deploy" / "logging"
TEMPLATE = json.loads((LOGGING / "index-template.json").read_text())
FIELDS = {name: row["type"] for name, row in TEMPLATE["template"]["mappings"]["properties"].items()}
# What the pipeline makes; what Filebeat adds to say where a line is from.
MADE = {"@timestamp", "service", "colour", "method", "view"}
ORIGIN = {"systemd", "docker", "kubernetes"}
OBJECTS = [json.loads(line) for line in (LOGGING / "kibana.ndjson").read_text().splitlines()]


# --- Logstash's steps -------------------------------------------------------------------------------------------------
class Pipeline:
    """The filters of logstash.conf."""

    def __init__(self):
        parser = pytest.importorskip("logstash_pipeline_parser")
        sections = dict(parser.Pipeline((LOGGING / "logstash.conf").read_text()).parse())
        self.filters = [(name, {key: value for key, [value] in options}) for name, options in sections["filter"]]
        self.outputs = sections["output"]

    def take(self, event):
        """The document of a line as Filebeat sends it."""
        document = deepcopy(event)
        for name, options in self.filters:
            getattr(self, name)(document, **options)
        return document

    def grok(self, document, *, match, tag_on_failure):
        assert tag_on_failure == []
        ((path, [pattern]),) = match
        found = re.search(pattern.replace("(?<", "(?P<"), str(value_at(document, path) or ""))
        document |= {name: value for name, value in found.groupdict().items() if value} if found else {}

    def mutate(self, document, *, copy=(), rename=()):
        for path, [name] in copy:
            if value_at(document, path) is not None:
                document[name] = value_at(document, path)
        for old, [name] in rename:
            if old in document:
                document[name] = document.pop(old)

    def json(self, document, *, source, skip_on_invalid_json):
        assert skip_on_invalid_json is True
        with contextlib.suppress(ValueError):
            document |= json.loads(document[source])

    def date(self, document, *, match):
        source, form = match
        assert form == "ISO8601"
        if source in document:
            moment = datetime.fromisoformat(document[source])
            assert moment.tzinfo is not None
            document["@timestamp"] = moment.isoformat()


def value_at(document, path):
    """Of `name` or `[one][two]`."""
    for name in re.findall(r"[^\[\]]+", path):
        document = document.get(name) if isinstance(document, dict) else None
    return document


def takes(kind, value):
    """Whether Elasticsearch takes a value into a field of this type as it is."""
    match kind:
        case "date":
            return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
        case "keyword" | "text":
            return isinstance(value, str)
        case "ip":
            return bool(ipaddress.ip_address(value))
        case "float":
            return isinstance(value, int | float)
        case "long" | "short":
            return isinstance(value, int) and abs(value) < {"long": 2**63, "short": 2**15}[kind]
    raise AssertionError(kind)


def misfits(document):
    """Its fields that are not mapped, or hold what their type does not take. None is no value."""
    return {
        name: value
        for name, value in document.items()
        if name not in ORIGIN and value is not None and not (name in FIELDS and takes(FIELDS[name], value))
    }


# --- A real log -------------------------------------------------------------------------------------------------------
@pytest.fixture
def web_lines(tmp_path):
    """What gunicorn and the program write as in production, on empty databases: they serve, fail and end."""
    running = Web(tmp_path, LOG_FORMAT="json", WEB_WORKERS="1", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")
    running.wait()
    for headers in ({}, {"Cookie": "sessionid=" + "a" * 32}):
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=20)
        connection.request("GET", "/", headers=headers)
        connection.getresponse().read()
        connection.close()
    assert running.stop() == 0
    return running.log.read_text().splitlines()


@pytest.fixture
def worker_lines(tmp_path):
    """A line of a load, and one that is no JSON."""
    path = tmp_path / "worker.log"
    variables = {"LOG_CHANNEL": "single", "LOG_PATH": str(path)}
    logging.config.dictConfig(logging_settings(Environment(variables), data_dir=tmp_path, protected=True))
    with changing(user_id=5, job_id=9, request_id="one"):
        logging.getLogger("hr.loading").critical("stopped")
    logging.config.dictConfig(settings.LOGGING)
    return [*path.read_text().splitlines(), "Segmentation fault"]


@pytest.fixture
def nginx_lines(site):  # noqa: F811
    site.ask("/people/?q=x")
    for backend in site.backends.values():
        backend.end()
    site.ask("/people/")
    return (site.folder / "evaltrack.log").read_text().splitlines()


def test_every_line_fits_the_index_and_no_field_is_idle(web_lines, worker_lines, nginx_lines):
    pipeline = Pipeline()
    sent = [
        *({"message": line, "systemd": {"unit": "evaltrack-web-1@blue.service"}} for line in web_lines),
        *({"message": line, "systemd": {"unit": "evaltrack-worker@green.service"}} for line in worker_lines),
        *({"message": line, "service": "nginx"} for line in nginx_lines),
    ]

    documents = [pipeline.take(event) for event in sent]

    assert [misfits(document) for document in documents if misfits(document)] == []
    written = {name for document in documents for name, value in document.items() if value is not None}
    assert written - ORIGIN == set(FIELDS)
    # What is no JSON comes with its text.
    plain = [document["message"] for document in documents if "@timestamp" not in document]
    assert plain == [event["message"] for event in sent if not event["message"].startswith("{")]
    assert "Segmentation fault" in plain
    assert {document["service"] for document in documents} == {"web", "worker", "nginx"}
    assert {document.get("colour") for document in documents} == {"blue", "green", None}
    asked = [document for document in documents if "code" in document]
    assert [(row["message"], row["method"], row.get("view"), row["code"]) for row in asked] == [
        ("request_finished", "GET", "admin:index", 302),
        ("request_failed", "GET", None, 500),
    ]
    assert [document["request_id"] for document in documents if "exception" in document] == [asked[1]["request_id"]]


@pytest.mark.parametrize(
    ("origin", "service", "colour"),
    [
        ({"systemd": {"unit": "evaltrack-web-2@green.service"}}, "web", "green"),
        ({"systemd": {"unit": "evaltrack-clock@blue.service"}}, "clock", "blue"),
        ({"systemd": {"unit": "evaltrack-backup.service"}}, "backup", None),
        ({"docker": {"attrs": {"service": "worker"}}}, "worker", None),
        ({"kubernetes": {"labels": {"app": "evaltrack-web", "colour": "blue"}}}, "web", "blue"),
        ({"kubernetes": {"labels": {"app": "evaltrack-migrate"}}}, "migrate", None),
        ({"service": "nginx"}, "nginx", None),
    ],
)
def test_a_line_is_known_by_where_it_is_from(origin, service, colour):
    document = Pipeline().take({"message": "whatever"} | origin)

    assert (document["service"], document.get("colour"), document["message"]) == (service, colour, "whatever")


def test_the_documented_fields_are_those_of_the_index():
    text = (ROOT / "docs" / "operations.md").read_text()
    table = text.split("\n## Logs\n")[1].split("| Field | |\n|---|---|\n")[1].split("\n\n")[0]
    ours = {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    nginx = set(re.findall(r'"(\w+)":', (ROOT / "deploy" / "nginx" / "http.conf").read_text())) - {"time"}

    assert set(FIELDS) == ours | nginx | MADE


def test_documents_go_where_the_template_is():
    [[name, options]] = Pipeline().outputs
    given = {key: value for key, [value] in options}

    stream = "-".join(given[f"data_stream_{part}"] for part in ("type", "dataset", "namespace"))
    assert (name, given["data_stream"], stream) == ("elasticsearch", True, "logs-evaltrack-default")
    assert TEMPLATE["index_patterns"] == ["logs-evaltrack-*"]
    assert OBJECTS[0]["attributes"]["title"] == "logs-evaltrack-*"


# --- What Filebeat reads ----------------------------------------------------------------------------------------------
def inputs(place):
    return yaml.safe_load((LOGGING / "inputs" / f"{place}.yml").read_text())


def test_on_a_host_all_units_and_the_log_of_nginx_are_read(host):
    journal, nginx = inputs("host")
    names = [path.name for path in (host / "etc" / "systemd" / "system").glob("evaltrack-*.service")]
    units = {name.replace("@", f"@{colour}") for name in names for colour in ("blue", "green")}

    assert {f"_SYSTEMD_UNIT={unit}" for unit in units} <= set(journal["include_matches.match"])
    assert len(units) >= 10
    assert nginx["paths"] == re.findall(
        r"access_log (\S+) evaltrack;", (host / "etc" / "nginx" / "conf.d" / "evaltrack.conf").read_text()
    )


def test_in_compose_what_is_ours_bears_the_label_that_is_read(compose):
    labelled = {name: row["labels"]["service"] for name, row in compose["services"].items() if "labels" in row}
    logging = {name: row["logging"] for name, row in compose["services"].items() if "logging" in row}
    logged = {name for name, row in logging.items() if row["options"]["labels"] == "service"}

    assert labelled == {"app": "web", **{name: name for name in ("worker", "clock", "migrate", "backup", "nginx")}}
    assert logged == set(labelled)
    assert inputs("compose")[0]["processors"] == [{"drop_event": {"when.not.has_fields": ["docker.attrs.service"]}}]


def test_in_kubernetes_pods_are_called_as_is_looked_for(built):
    (pattern,) = inputs("kubernetes")[0]["paths"]
    (namespace,) = built.of("Namespace")
    wanted = re.compile(pattern.replace(".", r"\.").replace("*", ".*"))
    for name, pod in built.pods().items():
        if pod["spec"]["containers"][0]["name"] == "evaltrack":
            assert pod["metadata"]["labels"]["app"].startswith("evaltrack-")
            assert wanted.fullmatch(f"/var/log/containers/{name.split('/')[1]}-x_{namespace}_evaltrack-0123.log")


# --- Kibana -----------------------------------------------------------------------------------------------------------
def fields_shown(row):
    """Those that a saved object names."""
    attributes = row["attributes"]
    source = json.loads(attributes.get("kibanaSavedObjectMeta", {}).get("searchSourceJSON", "{}"))
    names = re.findall(r"([\w.@]+) ?(?=:|[<>]=?)", re.sub(r'"[^"]*"', "", source.get("query", {}).get("query", "")))
    names += attributes.get("columns", [])
    shown = json.loads(attributes.get("visState", '{"aggs": []}'))["aggs"]
    names += [each["params"]["field"] for each in shown if each["params"]]
    return set(names)


def test_kibana_asks_for_fields_that_there_are():
    shown = {name for row in OBJECTS for name in fields_shown(row)}

    assert shown - set(FIELDS) == {"message.keyword"}
    assert "keyword" in TEMPLATE["template"]["mappings"]["properties"]["message"]["fields"]
    assert len(shown) > 10


def test_kibanas_objects_refer_to_each_other():
    there = {(row["type"], row["id"]) for row in OBJECTS}

    assert {(ref["type"], ref["id"]) for row in OBJECTS for ref in row["references"]} <= there
    (dashboard,) = [row for row in OBJECTS if row["type"] == "dashboard"]
    panels = json.loads(dashboard["attributes"]["panelsJSON"])
    named = {ref["name"]: (ref["type"], ref["id"]) for ref in dashboard["references"]}
    shown = {named[f"{panel['panelIndex']}:{panel['panelRefName']}"] for panel in panels}
    assert ("visualization", "evaltrack-errors-by-view") in shown
    assert len(shown) == len(named) == len(panels)


class Receiver(http.server.BaseHTTPRequestHandler):
    """Elasticsearch and Kibana, as far as setup.sh asks them."""

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.command, self.path, body))
        text = json.dumps({"success": self.server.succeeds}).replace(" ", "").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_PUT  # noqa: N815

    def log_message(self, *arguments):
        pass


@pytest.mark.deploy_tools
@pytest.mark.parametrize("succeeds", [True, False])
def test_setup_brings_both_their_files_and_fails_when_kibana_does(succeeds):
    tool("curl")
    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    server.asked, server.succeeds = [], succeeds
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        with contextlib.nullcontext() if succeeds else pytest.raises(AssertionError, match="ended with 1"):
            run(str(LOGGING / "setup.sh"), address, address)
    finally:
        server.shutdown()
        server.server_close()

    (put, template, body), (post, objects, form) = server.asked
    assert (put, template, json.loads(body)) == ("PUT", "/_index_template/logs-evaltrack", TEMPLATE)
    assert (post, objects) == ("POST", "/api/saved_objects/_import?overwrite=true")
    assert (LOGGING / "kibana.ndjson").read_bytes() in form
