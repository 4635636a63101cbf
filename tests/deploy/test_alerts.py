"""Alert rules as Prometheus carries them out, and whom Alertmanager tells."""

import re
import subprocess
import tomllib
from dataclasses import dataclass

import pytest
import yaml

from tests.deploy.conftest import ROOT, run, tool

MONITORING = ROOT / "deploy" / "monitoring"
ALERTMANAGER = MONITORING / "alertmanager.yml"
RULES = sorted((MONITORING / "rules").glob("*.yml"))
GROUPS = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
ALERTS = [rule for group in GROUPS for rule in group["rules"] if "alert" in rule]
CONTACTS = tomllib.loads((ROOT / "deploy" / "contacts.toml").read_text())
LEVELS = {row["level"]: row for row in CONTACTS["escalation"]}
ROUTE = yaml.safe_load(ALERTMANAGER.read_text())["route"]
ROUTES = [ROUTE, *ROUTE["routes"]]
CRITERIA = {  # the plan's lines 286 to 289
    "EvalTrackErrors": ("> 0.05", "5m"),
    "EvalTrackSlow": ("> 2", "5m"),
    "EvalTrackCriticalLogLines": ('level="critical"', None),
    "EvalTrackNotReady": ('probe_success{job="health"} == 0', "1m"),
}


@dataclass
class Case:
    """Series (promtool's notation, a value every 15 seconds) with which an alert stays quiet, and with which it fires.

    With `below` it is quiet at `late`; with `above` it is quiet at `early` and fires at `late`, both in minutes.
    """

    alert: str
    below: dict[str, str]
    above: dict[str, str]
    early: int
    late: int


def requests(*, of_1000_fail=0, seconds=0.1):
    """A thousand every 15 seconds, and more files, which do not count."""
    count = 'evaltrack_http_request_seconds_count{colour="blue", view="home", status="%s"}'
    total = 'evaltrack_http_request_seconds_sum{colour="blue", view="home", status="%s"}'
    return {
        count % 200: f"0+{1000 - of_1000_fail}x200",
        count % 500: f"0+{of_1000_fail}x200",
        total % 200: f"0+{1000 * seconds}x200",
        count.replace("home", "static") % 200: "0+9000x200",
    }


def constant(series, value, *, minutes=130):
    return {series: f"{value}x{4 * minutes}"}


