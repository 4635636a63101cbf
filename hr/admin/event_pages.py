"""What the pages beside the form of an event share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.formats import date_format
from django.utils.timezone import localtime

from hr.models import Event, EventSession

if TYPE_CHECKING:
    from hr.admin.events import EventAdmin


def event_of(request: HttpRequest, object_id: str, model_admin: EventAdmin) -> Event:
    """The event, if it exists for the user."""
    event = model_admin.get_object(request, unquote(object_id))
    if event is None:
        raise Http404
    return event


def answer(
    request: HttpRequest, model_admin: EventAdmin, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A page of the site about events."""
    request.current_app = model_admin.admin_site.name
    base = {**model_admin.admin_site.each_context(request), "opts": model_admin.opts, "media": model_admin.media}
    return TemplateResponse(request, f"hr/admin/events/{template}", base | context, status=status)


def told_times(of: Event | EventSession) -> str:
    """From when to when, the day once if it is one."""
    starts_at, ends_at = localtime(of.starts_at), localtime(of.ends_at)
    begin = date_format(starts_at, "SHORT_DATETIME_FORMAT")
    same_day = starts_at.date() == ends_at.date()
    return f"{begin} – {date_format(ends_at, 'TIME_FORMAT' if same_day else 'SHORT_DATETIME_FORMAT')}"
