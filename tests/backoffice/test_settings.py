"""One test per variable of .env.example. Those of the databases, the cache and the start's refusal on real servers are
in test_databases, test_cache and test_start_refusal; those of the web process in test_gunicorn."""

import logging
import logging.config
import re
import subprocess
import sys
import tomllib
from datetime import date, timedelta

import pytest
from django.core.mail import get_connection
from django.test import override_settings

from backoffice.logs import DailyFileHandler
from backoffice.version import commit_in
from tests.backoffice.conftest import KEY, PRODUCTION, ROOT, SYSTEM


def test_app_name(settings_of):
    assert settings_of().APP_NAME == "EvalTrack"
    assert settings_of(APP_NAME="Talento").APP_NAME == "Talento"
    assert settings_of(APP_NAME="Talento").DEFAULT_FROM_EMAIL == "Talento <noreply@localhost>"


def test_app_env(settings_of):
    assert settings_of().APP_ENV == "local"
    assert [settings_of(APP_ENV=name).PROTECTED for name in ("demo", "testing", "qa", "staging", "production")] == [
        False,
        False,
        True,
        True,
        True,
    ]
    assert settings_of(APP_ENV="prod").FAULTS == [
        "APP_ENV=prod is not one of demo, local, testing, qa, staging, production."
    ]


def test_a_forgotten_app_env_does_not_open_the_real_databases(settings_of):
    assert settings_of(DB_CONNECTION="pgsql").FAULTS == ["APP_ENV is missing."]


def test_app_key_is_taken_verbatim(settings_of):
    assert settings_of(APP_KEY=KEY).SECRET_KEY == KEY


def test_app_key_from_a_mounted_file(settings_of, tmp_path):
    (tmp_path / "key").write_text(KEY + "\n")

    assert settings_of(APP_KEY_FILE=tmp_path / "key").SECRET_KEY == KEY


@pytest.mark.parametrize("environment", ["demo", "production"])
def test_a_short_app_key_is_a_fault(settings_of, environment):
    faults = settings_of(**PRODUCTION | {"APP_ENV": environment, "APP_KEY": "k" * 49}).FAULTS

    assert faults == ["APP_KEY has 49 characters, 50 are needed; `make key` prints a new one."]


def test_app_debug(settings_of):
    assert settings_of().DEBUG is False
    assert settings_of(APP_DEBUG="true").DEBUG is True


def test_app_url_gives_host_origin_and_cookies(settings_of):
    settings = settings_of(**PRODUCTION | {"APP_URL": "https://people.example.com:8443/"})

    assert settings.APP_URL == "https://people.example.com:8443"
    assert settings.ALLOWED_HOSTS == ["people.example.com"]
    assert settings.CSRF_TRUSTED_ORIGINS == ["https://people.example.com:8443"]
    assert (settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE) == (True, True)
    assert settings_of(APP_URL="http://localhost:8000").SESSION_COOKIE_SECURE is False


def test_port_is_where_the_default_app_url_points(settings_of):
    assert settings_of(PORT="8123").APP_URL == "http://localhost:8123"


def test_app_timezone(settings_of):
    assert settings_of().TIME_ZONE == "America/Caracas"
    assert settings_of(APP_TIMEZONE="Europe/Madrid").TIME_ZONE == "Europe/Madrid"
    assert settings_of(APP_TIMEZONE="Mars/Base").FAULTS == ["APP_TIMEZONE=Mars/Base is not a time zone."]


def test_app_data_dir(settings_of, tmp_path):
    settings = settings_of(APP_DATA_DIR=tmp_path / "kept")

    assert settings.DATABASES["default"]["NAME"] == tmp_path / "kept" / "identity.sqlite3"
    assert settings.DATABASES["business"]["NAME"] == tmp_path / "kept" / "business.sqlite3"
    assert settings_of(APP_DATA_DIR="data").APP_DATA_DIR == ROOT / "data"


def test_employee_code_pattern(settings_of):
    assert settings_of().EMPLOYEE_CODE_PATTERN == "EMP-#####"
    assert settings_of(EMPLOYEE_CODE_PATTERN="th###").EMPLOYEE_CODE_PATTERN == "TH###"
    assert settings_of(EMPLOYEE_CODE_PATTERN="TH").FAULTS == [
        "EMPLOYEE_CODE_PATTERN=TH needs one run of # for the number."
    ]


