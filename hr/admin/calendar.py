"""A month of events: a table of weeks, and on a phone the list of its days."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import date_format, get_format
from django.utils.translation import gettext as _

from hr.admin.event_pages import answer
from hr.month import month_of

if TYPE_CHECKING:
    from hr.admin.events import EventAdmin

FIRST_YEAR, LAST_YEAR = 1900, 2200
SHOWN_A_DAY = 4


def calendar_view(request: HttpRequest, model_admin: EventAdmin) -> HttpResponse:
    """The month `?month=2026-05`, or this one, with the events that exist for the reader."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    # Django counts from Sunday, Python from Monday.
    first_weekday = (int(get_format("FIRST_DAY_OF_WEEK")) - 1) % 7
    month = month_of(_asked(request), request.user, first_weekday=first_weekday)
    events = reverse("admin:hr_event_changelist")
    around = {"starts_at__gte": month.first.isoformat(), "starts_at__lte": month.last.isoformat()}
    context = {
        "title": date_format(month.first, "YEAR_MONTH_FORMAT").capitalize(),
        "subtitle": _("Calendar"),
        "month": month,
        "today": timezone.localdate(),
        "weekdays": [WEEKDAYS_ABBR[(first_weekday + number) % 7] for number in range(7)],
        "list_link": f"{events}?{urlencode(around)}",
        "shown": SHOWN_A_DAY,
        "may_add": model_admin.has_add_permission(request),
    }
    return answer(request, model_admin, "calendar.html", context)


def _asked(request: HttpRequest) -> date:
    try:
        asked = date.fromisoformat(f"{request.GET.get('month', '')}-01")
    except ValueError:
        return timezone.localdate()
    return asked if FIRST_YEAR <= asked.year <= LAST_YEAR else timezone.localdate()
