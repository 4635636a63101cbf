"""What becomes of an account when its employee leaves, is suspended or comes back."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core import access, roles
from core.models import Invitation, User, UserGrant
from core.services import invitations, users
from hr.models import AttendanceCorrection, Notification
from hr.services import outbox
from hr.services.employment import reactivate_employees, rehire_employees, suspend_employees, terminate_employees
from tests.factories import in_days, make_attendance, make_event, make_user


@pytest.fixture
def account(beto):
    return make_user("E2", employee=beto, role=roles.EMPLOYEE, email="beto@example.org")


def clock():
    outbox.expand_due(limit=500)


def leave(*people):
    terminate_employees([person.pk for person in people], ended_on=in_days(0), actor=None)
    clock()


def is_logged_in(client):
    return client.get(reverse("admin:index")).status_code == 200


def test_who_leaves_loses_account_sessions_and_grants(beto, carla, account, client):
    client.force_login(account)
    access.grant("view_employee", account, carla)
    invitation = invitations.prepare([account], actor=None)[account.pk]

    leave(beto)

    account.refresh_from_db()
    assert (account.is_active, account.has_left) == (False, True)
    assert not is_logged_in(client)
    assert not UserGrant.objects.in_force().exists()
    assert not Invitation.objects.open().filter(pk=invitation.pk).exists()


def test_rehired_one_logs_in_again_with_none_of_the_old_sessions_and_grants(beto, carla, account, client):
    client.force_login(account)
    access.grant("view_employee", account, carla)
    leave(beto)

    rehire_employees([beto.pk], hired_on=in_days(0), actor=None)
    clock()

    account.refresh_from_db()
    assert (account.is_active, account.has_left) == (True, False)
    assert not is_logged_in(client)
    assert not UserGrant.objects.in_force().exists()
    assert logs_in(client)


def test_an_account_that_somebody_switched_off_stays_off(beto, account):
    users.deactivate(account, actor=None)
    leave(beto)

    rehire_employees([beto.pk], hired_on=in_days(0), actor=None)
    clock()

    assert not User.objects.get(pk=account.pk).is_active


def test_whoever_is_back_before_the_clock_came_keeps_the_account(beto, account):
    terminate_employees([beto.pk], ended_on=in_days(0), actor=None)
    rehire_employees([beto.pk], hired_on=in_days(0), actor=None)
    clock()

    assert User.objects.values_list("is_active", "has_left").get(pk=account.pk) == (True, False)


def test_a_suspension_ends_sessions_for_good(beto, account, client):
    client.force_login(account)
    suspend_employees([beto.pk], actor=None)
    clock()

    reactivate_employees([beto.pk], actor=None)
    clock()

    assert not is_logged_in(client)
    assert logs_in(client)


def test_sessions_of_others_go_on(beto, carla, account, client):
    client.force_login(make_user("E3", employee=carla))

    leave(beto)

    assert is_logged_in(client)


def test_it_is_done_once_however_often_it_is_carried_out(beto, account):
    leave(beto)
    era = User.objects.get(pk=account.pk).session_era
    outbox.OutboxMessage.objects.update(done_at=None)  # as after a kill between the two commits

    clock()

    assert User.objects.get(pk=account.pk).session_era == era


def logs_in(client):
    client.post(reverse("admin:login"), {"username": "E2", "password": "demo"})
    return is_logged_in(client)


# --- What waited for him ----------------------------------------------------------------------------------------------
@pytest.fixture
def boss(ana):
    return make_user("E1", employee=ana, role=roles.MANAGER)


def ask_for_correction(employee, asked_by, title="Inducción"):
    correction = AttendanceCorrection.objects.create(
        attendance=make_attendance(make_event(title, state="closed"), employee, outcome="absent"),
        outcome="present",
        reason="was there",
        asked_by_id=asked_by.pk,
        asked_by_name=str(asked_by),
    )
    outbox.add("correction.asked", {f"correction.asked:{correction.pk}": {"correction_id": correction.pk}})
    clock()
    return correction


def told(user):
    rows = Notification.objects.filter(user_id=user.pk, channel="app", message__kind="correction.asked")
    return list(rows.order_by("pk").values_list("about_id", flat=True))


def test_what_a_manager_was_to_decide_is_put_before_who_answers_now(beto, ana, account, boss, hr_manager):
    waiting = ask_for_correction(beto, account)
    decided = ask_for_correction(beto, account, "Otro")
    AttendanceCorrection.objects.filter(pk=decided.pk).update(state="approved")
    assert told(boss) == [waiting.pk, decided.pk]

    leave(ana)

    assert told(hr_manager) == [waiting.pk]


def test_who_was_told_before_is_not_told_again(beto, ana, carla, account, boss, hr_manager):
    deputy = make_user("E3", employee=carla)
    access.grant("act_as_manager", deputy, ana, valid_until=timezone.now() + timedelta(days=1))
    correction = ask_for_correction(beto, account)
    assert told(deputy) == [correction.pk]
    beto.reports_to = carla
    beto.save()

    leave(ana)

    assert told(deputy) == [correction.pk]
    assert told(hr_manager) == []


def test_a_day_in_the_past_ends_access_just_the_same(beto, account):
    terminate_employees([beto.pk], ended_on=date(2024, 1, 31), actor=None)
    clock()

    assert not User.objects.get(pk=account.pk).is_active
