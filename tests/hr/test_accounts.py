import re

import pytest
from django.contrib.auth.models import Group
from django.core import mail as django_mail
from django.urls import reverse

from core import roles
from core.admin.badges import badge
from core.errors import NotAllowed, NotFound
from core.models import Invitation, User
from hr.models import Employee, ImportJob, ImportRow, Notification, OutboxMessage
from hr.services import accounts, delivery, outbox
from hr.services.accounts import Invited, invite_created_by, invite_employees
from tests.factories import make_employee, make_unit, make_user


@pytest.fixture(autouse=True)
def _roles(db):
    roles.sync_roles()


@pytest.fixture
def hugo():
    """HR manager, no employee himself."""
    return make_user("hugo", role=roles.HR_MANAGER)


@pytest.fixture
def luisa():
    return make_employee("Luisa", "Pérez", code="E-1", work_email="Luisa@Example.org")


def clock():
    """A round, as the clock does it."""
    outbox.expand_due(limit=500)
    delivery.deliver_due(limit=50)


def test_an_invited_employee_gets_account_invitation_and_mail(hugo, luisa, mailoutbox):
    told = invite_employees([luisa.pk], actor=hugo)
    clock()

    user = User.objects.get(employee_uid=luisa.uid)
    assert told == Invited(invited=1, waiting=0, have_access=0, not_active=0)
    assert (user.username, user.email, user.full_name, user.language) == (
        "E-1",
        "luisa@example.org",
        "Luisa Pérez",
        "es",
    )
    assert [group.name for group in user.groups.all()] == [roles.EMPLOYEE]
    assert not user.has_usable_password()
    assert [(i.delivery, i.created_by) for i in user.invitations.all()] == [("sent", hugo)]
    assert [message.to for message in mailoutbox] == [["luisa@example.org"]]
    assert [(n.user_id, n.channel, n.state) for n in Notification.objects.all()] == [(user.pk, "mail", "sent")]
    message = OutboxMessage.objects.get()
    assert (message.payload, message.actor_id, message.error) == ({"employee_id": luisa.pk}, hugo.pk, "")
    assert message.done_at is not None


def test_the_link_in_the_mail_lets_the_employee_in_to_himself_only(client, hugo, luisa, mailoutbox):
    stranger = make_employee("Otto", "Extraño")
    invite_employees([luisa.pk], actor=hugo)
    clock()
    path = re.search(r"/invitation/\S+/", mailoutbox[0].body).group()

    client.post(path, {"new_password1": "araguaney-2027", "new_password2": "araguaney-2027"})
    entered = client.post("/login/", {"username": "e-1", "password": "araguaney-2027"})
    page = client.get(reverse("admin:hr_employee_changelist")).content.decode()

    assert entered["Location"] == "/"
    assert "Pérez, Luisa" in page
    assert stranger.last_name not in page


def test_only_who_may_invite_invites(luisa):
    for role in (roles.AUDITOR, roles.BULK_LOADER, roles.MANAGER, roles.EMPLOYEE):
        with pytest.raises(NotAllowed):
            invite_employees([luisa.pk], actor=make_user(role=role))

    assert not OutboxMessage.objects.exists()


def test_nobody_invites_whom_he_does_not_see(hugo):
    with pytest.raises(NotFound):
        invite_employees([999_999], actor=hugo)


def test_inviting_twice_before_the_clock_is_one_message(hugo, luisa, mailoutbox):
    invite_employees([luisa.pk], actor=hugo)

    assert invite_employees([luisa.pk], actor=hugo) == Invited(0, waiting=1, have_access=0, not_active=0)
    clock()
    assert len(mailoutbox) == 1


def test_inviting_again_sends_a_new_link_and_the_old_one_dies(client, hugo, luisa, mailoutbox):
    for _round in range(2):
        invite_employees([luisa.pk], actor=hugo)
        clock()

    first, second = (re.search(r"/invitation/\S+/", message.body).group() for message in mailoutbox)
    assert User.objects.filter(employee_uid=luisa.uid).count() == 1
    assert client.get(first).status_code == 410
    assert client.get(second).status_code == 200


