from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from core.admin.badges import badge, badge_column
from hr.admin.base import HrAdmin
from hr.admin.bulk import run_on_many
from hr.admin.check_in import check_in_view, screen_view
from hr.admin.counted import CountedFilter, MyEnrolmentFilter
from hr.admin.dialogs import ActionForm
from hr.admin.filters import DayOfEventFilter, ScopedAutocompleteFilter, SubtreeFilter
from hr.admin.labels import OUTCOME_LABELS, STATUS_LABELS
from hr.admin.my_attendance import my_attendance_view
from hr.admin.my_events import confirm_view, give_up_view
from hr.admin.report import report_file_view, report_view
from hr.admin.roll_call import roll_call_view, walk_ins_view
from hr.admin.sign_in_sheet import sign_in_sheet_view
from hr.admin.spreadsheets import SpreadsheetAdmin
from hr.models import Attendance, AttendanceCorrection, Event, Outcome, SessionMark
from hr.models.attendance import CAME
from hr.permissions import can_ask_corrections, can_cancel, can_correct_at_once, can_enrol, can_take_rolls, is_self
from hr.services import corrections, enrolment, marks

NOTED = [choice for choice in Outcome.choices if choice[0] != Outcome.PENDING]
# Shown once there is something to show.
LATER = ("marked_at", "marked_by_name", "marked_from", "cancelled_from", "cancel_reason")


class MarkForm(ActionForm):
    outcome = forms.ChoiceField(label=gettext_lazy("Outcome"), choices=Outcome.choices, widget=UnfoldAdminSelectWidget)


class CorrectionForm(ActionForm):
    outcome = forms.ChoiceField(label=gettext_lazy("Outcome"), choices=NOTED, widget=UnfoldAdminSelectWidget)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Who decides about it reads this, and it is kept."),
    )


class CancelForm(ActionForm):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Kept with the enrolment."),
    )


def mark_as(ids: Collection[int], *, outcome: str, actor: Any) -> list[Attendance]:
    return marks.mark_attendance(dict.fromkeys(ids, outcome), actor=actor)


def ask_for(ids: Collection[int], *, outcome: str, reason: str, actor: Any) -> list[AttendanceCorrection]:
    return corrections.ask_corrections(dict.fromkeys(ids, outcome), reason=reason, actor=actor)


def correct_to(ids: Collection[int], *, outcome: str, reason: str, actor: Any) -> list[Attendance]:
    return corrections.correct_at_once(dict.fromkeys(ids, outcome), reason=reason, actor=actor)


