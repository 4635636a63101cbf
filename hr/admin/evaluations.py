from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from core.admin.badges import badge, badge_column
from hr.admin.answering import answer_view, is_open, told_answers
from hr.admin.base import HrAdmin
from hr.admin.bulk import run_on_many
from hr.admin.counted import TurnFilter
from hr.admin.dialogs import ActionForm, DayInput
from hr.admin.filters import DayRangeFilter, ScopedAutocompleteFilter, SubtreeFilter
from hr.admin.grading import DAYS_TO_IMPROVE, grade_view, queue_view
from hr.admin.labels import EVALUATION_LABELS
from hr.admin.my_evaluations import my_evaluations_view
from hr.models import Evaluation
from hr.permissions import can_answer, can_grade, can_grade_anybody, can_manage_evaluation
from hr.rights import VIEW_EVALUATION
from hr.scope import answers_for_others, has_role_right
from hr.services.answers import questions_of
from hr.services.evaluations import cancel_evaluations, extend_evaluations
from hr.services.grading import (
    LONGEST_COMMENT,
    accept_scores,
    earlier_grades,
    reopen_evaluations,
    return_evaluations,
)

State = Evaluation.State
# Others read the answers once they were submitted, and until they are written anew.
TOLD = (State.SUBMITTED, State.RETURNED, State.GRADED)


# Shown once there is something to show.
LATER = ("submitted_at", "score", "grade", "feedback", "graded_by_name", "graded_at", "return_comment")


class WhyForm(ActionForm):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Kept in the history."),
    )


class SendBackForm(ActionForm):
    comment = forms.CharField(
        label=gettext_lazy("What is to be done better?"), max_length=LONGEST_COMMENT, widget=UnfoldAdminTextInputWidget
    )
    due_on = forms.DateField(
        label=gettext_lazy("Until"),
        widget=DayInput,
        initial=lambda: timezone.localdate() + timedelta(days=DAYS_TO_IMPROVE),
    )


class ExtendForm(ActionForm):
    due_on = forms.DateField(
        label=gettext_lazy("Until"),
        widget=DayInput,
        initial=lambda: timezone.localdate() + timedelta(days=DAYS_TO_IMPROVE),
    )


