"""Checking in: everybody for himself, with the code that the screen of the event shows at that moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core import throttle
from core.errors import DomainError, InvalidTransition
from hr import check_in_codes
from hr.check_in_codes import GRACE_STEPS, STEP_SECONDS, Sitting
from hr.models import Attendance, Event, EventSession, SessionMark
from hr.models.attendance import CAME, MarkedFrom, Outcome
from hr.scope import facts_of
from hr.services.roll import locked_attendance, note_outcomes, note_sittings
from hr.services.writing import business_atomic

if TYPE_CHECKING:
    from core.models import User

# So many typed codes that are wrong, in so many seconds.
GUESSES, GUESSING_SECONDS = 10, 600


@dataclass(frozen=True)
class CheckedIn:
    """What somebody checked in to, and as what: present or late."""

    event: Event
    session: EventSession | None
    outcome: str


@business_atomic
def check_in(code: str, *, actor: User) -> CheckedIn:
    """Note that the actor came. Raises DomainError, on `code`, with the sentence that says why not."""
    employee_id = facts_of(actor).employee_id
    if employee_id is None:
        raise DomainError(_("Your account belongs to no employee, so there is nobody to check in."))
    sitting = _sitting_of(code, actor)
    own = Attendance.objects.filter(event_id=sitting.event_id, employee_id=employee_id).first()
    if own is None:
        raise _refusal(_("This code is of another event: you are not in its list."))
    row = locked_attendance([own.pk], actor)[own.pk]
    session = _session_of(sitting)
    _require_enrolled(row)
    _require_window(row.event, session)
    now_known = _known_outcome(row, session)
    if now_known in CAME:
        raise _refusal(_("You are checked in already."))
    outcome = _outcome_now(session or row.event)
    if session is None:
        note_outcomes({row.pk: row}, {row.pk: outcome}, actor=actor, marked_from=MarkedFrom.CHECK_IN)
    else:
        sittings = {(row.pk, session.pk): outcome}
        note_sittings({row.pk: row}, sittings, actor=actor, marked_from=MarkedFrom.CHECK_IN)
    return CheckedIn(row.event, session, outcome)


def may_show(event: Event, actor: User) -> bool:
    """Whether the actor may show the codes, by which everybody enrolled notes himself: who may mark them all."""
    others = Attendance.objects.seated().filter(event=event).exclude(employee_id=facts_of(actor).employee_id)
    markable = Attendance.objects.markable_by(actor).filter(event=event)
    return markable.exists() and not others.exclude(pk__in=markable.order_by().values("pk")).exists()


def not_right() -> str:
    return _("This code is not right, or no longer: the screen shows another one every 20 seconds.")


def window_of(of: Event | EventSession) -> tuple[datetime, datetime]:
    """From when until when one may check in."""
    return of.starts_at - timedelta(minutes=settings.CHECK_IN_OPENS_MINUTES), of.ends_at


def _sitting_of(code: str, actor: User) -> Sitting:
    scanned = check_in_codes.is_long(code)
    sitting = check_in_codes.sitting_of_long(code) if scanned else _guessed(code, actor)
    if sitting is None:
        raise _refusal(not_right())
    return sitting


def _guessed(code: str, actor: User) -> Sitting | None:
    tries = f"check-in:{actor.pk}"
    if not throttle.allowed(tries, limit=GUESSES, seconds=GUESSING_SECONDS):
        raise _refusal(_("Too many codes that were not right. Scan the screen, or try again in ten minutes."))
    sitting = check_in_codes.sitting_of_short(code, _sittings_of_now())
    if sitting is not None:
        throttle.forgive(tries)
    return sitting


def _sittings_of_now() -> list[Sitting]:
    """All whose screen shows codes now, or did as long ago as a code is good."""
    now = timezone.now()
    window = {
        "starts_at__lte": now + timedelta(minutes=settings.CHECK_IN_OPENS_MINUTES),
        "ends_at__gte": now - timedelta(seconds=STEP_SECONDS * (GRACE_STEPS + 1)),
    }
    events = Event.objects.filter(state__in=Event.ENROLLING, sessions=None, **window)
    sessions = EventSession.objects.filter(event__state__in=Event.ENROLLING, **window)
    return [
        *(Sitting(key) for key in events.order_by().values_list("pk", flat=True)),
        *(Sitting(event, key) for event, key in sessions.order_by().values_list("event_id", "pk")),
    ]


def _session_of(sitting: Sitting) -> EventSession | None:
    """Raises DomainError if the event was given or lost sessions since the screen was opened."""
    sessions = {session.pk: session for session in EventSession.objects.filter(event_id=sitting.event_id)}
    if sitting.session_id not in (sessions or {0: None}):
        raise _refusal(_("The sessions of this event have changed: open its screen again."))
    return sessions.get(sitting.session_id)


def _require_enrolled(row: Attendance) -> None:
    if row.status == Attendance.Status.WAITLISTED:
        raise _refusal(_("You are on the wait-list of %(event)s and have no seat yet.") % {"event": row.event})
    if row.status not in Attendance.SEATED:
        raise _refusal(_("You are no longer enrolled in %(event)s.") % {"event": row.event})


def _require_window(event: Event, session: EventSession | None) -> None:
    if event.state not in Event.ENROLLING:
        values = {"event": event, "state": event.get_state_display()}
        raise InvalidTransition(_("Nobody can check in to %(event)s: it is %(state)s.") % values, field="code")
    opens, ends = window_of(session or event)
    now = timezone.now()
    if now < opens:
        raise _refusal(_("Check-in opens at %(moment)s.") % {"moment": _moment(opens)})
    if now > ends:
        raise _refusal(_("Check-in ended at %(moment)s.") % {"moment": _moment(ends)})


def _known_outcome(row: Attendance, session: EventSession | None) -> str:
    if session is None:
        return row.outcome
    mark = SessionMark.objects.filter(attendance=row, session=session).first()
    return mark.outcome if mark else Outcome.PENDING


def _outcome_now(of: Event | EventSession) -> str:
    late_from = of.starts_at + timedelta(minutes=settings.CHECK_IN_LATE_MINUTES)
    return Outcome.LATE if timezone.now() >= late_from else Outcome.PRESENT


def _moment(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")


def _refusal(message: str) -> DomainError:
    return DomainError(message, field="code")
