"""Who may give and end rights on one record, whatever page or command asks."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from core import access
from core.errors import NotAllowed, NotFound
from core.grant_list import targets_of
from core.models import UserGrant
from core.services import grants
from hr.models import Employee
from tests.factories import make_user


@pytest.fixture
def give(world):
    """`give(permission, actor=...)` grants it on Luisa to the plain employee."""

    def ask(permission, *, actor):
        return grants.give(
            [permission], world.users["plain"], world.employees["luisa"], actor=world.user(actor), reason="holidays"
        )

    return ask


def given(world):
    return sorted(UserGrant.objects.filter(user=world.users["plain"]).values_list("permission__codename", flat=True))


def may_grant(user):
    """Though no role of his lets him."""
    user.user_permissions.add(Permission.objects.get(codename="add_usergrant"))


def test_who_may_grant_gives_what_he_holds(world, give):
    give("view_employee", actor="hr_manager")

    assert given(world) == ["view_employee"]


@pytest.mark.parametrize(("actor", "error"), [("head", NotAllowed), ("auditor", NotAllowed), ("plain", NotFound)])
def test_nobody_else_gives_anything(world, give, actor, error):
    with pytest.raises(error):
        give("view_employee", actor=actor)

    assert given(world) == []


def test_nobody_gives_on_whom_he_does_not_see(world, give):
    may_grant(world.users["manager_elsewhere"])

    with pytest.raises(NotFound):
        give("view_employee", actor="manager_elsewhere")

    assert given(world) == []


def test_nobody_gives_more_than_he_holds(world, give):
    may_grant(world.users["head"])

    give("view_employee", actor="head")
    with pytest.raises(NotAllowed):
        give("change_employee", actor="head")

    assert given(world) == ["view_employee"]


def test_on_a_unit_nobody_gives_more_than_he_holds_in_it(world):
    may_grant(world.users["head"])
    plain, sales = world.users["plain"], world.units["sales"]

    grants.give(["view_employee_in"], plain, sales, actor=world.user("head"), reason="holidays")
    with pytest.raises(NotAllowed):
        grants.give(["change_employee_in"], plain, sales, actor=world.user("head"), reason="holidays")
    grants.give(["change_employee_in"], plain, sales, actor=world.user("hr_manager"), reason="holidays")

    assert given(world) == ["change_employee_in", "view_employee_in"]


def test_a_right_is_ended_by_who_may_end_it(world):
    grant = UserGrant.objects.get(user=world.users["grant_employee"])

    for actor in ("head", "auditor", "plain", "grant_employee"):
        with pytest.raises(NotAllowed):
            grants.end(grant, actor=world.user(actor))
    assert world.keys_of(Employee.objects.visible_to(world.user("grant_employee"))) == {"gabo", "luisa"}

    grants.end(grant, actor=world.user("hr_manager"))
    assert world.keys_of(Employee.objects.visible_to(world.user("grant_employee"))) == {"gabo"}


def test_many_rights_are_ended_together_by_who_may_end_one(world, django_assert_max_num_queries):
    now, luisa, hr_manager = timezone.now(), world.employees["luisa"], world.user("hr_manager")
    dates = {
        "running": (now - timedelta(days=1), None),
        "coming": (now + timedelta(days=1), None),
        "over": (now - timedelta(days=2), now),
    }
    held = {}
    for name, (begin, over) in dates.items():
        for number in range(3):
            held[name, number] = access.grant(
                "view_employee", make_user(), luisa, granted_by=hr_manager, valid_from=begin, valid_until=over
            )
    ids = [grant.pk for grant in held.values()]

    for actor in ("head", "auditor", "plain"):
        with pytest.raises(NotAllowed):
            grants.end_many(UserGrant, ids, actor=world.user(actor))
    assert UserGrant.objects.filter(pk__in=ids, ended_by=None).count() == 9

    with django_assert_max_num_queries(7):  # however many they are
        assert grants.end_many(UserGrant, ids, actor=hr_manager) == 6
    left = UserGrant.objects.filter(pk__in=ids)
    assert {grant.pk: grant.ended_by for grant in left} == {
        grant.pk: hr_manager if name == "running" else None
        for (name, _number), grant in held.items()
        if name != "coming"
    }
    assert not left.in_force().exists()


def test_what_a_grant_is_on_is_told_to_who_sees_it(world):
    held = list(UserGrant.objects.filter(user=world.users["grant_employee"]))

    assert set(targets_of(held, world.user("head")).values()) == {world.employees["luisa"]}
    assert targets_of(held, world.user("plain")) == {}