OLDEST = 'evaltrack_queue_oldest_seconds{queue="%s"}'
UP = 'up{job="evaltrack", instance="blue/%s", colour="blue"}'
DISK = 'node_filesystem_%s_bytes{instance="a", mountpoint="/", fstype="ext4"}'
CERTIFICATE = 'probe_ssl_earliest_cert_expiry{job="health", instance="https://x"}'
CPU = 'node_cpu_seconds_total{instance="a", cpu="0", mode="%s"}'
STATEMENTS = 'evaltrack_database_query_seconds_%s{database="business"}'
CONNECTIONS = 'evaltrack_database_connections%s{database="identity", colour="blue"}'
ACTIVE = "evaltrack_users_active"
SUCCEEDED = 'kube_cronjob_status_last_successful_time{cronjob="evaltrack-%s"}'
CREATED = 'kube_cronjob_created{cronjob="evaltrack-%s"}'
DAY = 24 * 60
CASES = [
    Case("EvalTrackDown", constant(UP % 1, 1) | constant(UP % 2, 0), constant(UP % 1, 0) | constant(UP % 2, 0), 0, 2),
    Case("EvalTrackDown", constant(UP % 1, 1), {}, 0, 2),
    Case("EvalTrackWebProcessDown", constant(UP % 1, 0), constant(UP % 1, 0) | constant(UP % 2, 1), 4, 6),
    Case(
        "EvalTrackNotReady",
        constant('probe_success{job="health"}', 1),
        constant('probe_success{job="health"}', 0),
        0,
        2,
    ),
    Case("EvalTrackErrors", requests(of_1000_fail=49), requests(of_1000_fail=51), 5, 7),
    Case("EvalTrackSlow", requests(seconds=1.99), requests(seconds=2.01), 5, 7),
    Case(
        "EvalTrackCriticalLogLines",
        constant('evaltrack_log_lines_total{level="critical"}', 3)
        | {'evaltrack_log_lines_total{level="error"}': "0+9x200"},
        {'evaltrack_log_lines_total{level="critical"}': "3x6 4x60"},
        1,
        2,
    ),
    Case("EvalTrackOutboxStanding", constant(OLDEST % "outbox", 299), constant(OLDEST % "outbox", 301), 0, 2),
    Case("EvalTrackWorkStanding", constant(OLDEST % "loads", 899), constant(OLDEST % "loads", 901), 0, 2),
    Case("EvalTrackWorkStanding", constant(OLDEST % "exports", 899), constant(OLDEST % "exports", 901), 0, 2),
    Case(
        "EvalTrackClockSilent",
        constant("evaltrack_clock_seconds_since_round", 59),
        constant("evaltrack_clock_seconds_since_round", 61),
        0,
        2,
    ),
    # One process that cannot reach it is no lost database.
    Case(
        "EvalTrackDatabaseDown",
        constant('evaltrack_up{service="business", colour="blue"}', 1)
        | constant('evaltrack_up{service="business", colour="green"}', 0),
        constant('evaltrack_up{service="business", colour="blue"}', 0)
        | constant('evaltrack_up{service="identity"}', 1),
        0,
        2,
    ),
    Case("EvalTrackDatabaseServerDown", constant("pg_up", 1), constant("pg_up", 0), 0, 2),
    Case("EvalTrackDatabaseServerDown", constant("mysql_up", 1), constant("mysql_up", 0), 0, 2),
    Case(
        "EvalTrackConnectionsNearlyOut",
        constant(CONNECTIONS % "", 80) | constant(CONNECTIONS % "_limit", 100),
        constant(CONNECTIONS % "", 81) | constant(CONNECTIONS % "_limit", 100),
        4,
        6,
    ),
    Case(
        "EvalTrackStatementsSlow",
        {STATEMENTS % "count": "0+100x200", STATEMENTS % "sum": "0+49x200"},
        {STATEMENTS % "count": "0+100x200", STATEMENTS % "sum": "0+51x200"},
        5,
        7,
    ),
    Case(
        "EvalTrackMigrationsMissing",
        constant("evaltrack_database_unapplied_migrations", 0),
        constant("evaltrack_database_unapplied_migrations", 1),
        14,
        16,
    ),
    Case(
        "EvalTrackRedisDown",
        constant('evaltrack_up{service="redis"}', 1),
        constant('evaltrack_up{service="redis"}', 0),
        1,
        3,
    ),
    Case("EvalTrackRedisDown", constant("redis_up", 1), constant("redis_up", 0), 1, 3),
    Case(
        "EvalTrackDiskFilling",
        constant(DISK % "avail", 151) | constant(DISK % "size", 1000),
        constant(DISK % "avail", 149) | constant(DISK % "size", 1000),
        9,
        11,
    ),
    Case(
        "EvalTrackDiskFilling",
        constant("evaltrack_disk_free_bytes", 151) | constant("evaltrack_disk_size_bytes", 1000),
        constant("evaltrack_disk_free_bytes", 149) | constant("evaltrack_disk_size_bytes", 1000),
        9,
        11,
    ),
    Case(
        "EvalTrackDiskNearlyFull",
        constant(DISK % "avail", 51) | constant(DISK % "size", 1000),
        constant(DISK % "avail", 49) | constant(DISK % "size", 1000),
        1,
        3,
    ),
    Case("EvalTrackProcessorBusy", {CPU % "idle": "0+1.525x200"}, {CPU % "idle": "0+1.475x200"}, 15, 17),
    Case(
        "EvalTrackMemoryNearlyOut",
        constant("node_memory_MemAvailable_bytes", 101) | constant("node_memory_MemTotal_bytes", 1000),
        constant("node_memory_MemAvailable_bytes", 99) | constant("node_memory_MemTotal_bytes", 1000),
        9,
        11,
    ),
    # promtool's time begins at 0: moments are seconds from its beginning.
    Case(
        "EvalTrackCertificateExpiring",
        constant(CERTIFICATE, 14 * 86400 + 7300),
        constant(CERTIFICATE, 14 * 86400),
        59,
        120,
    ),
    Case(
        "EvalTrackCertificateEnding",
        constant(CERTIFICATE, 2 * 86400 + 301),
        constant(CERTIFICATE, 2 * 86400 + 299),
        0,
        5,
    ),
    Case(
        "EvalTrackBackupOld",
        constant("evaltrack_backup_last_success_seconds", -79_000),
        constant("evaltrack_backup_last_success_seconds", -86_400),
        119,
        123,
    ),
    Case(
        "EvalTrackBackupOld",
        constant(SUCCEEDED % "backup", 0) | constant(CREATED % "backup", -9 * 86_400),
        constant(SUCCEEDED % "rehearsal", 0) | constant(CREATED % "backup", -86_400),
        119,
        123,
    ),
    Case("EvalTrackBackupOld", constant(SUCCEEDED % "backup", 0), {}, 115, 125),
    Case(
        "EvalTrackRehearsalOld",
        constant("evaltrack_rehearsal_last_success_seconds", 6000 - 8 * 86400),
        constant("evaltrack_rehearsal_last_success_seconds", -8 * 86400),
        60,
        65,
    ),
    Case(
        "EvalTrackRehearsalOld",
        constant(SUCCEEDED % "rehearsal", 6000 - 8 * 86400) | constant(CREATED % "rehearsal", -99 * 86400),
        constant(SUCCEEDED % "backup", 0) | constant(CREATED % "rehearsal", -8 * 86400),
        60,
        65,
    ),
    # A host where none was ever made.
    Case("EvalTrackRehearsalOld", constant("evaltrack_rehearsal_last_success_seconds", 0), {}, 59, 65),
    Case(
        "EvalTrackReconcileOld",
        constant(SUCCEEDED % "reconcile", 6000 - 2 * 86400) | constant(CREATED % "reconcile", -99 * 86400),
        constant(SUCCEEDED % "reconcile", -2 * 86400) | constant(CREATED % "reconcile", -99 * 86400),
        60,
        65,
    ),
    # One that never succeeded; without Kubernetes there is none to look for.
    Case("EvalTrackReconcileOld", {}, constant(CREATED % "reconcile", -2 * 86400), 60, 65),
    Case(
        "EvalTrackExporterDown",
        constant('up{job="redis"}', 1) | constant('up{job="else"}', 0),
        constant('up{job="redis"}', 0),
        4,
        6,
    ),
    Case("EvalTrackNginxDown", constant("nginx_up", 1), constant("nginx_up", 0), 0, 2),
    Case(
        "EvalTrackAlertsNotSent",
        constant('alertmanager_notifications_failed_total{integration="slack"}', 5),
        {'alertmanager_notifications_failed_total{integration="slack"}': "0+1x60"},
        5,
        7,
    ),
    # An hour after nine in Caracas.
    Case("EvalTrackNobodyThere", constant(ACTIVE, 1, minutes=DAY), constant(ACTIVE, 0, minutes=DAY), 838, 842),
    Case("EvalTrackFiguresMissing", constant(UP % 1, 1) | constant(ACTIVE, 0), constant(UP % 1, 1), 14, 16),
]
WELL = constant('up{job="evaltrack", instance="blue/1", colour="blue"}', 1) | constant(
    "evaltrack_backup_last_success_seconds", 9e9
)


