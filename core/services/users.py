"""Accounts and roles. Nobody gives rights to himself, and the last administrator stays."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone, translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from core.errors import DomainError, NotAllowed
from core.models import Invitation, User
from core.models.user import UserQuerySet
from core.roles import ADMINISTRATOR, EMPLOYEE, ROLES, role_label
from core.services import invitations

BATCH = 500
CHANGEABLE = {"username", "email", "full_name", "language", "is_active"}


@dataclass(frozen=True)
class NewAccount:
    """An account to be made for somebody the caller knows by `employee_uid`."""

    username: str
    email: str | None
    full_name: str
    language: str
    employee_uid: UUID


@dataclass(frozen=True)
class Renamed:
    """What was known of an employee before a change, and what is now: pairs, e-mails in lower case."""

    employee_uid: UUID
    username: tuple[str, str]
    email: tuple[str, str]
    full_name: tuple[str, str]


@transaction.atomic
def create_user(*, actor: User | None, roles: Iterable[str] = (), **fields: Any) -> User:
    """A new account that waits for its owner to choose a password: by mail, or by a code on paper without e-mail."""
    _require(actor, "core.add_user")
    user = User(**fields)
    user.set_unusable_password()
    _validate(user)
    user.save()
    if names := sorted(set(roles)):
        set_roles(user, names, actor=actor)
    invitations.prepare([user], actor=actor)
    return user


@transaction.atomic
def change_user(user: User, *, actor: User | None, **values: Any) -> User:
    """Change the named fields of an account. Raises NotAllowed or DomainError if a rule says no."""
    _require(actor, "core.change_user")
    if unknown := values.keys() - CHANGEABLE:
        raise TypeError(f"not changeable: {sorted(unknown)}")
    fresh = _locked(user)
    _refuse_superuser(fresh, actor)
    if not values.get("is_active", True):
        _refuse_self(fresh, actor)
        refuse_without_administrator(User.objects.filter(pk=fresh.pk))
    address = fresh.email
    # Whoever sets it decides for good: a rehiring leaves it then.
    decided = {"has_left": False} if "is_active" in values else {}
    for name, value in (values | decided).items():
        setattr(fresh, name, value)
    _validate(fresh)
    fresh.save(update_fields=[*values, *decided])
    if fresh.email != address:
        _close_links(fresh)
    return fresh


@transaction.atomic
def set_roles(user: User, roles: Iterable[str], *, actor: User | None) -> None:
    """Make the user hold exactly the named roles. Groups that are no role stay as they are."""
    _require(actor, "core.assign_role")
    wanted = set(roles)
    if unknown := wanted - ROLES.keys():
        raise DomainError(_("Unknown role: %(role)s.") % {"role": ", ".join(sorted(unknown))}, field="roles")
    fresh = _locked(user)
    held = set(fresh.groups.filter(name__in=ROLES).values_list("name", flat=True))
    if wanted == held:
        return
    _refuse_superuser(fresh, actor)
    _refuse_self(fresh, actor)
    if ADMINISTRATOR in held - wanted:
        refuse_without_administrator(User.objects.filter(pk=fresh.pk))
    fresh.groups.remove(*Group.objects.filter(name__in=held - wanted))
    fresh.groups.add(*Group.objects.filter(name__in=wanted - held))


def choose_language(user: User, language: str) -> None:
    """Everybody chooses his own; the caller has checked that there is such a language."""
    User.objects.filter(pk=user.pk).update(language=language)


def account_of(employee_uid: UUID) -> User | None:
    """The account of an employee, None if there is none."""
    return User.objects.filter(employee_uid=employee_uid).first()


def deactivate(user: User, *, actor: User | None) -> User:
    """Switch an account off. Its sessions end with the next request."""
    return change_user(user, actor=actor, is_active=False)


def activate(user: User, *, actor: User | None) -> User:
    return change_user(user, actor=actor, is_active=True)


@transaction.atomic
def create_linked(accounts: Sequence[NewAccount], *, role: str) -> list[User]:
    """Accounts in bulk, without a password, each with one role. The caller has looked for names already taken."""
    users = [
        User(
            username=account.username,
            email=account.email.lower() if account.email else None,
            full_name=account.full_name,
            language=account.language,
            employee_uid=account.employee_uid,
        )
        for account in accounts
    ]
    for user in users:
        user.set_unusable_password()
    User.objects.bulk_create(users, batch_size=BATCH)
    group = Group.objects.get(name=role)
    membership = User.groups.through
    made = User.objects.filter(employee_uid__in=[account.employee_uid for account in accounts])
    ids = made.values_list("pk", flat=True)
    membership.objects.bulk_create(
        [membership(user_id=user_id, group_id=group.pk) for user_id in ids], batch_size=BATCH, ignore_conflicts=True
    )
    return list(made)


def owners(*, usernames: Sequence[str], emails: Sequence[str]) -> tuple[dict[str, UUID | int], dict[str, UUID | int]]:
    """Who holds these user names and e-mails, both in lower case: the employee's uid, or a number for others."""
    names = [*usernames, *(name.lower() for name in usernames)]
    named = User.objects.alias(lower=Lower("username")).filter(Q(username__in=usernames) | Q(lower__in=names))
    addressed = User.objects.filter(email__in=[email.lower() for email in emails])
    return (
        {user.username.lower(): user.employee_uid or user.pk for user in named},
        {user.email: user.employee_uid or user.pk for user in addressed if user.email},
    )


