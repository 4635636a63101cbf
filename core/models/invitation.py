from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class InvitationQuerySet(models.QuerySet):
    def open(self) -> "InvitationQuerySet":
        """Invitations that can still be accepted."""
        return self.filter(accepted_at=None, replaced_at=None, expires_at__gt=timezone.now())

    def visible_to(self, user) -> "InvitationQuerySet":
        return self if user.has_perm("core.view_invitation") else self.filter(user_id=user.pk)


class Invitation(models.Model):
    """A one-time way to set a password: a link by mail, or a code on paper. Only a hash of its secret is kept."""

    class Channel(models.TextChoices):
        MAIL = "mail", _("e-mail")
        PAPER = "paper", _("paper")

    class Purpose(models.TextChoices):
        INVITE = "invite", _("invitation")
        RESET = "reset", _("password reset")

    class Delivery(models.TextChoices):
        PENDING = "pending", _("to be sent")
        SENT = "sent", _("sent")
        BOUNCED = "bounced", _("bounced")
        FAILED = "failed", _("failed")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="invitations", verbose_name=_("user")
    )
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices, default=Channel.MAIL)
    purpose = models.CharField(_("purpose"), max_length=8, choices=Purpose.choices, default=Purpose.INVITE)
    secret_hash = models.CharField(max_length=128, unique=True)
    expires_at = models.DateTimeField(_("valid until"))
    delivery = models.CharField(_("delivery"), max_length=8, choices=Delivery.choices, default=Delivery.PENDING)
    delivery_error = models.CharField(_("delivery error"), max_length=500, blank=True)
    message_id = models.CharField(max_length=255, blank=True, db_index=True)
    sent_to = models.EmailField(_("sent to"), blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)
    replaced_at = models.DateTimeField(_("replaced at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("invited by"),
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-id"]
        indexes = [models.Index(fields=["user", "accepted_at"], name="invitation_of_user")]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_purpose_display()})"
