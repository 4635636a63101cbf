"""Whether the work behind the pages goes on, and how much the product is used: figures for who watches it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min, QuerySet
from django.utils import timezone

from core.models import User
from hr.clock import LEASE
from hr.loading.jobs import WAITING
from hr.models import Evaluation, Event, ExportLog, ImportJob, Lease, OutboxMessage

DAY = timedelta(days=1)
# Whatever grade it has.
COMPLETED = (Evaluation.State.SUBMITTED, Evaluation.State.GRADED)


@dataclass(frozen=True)
class Backlog:
    """How much waits to be done, and how long the oldest of it has; 0 where nothing does."""

    waiting: int
    oldest_seconds: float


def backlogs() -> dict[str, Backlog]:
    """What waits for the clock, and for a worker."""
    return {
        "outbox": _outbox(),
        # A load goes from step to step: what counts is since when it stands where it is.
        "loads": _jobs(ImportJob.objects.filter(state__in=WAITING), "updated_at"),
        "exports": _jobs(ExportLog.objects.filter(state=ExportLog.State.RUNNING), "created_at"),
    }


def _outbox() -> Backlog:
    """Counted by an index alone: after a long stop of the clock very much may wait."""
    found = OutboxMessage.objects.filter(done_at=None).aggregate(waiting=Count("pk"), first=Min("pk"))
    since = OutboxMessage.objects.filter(pk=found["first"]).values_list("created_at", flat=True).first()
    return Backlog(found["waiting"], _seconds_since(since) or 0.0)


def _jobs(rows: QuerySet, moment: str) -> Backlog:
    """Without a heartbeat none is a worker's: its loader is asked something, or it goes out with an answer."""
    found = rows.filter(heartbeat_at__isnull=False).aggregate(waiting=Count("pk"), since=Min(moment))
    return Backlog(found["waiting"], _seconds_since(found["since"]) or 0.0)


def seconds_since_clock() -> float | None:
    """Since the round of the clock that began last; None if there was none yet."""
    return _seconds_since(Lease.objects.filter(name=LEASE).values_list("updated_at", flat=True).first())


def _seconds_since(moment: datetime | None) -> float | None:
    """Never negative: the clocks of two hosts differ."""
    return max((timezone.now() - moment).total_seconds(), 0.0) if moment else None


def business_figures() -> dict[str, int]:
    """Who logged in within the longest time that a session lasts; events created and evaluations completed in a day."""
    now = timezone.now()
    session = timedelta(seconds=settings.SESSION_ABSOLUTE_SECONDS)
    completed = Evaluation.objects.filter(state__in=COMPLETED, submitted_at__gte=now - DAY)
    return {
        "users_active": User.objects.filter(is_active=True, last_login__gte=now - session).count(),
        "events_created": Event.objects.filter(created_at__gte=now - DAY).count(),
        "evaluations_completed": completed.count(),
    }
