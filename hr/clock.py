"""The clock: a round every 15 seconds carries out what services left to be done.

Any number of copies may run; a lease lets one of them work. A lost database costs rounds, never the process.
"""

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, close_old_connections, connections
from django.utils import timezone

from core.services import invitations
from core.tracebacks import kind_of
from hr.loading import export_jobs, jobs
from hr.services import (
    delivery,
    enrolment_clock,
    evaluation_clock,
    event_clock,
    event_figures,
    housekeeping,
    leases,
    outbox,
)

logger = logging.getLogger(__name__)

LEASE, NIGHTLY, REMINDERS = "clock", "nightly", "reminders"
LEASE_SECONDS = 60
RENEW_SECONDS = 15
ROUND_SECONDS = 15
EXPANDED_A_ROUND = 500
MAILED_A_ROUND = 50
MOVED_A_ROUND = 1000
NIGHT_HOUR = 3
# No transaction lasts so long: what it wrote bears a moment before its end.
LONGEST_TRANSACTION = timedelta(minutes=10)
# What comes about because it is time: each takes `limit`, and returns how many rows it changed.
DUTIES: tuple[Callable[..., int], ...] = (
    event_clock.start_due,
    event_clock.complete_due,
    event_clock.remind_due,
    evaluation_clock.open_due,
    evaluation_clock.expire_due,
    enrolment_clock.fill_due,
    event_figures.count_due,
)


class Clock:
    """One copy. `stop` is set by a signal: the mail being sent is finished, nothing further begun."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._renewed = 0.0
        self._followed: datetime | None = None

    def run(self) -> None:
        """Rounds until `stop`. The next follows at once while there is more to do."""
        while not self.stop.is_set():
            close_old_connections()
            try:
                more = self.round()
            except (DatabaseError, InterfaceError) as error:
                logger.warning("A database is not there, the clock tries again: %s", kind_of(error))
                connections.close_all()
                more = False
            except Exception:
                logger.exception("A round of the clock failed.")
                more = False
            if not more:
                self.stop.wait(ROUND_SECONDS)
        self.give_back()

    def round(self) -> bool:
        """One round, if this copy holds the lease; whether there is more to do at once."""
        if not self.hold():
            return False
        more = [
            outbox.expand_due(limit=EXPANDED_A_ROUND, should_stop=self.must_stop) >= EXPANDED_A_ROUND,
            delivery.deliver_due(limit=MAILED_A_ROUND, should_stop=self.must_stop) >= MAILED_A_ROUND,
            invitations.deliver_due(limit=MAILED_A_ROUND, should_stop=self.must_stop) == MAILED_A_ROUND,
            *[self._carry_out(duty) for duty in DUTIES],
            self._carry_out(self._follow_people),
        ]
        jobs.wake_stalled()
        export_jobs.wake_stalled()
        self._once(REMINDERS, timezone.now() + timedelta(hours=1), evaluation_clock.remind_due)
        self._once(NIGHTLY, next_night(), housekeeping.clean_up)
        return any(more)

    def must_stop(self) -> bool:
        """Asked between two mails: keeps the lease, and says whether to end here."""
        if self.stop.is_set():
            return True
        return time.monotonic() - self._renewed > RENEW_SECONDS and not self.hold()

    def hold(self) -> bool:
        """Take or renew the lease; False while another copy holds it."""
        held = leases.take_lease(LEASE, self.holder, until=timezone.now() + timedelta(seconds=LEASE_SECONDS))
        if held:
            self._renewed = time.monotonic()
        return held

    def _carry_out(self, duty: Callable[..., int]) -> bool:
        """Whether there is more of it to do at once. One that fails holds no other up."""
        try:
            return not self.must_stop() and duty(limit=MOVED_A_ROUND, actor=None, source="job") >= MOVED_A_ROUND
        except (DatabaseError, InterfaceError):
            raise
        except Exception:
            logger.exception("%s.%s failed.", duty.__module__, duty.__name__)
            return False

    def _follow_people(self, *, limit: int, actor: None, source: str) -> int:
        """Those changed since this copy looked last; at first everybody."""
        began = timezone.now()
        if not enrolment_clock.follow_people(self._followed, should_stop=self.must_stop):
            return limit
        self._followed = began - LONGEST_TRANSACTION
        return 0

    def _once(self, name: str, until: datetime, work: Callable[[], object]) -> None:
        """Once until then, whichever copy comes first; a failure is tried again in ten minutes."""
        holder = uuid.uuid4().hex
        if not leases.take_lease(name, holder, until=until):
            return
        try:
            work()
        except Exception:
            leases.take_lease(name, holder, until=timezone.now() + timedelta(minutes=10))
            raise

    def give_back(self) -> None:
        """Let another copy go on at once."""
        try:
            leases.give_back(LEASE, self.holder)
        except (DatabaseError, InterfaceError):
            logger.warning("The lease could not be given back; it runs out by itself.")


def next_night() -> datetime:
    """The next 3 o'clock of APP_TIMEZONE."""
    now = timezone.localtime()
    tonight = now.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    return tonight if tonight > now else tonight + timedelta(days=1)
