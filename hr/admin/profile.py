"""My profile: what is known of me, my phones to be kept by myself, and what I have asked HR for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from core.errors import StaleRow
from hr.admin.labels import DECISION_LABELS
from hr.admin.self_pages import profile_address, require_employee, self_page
from hr.change_requests import NOTHING, label_of, name_values
from hr.countries import country_name
from hr.models import ChangeRequest, Employee
from hr.phones import display_phone
from hr.self_service import own_record
from hr.services.employees import change_own_phones

if TYPE_CHECKING:
    from hr.admin.employees import EmployeeAdmin

# The latest; all are in the list.
REQUESTS = 10
PHONE = {"required": False, "max_length": 40}


class PhonesForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)
    work_phone = forms.CharField(
        label=gettext_lazy("Work phone"), widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "tel"}), **PHONE
    )
    private_phone = forms.CharField(
        label=gettext_lazy("Private phone"), widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "tel"}), **PHONE
    )


def profile_view(request: HttpRequest, model_admin: EmployeeAdmin) -> HttpResponse:
    user = require_employee(request)
    employee = own_record(user)
    if employee is None:
        raise Http404
    form = _form(request, employee)
    if form.is_bound and form.is_valid():
        with model_admin.domain_errors_on(form):
            try:
                change_own_phones(**_sent(form), actor=user, source="self-service")
            except StaleRow:
                # Saving again writes what was typed over the row as it is now.
                form.data = form.data | {"version": employee.version}
                raise
            messages.success(request, _("Your phones were saved."))
            return HttpResponseRedirect(profile_address())
    mine = ChangeRequest.objects.visible_to(user).asked_by(user).filter(kind=ChangeRequest.Kind.DATA)
    requests = list(mine.select_related("employee")[: REQUESTS + 1])
    name_values(requests, user)
    context = {
        "title": _("My profile"),
        "employee": employee,
        "groups": _groups(employee),
        "form": form,
        "requests": [(row, DECISION_LABELS[row.state]) for row in requests[:REQUESTS]],
        "more": len(requests) > REQUESTS,
        "all_requests": reverse("admin:hr_changerequest_changelist"),
    }
    return self_page(request, model_admin, "profile.html", context, 400 if form.errors else 200)


def _form(request: HttpRequest, employee: Employee) -> PhonesForm:
    if request.method == "POST":
        return PhonesForm(request.POST.dict())
    phones = {name: display_phone(getattr(employee, name)) for name in ("work_phone", "private_phone")}
    return PhonesForm(initial={"version": employee.version, **phones})


def _sent(form: PhonesForm) -> dict[str, Any]:
    values = dict(form.cleaned_data)
    return {"version": values.pop("version"), "values": values}


def _groups(employee: Employee) -> list[tuple[str, list[tuple[str, str]]]]:
    """(title, [(label, value)]) of what HR keeps."""
    person = [
        ("first_name", employee.first_name),
        ("last_name", employee.last_name),
        ("country", country_name(employee.country)),
        ("national_id", employee.national_id),
        ("birth_date", _day(employee.birth_date)),
        ("work_email", employee.work_email),
    ]
    work = [
        ("code", employee.code),
        ("org_unit", employee.org_unit.name),
        ("position", employee.position.title if employee.position else ""),
        ("reports_to", employee.reports_to.full_name if employee.reports_to else ""),
        ("hired_on", _day(employee.hired_on)),
    ]
    return [
        (title, [(capfirst(label_of(name)), str(value or NOTHING)) for name, value in values])
        for title, values in ((_("Person"), person), (_("Employment"), work))
    ]


def _day(value: Any) -> str:
    return date_format(value, "SHORT_DATE_FORMAT") if value else ""
