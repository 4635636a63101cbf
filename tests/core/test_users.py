import uuid

import pytest
from django.contrib.auth.models import Permission

from core import roles
from core.errors import DomainError, NotAllowed
from core.models import Invitation, User
from core.services import grants, invitations, users
from tests.core.conftest import make_user

BOTH = ["usergrant", "groupgrant"]


def held(user):
    return sorted(user.groups.values_list("name", flat=True))


def test_only_who_may_add_users_adds_one(hugo, emma):
    for actor in (hugo, emma):
        with pytest.raises(NotAllowed):
            users.create_user(actor=actor, username="new", full_name="New", language="es", email=None)

    assert not User.objects.filter(username="new").exists()


def test_a_new_user_is_invited_by_mail_or_on_paper(ana):
    by_mail = users.create_user(actor=ana, username="m", full_name="M", language="es", email="M@Example.org")
    on_paper = users.create_user(actor=ana, username="p", full_name="P", language="es", email=None)

    assert by_mail.email == "m@example.org"
    assert not by_mail.has_usable_password()
    assert [(i.channel, i.sent_to) for i in by_mail.invitations.all()] == [("mail", "m@example.org")]
    assert [(i.channel, i.sent_to) for i in on_paper.invitations.all()] == [("paper", "")]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"username": "EMMA"}, "username"),
        ({"username": "x y z"}, "username"),
        ({"email": "EMMA@example.org"}, "email"),
        ({"email": "no mail"}, "email"),
        ({"full_name": ""}, "full_name"),
    ],
)
def test_faulty_accounts_are_refused_on_their_field(ana, emma, fields, field):
    values = {"username": "new", "full_name": "New", "language": "es", "email": "new@example.org"} | fields

    with pytest.raises(DomainError) as error:
        users.create_user(actor=ana, **values)

    # The case-insensitive name is a rule over an expression, which belongs to no field.
    assert error.value.field in {field, "__all__"}
    assert not User.objects.filter(full_name="New").exists()


def test_only_who_assigns_roles_assigns_them(hugo, emma):
    for actor in (hugo, emma):
        with pytest.raises(NotAllowed):
            users.set_roles(emma, [roles.ADMINISTRATOR], actor=actor)

    assert held(emma) == [roles.EMPLOYEE]


def test_roles_are_given_and_taken(ana, emma):
    users.set_roles(emma, [roles.AUDITOR, roles.MANAGER], actor=ana)

    assert held(emma) == [roles.AUDITOR, roles.MANAGER]


def test_a_group_that_is_no_role_stays(ana, emma):
    from django.contrib.auth.models import Group

    emma.groups.add(Group.objects.create(name="Choir"))

    users.set_roles(emma, [], actor=ana)

    assert held(emma) == ["Choir"]


def test_an_unknown_role_is_refused(ana, emma):
    with pytest.raises(DomainError):
        users.set_roles(emma, ["King"], actor=ana)


def test_nobody_gives_roles_to_himself(ana):
    with pytest.raises(NotAllowed):
        users.set_roles(ana, [roles.ADMINISTRATOR, roles.AUDITOR], actor=ana)

    assert held(ana) == [roles.ADMINISTRATOR]


def test_setting_the_roles_one_has_is_no_change(ana):
    users.set_roles(ana, [roles.ADMINISTRATOR], actor=ana)

    assert held(ana) == [roles.ADMINISTRATOR]


def test_the_last_administrator_keeps_the_role(ana):
    boss = make_user("boss", is_superuser=True)

    with pytest.raises(DomainError, match=r"."):
        users.set_roles(ana, [], actor=boss)

    assert held(ana) == [roles.ADMINISTRATOR]


def test_the_last_administrator_stays_switched_on(ana):
    boss = make_user("boss", is_superuser=True)

    with pytest.raises(DomainError):
        users.deactivate(ana, actor=boss)

    ana.refresh_from_db()
    assert ana.is_active


def test_one_of_two_administrators_may_go(ana):
    other = make_user("otto", roles.ADMINISTRATOR)

    users.set_roles(ana, [], actor=other)

    assert held(ana) == []