def test_who_logs_in_already_and_who_left_is_not_invited(hugo, luisa):
    make_user("old", employee=luisa)
    gone = make_employee(status="terminated", ended_on="2024-01-31")
    away = make_employee(status="suspended")

    assert invite_employees([luisa.pk, gone.pk, away.pk], actor=hugo) == Invited(0, 0, have_access=1, not_active=2)
    assert not OutboxMessage.objects.exists()


def test_without_mail_an_account_waits_for_its_code(hugo, mailoutbox):
    paula = make_employee("Paula", "Gil", code="E-2")

    invite_employees([paula.pk], actor=hugo)
    clock()

    invitation = Invitation.objects.get(user__employee_uid=paula.uid)
    assert (invitation.channel, invitation.delivery, invitation.secret_hash) == ("paper", "pending", None)
    assert mailoutbox == []
    assert not Notification.objects.exists()


def errors():
    return list(OutboxMessage.objects.order_by("pk").values_list("error", flat=True))


def test_a_mail_that_belongs_to_another_user_is_reported_and_never_linked(client, hugo, luisa):
    other = make_user("other", email="luisa@example.org")

    invite_employees([luisa.pk], actor=hugo)
    clock()

    other.refresh_from_db()
    assert errors() == ["email_taken"]
    assert other.employee_uid is None
    assert not User.objects.filter(employee_uid=luisa.uid).exists()
    client.force_login(hugo)
    page = client.get(reverse("admin:hr_outboxmessage_changelist"), {"outcome": "faulty"}).content.decode()
    assert "Luisa Pérez (E-1)" in page
    assert str(accounts.ERRORS["email_taken"]) in page
    mine = client.get(reverse("admin:hr_notification_changelist")).content.decode()
    assert "Luisa Pérez (E-1)" in mine


@pytest.mark.parametrize("username", ["E-1", "e-1"])
def test_a_user_name_that_is_taken_is_reported(hugo, luisa, username):
    make_user(username)

    invite_employees([luisa.pk], actor=hugo)
    clock()

    assert errors() == ["username_taken"]
    assert not User.objects.filter(employee_uid=luisa.uid).exists()


def test_an_account_of_another_employee_counts_as_another_user(hugo, luisa):
    make_user("x", employee=make_employee(), email="luisa@example.org")

    invite_employees([luisa.pk], actor=hugo)
    clock()

    assert errors() == ["email_taken"]


def test_an_account_that_is_off_is_reported(hugo, luisa):
    make_user("x", employee=luisa, is_active=False).set_unusable_password()
    User.objects.filter(username="x").update(password="!")

    invite_employees([luisa.pk], actor=hugo)
    clock()

    assert errors() == ["switched_off"]


def test_who_leaves_before_the_clock_comes_gets_no_account(hugo, luisa):
    invite_employees([luisa.pk], actor=hugo)
    Employee.objects.filter(pk=luisa.pk).update(status="terminated", ended_on="2026-01-31")
    clock()

    assert errors() == ["not_active"]
    assert not User.objects.filter(employee_uid=luisa.uid).exists()


def test_whom_another_account_stands_in_the_way_of_is_named_when_inviting(hugo, luisa):
    make_user("other", email="luisa@example.org")
    make_user("e-2")
    otto = make_employee("Otto", "Gil", code="E-2")
    off = make_employee("Ana", "Sol", code="E-3")
    make_user("off", employee=off, is_active=False)
    free = make_employee()

    told = invite_employees([luisa.pk, otto.pk, off.pk, free.pk], actor=hugo)

    assert told == Invited(
        invited=1,
        waiting=0,
        have_access=0,
        not_active=0,
        refused={
            "email_taken": ["Luisa Pérez (E-1)"],
            "username_taken": ["Otto Gil (E-2)"],
            "switched_off": ["Ana Sol (E-3)"],
        },
    )
    assert invite_employees([luisa.pk, free.pk], actor=hugo) == Invited(
        invited=0, waiting=1, have_access=0, not_active=0, refused={"email_taken": ["Luisa Pérez (E-1)"]}
    )
    clock()
    assert sorted(errors()) == ["", "email_taken", "switched_off", "username_taken"]


