from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from hr.models.base import BusinessModel
from hr.querysets import LeaseQuerySet, NotificationQuerySet, OutboxMessageQuerySet


class OutboxMessage(BusinessModel):
    """One fact with consequences elsewhere, written in the transaction that made it true. Ids and codes, no texts."""

    key = models.CharField(max_length=190, unique=True)
    kind = models.CharField(_("kind"), max_length=40)
    payload = models.JSONField(default=dict)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(_("caused by"), max_length=200, blank=True)
    done_at = models.DateTimeField(_("done at"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    error = models.CharField(_("error"), max_length=500, blank=True)

    objects = OutboxMessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message to be carried out")
        verbose_name_plural = _("messages to be carried out")
        ordering = ["-id"]
        permissions = [
            ("retry_outboxmessage", "Can try again what got stuck"),
            ("repair_outboxmessage", "Can repair differences between the databases"),
        ]
        indexes = [
            models.Index(fields=["done_at", "next_attempt_at"], name="outbox_waiting"),
            models.Index(fields=["attempts"], name="outbox_attempts"),
        ]

    def __str__(self) -> str:
        return self.key


class Notification(BusinessModel):
    """What one user is told of one message over one channel. `about_id` is the row it leads to, by the kind's model."""

    class Channel(models.TextChoices):
        APP = "app", _("in the application")
        MAIL = "mail", _("e-mail")

    class State(models.TextChoices):
        PENDING = "pending", _("to be sent")
        SENT = "sent", _("sent")
        BOUNCED = "bounced", _("bounced")
        FAILED = "failed", _("failed")
        READ = "read", _("read")
        DROPPED = "dropped", _("no longer needed")

    message = models.ForeignKey(OutboxMessage, on_delete=models.CASCADE, related_name="notifications")
    user_id = models.BigIntegerField()
    user_name = models.CharField(_("to"), max_length=200, blank=True)
    about_id = models.BigIntegerField(null=True)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    error = models.CharField(_("error"), max_length=500, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["message", "user_id", "channel"], name="notification_once")]
        indexes = [
            models.Index(fields=["state", "next_attempt_at"], name="notification_waiting"),
            # What is unread, counted on every page.
            models.Index(fields=["user_id", "channel", "state"], name="notification_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.user_name} ({self.get_channel_display()})"


class Lease(BusinessModel):
    """Who may do a job that only one process does at a time, such as the clock's rounds."""

    name = models.CharField(max_length=40, unique=True)
    holder = models.CharField(max_length=120)
    expires_at = models.DateTimeField()

    objects = LeaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("lease")
        verbose_name_plural = _("leases")

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"
