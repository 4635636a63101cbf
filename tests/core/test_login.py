from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import get_user
from django.test import RequestFactory
from django.urls import reverse

from core import roles
from core.auth import LoginBackend, axes_username, client_ip, find_user
from core.models import User
from tests.core.conftest import PASSWORD, make_user

LOGIN = "/login/"


def log_in(client, name, password=PASSWORD, **extra):
    return client.post(LOGIN, {"username": name, "password": password}, **extra)


def is_in(client):
    return get_user(client).is_authenticated


def test_the_root_leads_to_the_login_page_which_bears_the_name(client, db, settings):
    response = client.get("/", follow=True)

    assert response.redirect_chain == [("/login/?next=/", 302)]
    assert settings.APP_NAME in response.content.decode()


@pytest.mark.parametrize("name", ["emma", "EMMA", "emma@example.org", "Emma@Example.ORG", " emma "])
def test_login_by_name_or_mail_in_any_case(client, emma, name):
    assert log_in(client, name)["Location"] == "/"
    assert is_in(client)


@pytest.mark.parametrize("name", ["nobody", "", "emma@example.com", "em\0ma", "e" * 500])
def test_login_as_nobody_fails_alike(client, emma, name):
    assert log_in(client, name).status_code == 200
    assert not is_in(client)


def test_a_name_with_capital_letters_outside_ascii_is_found(synced_roles):
    user = make_user("PEÑA-01", email=None)

    assert find_user("PEÑA-01") == user


def test_a_long_mail_address_logs_in(client, synced_roles):
    address = f"{'a' * 60}@{'b' * 60}.{'c' * 60}.example.org"
    make_user("long", email=address)

    assert log_in(client, address).status_code == 302


def test_an_unknown_name_costs_one_hash_like_a_known_one(rf, emma, monkeypatch):
    from django.contrib.auth import hashers

    hasher = type(hashers.get_hasher())
    runs = []
    encode = hasher.encode

    def counting(self, *args, **kwargs):
        runs.append(1)
        return encode(self, *args, **kwargs)

    monkeypatch.setattr(hasher, "encode", counting)
    counts = []
    for name in ["emma", "nobody"]:
        runs.clear()
        LoginBackend().authenticate(rf.post(LOGIN), username=name, password="wrong")
        counts.append(len(runs))

    assert counts[0] == counts[1] >= 1


def test_an_inactive_account_does_not_log_in(client, emma):
    emma.is_active = False
    emma.save()

    log_in(client, "emma")

    assert not is_in(client)


def test_the_right_password_of_who_may_not_act_is_nobodys(emma):
    assert LoginBackend().authenticate(None, "emma", PASSWORD) == emma

    User.objects.filter(pk=emma.pk).update(is_active=False)

    assert LoginBackend().authenticate(None, "emma", PASSWORD) is None


def test_a_language_chosen_at_the_login_becomes_that_users_alone(client, emma, hugo):
    client.post(reverse("set_language"), {"language": "en"})
    log_in(client, "emma")

    assert dict(User.objects.values_list("username", "language")) == {"emma": "en", "hugo": "es"}


def test_switching_an_account_off_ends_its_session(client, emma):
    client.force_login(emma)
    emma.is_active = False
    emma.save()

    assert client.get("/")["Location"] == "/login/?next=/"


def test_login_rotates_the_session_key_and_the_csrf_token(client, emma):
    client.get(LOGIN)
    session = client.session
    session["mark"] = 1
    session.save()
    client.cookies["sessionid"] = session.session_key
    before, token = session.session_key, client.cookies["csrftoken"].value

    log_in(client, "emma")

    assert client.session.session_key != before
    assert client.cookies["csrftoken"].value != token


def test_changing_the_password_ends_the_other_sessions(client, emma):
    from django.test import Client

    other = Client()
    log_in(client, "emma")
    log_in(other, "emma")

    response = client.post(
        reverse("admin:password_change"),
        {"old_password": PASSWORD, "new_password1": "araguaney-99-x", "new_password2": "araguaney-99-x"},
    )

    assert response.status_code == 302
    assert client.get("/").status_code == 200
    assert other.get("/")["Location"] == "/login/?next=/"


@pytest.mark.parametrize("password", ["short", "1234567890123", "password1234", "emma@example.org"])
def test_weak_passwords_are_refused(client, emma, password):
    client.force_login(emma)

    response = client.post(
        reverse("admin:password_change"),
        {"old_password": PASSWORD, "new_password1": password, "new_password2": password},
    )

    assert response.status_code == 200
    emma.refresh_from_db()
    assert emma.check_password(PASSWORD)


