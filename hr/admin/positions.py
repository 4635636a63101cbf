from __future__ import annotations

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display

from hr.admin.base import HrAdmin
from hr.admin.bulk import run_on_many
from hr.admin.dialogs import ActionForm
from hr.admin.spreadsheets import SpreadsheetAdmin
from hr.models import Position
from hr.services import positions


@admin.register(Position)
class PositionAdmin(SpreadsheetAdmin, HrAdmin):
    has_few_rows = True
    list_display = ["title", "code", "people"]
    search_fields = ["title"]
    search_help_text = gettext_lazy("Title or code")
    fields = ["code", "title"]
    actions = ["delete_many"]
    empty_text = gettext_lazy("Positions are the job titles people can hold.")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).with_people(request.user)

    @display(description=gettext_lazy("people"), ordering="people")
    def people(self, position: Position) -> int:
        return position.people

    def add_row(self, request: HttpRequest, obj: Position, form: forms.ModelForm) -> Position:
        position = positions.NewPosition(code=form.cleaned_data["code"], title=form.cleaned_data["title"])
        return positions.create_positions([position], actor=request.user)[0]

    def change_row(self, request: HttpRequest, obj: Position, form: forms.ModelForm) -> None:
        values, versions = {obj.pk: form.changed_values()}, self.versions(obj, form)
        positions.change_positions(values, versions=versions, actor=request.user)

    def delete_row(self, request: HttpRequest, obj: Position) -> None:
        positions.delete_positions([obj.pk], actor=request.user)

    @action(description=gettext_lazy("Delete"), permissions=["delete"])
    def delete_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self, request, queryset, title=_("Delete"), form_class=ActionForm, service=positions.delete_positions
        )