def test_check_in_minutes(settings_of):
    assert (settings_of().CHECK_IN_OPENS_MINUTES, settings_of().CHECK_IN_LATE_MINUTES) == (30, 15)
    settings = settings_of(CHECK_IN_OPENS_MINUTES="5", CHECK_IN_LATE_MINUTES="0")
    assert (settings.CHECK_IN_OPENS_MINUTES, settings.CHECK_IN_LATE_MINUTES) == (5, 0)


def test_db_connection(settings_of):
    engines = {
        connection: [database["ENGINE"].rpartition(".")[2] for database in settings.DATABASES.values()]
        for connection in ("", "sqlite", "pgsql")
        if (settings := settings_of(APP_ENV="local", DB_CONNECTION=connection))
    }

    assert engines == {
        "": ["sqlite3", "sqlite3"],
        "sqlite": ["sqlite3", "sqlite3"],
        "pgsql": ["postgresql", "mysql"],
    }
    assert settings_of(DB_CONNECTION="mysql").FAULTS == ["DB_CONNECTION=mysql is not one of pgsql, sqlite."]


@pytest.mark.parametrize(
    ("prefix", "alias", "name", "port"),
    [("DB_PGSQL", "default", "evaltrack_users", 5432), ("DB", "business", "evaltrack_business", 3306)],
)
def test_each_server_has_its_own_variables(settings_of, prefix, alias, name, port):
    values = {"HOST": "db.example.com", "PORT": "7777", "DATABASE": "people", "USERNAME": "ana", "PASSWORD": "s3cret"}

    default = settings_of(APP_ENV="local", DB_CONNECTION="pgsql").DATABASES[alias]
    given = settings_of(
        APP_ENV="local", DB_CONNECTION="pgsql", **{f"{prefix}_{key}": value for key, value in values.items()}
    ).DATABASES[alias]

    keys = ["HOST", "PORT", "NAME", "USER", "PASSWORD"]
    assert [default[key] for key in keys] == ["127.0.0.1", port, name, "evaltrack_user", ""]
    assert [given[key] for key in keys] == ["db.example.com", 7777, "people", "ana", "s3cret"]


@pytest.mark.parametrize(("name", "alias"), [("DB_PGSQL_PASSWORD", "default"), ("DB_PASSWORD", "business")])
def test_database_passwords_from_mounted_files(settings_of, tmp_path, name, alias):
    (tmp_path / "secret").write_text("from a file\n")

    settings = settings_of(APP_ENV="local", DB_CONNECTION="pgsql", **{f"{name}_FILE": tmp_path / "secret"})

    assert settings.DATABASES[alias]["PASSWORD"] == "from a file"


def test_of_several_identity_servers_the_one_that_takes_writes(settings_of):
    server = {"APP_ENV": "local", "DB_CONNECTION": "pgsql"}

    one, several = (
        settings_of(**server, DB_PGSQL_HOST=hosts).DATABASES["default"] for hosts in ("a.example.com", "a,b")
    )

    assert (several["HOST"], several["OPTIONS"]["target_session_attrs"]) == ("a,b", "read-write")
    assert "target_session_attrs" not in one["OPTIONS"]


def test_db_replica(settings_of):
    server = {"APP_ENV": "local", "DB_CONNECTION": "pgsql", "DB_PORT": "7777", "DB_PASSWORD": "s3cret"}

    databases = settings_of(**server, DB_REPLICA_HOST="replica.example.com").DATABASES
    elsewhere = settings_of(**server, DB_REPLICA_HOST="db.example.com", DB_REPLICA_PORT="7778").DATABASES

    found = databases["business_replica"]
    assert [found[key] for key in ("HOST", "PORT", "NAME", "PASSWORD")] == [
        "replica.example.com", 7777, "evaltrack_business", "s3cret"
    ]  # fmt: skip
    # The suite makes no database of its own for it.
    assert found["TEST"] == {"MIRROR": "business"}
    assert elsewhere["business_replica"]["PORT"] == 7778
    assert list(settings_of(**server).DATABASES) == ["default", "business"]


