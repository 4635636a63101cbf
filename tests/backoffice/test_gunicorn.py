import re
import subprocess
import sys

import pytest

from tests.backoffice.conftest import ROOT, SYSTEM


def gunicorn_settings(**variables):
    """What gunicorn makes of deploy/gunicorn.conf.py under these variables."""
    result = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "--check-config", "--print-config"],
        env=SYSTEM | {"ENV_FILE": "none"} | variables,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return dict(re.findall(r"^(\w+)\s+= (.*)$", result.stdout, re.MULTILINE))


def test_without_variables():
    settings = gunicorn_settings()

    assert [settings[name] for name in ("bind", "workers", "threads", "forwarded_allow_ips")] == [
        "['127.0.0.1:8000']",
        "2",
        "4",
        "['127.0.0.1', '::1']",
    ]


@pytest.mark.parametrize(
    ("variables", "name", "value"),
    [
        ({"HOST": "0.0.0.0"}, "bind", "['0.0.0.0:8000']"),
        ({"PORT": "8123"}, "bind", "['127.0.0.1:8123']"),
        ({"WEB_BIND": "unix:/run/evaltrack/blue.sock"}, "bind", "['unix:/run/evaltrack/blue.sock']"),
        ({"WEB_WORKERS": "5"}, "workers", "5"),
        ({"WEB_THREADS": "9"}, "threads", "9"),
        ({"TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.1"}, "forwarded_allow_ips", "['10.0.0.0/8', '192.0.2.1']"),
    ],
)
def test_each_variable(variables, name, value):
    assert gunicorn_settings(**variables)[name] == value
