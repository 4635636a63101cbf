"""Grants on rows of the other database. Ana is granted, Beto is not."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from core import access
from core.models import GroupGrant, UserGrant
from hr.models import Employee, OrgUnit
from tests.factories import make_employee, make_unit, make_user

VIEW = "hr.view_employee"


@pytest.fixture
def ana(db):
    return make_user("ana")


@pytest.fixture
def beto(db):
    return make_user("beto")


@pytest.fixture
def luisa(db):
    return make_employee()


@pytest.fixture
def night_shift(db):
    return Group.objects.create(name="Night shift")


def fresh(user):
    """As the next request would read him."""
    return type(user).objects.get(pk=user.pk)


def test_a_grant_holds_for_its_user_its_row_and_its_permission_only(ana, beto, luisa):
    other = make_employee()

    access.grant("view_employee", ana, luisa)

    assert ana.has_perm(VIEW, luisa)
    assert not ana.has_perm(VIEW, other)
    assert not ana.has_perm("hr.change_employee", luisa)
    assert not ana.has_perm("core.view_employee", luisa)
    assert not ana.has_perm(VIEW)
    assert not beto.has_perm(VIEW, luisa)


def test_a_row_of_another_model_with_the_same_key_is_not_meant(ana, luisa):
    twin, _created = OrgUnit.objects.get_or_create(pk=luisa.pk, defaults={"code": "T", "name": "Twin", "path": "T"})
    access.grant("view_employee", ana, luisa)

    assert not ana.has_perm("hr.view_orgunit", twin)
    assert not access.checker_for(ana).has_perm("view_employee", twin)


def test_by_every_way_of_asking_only_ones_own_grants_on_that_very_row_count(ana, beto, luisa, night_shift):
    other, day_shift = make_employee(), Group.objects.create(name="Day shift")
    unit, _created = OrgUnit.objects.get_or_create(pk=luisa.pk, defaults={"code": "T", "name": "Twin", "path": "T"})
    beto.groups.add(night_shift)
    for holder in (beto, night_shift):
        access.grant("view_employee", holder, luisa)
    ana.groups.add(day_shift)
    for holder in (ana, day_shift):
        access.grant("change_employee", holder, luisa)
        access.grant("view_employee", holder, other)
        access.grant("view_orgunit", holder, unit)
    for holder in (ana, day_shift):
        access.grant("view_user", holder, beto)

    held = {(grant.model, grant.codename, grant.object_id) for grant in access.held_grants(ana, "hr")}
    assert held == {
        ("employee", "change_employee", luisa.pk),
        ("employee", "view_employee", other.pk),
        ("orgunit", "view_orgunit", unit.pk),
    }
    assert access.granted_ids(ana, VIEW, Employee) == [other.pk]
    assert ana.get_all_permissions(luisa) == {"change_employee"}
    assert access.checker_for(ana, [luisa]).get_perms(luisa) == ["change_employee", "change_employee"]
    assert list(access.GrantChecker(night_shift).get_perms(luisa)) == ["view_employee"]


def test_the_grant_finds_its_row_in_the_other_database(ana, luisa):
    grant = access.grant("view_employee", ana, luisa)

    grant.refresh_from_db()
    assert grant.content_object == luisa
    assert grant._state.db == "default"
    assert luisa._state.db == "business"


def test_a_right_through_a_group_holds_for_its_members(ana, beto, luisa, night_shift):
    ana.groups.add(night_shift)

    access.grant("view_employee", night_shift, luisa)

    assert ana.has_perm(VIEW, luisa)
    assert not beto.has_perm(VIEW, luisa)
    assert access.granted_ids(ana, VIEW, Employee) == [luisa.pk]


def test_a_revoked_grant_is_gone(ana, luisa, night_shift):
    access.grant("view_employee", ana, luisa)
    access.grant("view_employee", night_shift, luisa)

    assert access.revoke("view_employee", ana, luisa) == 1
    assert access.revoke("view_employee", ana, luisa) == 0

    assert not fresh(ana).has_perm(VIEW, luisa)
    assert GroupGrant.objects.count() == 1


def test_granting_again_renews(ana, beto, luisa):
    now = timezone.now()
    access.grant("view_employee", ana, luisa, valid_until=now + timedelta(hours=1), reason="first")
    UserGrant.objects.update(valid_from=now - timedelta(days=2), valid_until=now - timedelta(days=1))
    assert not fresh(ana).has_perm(VIEW, luisa)

    access.grant("view_employee", ana, luisa, granted_by=beto, reason="second")

    grant = UserGrant.objects.get()
    assert fresh(ana).has_perm(VIEW, luisa)
    assert (grant.valid_until, grant.reason, grant.granted_by) == (None, "second", beto)


def test_a_permission_of_another_model_is_refused(ana, luisa):
    with pytest.raises(Permission.DoesNotExist):
        access.grant("view_orgunit", ana, luisa)


PERIODS = [
    (timedelta(hours=-2), timedelta(hours=-1), False),
    (timedelta(hours=-2), timedelta(0), False),  # inert from that second on
    (timedelta(hours=-1), timedelta(hours=1), True),
    (timedelta(hours=1), timedelta(hours=2), False),
    (timedelta(hours=1), None, False),
]


@pytest.mark.parametrize(("begins", "ends", "holds"), PERIODS)
@pytest.mark.parametrize("through", ["user", "group"])
def test_a_grant_holds_within_its_dates_by_every_way_of_asking(ana, luisa, night_shift, begins, ends, holds, through):
    now = timezone.now()
    ana.groups.add(night_shift)
    holder = ana if through == "user" else night_shift
    access.grant(
        "view_employee", holder, luisa, valid_from=now + begins, valid_until=None if ends is None else now + ends
    )

    assert ana.has_perm(VIEW, luisa) is holds
    assert ("view_employee" in ana.get_all_permissions(luisa)) is holds
    assert access.checker_for(ana).has_perm("view_employee", luisa) is holds
    assert access.checker_for(ana, [luisa]).has_perm("view_employee", luisa) is holds
    assert access.granted_ids(ana, VIEW, Employee) == ([luisa.pk] if holds else [])
    assert access.held_grants(ana, "hr") == ([access.HeldGrant("employee", "view_employee", luisa.pk)] if holds else [])
    assert (VIEW.partition(".")[2] in access.GrantBackend().get_group_permissions(ana, luisa)) is (
        holds and through == "group"
    )


def test_an_inactive_user_holds_nothing(ana, luisa):
    access.grant("view_employee", ana, luisa)
    ana.is_active = False
    ana.save()

    assert not fresh(ana).has_perm(VIEW, luisa)
    assert access.granted_ids(fresh(ana), VIEW, Employee) == []
    assert not access.checker_for(fresh(ana), [luisa]).has_perm("view_employee", luisa)


def test_a_dismissed_user_holds_nothing(luisa):
    dismissed = make_user(employee=make_employee(status="terminated", ended_on="2024-01-31"))
    access.grant("view_employee", dismissed, luisa)

    assert not dismissed.has_perm(VIEW, luisa)


@pytest.mark.parametrize("count", [1, 30])
def test_prefetched_rights_cost_two_queries_for_any_number(ana, luisa, night_shift, count, django_assert_num_queries):
    ana.groups.add(night_shift)
    rows = [make_employee(org_unit=luisa.org_unit) for _number in range(count)]
    access.grant("view_employee", ana, rows[0])
    access.grant("change_employee", night_shift, rows[-1])

    with django_assert_num_queries(2):
        checker = access.checker_for(ana, rows)
        seen = [row.pk for row in rows if checker.has_perm("view_employee", row)]
        changed = [row.pk for row in rows if checker.has_perm("change_employee", row)]

    assert (seen, changed) == ([rows[0].pk], [rows[-1].pk])


def test_ids_come_without_a_join_across_the_databases(ana, django_assert_num_queries):
    rows = [make_employee() for _number in range(3)]
    for row in rows[:2]:
        access.grant("view_employee", ana, row)

    with django_assert_num_queries(2), django_assert_num_queries(0, using="business"):
        ids = access.granted_ids(ana, VIEW, Employee)

    assert ids == [row.pk for row in rows[:2]]


def test_grants_on_rows_that_are_gone_are_cleaned(ana, night_shift):
    gone = [make_employee() for _number in range(3)]
    alive, unit = make_employee(), make_unit()
    for row in [*gone, alive]:
        access.grant("view_employee", ana, row)
        access.grant("view_employee", night_shift, row)
    access.grant("view_orgunit", ana, unit)
    for row in gone:
        row.delete()

    assert access.clean_orphans(batch=2) == 6

    assert sorted(UserGrant.objects.values_list("object_pk", flat=True)) == sorted([str(alive.pk), str(unit.pk)])
    assert list(GroupGrant.objects.values_list("object_pk", flat=True)) == [str(alive.pk)]
    assert access.clean_orphans() == 0


def test_forgetting_rows_takes_their_grants(ana, night_shift, luisa):
    other = make_employee()
    for row in (luisa, other):
        access.grant("view_employee", ana, row)
        access.grant("view_employee", night_shift, row)

    assert access.forget(Employee, [luisa.pk]) == 2
    assert access.granted_ids(ana, VIEW, Employee) == [other.pk]


def test_a_user_with_grants_can_be_deleted(ana, beto, luisa):
    access.grant("view_employee", ana, luisa, granted_by=beto)

    beto.delete()
    assert UserGrant.objects.get().granted_by is None
    ana.delete()

    assert not UserGrant.objects.exists()


def test_a_grant_must_end_after_it_begins(ana, luisa):
    from django.db import IntegrityError, transaction

    now = timezone.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        access.grant("view_employee", ana, luisa, valid_from=now, valid_until=now)


def test_grants_are_listed_by_who_may_view_them(ana, luisa):
    from core import roles

    access.grant("view_employee", ana, luisa)

    assert not UserGrant.objects.visible_to(ana).exists()
    assert UserGrant.objects.visible_to(make_user(role=roles.AUDITOR)).count() == 1
