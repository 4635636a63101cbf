from __future__ import annotations

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import action, display

from hr.admin.base import HrAdmin
from hr.admin.bulk import run_on_many
from hr.admin.dialogs import ActionForm
from hr.models import EventKind
from hr.services import event_kinds


@admin.register(EventKind)
class EventKindAdmin(HrAdmin):
    first_tab = gettext_lazy("Kind")
    has_few_rows = True
    list_display = ["name", "code", "validity"]
    search_fields = ["name"]
    search_help_text = gettext_lazy("Name or code")
    fields = ["code", "name", "validity_months"]
    actions = ["delete_many"]
    empty_text = gettext_lazy(
        "Kinds sort events: trainings, meetings, workshops. A kind may say for how long one counts."
    )

    @display(description=gettext_lazy("counts for"), ordering="validity_months")
    def validity(self, kind: EventKind) -> str:
        months = kind.validity_months
        return ngettext("%(months)d month", "%(months)d months", months) % {"months": months} if months else _("ever")

    def add_row(self, request: HttpRequest, obj: EventKind, form: forms.ModelForm) -> EventKind:
        values = {name: form.cleaned_data[name] for name in self.fields}
        return event_kinds.create_event_kinds([event_kinds.NewEventKind(**values)], actor=request.user)[0]

    def change_row(self, request: HttpRequest, obj: EventKind, form: forms.ModelForm) -> None:
        values, versions = {obj.pk: form.changed_values()}, self.versions(obj, form)
        event_kinds.change_event_kinds(values, versions=versions, actor=request.user)

    def delete_row(self, request: HttpRequest, obj: EventKind) -> None:
        event_kinds.delete_event_kinds([obj.pk], actor=request.user)

    @action(description=gettext_lazy("Delete"), permissions=["delete"])
    def delete_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self, request, queryset, title=_("Delete"), form_class=ActionForm, service=event_kinds.delete_event_kinds
        )
