"""What the pages about the roll of one event share: who may open them, of which session, the way between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.admin import site
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.text import fold
from hr.models import Attendance, Event, EventSession
from hr.permissions import can_take_rolls
from hr.services.check_in import may_show

if TYPE_CHECKING:
    from hr.admin.attendance import AttendanceAdmin

TAB = "roll_call"


@dataclass(frozen=True)
class Roll:
    """Of one event, or one of its sessions: what the reader may take."""

    event: Event
    sessions: list[EventSession]
    session: EventSession | None
    user: Any

    @property
    def of(self) -> Event | EventSession:
        return self.session or self.event

    @property
    def is_early(self) -> bool:
        """Whether it has yet to begin; HR may start an event before its time."""
        is_coming = self.of.starts_at > timezone.now()
        return is_coming and (self.session is not None or self.event.state == Event.State.PUBLISHED)

    def rows(self) -> QuerySet:
        """Who has a seat and may be marked by the reader, by name."""
        rows = Attendance.objects.markable_by(self.user).seated().filter(event=self.event)
        return rows.order_by("employee__search_text", "pk")


def roll_of(request: HttpRequest, event_id: int, model_admin: AttendanceAdmin) -> Roll:
    """The roll the address asks for, of the session `?session=` or the one of now."""
    if not can_take_rolls(request.user):
        raise PermissionDenied
    event = Event.objects.visible_to(request.user).filter(pk=event_id).first()
    if event is None:
        model_admin.note_denied(request, "record")
        raise Http404
    sessions = list(EventSession.objects.visible_to(request.user).filter(event=event))
    return Roll(event, sessions, _session(request, sessions), request.user)


class RollTab:
    """The way to the roll from the pages of an event."""

    def get_tabs(self, request: HttpRequest, obj: Event) -> list[dict[str, Any]]:
        tabs = super().get_tabs(request, obj)  # type: ignore[misc]
        if not can_take_rolls(request.user):
            return tabs
        link = reverse("admin:hr_attendance_roll_call", args=[obj.pk])
        return [*tabs, {"title": _("Roll-call"), "link": link, "page": TAB, "has_permission": True}]


def roll_context(request: HttpRequest, roll: Roll, page: str) -> dict[str, Any]:
    """For a page of the roll, `page` is its name: among the tabs of the event, with the way to the others."""
    admin_of_events: Any = site.get_model_admin(Event)
    request.current_app = site.name
    query = f"?session={roll.session.pk}" if roll.session else ""
    names = [("roll_call", _("Roll-call")), ("sign_in_sheet", _("Sign-in sheet"))]
    if may_show(roll.event, request.user):
        names.append(("screen", _("Check-in screen")))
    return {
        **site.each_context(request),
        **admin_of_events.with_tabs(request, roll.event, TAB),
        "title": roll.event,
        "original": roll.event,
        "opts": Event._meta,
        "roll": roll,
        "event": roll.event,
        "when": span(roll.of.starts_at, roll.of.ends_at),
        "pages": [
            (text, reverse(f"admin:hr_attendance_{name}", args=[roll.event.pk]) + query, name == page)
            for name, text in names
        ],
    }


def named(rows: QuerySet, term: str) -> QuerySet:
    """Those of whom name, code or e-mail hold every word."""
    for word in fold(term).split():
        rows = rows.filter(employee__search_text__contains=word)
    return rows


def span(starts_at: datetime, ends_at: datetime) -> str:
    """From when until when, in words; the day of the end only if it is another one."""
    starts, ends = timezone.localtime(starts_at), timezone.localtime(ends_at)
    until = "TIME_FORMAT" if starts.date() == ends.date() else "SHORT_DATETIME_FORMAT"
    return f"{date_format(starts, 'SHORT_DATETIME_FORMAT')} – {date_format(ends, until)}"


def _session(request: HttpRequest, sessions: list[EventSession]) -> EventSession | None:
    if not sessions:
        return None
    asked = request.GET.get("session")
    now = timezone.now()
    for session in sessions:
        if str(session.pk) == asked:
            return session
    # Without being asked: the one that is on, or comes next; the last one once all are over.
    return next((session for session in sessions if session.ends_at >= now), sessions[-1])