def test_test_db_suffix(settings_of):
    databases = settings_of(APP_ENV="testing", DB_CONNECTION="pgsql", TEST_DB_SUFFIX="two").DATABASES

    assert [databases[alias]["TEST"]["NAME"] for alias in databases] == [
        "test_evaltrack_users_two",
        "test_evaltrack_business_two",
    ]


def test_redis_host_port_and_password(settings_of, tmp_path):
    (tmp_path / "secret").write_text("from a file\n")

    assert settings_of().CACHES["default"]["BACKEND"] == "django.core.cache.backends.db.DatabaseCache"
    cache = settings_of(REDIS_HOST="redis.example.com", REDIS_PORT="6380", REDIS_PASSWORD="s3cret").CACHES["default"]
    assert (cache["LOCATION"], cache["OPTIONS"]["PASSWORD"]) == ("redis://redis.example.com:6380/0", "s3cret")
    cache = settings_of(REDIS_HOST="redis", REDIS_PASSWORD_FILE=tmp_path / "secret").CACHES["default"]
    assert (cache["LOCATION"], cache["OPTIONS"]["PASSWORD"]) == ("redis://redis:6379/0", "from a file")


@pytest.mark.parametrize(
    ("mailer", "backend"),
    [
        ("smtp", "django.core.mail.backends.smtp.EmailBackend"),
        ("log", "django.core.mail.backends.console.EmailBackend"),
        ("file", "django.core.mail.backends.filebased.EmailBackend"),
        ("outbox", "core.mail.StoredMailBackend"),
        ("", "core.mail.StoredMailBackend"),
        ("Postmark", "anymail.backends.postmark.EmailBackend"),
    ],
)
def test_mail_mailer(settings_of, mailer, backend):
    settings = settings_of(MAIL_MAILER=mailer, MAIL_HOST="smtp.example.com", MAIL_API_KEY="k")

    assert (settings.EMAIL_BACKEND, settings.FAULTS) == (backend, [])


def test_mail_that_reaches_nobody_is_not_for_real_people(settings_of):
    assert settings_of(**PRODUCTION).EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend"
    assert settings_of(**PRODUCTION | {"MAIL_MAILER": "outbox"}).FAULTS == [
        "MAIL_MAILER=outbox sends nothing; it is for demo, local, testing."
    ]


@pytest.mark.parametrize(
    "provider",
    ["brevo", "mailersend", "mailgun", "mailtrap", "mandrill", "postmark", "resend", "sparkpost"],
)
def test_mail_api_key_reaches_every_provider(settings_of, provider):
    settings = settings_of(MAIL_MAILER=provider, MAIL_API_KEY="key-of-ours")

    with override_settings(ANYMAIL=settings.ANYMAIL):
        backend = get_connection(settings.EMAIL_BACKEND)

    assert "key-of-ours" in [getattr(backend, name, None) for name in ("api_key", "api_token", "server_token")]
    assert settings_of(MAIL_MAILER=provider).FAULTS == [f"MAIL_API_KEY is missing, and MAIL_MAILER is {provider}."]


def test_mail_webhook_secret(settings_of, tmp_path):
    (tmp_path / "secret").write_text("reports:s3cret\n")
    provider = {"MAIL_MAILER": "postmark", "MAIL_API_KEY": "k"}

    assert "WEBHOOK_SECRET" not in settings_of(**provider).ANYMAIL
    assert settings_of(**provider, MAIL_WEBHOOK_SECRET="reports:x").ANYMAIL["WEBHOOK_SECRET"] == "reports:x"
    settings = settings_of(**provider, MAIL_WEBHOOK_SECRET_FILE=tmp_path / "secret")
    assert settings.ANYMAIL["WEBHOOK_SECRET"] == "reports:s3cret"


def test_mail_host_port_username_and_password(settings_of, tmp_path):
    (tmp_path / "secret").write_text("from a file\n")

    settings = settings_of(MAIL_MAILER="smtp", MAIL_HOST="smtp.example.com", MAIL_PORT="2525", MAIL_USERNAME="ana")
    assert (settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_HOST_USER) == ("smtp.example.com", 2525, "ana")
    assert settings_of(MAIL_PASSWORD="s3cret").EMAIL_HOST_PASSWORD == "s3cret"
    assert settings_of(MAIL_PASSWORD_FILE=tmp_path / "secret").EMAIL_HOST_PASSWORD == "from a file"
    assert settings_of(MAIL_MAILER="smtp").FAULTS == ["MAIL_HOST is missing, and MAIL_MAILER is smtp."]


