from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from hr import paths
from hr.models.base import BusinessModel, history
from hr.querysets import OrgUnitQuerySet


class OrgUnit(BusinessModel):
    """A department, branch or team. `path` is the chain of unit ids from the root (hr/paths.py)."""

    code = models.CharField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=160)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of")
    )
    path = models.CharField(max_length=paths.MAX_LENGTH, unique=True, editable=False)
    head = models.ForeignKey(
        "hr.Employee",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="headed_units",
        verbose_name=_("head"),
    )

    history = history()
    objects = OrgUnitQuerySet.as_manager()

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        ordering = ["path"]
        indexes = [models.Index(fields=["name"], name="orgunit_name")]
        permissions = [
            ("import_orgunit", "Can import units"),
            ("export_orgunit", "Can export units"),
            # Granted on one unit they hold for the people of it and of all units below.
            ("view_employee_in", "Can view employees of the unit"),
            ("change_employee_in", "Can change employees of the unit"),
            ("add_employee_in", "Can hire into the unit"),
            ("view_personal_data_in", "Can view personal data of employees of the unit"),
            ("view_attendance_in", "Can view attendance of employees of the unit"),
            ("add_attendance_in", "Can enrol employees of the unit"),
            ("mark_attendance_in", "Can mark attendance of employees of the unit"),
            ("view_evaluation_in", "Can view evaluations of employees of the unit"),
            ("grade_evaluation_in", "Can grade evaluations of employees of the unit"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(code=""),
                name="orgunit_code_given",
                violation_error_message=_("A unit needs a code."),
            ),
            models.CheckConstraint(
                condition=~models.Q(name=""),
                name="orgunit_name_given",
                violation_error_message=_("A unit needs a name."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    def clean(self) -> None:
        self.code = self.code.strip().upper()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """The single-row path of factories and shells; services write in bulk and set the path themselves."""
        new = self.pk is None
        if new:
            self.path = paths.provisional(self.code)
        super().save(*args, **kwargs)
        if new:
            self.path = paths.join(self.parent.path if self.parent else "", self.pk)
            type(self)._base_manager.filter(pk=self.pk).update(path=self.path)
