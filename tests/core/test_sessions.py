import time

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.urls import reverse

from core import kept_forms
from core.middleware import SEEN, STARTED
from core.models import User
from tests.core.conftest import PASSWORD


def age(client, *, started=0, seen=0):
    session = client.session
    session[STARTED] -= started
    session[SEEN] -= seen
    session.save()


@pytest.fixture
def logged_in(client, ana):
    client.post("/login/", {"username": "ana", "password": PASSWORD})
    return client


def test_a_session_lives_through_29_idle_minutes(logged_in):
    age(logged_in, seen=29 * 60)

    assert logged_in.get("/").status_code == 200
    assert time.time() - logged_in.session[SEEN] < 5


def test_a_session_ends_after_30_idle_minutes(logged_in):
    age(logged_in, seen=30 * 60)

    response = logged_in.get("/", follow=True)

    assert response.redirect_chain == [("/login/?next=/", 302)]
    assert SESSION_KEY not in logged_in.session
    assert "rounded-default bg-orange-100" in response.content.decode()


def test_a_busy_session_ends_after_12_hours(logged_in):
    age(logged_in, started=12 * 60 * 60)

    assert logged_in.get("/").status_code == 302


def test_a_session_that_ended_stays_ended(logged_in):
    old = logged_in.cookies["sessionid"].value
    age(logged_in, seen=30 * 60)
    logged_in.get("/")
    thief = Client()
    thief.cookies["sessionid"] = old

    assert thief.get("/").status_code == 302


def test_logging_in_again_begins_a_new_12_hours(logged_in):
    age(logged_in, started=11 * 60 * 60)

    logged_in.post("/login/", {"username": "ana", "password": PASSWORD})

    assert time.time() - logged_in.session[STARTED] < 5


