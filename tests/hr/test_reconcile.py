"""What differs between the databases is found, told, and put right by a button."""

import json
import uuid
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from core import access, roles
from core.errors import NotAllowed, NotFound
from core.models import User, UserGrant
from hr.models import EventFigures, Notification, OutboxMessage
from hr.services.checks import CHECKS, STUCK
from hr.services.event_figures import count_anew
from hr.services.leavers import note_statuses
from hr.services.reconcile import ALL, compare, repair
from tests.factories import make_attendance, make_employee, make_event, make_unit, make_user


@pytest.fixture
def leaver(db):
    return make_employee("Tomás", "Sol", code="T1", status="terminated", ended_on=timezone.localdate())


@pytest.fixture
def administrator(db):
    return make_user("admin", role=roles.ADMINISTRATOR)


def orphan(beto):
    unit = make_unit()
    grant = access.grant("view_employee_in", make_user(), unit)
    unit.delete()
    return f"usergrant.{grant.pk}"


def account_of_nobody(beto):
    return make_user("ghost", employee=type("Nobody", (), {"uid": uuid.uuid4(), "full_name": "Ghost"})).pk


def account_of_leaver(leaver):
    return make_user("T1", employee=leaver).pk


def account_of_who_is_back(beto):
    return make_user("E2", employee=beto, is_active=False, has_left=True).pk


def grant_of_leaver(leaver):
    account = make_user("T1", employee=leaver, is_active=False)
    access.grant("view_employee", account, make_employee())
    return account.pk


def delegation_of_leaver(leaver):
    until = timezone.now() + timedelta(days=1)
    return access.grant("act_as_manager", make_user("deputy"), leaver, valid_until=until).pk


def seats(beto):
    event = make_event(state="published")
    make_attendance(event, beto)
    type(event).objects.update(seats_taken=7)
    return event.pk


def figures(beto):
    event = make_event(state="closed")
    make_attendance(event, beto, outcome="present")
    count_anew([event.pk], actor=None)
    EventFigures.objects.update(came=7)
    return event.pk


def given_up(beto):
    return OutboxMessage.objects.create(
        kind="employee.returned",
        key="x",
        payload={"employee_id": beto.pk},
        done_at=timezone.now(),
        attempts=10,
        error="RuntimeError: poison",
    ).pk


def failing(beto):
    return OutboxMessage.objects.create(
        kind="employee.returned", key="x", payload={"employee_id": beto.pk}, attempts=1, error="RuntimeError: poison"
    ).pk


def undelivered(beto):
    message = OutboxMessage.objects.create(kind="employee.returned", key="x", done_at=timezone.now())
    return Notification.objects.create(
        message=message, user_id=1, user_name="Beto", channel="mail", state="bounced", error="550 gone"
    ).pk


def held_up(beto):
    """By a mail server that nobody reaches: no attempt is counted."""
    key = undelivered(beto)
    Notification.objects.filter(pk=key).update(state="pending", error="Connection refused")
    return key


FAULTS = {
    "accounts_without_employee": account_of_nobody,
    "accounts_of_leavers": account_of_leaver,
    "accounts_not_given_back": account_of_who_is_back,
    "grants_without_row": orphan,
    "grants_of_leavers": grant_of_leaver,
    "delegations_of_leavers": delegation_of_leaver,
    "seats_miscounted": seats,
    "figures_miscounted": figures,
    "messages_given_up": given_up,
    "messages_failing": failing,
    "mails_failing": held_up,
    "mails_undelivered": undelivered,
}


def found():
    return {
        finding.name: [row.key for row in finding.differences]
        for finding in compare(ALL, most=10)
        if finding.differences
    }


def fault(name, beto, leaver):
    return str(FAULTS[name](leaver if "leaver" in FAULTS[name].__name__ else beto))


def test_every_check_that_can_repair_is_tested():
    assert FAULTS.keys() == {name for name, check in ALL.items() if check.repair is not None}


def test_a_sound_system_has_no_difference(beto, leaver, administrator):
    make_user("E2", employee=beto)
    make_user("T1", employee=leaver, is_active=False, has_left=True)
    event = make_event(state="published")
    make_attendance(event, beto)
    access.grant("view_employee", User.objects.get(username="E2"), leaver)

    assert found() == {}


@pytest.mark.parametrize("name", FAULTS)
def test_each_difference_is_found_repaired_and_who_ordered_it_is_kept(name, beto, leaver, administrator):
    key = fault(name, beto, leaver)
    assert found() == {name: [key]}

    assert repair([(name, key)], actor=administrator) == 1

    assert found() == {}
    order = OutboxMessage.objects.get(kind="system.repair")
    assert (order.actor_id, order.payload, order.error) == (administrator.pk, {"check": name, "key": key}, "")
    assert order.done_at is not None


@pytest.mark.parametrize("name", FAULTS)
def test_a_repair_of_what_is_sound_changes_nothing(name, beto, leaver, administrator):
    key = fault(name, beto, leaver)
    repair([(name, key)], actor=administrator)
    before = [list(model.objects.order_by("pk").values()) for model in (User, UserGrant)]

    repair([(name, key)], actor=administrator)

    assert [list(model.objects.order_by("pk").values()) for model in (User, UserGrant)] == before
    assert found() == {}


