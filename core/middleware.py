"""What happens around every request: its id, the session's end, the user's language, and the stamp on his changes."""

import re
import time
import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import resolve_url
from django.utils import translation
from django.utils.cache import patch_vary_headers
from structlog.contextvars import bind_contextvars, clear_contextvars

from core import kept_forms
from core.context import changing

GetResponse = Callable[[HttpRequest], HttpResponse]
STARTED, SEEN, ENDED = "session_started", "session_seen", "session_ended"
# The last visit is noted at most this often; a write for every page would buy nothing.
SEEN_EVERY_SECONDS = 60


class RequestIdMiddleware:
    """Gives the request an id (a proxy's, if it sent one), which its log lines, changes and answer bear."""

    GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request.id = given if self.GIVEN.fullmatch(given) else uuid.uuid4().hex  # type: ignore[attr-defined]
        # Kept to the next request of this thread: Django writes its last lines after all middleware.
        clear_contextvars()
        bind_contextvars(request_id=request.id)  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["X-Request-ID"] = request.id  # type: ignore[attr-defined]
        return response


class CompressedPagesMiddleware(GZipMiddleware):
    """Pages are sent in a tenth of their size, whether or not a server in front compresses them. Files are sent as they
    are: workbooks are compressed already, and exports are streamed.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_page = response.get("Content-Type", "").startswith(("text/html", "application/json"))
        return super().process_response(request, response) if is_page and not response.streaming else response


class SessionTimeoutMiddleware:
    """Ends a session after idle or absolute time. A form posted too late is kept for its user (core/kept_forms.py)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        late_user = self._end_if_over(request)
        if late_user is None:
            kept_forms.offer(request)
        response = self.get_response(request)
        if leads_to_login(response):
            if late_user is not None:
                kept_forms.keep(request, late_user)
            if "HX-Request" in request.headers:
                return self._whole_page_to_login(request)
        return response

    def _end_if_over(self, request: HttpRequest) -> int | None:
        """The key of the user whose session ended just now, else None."""
        if SESSION_KEY not in request.session:
            return None
        now = int(time.time())
        started, seen = request.session.get(STARTED), request.session.get(SEEN)
        if started is None or seen is None:
            request.session[STARTED] = request.session[SEEN] = now
            return None
        if now - started < settings.SESSION_ABSOLUTE_SECONDS and now - seen < settings.SESSION_IDLE_SECONDS:
            if now - seen >= SEEN_EVERY_SECONDS:
                request.session[SEEN] = now
            return None
        user_id = int(request.session[SESSION_KEY])
        request.session.flush()
        request.session[ENDED] = True
        request.user = AnonymousUser()
        return user_id

    @staticmethod
    def _whole_page_to_login(request: HttpRequest) -> HttpResponse:
        """A redirect would be swapped into the open dialog; this header moves the window."""
        page = urlsplit(request.headers.get("HX-Current-URL", ""))
        target = page.path + (f"?{page.query}" if page.query else "")
        response = HttpResponse()
        response["HX-Redirect"] = redirect_to_login(target or "/", resolve_url(settings.LOGIN_URL)).url
        return response


def leads_to_login(response: HttpResponse) -> bool:
    location = response.get("Location", "")
    return response.status_code == 302 and urlsplit(location).path == resolve_url(settings.LOGIN_URL)


class UserLanguageMiddleware:
    """The user's language; before login the one chosen on the login page, else Spanish, whatever the browser asks."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = request.user.language if request.user.is_authenticated else self._chosen(request)
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()
        response = self.get_response(request)
        patch_vary_headers(response, ["Cookie"])
        return response

    @staticmethod
    def _chosen(request: HttpRequest) -> str:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        return chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


class RequestContextMiddleware:
    """Stamps all changes of the request with its id and the user."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        who = {"user_id": user.pk, "user_name": str(user)[:200]} if user.is_authenticated else {}
        with changing(request_id=request.id, source="ui", **who):  # type: ignore[attr-defined]
            return self.get_response(request)
