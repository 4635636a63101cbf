"""A manager tells HR that somebody is not one of his people, or is missing. EmployeeAdmin takes the mixin in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from hr.admin.bulk import run_on_many
from hr.admin.dialogs import ActionForm
from hr.permissions import can_disown, can_report_people
from hr.services.change_requests import LONGEST_REASON, disown_employees

WRONG = [("org_unit", gettext_lazy("The unit")), ("reports_to", gettext_lazy("The boss"))]


class NotMineForm(ActionForm):
    field = forms.ChoiceField(label=gettext_lazy("What is wrong?"), choices=WRONG, widget=UnfoldAdminSelectWidget)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("HR reads this: where the person belongs, as far as you know, and since when."),
    )


class ReportActions(admin.ModelAdmin):
    """Adds `not_mine`, `not_mine_many` and `open_missing` to the pages of employees."""

    def has_report_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        user: Any = request.user
        if object_id is None:
            return can_report_people(user)
        employee = self.row_of(request, object_id)
        return employee is not None and can_disown(user, employee)

    @action(
        description=gettext_lazy("Not one of my people"),
        icon="person_remove",
        permissions=["report"],
        dialog={
            "title": gettext_lazy("Not one of my people"),
            "description": gettext_lazy("HR is told, and decides. Nothing changes until then."),
            "form_class": NotMineForm,
        },
    )
    def not_mine(self, request: HttpRequest, form: NotMineForm, object_id: str) -> HttpResponse:
        done = _("HR was told. You will be told what was decided.")
        return self.run_in_dialog(request, form, object_id, "not_mine", disown_employees, done=done)

    @action(description=gettext_lazy("Not my people"), permissions=["report"])
    def not_mine_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self,
            request,
            queryset,
            title=_("Tell HR that they are not my people"),
            form_class=NotMineForm,
            service=disown_employees,
        )

    @action(
        description=gettext_lazy("Somebody is missing"),
        icon="person_search",
        url_path="open-missing",
        permissions=["report"],
    )
    def open_missing(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=302, headers={"Location": reverse("admin:hr_changerequest_missing_people")})