class OutcomeFilter(ChoicesDropdownFilter):
    """What became of people with a seat, as all figures count it."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return super().queryset(request, queryset).seated() if self.value() else queryset


@admin.register(Attendance)
class AttendanceAdmin(SpreadsheetAdmin, HrAdmin):
    """Everybody's own, and those of the people one answers for: a million rows. What changes one is an action."""

    first_tab = gettext_lazy("Attendance")
    # Whoever sees that somebody attends something knows who it is and what.
    seen_with_row = ("employee", "event")
    list_display = ["employee", "event", "outcome_label", "status_label", "unit", "marked"]
    list_select_related = ["employee__org_unit", "event"]
    # Sorting a million rows takes longer than filtering them.
    sortable_by = ()
    narrowing_filters = ("event",)
    list_filter = [
        ("event", ScopedAutocompleteFilter),
        ("status", ChoicesDropdownFilter),
        ("outcome", OutcomeFilter),
        ("employee__org_unit", SubtreeFilter),
        ("event__starts_at", DayOfEventFilter),
        ("event__kind", ScopedAutocompleteFilter),
        CountedFilter,
        MyEnrolmentFilter,
    ]
    search_fields = ["employee__search_text"]
    search_help_text = gettext_lazy("Name, code, e-mail or national id")
    fields = ["employee", "unit", "event", "status_badge", "place", "enrolled", "outcome_badge", *LATER]
    readonly_fields = fields
    change_form_after_template = "hr/admin/attendance/parts.html"
    actions_detail = ["mark", "ask_correction", "correct", "cancel"]
    actions = ["mark_many", "ask_correction_many", "correct_many", "cancel_many"]
    empty_text = gettext_lazy("People are enrolled when an event is published, or from the list of employees.")

    # --- Pages about the roll of an event ---------------------------------------------------------------------
    def get_urls(self) -> list[URLPattern]:
        pages = [
            ("roll-call/<int:event_id>/", roll_call_view, "roll_call"),
            ("roll-call/<int:event_id>/walk-ins/", walk_ins_view, "walk_ins"),
            ("sign-in-sheet/<int:event_id>/", sign_in_sheet_view, "sign_in_sheet"),
            ("screen/<int:event_id>/", screen_view, "screen"),
            ("check-in/", check_in_view, "check_in"),
            ("mine/", my_attendance_view, "mine"),
            ("<int:attendance_id>/confirm/", confirm_view, "confirm_own"),
            ("<int:attendance_id>/give-up/", give_up_view, "give_up"),
            ("report/", report_view, "report"),
            ("report/xlsx/", report_file_view, "report_file"),
        ]
        own = {"model_admin": self}
        return [
            path(route, self.admin_site.admin_view(view), own, name=self._page(name)) for route, view, name in pages
        ] + super().get_urls()

    # --- One row ----------------------------------------------------------------------------------------------
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.row_of(request, object_id) if object_id else None
        parts: dict[str, Any] = {}
        if row is not None:
            noted = SessionMark.objects.visible_to(request.user).filter(attendance=row).select_related("session")
            asked = AttendanceCorrection.objects.visible_to(request.user).filter(attendance=row)
            parts = {
                "session_marks": [(mark, OUTCOME_LABELS[mark.outcome]) for mark in noted.order_by("session__number")],
                "corrections": asked,
            }
        return super().changeform_view(request, object_id, form_url, parts | (extra_context or {}))

    def get_fields(self, request: HttpRequest, obj: Attendance | None = None) -> list[str]:
        waits = obj is not None and obj.status == Attendance.Status.WAITLISTED
        fields = [name for name in self.fields if waits or name != "place"]
        return [name for name in fields if name not in LATER or getattr(obj, name, None) not in (None, "")]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # by enrolment

    def has_change_permission(self, request: HttpRequest, obj: Attendance | None = None) -> bool:
        return False  # by actions

    def has_delete_permission(self, request: HttpRequest, obj: Attendance | None = None) -> bool:
        return False  # enrolments are cancelled

    @display(description=gettext_lazy("unit"))
    def unit(self, row: Attendance) -> str:
        return row.employee.org_unit.name

    @badge_column(description=gettext_lazy("status"), colours=STATUS_LABELS)
    def status_label(self, row: Attendance) -> tuple[str, str]:
        return row.status, row.get_status_display()

    @badge_column(description=gettext_lazy("outcome"), colours=OUTCOME_LABELS)
    def outcome_label(self, row: Attendance) -> tuple[str, str]:
        """Of who has no seat none: what was noted before counts nowhere. The page of the row tells it."""
        return row.outcome, row.get_outcome_display() if row.status in Attendance.SEATED else ""

    @display(description=gettext_lazy("marked at"))
    def marked(self, row: Attendance) -> str:
        return date_format(localtime(row.marked_at), "SHORT_DATETIME_FORMAT") if row.marked_at else ""

    @display(description=gettext_lazy("enrolled at"))
    def enrolled(self, row: Attendance) -> str:
        return date_format(localtime(row.enrolled_at), "SHORT_DATETIME_FORMAT")

    @display(description=gettext_lazy("place in the wait-list"))
    def place(self, row: Attendance) -> int | None:
        return row.place()

    @display(description=gettext_lazy("status"))
    def status_badge(self, row: Attendance) -> str:
        return badge(row.get_status_display(), STATUS_LABELS[row.status])

    @display(description=gettext_lazy("outcome"))
    def outcome_badge(self, row: Attendance) -> str:
        return badge(row.get_outcome_display(), OUTCOME_LABELS[row.outcome])

    # --- What may be done -------------------------------------------------------------------------------------
    @action(
        description=gettext_lazy("Mark"),
        icon="how_to_reg",
        permissions=["mark"],
        dialog={
            "title": gettext_lazy("Mark attendance"),
            "form_submit_text": gettext_lazy("Mark"),
            "form_class": MarkForm,
        },
    )
    def mark(self, request: HttpRequest, form: MarkForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(request, form, object_id, "mark", mark_as, done=_("Marked: %(row)s."))

    @action(
        description=gettext_lazy("Ask for a correction"),
        icon="edit_note",
        permissions=["ask_correction"],
        dialog={
            "title": gettext_lazy("Ask for a correction"),
            "description": gettext_lazy("The event is closed, so somebody else decides about it."),
            "form_submit_text": gettext_lazy("Ask for a correction"),
            "form_class": CorrectionForm,
        },
    )
    def ask_correction(self, request: HttpRequest, form: CorrectionForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(
            request,
            form,
            object_id,
            "ask_correction",
            ask_for,
            done=_("The correction was asked for. You will be told what was decided."),
        )

    @action(
        description=gettext_lazy("Correct"),
        icon="edit",
        permissions=["correct"],
        dialog={
            "title": gettext_lazy("Correct attendance"),
            "description": gettext_lazy("The event is closed. The correction holds at once."),
            "form_submit_text": gettext_lazy("Correct"),
            "form_class": CorrectionForm,
        },
    )
    def correct(self, request: HttpRequest, form: CorrectionForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(request, form, object_id, "correct", correct_to, done=_("Corrected: %(row)s."))

    @action(
        description=gettext_lazy("Cancel the enrolment"),
        icon="person_remove",
        permissions=["cancel"],
        dialog={
            "title": gettext_lazy("Cancel the enrolment"),
            "description": gettext_lazy("The seat goes to whoever waits for one. The person is told."),
            "form_submit_text": gettext_lazy("Yes, cancel the enrolment"),
            "form_class": CancelForm,
        },
    )
    def cancel(self, request: HttpRequest, form: CancelForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(
            request,
            form,
            object_id,
            "cancel",
            enrolment.cancel_attendance,
            done=_("The enrolment was cancelled: %(row)s."),
        )

    def has_mark_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        if object_id is None:
            return can_take_rolls(request.user)
        row = self._seated(request, object_id, Event.MARKING)
        return row is not None and self._is_among(request, row, "markable_by")

    def has_ask_correction_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        if object_id is None:
            return can_ask_corrections(request.user)
        row = self._seated(request, object_id, {Event.State.CLOSED})
        return row is not None and (is_self(request.user, row.employee) or self._is_among(request, row, "markable_by"))

    def has_correct_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        if object_id is None or not can_correct_at_once(request.user):
            return can_correct_at_once(request.user)
        row = self._seated(request, object_id, {Event.State.CLOSED})
        return row is not None and not is_self(request.user, row.employee)

    def has_cancel_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        if object_id is None:
            return can_enrol(request.user)
        row = self.row_of(request, object_id)
        return (
            row is not None
            and row.status != Attendance.Status.CANCELLED
            and row.event.state in Event.MARKING
            and row.outcome not in CAME
            and can_cancel(request.user, row)
        )

    def _seated(self, request: HttpRequest, object_id: Any, states: Collection[str]) -> Attendance | None:
        """The row, if it is of somebody with a seat in an event that is in one of the states."""
        row = self.row_of(request, object_id)
        return row if row is not None and row.status in Attendance.SEATED and row.event.state in states else None

    # --- Many rows --------------------------------------------------------------------------------------------
    @action(description=gettext_lazy("Mark"), permissions=["mark"])
    def mark_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(self, request, queryset, title=_("Mark"), form_class=MarkForm, service=mark_as)

    @action(description=gettext_lazy("Ask for a correction"), permissions=["ask_correction"])
    def ask_correction_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self, request, queryset, title=_("Ask for a correction"), form_class=CorrectionForm, service=ask_for
        )

    @action(description=gettext_lazy("Correct"), permissions=["correct"])
    def correct_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(self, request, queryset, title=_("Correct"), form_class=CorrectionForm, service=correct_to)

    @action(description=gettext_lazy("Cancel the enrolment"), permissions=["cancel"])
    def cancel_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self,
            request,
            queryset,
            title=_("Cancel the enrolment"),
            form_class=CancelForm,
            service=enrolment.cancel_attendance,
        )
