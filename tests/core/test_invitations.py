import re
import smtplib
from datetime import timedelta

import pytest
from django.core import mail as django_mail
from django.test import Client
from django.utils import timezone

from core import mail, roles
from core.errors import DomainError, NotAllowed
from core.models import Invitation, StoredMail
from core.services import invitations, users
from tests.core.conftest import PASSWORD, make_user

NEW = "araguaney-2027"


def invite(user, **kwargs):
    invitation = invitations.prepare([user], actor=None, **kwargs)[user.pk]
    invitations.deliver_due(limit=10)
    invitation.refresh_from_db()
    return invitation


def link_in(message):
    return re.search(r"https?://\S+/invitation/\S+/", message.body).group()


def path_of(link):
    return link.partition("//")[2].partition("/")[2].join(["/", ""])


@pytest.fixture
def paula(synced_roles):
    """Has no e-mail."""
    return make_user("paula", roles.EMPLOYEE, email=None, password=None)


@pytest.fixture
def nora(synced_roles):
    """Was not invited yet."""
    return make_user("nora", roles.EMPLOYEE, password=None)


# --- By mail ---------------------------------------------------------------------------------------------------------
def test_an_invitation_is_mailed_once_with_a_link_that_works(client, nora, mailoutbox, settings):
    settings.APP_URL = "https://people.example.org"
    invitation = invite(nora)
    invitations.deliver_due(limit=10)

    (message,) = mailoutbox
    response = client.get(path_of(link_in(message)))
    assert message.to == ["nora@example.org"]
    assert link_in(message).startswith("https://people.example.org/invitation/")
    assert invitation.delivery == "sent"
    assert invitation.message_id == message.extra_headers["Message-ID"]
    assert invitation.expires_at - invitation.sent_at == pytest.approx(timedelta(hours=72), abs=timedelta(seconds=5))
    assert response.status_code == 200
    # Tells strangers nothing of the secret in the address, and unlike no-referrer lets the form be posted.
    assert response["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(("language", "date_format"), [("es", r"\d a las \d"), ("en", r"[ap]\.m\.|noon|midnight")])
def test_mail_speaks_the_readers_language(nora, mailoutbox, language, date_format):
    nora.language = language
    nora.save()

    invite(nora)

    (message,) = mailoutbox
    assert message.subject
    assert re.search(date_format, message.body)
    assert re.search(date_format, message.alternatives[0][0])


def test_names_are_escaped_in_html_and_not_in_text(nora, mailoutbox):
    nora.full_name = "Nora <b>O'Hara</b>"
    nora.save()

    invite(nora)

    (message,) = mailoutbox
    assert "Nora <b>O'Hara</b>" in message.body
    assert "<b>O" not in message.alternatives[0][0]


def test_the_database_holds_no_secret(nora, mailoutbox):
    invitation = invite(nora)

    secret = link_in(mailoutbox[0]).rstrip("/").rpartition("/")[2]
    assert secret not in str(Invitation.objects.filter(pk=invitation.pk).values().get())


def test_accepting_sets_the_password_and_leads_to_the_login(client, nora, mailoutbox):
    invite(nora)
    path = path_of(link_in(mailoutbox[0]))

    response = client.post(path, {"new_password1": NEW, "new_password2": NEW})

    nora.refresh_from_db()
    assert response["Location"] == "/login/"
    assert nora.check_password(NEW)
    assert "_auth_user_id" not in client.session
    assert client.post("/login/", {"username": "nora", "password": NEW})["Location"] == "/"


def test_a_link_works_once(client, nora, mailoutbox):
    invite(nora)
    path = path_of(link_in(mailoutbox[0]))
    client.post(path, {"new_password1": NEW, "new_password2": NEW})

    assert client.get(path).status_code == 410
    assert (
        client.post(path, {"new_password1": "other-pass-2027", "new_password2": "other-pass-2027"}).status_code == 410
    )
    nora.refresh_from_db()
    assert nora.check_password(NEW)


def test_opening_a_link_uses_nothing_up(client, nora, mailoutbox):
    invite(nora)
    path = path_of(link_in(mailoutbox[0]))

    client.get(path)
    client.head(path)

    assert client.get(path).status_code == 200


def test_a_weak_password_leaves_the_link_open(client, nora, mailoutbox):
    invite(nora)
    path = path_of(link_in(mailoutbox[0]))

    response = client.post(path, {"new_password1": "short", "new_password2": "short"})

    assert response.status_code == 200
    assert response.context["form"].errors
    assert client.get(path).status_code == 200


def test_a_link_ends_after_72_hours(client, nora, mailoutbox):
    invitation = invite(nora)
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now())

    assert client.get(path_of(link_in(mailoutbox[0]))).status_code == 410


