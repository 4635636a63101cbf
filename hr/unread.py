"""The number beside the bell, on every page: counted once a request, by an index, and no further than it is shown."""

from typing import Any

from django.http import HttpRequest

from hr.services.delivery import unread_count

MOST_COUNTED = 99


def unread_label(request: HttpRequest) -> str:
    """How many the user has not read, for the badges of a page: '' for none, at most '99+'."""
    label: str | None = getattr(request, "_unread_label", None)
    if label is None:
        user: Any = request.user
        count = unread_count(user, most=MOST_COUNTED + 1) if user.is_authenticated else 0
        label = f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count or "")
        request._unread_label = label  # type: ignore[attr-defined]
    return label
