"""One line in the log for each request: the view, the status, the time it took; and one for what went wrong in it."""

import time
from contextlib import suppress
from typing import Any

from django.db import Error
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django_structlog.middlewares import RequestMiddleware
from django_structlog.signals import bind_extra_request_finished_metadata
from structlog.contextvars import bind_contextvars, get_contextvars


def view_of(request: HttpRequest) -> str:
    """The name of the view that answers, '' where there is none.

    Never the address: what was searched for stands in it, or the secret of an invitation.
    """
    return request.resolver_match.view_name if request.resolver_match else ""


class RequestLogMiddleware(RequestMiddleware):
    """django-structlog's, which would write down addresses, and whatever a client says its own is."""

    def prepare(self, request: HttpRequest) -> None:
        request.began_at = time.perf_counter()  # type: ignore[attr-defined]
        self.bind_user_id(request)

    @staticmethod
    def bind_user_id(request: HttpRequest) -> None:
        # A lost database is told of all the same: asked about its request, it fails once more.
        with suppress(Error):
            RequestMiddleware.bind_user_id(request)

    def handle_response(self, request: HttpRequest, response: HttpResponse) -> None:
        kept = get_contextvars()
        super().handle_response(request, response)
        # It forgets them, and lines may follow.
        bind_contextvars(**kept)

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {view_of(request)}"


@receiver(bind_extra_request_finished_metadata, dispatch_uid="backoffice.request_log")
def add_time(request: HttpRequest, log_kwargs: dict[str, Any], **kwargs: Any) -> None:
    log_kwargs["seconds"] = round(time.perf_counter() - request.began_at, 4)  # type: ignore[attr-defined]
