"""The page on which a manager says who stands in for him."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from core.admin.buttons import led_to_button
from core.admin.grant_forms import MomentField, PeriodForm
from core.errors import NotFound
from core.grant_list import state_of
from hr.scope import stands_in
from hr.services import delegations

if TYPE_CHECKING:
    from hr.admin.employees import EmployeeAdmin

PER_PAGE = 20


class DelegationForm(PeriodForm):
    """Who, from when to when, and why."""

    name = forms.CharField(
        label=gettext_lazy("Who stands in for you?"),
        max_length=254,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("The user name or e-mail with which your colleague logs in."),
    )
    valid_from = MomentField(label=gettext_lazy("From"))
    valid_until = MomentField(label=gettext_lazy("Until"), help_text=gettext_lazy("It ends by itself at that moment."))
    field_order = ["name", "valid_from", "valid_until", "reason"]


def delegations_view(request: HttpRequest, model_admin: EmployeeAdmin) -> HttpResponse:
    """Who stands in for the reader, for whom he stands in, and a form for who is a manager."""
    user: Any = request.user
    may_delegate = delegations.can_delegate(user)
    if not may_open(request):
        raise PermissionDenied
    standing_in = delegations.delegated_to(user)
    if request.method == "POST" and not may_delegate:
        raise PermissionDenied
    form = DelegationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with model_admin.domain_errors_on(form):
            given = delegations.delegate(**form.cleaned_data, actor=user)
            messages.success(request, _("%(deputy)s stands in for you.") % {"deputy": given.user})
            return HttpResponseRedirect(_address())
    page = Paginator(delegations.delegated_by(user), PER_PAGE).get_page(request.GET.get("p"))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Standing in"),
        "content_title": _("Standing in"),
        "form": form if may_delegate else None,
        "page": page,
        "page_range": page.paginator.get_elided_page_range(page.number),
        "delegations": [(grant, state_of(grant)) for grant in page.object_list],
        "standing_in": [(grant, manager, state_of(grant)) for grant, manager in standing_in],
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(
        request, "hr/admin/delegations.html", context, status=400 if form.is_bound and form.errors else 200
    )


def end_delegation_view(request: HttpRequest, grant_id: int, model_admin: EmployeeAdmin) -> HttpResponse:
    if request.method != "POST":
        if not may_open(request):
            raise PermissionDenied
        return led_to_button(request, _address())
    user: Any = request.user
    try:
        delegations.end_delegation(grant_id, actor=user)
    except NotFound:
        raise Http404 from None
    messages.success(request, _("It has ended."))
    return HttpResponseRedirect(_address())


def may_open(request: HttpRequest) -> bool:
    """Managers, and those who stand in for one. Asked for every sidebar: from the facts of the request alone."""
    user: Any = request.user
    return delegations.can_delegate(user) or stands_in(user)


def _address() -> str:
    return reverse("admin:hr_employee_delegations")
