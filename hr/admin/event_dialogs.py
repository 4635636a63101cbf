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
from hr.models import Event, Outcome
from hr.services.marks import absences_of_closing
from hr.services.mass_enrolment import foreseen


class GivenReasonForm(ActionForm):
    """A step that needs a reason."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, widget=UnfoldAdminTextInputWidget)


class OfOneEvent(ActionForm):
    """Begins with what the event has now, and says beforehand what the step does to it. Among many events it is none's
    in particular.
    """

    form_before_template = "hr/admin/events/step_dialog.html"
    filled_in: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.event = Event.objects.visible_to(self.request.user).filter(pk=self.object_id).first()
        for name in self.filled_in if self.event else ():
            self.fields[name].initial = getattr(self.event, name)

    def get_before_template_context(self, request: HttpRequest, object_id: Any = None) -> dict[str, Any]:
        context = super().get_before_template_context(request, object_id)
        return context | {"notes": self.notes(self.event) if self.event else []}

    def notes(self, event: Event) -> list[str]:
        """What the step does, a sentence each."""
        return []


class PublishForm(OfOneEvent):
    """Says how many people will be enrolled."""

    def notes(self, event: Event) -> list[str]:
        return [*_where_it_is_late(event), *_what_publishing_does(event)]


class CloseForm(OfOneEvent):
    """Says how many people become absent."""

    def notes(self, event: Event) -> list[str]:
        count = absences_of_closing(event)
        if not count:
            return [_("Nobody becomes absent by this.")]
        text = ngettext(
            "%(count)d person who is pending becomes absent.", "%(count)d people who are pending become absent.", count
        )
        return [text % {"count": count}]


class CancelForm(GivenReasonForm, OfOneEvent):
    """Says how many people lose something by it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _("Who is enrolled reads it in the application; the mail does not carry it.")

    def notes(self, event: Event) -> list[str]:
        if event.state == Event.State.DRAFT:
            return [_("It was not published, so nobody is told.")]
        enrolled = event.attendance.going()
        told, marked = enrolled.count(), enrolled.exclude(outcome=Outcome.PENDING).count()
        if not told:
            return [_("Nobody is enrolled, so nobody is told.")]
        text = ngettext(
            "%(count)d person is enrolled, and is told.", "%(count)d people are enrolled, and are told.", told
        )
        return [text % {"count": told}, *_where_it_is_marked(marked)]


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
        help_text=gettext_lazy(
            "Who is enrolled reads it in the application; the mail does not carry it. A draft needs none."
        ),
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
    notes = []
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
        return [text % {"moment": told_moment(event.ends_at)}]
    if event.has_begun:
        text = _("It began on %(moment)s: it is in progress at once.")
        return [text % {"moment": told_moment(event.starts_at)}]
    return []


def _where_it_is_marked(count: int) -> list[str]:
    if not count:
        return []
    text = ngettext(
        "Attendance of %(count)d person is marked already, and will count for nothing.",
        "Attendance of %(count)d people is marked already, and will count for nothing.",
        count,
    )
    return [text % {"count": count}]


def told_moment(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")
