"""The account of an employee whose code, name or work e-mail changed follows, carried out by the clock.

A user name or e-mail that belongs to somebody else is reported, never taken.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import batched

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.models import User
from core.services import users
from hr.models import Employee, OutboxMessage
from hr.services import outbox
from hr.services.accounts import INVITED
from hr.services.subjects import EMPLOYEE
from hr.services.writing import BATCH

FOLLOW = "account.follow"
FOLLOWED_FIELDS = {"code", "first_name", "last_name", "work_email"}
ERRORS = {
    "username_taken": gettext_lazy("The new employee code is another user's name: the account keeps its own."),
    "email_taken": gettext_lazy("The new work e-mail belongs to another user: the account keeps its own."),
    "email_differs": gettext_lazy("The account has another e-mail than the employee had, and keeps it."),
    "email_guarded": gettext_lazy(
        "The account holds more than the role Employee: its e-mail is changed on the page of the user."
    ),
}


def follow(employees: Collection[Employee]) -> int:
    """Have the accounts of these people, just written, follow; those without one cost no message. Returns how many."""
    # Invitations first: an account made meanwhile is found by the second question.
    invited = {
        payload["employee_id"]
        for payload in OutboxMessage.objects.filter(kind=INVITED, done_at=None).values_list("payload", flat=True)
    }
    facts = {}
    for batch in batched(employees, BATCH):
        with_account = set(
            User.objects.filter(employee_uid__in=[row.uid for row in batch]).values_list("employee_uid", flat=True)
        )
        for row in batch:
            if row.uid in with_account or row.pk in invited:
                facts[f"{FOLLOW}:{row.pk}:{row.version}"] = {"employee_id": row.pk, "version": row.version}
    return outbox.add(FOLLOW, facts)


def expand_follow(messages: Sequence[OutboxMessage]) -> outbox.Expansion:
    """Compare what history says was before the change with what the record says now. Repeated, it changes nothing."""
    rows = Employee.objects.in_bulk([message.payload["employee_id"] for message in messages])
    before = {
        (old.id, old.version): old
        for old in Employee.history.filter(
            id__in=rows.keys(), version__in={message.payload["version"] - 1 for message in messages}
        ).order_by("history_id")
    }
    known, changes = [], []
    for message in messages:
        row = rows.get(message.payload["employee_id"])
        old = before.get((message.payload["employee_id"], message.payload["version"] - 1))
        if row is not None and old is not None:
            known.append(message)
            changes.append(
                users.Renamed(
                    employee_uid=row.uid,
                    username=(old.code, row.code),
                    email=((old.work_email or "").lower(), (row.work_email or "").lower()),
                    full_name=(f"{old.first_name} {old.last_name}", row.full_name),
                )
            )
    expansion = outbox.Expansion()
    for message, problems in zip(known, users.follow(changes), strict=True):
        if problems:
            expansion.errors[message.pk] = " ".join(problems)
    return expansion


def behind(accounts: Collection[User]) -> dict[int, set[str]]:
    """Which of these differ from their employees where they follow them, and in which fields: {account: fields}.

    What is the account's own differs rightly: a user name that was never the employee's code, what was set on the page
    of the user, the e-mail of more than the role Employee, and what belongs to another. A fixed number of queries.
    """
    changes = _as_employed(accounts)
    would = zip(changes, users.would_follow(list(changes.values())), strict=True) if changes else ()
    return {key: fields for key, fields in would if fields}


def catch_up(accounts: Collection[User]) -> None:
    """Let these have what `behind` finds. Repeated, it changes nothing."""
    users.follow(list(_as_employed(accounts).values()))


def _as_employed(accounts: Collection[User]) -> dict[int, users.Renamed]:
    """Of those that differ from their employees: from what they have to what the record says, but for their own."""
    found = Employee.objects.filter(uid__in=[account.employee_uid for account in accounts])
    rows = {row.uid: row for row in found.only("uid", "code", "first_name", "last_name", "work_email")}
    pairs = [(account, rows[account.employee_uid]) for account in accounts if account.employee_uid in rows]
    differing = [(account, row) for account, row in pairs if _of(account) != _of_record(row)]
    if not differing:
        return {}
    by_hand = users.set_by_hand([account.pk for account, _row in differing])
    renamed = [row.pk for account, row in differing if account.username.lower() != row.code.lower()]
    codes = {
        (key, code.lower())
        for key, code in Employee.history.filter(id__in=renamed).order_by().values_list("id", "code").distinct()
    }
    changes = {}
    for account, row in differing:
        now, wanted = _of(account), _of_record(row)
        own = set(by_hand.get(account.pk, ()))
        if (row.pk, account.username.lower()) not in codes:
            own.add("username")
        values = {name: (now[name], now[name] if name in own else wanted[name]) for name in now}
        changes[account.pk] = users.Renamed(employee_uid=row.uid, **values)
    return changes


def _of(account: User) -> dict[str, str]:
    return {"username": account.username, "email": account.email or "", "full_name": account.full_name}


def _of_record(row: Employee) -> dict[str, str]:
    return {"username": row.code, "email": (row.work_email or "").lower(), "full_name": row.full_name}


def describe(person: str) -> str:
    return _("Account of %(person)s") % {"person": person or _("somebody")}


outbox.KINDS[FOLLOW] = outbox.Kind(
    label=gettext_lazy("account of an employee who changed"),
    expand=expand_follow,
    deliver=None,
    text=describe,
    subject=EMPLOYEE,
    key="employee_id",
    errors=ERRORS,
)
