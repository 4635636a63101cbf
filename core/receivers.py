"""What others announce: Django a login, the mail provider a mail that came back."""

import time
from typing import Any

from anymail.signals import AnymailTrackingEvent, tracking
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from core.middleware import ENDED, SEEN, STARTED
from core.models import User
from core.services import invitations
from core.views.language import CHOSEN

CAME_BACK = {"bounced", "rejected", "failed"}


@receiver(user_logged_in, dispatch_uid="core.begin_session")
def begin_session(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Both limits of a session count from the login; a language chosen on the login page becomes the user's."""
    request.session[STARTED] = request.session[SEEN] = int(time.time())
    request.session.pop(ENDED, None)
    if language := request.session.pop(CHOSEN, None):
        User.objects.filter(pk=user.pk).update(language=language)
        user.language = language


@receiver(tracking, dispatch_uid="core.note_bounce")
def note_bounce(sender: Any, event: AnymailTrackingEvent, **kwargs: Any) -> None:
    if event.event_type in CAME_BACK:
        ours = str((event.metadata or {}).get("invitation", ""))
        reason = event.mta_response or event.description or event.reject_reason or event.event_type
        invitations.mark_bounced(
            reason=reason, message_id=event.message_id or "", invitation_id=int(ours) if ours.isdecimal() else None
        )
