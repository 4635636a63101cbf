"""Rights on single records: given, renewed and ended by those who may grant, by one set of rules.

Nobody grants to himself, nor more than he holds. What is ended stays in the list with its dates; it is inert.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from core import access
from core.errors import DomainError, NotAllowed, NotFound
from core.grant_list import state_of
from core.grantable import grantable_of
from core.models import GroupGrant, User, UserGrant
from core.services.batches import batches_of

if TYPE_CHECKING:
    from core.models.grant import AnyGrant


def can_read(user: User) -> bool:
    """Whether the user reads who holds what on single records."""
    return user.has_perm("core.view_usergrant") and user.has_perm("core.view_groupgrant")


def can_grant(user: User) -> bool:
    return user.has_perm("core.add_usergrant")


def can_end(user: User) -> bool:
    return user.has_perm("core.delete_usergrant")


def groups_to_grant() -> QuerySet[Group]:
    """Every group may hold rights on single records, roles included."""
    return Group.objects.order_by("name")


@transaction.atomic
def give(
    permissions: Collection[str],
    to: User | Group,
    row: Model,
    *,
    actor: User,
    reason: str,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> list[UserGrant | GroupGrant]:
    """Grant each permission (a codename) on the row; a grant that is there already gets these dates and reason.

    Raises NotAllowed, NotFound for a row the actor does not see, DomainError for dates or a reason that will not do.
    """
    _require_visible(row, actor)
    for permission in permissions:
        _require_may_give(permission, row, actor)
    _refuse_self(to, actor)
    valid_from = valid_from or timezone.now()
    check_period(valid_from, valid_until)
    if not permissions:
        raise DomainError(_("Choose what is to be granted."), field="permissions")
    if isinstance(to, User) and not to.is_active:
        raise DomainError(_("The account of %(user)s is switched off.") % {"user": to}, field="user")
    return [
        access.grant(
            permission,
            to,
            row,
            granted_by=actor,
            valid_from=valid_from,
            valid_until=valid_until,
            reason=checked_reason(reason),
        )
        for permission in permissions
    ]


def renew(grant: AnyGrant, *, actor: User, reason: str, valid_until: datetime | None) -> AnyGrant:
    """Let it hold until another moment, for ever without one; ended grants begin anew. Raises as `give`."""
    row, codename = grant.content_object, grant.permission.codename
    if row is None:
        raise NotFound()
    begun = None if state_of(grant) == "ended" else grant.valid_from
    dates = {"valid_from": begun, "valid_until": valid_until}
    return give([codename], holder_of(grant), row, actor=actor, reason=reason, **dates)[0]


def end(grant: AnyGrant, *, actor: User) -> None:
    """Take the right away, from this second on. One that has ended already stays as it is. Raises NotAllowed."""
    if not can_end(actor):
        raise NotAllowed()
    access.end(grant, by=actor)


@transaction.atomic
def end_many(model: type[AnyGrant], ids: Sequence[int], *, actor: User) -> int:
    """As `end`, for each; returns how many were running. Raises NotAllowed, and DomainError for too many."""
    if not can_end(actor):
        raise NotAllowed()
    return sum(access.end_each(model.objects.filter(pk__in=batch), by=actor) for batch in batches_of(ids))


def holder_of(grant: AnyGrant) -> User | Group:
    return grant.group if isinstance(grant, GroupGrant) else grant.user


def check_period(valid_from: datetime, valid_until: datetime | None) -> None:
    """Raise DomainError unless the period ends after it begins, and in the future."""
    if valid_until is None:
        return
    if valid_until <= valid_from:
        raise DomainError(_("It must end after it begins."), field="valid_until")
    if valid_until <= timezone.now():
        raise DomainError(_("That moment has passed."), field="valid_until")


def checked_reason(reason: str) -> str:
    """Without the spaces around it. Raises DomainError if nothing is left."""
    reason = " ".join(reason.split())
    if not reason:
        raise DomainError(_("Say why: others will ask."), field="reason")
    return reason[:500]


def _require_visible(row: Model, actor: User) -> None:
    rows = type(row)._default_manager.filter(pk=row.pk)
    visible_to = getattr(rows, "visible_to", None)
    if visible_to is None or not visible_to(actor).exists():
        raise NotFound()


def _require_may_give(permission: str, row: Model, actor: User) -> None:
    grantable = grantable_of(type(row))
    if not can_grant(actor) or grantable is None or permission not in grantable.labels:
        raise NotAllowed()
    if not grantable.holds(actor, permission, row):
        raise NotAllowed(_("Nobody grants more than he or she holds."))


def _refuse_self(to: User | Group, actor: User) -> None:
    own = actor.groups.filter(pk=to.pk).exists() if isinstance(to, Group) else to.pk == actor.pk
    if own:
        raise NotAllowed(_("Nobody grants anything to himself or herself."))
