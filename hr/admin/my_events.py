"""My events: what comes, what one may register for, what is over; each with what one may do about it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from hr.admin.event_pages import event_of, told_times
from hr.admin.labels import OUTCOME_LABELS, STATUS_LABELS
from hr.admin.mandatory import owed_and_labels
from hr.admin.self_pages import button_on, choices_of, events_address, paged, require_employee, self_page
from hr.ics import calendar_file
from hr.models import Attendance, Event, EventSession
from hr.self_service import coming, may_cancel, open_to_register, past, require_own, shut_out
from hr.services.check_in import window_of
from hr.services.enrolment import cancel_attendance, confirm_attendance, register

if TYPE_CHECKING:
    from hr.admin.attendance import AttendanceAdmin
    from hr.admin.events import EventAdmin

# More than anybody attends; a file has an end.
MOST_IN_FILE = 500
Status = Attendance.Status


def my_events_view(request: HttpRequest, model_admin: EventAdmin) -> HttpResponse:
    user = require_employee(request)
    parts: dict[str, tuple[Any, Any]] = {
        "coming": (_("Coming"), coming(user)),
        "open": (_("Open to register"), open_to_register(user)),
        "past": (_("Past"), past(user)),
    }
    shown, links = choices_of(request, parts)
    context = paged(request, parts[shown][1])
    rows = list(context["page"])
    cards = _open_cards(rows, user) if shown == "open" else [_card(row) for row in rows]
    context |= {"title": _("My events"), "shown": shown, "links": links, "cards": cards}
    context["owed"] = owed_and_labels(user) if shown != "past" else []
    return self_page(request, model_admin, "my_events.html", context)


@button_on(partial(events_address, "open"))
def register_view(request: HttpRequest, event_id: int, model_admin: EventAdmin) -> HttpResponse:
    user: Any = request.user
    show = "open"
    with model_admin.domain_errors_to_messages(request):
        row = register(event_id, actor=user, source="self-service")
        show = "coming"
        if row.status == Status.WAITLISTED:
            messages.warning(request, _("%(event)s is full: you are on the wait-list.") % {"event": row.event.title})
        else:
            messages.success(request, _("You are registered: %(event)s.") % {"event": row.event.title})
    return HttpResponseRedirect(events_address(show))


@button_on(partial(events_address, "coming"))
def confirm_view(request: HttpRequest, attendance_id: int, model_admin: AttendanceAdmin) -> HttpResponse:
    user: Any = request.user
    with model_admin.domain_errors_to_messages(request):
        require_own(attendance_id, user)
        confirm_attendance([attendance_id], actor=user, source="self-service")
        messages.success(request, _("Thank you. It is noted that you will come."))
    return HttpResponseRedirect(events_address("coming"))


@button_on(partial(events_address, "coming"))
def give_up_view(request: HttpRequest, attendance_id: int, model_admin: AttendanceAdmin) -> HttpResponse:
    user: Any = request.user
    with model_admin.domain_errors_to_messages(request):
        require_own(attendance_id, user)
        cancel_attendance([attendance_id], actor=user, source="self-service")
        messages.success(request, _("You are no longer enrolled."))
    return HttpResponseRedirect(events_address("coming"))


# --- Calendar files ---------------------------------------------------------------------------------------------------
def event_file_view(request: HttpRequest, object_id: str, model_admin: EventAdmin) -> HttpResponse:
    """For whoever sees the event."""
    event = event_of(request, object_id, model_admin)
    return _file([event], f"{event.code}.ics")


def my_calendar_view(request: HttpRequest, model_admin: EventAdmin) -> HttpResponse:
    user = require_employee(request)
    return _file([row.event for row in coming(user)[:MOST_IN_FILE]], _("my-events.ics"))


def _file(events: Iterable[Event], name: str) -> HttpResponse:
    content = calendar_file(events, lambda event: f"{settings.APP_URL}{_page_of(event)}")
    headers = {"Content-Disposition": content_disposition_header(True, name), "Cache-Control": "no-store"}
    return HttpResponse(content, content_type="text/calendar; charset=utf-8", headers=headers)


def _page_of(event: Event) -> str:
    return reverse("admin:hr_event_change", args=[event.pk])


# --- Cards ------------------------------------------------------------------------------------------------------------
def own_card(event: Event, user: Any) -> dict[str, Any] | None:
    """What the page of an event tells and offers the reader of his own part in it; None if there is nothing."""
    row = coming(user).filter(event=event).first()
    if row is not None:
        return _card(row)
    return next(iter(_open_cards(list(open_to_register(user).filter(pk=event.pk)), user)), None)


def _card(row: Attendance) -> dict[str, Any]:
    noted = row.outcome != "pending" and row.status in Attendance.SEATED
    is_cancelled = row.event.state == Event.State.CANCELLED
    label = (row.get_outcome_display(), OUTCOME_LABELS[row.outcome]) if noted else _status_of(row)
    return _about(row.event) | {
        "row": row,
        "label": label,
        "may_confirm": row.waits_for_confirmation,
        "may_cancel": may_cancel(row),
        "may_check_in": row.status in Attendance.SEATED and not noted and _is_open_to_check_in(row.event),
        "reason": row.event.state_reason if is_cancelled else row.cancel_reason,
    }


def _status_of(row: Attendance) -> tuple[str, str]:
    if row.event.state == Event.State.CANCELLED:
        return row.event.get_state_display(), "danger"
    return row.get_status_display(), STATUS_LABELS[row.status]


def _open_cards(events: list[Event], user: Any) -> list[dict[str, Any]]:
    out = shut_out(user, [event.pk for event in events])
    return [
        _about(event)
        | {"may_register": event.pk not in out, "is_full": event.seats_left == 0, "seats": event.seats_left}
        for event in events
    ]


def _about(event: Event) -> dict[str, Any]:
    sessions = list(event.sessions.all())
    return {
        "event": event,
        "times": told_times(event),
        "sessions": [(session, told_times(session)) for session in sessions],
        "page": _page_of(event),
    }


def _is_open_to_check_in(event: Event) -> bool:
    sittings: list[Event | EventSession] = list(event.sessions.all()) or [event]
    now = timezone.now()
    return event.state in Event.ENROLLING and any(
        opens <= now <= ends for opens, ends in (window_of(sitting) for sitting in sittings)
    )