@admin.register(Evaluation)
class EvaluationAdmin(HrAdmin):
    """Everybody's own, and those of the people one answers for. Every step is an action or a page of its own."""

    first_tab = gettext_lazy("Evaluation")
    # Whoever sees an evaluation sees of which round it is.
    seen_with_row = ("round",)
    narrowing_filters = ("round",)
    list_display = ["employee", "round", "state_label", "due_on", "score", "grade"]
    list_select_related = ["employee", "round"]
    list_filter = [
        TurnFilter,
        ("state", ChoicesDropdownFilter),
        ("round", ScopedAutocompleteFilter),
        ("employee__org_unit", SubtreeFilter),
        ("due_on", DayRangeFilter),
    ]
    search_fields = ["employee__search_text"]
    search_help_text = gettext_lazy("Name, code, e-mail or national id")
    fields = ["employee", "round", "state_badge", "due_on", *LATER]
    readonly_fields = fields
    change_form_after_template = "hr/admin/evaluations/answers.html"
    actions_detail = ["open_grading", "send_back", "reopen_grading", "extend", "withdraw"]
    actions = ["accept_scores", "send_back_many", "reopen_many", "extend_many", "withdraw_many"]
    empty_text = gettext_lazy("An evaluation comes with a round: after an event, or given to people by HR.")

    def get_urls(self) -> list[URLPattern]:
        pages = [
            ("mine/", my_evaluations_view, "mine"),
            ("queue/", queue_view, "queue"),
            ("<path:object_id>/answer/", answer_view, "answer"),
            ("<path:object_id>/grade/", grade_view, "grade"),
        ]
        own = {"model_admin": self}
        return [
            path(route, self.admin_site.admin_view(view), own, name=self._page(name)) for route, view, name in pages
        ] + super().get_urls()

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        evaluation = self.get_object(request, unquote(object_id)) if object_id else None
        if evaluation is not None and can_answer(request.user, evaluation) and is_open(evaluation):
            # Its own employee comes to answer it.
            return HttpResponseRedirect(reverse("admin:hr_evaluation_answer", args=[evaluation.pk]))
        shown: dict[str, Any] = {}
        if evaluation is not None:
            # A draft is nobody's but its author's.
            is_told = evaluation.state in TOLD or can_answer(request.user, evaluation)
            answers = told_answers(evaluation) if is_told else [(question, "") for question in questions_of(evaluation)]
            shown = {"answers": answers, "are_untold": not is_told, "earlier": earlier_grades(evaluation)}
        return super().changeform_view(request, object_id, form_url, shown | (extra_context or {}))

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """Of who sees none but his own, the round is what tells them apart."""
        return self.list_display if answers_for_others(request.user, VIEW_EVALUATION) else self.list_display[1:]

    def get_fields(self, request: HttpRequest, obj: Evaluation | None = None) -> list[str]:
        return [name for name in self.fields if name not in LATER or getattr(obj, name, None) not in (None, "")]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # with its round, or with the outcome of an event

    def has_change_permission(self, request: HttpRequest, obj: Evaluation | None = None) -> bool:
        return False  # step by step, by actions

    def has_delete_permission(self, request: HttpRequest, obj: Evaluation | None = None) -> bool:
        return False

    @badge_column(description=gettext_lazy("state"), colours=EVALUATION_LABELS, ordering="state")
    def state_label(self, evaluation: Evaluation) -> tuple[str, str]:
        return evaluation.state, evaluation.get_state_display()

    @display(description=gettext_lazy("state"))
    def state_badge(self, evaluation: Evaluation) -> str:
        return badge(evaluation.get_state_display(), EVALUATION_LABELS[evaluation.state])

    # --- One ---------------------------------------------------------------------------------------------------
    @action(description=pgettext_lazy("to do", "Grade"), icon="grading", permissions=["open_grading"])
    def open_grading(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:hr_evaluation_grade", args=[object_id]))

    @action(
        description=gettext_lazy("Return"),
        icon="undo",
        permissions=["send_back"],
        dialog={
            "title": gettext_lazy("Return the answers"),
            "description": gettext_lazy("The person answers again and submits once more."),
            "form_submit_text": gettext_lazy("Return"),
            "form_class": SendBackForm,
        },
    )
    def send_back(self, request: HttpRequest, form: SendBackForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(
            request, form, object_id, "send_back", return_evaluations, done=_("The answers were returned: %(row)s.")
        )

    @action(
        description=gettext_lazy("Reopen"),
        icon="lock_open",
        permissions=["reopen_grading"],
        dialog={
            "title": gettext_lazy("Reopen the grading"),
            "description": gettext_lazy("It waits for a grade again. The old grade stays in the history."),
            "form_submit_text": gettext_lazy("Reopen"),
            "form_class": WhyForm,
        },
    )
    def reopen_grading(self, request: HttpRequest, form: WhyForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(
            request,
            form,
            object_id,
            "reopen_grading",
            reopen_evaluations,
            done=_("It waits for a grade again: %(row)s."),
        )

    @action(
        description=gettext_lazy("Give more time"),
        icon="more_time",
        permissions=["extend"],
        dialog={
            "title": gettext_lazy("Give more time"),
            "description": gettext_lazy("The person can answer after all, and is told so."),
            "form_submit_text": gettext_lazy("Give more time"),
            "form_class": ExtendForm,
        },
    )
    def extend(self, request: HttpRequest, form: ExtendForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(
            request, form, object_id, "extend", extend_evaluations, done=_("There is more time to answer: %(row)s.")
        )

    @action(
        description=gettext_lazy("Cancel"),
        icon="cancel",
        permissions=["withdraw"],
        dialog={
            "title": gettext_lazy("Cancel the evaluation"),
            "description": gettext_lazy("For good: the person cannot answer it any more."),
            "form_submit_text": gettext_lazy("Yes, cancel the evaluation"),
            "form_class": WhyForm,
        },
    )
    def withdraw(self, request: HttpRequest, form: WhyForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(
            request, form, object_id, "withdraw", cancel_evaluations, done=_("The evaluation was cancelled: %(row)s.")
        )

    def has_open_grading_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._may(request, object_id, can_grade, {State.SUBMITTED})

    has_send_back_permission = has_open_grading_permission

    def has_reopen_grading_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._may(request, object_id, can_manage_evaluation, {State.GRADED})

    def has_extend_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._may(request, object_id, can_manage_evaluation, {State.EXPIRED})

    def has_withdraw_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._may(request, object_id, can_manage_evaluation, Evaluation.UNANSWERED)

    def _may(self, request: HttpRequest, object_id: Any, rule: Any, states: Any) -> bool:
        """Whether the rule lets the user do it to this evaluation, which is in one of the states."""
        if object_id is None:
            return self.has_view_permission(request)
        evaluation = self.row_of(request, object_id)
        return evaluation is not None and evaluation.state in states and rule(request.user, evaluation)

    # --- Many --------------------------------------------------------------------------------------------------
    @action(description=gettext_lazy("Take the score as the grade"), permissions=["grade"])
    def accept_scores(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self, request, queryset, title=_("Grade with the score"), form_class=ActionForm, service=accept_scores
        )

    @action(description=gettext_lazy("Return"), permissions=["grade"])
    def send_back_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self, request, queryset, title=_("Return"), form_class=SendBackForm, service=return_evaluations
        )

    @action(description=gettext_lazy("Reopen"), permissions=["manage"])
    def reopen_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(self, request, queryset, title=_("Reopen"), form_class=WhyForm, service=reopen_evaluations)

    @action(description=gettext_lazy("Give more time"), permissions=["manage"])
    def extend_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self, request, queryset, title=_("Give more time"), form_class=ExtendForm, service=extend_evaluations
        )

    @action(description=gettext_lazy("Cancel"), permissions=["manage"])
    def withdraw_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(self, request, queryset, title=_("Cancel"), form_class=WhyForm, service=cancel_evaluations)

    def has_grade_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return can_grade_anybody(request.user)

    def has_manage_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return has_role_right(request.user, "hr.change_evaluation")
