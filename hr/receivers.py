"""What the mail provider announces: a mail of ours came back."""

from typing import Any

from anymail.signals import AnymailTrackingEvent, tracking
from django.dispatch import receiver

from core.receivers import CAME_BACK
from hr.services import delivery


@receiver(tracking, dispatch_uid="hr.note_bounce")
def note_bounce(sender: Any, event: AnymailTrackingEvent, **kwargs: Any) -> None:
    ours = str((event.metadata or {}).get("notification", ""))
    if event.event_type in CAME_BACK and ours.isdecimal():
        reason = event.mta_response or event.description or event.reject_reason or event.event_type
        delivery.note_bounced(int(ours), reason)
