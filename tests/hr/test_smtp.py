"""Mail over a real server on this machine: STARTTLS, a login, what arrives."""

import email
import email.policy
import ssl
from contextlib import closing

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from django.core import mail as django_mail
from django.test import override_settings
from icalendar import Calendar

from core import roles
from hr.models import Notification
from hr.services import delivery, outbox
from tests.factories import make_attendance, make_event, make_user
from tests.servers.processes import free_ports

NAME, PASSWORD = "evaltrack", "a-secret"


class Post:
    """Takes mail after a login; `refuses` holds replies to recipients by address."""

    def __init__(self):
        self.received, self.refuses, self.logins = [], {}, []

    def authenticate(self, server, session, envelope, mechanism, data):
        self.logins.append(session.ssl is not None)
        return AuthResult(handled=False, success=(data.login, data.password) == (NAME.encode(), PASSWORD.encode()))

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802  (the library's name)
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.received.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server that takes no mail before STARTTLS and a login, and the settings for it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    post, [port] = Post(), free_ports(1)

    class Strict(Controller):
        def factory(self):
            return SMTP(
                post, tls_context=context, require_starttls=True, auth_required=True, authenticator=post.authenticate
            )

    controller = Strict(post, hostname="localhost", port=port)
    controller.start()
    with (
        override_settings(
            EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
            EMAIL_HOST="localhost",
            EMAIL_PORT=port,
            EMAIL_HOST_USER=NAME,
            EMAIL_HOST_PASSWORD=PASSWORD,
            EMAIL_USE_TLS=True,
            EMAIL_USE_SSL=False,
        ),
        closing(_Stopping(controller)),
    ):
        yield post


class _Stopping:
    def __init__(self, controller):
        self.close = controller.stop


@pytest.fixture
def published(beto):
    """Beto is to be told of an event."""
    make_user("E2", employee=beto, role=roles.EMPLOYEE, email="beto@example.org", language="es")
    event = make_event("Inducción", state="published", place="Sala ñ")
    make_attendance(event, beto)
    outbox.add("event.published", {"event.published:1": {"event_id": event.pk}})
    outbox.expand_due(limit=10)
    return event


def state():
    return Notification.objects.values_list("state", "attempts").get(channel="mail")


def test_a_mail_arrives_over_tls_after_a_login(server, published):
    delivery.deliver_due(limit=10)

    [message] = server.received
    assert server.logins == [True]
    assert state() == ("sent", 1)
    assert message["To"] == "beto@example.org"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "Inducción" in message["Subject"]
    parts = [part.get_content_type() for part in message.walk() if not part.is_multipart()]
    assert parts == ["text/plain", "text/html", "text/calendar"]
    assert "Sala ñ" in message.get_body(["plain"]).get_content()
    assert "Sala ñ" in message.get_body(["html"]).get_content()
    [attached] = message.iter_attachments()
    assert attached.get_content_type() == "text/calendar"
    assert attached["Content-Type"].params["method"] == "REQUEST"
    assert str(Calendar.from_ical(attached.get_content()).walk("VEVENT")[0]["SUMMARY"]) == "Inducción"


def test_many_mails_need_one_connection(server, published, beto):
    outbox.add("event.reminder", {"event.reminder:1": {"event_id": published.pk}})
    outbox.expand_due(limit=10)

    delivery.deliver_due(limit=10)

    assert (len(server.received), len(server.logins)) == (2, 1)


@pytest.mark.parametrize(
    ("reply", "becomes"), [("550 no such user", ("bounced", 1)), ("450 try later", ("pending", 1))]
)
def test_a_refusal_for_good_bounces_and_another_is_tried_again(server, published, reply, becomes):
    server.refuses["beto@example.org"] = reply

    delivery.deliver_due(limit=10)

    assert state() == becomes
    assert reply in Notification.objects.get(channel="mail").error


@pytest.mark.parametrize("password", ["wrong", "ñandú"])
def test_a_wrong_password_costs_no_attempt_and_all_waits(server, published, password):
    with override_settings(EMAIL_HOST_PASSWORD=password):
        delivery.deliver_due(limit=10)

    assert (server.received, state()) == ([], ("pending", 0))


def test_a_server_that_is_not_trusted_gets_no_mail_and_no_password(server, published, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")

    delivery.deliver_due(limit=10)

    assert (server.received, server.logins, state()) == ([], [], ("pending", 0))
    assert django_mail.get_connection().use_tls
