"""The demo's accounts. The password is known to everybody, so they exist only where nothing is worth protecting."""

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from core import roles
from core.models import User
from hr.models import Employee, OrgUnit

ENVIRONMENTS = frozenset({"demo", "local", "testing"})
BATCH = 500
PASSWORD = "demo"  # noqa: S105  (shown on the demo's login page; too short for a real one)


@dataclass(frozen=True)
class Account:
    """`heads` and `member_of` name the unit whose head, or a member of which, holds the account; else an external."""

    username: str
    full_name: str
    roles: tuple[str, ...]
    heads: str = ""
    member_of: str = ""


ACCOUNTS = (
    Account("admin", "Administración del Sistema", (roles.ADMINISTRATOR,)),
    Account("hr", "Gestión de Talento Humano", (roles.HR_MANAGER, roles.EMPLOYEE), heads="TH"),
    Account("manager", "Supervisión", (roles.MANAGER, roles.EMPLOYEE), heads="OPE-CCS"),
    Account("loader", "Carga Masiva", (roles.BULK_LOADER,)),
    Account("auditor", "Auditoría", (roles.AUDITOR,)),
    Account("employee", "Empleado", (roles.EMPLOYEE,), member_of="OPE-CCS-PRO"),
)


def create_missing_accounts() -> list[User]:
    """Create those of ACCOUNTS that do not exist; the others keep their password, roles and person."""
    existing = set(User.objects.values_list("username", flat=True))
    return [_create(account) for account in ACCOUNTS if account.username not in existing]


def create_manager_accounts(most: int) -> int:
    """Accounts for people who head a unit and have none; returns how many were made, at most so many."""
    taken = User.objects.exclude(employee_uid=None).values_list("employee_uid", flat=True)
    heads = Employee.objects.active().exclude(headed_units=None).exclude(uid__in=list(taken))
    password = make_password(PASSWORD)
    made = [
        User(username=head.code, password=password, full_name=head.full_name, employee_uid=head.uid)
        for head in heads.order_by("code").distinct()[:most]
    ]
    User.objects.bulk_create(made, batch_size=BATCH)
    groups = list(Group.objects.filter(name__in=(roles.MANAGER, roles.EMPLOYEE)))
    ids = User.objects.filter(employee_uid__in=[user.employee_uid for user in made]).values_list("pk", flat=True)
    membership = User.groups.through
    rows = [membership(user_id=user_id, group_id=group.pk) for user_id in ids for group in groups]
    membership.objects.bulk_create(rows, batch_size=BATCH)
    return len(made)


def _create(account: Account) -> User:
    person = _person_of(account)
    user = User.objects.create_user(
        account.username,
        PASSWORD,
        email=person.work_email if person else f"{account.username}@evaltrack.example",
        full_name=person.full_name if person else account.full_name,
        employee_uid=person.uid if person else None,
    )
    user.groups.set(Group.objects.filter(name__in=account.roles))
    return user


def _person_of(account: Account) -> Employee | None:
    """An active employee without an account, or None where the company is another one."""
    taken = User.objects.exclude(employee_uid=None).values_list("employee_uid", flat=True)
    free = Employee.objects.active().exclude(uid__in=list(taken)).exclude(work_email=None).order_by("code")
    if account.heads:
        heads = OrgUnit.objects.filter(code=account.heads).exclude(head=None)
        return free.filter(pk__in=heads.values("head_id")).first()
    if account.member_of:
        return free.filter(org_unit__code=account.member_of, headed_units=None).first()
    return None
