"""An action on many rows of a list: a page that says how many, asks what the action needs, and calls the service."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import ngettext

from core.services.batches import few_keys
from hr.admin.dialogs import ActionForm
from hr.services.batches import in_batches

if TYPE_CHECKING:
    from hr.admin.base import HrAdmin

SHOWN = 10


def run_on_many(
    page: HrAdmin,
    request: HttpRequest,
    queryset: QuerySet,
    *,
    title: str,
    form_class: type[ActionForm],
    service: Callable[..., Any],
    passed_over: str = "",
) -> HttpResponse | None:
    """The page of an action, or None (back to the list) once `service(ids, **form values)` has done it.

    A service that returns None has told the user itself. Of more rows than are changed at once the list tells so.
    `passed_over` says how many of those chosen are not among the rows.

    The page posts to the list as the action menu did, so that "all of the filter" stays all of the filter.
    """
    ids = few_keys(queryset)
    if not ids:
        messages.warning(request, passed_over)
        return None
    sent = "_form_submitted" in request.POST
    form = form_class(request=request, data=request.POST if sent else None)
    if sent and form.is_valid():
        with page.domain_errors_on(form):
            user: Any = request.user
            count = in_batches(service, ids, actor=user, values=form.values())
            if count is not None:
                text = ngettext("Done for %(count)d record.", "Done for %(count)d records.", count)
                messages.success(request, text % {"count": count})
            if passed_over:
                messages.info(request, passed_over)
            return None
    rows = list(queryset[:SHOWN])
    page.hide_unseen(rows, request)
    context = {
        **page.admin_site.each_context(request),
        "title": title,
        "opts": page.opts,
        "form": form,
        "media": page.media + form.media,
        "count": len(ids),
        "rows": rows,
        "passed_over": passed_over,
        "more": max(len(ids) - SHOWN, 0),
        "action": request.POST["action"],
        "select_across": request.POST.get("select_across", "0"),
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    request.current_app = page.admin_site.name
    return TemplateResponse(request, "hr/admin/bulk.html", context)
