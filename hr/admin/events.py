from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import DateTimeField, Field
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import display

from core.admin.badges import badge, badge_column
from core.admin.grant_forms import MomentField, MomentInput
from hr.admin.base import GrantTab, HrAdmin, VersionedForm
from hr.admin.calendar import calendar_view
from hr.admin.enrolment import ParticipantsTab
from hr.admin.event_audience import audience_view
from hr.admin.event_evaluation import EventEvaluation
from hr.admin.event_pages import told_times
from hr.admin.event_reasons import event_reasons_view
from hr.admin.event_sessions import sessions_view
from hr.admin.event_steps import EventSteps
from hr.admin.filters import MomentRangeFilter, ScopedAutocompleteFilter
from hr.admin.mandatory import mandatory_people_view, mandatory_view
from hr.admin.my_events import event_file_view, my_calendar_view, my_events_view, own_card, register_view
from hr.admin.roll_pages import RollTab
from hr.figures import Tally, of_events
from hr.models import Event, EventSession
from hr.permissions import can_change_event
from hr.services import events
from hr.services.event_plans import CHANGEABLE, TIMES

LABELS = {
    "draft": "default",
    "published": "info",
    "in_progress": "primary",
    "completed": "warning",
    "closed": "success",
    "cancelled": "danger",
}
WHAT = ["title", "code", "kind", "description"]
WHEN = ["starts_at", "ends_at", "place"]
WHO = ["capacity", "open_enrolment", "mandatory", "completion_percent"]
TOLD = ["state_badge", "state_reason", "seats", "evaluation"]


class EventForm(VersionedForm):
    class Meta:
        model = Event
        fields = [*WHAT, *WHEN, *WHO]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None and "code" in self.fields:
            self.fields["code"].required = False
            self.fields["code"].help_text = _("Leave it empty and the next free one is given.")


