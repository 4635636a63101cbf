from __future__ import annotations

from datetime import UTC
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from core.admin.widgets import RowSelect
from core.grantable import Grantable
from core.models import User, UserGrant
from core.roles import role_label
from core.services.grants import groups_to_grant


class MomentInput(forms.DateTimeInput):
    """The browser's own field for a day and a time."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(attrs={"class": " ".join(INPUT_CLASSES)}, format="%Y-%m-%dT%H:%M")


class MomentField(forms.DateTimeField):
    """A moment that is one in UTC, too: the last night of the calendar is none."""

    widget = MomentInput

    def to_python(self, value: Any) -> Any:
        moment = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None


class GroupField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Group) -> str:
        return str(role_label(obj.name))


class PeriodForm(forms.Form):
    """Until when, and why."""

    valid_until = MomentField(
        label=_("Until"),
        required=False,
        help_text=_("It ends by itself at that moment. Empty: until somebody ends it."),
    )
    reason = forms.CharField(label=_("Reason"), max_length=500, widget=UnfoldAdminTextInputWidget)


class GrantForm(PeriodForm):
    """To whom, and what; the row is the page's."""

    user = forms.ModelChoiceField(label=_("User"), queryset=User.objects.none(), required=False)
    group = GroupField(label=_("or group"), queryset=None, required=False)
    permissions = forms.MultipleChoiceField(label=_("Rights"), widget=UnfoldAdminCheckboxSelectMultipleWidget)
    valid_from = MomentField(label=_("From"), required=False, help_text=_("Empty: from now on."))
    field_order = ["user", "group", "permissions", "valid_from", "valid_until", "reason"]

    def __init__(self, *args: Any, grantable: Grantable, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose = RowSelect(UserGrant._meta.get_field("user"), admin.site, attrs={"style": "width: 100%"})
        self.fields["user"].widget = choose
        self.fields["user"].queryset = User.objects.visible_to(reader).filter(is_active=True)
        self.fields["group"].widget = UnfoldAdminSelectWidget()
        self.fields["group"].queryset = groups_to_grant()
        self.fields["permissions"].choices = list(grantable.labels.items())
        self.fields["permissions"].initial = list(grantable.suggested)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if bool(cleaned.get("user")) == bool(cleaned.get("group")) and not {"user", "group"} & self.errors.keys():
            raise forms.ValidationError(_("Choose a user or a group."))
        return cleaned

    def values(self) -> dict[str, Any]:
        """For core.services.grants.give."""
        cleaned = self.cleaned_data
        return {
            "permissions": cleaned["permissions"],
            "to": cleaned["user"] or cleaned["group"],
            "valid_from": cleaned["valid_from"] or timezone.now(),
            "valid_until": cleaned["valid_until"],
            "reason": cleaned["reason"],
        }
