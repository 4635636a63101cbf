from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action, display

from core.admin.badges import badge
from core.admin.base import BackofficeAdmin
from core.admin.paginator import PagedChangeList
from core.grant_list import state_of, targets_of
from core.grantable import label_of
from core.models import GroupGrant, UserGrant
from core.models.grant import Grant
from core.roles import role_label
from core.services import grants
from core.services.batches import few_keys

STATES = {
    "in_force": ("success", gettext_lazy("in force")),
    "coming": ("info", gettext_lazy("not yet")),
    "ended": ("", gettext_lazy("ended")),
}


class GrantStateFilter(DropdownFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Iterable[tuple[str, Any]]:
        return [(name, label) for name, (_colour, label) in STATES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        now = timezone.now()
        match self.value():
            case "in_force":
                return queryset.in_force(now)
            case "coming":
                return queryset.filter(valid_from__gt=now)
            case "ended":
                return queryset.filter(Q(valid_until__lte=now))
        return queryset


class GrantChangeList(PagedChangeList):
    """Finds the records of a page with one query per model, and only those the reader sees."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        name_targets(self.result_list, request)


def name_targets(rows: list[Grant], request: HttpRequest) -> None:
    found = targets_of(rows, request.user)
    for grant in rows:
        grant.shown_target = found.get((grant.content_type_id, grant.object_pk))


class GrantAdmin(BackofficeAdmin):
    """Rights on single records, all of them: who holds what, and until when. They are given on the record's page."""

    list_display = ["holder", "right", "target", "state", "since", "until", "reason", "granted_by"]
    list_filter = [GrantStateFilter]
    fields = ["holder", "right", "target", "state_badge", "since", "until", "reason", "granted_by", "ended_by"]
    readonly_fields = ["holder", "right", "target", "state_badge", "since", "until"]
    ordering = ["-valid_from", "-pk"]
    actions = ["end_many"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return GrantChangeList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Grant | None:
        grant = super().get_object(request, object_id, from_field)
        if grant is not None:
            name_targets([grant], request)
        return grant

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:
        return False

    def has_end_permission(self, request: HttpRequest) -> bool:
        return grants.can_end(request.user)

    @action(description=gettext_lazy("End now"), permissions=["end"])
    def end_many(self, request: HttpRequest, queryset: QuerySet) -> None:
        ended = grants.end_many(self.model, few_keys(queryset), actor=request.user)
        text = ngettext("%(count)d right has ended.", "%(count)d rights have ended.", ended)
        self.message_user(request, text % {"count": ended})

    # The library's fields have no translated names, and a permission's own name is English.
    @display(description=gettext_lazy("right"), ordering="permission")
    def right(self, grant: Grant) -> str:
        return label_of(grant.permission.codename)

    @display(description=gettext_lazy("record"))
    def target(self, grant: Grant) -> str:
        return str(grant.shown_target or _("a record that is gone"))

    @display(description=gettext_lazy("state"), label={name: colour for name, (colour, _label) in STATES.items()})
    def state(self, grant: Grant) -> tuple[str, str]:
        state = state_of(grant)
        return state, str(STATES[state][1])

    @display(description=gettext_lazy("state"))
    def state_badge(self, grant: Grant) -> str:
        colour, label = STATES[state_of(grant)]
        return badge(str(label), colour)

    @display(description=gettext_lazy("from"), ordering="valid_from")
    def since(self, grant: Grant) -> str:
        return short_moment(grant.valid_from)

    @display(description=gettext_lazy("until"), ordering="valid_until", empty_value="–")
    def until(self, grant: Grant) -> str | None:
        return short_moment(grant.valid_until) if grant.valid_until else None


def short_moment(moment: datetime) -> str:
    """Lists have no room for the name of a month."""
    return date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")


@admin.register(UserGrant)
class UserGrantAdmin(GrantAdmin):
    list_select_related = ["user", "permission", "granted_by"]
    search_fields = ["user__full_name", "user__username"]

    @display(description=gettext_lazy("user"), ordering="user__full_name")
    def holder(self, grant: UserGrant) -> str:
        return str(grant.user)


@admin.register(GroupGrant)
class GroupGrantAdmin(GrantAdmin):
    list_select_related = ["group", "permission", "granted_by"]
    search_fields = ["group__name"]

    @display(description=gettext_lazy("role"), ordering="group__name")
    def holder(self, grant: GroupGrant) -> str:
        return str(role_label(grant.group.name))
