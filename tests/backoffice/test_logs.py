"""What stands in logs, and what never does. Channels, levels and files: test_settings.py."""

import json
import logging
import logging.config
from decimal import Decimal

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, OperationalError, connection
from django.test import Client, override_settings

from backoffice.env import Environment
from backoffice.logs import logging_settings
from core.context import changing
from core.tracebacks import kind_of, without_messages
from hr.models import Employee
from tests.factories import make_employee, make_user

logger = logging.getLogger("hr.somewhere")
stranger = logging.getLogger("a_library.somewhere")

SENTINELS = {
    "name": "Zoraida-Sentinel",
    "national id": "V-87654321",
    "e-mail": "zoraida.sentinel@example.org",
    "password": "Pass-Sentinel-5",
    "token": "token-sentinel-6",
}


class Log:
    """What is written with LOG_FORMAT=json, of every level."""

    def __init__(self, path):
        self.path = path

    def text(self):
        return self.path.read_text()

    def lines(self, **wanted):
        """Those with these values, one after the other."""
        lines = [json.loads(line) for line in self.text().splitlines()]
        return [line for line in lines if wanted.items() <= line.items()]


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "here.log"
    variables = {"LOG_CHANNEL": "single", "LOG_PATH": str(path), "LOG_LEVEL": "debug"}
    logging.config.dictConfig(logging_settings(Environment(variables), data_dir=tmp_path, protected=True))
    path.touch()
    yield Log(path)
    logging.config.dictConfig(settings.LOGGING)


def failing(monkeypatch, error):
    """Every list of employees fails like this."""

    def fail(*args):
        raise error

    monkeypatch.setattr("hr.admin.employees.EmployeeAdmin.get_queryset", fail)


# --- How a line looks -------------------------------------------------------------------------------------------------
def test_a_line_is_one_object(log):
    logger.warning("load %s failed\nbadly", 7)

    [line] = log.lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {"message": "load 7 failed\nbadly", "level": "warning", "logger": "hr.somewhere"}


def test_a_line_of_a_job_names_it(log):
    with changing(user_id=5, job_id=9, request_id=""):
        logger.info("written")

    [line] = log.lines()
    assert (line["user_id"], line["job_id"], "request_id" in line) == (5, 9, False)


def test_libraries_tell_their_text_and_numbers_alone(log):
    stranger.warning("%s was locked out after %d failures, %.1f s", "ana", 5, 2.5)
    stranger.warning("%(who)s failed %(times)d times", {"who": "ana", "times": 3})
    stranger.warning("%.1f", Decimal("2.5"))
    stranger.warning("100 % of it")
    stranger.warning(str(ValueError("Zoraida")), exc_info=ValueError("Zoraida"))

    assert [line["message"] for line in log.lines()] == [
        "… was locked out after 5 failures, 2.5 s",
        "… failed 3 times",
        "%.1f",
        "100 % of it",
        "ValueError",
    ]


def test_an_error_is_its_kind_and_its_places(log):
    try:
        try:
            int("Zoraida")
        except ValueError as error:
            raise IntegrityError(1062, "Duplicate entry 'Zoraida'") from error
    except IntegrityError:
        logger.exception("not written")

    [line] = log.lines()
    first, second = line["exception"].split("which led to:")
    assert first.strip().endswith("ValueError")
    assert second.endswith("django.db.utils.IntegrityError: 1062")
    assert "test_logs.py" in first


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("Zoraida"), "ValueError"),
        (FileNotFoundError(2, "No such file", "Zoraida.csv"), "FileNotFoundError: No such file or directory"),
        (OperationalError("server closed the connection\nDETAIL: Zoraida"), None),
        (OperationalError(2006, "Server has gone away"), "django.db.utils.OperationalError: 2006"),
        (IntegrityError("UNIQUE constraint failed"), "django.db.utils.IntegrityError"),
    ],
)
def test_what_is_told_of_an_error(error, told):
    assert kind_of(error) == (told or "django.db.utils.OperationalError: server closed the connection")
    assert "Zoraida" not in without_messages(error)


def test_people_read_lines(tmp_path):
    path = tmp_path / "here.log"
    variables = {"LOG_CHANNEL": "single", "LOG_PATH": str(path)}
    logging.config.dictConfig(logging_settings(Environment(variables), data_dir=tmp_path, protected=False))
    with changing(user_id=5):
        stranger.warning("%s failed", "ana")
    logging.config.dictConfig(settings.LOGGING)

    assert path.read_text().split(" ", 2)[2] == "WARNING a_library.somewhere: ana failed [user_id=5]\n"


# --- A request --------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_every_line_of_a_request_has_its_id_and_its_user(client, log):
    user = make_user("ana", role="HR manager")
    client.force_login(user)
    log.path.write_text("")

    response = client.get("/hr/employee/", headers={"X-Request-ID": "from-the-proxy"})

    lines = log.lines()
    assert response["X-Request-ID"] == "from-the-proxy"
    assert [line for line in lines if line.get("request_id") != "from-the-proxy"] == []
    [finished] = log.lines(message="request_finished")
    assert (finished["user_id"], finished["code"], finished["request"]) == (
        user.pk,
        200,
        "GET admin:hr_employee_changelist",
    )
    assert 0 < finished["seconds"] < 30


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["", "x" * 65, "two words", "ñ"])
def test_a_request_has_an_id_of_its_own_if_the_proxy_s_is_none(client, log, given):
    answered = client.get("/login/", headers={"X-Request-ID": given})["X-Request-ID"]

    assert len(answered) == 32
    assert log.lines(message="request_finished")[0]["request_id"] == answered


