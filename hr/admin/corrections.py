from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from core.admin.badges import badge, badge_column
from hr.admin.base import HrAdmin
from hr.admin.deciding import DecisionList, StateFilter
from hr.admin.dialogs import ActionForm
from hr.admin.filters import ScopedAutocompleteFilter, SubtreeFilter
from hr.admin.labels import DECISION_LABELS, OUTCOME_LABELS
from hr.corrections import tell_noted
from hr.models import AttendanceCorrection, Outcome
from hr.permissions import can_ask_corrections, can_take_rolls
from hr.services import corrections

State = AttendanceCorrection.State
# Shown once there is something to show.
LATER = ("decided_by_name", "decided_at", "answer")


class ApproveForm(ActionForm):
    answer = forms.CharField(
        label=gettext_lazy("Answer"), required=False, max_length=300, widget=UnfoldAdminTextInputWidget
    )


class RejectForm(ActionForm):
    answer = forms.CharField(
        label=gettext_lazy("Why not?"),
        max_length=300,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Who asked for it reads this."),
    )


class DecisionFilter(DropdownFilter):
    """Those that wait for the reader, and those he asked for."""

    title = gettext_lazy("decision")
    parameter_name = "decision"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Iterable[tuple[str, str]]:
        return [("mine", _("mine to decide")), ("asked", _("asked for by me"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case "mine":
                return queryset.decidable_by(request.user)
            case "asked":
                return queryset.filter(asked_by_id=request.user.pk)
        return queryset


@admin.register(AttendanceCorrection)
class CorrectionAdmin(DecisionList, HrAdmin):
    """What is asked for about attendance of closed events. They are asked for on the page of the attendance."""

    first_tab = gettext_lazy("Correction")
    seen_with_row = ("attendance",)
    list_display = ["employee", "event", "noted_label", "asked_label", "reason", "asked_by_name", "state_label"]
    list_select_related = ["attendance__employee", "attendance__event"]
    sortable_by = ()
    list_filter = [
        DecisionFilter,
        ("state", StateFilter),
        ("outcome", ChoicesDropdownFilter),
        ("attendance__event", ScopedAutocompleteFilter),
        ("attendance__employee__org_unit", SubtreeFilter),
    ]
    search_fields = ["attendance__employee__search_text"]
    search_help_text = gettext_lazy("Name, code, e-mail or national id")
    fields = [
        "attendance",
        "noted_badge",
        "asked_badge",
        "reason",
        "asked_by_name",
        "created_at",
        "state_badge",
        *LATER,
    ]
    readonly_fields = fields
    actions_detail = ["approve", "reject", "take_back"]
    actions = ["approve_many", "reject_many", "take_back_many"]
    empty_text = gettext_lazy("A correction is asked for on the page of an attendance, once its event is closed.")

    def get_fields(self, request: HttpRequest, obj: AttendanceCorrection | None = None) -> list[str]:
        return [name for name in self.fields if name not in LATER or getattr(obj, name, None) not in (None, "")]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AttendanceCorrection | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AttendanceCorrection | None = None) -> bool:
        return False

    # --- Rows -------------------------------------------------------------------------------------------------
    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> AttendanceCorrection | None:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            tell_noted([row])
        return row

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """With what was noted when each was decided, in one query a page."""
        changelist = super().get_changelist_instance(request)
        changelist.result_list = list(changelist.result_list)
        tell_noted(changelist.result_list)
        return changelist

    # --- What is shown ----------------------------------------------------------------------------------------
    @display(description=gettext_lazy("employee"))
    def employee(self, correction: AttendanceCorrection) -> str:
        return str(correction.attendance.employee)

    @display(description=gettext_lazy("event"))
    def event(self, correction: AttendanceCorrection) -> str:
        return str(correction.attendance.event)

    @badge_column(description=gettext_lazy("noted"), colours=OUTCOME_LABELS)
    def noted_label(self, correction: AttendanceCorrection) -> tuple[str, str]:
        return correction.noted, Outcome(correction.noted).label if correction.noted else ""

    @badge_column(description=gettext_lazy("asked for"), colours=OUTCOME_LABELS)
    def asked_label(self, correction: AttendanceCorrection) -> tuple[str, str]:
        return correction.outcome, correction.get_outcome_display()

    @badge_column(description=gettext_lazy("state"), colours=DECISION_LABELS)
    def state_label(self, correction: AttendanceCorrection) -> tuple[str, str]:
        return correction.state, correction.get_state_display()

    @display(description=gettext_lazy("noted"))
    def noted_badge(self, correction: AttendanceCorrection) -> str:
        noted = correction.noted
        return badge(Outcome(noted).label, OUTCOME_LABELS[noted]) if noted else "–"

    @display(description=gettext_lazy("asked for"))
    def asked_badge(self, correction: AttendanceCorrection) -> str:
        return badge(correction.get_outcome_display(), OUTCOME_LABELS[correction.outcome])

    @display(description=gettext_lazy("state"))
    def state_badge(self, correction: AttendanceCorrection) -> str:
        return badge(correction.get_state_display(), DECISION_LABELS[correction.state])

    # --- What may be done -------------------------------------------------------------------------------------
    @action(
        description=gettext_lazy("Approve"),
        icon="check",
        permissions=["decide"],
        dialog={
            "title": gettext_lazy("Approve the correction"),
            "form_submit_text": gettext_lazy("Approve"),
            "form_class": ApproveForm,
        },
    )
    def approve(self, request: HttpRequest, form: ApproveForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(
            request,
            form,
            object_id,
            "approve",
            corrections.approve_corrections,
            done=_("The correction was approved, and the attendance changed."),
        )

    @action(
        description=gettext_lazy("Reject"),
        icon="close",
        permissions=["decide"],
        dialog={
            "title": gettext_lazy("Reject the correction"),
            "form_submit_text": gettext_lazy("Reject"),
            "form_class": RejectForm,
        },
    )
    def reject(self, request: HttpRequest, form: RejectForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(
            request, form, object_id, "reject", corrections.reject_corrections, done=_("The correction was rejected.")
        )

    @action(
        description=gettext_lazy("Withdraw"),
        icon="undo",
        permissions=["take_back"],
        dialog={
            "title": gettext_lazy("Withdraw the correction"),
            "description": gettext_lazy("Nobody decides about it then. You may ask for another one."),
            "form_submit_text": gettext_lazy("Withdraw"),
            "form_class": ActionForm,
        },
    )
    def take_back(self, request: HttpRequest, form: ActionForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(
            request,
            form,
            object_id,
            "take_back",
            corrections.withdraw_corrections,
            done=_("The correction was withdrawn."),
        )

    def has_decide_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        if object_id is None:
            return can_take_rolls(request.user)
        correction = self.row_of(request, object_id)
        return correction is not None and self._is_among(request, correction, "decidable_by")

    def has_take_back_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        if object_id is None:
            return can_ask_corrections(request.user)
        correction = self.row_of(request, object_id)
        return (
            correction is not None and correction.asked_by_id == request.user.pk and correction.state == State.WAITING
        )

    # --- Many rows --------------------------------------------------------------------------------------------
    @action(description=gettext_lazy("Approve"), permissions=["decide"])
    def approve_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        how = {"title": _("Approve"), "form_class": ApproveForm, "service": corrections.approve_corrections}
        return self.decide_many(request, queryset, **how)

    @action(description=gettext_lazy("Reject"), permissions=["decide"])
    def reject_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        how = {"title": _("Reject"), "form_class": RejectForm, "service": corrections.reject_corrections}
        return self.decide_many(request, queryset, **how)

    @action(description=gettext_lazy("Withdraw"), permissions=["take_back"])
    def take_back_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return self.withdraw_many(request, queryset, service=corrections.withdraw_corrections)