def within(namespace, series):
    """The series as Prometheus' operator has them."""
    parts = ((key.rstrip("}").partition("{"), values) for key, values in series.items())
    return {
        f'{name}{{namespace="{namespace}"{labels and ", "}{labels}}}': values for (name, _, labels), values in parts
    }


def firing(alert, at, times, **labels):
    matchers = "".join(f', {name}="{value}"' for name, value in labels.items())
    return {
        "expr": f'count(ALERTS{{alertstate="firing", alertname="{alert}"{matchers}}})',
        "eval_time": f"{at}m",
        "exp_samples": [{"labels": "{}", "value": times}] if times else [],
    }


def trial(name, series, *expected):
    return {
        "name": name,
        "interval": "15s",
        "input_series": [{"series": key, "values": values} for key, values in series.items()],
        "promql_expr_test": list(expected),
    }


def try_rules(folder, *trials, rules=RULES):
    """promtool carries the rules out on series of our own."""
    written = {"rule_files": [str(path) for path in rules], "evaluation_interval": "1m", "tests": list(trials)}
    (folder / "trials.yml").write_text(yaml.safe_dump(written))
    run(tool("promtool"), "test", "rules", str(folder / "trials.yml"))


def anchors(text):
    """Those that a Markdown file has, each with the text of its section."""
    parts = re.split(r"(?m)^#+ (.+)$", text)[1:]
    return {
        re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-"): body
        for title, body in zip(parts[::2], parts[1::2], strict=True)
    }


