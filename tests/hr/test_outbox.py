from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone
from django.utils.translation import gettext_lazy

from core import mail
from core.context import changing
from core.errors import DomainError
from hr.models import Notification, OutboxMessage
from hr.services import delivery, outbox
from hr.services.outbox import Addressee, Expansion, Kind, Outcome
from hr.services.writing import business_atomic
from tests.factories import make_user


class Told:
    """A kind of message whose doings the tests can see."""

    def __init__(self):
        self.expanded, self.delivered = [], []
        self.refuses, self.reader = set(), None

    def expand(self, messages):
        numbers = [message.payload["n"] for message in messages]
        self.expanded.append(numbers)
        if self.refuses & set(numbers):
            raise RuntimeError("poison")
        expansion = Expansion(errors={message.pk: "odd" for message in messages if message.payload["n"] < 0})
        for message in messages:
            if self.reader and message.payload["n"] >= 0:
                expansion.addressees.append(Addressee(message.pk, self.reader.pk, str(self.reader), "mail"))
        return expansion

    def deliver(self, notifications, connection):
        self.delivered += [notification.message.payload["n"] for notification in notifications]
        return Outcome("sent")


@pytest.fixture
def told(monkeypatch, db):
    told = Told()
    kind = Kind(gettext_lazy("test"), told.expand, told.deliver, lambda about: "no.")
    monkeypatch.setitem(outbox.KINDS, "test", kind)
    return told


def add(*numbers):
    return outbox.add("test", {f"test:{number}": {"n": number} for number in numbers})


def test_a_fact_is_written_once_by_its_key(told):
    assert add(1, 2) == 2
    assert add(2, 3) == 1
    assert list(OutboxMessage.objects.order_by("pk").values_list("key", flat=True)) == ["test:1", "test:2", "test:3"]


def test_the_message_names_who_caused_it(told):
    with changing(user_id=7, user_name="Ana"):
        add(1)

    message = OutboxMessage.objects.get()
    assert (message.actor_id, message.actor_name, message.payload) == (7, "Ana", {"n": 1})


def test_a_fact_that_is_rolled_back_leaves_no_message(told):
    @business_atomic
    def service(*, actor):
        add(1)
        raise DomainError("no")

    with pytest.raises(DomainError):
        service(actor=None)

    assert not OutboxMessage.objects.exists()


def test_messages_are_carried_out_together_and_once(told):
    add(1, 2, 3)

    assert outbox.expand_due(limit=10) == 3
    assert outbox.expand_due(limit=10) == 0
    assert told.expanded == [[1, 2, 3]]
    assert not OutboxMessage.objects.filter(done_at=None).exists()


def test_no_more_than_the_limit_is_taken(told):
    add(1, 2, 3)

    assert outbox.expand_due(limit=2) == 2
    assert outbox.expand_due(limit=2) == 1


def test_one_that_fails_holds_no_other_up_and_is_tried_again_later(told):
    told.refuses = {2}
    add(1, 2, 3)

    outbox.expand_due(limit=10)

    waiting = OutboxMessage.objects.get(done_at=None)
    assert (waiting.key, waiting.attempts, waiting.error) == ("test:2", 1, "RuntimeError: poison")
    assert waiting.next_attempt_at > timezone.now()
    assert outbox.expand_due(limit=10) == 0
    told.refuses = set()
    OutboxMessage.objects.update(next_attempt_at=timezone.now())
    assert outbox.expand_due(limit=10) == 1
    assert OutboxMessage.objects.get(key="test:2").error == ""


def test_after_ten_attempts_it_is_given_up_with_its_error(told):
    told.refuses = {1}
    add(1)
    OutboxMessage.objects.update(attempts=9)

    outbox.expand_due(limit=10)

    message = OutboxMessage.objects.get()
    assert message.done_at is not None
    assert message.error == "RuntimeError: poison"


def test_a_lost_database_is_no_fault_of_the_message(told, monkeypatch):
    def lost(messages):
        raise OperationalError("server has gone away")

    monkeypatch.setitem(outbox.KINDS, "test", replace(outbox.KINDS["test"], expand=lost))
    add(1)

    with pytest.raises(OperationalError):
        outbox.expand_due(limit=10)

    assert OutboxMessage.objects.get().attempts == 0


def test_a_message_that_cannot_be_done_says_so_and_tells_who_caused_it(told):
    with changing(user_id=7, user_name="Ana"):
        add(-1)

    outbox.expand_due(limit=10)

    assert OutboxMessage.objects.get().error == "odd"
    assert list(Notification.objects.values_list("user_id", "channel", "state")) == [(7, "app", "sent")]


def test_everybody_is_told_once_however_often_it_is_expanded(told):
    told.reader = make_user()
    add(1)
    outbox.expand_due(limit=10)
    OutboxMessage.objects.update(done_at=None)  # as after a kill before the commit

    outbox.expand_due(limit=10)

    assert Notification.objects.count() == 1


def test_mail_is_delivered_once(told):
    told.reader = make_user()
    add(1, 2)
    outbox.expand_due(limit=10)

    assert delivery.deliver_due(limit=10) == 2
    assert delivery.deliver_due(limit=10) == 0
    assert told.delivered == [1, 2]
    assert set(Notification.objects.values_list("state", "attempts")) == {("sent", 1)}


def test_delivery_stops_between_two_mails(told):
    told.reader = make_user()
    add(1, 2)
    outbox.expand_due(limit=10)

    assert delivery.deliver_due(limit=10, should_stop=lambda: bool(told.delivered)) == 1
    assert told.delivered == [1]


def test_mail_that_fails_waits_longer_each_time(told, monkeypatch):
    told.reader = make_user()
    waits = []

    def failing(notifications, connection):
        raise mail.NotSent("busy")

    monkeypatch.setitem(outbox.KINDS, "test", replace(outbox.KINDS["test"], deliver=failing))
    add(1)
    outbox.expand_due(limit=10)
    for _attempt in range(3):
        Notification.objects.update(next_attempt_at=timezone.now())
        delivery.deliver_due(limit=10)
        waits.append(round((Notification.objects.get().next_attempt_at - timezone.now()) / timedelta(minutes=1)))

    assert waits == [1, 2, 4]
    notification = Notification.objects.get()
    assert (notification.state, notification.attempts, notification.error) == ("pending", 3, "busy")
    Notification.objects.update(attempts=9, next_attempt_at=timezone.now())
    delivery.deliver_due(limit=10)
    assert Notification.objects.get().state == "failed"


def test_a_reader_marks_only_his_own_as_read(told):
    ana, beto = make_user("ana"), make_user("beto")
    with changing(user_id=ana.pk, user_name="Ana"):
        add(-1)
    outbox.expand_due(limit=10)
    ids = list(Notification.objects.values_list("pk", flat=True))

    assert delivery.mark_read(ids, actor=beto) == 0
    assert delivery.mark_read(ids, actor=ana) == 1
    assert delivery.mark_read(ids, actor=ana) == 0
    assert Notification.objects.get().state == "read"


def test_a_bounce_named_by_the_provider_is_noted(told):
    from anymail.signals import AnymailTrackingEvent, tracking

    told.reader = make_user()
    add(1)
    outbox.expand_due(limit=10)
    delivery.deliver_due(limit=10)
    key = str(Notification.objects.get().pk)
    event = AnymailTrackingEvent(
        event_type="bounced", timestamp=None, metadata={"notification": key}, mta_response="550 gone"
    )

    tracking.send(sender=None, event=event, esp_name="Test")

    assert Notification.objects.values_list("state", "error").get() == ("bounced", "550 gone")
