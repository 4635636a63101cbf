"""What follows when somebody leaves, is suspended or comes back: his account, what was granted, what waited for him.

Who has left loses his access and all grants; nobody stands in for him any more, and what he was to decide is put before
who does now. Rehired, he logs in as before and begins without grants. A suspension ends his sessions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import batched

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import access
from core.context import changing
from core.models import User
from core.services import leavers as accounts
from hr.models import AttendanceCorrection, ChangeRequest, Employee, Evaluation, Notification, OutboxMessage
from hr.rights import DELEGATION
from hr.services import outbox
from hr.services.subjects import EMPLOYEE
from hr.services.writing import BATCH

LEFT, SUSPENDED, RETURNED = "employee.left", "employee.suspended", "employee.returned"
Status = Employee.Status
KIND_OF = {Status.TERMINATED: LEFT, Status.SUSPENDED: SUSPENDED, Status.ACTIVE: RETURNED}
# What somebody is asked to decide: where it is kept, in which state it waits, and how its messages name it.
DECISIONS = {
    "correction.asked": (AttendanceCorrection, AttendanceCorrection.State.WAITING, "correction_id"),
    "change_request.asked": (ChangeRequest, ChangeRequest.State.WAITING, "change_request_id"),
    "evaluation.submitted": (Evaluation, Evaluation.State.SUBMITTED, "evaluation_ids"),
}


def note_statuses(employees: Iterable[Employee]) -> None:
    """In the transaction that changes the statuses; accounts and grants live in the other database."""
    for row in employees:
        kind = KIND_OF[Status(row.status)]
        outbox.add(kind, {f"{kind}:{row.pk}:{row.version + 1}": {"employee_id": row.pk}})


def end_employments(messages: Sequence[OutboxMessage]) -> outbox.Expansion:
    """Repeated, it finds nothing to do. Whoever is back already keeps his account and what he was granted since."""
    employees = _employees_of(messages)
    users = _accounts_of(employees.values())
    for message in messages:
        employee = employees.get(message.payload["employee_id"])
        if employee is None:
            continue
        begun_by = message.created_at if employee.status != Status.TERMINATED else None
        access.end_all_on(employee, DELEGATION, begun_by=begun_by)
        if account := users.get(employee.uid):
            access.end_all(account, begun_by=begun_by)
            if begun_by is None:
                hand_over(account, employee, message)
    accounts.switch_off([row.uid for row in employees.values() if row.status == Status.TERMINATED])
    return outbox.Expansion()


def end_sessions(messages: Sequence[OutboxMessage]) -> outbox.Expansion:
    uids = [row.uid for row in _employees_of(messages).values()]
    accounts.end_sessions(User.objects.filter(employee_uid__in=uids))
    return outbox.Expansion()


def give_back_accounts(messages: Sequence[OutboxMessage]) -> outbox.Expansion:
    employees = _employees_of(messages).values()
    accounts.switch_on([row.uid for row in employees if row.status != Status.TERMINATED])
    return outbox.Expansion()


def hand_over(account: User, employee: Employee, message: OutboxMessage) -> int:
    """Put what he was asked to decide, and what still waits, before who answers now; returns how many matters."""
    handed = 0
    for kind, (model, waiting, key) in DECISIONS.items():
        told = Notification.objects.filter(user_id=account.pk, channel=outbox.Channel.APP, message__kind=kind)
        for ids in batched(told.order_by().values_list("about_id", flat=True).distinct(), BATCH):
            open_ids = model.objects.filter(pk__in=ids, state=waiting).values_list("pk", flat=True)
            with changing(user_id=message.actor_id, user_name=message.actor_name):
                handed += outbox.add(
                    kind,
                    {
                        f"{kind}:{pk}:after:{employee.pk}:{employee.version}": {
                            key: [pk] if key.endswith("_ids") else pk,
                            "handed_over": True,
                        }
                        for pk in open_ids
                    },
                )
    return handed


def _employees_of(messages: Sequence[OutboxMessage]) -> dict[int, Employee]:
    return Employee.objects.in_bulk([message.payload["employee_id"] for message in messages])


def _accounts_of(employees: Iterable[Employee]) -> dict[object, User]:
    return User.objects.in_bulk([row.uid for row in employees], field_name="employee_uid")


def _describe(text: Promise, person: str) -> str:
    return str(text) % {"person": person or _("somebody")}


for _kind, _label, _text, _expand in [
    (
        LEFT,
        gettext_lazy("end of an employment"),
        gettext_lazy("End of the access and the rights of %(person)s"),
        end_employments,
    ),
    (SUSPENDED, gettext_lazy("suspension"), gettext_lazy("End of the sessions of %(person)s"), end_sessions),
    (RETURNED, gettext_lazy("return to work"), gettext_lazy("Return of %(person)s"), give_back_accounts),
]:
    outbox.KINDS[_kind] = outbox.Kind(
        label=_label, expand=_expand, deliver=None, text=partial(_describe, _text), subject=EMPLOYEE, key="employee_id"
    )
