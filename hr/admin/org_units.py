from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display

from hr import paths
from hr.admin.base import GrantTab, HrAdmin
from hr.admin.bulk import run_on_many
from hr.admin.dialogs import ActionForm, HeadForm, MoveUnitForm
from hr.admin.filters import HeadFilter, PartOfFilter
from hr.admin.org_chart import chart_urls
from hr.admin.spreadsheets import SpreadsheetAdmin
from hr.models import Employee, OrgUnit
from hr.permissions import can_change_unit
from hr.services import org_units

if TYPE_CHECKING:
    from core.models import User


@admin.register(OrgUnit)
class OrgUnitAdmin(SpreadsheetAdmin, GrantTab, HrAdmin):
    has_few_rows = True
    list_display = ["indented_name", "code", "head", "people"]
    list_select_related = ["head"]
    list_filter = [("parent", PartOfFilter), HeadFilter]
    search_fields = ["name"]
    search_help_text = gettext_lazy("Name or code")
    autocomplete_fields = ["parent", "head"]
    fields = ["code", "name", "parent", "head"]
    sortable_by = ["indented_name", "code", "people"]
    actions_list = ["open_chart"]
    actions_detail = ["move", "set_head"]
    actions = ["move_many", "delete_many"]
    empty_text = gettext_lazy("Units are departments, branches or teams. Begin with the one at the top.")

    # --- List -------------------------------------------------------------------------------------------------
    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).with_people(request.user)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Units are indented below those the reader sees: how many others are above them is not his to know."""
        changelist = super().get_changelist_instance(request)
        changelist.result_list = list(changelist.result_list)
        chains = {unit.pk: paths.ids(unit.path) for unit in changelist.result_list}
        seen = OrgUnit.objects.visible_to(request.user).filter(pk__in={pk for chain in chains.values() for pk in chain})
        keys = set(seen.order_by().values_list("pk", flat=True))
        for unit in changelist.result_list:
            unit.indent = len(keys.intersection(chains[unit.pk])) - 1
        return changelist

    @display(description=gettext_lazy("name"), ordering="path")
    def indented_name(self, unit: OrgUnit) -> SafeString:
        return format_html(
            '<span style="display: block; padding-inline-start: {}rem">{}</span>', unit.indent * 1.25, unit.name
        )

    @display(description=gettext_lazy("people"), ordering="people")
    def people(self, unit: OrgUnit) -> int:
        return unit.people

    @action(description=gettext_lazy("Org chart"), icon="lan", url_path="open-chart")
    def open_chart(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=302, headers={"Location": reverse("admin:hr_orgunit_chart")})

    def get_custom_urls(self) -> tuple[Any, ...]:
        return chart_urls()

    # --- Form -------------------------------------------------------------------------------------------------
    def add_row(self, request: HttpRequest, obj: OrgUnit, form: forms.ModelForm) -> OrgUnit:
        values = form.cleaned_data
        unit = org_units.NewOrgUnit(
            code=values["code"],
            name=values["name"],
            parent_id=values["parent"].pk if values["parent"] else None,
            head_id=values["head"].pk if values["head"] else None,
        )
        return org_units.create_org_units([unit], actor=request.user)[0]

    def change_row(self, request: HttpRequest, obj: OrgUnit, form: forms.ModelForm) -> None:
        values, versions = {obj.pk: form.changed_values()}, self.versions(obj, form)
        org_units.change_org_units(values, versions=versions, actor=request.user)

    def delete_row(self, request: HttpRequest, obj: OrgUnit) -> None:
        org_units.delete_org_units([obj.pk], actor=request.user)

    # --- Actions ----------------------------------------------------------------------------------------------
    def has_move_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        unit = self.row_of(request, object_id) if object_id else None
        return unit is not None and can_change_unit(request.user, unit)

    @action(
        description=gettext_lazy("Move"),
        icon="drive_file_move",
        permissions=["move"],
        dialog={
            "title": gettext_lazy("Move to another place"),
            "form_submit_text": gettext_lazy("Move"),
            "form_class": MoveUnitForm,
        },
    )
    def move(self, request: HttpRequest, form: MoveUnitForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(
            request, form, object_id, "move", org_units.move_org_units, done=_("%(row)s was moved.")
        )

    @action(
        description=gettext_lazy("Name a head"),
        icon="supervisor_account",
        permissions=["move"],
        dialog={
            "title": gettext_lazy("Name a head"),
            "form_submit_text": gettext_lazy("Name a head"),
            "form_class": HeadForm,
        },
    )
    def set_head(self, request: HttpRequest, form: HeadForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(
            request, form, object_id, "set_head", _set_head, done=_("The head of %(row)s was changed.")
        )

    @action(description=gettext_lazy("Move to another place"), permissions=["change"])
    def move_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self, request, queryset, title=_("Move"), form_class=MoveUnitForm, service=org_units.move_org_units
        )

    @action(description=gettext_lazy("Delete"), permissions=["delete"])
    def delete_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self, request, queryset, title=_("Delete"), form_class=ActionForm, service=org_units.delete_org_units
        )


def _set_head(ids: Collection[int], *, head: Employee | None, actor: User) -> list[OrgUnit]:
    return org_units.set_heads(dict.fromkeys(ids, head), actor=actor)
