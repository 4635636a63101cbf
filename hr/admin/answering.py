"""The page on which an employee answers his own evaluation, and afterwards reads what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core import kept_forms
from hr.admin.answer_form import AnswerForm
from hr.admin.labels import EVALUATION_LABELS
from hr.models import Evaluation
from hr.permissions import can_answer
from hr.questions import answer_text
from hr.services.answers import answers_of, questions_of, save_answers, submit_evaluations

if TYPE_CHECKING:
    from hr.admin.evaluations import EvaluationAdmin


def answer_view(request: HttpRequest, object_id: str, model_admin: EvaluationAdmin) -> HttpResponse:
    evaluation = model_admin.get_object(request, unquote(object_id))
    if evaluation is None:
        raise Http404
    if not can_answer(request.user, evaluation):
        raise PermissionDenied
    form, status = None, 200
    if is_open(evaluation):
        form = _form(request, evaluation)
        if request.method == "POST":
            if done := _write(request, evaluation, form, model_admin):
                return done
            status = 400
    elif request.method == "POST":
        messages.error(request, _("This evaluation is %(state)s.") % {"state": evaluation.get_state_display()})
    context = {
        **model_admin.admin_site.each_context(request),
        "title": str(evaluation.round),
        "opts": model_admin.opts,
        "evaluation": evaluation,
        "state_type": EVALUATION_LABELS[evaluation.state],
        "form": form,
        "answers": told_answers(evaluation),
        "list_page": reverse("admin:hr_evaluation_mine"),
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "hr/admin/evaluations/answer.html", context, status=status)


def is_open(evaluation: Evaluation) -> bool:
    """Whether it can be answered today; the clock may not have closed yet what was due yesterday."""
    late = evaluation.due_on is not None and evaluation.due_on < timezone.localdate()
    return evaluation.state in Evaluation.ANSWERABLE and not late


def told_answers(evaluation: Evaluation) -> list[tuple[Any, str]]:
    """(question, answer in words) in order."""
    answers = answers_of(evaluation)
    return [(question, answer_text(question, answers.get(question.pk))) for question in questions_of(evaluation)]


def _form(request: HttpRequest, evaluation: Evaluation) -> AnswerForm:
    form_class: Any = kept_forms.refilled(request, AnswerForm)
    return form_class(
        request.POST if request.method == "POST" else None,
        questions=questions_of(evaluation),
        answers=answers_of(evaluation),
        submitting="_submit" in request.POST,
    )


def _write(
    request: HttpRequest, evaluation: Evaluation, form: AnswerForm, model_admin: EvaluationAdmin
) -> HttpResponse | None:
    """Keep or submit what was typed; None if the page is to be shown again with what is wrong."""
    valid, actor = form.is_valid(), request.user
    with model_admin.domain_errors_on(form):
        if valid and "_submit" in request.POST:
            submit_evaluations({evaluation.pk: form.answers()}, actor=actor, source="self-service")
            messages.success(request, _("Thank you. Your answers were submitted."))
            return HttpResponseRedirect(request.path)
        # What can be read is kept, whatever else is wrong: nothing typed is lost.
        save_answers({evaluation.pk: form.answers()}, actor=actor, source="self-service")
        if valid:
            messages.success(request, _("Your draft was saved. It is not submitted yet."))
            return HttpResponseRedirect(request.path)
    return None
