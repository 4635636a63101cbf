from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from hr.models.base import BusinessModel
from hr.querysets import DeniedAttemptQuerySet


class DeniedAttempt(BusinessModel):
    """Somebody asked for what he may not see or do. He is told no more than if it did not exist."""

    class Kind(models.TextChoices):
        PAGE = "page", _("page not allowed")
        RECORD = "record", _("record outside the scope")
        CHANGE = "change", _("change refused")

    user_id = models.BigIntegerField()
    user_name = models.CharField(_("user"), max_length=200)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    # Method and path, without the query.
    what = models.CharField(_("page asked for"), max_length=300)
    at = models.DateTimeField(_("at"), default=timezone.now)
    # More than one: the rest of a burst.
    times = models.PositiveIntegerField(_("times"), default=1)

    objects = DeniedAttemptQuerySet.as_manager()

    class Meta:
        verbose_name = _("denied attempt")
        verbose_name_plural = _("denied attempts")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["user_id", "at"], name="denied_by_user"),
            models.Index(fields=["at"], name="denied_at"),
        ]

    def __str__(self) -> str:
        return f"{self.user_name}: {self.what}"