@admin.register(Event)
class EventAdmin(EventSteps, EventEvaluation, RollTab, ParticipantsTab, GrantTab, HrAdmin):
    """What is planned is a form; the steps of its life are dialogs, each offered in the states it leads from."""

    form = EventForm
    first_tab = gettext_lazy("Event")
    change_form_outer_before_template = "hr/admin/self/own_enrolment.html"
    seen_with_row = ("kind",)
    list_display = ["title", "code", "kind", "when", "state_label", "enrolled", "came"]
    list_display_links = ["title", "code"]
    list_select_related = ["kind"]
    list_filter = [
        ("state", ChoicesDropdownFilter),
        ("kind", ScopedAutocompleteFilter),
        ("starts_at", MomentRangeFilter),
        ("mandatory", BooleanRadioFilter),
    ]
    search_fields = ["search_text"]
    search_help_text = gettext_lazy("Title, code or place")
    autocomplete_fields = ["kind"]
    readonly_fields = [*TOLD, "kind_name"]
    empty_text = gettext_lazy("Plan the first event, say whom it is for, and publish it.")

    # --- Pages beside the form --------------------------------------------------------------------------------
    def get_urls(self) -> list[URLPattern]:
        pages = [
            ("calendar/", calendar_view, "calendar"),
            ("mandatory/", mandatory_view, "mandatory"),
            ("mine/", my_events_view, "mine"),
            ("mine/calendar/", my_calendar_view, "my_calendar"),
            ("<int:event_id>/register/", register_view, "register"),
            ("<path:object_id>/calendar-file/", event_file_view, "calendar_file"),
            ("<path:object_id>/missing/", mandatory_people_view, "missing"),
            ("<path:object_id>/audience/", audience_view, "audience"),
            ("<path:object_id>/sessions/", sessions_view, "sessions"),
            ("<path:object_id>/reasons/", event_reasons_view, "reasons"),
        ]
        own = {"model_admin": self}
        return [
            path(route, self.admin_site.admin_view(view), own, name=self._page(name)) for route, view, name in pages
        ] + super().get_urls()

    def get_tabs(self, request: HttpRequest, obj: Event) -> list[dict[str, Any]]:
        first, *rest = super().get_tabs(request, obj)
        own = [self.tab(_("Audience"), "audience", obj)] if request.user.has_perm("hr.view_event") else []
        if can_change_event(request.user, obj) or _has_sessions(request, obj):
            own.append(self.tab(_("Sessions"), "sessions", obj))
        return [first, *own, *rest, self.tab(_("Why can I see this?"), "reasons", obj)]

    # --- List -------------------------------------------------------------------------------------------------
    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """With how many people the user sees in each event, in two queries a page."""
        changelist = super().get_changelist_instance(request)
        changelist.result_list = list(changelist.result_list)
        user: Any = request.user
        found = of_events(user, [row.pk for row in changelist.result_list])
        for event in changelist.result_list:
            tally = found.get(event.pk, Tally())
            event.enrolled, event.came = tally.enrolled, tally.came
        return changelist

    @display(description=gettext_lazy("when"), ordering="starts_at")
    def when(self, event: Event) -> str:
        return told_times(event)

    @badge_column(description=gettext_lazy("state"), ordering="state", colours=LABELS)
    def state_label(self, event: Event) -> tuple[str, str]:
        return event.state, event.get_state_display()

    @display(description=gettext_lazy("enrolled"))
    def enrolled(self, event: Event) -> int:
        return event.enrolled

    @display(description=gettext_lazy("came"))
    def came(self, event: Event) -> int:
        return event.came

    # --- Form -------------------------------------------------------------------------------------------------
    @display(description=gettext_lazy("state"))
    def state_badge(self, event: Event) -> str:
        return badge(event.get_state_display(), LABELS[event.state])

    @display(description=gettext_lazy("seats taken"))
    def seats(self, event: Event) -> str:
        if event.capacity is None:
            return str(event.seats_taken)
        return _("%(taken)d of %(capacity)d") % {"taken": event.seats_taken, "capacity": event.capacity}

    @display(description=gettext_lazy("kind"))
    def kind_name(self, event: Event) -> str:
        return str(event.kind)

    def get_fieldsets(self, request: HttpRequest, obj: Event | None = None) -> list[tuple[Any, dict[str, Any]]]:
        # Without a link to its page for who may not open that.
        kind = "kind" if request.user.has_perm("hr.view_eventkind") else "kind_name"
        what = [kind if name == "kind" else name for name in WHAT]
        told, who = (_told(obj), self._told_of_people(request, obj)) if obj else ([], WHO)
        parts: list[tuple[Any, dict[str, Any]]] = [
            (gettext_lazy("Event"), {"fields": [*told, *what]}),
            (gettext_lazy("When and where"), {"fields": WHEN, **self._told_of_times(request, obj)}),
            (gettext_lazy("Who takes part"), {"fields": who}),
        ]
        return [part for part in parts if part[1]["fields"]]

    @staticmethod
    def _told_of_people(request: HttpRequest, obj: Event) -> list[str]:
        """To who only reads it, just what holds for this event."""
        if can_change_event(request.user, obj):
            return WHO
        there = {"completion_percent": _has_sessions(request, obj)}
        return [name for name in WHO if there.get(name, getattr(obj, name))]

    @staticmethod
    def _told_of_times(request: HttpRequest, obj: Event | None) -> dict[str, Any]:
        """Why there are no fields for the times, to who would change them."""
        if obj is None or not can_change_event(request.user, obj):
            return {}
        if TIMES & CHANGEABLE[obj.state] and _has_sessions(request, obj):
            return {"description": gettext_lazy("Its times follow from its sessions: change those.")}
        if obj.state == Event.State.PUBLISHED:
            return {"description": gettext_lazy("Everybody was told of these times. Postpone it to change them.")}
        return {}

    def get_readonly_fields(self, request: HttpRequest, obj: Event | None = None) -> list[str]:
        fields = list(super().get_readonly_fields(request, obj))
        if obj is not None:
            open_ = _changeable(obj) - (TIMES if _has_sessions(request, obj) else set())
            fields += [name for name in [*WHAT, *WHEN, *WHO] if name not in open_ and name not in fields]
        return fields

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        if isinstance(db_field, DateTimeField):
            return db_field.formfield(form_class=MomentField, widget=MomentInput)
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name == "description":
            field.widget.attrs["rows"] = 4
        return field

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With the reader's own part in it, and without a button that is refused: only drafts are deleted."""
        obj = kwargs.get("obj")
        context["card"] = own_card(obj, request.user) if obj is not None else None
        context["show_delete"] = obj is not None and obj.state == Event.State.DRAFT
        return super().render_change_form(request, context, *args, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        """A cancelled event is only read: there is nothing left of it that could be changed."""
        return super().has_change_permission(request, obj) and (obj is None or bool(CHANGEABLE[obj.state]))

    def add_row(self, request: HttpRequest, obj: Event, form: forms.ModelForm) -> Event:
        values = {name: value for name, value in form.cleaned_data.items() if name not in ("version", "kind")}
        new = events.NewEvent(**values, kind_id=form.cleaned_data["kind"].pk)
        event = events.create_events([new], actor=request.user)[0]
        obj.code = event.code  # it may be a new one, which the message names
        return event

    def response_add(self, request: HttpRequest, obj: Event, post_url_continue: Any = None) -> HttpResponse:
        """On to whom it is for."""
        if "_save" not in request.POST:
            return super().response_add(request, obj, post_url_continue)
        messages.success(request, _("%(event)s was planned. Say whom it is for, then publish it.") % {"event": obj})
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:{self._page('audience')}", args=[obj.pk]))

    def change_row(self, request: HttpRequest, obj: Event, form: forms.ModelForm) -> None:
        values, versions = {obj.pk: form.changed_values()}, self.versions(obj, form)
        events.change_events(values, versions=versions, actor=request.user)

    def delete_row(self, request: HttpRequest, obj: Event) -> None:
        events.delete_events([obj.pk], actor=request.user)


def _told(event: Event) -> list[str]:
    """What is told of this one above the form."""
    there = {"state_reason": event.state_reason, "evaluation": event.seen_round}
    return [name for name in TOLD if there.get(name, True)]


def _has_sessions(request: HttpRequest, event: Event) -> bool:
    """Asked several times a page, read once."""
    if not hasattr(event, "has_sessions"):
        event.has_sessions = EventSession.objects.visible_to(request.user).filter(event=event).exists()  # type: ignore[attr-defined]
    return event.has_sessions  # type: ignore[attr-defined]


def _changeable(event: Event) -> set[str]:
    return {Event._meta.get_field(name).name for name in CHANGEABLE[event.state]}