def test_a_newer_link_replaces_the_older(client, nora, mailoutbox):
    invite(nora)
    invite(nora)

    first, second = (path_of(link_in(message)) for message in mailoutbox)
    assert client.get(first).status_code == 410
    assert client.get(second).status_code == 200


def test_a_link_of_an_account_that_is_off_does_not_open(client, nora, mailoutbox):
    invite(nora)
    nora.is_active = False
    nora.save()

    assert client.get(path_of(link_in(mailoutbox[0]))).status_code == 410


def test_accepting_ends_other_sessions_of_the_user_and_this_one(client, ana, emma, mailoutbox):
    other = Client()
    other.force_login(emma)
    client.force_login(ana)
    invite(emma, purpose="reset")

    client.post(path_of(link_in(mailoutbox[0])), {"new_password1": NEW, "new_password2": NEW})

    assert other.get("/").status_code == 302
    assert client.get("/").status_code == 302


def test_nobody_is_mailed_whose_account_was_switched_off_meanwhile(nora, mailoutbox):
    invitations.prepare([nora], actor=None)
    type(nora).objects.filter(pk=nora.pk).update(is_active=False)

    invitations.deliver_due(limit=10)

    assert mailoutbox == []
    assert Invitation.objects.get().delivery == "failed"


def test_accepting_uses_up_nobody_elses_invitation(nora, paula):
    waiting = invitations.prepare([paula], actor=None)[paula.pk]

    invitations.accept(invite(nora), NEW)

    assert list(Invitation.objects.open()) == [waiting]


def test_who_may_not_invite_prints_no_code(emma, paula):
    invitation = invitations.prepare([paula], actor=None)[paula.pk]

    with pytest.raises(NotAllowed):
        invitations.issue_codes([invitation], actor=emma)


def test_asking_again_before_it_was_sent_makes_no_second(nora):
    first = invitations.prepare([nora], actor=None)
    second = invitations.prepare([nora], actor=None)

    assert first[nora.pk].pk == second[nora.pk].pk
    assert Invitation.objects.count() == 1


# --- Delivery --------------------------------------------------------------------------------------------------------
class Failing(django_mail.backends.base.BaseEmailBackend):
    error: Exception = OSError("no route")

    def send_messages(self, messages):
        raise self.error


class Unreachable(django_mail.backends.base.BaseEmailBackend):
    def open(self):
        raise ConnectionRefusedError("refused")


def through(settings, backend):
    settings.EMAIL_BACKEND = f"{backend.__module__}.{backend.__qualname__}"


def test_an_address_the_server_refuses_is_bounced_at_once(settings, nora, monkeypatch):
    through(settings, Failing)
    monkeypatch.setattr(Failing, "error", smtplib.SMTPRecipientsRefused({"nora@example.org": (550, b"No such user")}))

    invitation = invite(nora)

    assert (invitation.delivery, invitation.delivery_error) == ("bounced", "550 No such user")


@pytest.mark.parametrize(
    "error",
    [
        OSError("no route"),
        smtplib.SMTPServerDisconnected("gone"),
        smtplib.SMTPRecipientsRefused({"nora@example.org": (450, b"busy")}),
    ],
)
def test_a_mail_that_may_go_through_later_waits(settings, nora, monkeypatch, error):
    through(settings, Failing)
    monkeypatch.setattr(Failing, "error", error)

    invitation = invite(nora)

    assert (invitation.delivery, invitation.attempts) == ("pending", 1)
    assert invitation.delivery_error
    assert timedelta(0) < invitation.next_attempt_at - timezone.now() <= timedelta(minutes=1)
    assert invitations.deliver_due(limit=10) == 0