def test_messages_that_nobody_carries_out_are_found(beto):
    long_ago = timezone.now() - timedelta(minutes=16)
    message = OutboxMessage.objects.create(
        kind="employee.returned", key="x", payload={"employee_id": beto.pk}, next_attempt_at=long_ago
    )

    assert found() == {"messages_waiting": [str(message.pk)]}


def test_counted_seats_have_a_history_that_names_who_ordered_it(beto, leaver, administrator):
    key = seats(beto)

    repair([("seats_miscounted", str(key))], actor=administrator)

    event = make_event().__class__.objects.get(pk=key)
    entry = event.history.first()
    assert (event.seats_taken, event.version) == (1, 2)
    assert (entry.history_user_id, entry.history_change_reason) == (administrator.pk, "counted anew")


def test_repairs_need_their_right(beto, hr_manager, auditor):
    key = str(seats(beto))

    for user in (hr_manager, auditor):
        with pytest.raises(NotAllowed):
            repair([("seats_miscounted", key)], actor=user)
    with pytest.raises(NotFound):
        repair([("no_such_check", key)], actor=None)
    with pytest.raises(NotFound):
        repair([("messages_waiting", key)], actor=None)
    assert found() == {"seats_miscounted": [key]}


def test_hr_tries_again_what_is_stuck(beto, hr_manager):
    key = str(undelivered(beto))

    repair([("mails_undelivered", key)], actor=hr_manager)

    assert Notification.objects.values_list("state", "attempts").get(pk=key) == ("pending", 0)


# --- The command ------------------------------------------------------------------------------------------------------
def run(*arguments):
    output = StringIO()
    try:
        call_command("reconcile", *arguments, stdout=output)
    except SystemExit as end:
        return end.code, output.getvalue()
    return 0, output.getvalue()


def test_the_command_tells_and_ends_with_one_on_a_difference(beto, leaver):
    assert run() == (0, "Both databases agree.\n")
    key = account_of_leaver(leaver)

    assert run() == (1, "Active accounts of people who left:\n  Tomás Sol (T1)\n")
    status, text = run("--json")
    told = json.loads(text)
    assert (status, told["agree"], told["checks"].keys()) == (1, False, CHECKS.keys())
    assert told["checks"]["accounts_of_leavers"] == {
        "differences": [{"key": str(key), "about": "Tomás Sol (T1)"}],
        "more": False,
    }


def test_what_is_merely_stuck_is_no_difference(beto):
    undelivered(beto)

    assert run()[0] == 0


def test_what_waits_is_carried_out_first_when_told_to(leaver, mailoutbox):
    """A leaver whose account the clock had no time to switch off: the message is there, the account is on still."""
    account = account_of_leaver(leaver)
    note_statuses([leaver])

    assert run()[0] == 1
    assert run("--carry-out") == (0, "Both databases agree.\n")
    assert not User.objects.get(pk=account).is_active
    assert mailoutbox == []


# --- The page ---------------------------------------------------------------------------------------------------------
def test_the_page_shows_each_difference_with_its_button(client, beto, leaver, administrator):
    account = account_of_leaver(leaver)
    undelivered(beto)
    client.force_login(administrator)
    page = reverse("admin:hr_outboxmessage_system")

    text = client.get(page).content.decode()
    assert f'value="accounts_of_leavers:{account}"' in text
    assert "Tomás Sol (T1)" in text
    assert "550 gone" in text
    client.post(page, {"repair": f"accounts_of_leavers:{account}"})

    assert not User.objects.get(pk=account).is_active
    assert "Tomás Sol (T1)" not in client.get(page).content.decode().partition("<main")[2]


def test_who_may_not_repair_sees_no_button_and_can_force_none(client, leaver, auditor):
    account = account_of_leaver(leaver)
    client.force_login(auditor)
    page = reverse("admin:hr_outboxmessage_system")

    text = client.get(page).content.decode()
    assert 'name="repair"' not in text
    assert str(CHECKS["accounts_of_leavers"].advice) not in text
    assert "An administrator can repair this." in text
    client.post(page, {"repair": f"accounts_of_leavers:{account}"})

    assert User.objects.get(pk=account).is_active


def test_the_page_costs_the_same_for_one_and_three(client, leaver, administrator, django_assert_max_num_queries):
    client.force_login(administrator)
    for number in range(3):
        other = make_employee(code=f"X{number}", status="terminated", ended_on=timezone.localdate())
        make_user(f"X{number}", employee=other)

    with django_assert_max_num_queries(60), django_assert_max_num_queries(20, using="business"):
        client.get(reverse("admin:hr_outboxmessage_system"))


def test_only_the_first_differences_are_listed(db):
    for number in range(4):
        other = make_employee(code=f"X{number}", status="terminated", ended_on=timezone.localdate())
        make_user(f"X{number}", employee=other)

    [finding] = [row for row in compare(CHECKS | STUCK, most=3) if row.differences]

    assert (len(finding.differences), finding.more) == (3, True)
