from django.db import models
from django.utils.translation import gettext_lazy as _

from hr.models.base import BusinessModel, history
from hr.querysets import PositionQuerySet


class Position(BusinessModel):
    """A job title of the catalogue."""

    code = models.CharField(_("code"), max_length=32, unique=True)
    title = models.CharField(_("title"), max_length=160)

    history = history()
    objects = PositionQuerySet.as_manager()

    class Meta:
        verbose_name = _("position")
        verbose_name_plural = _("positions")
        ordering = ["title", "id"]
        indexes = [models.Index(fields=["title"], name="position_title")]
        permissions = [("import_position", "Can import positions"), ("export_position", "Can export positions")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(code=""),
                name="position_code_given",
                violation_error_message=_("A position needs a code."),
            ),
            models.CheckConstraint(
                condition=~models.Q(title=""),
                name="position_title_given",
                violation_error_message=_("A position needs a title."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        self.code = self.code.strip().upper()
