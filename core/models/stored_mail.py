import re

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class StoredMailQuerySet(models.QuerySet):
    def visible_to(self, user) -> "StoredMailQuerySet":
        return self if user.has_perm("core.view_storedmail") else self.none()


class StoredMail(models.Model):
    """A mail that was kept instead of sent, where nobody real would receive it: demo, local and testing."""

    LINK = re.compile(r"https?://[^\s<>\"]+")

    sent_at = models.DateTimeField(_("sent at"), default=timezone.now)
    recipient = models.CharField(_("to"), max_length=500)
    subject = models.CharField(_("subject"), max_length=500)
    text = models.TextField(_("text"))

    objects = StoredMailQuerySet.as_manager()

    class Meta:
        verbose_name = _("sent mail")
        verbose_name_plural = pgettext_lazy("several", "sent mail")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.recipient}: {self.subject}"

    @property
    def links(self) -> list[str]:
        return self.LINK.findall(self.text)
