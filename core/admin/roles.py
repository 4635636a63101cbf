from copy import copy
from typing import Any

import django.contrib.auth.admin  # noqa: F401  (registers groups; ours takes their place)
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.decorators import display

from core.admin.base import BackofficeAdmin
from core.roles import ROLES, role_label

VERBS = {
    "view": gettext_lazy("view"),
    "add": gettext_lazy("add"),
    "change": gettext_lazy("change"),
    "delete": gettext_lazy("delete"),
    "import": gettext_lazy("import"),
    "export": pgettext_lazy("right", "export"),
    "invite": gettext_lazy("invite to log in"),
    "assign_role": gettext_lazy("assign roles"),
    "view_personal_data": gettext_lazy("view personal data"),
    "mark": gettext_lazy("mark"),
    "grade": pgettext_lazy("right", "grade"),
    "decide": gettext_lazy("decide"),
    "approve": gettext_lazy("approve"),
    "retry": gettext_lazy("try again"),
    "repair": gettext_lazy("repair"),
}

admin.site.unregister(Group)
# Counts, titles and breadcrumbs take the model's own words.
Group._meta.verbose_name = gettext_lazy("role")
Group._meta.verbose_name_plural = gettext_lazy("roles")


@admin.register(Group)
class RoleAdmin(BackofficeAdmin):
    """The roles and what they allow, to read: the table is core/roles.py."""

    has_few_rows = True
    list_display = ["label", "members"]
    fields = ["label", "rights", "members"]
    readonly_fields = fields
    ordering = ["pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        counted = Count("user", filter=Q(user__is_active=True))
        return super().get_queryset(request).filter(name__in=ROLES).annotate(active_members=counted)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Roles"), **(extra_context or {})})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Headed by the role's name in the reader's language, not by its key."""
        group = self.get_object(request, object_id) if object_id else None
        heading = {"title": _("Role"), "subtitle": role_label(group.name), "original": _named(group)} if group else {}
        return super().changeform_view(request, object_id, form_url, {**heading, **(extra_context or {})})

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        group = self.get_object(request, object_id)
        heading = {"title": _("Role"), "subtitle": role_label(group.name), "object": _named(group)} if group else {}
        return super().history_view(request, object_id, {**heading, **(extra_context or {})})

    @display(description=gettext_lazy("role"))
    def label(self, group: Group) -> str:
        return role_label(group.name)

    @display(description=gettext_lazy("active users"))
    def members(self, group: Group) -> SafeString:
        url = reverse("admin:core_user_changelist", query={"role": group.name})
        return format_html('<a href="{}">{}</a>', url, group.active_members)

    @display(description=gettext_lazy("rights over the whole organisation"))
    def rights(self, group: Group) -> SafeString | str:
        rows = [
            (capfirst(apps.get_model(target)._meta.verbose_name_plural), ", ".join(self._verbs(verbs)))
            for target, verbs in ROLES[group.name].rights.items()
        ]
        return format_html_join("", "<div>{}: {}</div>", rows) or _("None: what it sees follows from who it is.")

    @staticmethod
    def _verbs(verbs: str) -> list[str]:
        return [str(VERBS[verb]) for verb in verbs.split()]


def _named(group: Group) -> Group:
    """A copy, for breadcrumbs, that bears the name people read."""
    named = copy(group)
    named.name = str(role_label(group.name))
    return named