def test_one_clash_holds_no_other_up(hugo, luisa, mailoutbox):
    make_user("other", email="luisa@example.org")
    people = [make_employee(code=f"F-{n}", work_email=f"f{n}@example.org") for n in range(3)]

    invite_employees([luisa.pk, *(row.pk for row in people)], actor=hugo)
    clock()

    assert len(mailoutbox) == 3
    assert sorted(errors()) == ["", "", "", "email_taken"]


def test_a_corrected_mail_is_used_by_the_next_invitation(hugo, luisa, mailoutbox):
    invite_employees([luisa.pk], actor=hugo)
    clock()
    Employee.objects.filter(pk=luisa.pk).update(work_email="l.perez@example.org")

    invite_employees([luisa.pk], actor=hugo)
    clock()

    assert [message.to[0] for message in mailoutbox] == ["luisa@example.org", "l.perez@example.org"]


def test_after_a_kill_between_the_two_databases_nothing_is_double(hugo, luisa, mailoutbox):
    invite_employees([luisa.pk], actor=hugo)
    accounts.expand_invitations(list(OutboxMessage.objects.all()))  # committed in `default`, then killed

    clock()

    assert User.objects.filter(employee_uid=luisa.uid).count() == 1
    assert Invitation.objects.count() == 1
    assert len(mailoutbox) == 1


def test_after_a_kill_between_mail_and_note_the_mail_is_not_repeated(hugo, luisa, mailoutbox):
    invite_employees([luisa.pk], actor=hugo)
    clock()
    Notification.objects.update(state="pending")  # the note of the mail was lost

    clock()

    assert len(mailoutbox) == 1
    assert Notification.objects.get().state == "sent"


class Away(django_mail.backends.base.BaseEmailBackend):
    def send_messages(self, messages):
        raise OSError("no route")


def test_mail_that_never_goes_through_shows_as_failed_on_both_sides(hugo, luisa, settings):
    settings.EMAIL_BACKEND = f"{Away.__module__}.Away"
    invite_employees([luisa.pk], actor=hugo)
    clock()
    assert Invitation.objects.values_list("delivery", "attempts", "delivery_error").get() == ("pending", 1, "no route")
    from django.utils import timezone

    Notification.objects.update(attempts=9, next_attempt_at=timezone.now())
    Invitation.objects.update(attempts=9)

    clock()

    assert Notification.objects.get().state == "failed"
    assert Invitation.objects.get().delivery == "failed"


def test_all_new_people_of_a_load_are_invited(hugo, luisa):
    old = make_employee()
    job = ImportJob.objects.create(resource="employees", file_name="x.csv", state="applied", created_by_id=hugo.pk)
    ImportRow.objects.create(job=job, number=2, verdict="new", object_id=luisa.pk)
    ImportRow.objects.create(job=job, number=3, verdict="changed", object_id=old.pk)
    ImportRow.objects.create(job=job, number=4, verdict="faulty")

    assert invite_created_by(job, actor=hugo).invited == 1
    assert OutboxMessage.objects.get().payload == {"employee_id": luisa.pk}


def test_the_load_of_another_is_invited_only_by_who_sees_it(luisa):
    loader = make_user("loader", role=roles.BULK_LOADER)
    job = ImportJob.objects.create(resource="employees", file_name="x.csv", state="applied")
    ImportRow.objects.create(job=job, number=2, verdict="new", object_id=luisa.pk)

    with pytest.raises(NotAllowed):
        invite_created_by(job, actor=loader)


def test_many_are_invited_with_bounded_queries(hugo, mailoutbox, django_assert_max_num_queries):
    unit = make_unit()
    people = [make_employee(org_unit=unit, work_email=f"p{n}@example.org") for n in range(60)]

    with django_assert_max_num_queries(12, using="business"), django_assert_max_num_queries(8):
        invite_employees([row.pk for row in people], actor=hugo)
    with django_assert_max_num_queries(25), django_assert_max_num_queries(15, using="business"):
        outbox.expand_due(limit=500)

    assert User.objects.exclude(employee_uid=None).count() == 60
    assert Notification.objects.count() == 60


