"""The inbox and the number beside the bell."""

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core import roles
from hr.models import Notification, OutboxMessage
from hr.services import outbox
from hr.services.subjects import EVENT
from tests.factories import make_attendance, make_event, make_user

INBOX = "admin:hr_notification_inbox"


@pytest.fixture
def account(beto):
    return make_user("E2", employee=beto, role=roles.EMPLOYEE, email="beto@example.org")


def publish(employee, *titles):
    events = []
    for title in titles:
        event = make_event(title, state="published")
        make_attendance(event, employee)
        outbox.add("event.published", {f"event.published:{event.pk}": {"event_id": event.pk}})
        events.append(event)
    outbox.expand_due(limit=500)
    return events


def test_the_inbox_shows_ones_own_newest_first_and_no_mail(client, beto, account, hr_manager, carla):
    publish(beto, "Inducción", "Primeros auxilios")
    publish(carla, "Secret")
    client.force_login(account)

    text = client.get(reverse(INBOX)).content.decode()

    assert text.count("You are enrolled: ") == 2
    assert text.index("Primeros auxilios") < text.index("Inducción")
    client.force_login(hr_manager)
    assert "You are enrolled" not in client.get(reverse(INBOX)).content.decode()


def test_opening_one_marks_it_read_and_leads_to_the_event(client, beto, account):
    [event] = publish(beto, "Inducción")
    client.force_login(account)
    told = Notification.objects.get(channel="app")

    answer = client.post(reverse("admin:hr_notification_open", args=[told.pk]))

    assert answer["Location"] == (EVENT.link(event.pk) or reverse(INBOX))
    told.refresh_from_db()
    assert told.state == "read"


def test_what_is_out_of_reach_is_neither_named_nor_linked(client, beto, account):
    [event] = publish(beto, "Inducción")
    event.attendance.all().delete()
    client.force_login(account)

    text = client.get(reverse(INBOX)).content.decode()

    assert "Inducción" not in text
    assert "enrolment in an event" in text
    told = Notification.objects.get(channel="app")
    assert client.post(reverse("admin:hr_notification_open", args=[told.pk]))["Location"] == reverse(INBOX)


def test_nobody_opens_what_another_was_told(client, beto, carla, account):
    publish(beto, "Inducción")
    told = Notification.objects.get(channel="app")
    client.force_login(make_user("E3", employee=carla))

    for ask in (client.post, client.get):
        assert ask(reverse("admin:hr_notification_open", args=[told.pk])).status_code == 404

    told.refresh_from_db()
    assert told.state == "sent"


def test_who_follows_the_address_of_a_notification_is_led_to_the_inbox(client, beto, account):
    publish(beto, "Inducción")
    told = Notification.objects.get(channel="app")
    client.force_login(account)

    led = client.get(reverse("admin:hr_notification_open", args=[told.pk]), follow=True)

    assert led.redirect_chain == [(reverse(INBOX), 302)]
    assert "Nothing was done yet" in led.content.decode()
    told.refresh_from_db()
    assert told.state == "sent"


def test_all_are_read_at_once_ones_own_alone(client, beto, carla, account):
    publish(beto, "Inducción", "Otro")
    other = make_user("E3", employee=carla)
    publish(carla, "Secret")
    client.force_login(account)

    client.post(reverse(INBOX))

    states = Notification.objects.filter(channel="app").values_list("user_id", "state")
    assert sorted(states) == [(account.pk, "read"), (account.pk, "read"), (other.pk, "sent")]


@pytest.mark.parametrize(("count", "label"), [(0, ""), (1, "1"), (99, "99"), (100, "99+"), (130, "99+")])
def test_the_bell_counts_what_is_unread_up_to_a_limit(client, account, count, label):
    message = OutboxMessage.objects.create(kind="event.published", key="x")
    for number in range(count):
        message = OutboxMessage.objects.create(kind="event.published", key=f"x{number}")
        Notification.objects.create(message=message, user_id=account.pk, channel="app", state="sent")
    Notification.objects.create(message=message, user_id=account.pk, channel="mail", state="sent")
    client.force_login(account)

    context = client.get(reverse("admin:index")).context

    assert context["unread"] == label


@pytest.mark.parametrize(
    "page", ["index", "hr_notification_changelist", "hr_notification_inbox", "hr_employee_changelist"]
)
def test_the_bell_is_on_every_page(client, beto, account, page):
    publish(beto, "Inducción")
    client.force_login(account)

    assert "Notifications, 1 unread" in client.get(reverse(f"admin:{page}")).content.decode()


def test_the_number_is_one_question_by_an_index(client, beto, account):
    publish(beto, "Inducción")
    client.force_login(account)

    with CaptureQueriesContext(connections["business"]) as asked:
        client.get(reverse("admin:index"))

    [sql] = [query["sql"] for query in asked if "hr_notification" in query["sql"]]
    with connections["business"].cursor() as cursor:
        if cursor.db.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plan = " ".join(row[3] for row in cursor.fetchall())
        else:
            cursor.execute(f"EXPLAIN {sql}")
            plan = repr(cursor.fetchall())
    assert "notification_of_user" in plan


@pytest.mark.parametrize("count", [1, 3])
def test_the_inbox_costs_the_same_for_one_and_three(client, beto, account, count, django_assert_max_num_queries):
    publish(beto, *(f"Event {number}" for number in range(count)))
    client.force_login(account)

    with django_assert_max_num_queries(14, using="business"), django_assert_max_num_queries(10):
        client.get(reverse(INBOX))