@pytest.mark.django_db
def test_a_request_that_fails_is_one_line_with_its_places(log, monkeypatch):
    user = make_user("ana", role="HR manager")
    client = Client(raise_request_exception=False)
    client.force_login(user)
    failing(monkeypatch, ValueError("Zoraida"))

    assert client.get("/hr/employee/", headers={"X-Request-ID": "one"}).status_code == 500

    [line] = log.lines(level="error")
    assert (line["message"], line["request_id"], line["user_id"]) == ("request_failed", "one", user.pk)
    assert line["exception"].endswith("\nValueError")
    assert "Zoraida" not in log.text()


@pytest.mark.django_db
def test_a_request_that_cannot_look_up_its_user_is_logged(log):
    client = Client(raise_request_exception=False)
    client.force_login(make_user("ana", role="HR manager"))

    def lost(*args):
        raise OperationalError("server closed the connection unexpectedly")

    with connection.execute_wrapper(lost):
        assert client.get("/hr/employee/", headers={"X-Request-ID": "one"}).status_code == 500

    [line] = log.lines(message="request_failed")
    assert (line["level"], line["code"], line["request_id"]) == ("error", 500, "one")
    assert line["exception"].endswith("django.db.utils.OperationalError: server closed the connection unexpectedly")


@pytest.mark.django_db
def test_the_next_request_of_a_thread_is_nobody_s(client, log):
    client.force_login(make_user("ana"))
    client.get("/")
    log.path.write_text("")

    Client().get("/login/")

    assert {line.get("user_id") for line in log.lines()} == {None}


# --- What never stands anywhere ---------------------------------------------------------------------------------------
def found_in(text):
    return [what for what, value in SENTINELS.items() if value.lower() in text.lower()]


def knock(client, monkeypatch):
    """Sends the sentinels in every way that people send such things; returns the answers that are errors."""
    name, number, mail, password, token = SENTINELS.values()
    user = make_user("loader", role="HR manager", full_name=name, email=mail)
    client.force_login(user)
    person = make_employee(name, name, country="VE", national_id=number, work_email=mail)
    client.get("/hr/employee/", {"q": name})
    client.get(f"/hr/employee/{person.pk}/change/")
    client.get(f"/hr/employee/?national_id__exact={number}")
    client.get(f"/{name}/{mail}/")
    file = SimpleUploadedFile(f"{name}.csv", f"Nombre;Cédula\n{name};{number}\n".encode())
    client.post("/hr/employee/import/", {"file": file, "resource": "employees"})
    client.post("/hr/employee/add/", {"first_name": name, "national_id": number, "work_email": mail})
    with override_settings(ALLOWED_HOSTS=["people.example.com"]):
        wrong_host = client.get("/login/", HTTP_HOST=f"{name}.example.org")
    anybody = Client(raise_request_exception=False, enforce_csrf_checks=True)
    for _ in range(7):
        Client().post("/login/", {"username": mail, "password": password})
    anybody.get(f"/invitation/{token}/")
    forged = anybody.post("/login/", {"username": mail, "password": password}, headers={"Referer": f"http://{name}/"})
    anybody.get("/metrics", headers={"Authorization": f"Bearer {token}", "X-Forwarded-For": name})
    anybody.get("/health/ready", headers={"Authorization": f"Bearer {token}"})
    stored = Employee.objects.values().get(pk=person.pk)
    client.cookies["x"], broken = token, []
    for error in (
        ValueError(f"{stored}"),
        IntegrityError(f"Key (work_email)=({mail}) already exists."),
        RuntimeError(f"{password} {token}"),
    ):
        failing(monkeypatch, error)
        broken.append(client.get("/hr/employee/", {"q": name}))
    logger.error("load %s failed", 5, exc_info=ValueError(name))
    return [wrong_host, forged, *broken]


@pytest.mark.django_db
def test_logs_error_pages_mails_and_metrics_name_nobody(log, monkeypatch, mailoutbox, capfd):
    client = Client(raise_request_exception=False)

    errors = knock(client, monkeypatch)

    statuses = [response.status_code for response in errors]
    assert statuses == [400, 403, 500, 500, 500]
    assert len(log.lines(message="request_failed")) == 3
    assert found_in(log.text()) == []
    assert capfd.readouterr() == ("", "")
    assert [found_in(response.content.decode()) for response in errors] == [[]] * len(errors)
    assert found_in(client.get("/metrics").content.decode()) == []
    assert mailoutbox == []


def test_the_sentinels_would_be_found():
    assert found_in(json.dumps({"exception": f"… {' '.join(SENTINELS.values())} …"})) == list(SENTINELS)
