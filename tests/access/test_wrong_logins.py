"""Somebody tries passwords: he never gets in, and whom he means still does, from anywhere else."""

import pytest
from django.contrib.auth import get_user
from django.test import Client

from tests.access.readers import Browser

NAMES = ["head", "HEAD", "plain", "administrator", "zaheadq@example.org", "nobody", "suspended", "inactive", ""]


def attempt(browser, number):
    """Another name, password and address each time, as often from the same as from others."""
    browser.cookies.clear()
    data = {"username": NAMES[number % len(NAMES)], "password": f"wrong {number}"}
    response = browser.post("/login/", data, REMOTE_ADDR=f"198.51.{number // 90 % 100}.{number % 3}")
    return response.status_code, "sessionid" in response.cookies and get_user(browser).is_authenticated


@pytest.mark.parametrize(
    "attempts", [pytest.param(200, id="200"), pytest.param(10_000, id="10000", marks=pytest.mark.slow)]
)
def test_wrong_logins_let_nobody_in_and_lock_nobody_out(attempts, readers, world, watch):
    browser = Browser()
    with watch.undone():
        answers = [attempt(browser, number) for number in range(attempts)]

        assert [answer for answer in answers if answer[1] or answer[0] not in (200, 429)] == []
        assert {status for status, _inside in answers} == {200, 429}
        for name in ("head", "plain"):
            elsewhere = Client(REMOTE_ADDR="203.0.113.9")
            elsewhere.post("/login/", {"username": name, "password": "demo"})
            assert get_user(elsewhere) == world.users[name]
    watch.assert_unchanged("wrong logins")
