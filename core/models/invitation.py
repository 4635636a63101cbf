from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class InvitationQuerySet(models.QuerySet):
    def open(self) -> "InvitationQuerySet":
        """Invitations that can still be accepted, or will be once they are sent or printed."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), accepted_at=None, replaced_at=None)

    def unsent(self) -> "InvitationQuerySet":
        """Open ones that have no secret yet: not mailed, not printed."""
        return self.open().filter(delivery=Invitation.Delivery.PENDING)

    def visible_to(self, user) -> "InvitationQuerySet":
        """All for who holds `core.view_invitation`, else the user's own while he may act."""
        if user.has_perm("core.view_invitation"):
            return self
        return self.filter(user_id=user.pk) if user.is_authenticated and user.may_act else self.none()


class Invitation(models.Model):
    """A one-time way to set a password: a link by mail, or a code on paper. Only a hash of its secret is kept.

    The secret is made when the mail leaves or the sheet is printed, so until then there is none to steal.
    """

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
    secret_hash = models.CharField(max_length=64, unique=True, null=True)
    expires_at = models.DateTimeField(_("valid until"), null=True)
    delivery = models.CharField(_("delivery"), max_length=8, choices=Delivery.choices, default=Delivery.PENDING)
    delivery_error = models.CharField(_("delivery error"), max_length=500, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(
        null=True, default=timezone.now, help_text="None: not ours to send, another queue carries it"
    )
    message_id = models.CharField(max_length=255, blank=True, db_index=True)
    sent_to = models.EmailField(_("sent to"), blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    accepted_at = models.DateTimeField(_("accepted at"), null=True)
    replaced_at = models.DateTimeField(_("replaced at"), null=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("invited by"),
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["user", "accepted_at"], name="invitation_of_user"),
            models.Index(fields=["delivery", "next_attempt_at"], name="invitation_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_purpose_display()})"

    @property
    def is_open(self) -> bool:
        return (
            not self.accepted_at and not self.replaced_at and (not self.expires_at or self.expires_at > timezone.now())
        )
