"""Pages that say why: why I see this person, and, for those who look after access, why somebody else does or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.admin.widgets import RowSelect
from core.models import User, UserGrant
from hr.admin.dialogs import RowChoice
from hr.explain import explain, obstacles, told_rights
from hr.models import Employee

if TYPE_CHECKING:
    from hr.admin.employees import EmployeeAdmin


class WhyForm(forms.Form):
    """Who, and whom."""

    user = forms.ModelChoiceField(label=gettext_lazy("Does this user"), queryset=User.objects.none())
    employee = forms.ModelChoiceField(label=gettext_lazy("see this person?"), queryset=Employee.objects.none())

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        width = {"style": "width: 100%"}
        self.fields["user"].widget = RowSelect(UserGrant._meta.get_field("user"), admin.site, attrs=width)
        self.fields["user"].queryset = User.objects.visible_to(reader)
        self.fields["employee"].widget = RowChoice(Employee._meta.get_field("reports_to"), admin.site, attrs=width)
        self.fields["employee"].queryset = Employee.objects.visible_to(reader)


def reasons_view(request: HttpRequest, object_id: str, model_admin: EmployeeAdmin) -> HttpResponse:
    """Why the reader sees this employee."""
    employee = model_admin.get_object(request, unquote(object_id))
    if employee is None:
        raise Http404
    reasons = explain(request.user, employee)
    context = {
        **model_admin.with_tabs(request, employee, "reasons"),
        "title": _("Why can I see %(person)s?") % {"person": employee},
        "opts": model_admin.opts,
        "reasons": reasons,
        "original": employee,
    }
    return _answer(request, model_admin, "hr/admin/reasons.html", context)


def why_view(request: HttpRequest, model_admin: EmployeeAdmin) -> HttpResponse:
    """Why a user sees an employee, or why not. For who may read grants."""
    if not model_admin.has_grants_permission(request):
        raise PermissionDenied
    asked = request.GET if "user" in request.GET or "employee" in request.GET else None
    form = WhyForm(asked, reader=request.user)
    title = _("Who sees whom, and why")
    context: dict[str, Any] = {"title": title, "content_title": title, "form": form}
    if asked is not None and form.is_valid():
        user, employee = form.cleaned_data["user"], form.cleaned_data["employee"]
        reasons = explain(user, employee)
        context |= {
            "user_asked": user,
            "employee": employee,
            "reasons": reasons,
            "rights": told_rights(reasons),
            "obstacles": obstacles(user, employee),
        }
    return _answer(request, model_admin, "hr/admin/why.html", context | {"media": model_admin.media + form.media})


def _answer(request: HttpRequest, model_admin: EmployeeAdmin, template: str, context: dict[str, Any]) -> HttpResponse:
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, template, model_admin.admin_site.each_context(request) | context)
