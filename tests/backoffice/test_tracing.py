import json

import pytest

from tests.backoffice.receiving import receiver

ASK = """
from django.test import Client
import core.auth

client = Client(raise_request_exception=False)
client.get("/login/?q=query-sentinel", headers={"X-Request-ID": "first", "traceparent": "00-{trace}-{parent}-01"})
client.get("/login/", headers={"X-Request-ID": "second", "traceparent": "00-{trace}-{parent}-00"})
client.post("/login/", {"username": "name-sentinel", "password": "password-sentinel"})
""".replace("{trace}", "a" * 32).replace("{parent}", "b" * 16)


def facts(span):
    return {fact["key"]: next(iter(fact["value"].values())) for fact in span["attributes"]}


def spans_in(received):
    bodies = [json.loads(body) for _path, _headers, body in received]
    return [
        span
        for body in bodies
        for part in body["resourceSpans"]
        for scope in part["scopeSpans"]
        for span in scope["spans"]
    ]


@pytest.fixture
def traced(manage):
    """What arrives of the requests of ASK, in a process whose databases have no tables: logging in fails."""
    with receiver() as (port, received):
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}/",
            "OTEL_EXPORTER_OTLP_HEADERS": "api-key=k%20ey,other=1",
            "APP_COLOUR": "green",
        }
        result = manage("shell", "--verbosity", "0", "-c", ASK, **variables)
    assert result.returncode == 0, result.stderr
    return received


def test_requests_and_their_statements_arrive_as_otlp(traced):
    path, headers, body = traced[0]
    first, failed = [span for span in spans_in(traced) if span["kind"] == 2]
    statements = [span for span in spans_in(traced) if span["kind"] == 3]

    assert (path, headers["Content-Type"], headers["Api-Key"]) == ("/v1/traces", "application/json", "k ey")
    resource = facts(json.loads(body)["resourceSpans"][0]["resource"])
    assert (resource["service.name"], resource["evaltrack.colour"]) == ("evaltrack", "green")
    assert (first["traceId"], first["parentSpanId"], first["name"]) == ("a" * 32, "b" * 16, "GET admin:login")
    assert facts(first)["http.response.status_code"] == "200"
    assert facts(first)["evaltrack.request_id"] == "first"
    assert int(first["endTimeUnixNano"]) > int(first["startTimeUnixNano"])
    assert (failed["name"], failed["status"], failed["parentSpanId"]) == ("POST admin:login", {"code": 2}, "")
    assert failed["traceId"] != first["traceId"]
    of_failed = [span for span in statements if span["parentSpanId"] == failed["spanId"]]
    assert {span["traceId"] for span in of_failed} == {failed["traceId"]}
    assert of_failed[-1]["status"] == {"code": 2}
    assert facts(failed)["evaltrack.statements"] == str(len(of_failed))


def test_what_the_proxy_does_not_record_is_not_recorded(traced):
    assert "second" not in [facts(span).get("evaltrack.request_id") for span in spans_in(traced)]


def test_traces_hold_nothing_that_people_sent(traced):
    sent = "".join(body.decode() for _path, _headers, body in traced)

    assert "sentinel" not in sent
    assert "core_user" not in sent


def test_who_does_not_answer_holds_nothing_up(manage):
    result = manage("shell", "--verbosity", "0", "-c", ASK, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")

    assert result.returncode == 0
    assert result.stderr.count("Traces cannot be sent: ") == 1


def test_without_an_endpoint_nothing_is_traced(settings_of):
    assert not any("tracing" in name for name in settings_of().MIDDLEWARE)
    traced = settings_of(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318")
    assert traced.MIDDLEWARE.index("backoffice.tracing.TracingMiddleware") == 2


def test_settings_of_traces_that_make_no_sense_are_faults(settings_of):
    assert settings_of(OTEL_EXPORTER_OTLP_ENDPOINT="127.0.0.1:4317").FAULTS == [
        "OTEL_EXPORTER_OTLP_ENDPOINT does not begin with http:// or https://."
    ]
    assert settings_of(OTEL_EXPORTER_OTLP_HEADERS="key").FAULTS == [
        "OTEL_EXPORTER_OTLP_HEADERS is not a list of name=value."
    ]
