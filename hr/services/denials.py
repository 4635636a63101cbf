"""What was refused, to whom and when, for those who watch over the organisation."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import DatabaseError
from django.db.models import F
from django.utils import timezone

from hr.models import DeniedAttempt
from hr.services.writing import business_atomic

if TYPE_CHECKING:
    from core.models import User

logger = logging.getLogger(__name__)

# A burst must not fill the table: from then on only its last row counts along.
MOST_AN_HOUR = 60
KEPT = timedelta(days=180)


def note_denied(user: User, kind: str, what: str) -> None:
    """Record an attempt. A database that is away must not turn a refusal into a broken page."""
    try:
        record_denied(actor=user, kind=kind, what=what)
    except DatabaseError:
        logger.exception("A denied attempt could not be recorded.")


@business_atomic
def record_denied(*, actor: User, kind: str, what: str) -> None:
    now = timezone.now()
    recent = DeniedAttempt.objects.filter(user_id=actor.pk, at__gt=now - timedelta(hours=1)).order_by("-id")
    last = recent.values_list("pk", flat=True)[:MOST_AN_HOUR]
    if len(last) < MOST_AN_HOUR:
        values = {"user_name": str(actor)[:200], "what": what[:300]}
        DeniedAttempt.objects.create(user_id=actor.pk, kind=kind, at=now, **values)
    else:
        DeniedAttempt.objects.filter(pk=last[0]).update(times=F("times") + 1, version=F("version") + 1, updated_at=now)


@business_atomic
def drop_old(*, actor: User | None = None) -> int:
    """Those kept long enough; returns how many."""
    return DeniedAttempt.objects.filter(at__lt=timezone.now() - KEPT).delete()[0]