# --- Rules ------------------------------------------------------------------------------------------------------------
@pytest.mark.deploy_tools
@pytest.mark.parametrize("name", ["prometheus.yml", "prometheus-host.yml"])
def test_prometheus_takes_its_files(name):
    run(tool("promtool"), "check", "config", "--syntax-only", str(MONITORING / name))
    run(tool("promtool"), "check", "rules", *map(str, RULES))


@pytest.mark.deploy_tools
@pytest.mark.parametrize("rules", [path for path in RULES if path.stem != "escalation"], ids=lambda path: path.stem)
def test_each_alert_fires_just_above_and_not_just_below(tmp_path, rules):
    here = {rule.get("alert") for group in yaml.safe_load(rules.read_text())["groups"] for rule in group["rules"]}
    trials = []
    for number, case in enumerate(case for case in CASES if case.alert in here):
        name = f"{number} {case.alert}"
        trials.append(trial(f"{name} below", case.below, firing(case.alert, case.late, 0)))
        trials.append(
            trial(f"{name} above", case.above, firing(case.alert, case.early, 0), firing(case.alert, case.late, 1))
        )

    try_rules(tmp_path, *trials, rules=[rules])


@pytest.mark.deploy_tools
def test_each_alert_tells_environments_apart(tmp_path):
    """Where one Prometheus watches staging and production, as namespaces."""
    trials = []
    # What is absent everywhere is of no namespace.
    for number, case in enumerate(case for case in CASES if case.above):
        series = within("production", case.above) | within("staging", case.below)
        one = firing(case.alert, case.late, 1), firing(case.alert, case.late, 1, namespace="production")
        trials.append(trial(f"{number} {case.alert}", series, *one))

    try_rules(tmp_path, *trials, rules=[path for path in RULES if path.stem != "escalation"])


@pytest.mark.deploy_tools
def test_critical_alerts_go_up_level_by_level(tmp_path):
    critical = WELL | {"pg_up": "0x400", "redis_up": "0x400"}
    expected = []
    for level, row in LEVELS.items():
        # The alert itself waits for a minute.
        minutes = 1 + row["after_minutes"]
        expected.append(firing("EvalTrackEscalation", minutes - 1, 0, level=level))
        about = {"level": level, "about": "EvalTrackDatabaseServerDown"}
        expected.append(firing("EvalTrackEscalation", minutes + 1, 1, **about))
        # A warning stays where it is.
        expected.append(firing("EvalTrackEscalation", minutes + 1, 1, level=level))

    try_rules(
        tmp_path,
        trial("goes up", critical, *expected),
        trial("is mended", WELL | {"pg_up": "0x40 1x400"}, firing("EvalTrackEscalation", 70, 0)),
        trial(
            "of one environment",
            WELL | within("staging", {"pg_up": "0x40 1x400"}) | within("production", {"pg_up": "0x400"}),
            firing("EvalTrackEscalation", 20, 1),
            firing("EvalTrackEscalation", 20, 1, namespace="production"),
        ),
    )


@pytest.mark.deploy_tools
def test_nobody_is_missed_at_night_and_at_the_weekend(tmp_path):
    (rule,) = [rule for rule in ALERTS if rule["alert"] == "EvalTrackNobodyThere"]
    # promtool's time begins on a Thursday.
    moments = {"12h59m": 0, "13h": 1, "20h59m": 1, "21h": 0, "37h": 1, "61h": 0, "85h": 0, "109h": 1}
    expected = [
        {
            "expr": f"count({rule['expr']})",
            "eval_time": moment,
            "exp_samples": [{"labels": "{}", "value": 1}] if missed else [],
        }
        for moment, missed in moments.items()
    ]

    try_rules(tmp_path, trial("week", constant(ACTIVE, 0, minutes=5 * DAY), *expected), rules=[])


def test_each_alert_has_a_case():
    tried = {case.alert for case in CASES} | {"EvalTrackEscalation"}

    assert {rule["alert"] for rule in ALERTS} == tried


