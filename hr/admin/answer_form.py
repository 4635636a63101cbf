"""The questions of an evaluation as a form, made for a thumb on a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from unfold.widgets import INPUT_CLASSES, UnfoldAdminTextareaWidget

from hr.models import Question
from hr.questions import LONGEST_TEXT, AnswerRefused, Kind, answer_field, clean_answer, options_of


class AnswerForm(forms.Form):
    """One field a question. A draft may leave questions open, what is submitted may not."""

    def __init__(
        self,
        *args: Any,
        questions: Sequence[Question],
        answers: Mapping[int, Any] | None = None,
        submitting: bool = False,
        disabled: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.questions = {answer_field(question): question for question in questions}
        for name, question in self.questions.items():
            field = _field_for(question)
            field.required = submitting and question.required
            field.disabled = disabled
            field.error_messages["required"] = _("This one needs an answer.")
            self.fields[name] = field
            if answers and question.pk in answers:
                self.initial[name] = _shown(question, answers[question.pk])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, question in self.questions.items():
            if name in cleaned:
                try:
                    cleaned[name] = clean_answer(question, _chosen(question, cleaned[name]))
                except AnswerRefused as error:
                    self.add_error(name, error.reason)
        return cleaned

    def answers(self) -> dict[int, Any]:
        """{question: answer} of what could be read, of a form with errors too."""
        return {
            question.pk: self.cleaned_data[name]
            for name, question in self.questions.items()
            if name in self.cleaned_data
        }

    def rows(self) -> list[tuple[Question, forms.BoundField]]:
        return [(question, self[name]) for name, question in self.questions.items()]

    def faults(self) -> list[tuple[Question, forms.BoundField]]:
        """The questions with an error, for the top of the page."""
        return [(question, field) for question, field in self.rows() if field.errors]


def _field_for(question: Question) -> forms.Field:
    # As text, which is what a browser sends; the places of choices and true and false alike.
    options = [(str(option), text) for option, text in options_of(question)]
    match question.kind:
        case Kind.SEVERAL:
            return forms.MultipleChoiceField(choices=options, widget=forms.CheckboxSelectMultiple)
        case Kind.TEXT:
            return forms.CharField(max_length=LONGEST_TEXT, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}))
        case Kind.NUMBER:
            number = forms.TextInput(attrs={"inputmode": "decimal", "class": " ".join(INPUT_CLASSES)})
            return forms.CharField(max_length=30, widget=number)
    return forms.ChoiceField(choices=options, widget=forms.RadioSelect)


def _chosen(question: Question, sent: Any) -> Any:
    """What was sent, as the answers it stands for."""
    answers = {str(option): option for option, _text in options_of(question)}
    if not answers:
        return sent
    return [answers[each] for each in sent] if isinstance(sent, list) else answers.get(sent)


def _shown(question: Question, answer: Any) -> Any:
    """As it is typed; of choices the values of their options."""
    if question.kind == Kind.NUMBER:
        return number_format(answer)
    return [str(each) for each in answer] if isinstance(answer, list) else str(answer)