def test_two_unit_mates_with_and_without_mail_in_one_go(hugo):
    unit = make_unit()
    rows = [make_employee(org_unit=unit, work_email=None) for _n in range(2)]

    invite_employees([row.pk for row in rows], actor=hugo)
    clock()

    assert errors() == ["", ""]
    assert Invitation.objects.filter(channel="paper").count() == 2


def test_an_administrator_who_is_dismissed_as_the_last_one_stays(luisa):
    from datetime import date

    from core.errors import DomainError
    from hr.services.employment import suspend_employees, terminate_employees

    boss = make_user("boss", employee=luisa, role=roles.ADMINISTRATOR)

    with pytest.raises(DomainError):
        terminate_employees([luisa.pk], ended_on=date(2024, 1, 31), actor=None)
    make_user("second", role=roles.ADMINISTRATOR)
    suspend_employees([luisa.pk], actor=None)

    assert not User.objects.get(pk=boss.pk).has_perm("core.view_user")


def test_a_dismissal_ends_the_session_with_the_next_request(client, luisa):
    user = make_user("boss", employee=luisa)
    user.groups.add(Group.objects.get(name=roles.HR_MANAGER))
    client.force_login(user)
    assert client.get("/").status_code == 200

    Employee.objects.filter(pk=luisa.pk).update(status="terminated", ended_on="2026-01-31")

    assert client.get("/")["Location"] == "/login/?next=/"
    client.post("/login/", {"username": "boss", "password": "demo"})
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("count", [1, 3])
def test_the_lists_cost_the_same_for_one_row_and_three(client, hugo, count):
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    client.force_login(hugo)
    make_user("taken", email="t@example.org")

    def queries(name):
        with CaptureQueriesContext(connections["business"]) as captured:
            assert client.get(reverse(f"admin:hr_{name}_changelist")).status_code == 200
        return len(captured)

    rows = [make_employee(work_email="t@example.org" if n == 0 else f"x{n}@example.org") for n in range(count)]
    invite_employees([row.pk for row in rows], actor=hugo)
    clock()

    assert (queries("outboxmessage"), queries("notification")) == (5, 5)


# --- Pages -----------------------------------------------------------------------------------------------------------
LIST = "/hr/employee/"


def test_the_filtered_list_is_invited_after_a_page_that_says_how_many(client, hugo, luisa):
    others = [make_employee(last_name="Gil") for _number in range(2)]
    client.force_login(hugo)
    chosen = {"action": "invite_many", "_selected_action": [luisa.pk], "select_across": "1"}

    page = client.post(LIST + "?q=gil", chosen)
    assert page.context["count"] == 2
    assert not OutboxMessage.objects.exists()
    client.post(LIST + "?q=gil", chosen | {"_form_submitted": "1"})

    invited = {message.payload["employee_id"] for message in OutboxMessage.objects.all()}
    assert invited == {row.pk for row in others}


def test_who_logs_in_already_has_no_button_of_invitation(client, hugo, luisa):
    client.force_login(hugo)
    page = reverse("admin:hr_employee_change", args=[luisa.pk])
    assert "Invite to log in" in client.get(page).text

    make_user("luisa", employee=luisa)

    assert "Invite to log in" not in client.get(page).text


def test_one_person_is_invited_from_the_page(client, hugo, luisa):
    client.force_login(hugo)
    page = client.get(reverse("admin:hr_employee_change", args=[luisa.pk])).content.decode()
    url = reverse("admin:hr_employee_invite", args=[luisa.pk])

    opened = client.get(url)
    posted = client.post(url, {"_form_submitted": "1"})

    assert url in page
    assert opened.status_code == 200
    assert posted["HX-Redirect"] == reverse("admin:hr_employee_change", args=[luisa.pk])
    assert OutboxMessage.objects.get().payload == {"employee_id": luisa.pk}


