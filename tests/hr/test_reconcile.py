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
from hr.models import Employee, EventFigures, Notification, OutboxMessage
from hr.services import checks
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
    return make_user("E2", employee=beto, email=beto.work_email, is_active=False, has_left=True).pk


def account_of_before(beto):
    """As it was written past the application."""
    account = make_user("E2", employee=beto, email=beto.work_email)
    User.objects.filter(pk=account.pk).update(full_name="Otra Persona", email="otro@example.org")
    return account.pk


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
    "accounts_behind": account_of_before,
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
    make_user("E2", employee=beto, email=beto.work_email)
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


# --- Names and e-mails ------------------------------------------------------------------------------------------------
@pytest.fixture
def account(beto):
    """Of a plain employee, as the invitation makes it."""
    Employee.objects.filter(pk=beto.pk).update(work_email="Beto@example.org")
    return make_user("E2", employee=beto, role=roles.EMPLOYEE, email="beto@example.org")


def about(name="accounts_behind"):
    return [row.about for row in compare({name: CHECKS[name]}, most=10)[0].differences]


def test_an_account_written_past_the_application_is_told_with_what_differs(beto, account, administrator):
    User.objects.filter(pk=account.pk).update(email="otro@example.org")
    assert about() == ["Beto Ñáñez (E2): e-mail"]
    User.objects.filter(pk=account.pk).update(full_name="Otra Persona")
    assert about() == ["Otra Persona (E2): full name, e-mail"]

    repair([("accounts_behind", str(account.pk))], actor=administrator)

    account.refresh_from_db()
    assert (account.full_name, account.email) == ("Beto Ñáñez", "beto@example.org")
    assert about() == []


def test_a_code_that_changed_past_the_application_is_told_and_followed(beto, account, administrator):
    beto.code = "E-9"
    beto.save()
    assert about() == ["Beto Ñáñez (E2): user name"]

    repair([("accounts_behind", str(account.pk))], actor=administrator)

    account.refresh_from_db()
    assert account.username == "E-9"


def test_a_user_name_that_was_never_the_code_is_the_accounts_own(beto, account):
    User.objects.filter(pk=account.pk).update(username="betito")

    assert about() == []


def test_what_an_administrator_set_on_the_page_of_the_user_is_the_accounts_own(client, account, administrator):
    client.force_login(administrator)
    page = reverse("admin:core_user_change", args=[account.pk])
    values = {"full_name": account.full_name, "username": "E2", "language": "en", "is_active": "on"}

    client.post(page, values | {"email": "own@example.org", "roles": [roles.EMPLOYEE]})

    account.refresh_from_db()
    assert account.email == "own@example.org"
    assert about() == []
    User.objects.filter(pk=account.pk).update(full_name="Otra Persona")
    assert about() == ["Otra Persona (E2): full name"]


def test_the_mail_of_an_administrator_is_not_led_to_the_address_of_his_record(beto, account, administrator):
    account.groups.add(administrator.groups.get())
    User.objects.filter(pk=account.pk).update(email="own@example.org")

    assert about() == []


def test_an_address_that_belongs_to_another_is_not_taken(account):
    User.objects.filter(pk=account.pk).update(email=None)
    make_user("other", email="beto@example.org")

    assert about() == []


def test_accounts_are_compared_in_batches_with_the_same_questions(
    db, monkeypatch, django_assert_max_num_queries, django_assert_num_queries
):
    people = [make_employee(code=f"F-{number}") for number in range(30)]
    for row in people:
        make_user(row.code, employee=row, role=roles.EMPLOYEE)

    with django_assert_num_queries(2), django_assert_num_queries(1, using="business"):
        assert about() == []
    User.objects.exclude(employee_uid=None).update(full_name="Otra Persona")
    with django_assert_max_num_queries(8), django_assert_max_num_queries(2, using="business"):
        assert len(compare({"accounts_behind": CHECKS["accounts_behind"]}, most=50)[0].differences) == 30
    monkeypatch.setattr(checks, "BATCH", 10)
    with django_assert_max_num_queries(3 * 8), django_assert_max_num_queries(3 * 2, using="business"):
        assert len(compare({"accounts_behind": CHECKS["accounts_behind"]}, most=50)[0].differences) == 30


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


def test_the_command_tells_of_a_name_that_is_not_the_employees(account):
    User.objects.filter(pk=account.pk).update(email="otro@example.org", full_name="Otra Persona")

    label = CHECKS["accounts_behind"].label
    assert run() == (1, f"{label}:\n  Otra Persona (E2): full name, e-mail\n")


def test_the_page_puts_a_name_right(client, account, administrator):
    User.objects.filter(pk=account.pk).update(full_name="Otra Persona")
    client.force_login(administrator)
    page = reverse("admin:hr_outboxmessage_system")

    assert f'value="accounts_behind:{account.pk}"' in client.get(page).content.decode()
    client.post(page, {"repair": f"accounts_behind:{account.pk}"})

    account.refresh_from_db()
    assert account.full_name == "Beto Ñáñez"
    assert run() == (0, "Both databases agree.\n")


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
