from datetime import date, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.errors import InvalidTransition
from hr.models.base import BusinessModel, history
from hr.models.event import Event
from hr.querysets import (
    AnswerQuerySet,
    EvaluationFormQuerySet,
    EvaluationQuerySet,
    EvaluationRoundQuerySet,
    FormPartQuerySet,
)


class EvaluationForm(BusinessModel):
    """A questionnaire. What it asks is in its versions: a published one never changes again."""

    code = models.CharField(_("code"), max_length=32, unique=True)
    title = models.CharField(_("title"), max_length=160)

    history = history()
    objects = EvaluationFormQuerySet.as_manager()

    class Meta:
        verbose_name = _("evaluation form")
        verbose_name_plural = _("evaluation forms")
        ordering = ["title", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(code=""),
                name="evaluationform_code_given",
                violation_error_message=_("A form needs a code."),
            ),
            models.CheckConstraint(
                condition=~Q(title=""),
                name="evaluationform_title_given",
                violation_error_message=_("A form needs a title."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.code})"


class FormVersion(BusinessModel):
    """The questions of a form at one time. Editable until it is published."""

    form = models.ForeignKey(
        EvaluationForm, on_delete=models.PROTECT, related_name="versions", verbose_name=_("evaluation form")
    )
    number = models.PositiveSmallIntegerField(_("number"))
    published_at = models.DateTimeField(_("published at"), null=True, blank=True, editable=False)

    history = history()
    objects = FormPartQuerySet.as_manager()

    class Meta:
        verbose_name = _("version of a form")
        verbose_name_plural = _("versions of forms")
        ordering = ["form_id", "-number"]
        constraints = [models.UniqueConstraint(fields=["form", "number"], name="form_version_once")]

    def __str__(self) -> str:
        return _("%(form)s, version %(number)d") % {"form": self.form.title, "number": self.number}


class Question(BusinessModel):
    """One question of a version. `weight` 0 means that its answer does not count for the score.

    `choices` says what may be answered and what it is worth, in points of 0 to 100, by kind:
    one and several: [{"text": "…", "points": 100}, …] in order; scale: {"from": 1, "to": 5};
    yes_no: {"yes": 100, "no": 0}; number: {"from": 0, "to": 10} (either may be missing); text: {}.
    """

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        ONE = "one", _("one choice")
        SEVERAL = "several", _("several choices")
        SCALE = "scale", _("scale")
        YES_NO = "yes_no", _("yes or no")
        NUMBER = "number", _("number")

    version_of = models.ForeignKey(
        FormVersion, on_delete=models.PROTECT, related_name="questions", verbose_name=_("version of a form")
    )
    number = models.PositiveSmallIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.TEXT)
    text = models.CharField(_("text"), max_length=300)
    choices = models.JSONField(_("choices"), default=dict, blank=True)
    required = models.BooleanField(_("required"), default=True)
    weight = models.PositiveSmallIntegerField(_("weight"), default=0)

    history = history()
    objects = FormPartQuerySet.as_manager()

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["version_of_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["version_of", "number"], name="question_number_once"),
            models.CheckConstraint(
                condition=~Q(text=""),
                name="question_text_given",
                violation_error_message=_("A question needs a text."),
            ),
            models.CheckConstraint(
                condition=~Q(kind="text") | Q(weight=0),
                name="question_text_unweighted",
                violation_error_message=_("A free text cannot score itself: its weight is 0."),
            ),
        ]

    def __str__(self) -> str:
        return self.text


