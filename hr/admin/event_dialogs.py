"""What the steps of an event ask for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminTextInputWidget

from core.admin.grant_forms import MomentField
from hr.admin.dialogs import ActionForm
from hr.models import Event
from hr.services.mass_enrolment import foreseen


class GivenReasonForm(ActionForm):
    """A step that needs a reason."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, widget=UnfoldAdminTextInputWidget)


class CancelForm(GivenReasonForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _("Everybody who is enrolled reads it.")


class OfOneEvent(ActionForm):
    """Begins with what the event has now."""

    filled_in: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.event = Event.objects.visible_to(self.request.user).filter(pk=self.object_id).first()
        for name in self.filled_in if self.event else ():
            self.fields[name].initial = getattr(self.event, name)


class PublishForm(OfOneEvent):
    """Says how many people will be enrolled."""

    form_before_template = "hr/admin/events/publish_dialog.html"

    def get_before_template_context(self, request: HttpRequest, object_id: Any = None) -> dict[str, Any]:
        context = super().get_before_template_context(request, object_id)
        return context | {"notes": _what_publishing_does(self.event) if self.event else []}


class PostponeForm(OfOneEvent):
    starts_at = MomentField(label=gettext_lazy("Starts at"))
    ends_at = MomentField(
        label=gettext_lazy("Ends at"),
        required=False,
        help_text=gettext_lazy("Leave it empty and it lasts as long as before."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Everybody who is enrolled reads it. A draft needs none."),
    )
    filled_in = ("starts_at",)


class CloneForm(OfOneEvent):
    """A past time is no proposal for a copy."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=200, widget=UnfoldAdminTextInputWidget)
    starts_at = MomentField(label=gettext_lazy("Starts at"))
    filled_in = ("title", "starts_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.event and self.event.has_begun:
            self.fields["starts_at"].initial = None


def _what_publishing_does(event: Event) -> list[str]:
    seated, waiting = foreseen(event)
    notes = _where_it_is_late(event)
    if event.open_enrolment:
        notes.append(_("Those it is for are not enrolled by this: they register themselves."))
    elif not seated + waiting:
        notes.append(_("Nobody is in its audience yet, so nobody is enrolled by this."))
    if seated:
        text = (
            ngettext("%(count)d person is enrolled.", "%(count)d people are enrolled.", seated)
            if event.is_over
            else ngettext("%(count)d person is enrolled and told.", "%(count)d people are enrolled and told.", seated)
        )
        notes.append(text % {"count": seated})
    if waiting:
        text = ngettext(
            "The seats are not enough: %(count)d person is put on the wait-list.",
            "The seats are not enough: %(count)d people are put on the wait-list.",
            waiting,
        )
        notes.append(text % {"count": waiting})
    return notes


def _where_it_is_late(event: Event) -> list[str]:
    if event.is_over:
        text = _("It ended on %(moment)s: nobody is told, it is completed at once, and its roll can be taken.")
        return [text % {"moment": _moment(event.ends_at)}]
    if event.has_begun:
        text = _("It began on %(moment)s: it is in progress at once.")
        return [text % {"moment": _moment(event.starts_at)}]
    return []


def _moment(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")
