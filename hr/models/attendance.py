from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.errors import InvalidTransition
from hr.models.base import BusinessModel, history
from hr.models.event import Event, EventSession
from hr.querysets import AttendanceCorrectionQuerySet, AttendanceQuerySet, SessionMarkQuerySet


class Outcome(models.TextChoices):
    """What became of an enrolment, of an event or of one session."""

    PENDING = "pending", _("pending")
    PRESENT = "present", _("present")
    LATE = "late", _("late")
    ABSENT = "absent", _("absent")
    EXCUSED = "excused", _("excused")


CAME = (Outcome.PRESENT, Outcome.LATE)


class MarkedFrom(models.TextChoices):
    """How an outcome came to be known."""

    ROLL_CALL = "roll_call", _("roll-call")
    CHECK_IN = "check_in", _("check-in")
    IMPORT = "import", _("file")
    CORRECTION = "correction", _("correction")
    CLOSING = "closing", _("closing of the event")


class Mark(BusinessModel):
    """An outcome with who noted it, when and how. `marked_by_name` is kept when the account goes."""

    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome.choices, default=Outcome.PENDING)
    marked_at = models.DateTimeField(_("marked at"), null=True, blank=True, editable=False)
    marked_by_id = models.BigIntegerField(null=True, editable=False)
    marked_by_name = models.CharField(_("marked by"), max_length=200, blank=True, editable=False)
    marked_from = models.CharField(
        _("marked from"), max_length=12, blank=True, choices=MarkedFrom.choices, editable=False
    )

    class Meta:
        abstract = True