def test_the_plans_criteria_are_critical_alerts():
    rules = {rule["alert"]: rule for rule in ALERTS}

    for name, (threshold, patience) in CRITERIA.items():
        assert threshold in rules[name]["expr"]
        assert rules[name].get("for") == patience
        assert rules[name]["labels"] == {"severity": "critical"}


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_each_alert_leads_to_what_is_to_be_done(rule):
    place, _hash, anchor = rule["annotations"]["runbook_url"].partition("#")
    sections = anchors((ROOT / "docs" / "operations.md").read_text())

    assert place == "https://github.com/company/evaltrack/blob/main/docs/operations.md"
    assert set(rule["annotations"]) == {"summary", "runbook_url"}
    if rule["labels"]["severity"] == "escalation":
        assert rule["alert"] in sections[anchor]
    else:
        assert re.search(rf"^\| `{rule['alert']}` \| {rule['labels']['severity']} \|", sections[anchor], re.MULTILINE)


def test_no_alert_is_told_of_that_is_not_there():
    told = set(re.findall(r"`(EvalTrack[A-Z]\w+)`", (ROOT / "docs" / "operations.md").read_text()))

    assert told == {rule["alert"] for rule in ALERTS}


def test_kubernetes_has_the_same_rules(production):
    assert production.of("PrometheusRule")["evaltrack"]["spec"]["groups"] == GROUPS
    made = run(str(MONITORING / "kubernetes-rules.sh"))
    assert (ROOT / "deploy" / "k8s" / "monitoring" / "rules.yaml").read_text() == made


# --- Alertmanager -----------------------------------------------------------------------------------------------------
def receivers(**labels):
    command = [tool("amtool"), "config", "routes", "test", f"--config.file={ALERTMANAGER}"]
    result = subprocess.run(
        [*command, *(f"{name}={value}" for name, value in labels.items())], capture_output=True, text=True, check=True
    )
    return result.stdout.split()


def told_by(receiver, file=ALERTMANAGER):
    """How a receiver is told: the kinds, and where mail goes."""
    (row,) = [each for each in yaml.safe_load(file.read_text())["receivers"] if each["name"] == receiver]
    return {key.removesuffix("_configs") for key in row if key != "name"}, [to["to"] for to in row["email_configs"]]


@pytest.mark.deploy_tools
def test_alertmanager_takes_its_file():
    assert "SUCCESS" in run(tool("amtool"), "check-config", str(ALERTMANAGER))


@pytest.mark.deploy_tools
def test_warnings_are_written_and_critical_alerts_call_somebody():
    assert receivers(severity="warning", alertname="EvalTrackClockSilent") == ["team"]
    assert receivers(severity="critical", alertname="EvalTrackErrors") == ["on-call"]
    assert told_by("team") == ({"email", "slack"}, [LEVELS[1]["email"]])
    assert told_by("on-call") == ({"email", "slack", "pagerduty"}, [LEVELS[1]["email"]])


@pytest.mark.deploy_tools
@pytest.mark.parametrize("level", LEVELS)
def test_a_level_reaches_whom_the_contacts_name(level):
    (rule,) = [row for row in ALERTS if row["labels"].get("level") == str(level)]

    (receiver,) = receivers(alertname="EvalTrackEscalation", **rule["labels"])

    assert told_by(receiver) == ({"email", "slack", "pagerduty"}, [LEVELS[level]["email"]])


def test_the_levels_are_the_plans():
    assert [(row["who"], row["after_minutes"]) for row in LEVELS.values()] == [
        ("Development team", 15),
        ("DevOps Lead", 30),
        ("CTO", 60),
    ]
    minutes = {"15m": 15, "30m": 30, "1h": 60}
    waits = {int(rule["labels"]["level"]): minutes[rule["for"]] for rule in ALERTS if "level" in rule["labels"]}
    assert waits == {level: row["after_minutes"] for level, row in LEVELS.items()}


def test_alertmanager_names_alerts_that_there_are():
    named = set(re.findall(r"EvalTrack\w+", ALERTMANAGER.read_text()))

    assert named <= {rule["alert"] for rule in ALERTS}
    assert len(named) > 5


