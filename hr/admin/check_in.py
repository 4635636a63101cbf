"""The screen that shows the codes of an event, and the page on which everybody checks himself in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import segno
from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from core.errors import DomainError
from hr.admin.roll_pages import Roll, roll_context, roll_of
from hr.check_in_codes import Sitting, codes_now, is_long, sitting_of_long
from hr.models import Event, Outcome
from hr.scope import facts_of
from hr.services.check_in import check_in, may_show, not_right, window_of

if TYPE_CHECKING:
    from hr.admin.attendance import AttendanceAdmin


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "autofocus": True}
        ),
        help_text=gettext_lazy("The letters and digits on the screen; case and dashes do not matter."),
    )


# --- The screen -----------------------------------------------------------------------------------------------------
def screen_view(request: HttpRequest, event_id: int, model_admin: AttendanceAdmin) -> HttpResponse:
    """The whole page, or with `?fragment=1` what changes on it every 20 seconds."""
    roll = roll_of(request, event_id, model_admin)
    if not may_show(roll.event, request.user):
        raise PermissionDenied
    if "fragment" in request.GET:
        response = TemplateResponse(request, "hr/admin/attendance/screen_codes.html", _codes(request, roll))
    else:
        context = roll_context(request, roll, "screen") | _codes(request, roll)
        response = TemplateResponse(request, "hr/admin/attendance/screen.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _codes(request: HttpRequest, roll: Roll) -> dict[str, Any]:
    opens, ends = window_of(roll.of)
    now = timezone.now()
    query = {"fragment": 1} | ({"session": roll.session.pk} if roll.session else {})
    context: dict[str, Any] = {
        "fragment": f"{request.path}?{urlencode(query)}",
        "opens": opens,
        "ends": ends,
        "is_before": now < opens and roll.event.state != Event.State.CANCELLED,
        "is_over": now > ends or roll.event.state not in Event.ENROLLING,
    }
    if context["is_before"] or context["is_over"]:
        return context | {"milliseconds": 20_000}
    codes = codes_now(Sitting(roll.event.pk, roll.session.pk if roll.session else 0))
    address = f"{settings.APP_URL}{reverse('admin:hr_attendance_check_in')}?{urlencode({'code': codes.long})}"
    half = len(codes.short) // 2
    return context | {
        "qr": _drawn(address),
        "short": f"{codes.short[:half]}-{codes.short[half:]}",
        "page": f"{settings.APP_URL}{reverse('admin:hr_attendance_check_in')}",
        "milliseconds": int(codes.seconds_left * 1000) + 200,
    }


def _drawn(address: str) -> SafeString:
    """The QR code as SVG: shapes alone, nothing of what anybody wrote."""
    drawn = segno.make(address, error="m").svg_inline(omitsize=True, dark="#000", light="#fff", border=3)
    return mark_safe(drawn)  # noqa: S308  (numbers and letters of the library)


# --- The employee's page --------------------------------------------------------------------------------------------
def check_in_view(request: HttpRequest, model_admin: AttendanceAdmin) -> HttpResponse:
    """For oneself: the code that was scanned stands in the address, another is typed."""
    if not may_check_in(request):
        raise PermissionDenied
    code, refusal = request.GET.get("code", ""), ""
    if request.method == "POST":
        code = request.POST.get("code", "")
        refusal = _check_in(request, code)
        if not refusal:
            return HttpResponseRedirect(reverse("admin:hr_attendance_check_in"))
    scanned = None if refusal else sitting_of_long(code)
    if scanned is None and is_long(code):
        # It is over, and nothing to correct by hand.
        code, refusal = "", refusal or not_right()
    request.current_app = model_admin.admin_site.name
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Check in"),
        "form": CodeForm(initial={"code": code[:200]}),
        "is_scanned": scanned is not None,
        "event": Event.objects.visible_to(request.user).filter(pk=scanned.event_id).first() if scanned else None,
        "reader": request.user,
        "refusal": refusal,
    }
    return TemplateResponse(
        request,
        "hr/admin/attendance/check_in.html",
        context,
        status=400 if refusal and request.method == "POST" else 200,
    )


def may_check_in(request: HttpRequest) -> bool:
    """Whoever is an employee. Asked for every sidebar."""
    return facts_of(request.user).employee_id is not None


def _check_in(request: HttpRequest, code: str) -> str:
    """Why not; empty once it is done."""
    user: Any = request.user
    if request.POST.get("reader") != str(user.pk):
        return _("Somebody else opened this page. Scan or type the code again.")
    try:
        done = check_in(code, actor=user, source="self-service")
    except DomainError as refused:
        return refused.message
    what = f"{done.event}, {done.session}" if done.session else str(done.event)
    values = {"what": what, "outcome": Outcome(done.outcome).label}
    messages.success(request, _("You are checked in to %(what)s: %(outcome)s.") % values)
    return ""
