"""The sessions of an event: a line each, in a form that says how all of them shall be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import BaseFormSet, formset_factory
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from core.admin.grant_forms import MomentField
from hr.admin.event_pages import answer, event_of
from hr.models import Event, EventSession
from hr.permissions import can_change_event
from hr.services.sessions import MOST, SessionTimes, plan_sessions

if TYPE_CHECKING:
    from hr.admin.events import EventAdmin

EMPTY_LINES = 3


class SessionForm(forms.Form):
    """One session; a line left empty, or emptied, is none."""

    id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    starts_at = MomentField(label=gettext_lazy("Starts at"), required=False)
    ends_at = MomentField(label=gettext_lazy("Ends at"), required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and bool(cleaned.get("starts_at")) != bool(cleaned.get("ends_at")):
            raise forms.ValidationError(_("Say when it starts and when it ends."))
        return cleaned


class PlanForm(forms.Form):
    """What goes with the plan as a whole."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Who is enrolled reads it in the application; the mail does not carry it."),
    )


SessionLines = formset_factory(SessionForm, extra=EMPTY_LINES, max_num=MOST + EMPTY_LINES, absolute_max=MOST + 10)


def sessions_view(request: HttpRequest, object_id: str, model_admin: EventAdmin) -> HttpResponse:
    """Everybody who sees the event reads its sessions; who plans it says how they shall be."""
    event = event_of(request, object_id, model_admin)
    sessions = list(EventSession.objects.visible_to(request.user).filter(event=event).order_by("number"))
    changes = can_change_event(request.user, event)
    if request.method == "POST" and not changes:
        raise PermissionDenied
    sent = request.POST if request.method == "POST" else None
    lines = form = None
    if changes and event.state in (Event.State.DRAFT, *Event.ENROLLING):
        form = PlanForm(sent, initial={"version": event.version})
        lines = SessionLines(sent, initial=[_initial(session) for session in sessions], prefix="sessions")
    if sent is not None and form is not None and lines is not None and lines.is_valid() and form.is_valid():
        with model_admin.domain_errors_on(form):
            _plan(request, event, form, lines)
            return HttpResponseRedirect(reverse("admin:hr_event_sessions", args=[event.pk]))
    context = {
        **model_admin.with_tabs(request, event, "sessions"),
        "title": _("Sessions: %(event)s") % {"event": event},
        "original": event,
        "sessions": sessions,
        "lines": lines,
        "form": form,
    }
    faulty = form is not None and lines is not None and (form.errors or lines.total_error_count())
    return answer(request, model_admin, "sessions.html", context, 400 if faulty else 200)


def _plan(request: HttpRequest, event: Event, form: PlanForm, lines: BaseFormSet) -> None:
    planned = [
        SessionTimes(values["starts_at"], values["ends_at"], values.get("id"))
        for values in (line.cleaned_data for line in lines)
        if values.get("starts_at")
    ]
    changed = plan_sessions(
        {event.pk: planned},
        actor=request.user,
        reason=form.cleaned_data["reason"],
        versions={event.pk: form.cleaned_data["version"]},
    )
    messages.success(request, _("The sessions were saved.") if changed else _("Nothing was changed."))


def _initial(session: EventSession) -> dict[str, Any]:
    return {"id": session.pk, "starts_at": session.starts_at, "ends_at": session.ends_at}
