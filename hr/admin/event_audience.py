"""Whom an event is for: its lines, how many people that is and who, and a form to add more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.admin.rows import keys_among
from hr.admin.audience_form import AudienceForm, preview_of
from hr.admin.event_pages import answer, event_of
from hr.models import Event, EventAudience
from hr.permissions import can_change_event
from hr.services import audiences

if TYPE_CHECKING:
    from hr.admin.events import EventAdmin

PER_PAGE = 50


def audience_view(request: HttpRequest, object_id: str, model_admin: EventAdmin) -> HttpResponse:
    """For who sees all events: it names units and people. Who plans them adds and removes."""
    event = event_of(request, object_id, model_admin)
    if not request.user.has_perm("hr.view_event"):
        raise PermissionDenied
    changes = can_change_event(request.user, event)
    if request.method == "POST" and not changes:
        raise PermissionDenied
    form, preview = None, None
    if changes and event.state in audiences.ADDING:
        form = AudienceForm(request.POST if _adds(request) else None, user=request.user)
    if request.method == "POST":
        if "remove" in request.POST:
            return _removed(request, event, model_admin)
        if form is not None and form.is_valid():
            with model_admin.domain_errors_on(form):
                if "_add" in request.POST:
                    return _added(request, event, form)
                preview = preview_of(request, audiences.people_of(form.audience(), actor=request.user))
    lines = EventAudience.objects.visible_to(request.user).filter(event=event)
    page = _page(lines.select_related("org_unit", "position", "employee").order_by("pk"), request.GET.get("p"))
    people = _page(audiences.people_meant([event.pk], user=request.user), request.GET.get("people"))
    context = {
        **model_admin.with_tabs(request, event, "audience"),
        "title": _("Whom it is for: %(event)s") % {"event": event},
        "original": event,
        "form": form,
        "preview": preview,
        "lines": page,
        "line_pages": page.paginator.get_elided_page_range(page.number),
        "people": people,
        "people_pages": people.paginator.get_elided_page_range(people.number),
        "media": model_admin.media + form.media if form else model_admin.media,
    }
    return answer(request, model_admin, "audience.html", context, 400 if form is not None and form.errors else 200)


def _adds(request: HttpRequest) -> bool:
    return request.method == "POST" and "remove" not in request.POST


def _added(request: HttpRequest, event: Event, form: AudienceForm) -> HttpResponse:
    count = audiences.add_audience([event.pk], form.audience(), actor=request.user)
    messages.success(request, ngettext("%(count)d line added.", "%(count)d lines added.", count) % {"count": count})
    return _back(event)


def _removed(request: HttpRequest, event: Event, model_admin: EventAdmin) -> HttpResponse:
    keys = keys_among(EventAudience, request.POST.getlist("remove"))
    lines = EventAudience.objects.visible_to(request.user).filter(event=event, pk__in=keys)
    with model_admin.domain_errors_to_messages(request):
        audiences.remove_audience(list(lines.values_list("pk", flat=True)), actor=request.user)
        messages.success(request, _("Removed. Who is enrolled stays enrolled."))
    return _back(event)


def _page(rows: QuerySet, number: Any) -> Page:
    return Paginator(rows, PER_PAGE).get_page(number)


def _back(event: Event) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:hr_event_audience", args=[event.pk]))
