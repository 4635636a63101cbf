"""What the mail provider announces: a mail of ours came back."""

from typing import Any

from anymail.signals import AnymailTrackingEvent, tracking
from django.dispatch import receiver

from core.receivers import CAME_BACK
from hr.models import Notification
from hr.services import outbox


@receiver(tracking, dispatch_uid="hr.note_bounce")
def note_bounce(sender: Any, event: AnymailTrackingEvent, **kwargs: Any) -> None:
    ours = str((event.metadata or {}).get("notification", ""))
    if event.event_type in CAME_BACK and ours.isdecimal():
        reason = event.mta_response or event.description or event.reject_reason or event.event_type
        outbox.note_notifications([int(ours)], state=Notification.State.BOUNCED, error=reason[:500])