def correct_email(user: User, email: str) -> User:
    """Let an account that nobody has used yet follow the employee's e-mail, so that an invitation reaches it.

    Not one that holds more than the role Employee: who edits employees must not lead its mail to himself.
    """
    if (user.email or "") == email or user.has_usable_password():
        return user
    if _is_plain(user):
        user.email = email or None
        user.save(update_fields=["email"])
    return user


@transaction.atomic
def follow(changes: Sequence[Renamed]) -> list[list[str]]:
    """Let accounts follow their employees; per change, why a part could not: username_taken, email_taken,
    email_differs (it was not the employee's before) or email_guarded (as for `correct_email`).

    Only what the account had from the employee changes. Repeated, it changes nothing.
    """
    told = []
    for account, values, problems in _following(changes, User.objects.select_for_update()):
        if account is not None and values:
            for name, value in values.items():
                setattr(account, name, value)
            account.save(update_fields=list(values))
            if "email" in values:
                _close_links(account)
        told.append(problems)
    return told


def would_follow(changes: Sequence[Renamed]) -> list[set[str]]:
    """Which fields of the account each change would change, were it followed. A fixed number of queries."""
    return [set(values) for _account, values, _problems in _following(changes, User.objects.all())]


def set_by_hand(user_ids: Collection[int]) -> dict[int, set[str]]:
    """Which fields of these accounts were set on the page of the user: they are the account's own."""
    labels = _labels("username", "email", "full_name")
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User),
        action_flag=CHANGE,
        object_id__in=[str(key) for key in user_ids],
    )
    found: dict[int, set[str]] = defaultdict(set)
    for key, message in entries.order_by().values_list("object_id", "change_message"):
        found[int(key or 0)].update(name for label, name in labels.items() if json.dumps(label) in message)
    return found


def _labels(*names: str) -> dict[str, str]:
    """As the log of changes writes them: in English, whatever the reader's language."""
    columns = {field.name: field.verbose_name for field in User._meta.concrete_fields}
    with translation.override(None):
        return {capfirst(str(columns[name])): name for name in names}


def _following(
    changes: Sequence[Renamed], users: UserQuerySet
) -> Iterator[tuple[User | None, dict[str, str | None], list[str]]]:
    """Per change the account, what it should have instead of what it has, and why it has no more of it."""
    uids = [change.employee_uid for change in changes]
    linked = users.filter(employee_uid__in=uids).order_by("pk").prefetch_related("groups")
    accounts = {user.employee_uid: user for user in linked}
    names, addresses = owners(
        usernames=[change.username[1] for change in changes],
        emails=[change.email[1] for change in changes if change.email[1]],
    )
    for change in changes:
        account = accounts.get(change.employee_uid)
        values, problems = _changed(account, change, names, addresses) if account else ({}, [])
        yield account, values, problems


def _changed(
    account: User, change: Renamed, names: dict[str, UUID | int], addresses: dict[str, UUID | int]
) -> tuple[dict[str, str | None], list[str]]:
    values: dict[str, str | None] = {}
    problems, uid = [], change.employee_uid
    if change.full_name[0] != change.full_name[1] != account.full_name:
        values["full_name"] = change.full_name[1]
    old, new = change.username
    if account.username.lower() == old.lower() != new.lower():
        if names.setdefault(new.lower(), uid) == uid:
            values["username"] = new
            names.pop(old.lower(), None)
        else:
            problems.append("username_taken")
    old, new = change.email
    if old != new != (account.email or ""):
        if (account.email or "") != old:
            problems.append("email_differs")
        elif not _is_plain(account):
            problems.append("email_guarded")
        elif new and addresses.setdefault(new, uid) != uid:
            problems.append("email_taken")
        else:
            values["email"] = new or None
            addresses.pop(old, None)
    return values, problems


def roles_of(user: User) -> list[str]:
    """The keys of the roles the user holds, in the order of the table."""
    held = {group.name for group in user.groups.all()}
    return [name for name in ROLES if name in held]


def _is_plain(user: User) -> bool:
    return not user.is_superuser and {group.name for group in user.groups.all()} <= {EMPLOYEE}


def _close_links(user: User) -> None:
    """A link that went to an address of before must not open the account."""
    sent = Invitation.objects.open().filter(user=user).exclude(secret_hash=None)
    sent.update(replaced_at=timezone.now())


def _require(actor: User | None, permission: str) -> None:
    if actor is not None and not actor.has_perm(permission):
        raise NotAllowed()


def _locked(user: User) -> User:
    # The group row first: it puts "is he the last administrator?" of two callers one after the other.
    list(Group.objects.select_for_update().filter(name=ADMINISTRATOR))
    return User.objects.select_for_update().get(pk=user.pk)


def _refuse_self(user: User, actor: User | None) -> None:
    if actor is not None and actor.pk == user.pk:
        raise NotAllowed(_("Nobody changes his or her own roles or switches off the own account."))


def _refuse_superuser(user: User, actor: User | None) -> None:
    if user.is_superuser and actor is not None and not actor.is_superuser:
        raise NotAllowed(_("Only a superuser changes the account of a superuser."))


def refuse_without_administrator(leaving: UserQuerySet) -> None:
    """Raise DomainError if nobody who can log in would hold the role Administrator without these accounts."""
    administrators = User.objects.filter(is_active=True, groups__name=ADMINISTRATOR)
    if not administrators.filter(pk__in=leaving.values("pk")).exists():
        return
    others = administrators.exclude(pk__in=leaving.values("pk"))
    if not any(other.has_usable_password() and other.may_act for other in others):
        raise DomainError(
            _("The last %(role)s stays: give the role to somebody else first.") % {"role": role_label(ADMINISTRATOR)}
        )


def _validate(user: User) -> None:
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise DomainError(messages[0], field=field) from error
