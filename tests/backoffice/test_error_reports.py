import json

import pytest

from backoffice.error_reports import stripped
from tests.backoffice.receiving import receiver

FAIL = """
import logging
from django.test import Client
import core.auth, sentry_sdk

def fail(name):
    raise ValueError(f"{name} is not known")

core.auth.find_user = fail
client = Client(raise_request_exception=False)
client.cookies["x"] = "cookie-sentinel"
answer = client.post(
    "/login/?next=/query-sentinel/",
    {"username": "name-sentinel", "password": "password-sentinel"},
    headers={"X-Request-ID": "the-request", "Authorization": "Bearer token-sentinel"},
)
logging.getLogger("hr.somewhere").error("load %s failed", "argument-sentinel")
logging.getLogger("a_library").error("template-sentinel")
sentry_sdk.flush()
print(answer.status_code)
"""


def events_in(received):
    """The events of Sentry's envelopes: a line about each item, and the item."""
    lines = [line for _path, _headers, body in received for line in body.decode().splitlines()]
    items = [json.loads(line) for line in lines]
    return [item for item in items if "event_id" in item and "platform" in item]


def test_an_error_is_reported_without_what_people_sent(manage):
    with receiver() as (port, received):
        result = manage(
            "shell", "--verbosity", "0", "-c", FAIL, SENTRY_DSN=f"http://key@127.0.0.1:{port}/7", APP_COLOUR="blue"
        )

    assert result.stdout.split() == ["500"], result.stderr
    failed, told, of_library = events_in(received)
    [error] = failed["exception"]["values"]
    assert (error["type"], error["stacktrace"]["frames"][-1]["function"]) == ("ValueError", "fail")
    assert "value" not in error
    assert failed["tags"] == {"request_id": "the-request", "colour": "blue"}
    assert failed["release"].startswith("evaltrack@")
    assert (told["logger"], told["logentry"]) == ("hr.somewhere", {"message": "load %s failed"})
    assert (of_library["logger"], "logentry" in of_library) == ("a_library", False)
    sent = "".join(body.decode() for _path, _headers, body in received)
    code = [line for line in sent.splitlines() if "sentinel" in line]
    assert code == []


def test_without_a_dsn_the_sdk_is_not_even_loaded(manage):
    result = manage("shell", "--verbosity", "0", "-c", "import sys; print('sentry_sdk' in sys.modules)")

    assert result.stdout.split() == ["False"]


@pytest.mark.parametrize(
    "dsn", ["sentry.example.com", "https://sentry.example.com/1", "https://key@sentry.example.com"]
)
def test_a_dsn_that_is_none_is_a_fault(settings_of, dsn):
    assert settings_of(SENTRY_DSN=dsn).FAULTS == ["SENTRY_DSN is no https://key@host/number."]
    assert settings_of(SENTRY_DSN="https://key@sentry.example.com/1").FAULTS == []


def test_whatever_else_an_event_holds_stays_here():
    event = {
        "event_id": "1",
        "transaction": "/invitation/secret/",
        "transaction_info": {"source": "url"},
        "request": {"url": "https://x/?q=Ana", "data": {"a": 1}, "cookies": {}, "headers": {}},
        "user": {"email": "ana@example.org"},
        "extra": {"x": 1},
        "breadcrumbs": {},
        "contexts": {},
        "something_new": 1,
    }

    assert stripped(event) == {"event_id": "1", "tags": {"request_id": "", "colour": ""}}
