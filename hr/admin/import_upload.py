"""The form with which a file is uploaded."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from hr.admin.audience_form import RowField
from hr.loading.kinds import Kind
from hr.models import Attendance, Event, ImportJob


class UploadForm(forms.Form):
    """The file, and what to do with it; of attendance, which event it is about."""

    file = forms.FileField(
        label=gettext_lazy("file"),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,.txt"}),
        error_messages={"required": gettext_lazy("Choose a file first.")},
    )
    create_missing = forms.BooleanField(
        label=gettext_lazy("Create units and positions that do not exist yet"), required=False
    )
    mode = forms.ChoiceField(
        label=gettext_lazy("Which rows to write"),
        choices=ImportJob.Mode.choices,
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    full_roster = forms.BooleanField(
        label=gettext_lazy("The file names everybody who works here"),
        help_text=gettext_lazy("Who is missing from it is listed; whether they leave is asked apart."),
        required=False,
    )
    again = forms.BooleanField(label=gettext_lazy("Load it again"), required=False)
    event = RowField(
        Attendance,
        "event",
        label=gettext_lazy("Event"),
        required=False,
        help_text=gettext_lazy("Where the file has no column for it: all its rows are about this event."),
    )

    def __init__(self, *args: Any, kind: Kind, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.same = ""
        if kind.of_events:
            self.fields["event"].queryset = Event.objects.visible_to(user)
        else:
            del self.fields["event"]
        if kind.name != ImportJob.Resource.EMPLOYEES:
            del self.fields["full_roster"]

    def offer_again(self, told: str) -> None:
        """The file was loaded before: `told` says so, and a tick loads it all the same."""
        self.same = told
        self.add_error("file", told)