class Attendance(Mark):
    """One employee in one event: `status` is the enrolment, `outcome` whether he came."""

    class Status(models.TextChoices):
        REGISTERED = "registered", _("registered")
        WAITLISTED = "waitlisted", _("waitlisted")
        CONFIRMED = "confirmed", _("confirmed")
        CANCELLED = "cancelled", _("cancelled")

    class CancelledFrom(models.TextChoices):
        """Who, or what, ended an enrolment: it decides who may renew it."""

        SELF = "self", _("the employee")
        MANAGER = "manager", _("a manager or HR")
        LEFT = "left", _("end of employment")
        DRAFT = "draft", _("event back to draft")
        EVENT = "event", _("cancellation of the event")

    NEXT = {
        Status.REGISTERED: {Status.CONFIRMED, Status.CANCELLED},
        Status.WAITLISTED: {Status.REGISTERED, Status.CANCELLED},
        Status.CONFIRMED: {Status.CANCELLED},
        Status.CANCELLED: {Status.REGISTERED, Status.WAITLISTED},
    }
    SEATED = (Status.REGISTERED, Status.CONFIRMED)
    CAME = CAME
    # What the attendance rate is of.
    COUNTED = (*CAME, Outcome.ABSENT)

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="attendance", verbose_name=_("event"))
    employee = models.ForeignKey(
        "hr.Employee", on_delete=models.PROTECT, related_name="attendance", verbose_name=_("employee")
    )
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.REGISTERED)
    enrolled_at = models.DateTimeField(
        _("enrolled at"), default=timezone.now, editable=False, help_text=_("The place in the wait-list.")
    )
    cancelled_from = models.CharField(
        _("cancelled by"), max_length=8, blank=True, choices=CancelledFrom.choices, editable=False
    )
    cancel_reason = models.CharField(_("reason"), max_length=200, blank=True, editable=False)

    history = history()
    objects = AttendanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("attendance")
        verbose_name_plural = pgettext_lazy("several", "attendance")
        ordering = ["-id"]
        permissions = [
            ("mark_attendance", "Can mark attendance"),
            ("import_attendance", "Can import attendance"),
            ("export_attendance", "Can export attendance"),
        ]
        indexes = [
            # The roll-call and the wait-list of an event; lists filtered by event and status, or outcome.
            models.Index(fields=["event", "status", "enrolled_at"], name="attendance_of_event"),
            # What reports and the first page count, without reading the rows.
            models.Index(fields=["event", "outcome", "status", "employee"], name="attendance_counted"),
            models.Index(fields=["status", "id"], name="attendance_by_status"),
            models.Index(fields=["outcome", "id"], name="attendance_by_outcome"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "employee"],
                name="attendance_once",
                violation_error_message=_("That person is in the list of the event already."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=["registered", "waitlisted", "confirmed", "cancelled"]),
                name="attendance_status_known",
                violation_error_message=_("Unknown status."),
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["pending", "present", "late", "absent", "excused"]),
                name="attendance_outcome_known",
                violation_error_message=_("Unknown outcome."),
            ),
            models.CheckConstraint(
                condition=Q(status="cancelled") | Q(cancelled_from=""),
                name="attendance_cancelled_from_when_cancelled",
                violation_error_message=_("Only a cancelled enrolment was cancelled by somebody."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employee}: {self.event}"

    @property
    def waits_for_confirmation(self) -> bool:
        """Whether the person has yet to say that he comes: as `to_confirm_by` finds his own."""
        to_come = self.event.state == Event.State.PUBLISHED and self.event.starts_at > timezone.now()
        return to_come and self.status == self.Status.REGISTERED and self.outcome == Outcome.PENDING

    def move_to(self, status: str) -> None:
        """Set `status` in memory, or raise InvalidTransition. Saving is the service's job."""
        if status not in self.NEXT[self.Status(self.status)]:
            raise InvalidTransition.between(
                _("The enrolment of %(employee)s") % {"employee": self.employee},
                self.get_status_display(),
                self.Status(status).label,
                field="status",
            )
        self.status = status

    def place(self) -> int | None:
        """In the wait-list, the first is 1; None for who does not wait."""
        return type(self).objects.places([self.pk]).get(self.pk)


class SessionMark(Mark):
    """Whether somebody came to one session; the outcome of the event follows from these (Event.completion_percent)."""

    attendance = models.ForeignKey(
        Attendance, on_delete=models.PROTECT, related_name="marks", verbose_name=_("attendance")
    )
    session = models.ForeignKey(EventSession, on_delete=models.PROTECT, related_name="marks", verbose_name=_("session"))

    history = history()
    objects = SessionMarkQuerySet.as_manager()

    class Meta:
        verbose_name = _("mark of a session")
        verbose_name_plural = _("marks of sessions")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["attendance", "session"], name="session_mark_once"),
            models.CheckConstraint(
                condition=Q(outcome__in=["pending", "present", "late", "absent", "excused"]),
                name="session_mark_outcome_known",
                violation_error_message=_("Unknown outcome."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.attendance}: {self.session}"


class Decision(BusinessModel):
    """What somebody asked for and another one decides, in the words both gave."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")

    NEXT = {
        State.WAITING: {State.APPROVED, State.REJECTED, State.WITHDRAWN},
        State.APPROVED: set(),
        State.REJECTED: set(),
        State.WITHDRAWN: set(),
    }

    reason = models.CharField(_("reason"), max_length=300)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.WAITING, editable=False)
    asked_by_id = models.BigIntegerField(editable=False)
    asked_by_name = models.CharField(_("asked by"), max_length=200, editable=False)
    decided_by_id = models.BigIntegerField(null=True, editable=False)
    decided_by_name = models.CharField(_("decided by"), max_length=200, blank=True, editable=False)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True, editable=False)
    answer = models.CharField(_("answer"), max_length=300, blank=True, editable=False)

    class Meta:
        abstract = True

    def move_to(self, state: str) -> None:
        """Set `state` in memory, or raise InvalidTransition. Saving is the service's job."""
        if state not in self.NEXT[self.State(self.state)]:
            raise InvalidTransition.between(
                _("The request"), self.get_state_display(), self.State(state).label, field="state"
            )
        self.state = state


class AttendanceCorrection(Decision):
    """A request to change an outcome of a closed event, decided by somebody else."""

    attendance = models.ForeignKey(
        Attendance, on_delete=models.PROTECT, related_name="corrections", verbose_name=_("attendance")
    )
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome.choices)

    history = history()
    objects = AttendanceCorrectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("correction of attendance")
        verbose_name_plural = _("corrections of attendance")
        ordering = ["-id"]
        indexes = [models.Index(fields=["state", "id"], name="correction_by_state")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="correction_reason_given",
                violation_error_message=_("A correction needs a reason."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.attendance}: {self.get_outcome_display()}"
