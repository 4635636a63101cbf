"""The pages on which an employee asks HR to change his data, and a manager tells HR who is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from core import kept_forms
from core.errors import StaleRow
from hr.admin.dialogs import DayInput
from hr.admin.self_pages import button_on, profile_address, require_employee, self_page
from hr.change_requests import ASKABLE, ROWS, label_of
from hr.models import ChangeRequest, Employee
from hr.permissions import can_report_people
from hr.self_service import own_record
from hr.services.change_requests import (
    LONGEST_REASON,
    LONGEST_VALUE,
    ask_changes,
    report_missing,
    withdraw_change_requests,
)

if TYPE_CHECKING:
    from hr.admin.change_requests import ChangeRequestAdmin

REASON = {"max_length": LONGEST_REASON, "widget": UnfoldAdminTextInputWidget}


class AskForm(forms.Form):
    """One's own data as they are known, to be written over where they are wrong; rows in words."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, employee: Employee, waiting: set[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = employee.version
        for name in ASKABLE:
            if name not in waiting:
                self.fields[name] = _field_of(name, employee)
        self.fields["reason"] = forms.CharField(
            label=_("Why?"), help_text=_("HR reads this, and decides."), required=True, **REASON
        )

    def changed_values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.changed_data if name in ASKABLE}


class MissingForm(forms.Form):
    people = forms.CharField(
        label=gettext_lazy("Who is missing?"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        max_length=4000,
        help_text=gettext_lazy("A code or a name, one person a line."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), help_text=gettext_lazy("HR reads this: since when, and in which unit."), **REASON
    )


def ask_view(request: HttpRequest, model_admin: ChangeRequestAdmin) -> HttpResponse:
    user = require_employee(request)
    employee = own_record(user)
    if employee is None:
        raise Http404
    waiting = set(
        ChangeRequest.objects.visible_to(user)
        .waiting()
        .filter(employee=employee, kind=ChangeRequest.Kind.DATA)
        .values_list("field", flat=True)
    )
    form_class: Any = kept_forms.refilled(request, AskForm)
    form = form_class(request.POST if request.method == "POST" else None, employee=employee, waiting=waiting)
    if form.is_bound and form.is_valid():
        with model_admin.domain_errors_on(form):
            try:
                asked = ask_changes(**_sent(form), actor=user, source="self-service")
            except StaleRow as stale:
                # What was known then stands in the form: sent again it would ask for the way back.
                messages.error(request, stale.message)
                return HttpResponseRedirect(request.path)
            text = ngettext("HR was asked for %(count)d change.", "HR was asked for %(count)d changes.", len(asked))
            messages.success(request, text % {"count": len(asked)})
            return HttpResponseRedirect(profile_address())
    context = {
        "title": _("Ask for a change"),
        "form": form,
        "waiting": [label_of(name) for name in ASKABLE if name in waiting],
        "back": profile_address(),
    }
    return self_page(request, model_admin, "ask.html", context, 400 if form.errors else 200)


def missing_view(request: HttpRequest, model_admin: ChangeRequestAdmin) -> HttpResponse:
    user: Any = request.user
    if not can_report_people(user):
        raise Http404
    form_class: Any = kept_forms.refilled(request, MissingForm)
    form = form_class(request.POST if request.method == "POST" else None)
    back = reverse("admin:hr_changerequest_changelist")
    if form.is_bound and form.is_valid():
        with model_admin.domain_errors_on(form):
            people = form.cleaned_data["people"].splitlines()
            report_missing(people, reason=form.cleaned_data["reason"], actor=user, source="self-service")
            messages.success(request, _("HR was told. You will be told what was decided."))
            return HttpResponseRedirect(back)
    context = {"title": _("Somebody is missing"), "form": form, "back": back}
    return self_page(request, model_admin, "missing.html", context, 400 if form.errors else 200)


@button_on(profile_address)
def withdraw_view(request: HttpRequest, request_id: int, model_admin: ChangeRequestAdmin) -> HttpResponse:
    """The button on one's own page."""
    user: Any = request.user
    with model_admin.domain_errors_to_messages(request):
        withdraw_change_requests([request_id], actor=user, source="self-service")
        messages.success(request, _("The request was withdrawn."))
    return HttpResponseRedirect(profile_address())


def _sent(form: AskForm) -> dict[str, Any]:
    return {
        "values": form.changed_values(),
        "reason": form.cleaned_data["reason"],
        "version": form.cleaned_data["version"],
    }


def _field_of(name: str, employee: Employee) -> forms.Field:
    if name in ROWS:
        now = getattr(employee, name)
        text = _("Now: %(value)s. Leave it empty if that is right.") % {"value": now or "–"}
        return forms.CharField(
            label=capfirst(label_of(name)), required=False, max_length=LONGEST_VALUE, help_text=text, widget=_text()
        )
    column: Any = Employee._meta.get_field(name)
    widget: forms.Widget = _text()
    if name == "country":
        widget = UnfoldAdminSelectWidget()
    elif column.get_internal_type() == "DateField":
        widget = DayInput()
    field = column.formfield(widget=widget, initial=getattr(employee, name))
    field.required = False  # the service says what may be empty
    return field


def _text() -> forms.Widget:
    return UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"})