def test_after_ten_attempts_it_failed(settings, nora):
    through(settings, Failing)
    invitation = invite(nora)
    Invitation.objects.update(attempts=9, next_attempt_at=timezone.now())

    invitations.deliver_due(limit=10)

    invitation.refresh_from_db()
    assert (invitation.delivery, invitation.attempts, invitation.next_attempt_at) == ("failed", 10, None)


def test_a_server_that_is_away_costs_no_attempt(settings, nora, paula):
    through(settings, Unreachable)

    invitation = invite(nora)

    assert (invitation.delivery, invitation.attempts, invitation.delivery_error) == ("pending", 0, "refused")
    assert invitation.next_attempt_at > timezone.now()


def test_a_bounce_reported_later_is_noted(nora):
    from anymail.signals import AnymailTrackingEvent, tracking

    invitation = invite(nora)
    event = AnymailTrackingEvent(
        event_type="bounced", timestamp=None, message_id=invitation.message_id, mta_response="550 gone"
    )

    tracking.send(sender=None, event=event, esp_name="Test")

    invitation.refresh_from_db()
    assert (invitation.delivery, invitation.delivery_error) == ("bounced", "550 gone")


def test_a_bounce_without_our_id_is_nobodys(nora, emma):
    invite(nora)

    assert invitations.mark_bounced(reason="x", message_id="") == 0
    assert Invitation.objects.get().delivery == "sent"


def test_the_demo_keeps_mail_instead(settings, nora):
    through(settings, mail.StoredMailBackend)

    invite(nora)

    kept = StoredMail.objects.get()
    assert kept.recipient == "nora@example.org"
    assert [link for link in kept.links if "/invitation/" in link]


def test_the_clock_stops_between_two_mails(nora, emma, mailoutbox):
    invitations.prepare([nora, emma], actor=None)

    sent = invitations.deliver_due(limit=10, should_stop=lambda: len(mailoutbox) == 1)

    assert (sent, len(mailoutbox)) == (1, 1)


# --- Again -----------------------------------------------------------------------------------------------------------
def test_sending_again_reaches_who_has_no_password_yet(client, hugo, nora, emma, mailoutbox):
    bounced = invite(nora)
    invitations.mark_bounced(reason="550", invitation_id=bounced.pk)
    invite(emma)

    assert invitations.resend([nora.pk, emma.pk], actor=hugo) == 1
    invitations.deliver_due(limit=10)

    assert [message.to[0] for message in mailoutbox].count("nora@example.org") == 2
    assert client.get(path_of(link_in(mailoutbox[-1]))).status_code == 200


def test_who_may_not_invite_may_not_send_again(emma, nora):
    with pytest.raises(NotAllowed):
        invitations.resend([nora.pk], actor=emma)


def test_an_administrator_sends_a_link_by_hand(ana, hugo, nora, emma, paula):
    for user in (nora, emma, paula):
        invitations.send_to(user, actor=ana)

    assert sorted(Invitation.objects.values_list("user__username", "purpose", "channel")) == [
        ("emma", "reset", "mail"),
        ("nora", "invite", "mail"),
        ("paula", "invite", "paper"),
    ]
    with pytest.raises(NotAllowed):
        invitations.send_to(nora, actor=hugo)
    users.deactivate(nora, actor=ana)
    with pytest.raises(DomainError):
        invitations.send_to(nora, actor=ana)


def test_who_has_no_mail_and_forgot_the_password_gets_a_new_code(client, hugo, paula):
    invitations.prepare([paula], actor=hugo)
    paula.set_password(PASSWORD)
    paula.save()
    Invitation.objects.update(accepted_at=timezone.now())

    assert invitations.resend([paula.pk], actor=hugo) == 1
    ((_invitation, code),) = invitations.issue_codes(list(Invitation.objects.open()), actor=hugo)

    assert activate(client, code).status_code == 302


