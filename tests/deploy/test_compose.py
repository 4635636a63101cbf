import re

import pytest
from recovery.settings import load_settings

from backoffice.env import parse_dotenv
from tests.backoffice.conftest import KEY, needs_mysql_driver
from tests.deploy.conftest import ROOT, run, tool

EXAMPLE = ROOT / "deploy" / "compose" / "env.example"
TEXT = (ROOT / "docker-compose.yml").read_text()
# ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:?message}, ${NAME:+replacement}; $$ is a dollar sign.
INTERPOLATION = re.compile(r"(?<!\$)\$\{([A-Z_]+)(?:(:?[-?+])([^}]*))?\}")
PROGRAM = ["app", "worker", "clock", "migrate"]
MONITORING = {
    *("prometheus", "alertmanager", "grafana"),
    *(f"{name}-exporter" for name in ("node", "postgres", "mysqld", "redis", "nginx", "blackbox")),
}
LOGGING = {"filebeat", "logstash", "elasticsearch", "kibana", "logging-setup"}
SECRETS = {
    "APP_KEY",
    "DB_PGSQL_PASSWORD",
    "DB_PASSWORD",
    "MYSQL_ROOT_PASSWORD",
    "REDIS_PASSWORD",
    "GRAFANA_PASSWORD",
}
# The plan's services, with their lines in the plan.
PLAN = {
    "app": {"port": "8000"},  # 151
    "postgres": {"image": "postgres:15", "port": "5432", "volume": "postgres_data:/var/lib/postgresql/data"},  # 162
    "mysql": {"image": "mysql:8.0", "port": "3306", "volume": "mysql_data:/var/lib/mysql"},  # 173
    "redis": {"image": "redis:7-alpine", "port": "6379", "volume": "redis_data:/data"},  # 185
}
PLAN_ENVIRONMENT = {  # 163 to 165, 174 to 176
    "postgres": {"POSTGRES_DB": "evaltrack_users", "POSTGRES_USER": "evaltrack_user"},
    "mysql": {"MYSQL_DATABASE": "evaltrack_business", "MYSQL_USER": "evaltrack_user"},
}


def filled_in(value, variables):
    """A value as compose reads it with these variables."""

    def substitute(match):
        name, operator, default = match.groups()
        given = variables.get(name)
        if operator == ":+":
            return default if given else ""
        if given is None or (given == "" and operator and operator.startswith(":")):
            assert "?" not in (operator or ""), f"{name} is missing"
            return default or ""
        return given

    return INTERPOLATION.sub(substitute, str(value)).replace("$$", "$")


def example(**variables):
    """The variables of the example, with secrets filled in."""
    return parse_dotenv(EXAMPLE.read_text()) | dict.fromkeys(SECRETS, "a long secret") | {"APP_KEY": KEY} | variables


@pytest.mark.deploy_tools
def test_the_schema_of_compose_accepts_it():
    run(tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(ROOT / "docker-compose.yml"))


def test_it_has_the_plans_services_and_ours(compose):
    always = {name for name, row in compose["services"].items() if "profiles" not in row}

    assert always == {*PLAN, "nginx", "mailpit", "worker", "clock", "migrate"}
    for profile, names in (("monitoring", MONITORING), ("logging", LOGGING)):
        assert {name for name, row in compose["services"].items() if row.get("profiles") == [profile]} == names


@pytest.mark.parametrize("name", PLAN)
def test_a_service_is_as_the_plan_says(compose, name):
    row, plan = compose["services"][name], PLAN[name]

    assert row["ports"] == [f"127.0.0.1:{plan['port']}:{plan['port']}"]
    assert filled_in(row["image"], {}) == plan.get("image", "docker.io/company/evaltrack:1.0.0")
    assert plan.get("volume") in [None, *row.get("volumes", [])]
    given = {key: filled_in(value, example()) for key, value in row["environment"].items()}
    assert PLAN_ENVIRONMENT.get(name, {}).items() <= given.items()


def test_one_variable_chooses_mysql_8_4(compose):
    assert filled_in(compose["services"]["mysql"]["image"], {"MYSQL_VERSION": "8.4"}) == "mysql:8.4"


def test_ports_are_open_to_this_host_alone(compose):
    ports = [filled_in(port, {}) for row in compose["services"].values() for port in row.get("ports", [])]

    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []
    assert len(ports) == len(set(ports))


