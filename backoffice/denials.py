"""Around every page of the back office: what is refused is recorded, and answered as if nothing were there."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from hr.models import DeniedAttempt
from hr.services.denials import note_denied

Kind = DeniedAttempt.Kind
View = Callable[..., HttpResponse]


def recording_denials(view: View) -> View:
    """The view, with a record of whatever it refuses to a logged-in user.

    A record that never existed counts like one out of reach: telling them apart here would cost time to be measured.
    """

    @wraps(view)
    def recorded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except PermissionDenied:
            _note(request, Kind.PAGE)
            raise
        except Http404:
            _note(request, Kind.RECORD)
            raise
        if kind := getattr(request, "denied", None):
            _note(request, kind)
        return response

    return recorded


def _note(request: HttpRequest, kind: str) -> None:
    if request.user.is_authenticated:
        note_denied(request.user, kind, f"{request.method} {request.path}")
