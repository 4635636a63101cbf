from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter, RangeDateTimeFilter
from unfold.decorators import display

from core.admin.base import BackofficeAdmin
from hr.admin.messages import NamedChangeList, error_of, name_subjects
from hr.admin.system import system_view
from hr.models import OutboxMessage
from hr.services.outbox import KINDS


class KindFilter(DropdownFilter):
    title = gettext_lazy("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Iterable[tuple[str, Any]]:
        return [(name, kind.label) for name, kind in KINDS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class OutcomeFilter(DropdownFilter):
    title = gettext_lazy("state")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Iterable[tuple[str, Any]]:
        return [("waiting", _("waiting")), ("done", _("done")), ("faulty", _("could not be done"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case "waiting":
                return queryset.filter(done_at=None)
            case "done":
                return queryset.exclude(done_at=None).filter(error="")
            case "faulty":
                return queryset.exclude(error="")
        return queryset


@admin.register(OutboxMessage)
class OutboxMessageAdmin(BackofficeAdmin):
    """What services left to the clock, and what could not be done, with the person it is about."""

    list_display = ["what", "shown_error", "actor_name", "created_at", "done_at", "attempts"]
    list_filter = [OutcomeFilter, KindFilter, ("created_at", RangeDateTimeFilter)]
    fields = ["what", "kind", "shown_error", "actor_name", "created_at", "done_at", "attempts", "next_attempt_at"]
    readonly_fields = fields

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(system_view)
        own = path("system/", view, {"model_admin": self}, name="hr_outboxmessage_system")
        return [own, *super().get_urls()]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[NamedChangeList]:
        return NamedChangeList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> OutboxMessage | None:
        message = super().get_object(request, object_id, from_field)
        if message is not None:
            name_subjects([message], request.user)
        return message

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: OutboxMessage | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: OutboxMessage | None = None) -> bool:
        return False

    @display(description=gettext_lazy("what"))
    def what(self, message: OutboxMessage) -> str:
        return message.text

    @display(description=gettext_lazy("problem"))
    def shown_error(self, message: OutboxMessage) -> str:
        return error_of(message) or self.get_empty_value_display()
