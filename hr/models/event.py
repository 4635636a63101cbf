from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.errors import InvalidTransition
from core.text import fold
from hr.models.base import BusinessModel, history
from hr.querysets import EventAudienceQuerySet, EventKindQuerySet, EventQuerySet, EventSessionQuerySet


class EventKind(BusinessModel):
    """What an event is: a training, a meeting. What was attended is valid for so many months, None for ever."""

    code = models.CharField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=80)
    validity_months = models.PositiveSmallIntegerField(_("valid for months"), null=True, blank=True)

    history = history()
    objects = EventKindQuerySet.as_manager()

    class Meta:
        verbose_name = _("kind of event")
        verbose_name_plural = _("kinds of events")
        ordering = ["name", "id"]
        permissions = [("export_eventkind", "Can export kinds of events")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(code=""),
                name="eventkind_code_given",
                violation_error_message=_("A kind of event needs a code."),
            ),
            models.CheckConstraint(
                condition=~Q(name=""),
                name="eventkind_name_given",
                violation_error_message=_("A kind of event needs a name."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Event(BusinessModel):
    """Something people are enrolled in. `seats_taken` counts those registered or confirmed, kept by the services."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        IN_PROGRESS = "in_progress", _("in progress")
        COMPLETED = "completed", _("completed")
        CLOSED = "closed", _("closed")
        CANCELLED = "cancelled", pgettext_lazy("event", "cancelled")

    NEXT = {
        State.DRAFT: {State.PUBLISHED, State.CANCELLED},
        State.PUBLISHED: {State.DRAFT, State.IN_PROGRESS, State.CANCELLED},
        State.IN_PROGRESS: {State.COMPLETED, State.CANCELLED},
        State.COMPLETED: {State.CLOSED},
        State.CLOSED: {State.COMPLETED},
        State.CANCELLED: set(),
    }
    # People may still be enrolled, and attendance marked, in these.
    ENROLLING = (State.PUBLISHED, State.IN_PROGRESS)
    MARKING = (State.PUBLISHED, State.IN_PROGRESS, State.COMPLETED)
    # It is over: what reports count.
    HELD = (State.COMPLETED, State.CLOSED)
    DERIVED_FIELDS = ("search_text",)

    code = models.CharField(_("code"), max_length=32, unique=True)
    title = models.CharField(_("title"), max_length=200)
    kind = models.ForeignKey(EventKind, on_delete=models.PROTECT, related_name="events", verbose_name=_("kind"))
    description = models.TextField(_("description"), blank=True)
    place = models.CharField(_("place"), max_length=200, blank=True)
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    capacity = models.PositiveIntegerField(
        _("capacity"), null=True, blank=True, help_text=_("Leave it empty if there is room for everybody.")
    )
    seats_taken = models.PositiveIntegerField(_("seats taken"), default=0, editable=False)
    mandatory = models.BooleanField(
        _("mandatory"),
        default=False,
        help_text=_("Everybody of the audience must have attended, as long as it is valid."),
    )
    open_enrolment = models.BooleanField(
        _("open enrolment"), default=False, help_text=_("Whoever it is meant for may register for it.")
    )
    completion_percent = models.PositiveSmallIntegerField(
        _("sessions to attend (%)"), default=80, help_text=_("Of an event with several sessions.")
    )
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.DRAFT, editable=False)
    state_reason = models.CharField(_("reason"), max_length=200, blank=True, editable=False)
    search_text = models.CharField(max_length=300, editable=False, default="")

    history = history()
    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-starts_at", "-id"]
        permissions = [
            ("export_event", "Can export events"),
            # Granted on one event they hold for everybody enrolled in it.
            ("view_attendance_at", "Can view attendance of the event"),
            ("mark_attendance_at", "Can mark attendance of the event"),
        ]
        indexes = [
            models.Index(fields=["starts_at", "id"], name="event_by_start"),
            # What the clock starts and ends, and lists filtered by state.
            models.Index(fields=["state", "starts_at"], name="event_by_state"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(code=""), name="event_code_given", violation_error_message=_("An event needs a code.")
            ),
            models.CheckConstraint(
                condition=~Q(title=""), name="event_title_given", violation_error_message=_("An event needs a title.")
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="event_ends_after_start",
                violation_error_message=_("An event must end after it starts."),
            ),
            models.CheckConstraint(
                condition=Q(capacity=None) | Q(capacity__gte=1),
                name="event_capacity_positive",
                violation_error_message=_("An event needs at least one seat; leave it empty for no limit."),
            ),
            models.CheckConstraint(
                condition=Q(completion_percent__gte=1, completion_percent__lte=100),
                name="event_completion_percent_known",
                violation_error_message=_("Enter a percentage from 1 to 100."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "published", "in_progress", "completed", "closed", "cancelled"]),
                name="event_state_known",
                violation_error_message=_("Unknown state."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.code})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """The single-row path of factories and shells; services write in bulk through hr/services/writing.py."""
        self.refresh_search()
        super().save(*args, **kwargs)

    def refresh_search(self) -> None:
        self.search_text = fold(f"{self.title} {self.code} {self.place}")[:300]

    def move_to(self, state: str, *, only_from: str | None = None) -> None:
        """Set `state` in memory, or raise InvalidTransition. Saving is the service's job.

        `only_from`: where two verbs lead to one state, from different ones.
        """
        if state not in self.NEXT[self.State(self.state)] or only_from not in (None, self.state):
            raise InvalidTransition.between(self, self.get_state_display(), self.State(state).label, field="state")
        self.state = state

    @property
    def has_begun(self) -> bool:
        """By its times, whatever its state."""
        return self.starts_at <= timezone.now()

    @property
    def is_over(self) -> bool:
        """By its times, whatever its state."""
        return self.ends_at <= timezone.now()

    @property
    def duration(self) -> timedelta:
        return self.ends_at - self.starts_at

    @property
    def seats_left(self) -> int | None:
        """None for no limit."""
        return None if self.capacity is None else max(self.capacity - self.seats_taken, 0)


class EventAudience(BusinessModel):
    """Whom an event is meant for, one line each: everybody, or a unit with all below it, a position, a person.

    Kept after publishing: later hires and movers are enrolled from it.
    """

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="audience", verbose_name=_("event"))
    # True or NULL, so that the unique key allows it once.
    everybody = models.BooleanField(_("everybody"), null=True, blank=True)
    org_unit = models.ForeignKey(
        "hr.OrgUnit", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("unit")
    )
    position = models.ForeignKey(
        "hr.Position", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("position")
    )
    employee = models.ForeignKey(
        "hr.Employee", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("employee")
    )

    history = history()
    objects = EventAudienceQuerySet.as_manager()

    class Meta:
        verbose_name = _("audience")
        verbose_name_plural = _("audience")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["event", "everybody"], name="audience_everybody_once"),
            models.UniqueConstraint(fields=["event", "org_unit"], name="audience_unit_once"),
            models.UniqueConstraint(fields=["event", "position"], name="audience_position_once"),
            models.UniqueConstraint(fields=["event", "employee"], name="audience_employee_once"),
            models.CheckConstraint(
                condition=Q(everybody=True, org_unit=None, position=None, employee=None)
                | Q(everybody=None, org_unit__isnull=False, position=None, employee=None)
                | Q(everybody=None, org_unit=None, position__isnull=False, employee=None)
                | Q(everybody=None, org_unit=None, position=None, employee__isnull=False),
                name="audience_is_one",
                violation_error_message=_("Choose one: everybody, a unit, a position or a person."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.org_unit or self.position or self.employee or _("everybody"))


class EventSession(BusinessModel):
    """One sitting of an event of several; `number` counts from 1 in the order of time."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="sessions", verbose_name=_("event"))
    number = models.PositiveSmallIntegerField(_("number"))
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))

    history = history()
    objects = EventSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ["event_id", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "number"],
                name="session_number_once",
                violation_error_message=_("The event has a session of that number."),
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="session_ends_after_start",
                violation_error_message=_("A session must end after it starts."),
            ),
        ]

    def __str__(self) -> str:
        return _("Session %(number)d") % {"number": self.number}
