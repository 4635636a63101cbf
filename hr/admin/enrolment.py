"""Enrolling from the list of employees, and the tab of an event that shows who takes part. EmployeeAdmin and EventAdmin
take the mixins in.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from core.models import User
from hr.admin.bulk import run_on_many
from hr.admin.dialogs import ActionForm, RowField
from hr.admin.participants import participants_view, shows_participants, tell_enrolled
from hr.models import Employee, Event, EventAudience
from hr.permissions import can_enrol
from hr.querysets import EventQuerySet
from hr.services.enrolment import enrol_employees

# The field by whose search an event to enrol in is found. Lists are filtered by others: they show every event.
CHOICE = EventAudience._meta.get_field("event")


class EnrolForm(ActionForm):
    event = RowField(
        EventAudience,
        CHOICE.name,
        label=gettext_lazy("Event"),
        among=EventQuerySet.open_to_enrol,
        help_text=gettext_lazy("Only events that are published or in progress."),
    )


class EnrolActions(admin.ModelAdmin):
    """Adds the action `enrol_many` to the list of employees."""

    def has_enrol_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return can_enrol(request.user)

    @action(description=gettext_lazy("Enrol in an event"), permissions=["enrol"])
    def enrol_many(self, request: HttpRequest, queryset: QuerySet[Employee]) -> HttpResponse | None:
        def enrol(ids: list[int], *, event: Event, actor: User) -> None:
            tell_enrolled(request, enrol_employees(event.pk, ids, actor=actor))

        return run_on_many(self, request, queryset, title=_("Enrol"), form_class=EnrolForm, service=enrol)


class ParticipantsTab(admin.ModelAdmin):
    """Adds the page of who takes part to those of an event."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(participants_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_participants"
        return [path("<path:object_id>/participants/", view, {"model_admin": self}, name=name), *super().get_urls()]

    def get_tabs(self, request: HttpRequest, obj: Model) -> list[dict[str, Any]]:
        first, *rest = super().get_tabs(request, obj)  # type: ignore[misc]
        own = [self.tab(_("Participants"), "participants", obj)] if shows_participants(request.user) else []  # type: ignore[attr-defined]
        return [first, *own, *rest]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        asked = request.GET.get("model_name"), request.GET.get("field_name")
        if asked == (CHOICE.model._meta.model_name, CHOICE.name):
            queryset = queryset.open_to_enrol(request.user)
        return super().get_search_results(request, queryset, search_term)