@pytest.mark.parametrize(
    ("encryption", "port", "starttls", "implicit"),
    [
        ("", "", True, False),
        ("tls", "587", True, False),
        ("tls", "465", False, True),
        ("ssl", "587", False, True),
        ("none", "1025", False, False),
        ("null", "1025", False, False),
    ],
)
def test_mail_encryption(settings_of, encryption, port, starttls, implicit):
    settings = settings_of(MAIL_ENCRYPTION=encryption, MAIL_PORT=port)

    assert (settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL) == (starttls, implicit)


def test_mail_from(settings_of):
    settings = settings_of(MAIL_FROM_ADDRESS="noreply@company.com", MAIL_FROM_NAME='"EvalTrack, the System"')

    assert settings.DEFAULT_FROM_EMAIL == '"EvalTrack, the System" <noreply@company.com>'
    assert settings_of(MAIL_FROM_ADDRESS="nobody").FAULTS == ["MAIL_FROM_ADDRESS=nobody is not an e-mail address."]


def write_log(**variables):
    """What a process of ours writes to stderr when it logs one line of each level."""
    code = (
        "import logging, django; django.setup(); log = logging.getLogger('x');"
        "[log.log(level, str(level)) for level in (10, 20, 25, 30, 40, 50)]"
    )
    environment = SYSTEM | {"ENV_FILE": "none", "DJANGO_SETTINGS_MODULE": "backoffice.settings"} | variables
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return re.findall(r" x: (\d+)", result.stderr)


@pytest.mark.parametrize(
    ("level", "lowest"),
    [
        ("debug", 10),
        ("info", 20),
        ("notice", 25),
        ("warning", 30),
        ("error", 40),
        ("critical", 50),
        ("alert", 50),
        ("emergency", 50),
    ],
)
def test_log_level_takes_the_eight_names_of_psr_3(settings_of, level, lowest):
    assert settings_of(LOG_LEVEL=level.upper()).LOGGING["root"]["level"] == lowest


def test_log_level_keeps_quieter_lines_out(tmp_path):
    assert write_log(APP_DATA_DIR=str(tmp_path), LOG_LEVEL="notice") == ["25", "30", "40", "50"]


@pytest.mark.parametrize(
    ("channel", "to_stderr", "to_file"), [("stderr", True, False), ("stack", True, True), ("single", False, True)]
)
def test_log_channel_and_log_path(tmp_path, channel, to_stderr, to_file):
    path = tmp_path / "logs" / "here.log"

    lines = write_log(APP_DATA_DIR=str(tmp_path), LOG_LEVEL="error", LOG_CHANNEL=channel, LOG_PATH=str(path))

    assert lines == (["40", "50"] if to_stderr else [])
    assert (path.exists() and len(path.read_text().splitlines()) == 2) is to_file


def test_log_channel_daily_writes_a_file_a_day(tmp_path):
    write_log(APP_DATA_DIR=str(tmp_path), LOG_LEVEL="error", LOG_CHANNEL="daily")

    file = tmp_path / "logs" / f"evaltrack-{date.today().isoformat()}.log"
    assert len(file.read_text().splitlines()) == 2


def test_daily_files_change_with_the_day_and_old_ones_go(tmp_path):
    (tmp_path / "app-2020-01-01.log").touch()
    handler = DailyFileHandler(str(tmp_path / "app.log"), days=2)
    handler.day = date.today() - timedelta(days=1)
    handler.baseFilename = str(handler.path_of(handler.day))
    handler.stream = handler._open()

    handler.handle(logging.makeLogRecord({"msg": "today"}))
    handler.close()

    files = {path.name: path.read_text() for path in tmp_path.iterdir()}
    today, yesterday = date.today().isoformat(), (date.today() - timedelta(days=1)).isoformat()
    assert files == {f"app-{yesterday}.log": "", f"app-{today}.log": "today\n"}


