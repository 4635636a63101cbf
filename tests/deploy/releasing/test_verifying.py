"""What is asked of a colour, asked of the program itself."""

from dataclasses import replace

import pytest
from django.test import Client
from releasing.backends import Answer
from releasing.readings import fault_of
from releasing.settings import Settings, Verify
from releasing.verifying import Visit, version_fault

from core import roles
from tests.core.conftest import PASSWORD, make_user, synced_roles  # noqa: F401  (a fixture)

SITE = "people.example.com"


class Program:
    """The program as a backend: each request by a client that remembers nothing."""

    name = "green 1"

    def ask(self, path, *, method="GET", headers=None, body=""):
        client = Client(enforce_csrf_checks=True, headers={"Host": SITE, **(headers or {})})
        kind = (headers or {}).get("Content-Type", "text/plain")
        response = client.generic(method, path, body, content_type=kind, secure=True)
        cookies = [("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values()]
        return Answer(response.status_code, b"".join(response).decode("utf-8", "replace"), cookies, 0.1)


@pytest.fixture
def visit(tmp_path):
    (tmp_path / "password").write_text(f"{PASSWORD}\n")

    def go(**wanted):
        verify = replace(Verify(), password_file=tmp_path / "password", **wanted)
        return Visit(Program(), Settings(site=SITE, verify=verify))

    return go


def test_the_program_has_the_pages(db, visit):
    visit = visit()

    assert (visit.fault_of_pages(), visit.fault_of_speed()) == ("", "")


def test_somebody_who_may_look_sees_the_pages_inside(synced_roles, visit):  # noqa: F811
    make_user("smoke", roles.AUDITOR)

    assert visit(user="smoke").fault_of_pages() == ""


def test_a_page_he_may_not_see_is_a_fault(synced_roles, visit):  # noqa: F811
    make_user("smoke", roles.EMPLOYEE)

    assert visit(user="smoke").fault_of_pages() == "/hr/employee/ answers 403, not 200"


def test_a_wrong_password_is_a_fault(synced_roles, visit, tmp_path):  # noqa: F811
    make_user("smoke", roles.AUDITOR)
    (tmp_path / "password").write_text("other")

    assert visit(user="smoke").fault_of_pages() == "smoke cannot log in: /login/ answers 200"


def test_a_password_that_is_nowhere_is_a_fault(db, visit, tmp_path):
    (tmp_path / "password").unlink()

    assert visit(user="smoke").fault_of_pages().startswith("the password of smoke cannot be read: ")


def test_readiness_and_version_are_read_as_the_program_writes_them(settings, db):
    program = Program()
    settings.MONITORING_TOKEN = "sesame"
    plain = program.ask
    program.ask = lambda path: plain(path, headers={"Authorization": "Bearer sesame"})

    assert fault_of(program) == ""
    assert version_fault(program, settings.APP_VERSION) == ""
    assert version_fault(program, "9.9.9") == f"it runs version {settings.APP_VERSION}, not 9.9.9"
