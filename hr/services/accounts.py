"""Accounts for employees: invited by HR, made by the clock. The user name is the employee code.

An e-mail or user name that belongs to somebody else is reported, never linked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from uuid import UUID

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import mail
from core.models import Invitation, User
from core.roles import EMPLOYEE
from core.services import invitations, users
from hr.models import Employee, ImportJob, ImportRow, Notification, OutboxMessage
from hr.permissions import require
from hr.services import outbox
from hr.services.rows import locked
from hr.services.subjects import EMPLOYEE as EMPLOYEE_SUBJECT
from hr.services.writing import BATCH, business_atomic

INVITED = "employee.invited"
ERRORS = {
    "not_active": gettext_lazy("No longer an active employee."),
    "username_taken": gettext_lazy("Another user has the employee code as user name."),
    "email_taken": gettext_lazy("The work e-mail belongs to another user."),
    "switched_off": gettext_lazy("The account was switched off."),
}


@dataclass(frozen=True)
class Invited:
    """How many of the named employees are invited now, were already being invited, have access, are not active.

    `refused` names those who can have no account as things stand, by the key of the reason in ERRORS.
    """

    invited: int
    waiting: int
    have_access: int
    not_active: int
    refused: Mapping[str, list[str]] = field(default_factory=dict)


def can_invite(user: User | None) -> bool:
    return user is None or user.has_perm("hr.invite_employee")


@business_atomic
def invite_employees(employee_ids: Collection[int], *, actor: User | None) -> Invited:
    """Have accounts made for these employees and invitations sent; who was invited before is invited again.

    Raises NotAllowed without the right to invite, NotFound if one is outside the actor's scope.
    """
    require(can_invite(actor))
    rows = locked(Employee, employee_ids, actor).values()
    active = [row for row in rows if row.status == Employee.Status.ACTIVE]
    with_access = _uids_with_access(row.uid for row in active)
    without = [row for row in active if row.uid not in with_access]
    waiting = {
        payload["employee_id"]
        for payload in OutboxMessage.objects.filter(kind=INVITED, done_at=None).values_list("payload", flat=True)
    }
    # Those that are refused go to the clock as well: it lists each, and looks again.
    chosen = [row.pk for row in without if row.pk not in waiting]
    moment = f"{timezone.now():%Y%m%dT%H%M%S%f}"
    outbox.add(INVITED, {f"{INVITED}:{pk}:{moment}": {"employee_id": pk} for pk in chosen})
    obstacles: dict[int, str] = {}
    for batch in batched(without, BATCH):
        obstacles |= _obstacles(batch, _linked(batch))
    refused: dict[str, list[str]] = defaultdict(list)
    for row in without:
        if row.pk in obstacles:
            refused[obstacles[row.pk]].append(str(row))
    return Invited(
        invited=sum(pk not in obstacles for pk in chosen),
        waiting=sum(row.pk in waiting and row.pk not in obstacles for row in without),
        have_access=len(active) - len(without),
        not_active=len(rows) - len(active),
        refused=dict(refused),
    )


def invite_created_by(job: ImportJob, *, actor: User) -> Invited:
    """Invite all employees that a load created. Raises as `invite_employees`."""
    rows = ImportRow.objects.visible_to(actor).filter(job=job, verdict=ImportRow.Verdict.NEW)
    ids = rows.exclude(object_id=None).values_list("object_id", flat=True)
    return invite_employees(list(ids), actor=actor)


def expand_invitations(messages: Sequence[OutboxMessage]) -> outbox.Expansion:
    """Make the accounts and unsent invitations. Repeated, it finds what it made before."""
    expansion = outbox.Expansion()
    employees = Employee.objects.in_bulk([message.payload["employee_id"] for message in messages])
    accounts = _accounts(employees.values())
    invited: dict[int | None, list[tuple[OutboxMessage, User]]] = defaultdict(list)
    for message in messages:
        account = accounts.get(message.payload["employee_id"], "not_active")
        if isinstance(account, str):
            expansion.errors[message.pk] = account
        elif not account.has_usable_password():
            invited[message.actor_id].append((message, account))
    inviters = User.objects.in_bulk([key for key in invited if key is not None])
    for actor_id, pairs in invited.items():
        prepared = invitations.prepare(
            [account for _message, account in pairs], actor=inviters.get(actor_id or 0), sent_elsewhere=True
        )
        expansion.addressees += [
            outbox.Addressee(message.pk, account.pk, str(account), outbox.Channel.MAIL, message.payload["employee_id"])
            for message, account in pairs
            if prepared[account.pk].channel == Invitation.Channel.MAIL
        ]
    return expansion


def deliver_invitation(notifications: Sequence[Notification], connection: BaseEmailBackend) -> outbox.Outcome:
    """Mail the invitation that was made for these of one user; one that was mailed already is not mailed again."""
    ours = Invitation.objects.filter(
        user_id=notifications[0].user_id, channel=Invitation.Channel.MAIL, purpose=Invitation.Purpose.INVITE
    )
    invitation = ours.filter(next_attempt_at=None).select_related("user").order_by("-pk").first()
    if invitation is None:
        return outbox.Outcome(outbox.State.DROPPED, _("No longer needed."))
    if invitation.delivery == Invitation.Delivery.PENDING:
        try:
            invitations.send(invitation, connection, notification=str(notifications[0].pk))
        except mail.NotSent as error:
            invitations.note_failure(invitation, str(error))
            raise
    return outbox.Outcome(invitation.delivery, invitation.delivery_error)


def describe(person: str) -> str:
    return _("Invitation of %(person)s") % {"person": person or _("somebody")}


outbox.KINDS[INVITED] = outbox.Kind(
    label=gettext_lazy("invitation"),
    expand=expand_invitations,
    deliver=deliver_invitation,
    text=describe,
    subject=EMPLOYEE_SUBJECT,
    key="employee_id",
    errors=ERRORS,
    digest=True,
)


def _uids_with_access(uids: Iterable[UUID]) -> set[UUID]:
    found: set[UUID] = set()
    for batch in batched(uids, BATCH):
        accounts = User.objects.filter(employee_uid__in=batch, is_active=True).only("employee_uid", "password")
        found.update(account.employee_uid for account in accounts if account.has_usable_password())
    return found


def _linked(employees: Collection[Employee]) -> dict[UUID, User]:
    return {user.employee_uid: user for user in User.objects.filter(employee_uid__in=[row.uid for row in employees])}


def _obstacles(employees: Collection[Employee], linked: Mapping[UUID, User]) -> dict[int, str]:
    """Why each of these can have no account, or not use the one he has: codes of ERRORS. Two queries."""
    names, addresses = users.owners(
        usernames=[row.code for row in employees], emails=[row.work_email for row in employees if row.work_email]
    )
    found: dict[int, str] = {}
    for row in employees:
        account, email = linked.get(row.uid), (row.work_email or "").lower()
        if row.status != Employee.Status.ACTIVE:
            found[row.pk] = "not_active"
        elif account is not None and not account.is_active:
            found[row.pk] = "switched_off"
        elif email and addresses.get(email, row.uid) != row.uid:
            found[row.pk] = "email_taken"
        elif account is None and names.get(row.code.lower(), row.uid) != row.uid:
            found[row.pk] = "username_taken"
        elif account is None:
            names[row.code.lower()] = addresses[email] = row.uid
    return found


def _accounts(employees: Collection[Employee]) -> dict[int, User | str]:
    """The account of each employee by key, made if there was none; or the code of why there can be none."""
    linked = _linked(employees)
    found: dict[int, User | str] = dict(_obstacles(employees, linked))
    new: list[Employee] = []
    for row in employees:
        if row.pk in found:
            continue
        if account := linked.get(row.uid):
            found[row.pk] = users.correct_email(account, (row.work_email or "").lower())
        else:
            new.append(row)
    made = users.create_linked([_new_account(row) for row in new], role=EMPLOYEE)
    by_uid = {user.employee_uid: user for user in made}
    return found | {row.pk: by_uid[row.uid] for row in new}


def _new_account(row: Employee) -> users.NewAccount:
    return users.NewAccount(
        username=row.code,
        email=row.work_email,
        full_name=row.full_name,
        language=settings.LANGUAGE_CODE,
        employee_uid=row.uid,
    )
