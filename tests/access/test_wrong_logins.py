"""Somebody tries passwords: he never gets in, and whom he means still does, from anywhere else."""

import pytest
from django.contrib.auth import authenticate, get_user
from django.test import Client, RequestFactory

from tests.access.readers import Browser

NAMES = ["head", "HEAD", "plain", "administrator", "zaheadq@example.org", "nobody", "suspended", "inactive", ""]
# Of ten thousand attempts one in so many goes through the page; drawing it is what takes its time.
BY_PAGE = 10


def form_of(number):
    """Another name, password and address each time, as often from the same as from others."""
    data = {"username": NAMES[number % len(NAMES)], "password": f"wrong {number}"}
    return data, f"198.51.{number // 90 % 100}.{number % 3}"


def by_page(browser, number):
    data, address = form_of(number)
    browser.cookies.clear()
    response = browser.post("/login/", data, REMOTE_ADDR=address)
    return response.status_code, "sessionid" in response.cookies and get_user(browser).is_authenticated


def by_backends(number):
    data, address = form_of(number)
    return authenticate(RequestFactory().post("/login/", data, REMOTE_ADDR=address), **data)


@pytest.mark.parametrize(
    "attempts", [pytest.param(200, id="200"), pytest.param(10_000, id="10000", marks=pytest.mark.slow)]
)
def test_wrong_logins_let_nobody_in_and_lock_nobody_out(attempts, readers, world, watch):
    browser = Browser()
    every = BY_PAGE if attempts > 1_000 else 1
    with watch.undone():
        inside = {by_backends(number) for number in range(attempts) if number % every}
        answers = [by_page(browser, number) for number in range(0, attempts, every)]

        assert inside <= {None}
        assert [answer for answer in answers if answer[1] or answer[0] not in (200, 429)] == []
        assert {status for status, _inside in answers} == {200, 429}
        for name in ("head", "plain"):
            elsewhere = Client(REMOTE_ADDR="203.0.113.9")
            elsewhere.post("/login/", {"username": name, "password": "demo"})
            assert get_user(elsewhere) == world.users[name]
    watch.assert_unchanged("wrong logins")
