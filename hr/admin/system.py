"""The page of what differs between the databases and of what is stuck, each with a button that puts it right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hr.services.checks import CHECKS, STUCK
from hr.services.reconcile import can_compare, can_repair, compare, repair

if TYPE_CHECKING:
    from hr.admin.outbox import OutboxMessageAdmin

SHOWN = 25


def system_view(request: HttpRequest, model_admin: OutboxMessageAdmin) -> HttpResponse:
    """The page; posted to, `repair=check:key` is put right, as often as it is sent."""
    user: Any = request.user
    if not can_compare(user):
        raise PermissionDenied
    if request.method == "POST":
        with model_admin.domain_errors_to_messages(request):
            wanted = [
                (name, key) for name, _colon, key in (item.partition(":") for item in request.POST.getlist("repair"))
            ]
            count = repair(wanted, actor=user)
            text = ngettext("%(count)d repair was carried out.", "%(count)d repairs were carried out.", count)
            messages.success(request, text % {"count": count})
        return HttpResponseRedirect(reverse("admin:hr_outboxmessage_system"))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("State of the system"),
        "content_title": _("State of the system"),
        "sections": [
            (_("Differences between the databases"), _told(compare(CHECKS, most=SHOWN), user)),
            (_("What is stuck"), _told(compare(STUCK, most=SHOWN), user)),
        ],
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "hr/admin/system.html", context)


def _told(findings: Any, user: Any) -> list[tuple[Any, bool, Any]]:
    """Each finding with whether the user may put it right, and what is done about it."""
    told = []
    for finding in findings:
        is_mendable, may_repair = finding.check.repair is not None, can_repair(user, finding.name)
        advice = finding.check.advice if may_repair or not is_mendable else _("An administrator can repair this.")
        told.append((finding, is_mendable and may_repair, advice))
    return told
