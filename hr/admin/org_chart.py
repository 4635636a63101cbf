from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from hr.org_chart import level_below

if TYPE_CHECKING:
    from hr.admin.org_units import OrgUnitAdmin


def chart_urls() -> tuple[tuple[str, str, Any], ...]:
    """The page, and the levels that it loads when a unit is opened."""
    return ("chart/", "hr_orgunit_chart", chart_view), ("chart/level/", "hr_orgunit_chart_level", level_view)


def chart_view(request: HttpRequest, model_admin: OrgUnitAdmin) -> HttpResponse:
    """The units at the top; if there is only one, the units below it, too."""
    _require_view(request, model_admin)
    level = level_below(None, user=request.user)
    only = level.nodes[0] if len(level.nodes) == 1 else None
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Org chart"),
        "level": level,
        "open_level": level_below(only.unit, user=request.user) if only else None,
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "hr/admin/org_chart.html", context)


def level_view(request: HttpRequest, model_admin: OrgUnitAdmin) -> HttpResponse:
    """The units below `?below=id`, or more of those at the top, from `?from=` on, as a fragment for htmx."""
    _require_view(request, model_admin)
    below, first = request.GET.get("below", ""), request.GET.get("from", "0")
    parent = None
    if below:
        parent = model_admin.get_object(request, below)
        if parent is None:
            raise Http404
    level = level_below(parent, user=request.user, first=int(first) if first.isdecimal() and len(first) < 10 else 0)
    return render(request, "hr/admin/org_chart_level.html", {"level": level, "parent": parent})


def _require_view(request: HttpRequest, model_admin: OrgUnitAdmin) -> None:
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
