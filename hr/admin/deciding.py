"""Lists of what some ask for and others decide: they open on what waits, and many rows are decided at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext, pgettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from hr.admin.bulk import run_on_many
from hr.admin.dialogs import ActionForm
from hr.models.attendance import Decision

State = Decision.State
SHOWN, ALL = "state__exact", "all"


class StateFilter(ChoicesDropdownFilter):
    """The state of what is asked for, by which the list opens on what waits."""

    all_option = [ALL, pgettext_lazy("requests", "All")]

    def __init__(
        self,
        field: Any,
        request: HttpRequest,
        params: dict[str, Any],
        model: type[Model],
        model_admin: Any,
        field_path: str,
    ) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        self.lookup_val = _shown(request, model_admin)

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(state=self.value()) if self.value() in State.values else queryset


class DecisionList(admin.ModelAdmin):
    """What such a list shows first, with the way to all of it, and its actions on many rows.

    Whatever is chosen, an action does what it can: the rest is passed over and counted.
    """

    has_decide_permission: Callable[..., bool]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        shown = _shown(request, self)
        tabs = [
            {"title": title, "link": f"?{SHOWN}={state}", "active": shown == state, "has_permission": True}
            for state, title in (
                (State.WAITING.value, capfirst(State.WAITING.label)),
                (ALL, pgettext("requests", "All")),
            )
        ]
        models = [{"name": str(self.opts), "detail": False}]
        own = {"tab_list": [{"models": models, "items": tabs}]} if self.has_decide_permission(request) else {}
        return super().changelist_view(request, own | (extra_context or {}))

    def decide_many(self, request: HttpRequest, queryset: QuerySet, **how: Any) -> HttpResponse | None:
        rows = queryset.decidable_by(request.user)  # type: ignore[attr-defined]
        count = _chosen(request, queryset) - rows.count()
        told = ngettext(
            "%(count)d does not wait for your decision and is passed over.",
            "%(count)d do not wait for your decision and are passed over.",
            count,
        )
        return run_on_many(self, request, rows, passed_over=told % {"count": count} if count else "", **how)  # type: ignore[arg-type]

    def withdraw_many(self, request: HttpRequest, queryset: QuerySet, **how: Any) -> HttpResponse | None:
        rows = queryset.waiting().filter(asked_by_id=request.user.pk)  # type: ignore[attr-defined]
        count = _chosen(request, queryset) - rows.count()
        told = ngettext(
            "%(count)d was asked for by somebody else or is decided already, and is passed over.",
            "%(count)d were asked for by somebody else or are decided already, and are passed over.",
            count,
        )
        passed_over = told % {"count": count} if count else ""
        how |= {"title": _("Withdraw"), "form_class": ActionForm}
        return run_on_many(self, request, rows, passed_over=passed_over, **how)  # type: ignore[arg-type]


def _shown(request: HttpRequest, model_admin: Any) -> str | None:
    """The state that the list is asked for; that which waits, if it is asked for nothing by who decides."""
    if SHOWN in request.GET or "decision" in request.GET or not model_admin.has_decide_permission(request):
        return request.GET.get(SHOWN)
    return State.WAITING.value


def _chosen(request: HttpRequest, queryset: QuerySet[Model]) -> int:
    """How many rows were ticked: what somebody else decided meanwhile may be gone from the list."""
    if request.POST.get("select_across", "0") != "0":
        return queryset.count()
    return len(set(request.POST.getlist(ACTION_CHECKBOX_NAME)))
