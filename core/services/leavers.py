"""Accounts of people who leave and come back, in bulk. Whoever calls knows that they did; repeated, nothing changes."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from core.models import Invitation, User
from core.models.user import UserQuerySet


@transaction.atomic
def switch_off(uids: Collection[UUID]) -> int:
    """Of who has left: switched off, sessions ended, open invitations void. Returns how many accounts."""
    accounts = User.objects.filter(employee_uid__in=uids, is_active=True)
    keys = list(accounts.values_list("pk", flat=True))
    Invitation.objects.open().filter(user_id__in=keys).update(replaced_at=timezone.now())
    return accounts.update(is_active=False, has_left=True, session_era=F("session_era") + 1)


def switch_on(uids: Collection[UUID]) -> int:
    """Of who is back: what `switch_off` did, undone; an account that somebody else switched off stays off."""
    return User.objects.filter(employee_uid__in=uids, has_left=True).update(is_active=True, has_left=False)


def end_sessions(accounts: UserQuerySet) -> int:
    """Whoever is logged in must log in again."""
    return accounts.update(session_era=F("session_era") + 1)