class EvaluationRound(BusinessModel):
    """One version of a form given to people: after an event, to who came, or by HR to a population.

    Answers are due on a day (`due_on`), or so many days after somebody got it (`days_to_answer`).
    """

    form_version = models.ForeignKey(
        FormVersion, on_delete=models.PROTECT, related_name="rounds", verbose_name=_("version of a form")
    )
    event = models.OneToOneField(
        Event,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="evaluation_round",
        verbose_name=_("event"),
    )
    title = models.CharField(_("title"), max_length=200)
    opens_on = models.DateField(_("opens on"))
    due_on = models.DateField(_("due on"), null=True, blank=True)
    days_to_answer = models.PositiveSmallIntegerField(_("days to answer"), null=True, blank=True)

    history = history()
    objects = EvaluationRoundQuerySet.as_manager()

    class Meta:
        verbose_name = _("round of evaluations")
        verbose_name_plural = _("rounds of evaluations")
        ordering = ["-opens_on", "-id"]
        indexes = [models.Index(fields=["opens_on", "id"], name="round_by_opening")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(title=""), name="round_title_given", violation_error_message=_("A round needs a title.")
            ),
            models.CheckConstraint(
                condition=Q(due_on__isnull=False, days_to_answer=None)
                | Q(due_on=None, days_to_answer__isnull=False, days_to_answer__gte=1),
                name="round_due_one_way",
                violation_error_message=_("Say until which day answers are due, or how many days there are for it."),
            ),
            models.CheckConstraint(
                condition=Q(due_on=None) | Q(due_on__gte=F("opens_on")),
                name="round_due_after_opening",
                violation_error_message=_("Answers cannot be due before the round opens."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def due_for(self, day: date) -> date | None:
        """Until when somebody answers who is given an evaluation on `day`."""
        if self.days_to_answer is None:
            return self.due_on
        return max(day, self.opens_on) + timedelta(days=self.days_to_answer)


class Evaluation(BusinessModel):
    """One employee's answers in one round. Grade and score in points of 0 to 100; closed questions give the score."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        AVAILABLE = "available", _("available")
        IN_PROGRESS = "in_progress", pgettext_lazy("evaluation", "in progress")
        SUBMITTED = "submitted", _("submitted")
        RETURNED = "returned", _("returned")
        GRADED = "graded", _("graded")
        EXPIRED = "expired", _("expired")
        CANCELLED = "cancelled", _("cancelled")

    NEXT = {
        State.PENDING: {State.AVAILABLE, State.EXPIRED, State.CANCELLED},
        State.AVAILABLE: {State.IN_PROGRESS, State.SUBMITTED, State.EXPIRED, State.CANCELLED},
        State.IN_PROGRESS: {State.SUBMITTED, State.EXPIRED, State.CANCELLED},
        State.SUBMITTED: {State.RETURNED, State.GRADED},
        State.RETURNED: {State.IN_PROGRESS, State.EXPIRED, State.CANCELLED},
        State.GRADED: {State.SUBMITTED},
        State.EXPIRED: {State.AVAILABLE},
        # Only what an outcome cancelled, once that is "came" again: services/evaluations.py.
        State.CANCELLED: {State.PENDING, State.AVAILABLE},
    }
    # Its employee may answer it, or is still to.
    ANSWERABLE = (State.AVAILABLE, State.IN_PROGRESS, State.RETURNED)
    UNANSWERED = (State.PENDING, *ANSWERABLE)

    round = models.ForeignKey(
        EvaluationRound, on_delete=models.PROTECT, related_name="evaluations", verbose_name=_("round of evaluations")
    )
    employee = models.ForeignKey(
        "hr.Employee", on_delete=models.PROTECT, related_name="evaluations", verbose_name=_("employee")
    )
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.PENDING, editable=False)
    due_on = models.DateField(_("due on"), null=True, blank=True, editable=False)
    submitted_at = models.DateTimeField(_("submitted at"), null=True, blank=True, editable=False)
    score = models.DecimalField(_("score"), max_digits=5, decimal_places=2, null=True, blank=True, editable=False)
    grade = models.DecimalField(_("grade"), max_digits=5, decimal_places=2, null=True, blank=True)
    feedback = models.TextField(_("feedback"), blank=True)
    cancelled_by_outcome = models.BooleanField(
        _("cancelled because the person did not come"), default=False, editable=False
    )
    return_comment = models.CharField(_("comment"), max_length=300, blank=True, editable=False)
    graded_at = models.DateTimeField(_("graded at"), null=True, blank=True, editable=False)
    graded_by_id = models.BigIntegerField(null=True, editable=False)
    graded_by_name = models.CharField(_("graded by"), max_length=200, blank=True, editable=False)

    history = history()
    objects = EvaluationQuerySet.as_manager()

    class Meta:
        verbose_name = _("evaluation")
        verbose_name_plural = _("evaluations")
        ordering = ["-id"]
        permissions = [
            ("grade_evaluation", "Can grade evaluations"),
            ("export_evaluation", "Can export evaluations"),
        ]
        indexes = [
            # The queue of what is to be graded, and what the clock opens, reminds of and expires.
            models.Index(fields=["state", "submitted_at"], name="evaluation_queue"),
            models.Index(fields=["state", "due_on"], name="evaluation_due"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "employee"],
                name="evaluation_once",
                violation_error_message=_("That person is in the round already."),
            ),
            models.CheckConstraint(
                condition=Q(grade=None) | Q(grade__gte=0, grade__lte=100),
                name="evaluation_grade_in_points",
                violation_error_message=_("A grade is a number from 0 to 100."),
            ),
            models.CheckConstraint(
                condition=~Q(state="graded") | Q(grade__isnull=False),
                name="evaluation_graded_has_grade",
                violation_error_message=_("A graded evaluation needs a grade."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employee}: {self.round}"

    def move_to(self, state: str) -> None:
        """Set `state` in memory, or raise InvalidTransition. Saving is the service's job."""
        if state not in self.NEXT[self.State(self.state)]:
            raise InvalidTransition.between(
                _("The evaluation of %(employee)s") % {"employee": self.employee},
                self.get_state_display(),
                self.State(state).label,
                field="state",
            )
        self.state = state


class Answer(BusinessModel):
    """What one question was answered. `value` by kind: a text, the place of a choice from 0, a list of such, true or
    false, a number.
    """

    evaluation = models.ForeignKey(
        Evaluation, on_delete=models.PROTECT, related_name="answers", verbose_name=_("evaluation")
    )
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="answers", verbose_name=_("question"))
    value: Any = models.JSONField(_("answer"))

    history = history()
    objects = AnswerQuerySet.as_manager()

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["evaluation", "question"], name="answer_once")]

    def __str__(self) -> str:
        return f"{self.evaluation}: {self.question}"
