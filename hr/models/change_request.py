from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hr.models.attendance import Decision
from hr.models.base import history
from hr.querysets import ChangeRequestQuerySet


class ChangeRequest(Decision):
    """Somebody asks HR to set a field of an employee, to take him out of a manager's people, or to add one missing.

    `old` and `new` hold values as text: what the field had when it was asked for, of a relation its key; and what it
    should have, a row described in words. Who is missing is named in `new`, with no employee.
    """

    class Kind(models.TextChoices):
        DATA = "data", _("change of data")
        NOT_MINE = "not_mine", _("is not one of my people")
        MISSING = "missing", _("is missing among my people")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.DATA)
    employee = models.ForeignKey(
        "hr.Employee",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="change_requests",
        verbose_name=_("employee"),
    )
    field = models.CharField(_("field"), max_length=40, blank=True)
    old = models.CharField(_("old value"), max_length=254, blank=True)
    new = models.CharField(_("new value"), max_length=254, blank=True)

    history = history()
    objects = ChangeRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("change request")
        verbose_name_plural = _("change requests")
        ordering = ["-id"]
        permissions = [("decide_changerequest", "Can decide change requests")]
        indexes = [
            models.Index(fields=["state", "id"], name="change_request_by_state"),
            models.Index(fields=["asked_by_id", "id"], name="change_request_of_user"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="change_request_reason_given",
                violation_error_message=_("A request needs a reason."),
            ),
            models.CheckConstraint(
                condition=Q(kind="missing", employee=None) | (~Q(kind="missing") & Q(employee__isnull=False)),
                name="change_request_about_somebody",
                violation_error_message=_("Say whom the request is about."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.employee or self.new}"
