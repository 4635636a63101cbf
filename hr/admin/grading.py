"""One evaluation after the other: read the answers, grade or return, go on to the next. Made for the keyboard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from core import kept_forms
from core.admin.rows import keys_among
from hr.admin.answering import told_answers
from hr.admin.dialogs import DayInput
from hr.models import Evaluation, EvaluationRound
from hr.permissions import can_grade, can_grade_anybody
from hr.services.grading import (
    LONGEST_COMMENT,
    LONGEST_FEEDBACK,
    EarlierGrade,
    Grading,
    earlier_grades,
    grade_evaluations,
    return_evaluations,
)

if TYPE_CHECKING:
    from hr.admin.evaluations import EvaluationAdmin

MOST_COUNTED = 1000
DAYS_TO_IMPROVE = 7


class GradeForm(forms.Form):
    """The grade begins with the one these answers had before it was reopened, else with the score."""

    grade = forms.DecimalField(
        label=gettext_lazy("Grade"),
        min_value=Decimal(0),
        max_value=Decimal(100),
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "0.01", "inputmode": "decimal", "autofocus": True}),
        help_text=gettext_lazy("From 0 to 100 points."),
    )
    feedback = forms.CharField(
        label=gettext_lazy("Feedback"),
        required=False,
        max_length=LONGEST_FEEDBACK,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
        help_text=gettext_lazy("The person reads it."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)


class ReturnFields(forms.Form):
    comment = forms.CharField(
        label=gettext_lazy("What is to be done better?"),
        max_length=LONGEST_COMMENT,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("The person reads it."),
    )
    due_on = forms.DateField(label=gettext_lazy("Until"), widget=DayInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["due_on"].initial = timezone.localdate() + timedelta(days=DAYS_TO_IMPROVE)


def queue_view(request: HttpRequest, model_admin: EvaluationAdmin) -> HttpResponse:
    """Leads to what waits longest, or says that nothing does, and of one round that something else may."""
    if not may_grade(request):
        raise PermissionDenied
    first = _queue(request).first()
    if first is not None:
        return HttpResponseRedirect(_grade_page(request, first))
    asks_of_one = _asked_round(request) is not None
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("To grade"),
        "of_one_round": asks_of_one,
        "others": _waiting(request.user)[:MOST_COUNTED].count() if asks_of_one else 0,
        "most_counted": MOST_COUNTED,
        "queue": reverse("admin:hr_evaluation_queue"),
        "opts": model_admin.opts,
        "list_page": reverse("admin:hr_evaluation_changelist"),
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "hr/admin/evaluations/nothing_to_grade.html", context)


def grade_view(request: HttpRequest, object_id: str, model_admin: EvaluationAdmin) -> HttpResponse:
    evaluation = model_admin.get_object(request, unquote(object_id))
    if evaluation is None:
        raise Http404
    if not can_grade(request.user, evaluation):
        raise PermissionDenied
    if evaluation.state != Evaluation.State.SUBMITTED:
        text = _("%(evaluation)s is %(state)s.")
        messages.info(request, text % {"evaluation": evaluation, "state": evaluation.get_state_display()})
        return HttpResponseRedirect(reverse("admin:hr_evaluation_change", args=[evaluation.pk]))
    returning = "_return" in request.POST
    earlier = earlier_grades(evaluation)
    form, return_form = _forms(request, evaluation, _suggested(evaluation, earlier), returning)
    if request.method == "POST" and _write(request, evaluation, return_form if returning else form, model_admin):
        return _next_page(request, evaluation)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": str(evaluation.employee),
        "opts": model_admin.opts,
        "original": evaluation,
        "evaluation": evaluation,
        "answers": told_answers(evaluation),
        "earlier": earlier,
        "form": form,
        "return_form": return_form,
        "waiting": _queue(request)[:MOST_COUNTED].count(),
        "most_counted": MOST_COUNTED,
        "skip": _skip_page(request, evaluation),
    }
    request.current_app = model_admin.admin_site.name
    status = 400 if form.errors or return_form.errors else 200
    return TemplateResponse(request, "hr/admin/evaluations/grade.html", context, status=status)


def may_grade(request: HttpRequest) -> bool:
    """Whether there is anybody whom the user may grade. Asked for every sidebar."""
    return can_grade_anybody(request.user)


def _suggested(evaluation: Evaluation, earlier: Sequence[EarlierGrade]) -> Decimal | None:
    at = evaluation.submitted_at
    of_these_answers = (each.grade for each in earlier if at is None or each.graded_at >= at)
    return next(of_these_answers, evaluation.score)


def _forms(
    request: HttpRequest, evaluation: Evaluation, suggested: Decimal | None, returning: bool
) -> tuple[forms.Form, forms.Form]:
    sent = request.POST if request.method == "POST" else None
    initial = {"grade": suggested, "feedback": evaluation.feedback, "version": evaluation.version}
    grade_form: Any = kept_forms.refilled(request, GradeForm)
    return (
        grade_form(None if returning else sent, initial=initial),
        ReturnFields(sent if returning else None, prefix="return"),
    )


def _write(request: HttpRequest, evaluation: Evaluation, form: forms.Form, model_admin: EvaluationAdmin) -> bool:
    if not form.is_valid():
        return False
    done, values = False, form.cleaned_data
    with model_admin.domain_errors_on(form):
        if isinstance(form, ReturnFields):
            return_evaluations([evaluation.pk], actor=request.user, **values)
            text = _("Returned to %(person)s.")
        else:
            grading = Grading(values["grade"], values["feedback"])
            grade_evaluations({evaluation.pk: grading}, versions={evaluation.pk: values["version"]}, actor=request.user)
            text = _("%(person)s was graded.")
        messages.success(request, text % {"person": evaluation.employee})
        done = True
    return done


def _queue(request: HttpRequest) -> QuerySet:
    """What waits for the user, of one round with `?round=`."""
    rows, round_id = _waiting(request.user), _asked_round(request)
    return rows if round_id is None else rows.filter(round_id__in=keys_among(EvaluationRound, [round_id]))


def _waiting(user: Any) -> QuerySet:
    return Evaluation.objects.visible_to(user).gradable_by(user)


def _asked_round(request: HttpRequest) -> str | None:
    round_id = request.GET.get("round", "")
    return round_id if round_id.isdecimal() else None


def _after(rows: QuerySet, evaluation: Evaluation) -> QuerySet:
    at, key = evaluation.submitted_at, evaluation.pk
    return rows.filter(Q(submitted_at__gt=at) | Q(submitted_at=at, pk__gt=key)) if at else rows.exclude(pk=key)


def _next_page(request: HttpRequest, evaluation: Evaluation) -> HttpResponse:
    """What waits behind it; at the end what was skipped, and then that nothing waits."""
    rows = _queue(request)
    following = _after(rows, evaluation).first() or rows.first()
    return HttpResponseRedirect(_grade_page(request, following) if following else _queue_page(request))


def _skip_page(request: HttpRequest, evaluation: Evaluation) -> str:
    following = _after(_queue(request), evaluation).first()
    return _grade_page(request, following) if following else ""


def _grade_page(request: HttpRequest, evaluation: Evaluation) -> str:
    return _with_round(request, reverse("admin:hr_evaluation_grade", args=[evaluation.pk]))


def _queue_page(request: HttpRequest) -> str:
    return _with_round(request, reverse("admin:hr_evaluation_queue"))


def _with_round(request: HttpRequest, address: str) -> str:
    round_id = _asked_round(request)
    return address if round_id is None else f"{address}?round={round_id}"