def test_nothing_is_muted_by_another_environment_or_by_a_measurement_that_failed():
    rules = yaml.safe_load(ALERTMANAGER.read_text())["inhibit_rules"]
    for rule in rules:
        assert {"namespace", "instance"} & set(rule["equal"]), rule

    muting = {
        source
        for rule in rules
        for source in re.findall(r"EvalTrack\w+", str(rule["source_matchers"]))
        if CRITERIA.keys() & set(re.findall(r"EvalTrack\w+", str(rule["target_matchers"])))
    }
    # Of the plan's criteria. An exporter whose password is wrong says that its server is down, too.
    assert muting == {"EvalTrackDown", "EvalTrackDatabaseDown"}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route["receiver"])
def test_environments_are_told_of_apart(route):
    assert "namespace" in route.get("group_by", ROUTE["group_by"])


def test_no_secret_stands_in_the_file():
    text = ALERTMANAGER.read_text()

    assert set(re.findall(r"(\w*(?:password|api_url|routing_key|service_key|token)\w*):", text)) == {
        "smtp_auth_password_file",
        "slack_api_url_file",
        "routing_key_file",
    }


HIDDEN = {"MAIL_PASSWORD": "secret one", "SLACK_WEBHOOK_URL": "secret two", "PAGERDUTY_KEY": "secret three"}


def start_in_compose(secrets, *, encryption="none", **hidden):
    """What alertmanager.sh says, with a program in Alertmanager's place; its files are in `secrets`."""
    secrets.mkdir()
    script = (MONITORING / "alertmanager.sh").read_text()
    for there, here in {
        "/etc/alertmanager/secrets/evaltrack-alerts": str(secrets),
        "/etc/alertmanager/alertmanager.yml": str(ALERTMANAGER),
        "/bin/alertmanager": "env; echo started",
    }.items():
        assert there in script
        script = script.replace(there, here)
    given = {
        "MAIL_HOST": "mailpit",
        "MAIL_PORT": "1025",
        "MAIL_USERNAME": "",
        "MAIL_ENCRYPTION": encryption,
        "MAIL_FROM_ADDRESS": "noreply@example.com",
        "PATH": "/usr/bin:/bin",
    }
    return run("sh", "-c", script.replace("exec env;", "env;"), env=given | HIDDEN | hidden)


@pytest.mark.deploy_tools
@pytest.mark.parametrize(("encryption", "required"), [("none", "false"), ("tls", "true")])
def test_in_compose_it_starts_with_the_values_of_the_environment(tmp_path, encryption, required):
    secrets = tmp_path / "secrets"

    said = start_in_compose(secrets, encryption=encryption)

    assert "started" in said
    assert "secret o" not in said
    written = {path.name: path.read_text() for path in secrets.iterdir() if path.suffix != ".yml"}
    assert written == {"smtp-password": "secret one", "slack-webhook": "secret two", "pagerduty-key": "secret three"}
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o600}
    run(tool("amtool"), "check-config", str(secrets / "alertmanager.yml"))
    made = yaml.safe_load((secrets / "alertmanager.yml").read_text())["global"]
    assert (made["smtp_smarthost"], made["smtp_from"]) == ("mailpit:1025", "noreply@example.com")
    assert (made["smtp_auth_username"], str(made["smtp_require_tls"]).lower()) == ("", required)
    assert told_by("on-call", secrets / "alertmanager.yml") == told_by("on-call")


@pytest.mark.deploy_tools
@pytest.mark.parametrize(
    ("empty", "left"),
    [
        (["SLACK_WEBHOOK_URL"], {"email", "pagerduty"}),
        (["PAGERDUTY_KEY"], {"email", "slack"}),
        (["SLACK_WEBHOOK_URL", "PAGERDUTY_KEY"], {"email"}),
    ],
)
def test_in_compose_a_way_without_its_secret_is_not_tried(tmp_path, empty, left):
    """It would fail, and EvalTrackAlertsNotSent be one more alert that it cannot send."""
    start_in_compose(tmp_path / "secrets", **dict.fromkeys(empty, ""))

    made = tmp_path / "secrets" / "alertmanager.yml"
    run(tool("amtool"), "check-config", str(made))
    for receiver in ["on-call", "level-1", "level-2", "level-3"]:
        assert told_by(receiver, made) == (left, told_by(receiver)[1])
    assert told_by("team", made)[0] == left - {"pagerduty"}