def test_the_program_runs_four_commands_of_one_image_without_rights(compose):
    rows = {name: compose["services"][name] for name in PROGRAM}

    assert {name: row["command"] for name, row in rows.items()} == {
        "app": ["web"],
        "worker": ["worker"],
        "clock": ["clock"],
        "migrate": ["migrate"],
    }
    assert len({row["image"] for row in rows.values()}) == 1
    for row in [*rows.values(), compose["services"]["nginx"]]:
        assert row["read_only"] is True
        assert row["cap_drop"] == ["ALL"]
        assert row["security_opt"] == ["no-new-privileges:true"]


def test_each_starts_after_what_it_needs_is_well(compose):
    rows = compose["services"]
    for name in ("app", "worker", "clock"):
        assert {key: value["condition"] for key, value in rows[name]["depends_on"].items()} == {
            "postgres": "service_healthy",
            "mysql": "service_healthy",
            "redis": "service_healthy",
            "migrate": "service_completed_successfully",
        }
    # Of a new app it has to look up the address.
    assert rows["nginx"]["depends_on"] == {"app": {"condition": "service_healthy", "restart": True}}
    awaited = {
        key
        for row in rows.values()
        for key, value in row.get("depends_on", {}).items()
        if value["condition"] == "service_healthy"
    }
    # The image brings the check of app.
    assert {name for name in awaited if "test" not in rows[name].get("healthcheck", {})} == {"app"}


def test_secrets_come_from_the_file_and_have_no_default():
    operators = {}
    for name, operator, _default in INTERPOLATION.findall(TEXT):
        operators.setdefault(name, set()).add(operator)

    assert {name for name in operators if operators[name] == {":?"}} == SECRETS
    # Without a mail server there is no password for it, without PagerDuty or encrypted backups no key.
    hidden = {name for name in operators if "PASSWORD" in name or "KEY" in name}
    assert hidden == SECRETS | {"MAIL_PASSWORD", "PAGERDUTY_KEY", "BACKUP_KEY_FILE"}
    assert re.findall(r"(?:PASSWORD|KEY|SECRET)\w*: (?!\$\{)(\S+)", TEXT) == []


@pytest.mark.parametrize("name", ["redis", "mysqld-exporter", "postgres-exporter"])
def test_no_password_stands_on_a_command_line(compose, tmp_path, name):
    """A shell may write it into a file; what is run at last does not name it."""
    row = compose["services"][name]
    command = [filled_in(word, example()) for word in row.get("command", [])]
    if command[:2] == ["sh", "-c"]:
        (tmp_path / "redis-server").write_text('#!/bin/sh\necho "$@"; cat "$1"\n')
        (tmp_path / "redis-server").chmod(0o755)
        script = command[2].replace("/tmp/redis.conf", f"{tmp_path}/redis.conf")  # noqa: S108
        said = run("sh", "-c", script, env={"PATH": f"{tmp_path}:/usr/bin:/bin", "REDIS_PASSWORD": "a long secret"})
        command, written = said.split("\n", 1)
        assert written == "requirepass a long secret\nmaxmemory 256mb\nmaxmemory-policy allkeys-lru\n"
        assert (tmp_path / "redis.conf").stat().st_mode & 0o777 == 0o600

    assert "secret" not in str(command)


def test_the_example_names_all_it_needs_and_no_secret():
    given = parse_dotenv(EXAMPLE.read_text())

    assert {name for name in SECRETS if given[name] == ""} == SECRETS
    # The rest of the product's own variables is explained in .env.example.
    documented = (
        given.keys()
        | parse_dotenv((ROOT / ".env.example").read_text()).keys()
        | {"EVALTRACK_COMMIT", "EVALTRACK_SUBNET"}
    )
    assert {match[0] for match in INTERPOLATION.findall(TEXT)} <= documented


def test_the_example_says_the_defaults():
    assert filled_in(TEXT, example()) == filled_in(TEXT, {name: example()[name] for name in SECRETS})


def test_variables_are_ones_the_settings_read(compose, known_variables):
    assert set(compose["services"]["app"]["environment"]) - known_variables == set()


@needs_mysql_driver
@pytest.mark.parametrize(
    "variables",
    [{}, {"APP_ENV": "production", "APP_URL": "https://evaltrack.company.com", "APP_HOST": "evaltrack.company.com"}],
    ids=["local", "production"],
)
def test_the_program_starts_with_them(compose, settings_of, variables):
    environment = compose["services"]["app"]["environment"]

    settings = settings_of(**{name: filled_in(value, example(**variables)) for name, value in environment.items()})

    assert settings.FAULTS == []
    assert settings.DATABASES["business"]["HOST"] == "mysql"
    assert settings.EMAIL_HOST == "mailpit"


