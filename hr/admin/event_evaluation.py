"""The evaluation after an event, on its page: a dialog that gives one, then the way to its round."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from core.admin.widgets import RowSelect
from hr.admin.bulk import run_on_many
from hr.admin.dialogs import ActionForm, RowField
from hr.admin.event_dialogs import OfOneEvent
from hr.models import EvaluationRound, Event
from hr.permissions import can_create_rounds
from hr.services.evaluation_rounds import DAYS_AFTER_EVENT, LONGEST_DAYS, evaluate_events, title_after

QUESTIONS = EvaluationRound._meta.get_field("form_version")


class EvaluateManyForm(ActionForm):
    form_version = RowField(
        EvaluationRound,
        QUESTIONS.name,
        label=gettext_lazy("Form"),
        required=False,
        help_text=gettext_lazy("Leave it empty for the questions usually asked after an event."),
    )
    days_to_answer = forms.IntegerField(
        label=gettext_lazy("Days to answer"),
        initial=DAYS_AFTER_EVENT,
        min_value=1,
        max_value=LONGEST_DAYS,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=gettext_lazy("From the day somebody gets it."),
    )

    def values(self) -> dict[str, Any]:
        values = super().values()
        version = values.pop("form_version")
        return values | {"form_version_id": version.pk if version else None}


class EvaluateForm(EvaluateManyForm, OfOneEvent):
    title = forms.CharField(label=gettext_lazy("Title"), max_length=200, widget=UnfoldAdminTextInputWidget)
    field_order = ["title", "form_version", "days_to_answer"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.event:
            self.fields["title"].initial = title_after(self.event)


class EventEvaluation(admin.ModelAdmin):
    """Mixed into the admin of events."""

    @property
    def media(self) -> forms.Media:
        """With what the search of a dialog needs: the form of a closed event has none of its own."""
        return super().media + RowSelect(QUESTIONS, self.admin_site).media

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Model | None:
        event = super().get_object(request, object_id, from_field)
        if event is not None:
            event.seen_round = _seen_round(request, event)
        return event

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        """Without the dialog once there is a round."""
        event = self.row_of(request, object_id)  # type: ignore[attr-defined]
        offered = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        given = event is not None and event.seen_round is not None
        return [step for step in offered if not (given and step.action_name.endswith("_evaluate"))]

    def has_evaluate_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return can_create_rounds(request.user)

    @display(description=gettext_lazy("evaluation"))
    def evaluation(self, event: Event) -> str:
        address = reverse(f"{self.admin_site.name}:hr_evaluationround_change", args=[event.seen_round.pk])
        return format_html(
            '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', address, event.seen_round
        )

    @action(
        description=gettext_lazy("Give an evaluation"),
        icon="rate_review",
        permissions=["evaluate"],
        dialog={
            "title": gettext_lazy("Give an evaluation after this event"),
            "description": gettext_lazy("Whoever comes gets it as soon as that is noted; who came already, at once."),
            "form_submit_text": gettext_lazy("Give an evaluation"),
            "form_class": EvaluateForm,
        },
    )
    def evaluate(self, request: HttpRequest, form: EvaluateForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(  # type: ignore[attr-defined]
            request, form, object_id, "evaluate", evaluate_events, done=_("An evaluation follows %(row)s now.")
        )

    @action(description=gettext_lazy("Give an evaluation afterwards"), permissions=["evaluate"])
    def evaluate_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self,  # type: ignore[arg-type]
            request,
            queryset,
            title=_("Give an evaluation afterwards"),
            form_class=EvaluateManyForm,
            service=evaluate_events,
        )


def _seen_round(request: HttpRequest, event: Event) -> EvaluationRound | None:
    """The round after the event, for who may open the pages of rounds."""
    rounds = EvaluationRound.objects.visible_to(request.user)
    return rounds.filter(event=event).first() if rounds.open_to(request.user, "view") else None
