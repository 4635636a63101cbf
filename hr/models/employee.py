import uuid
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidTransition
from core.text import fold
from hr.countries import DEFAULT_COUNTRY, country_choices
from hr.models.base import BusinessModel, history
from hr.querysets import EmployeeQuerySet


class Employee(BusinessModel):
    """A person who works, or worked, here. Ended employments stay: people are terminated, never deleted."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        SUSPENDED = "suspended", _("suspended")
        TERMINATED = "terminated", _("terminated")

    NEXT = {
        Status.ACTIVE: {Status.SUSPENDED, Status.TERMINATED},
        Status.SUSPENDED: {Status.ACTIVE, Status.TERMINATED},
        Status.TERMINATED: {Status.ACTIVE},
    }
    # Shown, searched, imported and exported only with `view_personal_data` on the employee.
    PERSONAL_FIELDS = ("national_id", "private_phone", "birth_date")
    DERIVED_FIELDS = ("search_text", "search_personal")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    code = models.CharField(_("code"), max_length=32, unique=True)
    first_name = models.CharField(_("first name"), max_length=80)
    last_name = models.CharField(_("last name"), max_length=80)
    country = models.CharField(_("country"), max_length=2, choices=country_choices, default=DEFAULT_COUNTRY)
    national_id = models.CharField(_("national id"), max_length=32, null=True, blank=True)
    work_email = models.EmailField(_("work e-mail"), null=True, blank=True, unique=True)
    work_phone = models.CharField(_("work phone"), max_length=32, blank=True)
    private_phone = models.CharField(_("private phone"), max_length=32, blank=True)
    birth_date = models.DateField(_("birth date"), null=True, blank=True)
    hired_on = models.DateField(_("hired on"))
    ended_on = models.DateField(_("ended on"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.ACTIVE)
    org_unit = models.ForeignKey(
        "hr.OrgUnit", on_delete=models.PROTECT, related_name="employees", verbose_name=_("unit")
    )
    position = models.ForeignKey(
        "hr.Position",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="employees",
        verbose_name=_("position"),
    )
    reports_to = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="reports", verbose_name=_("reports to")
    )
    search_text = models.CharField(max_length=500, editable=False, default="")
    search_personal = models.CharField(max_length=100, editable=False, default="")

    history = history()
    objects = EmployeeQuerySet.as_manager()

    class Meta:
        verbose_name = _("employee")
        verbose_name_plural = _("employees")
        # The folded text begins with the last name, and sorts Álvarez before Zambrano on every engine.
        ordering = ["search_text", "id"]
        permissions = [
            ("view_personal_data", "Can view personal data"),
            ("import_employee", "Can import employees"),
            ("export_employee", "Can export employees"),
            ("invite_employee", "Can invite employees to log in"),
            ("act_as_manager", "Can stand in for the manager"),
            # Granted on one employee.
            ("view_attendance_of", "Can view attendance of the employee"),
            ("add_attendance_of", "Can enrol the employee"),
            ("mark_attendance_of", "Can mark attendance of the employee"),
            ("view_evaluation_of", "Can view evaluations of the employee"),
            ("grade_evaluation_of", "Can grade evaluations of the employee"),
        ]
        indexes = [
            # Searches look through the third one too, without reading rows.
            models.Index(fields=["search_text", "id", "search_personal"], name="employee_by_text"),
            models.Index(fields=["status", "search_text"], name="employee_by_status"),
            # Everything the list of a manager counts and filters by, and a line of command, without reading rows.
            models.Index(fields=["org_unit", "status", "country"], name="employee_counted"),
            models.Index(fields=["reports_to", "org_unit"], name="employee_line"),
            models.Index(fields=["hired_on"], name="employee_hired_on"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["country", "national_id"],
                name="employee_national_id_unique",
                violation_error_message=_("Another employee has that national id."),
            ),
            models.CheckConstraint(
                condition=~Q(code=""),
                name="employee_code_given",
                violation_error_message=_("An employee needs a code."),
            ),
            models.CheckConstraint(
                condition=~Q(first_name="") & ~Q(last_name=""),
                name="employee_named",
                violation_error_message=_("An employee needs a first name and a last name."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=["active", "suspended", "terminated"]),
                name="employee_status_known",
                violation_error_message=_("Unknown status."),
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(ended_on__gte=F("hired_on")),
                name="employee_ends_after_start",
                violation_error_message=_("An employment cannot end before it begins."),
            ),
            models.CheckConstraint(
                condition=Q(status="terminated", ended_on__isnull=False)
                | (~Q(status="terminated") & Q(ended_on__isnull=True)),
                name="employee_end_means_terminated",
                violation_error_message=_("A terminated employee has an end date, and nobody else has one."),
            ),
            models.CheckConstraint(
                condition=Q(birth_date=None) | Q(birth_date__lt=F("hired_on")),
                name="employee_born_before_hired",
                violation_error_message=_("The birth date must lie before the hiring date."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.full_name} ({self.code})"

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """The single-row path of factories and shells; services write in bulk through hr/services/writing.py."""
        self.refresh_search()
        if kwargs.get("update_fields"):
            kwargs["update_fields"] = {*kwargs["update_fields"], *self.DERIVED_FIELDS}
        super().save(*args, **kwargs)

    def move_to(self, status: str) -> None:
        """Set `status` in memory, or raise InvalidTransition. Saving is the service's job."""
        if status not in self.NEXT[self.Status(self.status)]:
            raise InvalidTransition.between(self, self.get_status_display(), self.Status(status).label, field="status")
        self.status = status

    def refresh_search(self) -> None:
        """Fold what a search looks in; every write path calls it. MySQL, SQLite and PostgreSQL then agree."""
        self.search_text = searched_text(self.first_name, self.last_name, self.code, self.work_email)
        self.search_personal = searched_personal(self.national_id, self.private_phone)


def searched_text(first_name: str, last_name: str, code: str, work_email: str | None) -> str:
    return fold(f"{last_name} {first_name} {code} {work_email or ''}")[:500]


def searched_personal(national_id: str | None, private_phone: str) -> str:
    if not national_id and not private_phone:
        return ""
    digits = "".join(filter(str.isalnum, national_id or ""))
    return fold(f"{national_id or ''} {digits} {private_phone}")[:100]
