import re

import pytest
from django.contrib import admin
from django.urls import reverse

from core.admin.base import BackofficeAdmin
from core.models import Invitation, StoredMail
from core.services import invitations

LISTS = [
    "core_user",
    "core_invitation",
    "core_storedmail",
    "core_usergrant",
    "core_groupgrant",
    "auth_group",
    "axes_accessattempt",
    "axes_accessfailurelog",
    "django_tasks_database_dbtaskresult",
]


@pytest.mark.parametrize("name", LISTS)
def test_the_administrator_opens_every_list(client, ana, name):
    client.force_login(ana)

    assert client.get(reverse(f"admin:{name}_changelist")).status_code == 200


@pytest.mark.parametrize("name", LISTS)
def test_who_holds_no_right_opens_none(client, emma, name):
    client.force_login(emma)

    assert client.get(reverse(f"admin:{name}_changelist")).status_code == 403


@pytest.mark.parametrize(
    ("commit", "shown"), [("", "EvalTrack 1.2.0"), ("a1b2c3d4e5f60718293a", "EvalTrack 1.2.0 (a1b2c3d4e5f6)")]
)
def test_the_footer_names_version_and_commit(client, ana, settings, commit, shown):
    settings.APP_VERSION, settings.APP_COMMIT = "1.2.0", commit
    client.force_login(ana)

    text = client.get(reverse("admin:index")).content.decode()

    assert f">{shown}</div>" in text


def test_every_page_stands_on_our_base():
    strangers = [
        model.__name__
        for model, model_admin in admin.site._registry.items()
        if not isinstance(model_admin, BackofficeAdmin)
    ]

    assert strangers == []


def test_the_hr_manager_reads_users_and_changes_none(client, hugo, emma):
    client.force_login(hugo)

    page = client.get(reverse("admin:core_user_change", args=[emma.pk]))
    posted = client.post(reverse("admin:core_user_change", args=[emma.pk]), {"full_name": "X", "username": "x"})

    assert page.status_code == 200
    assert b'name="full_name"' not in page.content
    fields = [name for _title, options in page.context["adminform"].fieldsets for name in options["fields"]]
    assert ("role_labels" in fields, "roles" in fields) == (True, False)
    assert client.get(reverse("admin:core_user_add")).status_code == 403
    assert posted.status_code == 403
    emma.refresh_from_db()
    assert emma.full_name == "Emma Pérez"


def test_a_user_added_on_the_page_is_invited_and_has_no_password(client, ana, django_user_model):
    client.force_login(ana)
    form = {
        "full_name": "Nora Gil",
        "username": "nora",
        "email": "Nora@Example.org",
        "language": "en",
        "roles": ["Auditor"],
    }

    response = client.post(reverse("admin:core_user_add"), form)

    nora = django_user_model.objects.get(username="nora")
    assert response.status_code == 302
    assert (nora.email, nora.language, nora.has_usable_password()) == ("nora@example.org", "en", False)
    assert [group.name for group in nora.groups.all()] == ["Auditor"]
    assert [(i.channel, i.delivery, i.created_by) for i in nora.invitations.all()] == [("mail", "pending", ana)]


def test_the_page_of_a_user_offers_no_password_and_changes_roles(client, ana, emma):
    client.force_login(ana)
    url = reverse("admin:core_user_change", args=[emma.pk])

    page = client.get(url)
    client.post(
        url,
        {
            "full_name": "Emma Ruiz",
            "username": "emma",
            "email": "emma@example.org",
            "language": "es",
            "is_active": "on",
            "roles": ["Employee", "Bulk loader"],
        },
    )

    emma.refresh_from_db()
    assert b'type="password"' not in page.content
    assert emma.full_name == "Emma Ruiz"
    assert sorted(group.name for group in emma.groups.all()) == ["Bulk loader", "Employee"]


def test_a_broken_rule_comes_back_in_the_form(client, ana):
    client.force_login(ana)

    response = client.post(
        reverse("admin:core_user_change", args=[ana.pk]),
        {"full_name": "Ana", "username": "ana", "email": "ana@example.org", "language": "es", "is_active": "on"},
    )

    assert response.status_code == 200
    assert response.context["adminform"].form.errors
    assert [group.name for group in ana.groups.all()] == ["Administrator"]


