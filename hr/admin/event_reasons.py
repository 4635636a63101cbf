from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from hr.admin.event_pages import answer, event_of
from hr.explain_event import explain_event

if TYPE_CHECKING:
    from hr.admin.events import EventAdmin


def event_reasons_view(request: HttpRequest, object_id: str, model_admin: EventAdmin) -> HttpResponse:
    """Why the reader sees this event."""
    event = event_of(request, object_id, model_admin)
    context = {
        **model_admin.with_tabs(request, event, "reasons"),
        "title": _("Why can I see %(event)s?") % {"event": event},
        "reasons": explain_event(request.user, event),
        "original": event,
    }
    return answer(request, model_admin, "reasons.html", context)
