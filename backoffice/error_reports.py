"""Errors are reported to Sentry where SENTRY_DSN names one: what broke, where, and for which request; nobody's data.

What may leave is listed, so that nothing a later version of the SDK adds leaves by itself.
"""

import logging
from typing import Any

import sentry_sdk
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.logging import LoggingIntegration, ignore_logger
from structlog.contextvars import get_contextvars

from backoffice.logs import is_known

KEPT = {"event_id", "timestamp", "platform", "level", "logger", "release", "environment", "server_name", "sdk"}
KEPT_OF_FRAME = {"filename", "abs_path", "module", "function", "lineno", "pre_context", "context_line", "post_context"}
# A name of a view; anything else is an address.
VIEW = {"route", "component"}


def report_errors(dsn: str, *, environment: str, version: str, colour: str) -> None:
    """From now on, in this process and its children."""
    # Its line is about an error that was reported.
    ignore_logger("django_structlog.middlewares.request")
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release=f"evaltrack@{version}",
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_session_tracking=False,
        auto_enabling_integrations=False,
        integrations=[DjangoIntegration(), LoggingIntegration(level=None, event_level=logging.ERROR)],
        before_send=lambda event, hint: stripped(event, colour),  # type: ignore[arg-type, return-value]
    )


def stripped(event: dict[str, Any], colour: str = "") -> dict[str, Any]:
    """The event without bodies, cookies, query strings, addresses, values of variables and texts of errors."""
    kept = {name: value for name, value in event.items() if name in KEPT}
    if event.get("transaction_info", {}).get("source") in VIEW:
        kept["transaction"] = event.get("transaction")
    if errors := event.get("exception", {}).get("values"):
        kept["exception"] = {"values": [_stripped_error(error) for error in errors]}
    elif is_known(event.get("logger") or ""):
        kept["logentry"] = {"message": event.get("logentry", {}).get("message")}
    origin = get_contextvars()
    kept["tags"] = {"request_id": origin.get("request_id", ""), "colour": colour}
    if origin.get("user_id"):
        kept["user"] = {"id": origin["user_id"]}
    return kept


def _stripped_error(error: dict[str, Any]) -> dict[str, Any]:
    frames = error.get("stacktrace", {}).get("frames", [])
    places = [{name: value for name, value in frame.items() if name in KEPT_OF_FRAME} for frame in frames]
    return {"type": error.get("type"), "module": error.get("module"), "stacktrace": {"frames": places}}
