import socket
import struct
import subprocess
import sys
from contextlib import contextmanager
from threading import Thread

import pytest

from backoffice.checks import server_faults, version_fault
from tests.backoffice.conftest import KEY, PRODUCTION, ROOT, SYSTEM, needs_mysql_driver


def faults_in(message):
    return [line.removeprefix("  - ") for line in message.splitlines() if line.startswith("  - ")]


@pytest.mark.parametrize("environment", ["qa", "staging", "production"])
def test_all_faults_come_in_one_message(manage, environment):
    result = manage(
        "check",
        APP_ENV=environment,
        APP_KEY="base64:your-app-key-here",
        APP_DEBUG="true",
        APP_URL="http://people.example.com",
        DB_CONNECTION="sqlite",
        DB_PGSQL_PASSWORD="secure_password_here",
        DB_PASSWORD="Password",
        REDIS_PASSWORD="redis_password_here",
        MAIL_HOST="smtp.example.com",
        MAIL_PASSWORD="mail_password_here",
        MAIL_PORT="smtp",
        LOG_LEVEL="loud",
    )

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Cannot start with APP_ENV={environment}:\n")
    assert "Traceback" not in result.stderr
    assert faults_in(result.stderr) == [
        "MAIL_PORT=smtp is not a whole number.",
        "LOG_LEVEL=loud is not one of debug, info, notice, warning, error, critical, alert, emergency.",
        "APP_KEY is the example's; `make key` prints a new one.",
        "DB_PGSQL_PASSWORD is an example's password.",
        "DB_PASSWORD is an example's password.",
        "REDIS_PASSWORD is an example's password.",
        "MAIL_PASSWORD is an example's password.",
        "APP_DEBUG=true shows the code to everybody.",
        "APP_URL=http://people.example.com does not begin with https://.",
        "DB_CONNECTION must be pgsql: PostgreSQL for identity and MySQL or MariaDB for business data.",
    ]


def test_nothing_set_at_all_is_refused_in_production(settings_of):
    assert settings_of(APP_ENV="production").FAULTS == [
        "MAIL_HOST is missing, and MAIL_MAILER is smtp.",
        "APP_KEY is missing; `make key` prints a new one.",
        "APP_URL=http://localhost:8000 does not begin with https://.",
        "DB_CONNECTION must be pgsql: PostgreSQL for identity and MySQL or MariaDB for business data.",
    ]


def test_default_passwords_are_found_in_mounted_files(settings_of, tmp_path):
    (tmp_path / "secret").write_text("secure_password_here\n")
    variables = PRODUCTION | {"DB_PASSWORD_FILE": str(tmp_path / "secret")}
    del variables["DB_PASSWORD"]

    assert settings_of(**variables).FAULTS == ["DB_PASSWORD is an example's password."]


def test_demo_local_and_testing_start_with_nothing_set(settings_of):
    assert [settings_of(APP_ENV=name).FAULTS for name in ("demo", "local", "testing")] == [[], [], []]


