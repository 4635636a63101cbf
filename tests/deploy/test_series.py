"""Every expression of rules and dashboards names series that there are, and labels that they bear."""

import json
import re

import pytest
from django.test import Client

from backoffice import health, metrics
from hr.clock import Clock
from tests.deploy.conftest import ROOT
from tests.deploy.test_alerts import GROUPS

DASHBOARDS = {
    path.stem: json.loads(path.read_text())
    for path in sorted((ROOT / "deploy" / "monitoring" / "grafana" / "dashboards").iterdir())
}
RULES = [rule for group in GROUPS for rule in group["rules"]]
# Of Prometheus itself; of deploy/backup, by node exporter's textfile collector; of kube-state-metrics, whose
# docs/metrics/workload/cronjob-metrics.md has it.
ELSEWHERE = {
    "up",
    "ALERTS",
    "evaltrack_backup_last_success_seconds",
    "evaltrack_rehearsal_last_success_seconds",
    "kube_cronjob_status_last_successful_time",
    "kube_cronjob_created",
}
NO_SERIES = {"by", "on", "and", "or", "unless"}
# On whatever the program says: with APP_COLOUR, and by Prometheus.
OF_ALL = {"colour", "instance", "job"}


def expressions():
    """All of them, each with where it stands."""
    for rule in RULES:
        yield pytest.param(rule["expr"], id=rule.get("alert", rule.get("record")))
    for name, dashboard in DASHBOARDS.items():
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                yield pytest.param(target["expr"], id=f"{name}-{panel['title']}")


def series_of(expression):
    """{name: labels that are asked for} of the series in a PromQL expression."""
    text = re.sub(r'"[^"]*"|\[[^\]]*\]|\b(?:by|on) \([^)]*\)', "", expression)
    found = {}
    for name, matchers in re.findall(r"([a-zA-Z_][\w:]*)(\{[^}]*\})?(?![\w:]|\s*\()", text):
        if name not in NO_SERIES:
            found.setdefault(name, set()).update(re.findall(r"\w+(?=!?[=~])", matchers))
    return found


def kept(name):
    """The series of a program that was asked once."""
    return {line for line in (ROOT / "tests/deploy/series" / name).read_text().split("\n") if line and line[0] != "#"}


EXPORTERS = set().union(*(kept(path.name) for path in (ROOT / "tests" / "deploy" / "series").iterdir()))
RECORDED = {rule["record"] for rule in RULES if "record" in rule}


@pytest.fixture
def ours(transactional_db, monkeypatch):
    """{name: labels} of what /metrics says, after a request and a round of the clock."""
    for watch in [*health.WATCHES.values(), *health.WORK.values(), *metrics.BUSINESS.values()]:
        monkeypatch.setattr(watch, "fresh_seconds", 0)
    Clock().round()
    client = Client()
    client.get("/login/")
    text = client.get("/metrics").content.decode()
    names = {}
    # Those without a figure on these databases as well.
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE):
        for suffix in {"histogram": ["_bucket", "_sum", "_count"]}.get(kind, [""]):
            names[name + suffix] = set()
    for name, labels in re.findall(r"^(\w+)(?:{(.*)})? ", text, re.MULTILINE):
        names.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    return names


def test_every_expression_names_series_of_ours_that_there_are(ours):
    asked = [(param.id, name, labels) for param in expressions() for name, labels in series_of(*param.values).items()]
    of_us = [row for row in asked if row[1].startswith("evaltrack_") and row[1] not in ELSEWHERE]

    assert [row for row in of_us if row[1] not in ours] == []
    # On the embedded databases there are no connections to count.
    assert [row for row in of_us if ours[row[1]] and not row[2] <= ours[row[1]] | OF_ALL] == []
    assert len(of_us) > 40


def test_every_metric_of_ours_is_shown_or_watched(ours):
    asked = {name for param in expressions() for name in series_of(*param.values)}

    assert {name for name in ours if not name.endswith("_created")} - asked == set()


@pytest.mark.parametrize("expression", list(expressions()))
def test_the_other_series_are_exporters(expression):
    others = {name for name in series_of(expression) if not name.startswith("evaltrack_")}

    assert others <= EXPORTERS | RECORDED | ELSEWHERE


def test_series_are_found_in_expressions():
    text = 'sum by (le) (rate(a_bucket{x="y(z", w!~"c"}[5m])) / on (b) c:d:e > 2 or absent(f) and on () hour() < 3'

    assert series_of(text) == {"a_bucket": {"x", "w"}, "c:d:e": set(), "f": set()}


def test_there_is_a_dashboard_for_each_of_the_plans_groups():
    assert list(DASHBOARDS) == ["application", "business", "databases", "infrastructure"]
    for name, dashboard in DASHBOARDS.items():
        assert dashboard["uid"] == f"evaltrack-{name}"
        (variable,) = dashboard["templating"]["list"]
        assert variable["query"]["query"] == "label_values(evaltrack_build, colour)"
        ids = [panel["id"] for panel in dashboard["panels"]]
        assert ids == list(range(1, len(ids) + 1))


@pytest.mark.parametrize("name", DASHBOARDS)
def test_units_are_those_of_the_figures(name):
    units = {
        "mean1m": "s",
        "ratio1m": "percentunit",
        "rate1m": "reqps",
        "ratio": "percentunit",
        "seconds": "s",
        "bytes": "bytes",
    }
    for panel in DASHBOARDS[name]["panels"]:
        for target in panel["targets"]:
            # Where a series is shown as it is.
            if not re.search(r" [-/] |rate\(|increase\(", target["expr"]):
                (series,) = series_of(target["expr"])
                wanted = [unit for word, unit in units.items() if word in re.split("[_:]", series)] or ["none"]
                assert panel["fieldConfig"]["defaults"]["unit"] == wanted[0]
