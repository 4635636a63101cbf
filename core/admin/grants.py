from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from core.admin.base import BackofficeAdmin
from core.admin.roles import VERBS
from core.models import GroupGrant, UserGrant
from core.models.grant import Grant
from core.roles import role_label


class GrantAdmin(BackofficeAdmin):
    """Rights on single records, to read."""

    readonly_fields = ["right", "target"]
    list_filter = ["valid_until"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:
        return False

    # The library's fields have no translated names, and a permission's own name is English.
    @display(description=gettext_lazy("right"), ordering="permission")
    def right(self, grant: Grant) -> str:
        verb = grant.permission.codename.removesuffix(f"_{grant.permission.content_type.model}")
        return str(VERBS.get(verb, grant.permission.name))

    @display(description=gettext_lazy("record"))
    def target(self, grant: Grant) -> str:
        return str(grant.content_object or grant.object_pk)


@admin.register(UserGrant)
class UserGrantAdmin(GrantAdmin):
    list_display = ["holder", "right", "content_type", "object_pk", "valid_from", "valid_until", "granted_by"]
    list_select_related = ["user", "permission__content_type", "content_type", "granted_by"]
    search_fields = ["user__full_name", "user__username"]
    fields = ["holder", "right", "target", "valid_from", "valid_until", "reason", "granted_by"]
    readonly_fields = ["holder", *GrantAdmin.readonly_fields]

    @display(description=gettext_lazy("user"), ordering="user__full_name")
    def holder(self, grant: UserGrant) -> str:
        return str(grant.user)


@admin.register(GroupGrant)
class GroupGrantAdmin(GrantAdmin):
    list_display = ["holder", "right", "content_type", "object_pk", "valid_from", "valid_until", "granted_by"]
    list_select_related = ["group", "permission__content_type", "content_type", "granted_by"]
    search_fields = ["group__name"]
    fields = ["holder", "right", "target", "valid_from", "valid_until", "reason", "granted_by"]
    readonly_fields = ["holder", *GrantAdmin.readonly_fields]

    @display(description=gettext_lazy("role"), ordering="group__name")
    def holder(self, grant: GroupGrant) -> str:
        return str(role_label(grant.group.name))
