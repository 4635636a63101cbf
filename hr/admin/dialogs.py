"""What the dialogs and the pages of actions ask for. A choice of a row is an autocomplete over the user's rows."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.forms import BaseDialogForm
from unfold.widgets import INPUT_CLASSES, UnfoldAdminTextInputWidget

from core.admin.base import rows_for
from core.admin.widgets import RowSelect
from hr.models import Employee, OrgUnit
from hr.querysets import OrgUnitQuerySet


def rows_for_user(rows: QuerySet, user: Any) -> QuerySet:
    return rows_for(user, rows)


class DayInput(forms.DateInput):
    """The browser's own date field: the library's calendar does not start inside a dialog."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(attrs={"class": " ".join(INPUT_CLASSES)}, format="%Y-%m-%d")


class RowChoice(RowSelect):
    """Django's, without its scripts in a dialog, where backoffice/dialogs.js starts it."""

    in_dialog = False

    @property
    def media(self) -> forms.Media:
        return forms.Media() if self.in_dialog else super().media


class RowField(forms.ModelChoiceField):
    """One row of those the user sees, found by typing. `relation` is the field whose admin search serves it.

    `among(rows, user)` leaves only some of these to choose from.
    """

    def __init__(
        self,
        model: type[Model],
        relation: str,
        *,
        among: Callable[[QuerySet, Any], QuerySet] = rows_for_user,
        **kwargs: Any,
    ) -> None:
        self.among = among
        field = model._meta.get_field(relation)
        widget = RowChoice(field, admin.site, attrs={"style": "width: 100%"})
        super().__init__(queryset=field.related_model.objects.none(), widget=widget, **kwargs)


class ActionForm(BaseDialogForm):
    """A dialog about one row, or a page about many. Row fields offer what the user sees."""

    form_before_template = "hr/admin/dialog_errors.html"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, RowField):
                field.queryset = field.among(field.queryset.model.objects.all(), self.request.user)
                field.widget.in_dialog = self.object_id is not None

    def get_before_template_context(self, request: HttpRequest, object_id: Any = None) -> dict[str, Any]:
        """The library's dialog shows the errors of fields only."""
        return {"errors": self.non_field_errors()}

    def values(self) -> dict[str, Any]:
        """What was typed, without the marker that says it was sent."""
        return {name: value for name, value in self.cleaned_data.items() if not name.startswith("_")}


class ReasonForm(ActionForm):
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Kept in the history."),
    )


class TerminateForm(ReasonForm):
    ended_on = forms.DateField(label=_("Last day"), widget=DayInput, initial=timezone.localdate)
    field_order = ["ended_on", "reason"]


class RehireForm(ReasonForm):
    hired_on = forms.DateField(label=_("First day"), widget=DayInput, initial=timezone.localdate)
    field_order = ["hired_on", "reason"]


class MoveForm(ActionForm):
    org_unit = RowField(Employee, "org_unit", label=_("Unit"), among=OrgUnitQuerySet.open_to_move)


class BossForm(ActionForm):
    reports_to = RowField(
        Employee,
        "reports_to",
        label=_("Reports to"),
        required=False,
        help_text=_("Leave it empty for somebody who reports to nobody."),
    )


class MoveUnitForm(ActionForm):
    parent = RowField(
        OrgUnit,
        "parent",
        label=_("Part of"),
        required=False,
        help_text=_("All units below move along. Leave it empty for a unit at the top."),
    )


class HeadForm(ActionForm):
    head = RowField(
        OrgUnit,
        "head",
        label=_("Head"),
        required=False,
        help_text=_("Leave it empty for a unit without a head."),
    )
