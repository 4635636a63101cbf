"""Everybody's own notifications, newest first: what happened, and the way to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.admin.buttons import led_to_button
from hr.admin.messages import error_of, name_subjects
from hr.services.delivery import inbox_of, mark_read

if TYPE_CHECKING:
    from hr.admin.notifications import NotificationAdmin

PER_PAGE = 20


def inbox_view(request: HttpRequest, model_admin: NotificationAdmin) -> HttpResponse:
    """The page; posted to, all are read."""
    user: Any = request.user
    if request.method == "POST":
        read = mark_read(None, actor=user)
        text = ngettext("%(count)d notification is read.", "%(count)d notifications are read.", read)
        messages.success(request, text % {"count": read})
        return HttpResponseRedirect(reverse("admin:hr_notification_inbox"))
    page = Paginator(inbox_of(user), PER_PAGE).get_page(request.GET.get("p"))
    rows = list(page.object_list)
    name_subjects(rows, user)
    for row in rows:
        row.problem = error_of(row.message)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Inbox"),
        "opts": model_admin.opts,
        "page": page,
        "page_range": page.paginator.get_elided_page_range(page.number),
        "notifications": rows,
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "hr/admin/inbox.html", context)


def open_view(request: HttpRequest, object_id: str, model_admin: NotificationAdmin) -> HttpResponse:
    """Note that it was read and lead to what it is about, or back where there is nothing to be led to."""
    notification = model_admin.get_object(request, unquote(object_id))
    if notification is None:
        raise Http404
    if request.method != "POST":
        return led_to_button(request, reverse("admin:hr_notification_inbox"))
    mark_read([notification.pk], actor=request.user)
    return HttpResponseRedirect(notification.link or reverse("admin:hr_notification_inbox"))
