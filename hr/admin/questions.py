"""Questions of a form as HR writes them: choices one a line, with their points; nothing of how they are stored."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from core.admin.base import ScopedStackedInline
from core.errors import DomainError
from hr.models import FormVersion, Question
from hr.questions import NO, YES, Choices, can_score, choices_from, typed_choices
from hr.services.evaluation_forms import MOST_QUESTIONS, QuestionDraft, weightless

CHOICES = ("lines", "lowest", "highest", "best")


class QuestionForm(forms.ModelForm):
    """One question. What belongs to other kinds than the one chosen is left out of account."""

    number = forms.IntegerField(
        label=gettext_lazy("Order"), required=False, min_value=0, widget=UnfoldAdminIntegerFieldWidget
    )
    text = forms.CharField(label=gettext_lazy("Question"), max_length=300, widget=UnfoldAdminTextInputWidget)
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind of answer"), choices=Question.Kind.choices, widget=UnfoldAdminSelectWidget
    )
    required = forms.BooleanField(
        label=gettext_lazy("Must be answered"), required=False, initial=True, widget=UnfoldBooleanWidget
    )
    weight = forms.IntegerField(
        label=gettext_lazy("Weight"),
        required=False,
        min_value=0,
        max_value=1000,
        initial=0,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=gettext_lazy("How much it counts for the score; 0 for not at all."),
    )
    lines = forms.CharField(
        label=gettext_lazy("Choices"),
        required=False,
        max_length=8000,
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 4, "placeholder": gettext_lazy("Very good = 100\nFair = 50\nPoor = 0")}
        ),
        help_text=gettext_lazy("One a line: «text = points», from 0 to 100. Without points they do not count."),
    )
    lowest = forms.DecimalField(label=gettext_lazy("From"), required=False, widget=UnfoldAdminDecimalFieldWidget)
    highest = forms.DecimalField(label=gettext_lazy("To"), required=False, widget=UnfoldAdminDecimalFieldWidget)
    best = forms.ChoiceField(
        label=gettext_lazy("Worth 100 points"),
        choices=[(YES, gettext_lazy("Yes")), (NO, gettext_lazy("No"))],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = Question
        fields = ["number", "text", "kind", "required", "weight"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            typed = typed_choices(self.instance)
            self.initial |= {name: getattr(typed, name) for name in CHOICES}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["choices"] = {}
        if "kind" in cleaned and not self.errors.keys() & set(CHOICES):
            typed = Choices(**{name: cleaned[name] for name in CHOICES})
            try:
                cleaned["choices"] = choices_from(cleaned["kind"], typed)
            except DomainError as error:
                self.add_error(error.field, error.message)
            else:
                self._check_weight(cleaned)
        return cleaned

    def _check_weight(self, cleaned: dict[str, Any]) -> None:
        if cleaned.get("weight") and not can_score(cleaned["kind"], cleaned["choices"]):
            self.add_error("weight", weightless(cleaned["kind"]))

    def validate_unique(self) -> None:
        """Places are given anew by their order."""

    def draft(self) -> QuestionDraft:
        cleaned = self.cleaned_data
        return QuestionDraft(
            id=self.instance.pk,
            text=cleaned["text"],
            kind=cleaned["kind"],
            choices=cleaned["choices"],
            required=cleaned["required"],
            weight=cleaned["weight"] or 0,
        )


class QuestionFormSet(forms.BaseInlineFormSet):
    def validate_unique(self) -> None:
        """Places are given anew by their order."""

    def drafts(self) -> list[QuestionDraft]:
        """What is to remain, in order; what has no number comes last, as it stands on the page."""
        written = [form for form in self.forms if form.has_changed() or form.instance.pk]
        kept = [form for form in written if form not in self.deleted_forms]
        last = max((form.cleaned_data["number"] or 0 for form in kept), default=0) + 1
        kept.sort(key=lambda form: last if form.cleaned_data["number"] is None else form.cleaned_data["number"])
        return [form.draft() for form in kept]


class QuestionInline(ScopedStackedInline):
    model = Question
    fk_name = "version_of"
    form = QuestionForm
    formset = QuestionFormSet
    fields = ["number", "text", ("kind", "required", "weight"), "lines", ("lowest", "highest"), "best"]
    ordering = ["number"]
    ordering_field = "number"
    max_num = MOST_QUESTIONS
    verbose_name_plural = gettext_lazy("Questions")

    class Media:
        js = ["backoffice/questions.js"]

    def get_extra(self, request: HttpRequest, obj: Model | None = None, **kwargs: Any) -> int:
        return 0 if obj is not None and obj.questions.exists() else 1

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True  # whoever opens the page of the version

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True  # the page offers the inline only of a draft that the user may write

    has_change_permission = has_delete_permission = has_add_permission


def problems_of(version: FormVersion) -> list[str]:
    """What to look at before publishing."""
    questions = list(version.questions.order_by("number"))
    weightless = [question for question in questions if can_score(question.kind, question.choices)]
    if weightless and not any(question.weight for question in questions):
        return [_("No question has a weight: these evaluations will have no score.")]
    return []
