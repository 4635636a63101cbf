"""Whom a message is told: the accounts of the employees it is about, of who asked, or of who is to decide.

Everybody is told in the application, and by mail who has an e-mail. What is no longer so when the message is carried
out is told to nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import batched
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from core.models import User
from hr.models import (
    Attendance,
    AttendanceCorrection,
    ChangeRequest,
    Employee,
    Evaluation,
    Event,
    ExportLog,
    ImportJob,
    Notification,
    OutboxMessage,
)
from hr.permissions import can_approve_load
from hr.rights import GRADE, MARK
from hr.services.outbox import Addressee, Channel, Expansion, split
from hr.services.responsible import responsible_for
from hr.services.writing import BATCH

Expand = Callable[[Sequence[OutboxMessage]], Expansion]
# (message, uid of an employee, key of the row he is told of)
Told = tuple[OutboxMessage, UUID, int]
Waiting = AttendanceCorrection.State.WAITING


def everybody_in(whom: Q) -> Expand:
    """The people enrolled in the event of a message who fulfil `whom`, in parts of a thousand."""

    def expand(messages: Sequence[OutboxMessage]) -> Expansion:
        told: list[Told] = []
        for message in messages:
            event_id = message.payload["event_id"]
            rows = Attendance.objects.filter(whom, event_id=event_id, employee__status=Employee.Status.ACTIVE)
            ids = message.payload.get("attendance_ids") or _few_or_split(message, rows)
            uids = rows.filter(pk__in=ids).order_by("pk").values_list("employee__uid", flat=True)
            told += [(message, uid, event_id) for uid in uids]
        return _to_employees(told)

    return expand


def enrolled(whom: Q) -> Expand:
    """The people of the enrolments that a message names and that still fulfil `whom`, told of the event."""
    return _named(Attendance.objects.filter(whom), "attendance_ids", "event_id")


def evaluated(*states: str) -> Expand:
    """The people whose evaluations a message names and that are in one of these states still."""
    return _named(Evaluation.objects.filter(state__in=states), "evaluation_ids", "round_id", about="pk")


def named_people(messages: Sequence[OutboxMessage]) -> Expansion:
    """The employees a message names by key, told of its event while that is to come."""
    events = Event.objects.filter(pk__in={message.payload["event_id"] for message in messages})
    coming = set(events.filter(state__in=Event.ENROLLING).order_by().values_list("pk", flat=True))
    told: list[Told] = []
    for message in messages:
        if message.payload["event_id"] not in coming:
            continue
        ids = message.payload["employee_ids"]
        if len(ids) > BATCH:
            for part in batched(ids, BATCH):
                split(message, "employee_ids", part)
            continue
        uids = Employee.objects.active().filter(pk__in=ids).order_by("pk").values_list("uid", flat=True)
        told += [(message, uid, message.payload["event_id"]) for uid in uids]
    return _to_employees(told)


def asker(
    model: type[AttendanceCorrection] | type[ChangeRequest] | type[ExportLog], key: str, *, by: str = "asked_by_id"
) -> Expand:
    """Who asked for what was decided, or made."""

    def expand(messages: Sequence[OutboxMessage]) -> Expansion:
        asked_by = dict(
            model.objects.filter(pk__in=[message.payload[key] for message in messages]).values_list("pk", by)
        )
        users = User.objects.filter(is_active=True).in_bulk(asked_by.values())
        pairs = [(message, message.payload[key]) for message in messages]
        return _to_users(
            {message: [users[asked_by[about]]] for message, about in pairs if asked_by.get(about) in users},
            dict(pairs),
        )

    return expand


def deciders_of_corrections(messages: Sequence[OutboxMessage]) -> Expansion:
    """Who answers for the person and did not ask himself."""
    about = {message: message.payload["correction_id"] for message in messages}
    waiting = AttendanceCorrection.objects.filter(state=Waiting).select_related("attendance__employee")
    rows = waiting.in_bulk(about.values())
    return _to_responsible(
        about,
        {key: row.attendance.employee for key, row in rows.items()},
        right=MARK,
        asked_by={key: row.asked_by_id for key, row in rows.items()},
    )


def graders(messages: Sequence[OutboxMessage]) -> Expansion:
    """Who answers for those whose evaluations wait for a grade: each evaluation is told by itself."""
    about: dict[OutboxMessage, int] = {}
    for message in messages:
        ids = message.payload["evaluation_ids"]
        if len(ids) > 1:
            for pk in ids:
                split(message, "evaluation_ids", [pk])
        else:
            about[message] = ids[0]
    submitted = Evaluation.objects.filter(state=Evaluation.State.SUBMITTED).select_related("employee")
    rows = submitted.in_bulk(about.values())
    return _to_responsible(about, {key: row.employee for key, row in rows.items()}, right=GRADE, asked_by={})


def deciders_of_change_requests(messages: Sequence[OutboxMessage]) -> Expansion:
    about = {message: message.payload["change_request_id"] for message in messages}
    asked_by = dict(ChangeRequest.objects.waiting().filter(pk__in=about.values()).values_list("pk", "asked_by_id"))
    deciders = list(User.objects.holding("hr.decide_changerequest"))
    told = {
        message: [user for user in deciders if user.pk != asked_by[key]]
        for message, key in about.items()
        if key in asked_by
    }
    return _to_users(told, about)


def loaders(messages: Sequence[OutboxMessage]) -> Expansion:
    """Whose load it is, and who had it taken back."""
    about = {message: message.payload["importjob_id"] for message in messages}
    jobs = ImportJob.objects.in_bulk(about.values())
    whose = {
        key: {user for user in (job.created_by_id, job.undone_by_id) if user is not None} for key, job in jobs.items()
    }
    users = User.objects.filter(is_active=True).in_bulk({user for ids in whose.values() for user in ids})
    told = {
        message: [users[user] for user in sorted(whose[key]) if user in users]
        for message, key in about.items()
        if key in whose
    }
    return _to_users(told, about)


def approvers_of_loads(messages: Sequence[OutboxMessage]) -> Expansion:
    """Who may approve it still."""
    about = {message: message.payload["importjob_id"] for message in messages}
    jobs = ImportJob.objects.filter(state=ImportJob.State.AWAITING_APPROVAL).in_bulk(about.values())
    deciders = list(User.objects.holding("hr.approve_importjob")) if jobs else []
    told = {
        message: [user for user in deciders if can_approve_load(user, jobs[key])]
        for message, key in about.items()
        if key in jobs
    }
    return _to_users(told, about)


def _named(rows: QuerySet, ids_field: str, group: str, *, about: str = "") -> Expand:
    """Told of `about`, or of what they are grouped by. A message about several groups is split: nobody is told of two
    things by one message.
    """

    def expand(messages: Sequence[OutboxMessage]) -> Expansion:
        told: list[Told] = []
        for message in messages:
            named = rows.filter(pk__in=message.payload[ids_field], employee__status=Employee.Status.ACTIVE)
            found = list(named.order_by("pk").values("pk", group, "employee__uid"))
            groups: dict[int, list[int]] = defaultdict(list)
            for row in found:
                groups[row[group]].append(row["pk"])
            if len(groups) > 1:
                for ids in groups.values():
                    split(message, ids_field, ids)
            else:
                told += [(message, row["employee__uid"], row[about or group]) for row in found]
        return _to_employees(told)

    return expand


def _few_or_split(message: OutboxMessage, rows: QuerySet) -> list[int]:
    """The keys, if one part is enough for them; else none, and a message is written for each part."""
    keys = rows.order_by("pk").values_list("pk", flat=True)
    part = list(keys[: BATCH + 1])
    if len(part) <= BATCH:
        return part
    last = 0
    while ids := list(keys.filter(pk__gt=last)[:BATCH]):
        split(message, "attendance_ids", ids)
        last = ids[-1]
    return []


def _to_employees(told: Sequence[Told]) -> Expansion:
    users: dict[UUID, User] = {}
    for uids in batched({uid for _message, uid, _about in told}, BATCH):
        active = User.objects.filter(employee_uid__in=uids, is_active=True).only(
            "employee_uid", "full_name", "username", "email"
        )
        users.update((user.employee_uid, user) for user in active if user.employee_uid is not None)
    return Expansion(
        [
            someone
            for message, uid, about_id in told
            if uid in users
            for someone in _over_both(message, users[uid], about_id)
        ]
    )


def _to_responsible(
    about: Mapping[OutboxMessage, int], people: Mapping[int, Employee], *, right: str, asked_by: Mapping[int, int]
) -> Expansion:
    """`people` and `asked_by`: whom a row is about and who asked, by the key of the row."""
    told: dict[OutboxMessage, list[User]] = {}
    for message, key in about.items():
        if key in people:
            told[message] = responsible_for(people[key], right=right, asked_by=asked_by.get(key))
    return _to_users(told, about)


def _to_users(told: Mapping[OutboxMessage, Iterable[User]], about: Mapping[OutboxMessage, int]) -> Expansion:
    expansion = Expansion()
    for message, users in told.items():
        known = _told_before(message, about[message])
        for user in users:
            if user.pk not in known:
                expansion.addressees += _over_both(message, user, about[message])
    return expansion


def _told_before(message: OutboxMessage, about_id: int) -> set[int]:
    """Of a matter that is handed over: who was told of it in the first place is not told again."""
    if not message.payload.get("handed_over"):
        return set()
    before = Notification.objects.filter(message__kind=message.kind, about_id=about_id).exclude(message=message)
    return set(before.values_list("user_id", flat=True))


def _over_both(message: OutboxMessage, user: User, about_id: int) -> list[Addressee]:
    channels: list[Any] = [Channel.APP, Channel.MAIL] if user.email else [Channel.APP]
    return [Addressee(message.pk, user.pk, str(user), channel, about_id) for channel in channels]