def test_the_web_process_does_not_start_either():
    result = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "--bind", "127.0.0.1:0"],
        env=SYSTEM | {"ENV_FILE": "none", "APP_ENV": "production"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 1
    assert result.stderr.startswith("Cannot start with APP_ENV=production:\n")
    assert "Traceback" not in result.stderr


@needs_mysql_driver
def test_the_plans_file_boots_with_real_values(manage, tmp_path):
    example = (ROOT / "deploy" / "prod.env.example").read_text()
    text = (
        example.replace("base64:your-app-key-here", KEY)
        .replace("secure_password_here", "9c1e-long")
        .replace("redis_password_here", "77aa-long")
        .replace("mail_password_here", "51bd-long")
        .replace("-prod.company.com", "-prod.invalid")
    )
    (tmp_path / "prod.env").write_text(text)

    result = manage("check", "--deploy", "--fail-level", "WARNING", ENV_FILE=str(tmp_path / "prod.env"))
    settings = manage("diffsettings", ENV_FILE=str(tmp_path / "prod.env")).stdout

    assert (result.returncode, result.stderr) == (0, "")
    assert "_here" not in text
    for line in [
        "APP_NAME = 'EvalTrack'",
        "ALLOWED_HOSTS = ['evaltrack.company.com']",
        f"APP_KEY = '{KEY}'",
        "DEFAULT_FROM_EMAIL = 'EvalTrack System <noreply@company.com>'",
        "EMAIL_USE_TLS = True",
        "TIME_ZONE = 'America/Caracas'",
    ]:
        assert line in settings


@needs_mysql_driver
def test_the_plans_file_is_refused_as_it_is(manage):
    unreachable = {"DB_PGSQL_HOST": "127.0.0.1", "DB_PGSQL_PORT": "1", "DB_HOST": "127.0.0.1", "DB_PORT": "1"}

    result = manage("check", ENV_FILE=str(ROOT / "deploy" / "prod.env.example"), **unreachable)

    assert faults_in(result.stderr) == [
        "APP_KEY is the example's; `make key` prints a new one.",
        "DB_PGSQL_PASSWORD is an example's password.",
        "DB_PASSWORD is an example's password.",
        "REDIS_PASSWORD is an example's password.",
        "MAIL_PASSWORD is an example's password.",
    ]


@pytest.mark.parametrize(
    ("product", "found", "fault"),
    [
        ("PostgreSQL", "13.14", "PostgreSQL 13.14 found, 14 or newer needed."),
        ("PostgreSQL", "14.0", ""),
        ("PostgreSQL", "17.2", ""),
        ("MySQL", "8.0.10", "MySQL 8.0.10 found, 8.0.11 or newer needed."),
        ("MySQL", "8.0.11", ""),
        ("MySQL", "8.4.0-commercial", ""),
        ("MySQL", "5.7.44-log", "MySQL 5.7.44 found, 8.0.11 or newer needed."),
        ("MariaDB", "10.5.29-MariaDB-1:10.5.29+maria~deb11", "MariaDB 10.5.29 found, 10.6 or newer needed."),
        ("MariaDB", "10.6.0-MariaDB", ""),
        ("MariaDB", "11.8.2-MariaDB-log", ""),
    ],
)
def test_an_old_server_is_named_in_one_sentence(product, found, fault):
    assert version_fault(product, found) == fault


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


@contextmanager
def postgresql_of_version(version):
    """A server that speaks just enough of PostgreSQL's protocol to log somebody in."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                while data := client.recv(1024):
                    if data[4:8] in (struct.pack("!I", 80877103), struct.pack("!I", 80877104)):
                        client.sendall(b"N")  # neither TLS nor GSSAPI
                        continue
                    client.sendall(
                        message(b"R", struct.pack("!I", 0))
                        + message(b"S", b"server_version\0" + version + b"\0")
                        + message(b"S", b"client_encoding\0UTF8\0")
                        + message(b"Z", b"I")
                    )
                    client.recv(1024)
                    break

    thread = Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield str(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=5)


@needs_mysql_driver
def test_a_too_old_server_stops_the_start_with_the_other_faults(manage):
    with postgresql_of_version(b"13.9") as port:
        result = manage("check", **PRODUCTION | {"DB_PGSQL_PORT": port, "APP_DEBUG": "true"})

    assert result.returncode == 1
    assert faults_in(result.stderr) == [
        "APP_DEBUG=true shows the code to everybody.",
        "PostgreSQL 13.9 found, 14 or newer needed.",
    ]


@needs_mysql_driver
def test_a_new_enough_server_starts(manage):
    with postgresql_of_version(b"14.0") as port:
        result = manage("check", **PRODUCTION | {"DB_PGSQL_PORT": port})

    assert result.returncode == 0


@pytest.mark.servers
@pytest.mark.django_db
def test_the_real_servers_are_asked_and_new_enough():
    assert server_faults() == []