def test_files_and_volumes_it_mounts_exist(compose):
    for row in compose["services"].values():
        for volume in row.get("volumes", []):
            source = filled_in(volume, {}).split(":")[0]
            if source.startswith("./"):
                assert source == "./tls" or (ROOT / source).exists(), source
            elif not source.startswith("/"):
                assert source in compose["volumes"]


def backup_settings(compose, monkeypatch, **variables):
    """What deploy/backup and deploy/restore read there, with what the image sets."""
    environment = compose["services"]["backup"]["environment"] | {"ENV_FILE": "none"}
    for name, value in environment.items():
        monkeypatch.setenv(name, filled_in(value, example(**variables)))
    return load_settings()


def test_backups_of_compose_are_set_as_everywhere(compose, monkeypatch):
    defaults = backup_settings(compose, monkeypatch)
    said = {
        "BACKUP_RECIPIENTS": "age1one,age1two",
        "BACKUP_KEY_FILE": "/media/key/evaltrack.key",
        "BACKUP_KEEP_DAYS": "30",
        "BACKUP_KEEP_AT_LEAST": "3",
        "BACKUP_COPY_COMMAND": 'cp -a "$1" /far/',
    }
    settings = backup_settings(compose, monkeypatch, **said)

    assert (defaults.recipients, defaults.key_file, defaults.copy_command) == ([], None, "")
    assert (defaults.keep_days, defaults.keep_at_least) == (14, 7)
    assert settings.recipients == ["age1one", "age1two"]
    assert (settings.keep_days, settings.keep_at_least) == (30, 3)
    assert settings.copy_command == 'cp -a "$1" /far/'
    # The key is mounted where the program looks for it, and is nothing where there is none.
    (secret,) = compose["services"]["backup"]["secrets"]
    assert str(settings.key_file) == f"/run/secrets/{secret}"
    file = compose["secrets"][secret]["file"]
    assert filled_in(file, example(**said)) == said["BACKUP_KEY_FILE"]
    assert filled_in(file, example()) == "/dev/null"


def test_node_exporter_reads_what_backups_leave(compose, monkeypatch):
    folder = str(backup_settings(compose, monkeypatch).metrics_folder)
    exporter = compose["services"]["node-exporter"]
    mounted = {
        name: dict(v.split(":")[:2] for v in compose["services"][name]["volumes"])
        for name in ("backup", "node-exporter")
    }

    assert f"--collector.textfile.directory={folder}" in exporter["command"]
    assert mounted["backup"]["backup_metrics"] == mounted["node-exporter"]["backup_metrics"] == folder
    # The volume takes its owner from the image's folder: the program's user writes, node exporter's reads.
    assert f"install -d -o evaltrack -g evaltrack {folder}\n" in (ROOT / "Dockerfile").read_text()


def test_node_exporter_does_not_take_its_own_network_for_the_hosts(compose):
    """Both collectors have node_network_…, of the network that the process is in."""
    exporter = compose["services"]["node-exporter"]

    assert exporter["networks"] == ["inside"]
    assert {"--no-collector.netdev", "--no-collector.netclass"} <= set(exporter["command"])


def test_the_programs_user_may_rehearse_a_restore(compose, tmp_path):
    """The image of MySQL runs what is in this folder once its databases and users are made, as root."""
    (script,) = [
        source
        for source, target, _mode in (
            row.split(":") for row in compose["services"]["mysql"]["volumes"] if row.count(":") == 2
        )
        if target.startswith("/docker-entrypoint-initdb.d/")
    ]
    (tmp_path / "mysql").write_text('#!/bin/sh\n[ "$MYSQL_PWD" = "a long secret" ] && printf "%s\\n" "$@"\n')
    (tmp_path / "mysql").chmod(0o755)
    environment = {
        name: filled_in(value, example()) for name, value in compose["services"]["mysql"]["environment"].items()
    }

    said = run(str(ROOT / script), env=environment | {"PATH": f"{tmp_path}:/usr/bin:/bin"})

    user, statement = said.splitlines()
    assert user == "--user=root"
    assert statement == "--execute=GRANT ALL ON `evaltrack_business_rehearsal`.* TO 'evaltrack_user'@'%'"
    assert "a long secret" not in said


def test_prometheus_asks_services_that_are_there(compose):
    text = (ROOT / "deploy" / "monitoring" / "prometheus.yml").read_text()
    asked = set(re.findall(r'"(?:https://)?([a-z-]+):\d+', text)) - {"localhost"}

    assert asked == (MONITORING | {"app", "nginx"}) - {"prometheus", "grafana"}