def test_pages_do_not_write_the_session_each_time(logged_in, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        logged_in.get("/")

    assert [query for query in captured if "UPDATE" in query["sql"] and "django_session" in query["sql"]] == []


# --- A form posted too late ------------------------------------------------------------------------------------------
ADD = "/core/user/add/"
TYPED = {
    "full_name": "Nora Gil",
    "username": "nora",
    "email": "nora@example.org",
    "language": "en",
    "roles": ["Auditor", "Employee"],
    "password": "must-not-be-kept",
}


def post_late(client, data=TYPED, path=ADD):
    age(client, seen=31 * 60)
    return client.post(path, data)


def test_a_form_posted_too_late_comes_back_filled_and_saves_nothing(logged_in):
    response = post_late(logged_in)
    assert response["Location"] == f"/login/?next={ADD}"

    response = logged_in.post(response["Location"], {"username": "ana", "password": PASSWORD}, follow=True)

    form = response.context["adminform"].form
    page = response.content.decode()
    assert response.redirect_chain == [(ADD, 302)]
    assert not form.is_bound
    assert 'value="Nora Gil"' in page
    assert 'value="nora@example.org"' in page
    assert sorted(form.initial["roles"]) == ["Auditor", "Employee"]
    assert form.initial["language"] == "en"
    assert "bg-orange-100" in page
    assert not User.objects.filter(username="nora").exists()


def test_the_refilled_form_can_be_saved(logged_in):
    post_late(logged_in)
    logged_in.post("/login/", {"username": "ana", "password": PASSWORD})
    logged_in.get(ADD)

    logged_in.post(ADD, TYPED)

    assert User.objects.filter(username="nora").exists()


def test_a_form_of_an_existing_row_comes_back_with_its_unticked_boxes(logged_in, emma):
    path = reverse("admin:core_user_change", args=[emma.pk])
    post_late(logged_in, {"full_name": "Emma Ruiz", "username": "emma", "email": "", "language": "es"}, path)
    logged_in.post("/login/", {"username": "ana", "password": PASSWORD})

    page = logged_in.get(path)

    form = page.context["adminform"].form
    assert (form.initial["full_name"], form.initial["is_active"]) == ("Emma Ruiz", False)
    emma.refresh_from_db()
    assert (emma.full_name, emma.is_active) == ("Emma Pérez", True)


def test_it_comes_back_once(logged_in):
    post_late(logged_in)
    logged_in.post("/login/", {"username": "ana", "password": PASSWORD})
    logged_in.get(ADD)

    assert 'value="Nora Gil"' not in logged_in.get(ADD).content.decode()


def test_nobody_else_gets_it(logged_in, hugo):
    from core import roles

    hugo.groups.set(hugo.groups.model.objects.filter(name=roles.ADMINISTRATOR))
    post_late(logged_in)
    logged_in.post("/login/", {"username": "hugo", "password": PASSWORD})

    assert 'value="Nora Gil"' not in logged_in.get(ADD).content.decode()
    assert kept_forms.KEY not in logged_in.session


def test_passwords_are_not_kept(logged_in):
    post_late(logged_in)

    assert "must-not-be-kept" not in str(dict(logged_in.session.items()))


def test_a_huge_form_is_not_kept(logged_in):
    response = post_late(logged_in, {"full_name": "x" * (kept_forms.LARGEST_BYTES + 1)})

    assert response.status_code == 302
    assert kept_forms.KEY not in logged_in.session


def test_a_form_older_than_an_hour_is_gone(logged_in):
    post_late(logged_in)
    session = logged_in.session
    session[kept_forms.KEY]["at"] -= 60 * 60
    session.save()
    logged_in.post("/login/", {"username": "ana", "password": PASSWORD})

    assert 'value="Nora Gil"' not in logged_in.get(ADD).content.decode()


def test_a_post_of_a_stranger_is_not_kept(client, db):
    client.post(ADD, TYPED)

    assert kept_forms.KEY not in client.session


def test_a_post_without_its_token_is_not_kept(ana):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    age(client, seen=31 * 60)

    assert client.post(ADD, TYPED).status_code == 403
    assert kept_forms.KEY not in client.session


def test_a_dialog_after_the_end_moves_the_whole_window(logged_in):
    age(logged_in, seen=31 * 60)

    response = logged_in.post(
        ADD, TYPED, HTTP_HX_REQUEST="true", HTTP_HX_CURRENT_URL="http://testserver/core/user/?q=a"
    )

    assert (response.status_code, response["HX-Redirect"]) == (200, "/login/?next=/core/user/%3Fq%3Da")


# --- Language --------------------------------------------------------------------------------------------------------
def test_the_login_page_is_spanish_whatever_the_browser_asks(client, db):
    response = client.get("/login/", HTTP_ACCEPT_LANGUAGE="en-US")

    assert response["Content-Language"] == "es"


def test_the_language_chosen_on_the_login_page_becomes_the_users(client, ana):
    client.post("/i18n/setlang/", {"language": "en", "next": "/login/"})
    assert client.get("/login/")["Content-Language"] == "en"

    client.post("/login/", {"username": "ana", "password": PASSWORD})

    ana.refresh_from_db()
    assert ana.language == "en"
    assert client.get("/")["Content-Language"] == "en"


def test_a_cookie_left_by_somebody_else_changes_nobodys_language(client, ana):
    client.cookies["django_language"] = "en"

    client.post("/login/", {"username": "ana", "password": PASSWORD})

    assert client.get("/")["Content-Language"] == "es"


def test_the_switch_inside_is_remembered_with_the_user(logged_in, ana):
    response = logged_in.post("/i18n/setlang/", {"language": "en", "next": "/core/user/"})

    ana.refresh_from_db()
    assert response["Location"] == "/core/user/"
    assert ana.language == "en"
    assert logged_in.get("/")["Content-Language"] == "en"


@pytest.mark.parametrize("language", ["fr", "", "en; --"])
def test_an_unknown_language_is_not_taken(logged_in, ana, language):
    logged_in.post("/i18n/setlang/", {"language": language, "next": "/"})

    ana.refresh_from_db()
    assert ana.language == "es"


# --- Request id ------------------------------------------------------------------------------------------------------
def test_the_request_id_of_the_proxy_is_kept(client, db):
    assert client.get("/login/", HTTP_X_REQUEST_ID="abc-123.X")["X-Request-ID"] == "abc-123.X"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "a\n", "<script>"])
def test_a_bad_request_id_is_replaced(client, db, given):
    made = client.get("/login/", HTTP_X_REQUEST_ID=given)["X-Request-ID"]

    assert made != given
    assert len(made) == 32


def test_changes_of_a_request_are_stamped_with_user_and_request(rf, ana):
    from django.http import HttpResponse

    from core.context import current_change
    from core.middleware import RequestContextMiddleware, RequestIdMiddleware

    seen = []

    def view(request):
        seen.append(current_change())
        return HttpResponse()

    request = rf.get("/", HTTP_X_REQUEST_ID="r-1")
    request.user = ana
    RequestIdMiddleware(RequestContextMiddleware(view))(request)

    assert (seen[0].user_id, seen[0].user_name, seen[0].source, seen[0].request_id) == (
        ana.pk,
        "Ana Pérez",
        "ui",
        "r-1",
    )
    assert current_change().user_id is None