# --- Lockout ---------------------------------------------------------------------------------------------------------
def test_five_failures_lock_the_name_for_this_address_only(client, emma, hugo):
    for _attempt in range(5):
        response = log_in(client, "emma", "wrong")

    assert response.status_code == 429
    assert "core/locked_out.html" in [template.name for template in response.templates]
    assert log_in(client, "emma").status_code == 429
    assert log_in(client, "hugo").status_code == 302
    client.logout()
    assert log_in(client, "emma", REMOTE_ADDR="192.0.2.9").status_code == 302


def test_four_failures_lock_nobody(client, emma):
    for _attempt in range(4):
        log_in(client, "emma", "wrong")

    assert log_in(client, "emma").status_code == 302


def test_name_and_mail_are_counted_as_one(client, emma):
    for name in ["emma", "EMMA", "emma@example.org", "Emma@example.org", "emma"]:
        response = log_in(client, name, "wrong")

    assert response.status_code == 429
    assert set(AccessAttempt.objects.values_list("username", flat=True)) == {"emma"}


def test_the_lock_opens_after_fifteen_minutes(client, emma):
    for _attempt in range(5):
        log_in(client, "emma", "wrong")
    attempts = AccessAttempt.objects.get()
    attempts.attempt_time -= timedelta(minutes=15, seconds=1)
    attempts.save()

    assert log_in(client, "emma").status_code == 302


def test_behind_a_unix_socket_failures_count_per_person(client, emma, hugo):
    for _attempt in range(5):
        response = log_in(client, "emma", "wrong", REMOTE_ADDR="", HTTP_X_FORWARDED_FOR="198.51.100.7")

    assert response.status_code == 429
    assert log_in(client, "emma", REMOTE_ADDR="", HTTP_X_FORWARDED_FOR="198.51.100.8").status_code == 302


def test_failures_are_keyed_by_name_without_credentials(emma):
    request = RequestFactory().post(LOGIN, {"username": "EMMA@example.org"})

    assert axes_username(request) == "emma"


@pytest.mark.parametrize(
    ("remote", "forwarded", "found"),
    [
        ("203.0.113.5", "", "203.0.113.5"),
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),  # not our proxy: what it claims counts nothing
        ("10.0.0.2", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.2", "1.1.1.1, 198.51.100.1", "198.51.100.1"),  # the first was the client's own invention
        ("10.0.0.2", "1.1.1.1, 198.51.100.1, 10.0.0.3", "198.51.100.1"),
        ("10.0.0.2", "", "10.0.0.2"),
        ("10.0.0.2", "garbage", "10.0.0.2"),
        ("", "198.51.100.1", "198.51.100.1"),
        ("", "", "127.0.0.1"),
        ("::ffff:10.0.0.2", "2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_client_address_comes_from_our_own_proxies(rf, settings, remote, forwarded, found):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8", "127.0.0.1"]
    extra = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}

    assert client_ip(rf.get("/", REMOTE_ADDR=remote, **extra)) == found


# --- Page ------------------------------------------------------------------------------------------------------------
def test_the_login_page_of_the_demo_names_the_accounts(client, db, settings):
    settings.APP_ENV = "demo"

    page = client.get(LOGIN).content.decode()

    assert [name for name in ("admin", "hr", "manager", "loader", "auditor", "employee") if f">{name}<" in page] == [
        "admin",
        "hr",
        "manager",
        "loader",
        "auditor",
        "employee",
    ]


def test_no_other_login_page_names_any(client, db):
    assert ">auditor<" not in client.get(LOGIN).content.decode()


@pytest.mark.parametrize("path", ["/login/", "/activate/", "/forgotten/", "/invitation/x/"])
def test_the_open_pages_carry_no_inline_script_and_a_policy(client, db, path):
    response = client.get(path)

    assert "script-src 'self' 'unsafe-eval'" in response["Content-Security-Policy"]
    assert [tag for tag in response.content.decode().split("<script")[1:] if "src=" not in tag.partition(">")[0]] == []


def test_logging_out_shows_the_way_back(client, emma):
    client.force_login(emma)

    response = client.post("/logout/")

    assert response.status_code == 200
    assert "core/logged_out.html" in [template.name for template in response.templates]
    assert not is_in(client)


def test_login_does_not_redirect_to_strangers(client, emma):
    response = client.post(
        "/login/?next=https://evil.example/",
        {"username": "emma", "password": PASSWORD, "next": "https://evil.example/"},
    )

    assert response["Location"] == "/"


def test_every_role_may_enter(client, synced_roles):
    for number, role in enumerate([*roles.ROLES]):
        client.force_login(make_user(f"user{number}", role))
        assert client.get("/").status_code == 200
