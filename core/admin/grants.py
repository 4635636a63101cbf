from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from core.admin.base import BackofficeAdmin
from core.models import GroupGrant, UserGrant
from core.models.grant import Grant


class GrantAdmin(BackofficeAdmin):
    """Rights on single records, to read."""

    readonly_fields = ["target"]
    list_filter = ["valid_until"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:
        return False

    @display(description=gettext_lazy("record"))
    def target(self, grant: Grant) -> str:
        return str(grant.content_object or grant.object_pk)


@admin.register(UserGrant)
class UserGrantAdmin(GrantAdmin):
    list_display = ["user", "permission", "content_type", "object_pk", "valid_from", "valid_until", "granted_by"]
    list_select_related = ["user", "permission__content_type", "content_type", "granted_by"]
    search_fields = ["user__full_name", "user__username"]
    fields = ["user", "permission", "target", "valid_from", "valid_until", "reason", "granted_by"]


@admin.register(GroupGrant)
class GroupGrantAdmin(GrantAdmin):
    list_display = ["group", "permission", "content_type", "object_pk", "valid_from", "valid_until", "granted_by"]
    list_select_related = ["group", "permission__content_type", "content_type", "granted_by"]
    search_fields = ["group__name"]
    fields = ["group", "permission", "target", "valid_from", "valid_until", "reason", "granted_by"]