@pytest.fixture
def english(client, hugo):
    hugo.language = "en"
    hugo.save()
    client.force_login(hugo)
    return client


def test_the_first_who_cannot_be_invited_are_named_at_once(english):
    people = [make_employee("Eva", f"Sol {n}", code=f"S-{n}") for n in range(7)]
    for row in people:
        make_user(row.code)
    chosen = {"action": "invite_many", "_selected_action": [row.pk for row in people], "_form_submitted": "1"}

    page = english.post(LIST, chosen, follow=True)

    [message] = page.context["messages"]
    assert message.level_tag == "warning"
    assert str(message) == (
        "Nobody is being invited. Another user has the employee code as user name. 7 people cannot be invited: "
        "Eva Sol 0 (S-0), Eva Sol 1 (S-1), Eva Sol 2 (S-2), Eva Sol 3 (S-3), Eva Sol 4 (S-4) …. "
        "The list of notifications names them all."
    )


def test_the_notification_of_a_problem_bears_no_green_badge(english, hugo, luisa):
    make_user("other", email="luisa@example.org")
    invite_employees([luisa.pk], actor=hugo)
    clock()

    page = english.get(reverse("admin:hr_notification_changelist"))

    shown = page.context["cl"].model_admin.shown_state(page.context["cl"].result_list[0])
    assert shown == badge("could not be done", "danger")
    assert shown in page.content.decode()


@pytest.mark.parametrize("status", ["terminated", "suspended"])
def test_who_is_not_active_is_not_offered_an_invitation(english, status):
    gone = make_employee(status=status, ended_on="2024-01-31" if status == "terminated" else None)
    url = reverse("admin:hr_employee_change", args=[gone.pk])

    page = english.get(url).content.decode()
    english.post(reverse("admin:hr_employee_invite", args=[gone.pk]), {"_form_submitted": "1"})

    assert "/invite" not in page
    assert "only active employees are invited" in page
    assert "1 person is suspended or no longer works here, and is not invited." in english.get(url).content.decode()
    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize("role", [roles.AUDITOR, roles.BULK_LOADER, roles.EMPLOYEE])
def test_who_may_not_invite_finds_no_button_and_no_way(client, luisa, role):
    client.force_login(make_user(role=role, employee=luisa))

    page = client.get(reverse("admin:hr_employee_change", args=[luisa.pk])).content.decode()
    posted = client.post(reverse("admin:hr_employee_invite", args=[luisa.pk]), {"_form_submitted": "1"})
    client.post(LIST, {"action": "invite_many", "_selected_action": [luisa.pk], "_form_submitted": "1"})

    assert "/invite" not in page
    assert posted.status_code == 403
    assert not OutboxMessage.objects.exists()


def test_the_page_says_how_the_person_logs_in(client, hugo, luisa):
    client.force_login(hugo)
    hugo.language = "en"
    hugo.save()
    url = reverse("admin:hr_employee_change", args=[luisa.pk])

    assert "not invited" in client.get(url).content.decode()
    make_user("luisa", employee=luisa)
    assert "as luisa" in client.get(url).content.decode()


def test_an_employee_lists_only_his_own_notifications(client, hugo, luisa):
    otto = make_user("otto", employee=make_employee())
    lea = make_user("lea", employee=make_employee())
    message = OutboxMessage.objects.create(kind="employee.invited", key="k", payload={"employee_id": luisa.pk})
    Notification.objects.create(message=message, user_id=otto.pk, user_name="Otto-Notice", channel="app", state="sent")
    Notification.objects.create(message=message, user_id=lea.pk, user_name="Lea-Notice", channel="app", state="sent")
    client.force_login(otto)

    page = client.get(reverse("admin:hr_notification_changelist")).content.decode()

    assert "Otto-Notice" in page
    assert "Lea-Notice" not in page
    assert "(E-1)" not in page  # whom he does not see
    assert client.get(reverse("admin:hr_outboxmessage_changelist")).status_code == 403
