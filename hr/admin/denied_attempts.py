from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display

from core.admin.badges import badge, badge_column
from core.admin.base import BackofficeAdmin
from hr.models import DeniedAttempt

LABELS = {"page": "info", "record": "warning", "change": "danger"}


@admin.register(DeniedAttempt)
class DeniedAttemptAdmin(BackofficeAdmin):
    """What was refused, to read."""

    list_display = ["at", "user_name", "kind_label", "what", "times"]
    list_filter = [("kind", ChoicesDropdownFilter), ("at", RangeDateTimeFilter)]
    search_fields = ["user_name", "what"]
    search_help_text = gettext_lazy("Name or address of the page")
    fields = ["at", "user_name", "kind_badge", "what", "times"]
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: DeniedAttempt | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: DeniedAttempt | None = None) -> bool:
        return False

    @badge_column(description=gettext_lazy("kind"), colours=LABELS, ordering="kind")
    def kind_label(self, attempt: DeniedAttempt) -> tuple[str, str]:
        return attempt.kind, attempt.get_kind_display()

    @display(description=gettext_lazy("kind"))
    def kind_badge(self, attempt: DeniedAttempt) -> str:
        return badge(attempt.get_kind_display(), LABELS[attempt.kind])