def test_nobody_deletes_an_account(client, ana, emma):
    client.force_login(ana)

    assert client.post(reverse("admin:core_user_delete", args=[emma.pk]), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("query", ["role=Employee", "linked=no", "is_active__exact=1", "language__exact=es", "q=emma"])
def test_users_are_filtered(client, ana, hugo, emma, query):
    client.force_login(ana)

    response = client.get(reverse("admin:core_user_changelist") + "?" + query)

    assert response.status_code == 200
    assert "Emma Pérez" in response.content.decode()


@pytest.mark.parametrize("state", ["open", "undelivered", "accepted", "expired", "replaced"])
def test_invitations_are_filtered_by_state(client, ana, emma, state):
    invitations.prepare([emma], actor=ana)
    client.force_login(ana)

    response = client.get(reverse("admin:core_invitation_changelist"), {"state": state})

    assert ("Emma Pérez" in response.content.decode()) is (state == "open")


def test_an_invitation_is_read_and_not_edited(client, ana, emma):
    invitation = invitations.prepare([emma], actor=ana)[emma.pk]
    client.force_login(ana)
    url = reverse("admin:core_invitation_change", args=[invitation.pk])

    assert client.get(url).status_code == 200
    assert client.post(url, {"sent_to": "thief@example.org"}).status_code == 403
    assert Invitation.objects.get().sent_to == "emma@example.org"


def test_kept_mail_shows_its_links_and_escapes_the_rest(client, ana):
    mail = StoredMail.objects.create(recipient="x@example.org", subject="S", text="<b>Hi</b> http://testserver/a/ .")
    client.force_login(ana)

    page = client.get(reverse("admin:core_storedmail_change", args=[mail.pk])).content.decode()

    assert 'href="http://testserver/a/"' in page
    assert "&lt;b&gt;Hi&lt;/b&gt;" in page


def test_kept_mail_is_shown_nowhere_real(client, ana, settings):
    settings.APP_ENV = "production"
    client.force_login(ana)

    assert client.get(reverse("admin:core_storedmail_changelist")).status_code == 403


def test_a_role_says_what_it_allows(client, ana):
    client.force_login(ana)
    ana.language = "en"
    ana.save()
    role = ana.groups.get()

    page = client.get(reverse("admin:auth_group_change", args=[role.pk])).content.decode()

    assert "Employees: view, add, change, import, export" in page


@pytest.mark.parametrize("page", ["change", "history"])
def test_the_pages_of_a_role_call_it_so_in_the_readers_language(client, ana, page):
    client.force_login(ana)
    role = ana.groups.get()

    shown = client.get(reverse(f"admin:auth_group_{page}", args=[role.pk])).content.decode()

    assert "Administrador | Rol" in shown
    assert "Administrator" not in shown.replace("role=Administrator", "")


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_list_of_roles_counts_roles(client, ana, language):
    ana.language = language
    ana.save()
    client.force_login(ana)

    shown = client.get(reverse("admin:auth_group_changelist")).content.decode()

    assert re.search(r"6\s+roles\b", shown)


def test_the_page_of_a_user_says_whether_it_is_an_employee(client, ana):
    client.force_login(ana)

    shown = client.get(reverse("admin:core_user_change", args=[ana.pk])).content.decode()

    assert re.search(r"(?s)Tipo.{0,400}externo", shown)
    assert not re.search(r"(?s)Nombre\s*</label>.{0,400}externo", shown)


@pytest.mark.parametrize("name", ["core_user", "core_invitation"])
def test_lists_cost_the_same_for_one_row_and_three(client, ana, django_assert_num_queries, name):
    from tests.core.conftest import make_user

    client.force_login(ana)
    url = reverse(f"admin:{name}_changelist")
    make_user("one", "Employee")
    invitations.prepare([ana], actor=None)
    client.get(url)

    def queries():
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    few = queries()
    people = [make_user(name, "Employee", "Auditor") for name in ("two", "three")]
    invitations.prepare(people, actor=None)

    assert queries() == few
