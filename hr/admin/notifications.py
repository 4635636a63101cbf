from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from core.admin.badges import badge_column
from core.admin.base import BackofficeAdmin
from core.services.batches import few_keys
from hr.admin.inbox import inbox_view, open_view
from hr.admin.messages import NamedChangeList, error_of, name_subjects
from hr.models import Notification
from hr.services.batches import in_batches
from hr.services.delivery import mark_read

LABELS = {
    "pending": "info",
    "sent": "success",
    "bounced": "danger",
    "failed": "danger",
    "read": "primary",
    "dropped": "default",
}


@admin.register(Notification)
class NotificationAdmin(BackofficeAdmin):
    """Everybody's own notifications; who may view all sees the mail of others too, with what bounced."""

    # The message itself is not the addressee's to open; what it tells him is.
    seen_with_row = ("message",)
    list_display = ["text", "shown_state", "problem", "user_name", "channel", "created_at"]
    list_select_related = ["message"]
    list_filter = [("state", ChoicesDropdownFilter), ("channel", ChoicesDropdownFilter)]
    search_fields = ["user_name"]
    fields = ["text", "problem", "user_name", "channel", "shown_state", "error", "attempts", "created_at", "sent_at"]
    readonly_fields = fields
    actions = ["mark_as_read"]

    def get_urls(self) -> list[URLPattern]:
        pages = [("inbox/", inbox_view, "inbox"), ("<path:object_id>/open/", open_view, "open")]
        return [
            path(route, self.admin_site.admin_view(view), {"model_admin": self}, name=f"hr_notification_{name}")
            for route, view, name in pages
        ] + super().get_urls()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[NamedChangeList]:
        return NamedChangeList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Notification | None:
        notification = super().get_object(request, object_id, from_field)
        if notification is not None:
            name_subjects([notification], request.user)
        return notification

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Notification | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Notification | None = None) -> bool:
        return False

    @action(description=gettext_lazy("Mark as read"))
    def mark_as_read(self, request: HttpRequest, queryset: QuerySet) -> None:
        read = in_batches(mark_read, few_keys(queryset), actor=request.user, values={}) or 0
        text = ngettext("%(count)d notification is read.", "%(count)d notifications are read.", read)
        self.message_user(request, text % {"count": read})

    @display(description=gettext_lazy("what"))
    def text(self, notification: Notification) -> str:
        return notification.text

    @display(description=gettext_lazy("problem"))
    def problem(self, notification: Notification) -> str:
        return error_of(notification.message) or notification.error or self.get_empty_value_display()

    @badge_column(description=gettext_lazy("state"), colours=LABELS, ordering="state")
    def shown_state(self, notification: Notification) -> tuple[str, str]:
        if notification.message.error and notification.state == Notification.State.SENT:
            return Notification.State.FAILED, _("could not be done")
        return notification.state, notification.get_state_display()
