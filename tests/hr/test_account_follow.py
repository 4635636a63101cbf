"""The account follows the employee's code, name and work e-mail."""

import pytest
from django.urls import reverse

from core import roles
from core.models import User
from hr.admin.messages import error_of
from hr.models import Employee, Notification, OutboxMessage
from hr.services import account_follow, delivery, outbox
from hr.services.accounts import invite_employees
from hr.services.employees import change_employees
from tests.factories import make_employee, make_position, make_user


@pytest.fixture(autouse=True)
def _roles(db):
    roles.sync_roles()


@pytest.fixture
def hugo():
    return make_user("hugo", role=roles.HR_MANAGER)


@pytest.fixture
def luisa():
    return make_employee("Luisa", "Pérez", code="E-1", work_email="luisa@example.org")


@pytest.fixture
def account(luisa):
    user = make_user("E-1", employee=luisa, role=roles.EMPLOYEE, email="luisa@example.org")
    User.objects.filter(pk=user.pk).update(full_name="Luisa Pérez")
    return user


NEW = {"code": "E-9", "last_name": "Gil", "work_email": "L.Gil@example.org"}


def known(user):
    return User.objects.values_list("username", "full_name", "email").get(pk=user.pk)


def clock():
    outbox.expand_due(limit=500)


def errors():
    return list(OutboxMessage.objects.order_by("pk").values_list("error", flat=True))


def test_code_name_and_email_are_followed(hugo, luisa, account):
    change_employees({luisa.pk: NEW}, actor=hugo)
    message = OutboxMessage.objects.get()
    assert (message.kind, message.payload) == ("account.follow", {"employee_id": luisa.pk, "version": 2})
    assert known(account) == ("E-1", "Luisa Pérez", "luisa@example.org"), "the other database, later"

    clock()

    assert known(account) == ("E-9", "Luisa Gil", "l.gil@example.org")
    assert (errors(), Notification.objects.count()) == ([""], 0)


def test_several_changes_before_the_clock_end_where_the_record_is(hugo, luisa, account):
    change_employees({luisa.pk: {"code": "E-5", "work_email": "five@example.org"}}, actor=hugo)
    change_employees({luisa.pk: NEW}, actor=hugo)
    clock()

    assert known(account) == ("E-9", "Luisa Gil", "l.gil@example.org")
    assert errors() == ["", ""]


def test_after_a_kill_between_the_two_databases_it_is_done_once(hugo, luisa, account):
    change_employees({luisa.pk: NEW}, actor=hugo)
    account_follow.expand_follow(list(OutboxMessage.objects.all()))  # committed in `default`, then killed

    clock()

    assert known(account) == ("E-9", "Luisa Gil", "l.gil@example.org")
    assert errors() == [""]


def test_what_the_account_has_of_its_own_stays(hugo, luisa):
    own = make_user("luisita", employee=luisa, role=roles.EMPLOYEE, email="own@example.org")

    change_employees({luisa.pk: NEW}, actor=hugo)
    clock()

    assert known(own) == ("luisita", "Luisa Gil", "own@example.org")
    assert errors() == ["email_differs"]


def test_what_belongs_to_another_is_reported_to_who_changed_it(client, hugo, luisa, account):
    make_user("e-9")
    make_user("other", email="l.gil@example.org")

    change_employees({luisa.pk: NEW}, actor=hugo)
    clock()

    assert known(account) == ("E-1", "Luisa Gil", "luisa@example.org")
    assert errors() == ["username_taken email_taken"]
    assert Notification.objects.values_list("user_id", "channel").get() == (hugo.pk, "app")
    assert error_of(OutboxMessage.objects.get()) == (
        f"{account_follow.ERRORS['username_taken']} {account_follow.ERRORS['email_taken']}"
    )
    client.force_login(hugo)
    page = client.get(reverse("admin:hr_notification_changelist")).content.decode()
    assert "Luisa Gil (E-9)" in page


@pytest.mark.parametrize("kind", [{"role": roles.ADMINISTRATOR}, {"is_superuser": True}])
def test_who_edits_employees_does_not_lead_an_administrators_mail_to_himself(hugo, luisa, kind):
    boss = make_user("E-1", employee=luisa, email="luisa@example.org", **kind)

    change_employees({luisa.pk: NEW}, actor=hugo)
    clock()

    assert known(boss) == ("E-9", "Luisa Gil", "luisa@example.org")
    assert errors() == ["email_guarded"]


def test_a_link_sent_to_the_old_address_dies(hugo, luisa, mailoutbox):
    invite_employees([luisa.pk], actor=hugo)
    clock()
    delivery.deliver_due(limit=5)
    [invitation] = User.objects.get(employee_uid=luisa.uid).invitations.all()
    assert invitation.is_open

    change_employees({luisa.pk: {"work_email": "new@example.org"}}, actor=hugo)
    clock()

    invitation.refresh_from_db()
    assert not invitation.is_open


def test_an_email_taken_away_is_taken_from_the_account(hugo, luisa, account):
    change_employees({luisa.pk: {"work_email": None}}, actor=hugo)
    clock()

    assert known(account)[2] is None


def test_an_invitation_on_its_way_counts_as_an_account(hugo, luisa):
    invite_employees([luisa.pk], actor=hugo)
    change_employees({luisa.pk: NEW}, actor=hugo)

    assert sorted(OutboxMessage.objects.values_list("kind", flat=True)) == ["account.follow", "employee.invited"]
    clock()
    assert User.objects.get(employee_uid=luisa.uid).username == "E-9"
    assert errors() == ["", ""]


def test_without_an_account_or_with_another_change_there_is_no_message(hugo, luisa, account):
    other = make_employee()

    change_employees({other.pk: {"last_name": "Sol"}}, actor=hugo)
    change_employees({luisa.pk: {"position": make_position()}}, actor=hugo)

    assert not OutboxMessage.objects.exists()


def test_a_refused_change_leaves_no_message(hugo, luisa, account):
    from core.errors import DomainError

    make_employee(code="E-9")
    with pytest.raises(DomainError):
        change_employees({luisa.pk: NEW}, actor=hugo)

    assert not OutboxMessage.objects.exists()


def test_a_code_that_another_account_gives_up_in_the_same_round_is_free(hugo, luisa, account):
    otto = make_employee("Otto", "Sol", code="E-9", work_email="l.gil@example.org")
    other = make_user("E-9", employee=otto, role=roles.EMPLOYEE, email="l.gil@example.org")

    change_employees({otto.pk: {"code": "E-10", "work_email": "otto@example.org"}}, actor=hugo)
    change_employees({luisa.pk: NEW}, actor=hugo)
    clock()

    assert known(other)[::2] == ("E-10", "otto@example.org")
    assert known(account)[::2] == ("E-9", "l.gil@example.org")
    assert errors() == ["", ""]


def test_many_are_followed_with_bounded_questions(hugo, django_assert_max_num_queries):
    rows = [make_employee(code=f"F-{number}") for number in range(30)]
    for row in rows:
        make_user(row.code, employee=row)

    change_employees({row.pk: {"last_name": "Sol"} for row in rows}, actor=hugo)
    with django_assert_max_num_queries(10, using="business"), django_assert_max_num_queries(10 + len(rows)):
        clock()

    assert User.objects.filter(full_name__endswith=" Sol").count() == 30
    assert Employee.objects.filter(last_name="Sol").count() == 30