def test_the_link_is_sent_from_the_page_of_the_user(client, ana, nora, mailoutbox):
    client.force_login(ana)
    page = f"/core/user/{nora.pk}/send_link/"

    response = client.post(page, {"_form_submitted": "1"})
    invitations.deliver_due(limit=10)

    assert response["HX-Redirect"] == f"/core/user/{nora.pk}/change/"
    assert [message.to for message in mailoutbox] == [["nora@example.org"]]
    assert client.post("/core/user/999999/send_link/", {"_form_submitted": "1"}).status_code == 200


# --- Forgotten password ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["emma", "EMMA@example.org", "nobody", "nobody@example.org", "paula", "off"])
def test_the_answer_to_a_forgotten_password_is_always_the_same(client, emma, paula, name):
    make_user("off", is_active=False)

    response = client.post("/forgotten/", {"name": name})
    other = client.post("/forgotten/", {"name": "somebody-else"})

    def told(page):
        return re.sub(r'value="[^"]*"', "", page.content.decode())

    assert response.status_code == 200
    assert told(response) == told(other)
    assert Invitation.objects.count() == (1 if name.lower().startswith("emma") else 0)


def test_a_reset_link_sets_a_new_password(client, emma, mailoutbox):
    client.post("/forgotten/", {"name": "emma"})
    invitations.deliver_due(limit=10)

    client.post(path_of(link_in(mailoutbox[0])), {"new_password1": NEW, "new_password2": NEW})

    emma.refresh_from_db()
    assert emma.check_password(NEW)


def test_asking_for_a_reset_leaves_the_password_and_invitations_alone(emma, nora, mailoutbox, client):
    invite(nora)
    invitations.request_reset("nora", address="192.0.2.1")
    invitations.request_reset("emma", address="192.0.2.1")

    emma.refresh_from_db()
    assert emma.check_password(PASSWORD)
    assert client.get(path_of(link_in(mailoutbox[0]))).status_code == 200


def test_resets_are_limited_per_account(emma, mailoutbox):
    for number in range(6):
        invitations.request_reset("emma", address=f"192.0.2.{number}")
        invitations.deliver_due(limit=10)

    assert len(mailoutbox) == invitations.RESETS_AN_HOUR


def test_resets_are_limited_per_address(synced_roles):
    people = [make_user(f"p{number}") for number in range(invitations.RESETS_AN_HOUR_FROM_ONE_ADDRESS + 3)]
    for person in people:
        invitations.request_reset(person.username, address="192.0.2.1")

    assert Invitation.objects.count() == invitations.RESETS_AN_HOUR_FROM_ONE_ADDRESS


# --- Codes on paper --------------------------------------------------------------------------------------------------
def code_for(user, actor):
    invitation = invitations.prepare([user], actor=actor)[user.pk]
    ((_invitation, code),) = invitations.issue_codes([invitation], actor=actor)
    return code


def activate(client, code, *, username="paula", password=NEW):
    data = {"username": username, "code": code, "new_password1": password, "new_password2": password}
    return client.post("/activate/", data)


def test_a_code_sets_the_password_once(client, hugo, paula):
    code = code_for(paula, hugo)

    assert activate(client, f" {code.lower().replace('-', ' ')} ")["Location"] == "/login/"

    paula.refresh_from_db()
    assert paula.check_password(NEW)
    assert activate(client, code, password="other-pass-2027").status_code == 200
    paula.refresh_from_db()
    assert paula.check_password(NEW)


def test_a_code_is_kept_nowhere(hugo, paula):
    code = code_for(paula, hugo)

    assert re.fullmatch(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}", code)
    assert code.replace("-", "") not in str(Invitation.objects.values().get())


def test_a_code_belongs_to_its_person(client, hugo, paula, emma):
    code = code_for(paula, hugo)

    activate(client, code, username="emma")

    emma.refresh_from_db()
    assert emma.check_password(PASSWORD)


def test_printing_again_replaces_the_code(client, hugo, paula):
    first = code_for(paula, hugo)
    second = code_for(paula, hugo)

    assert activate(client, first).status_code == 200
    assert activate(client, second).status_code == 302


