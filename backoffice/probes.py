"""What machines ask: `/health/live`, `/health/ready` and `/metrics` (docs/operations.md)."""

from collections.abc import Callable
from hmac import compare_digest
from ipaddress import ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, HttpResponseNotAllowed, JsonResponse

from backoffice import health, metrics
from core.auth import address_of

# What a proxy adds, and nobody can take away again behind it.
FORWARDED = ("FORWARDED", "VIA", "X_FORWARDED_FOR", "X_FORWARDED_HOST", "X_FORWARDED_PROTO", "X_REAL_IP")


class ProbeMiddleware:
    """Answers before anything else does: without a look at the host's name, a session or a connection of the pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = PROBES.get(request.path_info)
        if answer is None:
            return self.get_response(request)
        response = answer(request) if request.method in {"GET", "HEAD"} else HttpResponseNotAllowed(["GET", "HEAD"])
        response["Cache-Control"] = "no-store"
        return response


def live(request: HttpRequest) -> HttpResponse:
    """This process answers, whatever became of everything else."""
    return _word("live")


def ready(request: HttpRequest) -> HttpResponse:
    """One word for everybody; what was found, for who has the token."""
    if not has_token(request):
        word = health.word_for(health.asked(health.WATCHES))
        return _word(word, status=_status(word))
    report = health.told(health.asked(health.WATCHES | health.WORK))
    return JsonResponse(report, status=_status(report["status"]))


def measured(request: HttpRequest) -> HttpResponse:
    """For who has the token, or asks from inside."""
    if not has_token(request) and not is_inside(request):
        return HttpResponseForbidden("forbidden\n", content_type="text/plain")
    return HttpResponse(metrics.exposition(), content_type=metrics.CONTENT_TYPE)


PROBES = {"/health/live": live, "/health/ready": ready, "/metrics": measured}


def _status(word: str) -> int:
    return 503 if word == health.UNAVAILABLE else 200


def _word(word: str, status: int = 200) -> HttpResponse:
    return HttpResponse(f"{word}\n", content_type="text/plain", status=status)


def has_token(request: HttpRequest) -> bool:
    scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
    token = settings.MONITORING_TOKEN
    return bool(token) and scheme.lower() == "bearer" and compare_digest(given.strip().encode(), token.encode())


def is_inside(request: HttpRequest) -> bool:
    """Whether the peer itself, and nobody behind it, is in one of MONITORING_NETWORKS.

    A proxy of ours is inside, too, and so may speak for anybody: what it passes on needs the token. Over a unix socket
    there is nobody but a proxy.
    """
    if any(f"HTTP_{name}" in request.META for name in FORWARDED):
        return False
    peer = address_of(request.META.get("REMOTE_ADDR", ""))
    return peer is not None and any(peer in ip_network(network) for network in settings.MONITORING_NETWORKS)
