"""Whom something is for: everybody, units, positions, people, or a pasted list."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldBooleanWidget

from core.admin.rows import is_key, rows_for
from core.admin.widgets import RowSelect, RowsSelect
from hr.models import Employee
from hr.services.audiences import Audience

SHOWN = 20


class RowsField(forms.ModelMultipleChoiceField):
    """Several rows of those the user sees. `relation` is the field whose admin search serves it."""

    def __init__(self, model: type[Model], relation: str, **kwargs: Any) -> None:
        field = model._meta.get_field(relation)
        widget = RowsSelect(field, admin.site, attrs={"style": "width: 100%"})
        super().__init__(queryset=field.related_model.objects.none(), widget=widget, **kwargs)

    def _check_values(self, value: list[Any]) -> Any:
        """Django asks the database for what is no key, too."""
        for key in value:
            if not is_key(self.queryset.model, key):
                message = self.error_messages["invalid_choice"]
                raise forms.ValidationError(message, code="invalid_choice", params={"value": key})
        return super()._check_values(value)


class RowField(forms.ModelChoiceField):
    """The same for one row."""

    def __init__(self, model: type[Model], relation: str, **kwargs: Any) -> None:
        field = model._meta.get_field(relation)
        widget = RowSelect(field, admin.site, attrs={"style": "width: 100%"})
        super().__init__(queryset=field.related_model.objects.none(), widget=widget, **kwargs)


class AudienceForm(forms.Form):
    everybody = forms.BooleanField(label=_("Everybody"), required=False, widget=UnfoldBooleanWidget)
    org_units = RowsField(
        Employee, "org_unit", label=_("Units"), required=False, help_text=_("With all units below them.")
    )
    positions = RowsField(Employee, "position", label=_("Positions"), required=False)
    employees = RowsField(Employee, "reports_to", label=_("People"), required=False)
    pasted = forms.CharField(
        label=_("Pasted list"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text=_("Codes or national ids, one a line."),
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, RowsField):
                field.queryset = rows_for(user, field.queryset.model.objects.all())

    def audience(self) -> Audience:
        cleaned = self.cleaned_data
        return Audience(
            everybody=cleaned["everybody"],
            org_unit_ids=[row.pk for row in cleaned["org_units"]],
            position_ids=[row.pk for row in cleaned["positions"]],
            employee_ids=[row.pk for row in cleaned["employees"]],
            pasted=cleaned["pasted"],
        )


def preview_of(request: HttpRequest, people: QuerySet) -> dict[str, Any]:
    """How many people a form names and who, a page of them: the one whose button was pressed."""
    page = Paginator(people, SHOWN).get_page(request.POST.get("_preview"))
    pages = page.paginator.get_elided_page_range(page.number) if page.has_other_pages() else []
    return {"count": page.paginator.count, "people": page, "pages": pages}
