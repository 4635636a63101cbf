from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.models import Invitation, User
from core.roles import ADMINISTRATOR, ROLES
from hr.models import Employee, OrgUnit, Position


def bootstrap(email: str = "Jefa@Example.com", **options: str) -> str:
    out = StringIO()
    call_command("bootstrap", admin_email=email, stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def _no_roles(db):
    Group.objects.all().delete()


@pytest.mark.usefixtures("_no_roles")
def test_an_empty_installation_gets_roles_a_root_unit_and_an_invited_administrator():
    bootstrap(admin_name="Jefa Peña")

    assert set(Group.objects.values_list("name", flat=True)) == set(ROLES)
    assert list(OrgUnit.objects.values_list("code", "name", "parent")) == [("ORG", "Organización", None)]
    user = User.objects.get()
    assert (user.username, user.email, user.full_name) == ("admin", "jefa@example.com", "Jefa Peña")
    assert [group.name for group in user.groups.all()] == [ADMINISTRATOR]
    assert not user.has_usable_password()
    assert not user.is_superuser
    invitation = Invitation.objects.get()
    assert (invitation.user, invitation.sent_to, invitation.delivery) == (user, "jefa@example.com", "pending")


def test_no_demo_data_comes_along(db):
    bootstrap()

    assert Employee.objects.count() == Position.objects.count() == 0


def test_a_second_run_changes_nothing(db):
    bootstrap()
    rows = [list(model.objects.order_by("pk").values()) for model in (User, Group, Invitation, OrgUnit)]

    bootstrap()

    assert [list(model.objects.order_by("pk").values()) for model in (User, Group, Invitation, OrgUnit)] == rows


@pytest.mark.parametrize(
    "lost",
    [
        {"delivery": "sent", "expires_at": timezone.now() - timedelta(hours=1)},
        {"delivery": "bounced"},
        {"delivery": "failed"},
    ],
)
def test_who_could_not_accept_is_invited_again(db, lost):
    bootstrap()
    Invitation.objects.update(**lost)

    bootstrap()

    assert User.objects.count() == 1
    assert Invitation.objects.unsent().filter(sent_to="jefa@example.com").count() == 1


def test_who_accepted_is_left_alone(db):
    bootstrap()
    user = User.objects.get()
    user.set_password("a password of her own")
    user.save()
    Invitation.objects.update(accepted_at=timezone.now())

    bootstrap()

    assert Invitation.objects.count() == 1
    assert User.objects.get().check_password("a password of her own")


def test_a_second_administrator_is_the_first_ones_decision(db):
    bootstrap()

    with pytest.raises(CommandError, match="admin"):
        bootstrap("otra@example.com")

    assert User.objects.count() == 1


def test_an_address_of_another_account_is_refused(db):
    User.objects.create_user("ana", email="jefa@example.com", full_name="Ana")

    with pytest.raises(CommandError):
        bootstrap()

    assert User.objects.get().groups.count() == 0


def test_an_impossible_address_is_refused(db):
    with pytest.raises(CommandError):
        bootstrap("jefa")

    assert User.objects.count() == 0


def test_existing_units_stay(db):
    OrgUnit.objects.create(code="ACME", name="Acme")

    bootstrap()

    assert list(OrgUnit.objects.values_list("code", flat=True)) == ["ACME"]


def test_an_invitation_of_somebody_else_is_none_of_the_administrators(db):
    bootstrap()
    Invitation.objects.all().delete()
    other = User.objects.create_user("other", email="other@example.com")
    Invitation.objects.create(user=other, purpose="invite", channel="mail", sent_to=other.email)

    bootstrap()

    assert sorted(Invitation.objects.values_list("user__username", flat=True)) == ["admin", "other"]
