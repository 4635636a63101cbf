"""A manager who will be away lets somebody stand in for him, from one moment to another. It ends by itself.

What is delegated are his own rights as a manager (hr/rights.py), evaluated for him at each request: what he loses, the
deputy loses. What others delegated to him is not his to pass on.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from core import access, throttle
from core.auth import find_user
from core.errors import DomainError, NotAllowed, NotFound
from core.models import UserGrant
from core.models.grant import GrantQuerySet
from core.services.grants import can_end, check_period, checked_reason
from hr.models import Employee
from hr.permissions import require
from hr.rights import DELEGATION
from hr.scope import facts_of, is_manager

if TYPE_CHECKING:
    from core.models import User

# Names that nobody bears: enough for typing errors, too few to find out who has an account.
WRONG_NAMES, WRONG_NAMES_SECONDS = 10, 60 * 60


def can_delegate(user: User) -> bool:
    """A manager may, whatever his role."""
    return is_manager(user)


def delegate(name: str, *, actor: User, valid_from: datetime, valid_until: datetime, reason: str) -> UserGrant:
    """Let the user with this name or e-mail stand in for the actor. A second time it gets these dates and reason.

    Raises NotAllowed for who is no manager, DomainError on the field that will not do.
    """
    own = facts_of(actor).employee_id
    require(own is not None and can_delegate(actor), _("You answer for nobody whom you could leave to somebody else."))
    check_period(valid_from, valid_until)
    reason = checked_reason(reason)
    deputy = _deputy(name, actor)
    return access.grant(  # type: ignore[return-value]
        DELEGATION,
        deputy,
        Employee.objects.get(pk=own or 0),
        granted_by=actor,
        valid_from=valid_from,
        valid_until=valid_until,
        reason=reason,
    )


def end_delegation(grant_id: int, *, actor: User) -> None:
    """End one's own, or anybody's with the right to end grants. Raises NotFound."""
    grants = UserGrant.objects.filter(permission__codename=DELEGATION)
    grant = (grants if can_end(actor) else delegated_by(actor)).filter(pk=grant_id).first()
    if grant is None:
        raise NotFound()
    access.end(grant, by=actor)


def delegated_by(user: User) -> GrantQuerySet:
    """Who stands, stood or will stand in for the user, latest first."""
    own = facts_of(user).employee_id
    grants = UserGrant.objects.filter(permission__codename=DELEGATION, object_pk=str(own or ""))
    return grants.select_related("user", "ended_by").order_by("-valid_until", "-pk")


def delegated_to(user: User) -> list[tuple[UserGrant, Employee]]:
    """Whom the user stands in for now, or will."""
    grants = list(
        UserGrant.objects.filter(permission__codename=DELEGATION, user=user, valid_until__gt=timezone.now()).order_by(
            "valid_from"
        )
    )
    managers = Employee.objects.in_bulk([int(grant.object_pk) for grant in grants])
    return [(grant, managers[int(grant.object_pk)]) for grant in grants if int(grant.object_pk) in managers]


def _deputy(name: str, actor: User) -> User:
    deputy = find_user(name)
    if deputy is None or not deputy.may_act:
        if not throttle.allowed(f"deputy:{actor.pk}", limit=WRONG_NAMES, seconds=WRONG_NAMES_SECONDS):
            raise DomainError(_("Too many names that nobody bears. Try again in an hour."), field="name")
        raise DomainError(_("Nobody who may log in has this user name or e-mail."), field="name")
    if deputy.pk == actor.pk:
        raise NotAllowed(_("Nobody stands in for himself or herself."), field="name")
    return deputy