@pytest.mark.parametrize("fields", [{"password": None}, {"is_active": False}, {"employee_uid": uuid.uuid4()}])
def test_an_administrator_who_cannot_act_does_not_count(ana, fields):
    boss = make_user("boss", is_superuser=True)
    make_user("otto", roles.ADMINISTRATOR, **fields)

    with pytest.raises(DomainError):
        users.deactivate(ana, actor=boss)


def test_nobody_switches_himself_off(ana):
    make_user("otto", roles.ADMINISTRATOR)

    with pytest.raises(NotAllowed):
        users.deactivate(ana, actor=ana)


def test_only_a_superuser_changes_a_superuser(ana):
    boss = make_user("boss", is_superuser=True)

    for change in (
        lambda: users.change_user(boss, actor=ana, email="ana@evil.example"),
        lambda: users.deactivate(boss, actor=ana),
        lambda: users.set_roles(boss, [roles.AUDITOR], actor=ana),
    ):
        with pytest.raises(NotAllowed):
            change()


def test_the_hr_manager_changes_nobody(hugo, emma):
    with pytest.raises(NotAllowed):
        users.change_user(emma, actor=hugo, full_name="X")


def test_only_some_fields_can_be_changed(ana, emma):
    with pytest.raises(TypeError):
        users.change_user(emma, actor=ana, is_superuser=True)


def test_a_link_sent_to_the_old_address_dies_with_it(ana, emma):
    invitation = invitations.prepare([emma], actor=ana)[emma.pk]
    invitations.send(invitation)

    users.change_user(emma, actor=ana, email="emma.ruiz@example.org")

    assert not Invitation.objects.open().exists()


def test_links_of_others_live_on(ana, emma, hugo):
    invitations.prepare([emma, hugo], actor=None, purpose=Invitation.Purpose.RESET)
    invitations.deliver_due(limit=10)

    users.change_user(emma, actor=ana, email="new@example.org")

    assert [invitation.user for invitation in Invitation.objects.open()] == [hugo]


def test_a_language_is_chosen_for_oneself_alone(emma, hugo):
    users.choose_language(emma, "en")

    assert dict(User.objects.values_list("username", "language")) == {"emma": "en", "hugo": "es"}


@pytest.mark.parametrize(("held_rights", "reads"), [(["usergrant"], False), (["groupgrant"], False), (BOTH, True)])
def test_grants_are_read_by_who_may_see_those_to_users_and_to_groups(emma, held_rights, reads):
    names = [f"view_{name}" for name in held_rights]
    emma.user_permissions.set(Permission.objects.filter(codename__in=names))

    assert grants.can_read(User.objects.get(pk=emma.pk)) == reads


def test_an_app_is_open_to_who_holds_a_right_in_it_and_may_act(ana, emma):
    User.objects.filter(pk=ana.pk).update(is_active=False)

    assert emma.has_module_perms("core") is False
    assert ana.has_module_perms("core") is True
    assert User.objects.get(pk=ana.pk).has_module_perms("core") is False


def test_linked_accounts_are_made_in_bulk(synced_roles, django_assert_max_num_queries):
    accounts = [
        users.NewAccount(f"E{number}", f"e{number}@Example.org", f"E {number}", "es", uuid.uuid4())
        for number in range(50)
    ]

    with django_assert_max_num_queries(8):
        made = users.create_linked(accounts, role=roles.EMPLOYEE)

    assert len(made) == 50
    assert {user.email for user in made} == {f"e{number}@example.org" for number in range(50)}
    assert all(held(user) == [roles.EMPLOYEE] and not user.has_usable_password() for user in made)


def test_an_unused_account_follows_the_mail_of_its_employee(synced_roles):
    user = make_user("e1", roles.EMPLOYEE, password=None)

    assert users.correct_email(user, "new@example.org").email == "new@example.org"


@pytest.mark.parametrize(
    ("role", "fields"),
    [
        (roles.EMPLOYEE, {}),  # has a password
        (roles.ADMINISTRATOR, {"password": None}),
        (roles.EMPLOYEE, {"password": None, "is_superuser": True}),
    ],
)
def test_no_other_account_follows(synced_roles, role, fields):
    account = make_user("other", role, **fields)

    users.correct_email(account, "thief@example.org")

    account.refresh_from_db()
    assert account.email == "other@example.org"
