"""What may differ between the two databases, or within one, after a fault; how each is found, and put right.

Finding reads in batches, so that it holds a thousand rows at a time. Repairing is safe to repeat and takes nothing that
something else depends on: accounts are switched off, never deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from core import access
from core.models import User, UserGrant
from core.services import leavers
from hr.models import Attendance, Employee, Event, Notification, OutboxMessage
from hr.rights import DELEGATION
from hr.services import account_follow, delivery, event_figures, outbox
from hr.services.rows import locked
from hr.services.writing import BATCH, business_atomic, write

if TYPE_CHECKING:
    from uuid import UUID

# The clock comes every 15 seconds; a message that waits longer than this waits for a clock that is not there.
WAITED_TOO_LONG = timedelta(minutes=15)
Status = Employee.Status
# What an account has from its employee, and what it takes to tell which that is.
COMPARED = ("full_name", "username", "email", "employee_uid")


@dataclass(frozen=True)
class Difference:
    """`key` is what the check repairs it by, `about` names it for the reader."""

    key: str
    about: str


@dataclass(frozen=True)
class Check:
    """`repair` takes keys of differences; None where only somebody outside the application can help."""

    label: Promise
    advice: Promise
    find: Callable[[], Iterator[Difference]]
    repair: Callable[[Sequence[str]], object] | None
    right: str = "hr.repair_outboxmessage"


def accounts_without_employee() -> Iterator[Difference]:
    for users, employees in _linked(User.objects.filter(is_active=True)):
        yield from (_account(user) for user in users if user.employee_uid not in employees)


def accounts_of_leavers() -> Iterator[Difference]:
    for users, employees in _linked(User.objects.filter(is_active=True)):
        yield from (_account(user) for user in users if employees.get(user.employee_uid) == Status.TERMINATED)


def accounts_not_given_back() -> Iterator[Difference]:
    for users, employees in _linked(User.objects.filter(has_left=True, is_active=False)):
        here = {uid for uid, status in employees.items() if status != Status.TERMINATED}
        yield from (_account(user) for user in users if user.employee_uid in here)


def accounts_behind() -> Iterator[Difference]:
    for batch in _batches(User.objects.exclude(employee_uid=None).only(*COMPARED)):
        found = account_follow.behind(batch)
        for user in batch:
            if user.pk in found:
                yield Difference(str(user.pk), f"{_account(user).about}: {_names_of(found[user.pk])}")


def grants_without_row() -> Iterator[Difference]:
    for model, keys in access.orphans(BATCH):
        for grant in model.objects.filter(pk__in=keys).select_related("permission", "content_type").order_by("pk"):
            yield Difference(f"{model._meta.model_name}.{grant.pk}", f"{grant.permission.name}: {grant.object_pk}")


def grants_of_leavers() -> Iterator[Difference]:
    holders = access.unended().order_by().values("user_id")
    for users, employees in _linked(User.objects.filter(pk__in=holders)):
        yield from (_account(user) for user in users if employees.get(user.employee_uid) == Status.TERMINATED)


def delegations_of_leavers() -> Iterator[Difference]:
    for grants in _batches(access.unended(DELEGATION).select_related("user")):
        left = Employee.objects.filter(status=Status.TERMINATED).in_bulk([int(grant.object_pk) for grant in grants])
        for grant in grants:
            if int(grant.object_pk) in left:
                yield Difference(str(grant.pk), f"{left[int(grant.object_pk)]} → {grant.user}")


def seats_miscounted() -> Iterator[Difference]:
    for events in _batches(Event.objects.only("pk", "title", "code", "seats_taken")):
        taken = _seated([event.pk for event in events])
        for event in events:
            if event.seats_taken != taken.get(event.pk, 0):
                counts = {"event": event, "noted": event.seats_taken, "counted": taken.get(event.pk, 0)}
                yield Difference(str(event.pk), _("%(event)s: %(noted)d noted, %(counted)d counted") % counts)


def figures_miscounted() -> Iterator[Difference]:
    for events in _batches(Event.objects.filter(state__in=Event.HELD).only("pk", "title", "code")):
        by_key = {event.pk: event for event in events}
        for batch in batched(by_key, event_figures.EVENTS_AT_ONCE):
            for key in event_figures.miscounted(batch):
                yield Difference(str(key), str(by_key[key]))


def messages_waiting() -> Iterator[Difference]:
    """The oldest alone: the others wait behind it."""
    since = timezone.now() - WAITED_TOO_LONG
    waiting = OutboxMessage.objects.filter(done_at=None, attempts=0, next_attempt_at__lt=since)
    yield from map(_message, waiting.order_by("next_attempt_at")[:1])


def messages_given_up() -> Iterator[Difference]:
    for rows in _batches(OutboxMessage.objects.given_up()):
        yield from map(_message, rows)


def messages_failing() -> Iterator[Difference]:
    for rows in _batches(OutboxMessage.objects.failing()):
        yield from map(_message, rows)


def mails_failing() -> Iterator[Difference]:
    return _mails(Notification.objects.failing())


def mails_undelivered() -> Iterator[Difference]:
    return _mails(Notification.objects.undelivered())


def _mails(mails: QuerySet[Notification]) -> Iterator[Difference]:
    for rows in _batches(mails.select_related("message")):
        for row in rows:
            told = {"person": row.user_name, "kind": _kind(row.message), "error": row.error or row.get_state_display()}
            yield Difference(str(row.pk), _("%(kind)s to %(person)s: %(error)s") % told)


def switch_off(keys: Sequence[str]) -> None:
    leavers.switch_off(_uids(keys))


def switch_on(keys: Sequence[str]) -> None:
    """Of those who are here still."""
    here = Employee.objects.filter(uid__in=_uids(keys)).exclude(status=Status.TERMINATED)
    leavers.switch_on(list(here.values_list("uid", flat=True)))


def catch_up(keys: Sequence[str]) -> None:
    account_follow.catch_up(User.objects.filter(pk__in=keys).exclude(employee_uid=None))


def delete_grants(keys: Sequence[str]) -> None:
    """Those of the named grants whose row is gone still."""
    for model, gone in access.orphans(BATCH):
        wanted = [pk for pk in gone if f"{model._meta.model_name}.{pk}" in keys]
        model.objects.filter(pk__in=wanted).delete()


def end_grants(keys: Sequence[str]) -> None:
    for user in User.objects.filter(pk__in=keys):
        access.end_all(user, begun_by=None)


def end_delegations(keys: Sequence[str]) -> None:
    access.end_each(UserGrant.objects.filter(pk__in=keys, permission__codename=DELEGATION), by=None)


@business_atomic
def count_seats(keys: Sequence[str]) -> None:
    events = locked(Event, [int(key) for key in keys], None)
    taken = _seated(events)
    for event in events.values():
        event.seats_taken = taken.get(event.pk, 0)
    write(list(events.values()), ["seats_taken"], reason=_("counted anew"))


def count_figures(keys: Sequence[str]) -> None:
    event_figures.count_anew([int(key) for key in keys], actor=None)


def retry_messages(keys: Sequence[str]) -> None:
    outbox.retry_messages([int(key) for key in keys])


def retry_mails(keys: Sequence[str]) -> None:
    delivery.retry_mails([int(key) for key in keys])


def _linked(users: QuerySet[User]) -> Iterator[tuple[list[User], dict[UUID | None, str]]]:
    """Accounts of employees a batch at a time, each batch with the statuses of its employees by uid."""
    named = users.exclude(employee_uid=None).only("pk", "employee_uid", "username", "full_name")
    for batch in _batches(named):
        found = Employee.objects.filter(uid__in=[user.employee_uid for user in batch])
        yield batch, dict(found.order_by().values_list("uid", "status"))


def _batches(rows: QuerySet) -> Iterator[list[Any]]:
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield batch
        last = batch[-1].pk


def _seated(event_ids: Any) -> dict[int, int]:
    rows = Attendance.objects.filter(event_id__in=list(event_ids), status__in=Attendance.SEATED)
    return dict(rows.order_by().values_list("event_id").annotate(taken=Count("pk")))


def _uids(keys: Sequence[str]) -> list[Any]:
    return list(User.objects.filter(pk__in=keys).exclude(employee_uid=None).values_list("employee_uid", flat=True))


def _names_of(fields: Collection[str]) -> str:
    return ", ".join(str(User._meta.get_field(name).verbose_name) for name in COMPARED if name in fields)


def _account(user: User) -> Difference:
    return Difference(str(user.pk), f"{user} ({user.username})")


def _message(message: OutboxMessage) -> Difference:
    since = date_format(timezone.localtime(message.created_at), "SHORT_DATETIME_FORMAT")
    told = {"kind": _kind(message), "since": since, "error": message.error}
    text = _("%(kind)s, since %(since)s: %(error)s") if message.error else _("%(kind)s, since %(since)s")
    return Difference(str(message.pk), text % told)


def _kind(message: OutboxMessage) -> str:
    return str(outbox.KINDS[message.kind].label) if message.kind in outbox.KINDS else message.kind


# What `reconcile` compares. Nothing of it may be found in a sound system.
CHECKS = {
    "accounts_without_employee": Check(
        gettext_lazy("Accounts of employees that do not exist"),
        pgettext_lazy("repair", "The account is switched off."),
        accounts_without_employee,
        switch_off,
    ),
    "accounts_of_leavers": Check(
        gettext_lazy("Active accounts of people who left"),
        gettext_lazy("The account is switched off and its sessions end."),
        accounts_of_leavers,
        switch_off,
    ),
    "accounts_not_given_back": Check(
        gettext_lazy("Accounts still switched off of people who are back"),
        gettext_lazy("The account is switched on again."),
        accounts_not_given_back,
        switch_on,
    ),
    "accounts_behind": Check(
        gettext_lazy("Accounts whose name or e-mail is not that of their employees"),
        gettext_lazy("The account takes them from the employee. A link sent to an address of before stops working."),
        accounts_behind,
        catch_up,
    ),
    "grants_without_row": Check(
        gettext_lazy("Rights on records that are gone"),
        gettext_lazy("The right is deleted."),
        grants_without_row,
        delete_grants,
    ),
    "grants_of_leavers": Check(
        gettext_lazy("Rights still held by people who left"),
        gettext_lazy("All rights of the account end."),
        grants_of_leavers,
        end_grants,
    ),
    "delegations_of_leavers": Check(
        gettext_lazy("Standing in for people who left"),
        gettext_lazy("The standing in ends."),
        delegations_of_leavers,
        end_delegations,
    ),
    "seats_miscounted": Check(
        gettext_lazy("Events whose seats are miscounted"),
        gettext_lazy("The seats are counted anew."),
        seats_miscounted,
        count_seats,
    ),
    "figures_miscounted": Check(
        gettext_lazy("Events whose figures do not agree with their attendance"),
        gettext_lazy("The figures are counted anew."),
        figures_miscounted,
        count_figures,
    ),
    "messages_waiting": Check(
        gettext_lazy("Messages that nobody carries out"),
        gettext_lazy("The clock is not running, or cannot keep up: look at its process."),
        messages_waiting,
        None,
    ),
    "messages_given_up": Check(
        gettext_lazy("Messages that were given up"),
        gettext_lazy("The message is tried again."),
        messages_given_up,
        retry_messages,
        right="hr.retry_outboxmessage",
    ),
}
# What is stuck without anything being unsound: it is tried again by itself, or an address is wrong.
STUCK = {
    "messages_failing": Check(
        gettext_lazy("Messages that failed and are tried again"),
        gettext_lazy("The message is tried again at once."),
        messages_failing,
        retry_messages,
        right="hr.retry_outboxmessage",
    ),
    "mails_failing": Check(
        gettext_lazy("Mail that could not be sent and is tried again"),
        gettext_lazy("The mail is tried again at once. If all fail, look at the settings of the mail server."),
        mails_failing,
        retry_mails,
        right="hr.retry_outboxmessage",
    ),
    "mails_undelivered": Check(
        gettext_lazy("Mail that failed or came back"),
        gettext_lazy("The mail is sent again, to the address the account has now."),
        mails_undelivered,
        retry_mails,
        right="hr.retry_outboxmessage",
    ),
}
