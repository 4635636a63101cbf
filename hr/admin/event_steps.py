"""The steps of an event's life, as dialogs on its page and as actions on many of the list. That of the evaluation
after it is in hr/admin/event_evaluation.py.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action

from hr.admin.bulk import run_on_many
from hr.admin.dialogs import ActionForm
from hr.admin.event_dialogs import (
    CancelForm,
    CloneForm,
    CloseForm,
    GivenReasonForm,
    PostponeForm,
    PublishForm,
    told_moment,
)
from hr.admin.participants import told_waiting
from hr.models import Attendance, Event
from hr.permissions import can_change_event, can_create_events
from hr.services import events

State = Event.State
# The buttons are for events in these states; one pressed on an old page is answered in words.
OFFERED: dict[str, set[str]] = {
    "publish": {State.DRAFT},
    "unpublish": {State.PUBLISHED},
    "start": {State.PUBLISHED},
    "complete": {State.IN_PROGRESS},
    "close": {State.COMPLETED},
    "reopen": {State.CLOSED},
    "postpone": {State.DRAFT, State.PUBLISHED},
    "cancel": {State.DRAFT, State.PUBLISHED, State.IN_PROGRESS},
    "evaluate": set(State) - {State.CANCELLED},
    "clone": set(State),
}


class EventSteps(admin.ModelAdmin):
    """Mixed into the admin of events."""

    actions_detail = [
        *["publish", "start", "complete", "close", "reopen"],
        {
            "title": gettext_lazy("More"),
            "icon": "more_horiz",
            "items": ["postpone", "evaluate", "clone", "unpublish", "cancel"],
        },
    ]
    actions = ["publish_many", "complete_many", "close_many", "evaluate_many", "cancel_many", "delete_many"]

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        event = self.row_of(request, object_id)  # type: ignore[attr-defined]
        offered = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        return [step for step in offered if event and event.state in OFFERED[_verb(step)]]

    def has_lead_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return can_change_event(request.user)

    def has_clone_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return can_create_events(request.user)

    # --- One event --------------------------------------------------------------------------------------------
    @action(
        description=gettext_lazy("Publish"),
        icon="campaign",
        permissions=["lead"],
        dialog={
            "title": gettext_lazy("Publish the event"),
            "form_submit_text": gettext_lazy("Publish"),
            "form_class": PublishForm,
        },
    )
    def publish(self, request: HttpRequest, form: PublishForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(  # type: ignore[attr-defined]
            request, form, object_id, "publish", events.publish_events, done=_published
        )

    @action(
        description=gettext_lazy("Back to draft"),
        icon="undo",
        permissions=["lead"],
        dialog={
            "title": gettext_lazy("Back to draft"),
            "description": gettext_lazy(
                "Every enrolment is cancelled. They return when it is published again. Once attendance has been marked "
                "this is no longer possible."
            ),
            "form_submit_text": gettext_lazy("Back to draft"),
            "form_class": ActionForm,
        },
    )
    def unpublish(self, request: HttpRequest, form: ActionForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(  # type: ignore[attr-defined]
            request,
            form,
            object_id,
            "unpublish",
            events.unpublish_events,
            done=_("%(row)s is a draft again, and nobody is enrolled in it."),
        )

    @action(
        description=gettext_lazy("Start"),
        icon="play_circle",
        permissions=["lead"],
        dialog={
            "title": gettext_lazy("Start the event now"),
            "description": gettext_lazy("It starts by itself at its time; this is for starting before."),
            "form_submit_text": gettext_lazy("Start"),
            "form_class": ActionForm,
        },
    )
    def start(self, request: HttpRequest, form: ActionForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(  # type: ignore[attr-defined]
            request, form, object_id, "start", events.start_events, done=_("%(row)s is in progress.")
        )

    @action(
        description=gettext_lazy("Complete"),
        icon="task_alt",
        permissions=["lead"],
        dialog={
            "title": gettext_lazy("The event is over"),
            "description": gettext_lazy("The roll-call goes on until the event is closed."),
            "form_submit_text": gettext_lazy("Complete"),
            "form_class": ActionForm,
        },
    )
    def complete(self, request: HttpRequest, form: ActionForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(  # type: ignore[attr-defined]
            request,
            form,
            object_id,
            "complete",
            events.complete_events,
            done=_("%(row)s is completed. Its roll can be taken until it is closed."),
        )

    @action(
        description=gettext_lazy("Close the roll"),
        icon="lock",
        permissions=["lead"],
        dialog={
            "title": gettext_lazy("Close the roll"),
            "description": gettext_lazy(
                "Whoever is still pending was absent. Later changes are asked for as corrections."
            ),
            "form_submit_text": gettext_lazy("Close the roll"),
            "form_class": CloseForm,
        },
    )
    def close(self, request: HttpRequest, form: CloseForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(  # type: ignore[attr-defined]
            request, form, object_id, "close", events.close_events, done=_("The roll of %(row)s is closed.")
        )

    @action(
        description=gettext_lazy("Reopen"),
        icon="lock_open",
        permissions=["lead"],
        dialog={
            "title": gettext_lazy("Take the roll again"),
            "form_submit_text": gettext_lazy("Reopen"),
            "form_class": GivenReasonForm,
        },
    )
    def reopen(self, request: HttpRequest, form: GivenReasonForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(  # type: ignore[attr-defined]
            request, form, object_id, "reopen", events.reopen_events, done=_("The roll of %(row)s is open again.")
        )

    @action(
        description=gettext_lazy("Postpone"),
        icon="event_repeat",
        permissions=["lead"],
        dialog={
            "title": gettext_lazy("Another time"),
            "description": gettext_lazy("Sessions move along."),
            "form_submit_text": gettext_lazy("Postpone"),
            "form_class": PostponeForm,
        },
    )
    def postpone(self, request: HttpRequest, form: PostponeForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(  # type: ignore[attr-defined]
            request, form, object_id, "postpone", events.postpone_events, done=_postponed
        )

    @action(
        description=gettext_lazy("Cancel the event"),
        icon="event_busy",
        permissions=["lead"],
        dialog={
            "title": gettext_lazy("Cancel the event"),
            "description": gettext_lazy("For good: every enrolment is cancelled."),
            "form_submit_text": gettext_lazy("Yes, cancel the event"),
            "form_class": CancelForm,
        },
    )
    def cancel(self, request: HttpRequest, form: CancelForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(  # type: ignore[attr-defined]
            request, form, object_id, "cancel", events.cancel_events, done=_("%(row)s was cancelled.")
        )

    @action(
        description=gettext_lazy("Copy"),
        icon="content_copy",
        permissions=["clone"],
        dialog={
            "title": gettext_lazy("Copy the event"),
            "description": gettext_lazy("A new draft with the same audience and sessions."),
            "form_submit_text": gettext_lazy("Copy"),
            "form_class": CloneForm,
        },
    )
    def clone(self, request: HttpRequest, form: CloneForm, object_id: str) -> HttpResponse:
        event = self.row_of(request, unquote(object_id))  # type: ignore[attr-defined]
        if event is None:
            raise Http404
        with self.domain_errors_on(form):  # type: ignore[attr-defined]
            copy = events.clone_event(event.pk, actor=request.user, **form.values())
            messages.success(request, _("%(event)s was made.") % {"event": copy})
            return self.back_to(copy.pk)  # type: ignore[attr-defined]
        return render(request, "unfold/helpers/dialog.html", {"dialog": self.clone.dialog, "form": form})

    # --- Many events ------------------------------------------------------------------------------------------
    @action(description=gettext_lazy("Publish"), permissions=["lead"])
    def publish_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self, request, queryset, title=_("Publish"), form_class=ActionForm, service=events.publish_events
        )

    @action(description=gettext_lazy("Complete"), permissions=["lead"])
    def complete_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self, request, queryset, title=_("Complete"), form_class=ActionForm, service=events.complete_events
        )

    @action(description=gettext_lazy("Close the roll"), permissions=["lead"])
    def close_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self, request, queryset, title=_("Close the roll"), form_class=ActionForm, service=events.close_events
        )

    @action(description=gettext_lazy("Cancel the events"), permissions=["lead"])
    def cancel_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self, request, queryset, title=_("Cancel the events"), form_class=CancelForm, service=events.cancel_events
        )

    @action(description=gettext_lazy("Delete"), permissions=["delete"])
    def delete_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self, request, queryset, title=_("Delete"), form_class=ActionForm, service=events.delete_events
        )


def _published(event: Event, request: HttpRequest) -> str:
    rows = Attendance.objects.visible_to(request.user).filter(event=event)
    seated, waiting = rows.seated().count(), rows.waiting().count()
    text = ngettext(
        "%(event)s was published: %(count)d person takes part.",
        "%(event)s was published: %(count)d people take part.",
        seated,
    ) % {"event": event, "count": seated}
    return f"{text} {told_waiting(waiting)}" if waiting else text


def _postponed(event: Event, request: HttpRequest) -> str:
    moment = Event.objects.visible_to(request.user).get(pk=event.pk).starts_at
    return _("%(event)s begins on %(moment)s now.") % {"event": event, "moment": told_moment(moment)}


def _verb(step: UnfoldAction) -> str:
    """`hr_event_publish` is publish."""
    return step.action_name.rpartition("_")[2]