def test_five_wrong_codes_lock_name_and_address_for_fifteen_minutes(client, hugo, paula, monkeypatch):
    code = code_for(paula, hugo)
    for _attempt in range(5):
        activate(client, "AAAA-BBBB-CCCC")

    assert activate(client, code).status_code == 200
    assert not paula.__class__.objects.get(pk=paula.pk).has_usable_password()
    later = timezone.now().timestamp() + 15 * 60 + 1
    monkeypatch.setattr("core.throttle.time.time", lambda: later)
    assert activate(client, code).status_code == 302


def test_a_weak_password_uses_no_code_up_and_counts_no_failure(client, hugo, paula):
    code = code_for(paula, hugo)
    for _attempt in range(6):
        assert activate(client, code, password="short").status_code == 200

    assert activate(client, code).status_code == 302


def test_a_code_ends_with_its_days(client, hugo, paula):
    code = code_for(paula, hugo)
    Invitation.objects.update(expires_at=timezone.now())

    assert activate(client, code).status_code == 200


def test_the_hr_manager_prints_no_code_for_who_may_do_more(ana, hugo, synced_roles):
    boss = make_user("boss", roles.ADMINISTRATOR, email=None, password=None)
    invitation = invitations.prepare([boss], actor=ana)[boss.pk]

    with pytest.raises(NotAllowed):
        invitations.issue_codes([invitation], actor=hugo)
    assert len(invitations.issue_codes([invitation], actor=ana)) == 1


def test_nobody_prints_a_code_for_himself_or_a_superuser(ana, synced_roles):
    ana.email = None
    ana.save()
    chief = make_user("chief", email=None, password=None, is_superuser=True)

    for user in (ana, chief):
        invitation = invitations.prepare([user], actor=None)[user.pk]
        with pytest.raises(NotAllowed):
            invitations.issue_codes([invitation], actor=ana)


def test_the_sheet_shows_name_code_and_address_once(client, hugo, paula):
    users_list = reverse_list()
    invitation = invitations.prepare([paula], actor=hugo)[paula.pk]
    client.force_login(hugo)

    sheet = client.post(users_list, {"action": "print_codes", "_selected_action": [invitation.pk]})
    page = sheet.content.decode()

    code = re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}", page).group()
    assert "no-store" in sheet["Cache-Control"]
    assert ("Paula Pérez" in page, ">paula<" in page, "/activate/" in page) == (True, True, True)
    assert code not in client.get(users_list).content.decode()
    assert activate(Client(), code).status_code == 302


def test_the_list_sends_again(client, hugo, nora, mailoutbox):
    invitation = invite(nora)
    client.force_login(hugo)

    response = client.post(reverse_list(), {"action": "resend", "_selected_action": [invitation.pk]}, follow=True)
    invitations.deliver_due(limit=10)

    assert response.status_code == 200
    assert len(mailoutbox) == 2


def test_more_than_are_changed_at_once_are_refused_on_the_list(client, hugo, nora, emma, monkeypatch):
    monkeypatch.setattr("core.services.batches.MOST_ROWS", 1)
    chosen = [invite(nora).pk, invite(emma).pk]
    client.force_login(hugo)

    response = client.post(reverse_list(), {"action": "resend", "_selected_action": chosen}, follow=True)

    assert "Se cambian a la vez 1 registros como máximo." in response.text
    assert Invitation.objects.count() == 2


def test_the_auditor_reads_the_list_and_acts_on_nothing(client, nora, synced_roles):
    invitation = invite(nora)
    client.force_login(make_user("audrey", roles.AUDITOR))

    page = client.get(reverse_list())
    client.post(reverse_list(), {"action": "resend", "_selected_action": [invitation.pk]})

    assert "Nora Pérez" in page.content.decode()
    assert Invitation.objects.count() == 1


def reverse_list():
    return "/core/invitation/"


def test_switching_an_account_off_closes_its_page_links(client, ana, nora, mailoutbox):
    invite(nora)

    users.deactivate(nora, actor=ana)

    assert client.get(path_of(link_in(mailoutbox[0]))).status_code == 410
