import pytest
from django.test import Client
from releasing.metrics import Counts, counts_in, samples_in

from tests.deploy.releasing.conftest import FakeBackend


def test_requests_errors_seconds_and_critical_lines_without_static_files():
    backend = FakeBackend("green 1", critical=2)
    backend.serve(100, errors=6, mean=0.5)

    assert counts_in(backend.exposition()) == Counts(requests=100, errors=6, seconds=50, critical_lines=2)


def test_what_the_program_itself_writes_is_understood(settings):
    settings.MONITORING_TOKEN = "sesame"
    client = Client(headers={"Authorization": "Bearer sesame"})
    before = counts_in(client.get("/metrics").content.decode())

    client.get("/login/")

    text = client.get("/metrics").content.decode()
    after = counts_in(text)
    assert after.since(before).requests == 1
    assert 0 < after.since(before).seconds < 10
    versions = [labels["version"] for name, labels, _value in samples_in(text) if name == "evaltrack_build"]
    assert versions == [settings.APP_VERSION]
    assert {labels["level"] for name, labels, _value in samples_in(text) if name == "evaltrack_log_lines_total"} <= {
        "error",
        "critical",
    }


def test_a_label_may_hold_anything():
    assert next(samples_in('a{b="x\\"} 1",c="}"} 2.5 1700000000\nd NaN\n')) == ("a", {"b": 'x\\"} 1', "c": "}"}, 2.5)


def test_a_page_of_errors_is_no_metrics():
    with pytest.raises(ValueError, match="no line of metrics"):
        counts_in("<html>502 Bad Gateway</html>")


def test_no_requests_are_no_division():
    assert (Counts().error_rate, Counts().mean_seconds) == (0, 0)