def test_a_log_path_that_cannot_be_made_is_a_fault(settings_of, tmp_path):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "deeper" / "app.log"

    assert settings_of(LOG_CHANNEL="single", LOG_PATH=path).FAULTS == [
        f"LOG_PATH={path}: cannot make its folder (NotADirectoryError)."
    ]


def test_log_format(settings_of):
    forms = {
        (environment, form): settings.LOGGING["formatters"]["ours"]["form"]
        for environment in ("local", "production")
        for form in ("", "json")
        if (settings := settings_of(**PRODUCTION | {"APP_ENV": environment, "LOG_FORMAT": form}))
    }

    assert forms == {
        ("local", ""): "line",
        ("local", "json"): "json",
        ("production", ""): "json",
        ("production", "json"): "json",
    }
    assert settings_of(**PRODUCTION | {"LOG_FORMAT": "line"}).FAULTS == [
        "LOG_FORMAT=line writes down what people typed; it is for demo, local, testing."
    ]


def test_app_version(settings_of):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert settings_of().APP_VERSION == project["version"]
    assert settings_of(APP_VERSION="1.2.0-3-gabc").APP_VERSION == "1.2.0-3-gabc"


def test_app_colour(settings_of):
    assert (settings_of().APP_COLOUR, settings_of(APP_COLOUR="Green").APP_COLOUR) == ("", "green")
    assert settings_of(APP_COLOUR="red").FAULTS == ["APP_COLOUR=red is not one of blue, green."]


def test_app_commit(settings_of, tmp_path):
    assert settings_of(APP_COMMIT="a1b2c3d4e5f6").APP_COMMIT == "a1b2c3d4e5f6"
    assert settings_of().APP_COMMIT == commit_in(ROOT)
    assert commit_in(tmp_path) == ""
    (tmp_path / "COMMIT").write_text("a1b2c3d4e5f6\n")
    assert commit_in(tmp_path) == "a1b2c3d4e5f6"


def test_monitoring_token(settings_of, tmp_path):
    (tmp_path / "token").write_text("from a file\n")

    assert settings_of().MONITORING_TOKEN == ""
    assert settings_of(MONITORING_TOKEN_FILE=tmp_path / "token").MONITORING_TOKEN == "from a file"
    assert settings_of(**PRODUCTION | {"MONITORING_TOKEN": "token_here"}).FAULTS == [
        "MONITORING_TOKEN is an example's password."
    ]


def test_monitoring_networks(settings_of):
    private = ["127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]

    assert settings_of().MONITORING_NETWORKS == private
    assert settings_of(MONITORING_NETWORKS="192.0.2.1, 2001:db8::/32").MONITORING_NETWORKS == [
        "192.0.2.1",
        "2001:db8::/32",
    ]
    wrong = settings_of(MONITORING_NETWORKS="10.0.0.1/8")
    assert wrong.FAULTS == ["MONITORING_NETWORKS: 10.0.0.1/8 is neither an address nor a network."]
    assert wrong.MONITORING_NETWORKS == private


def test_otel_service_name(settings_of):
    assert (settings_of().OTLP_SERVICE_NAME, settings_of(OTEL_SERVICE_NAME="qa").OTLP_SERVICE_NAME) == (
        "evaltrack",
        "qa",
    )


def test_trusted_proxies(settings_of):
    assert settings_of().TRUSTED_PROXIES == ["127.0.0.1", "::1"]
    assert settings_of(TRUSTED_PROXIES="10.0.0.0/8,192.0.2.1").TRUSTED_PROXIES == ["10.0.0.0/8", "192.0.2.1"]


def variables_read():
    """The names that the code asks the environment for."""
    files = [*(ROOT / "backoffice").glob("*.py"), ROOT / "deploy" / "gunicorn.conf.py"]
    call = re.compile(
        r"""env\.(?:text|secret|flag|number|limit|port|choice|items|networks|pairs)\(\s*["']([A-Z_]+)["']"""
    )
    return {name for file in files for name in call.findall(file.read_text())} | {"ENV_FILE"}


def test_every_variable_is_explained():
    example = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    page = set(re.findall(r"`([A-Z][A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text()))

    assert sorted(example) == sorted(variables_read() - {"PYTEST_XDIST_WORKER"})
    assert set(example) <= page
