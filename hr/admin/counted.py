"""What the first page and the reports count, as filters of lists and as the addresses that use them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter

from hr.figures import Period

Choices = Iterable[tuple[str, Any]]


class CountedFilter(DropdownFilter):
    """The rows that the attendance rate and the completion are made of."""

    title = gettext_lazy("counted as")
    parameter_name = "counts"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return [
            ("enrolled", _("had a seat, the event is over")),
            ("rated", _("of these: came or absent")),
            ("came", _("of these: came")),
            ("absent", _("of these: absent")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case "enrolled":
                return queryset.held()
            case "rated":
                return queryset.counted()
            case "came":
                return queryset.held().came()
            case "absent":
                return queryset.held().filter(outcome="absent")
        return queryset


class MyEnrolmentFilter(DropdownFilter):
    """The reader's own enrolments."""

    title = gettext_lazy("mine")
    parameter_name = "mine"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return [("coming", _("mine to come")), ("confirm", _("mine to confirm"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case "coming":
                return queryset.coming_for(request.user)
            case "confirm":
                return queryset.to_confirm_by(request.user)
        return queryset


class TurnFilter(DropdownFilter):
    """Evaluations that wait for the reader."""

    title = gettext_lazy("turn")
    parameter_name = "turn"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return [("grade", _("mine to grade")), ("answer", _("mine to answer"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case "grade":
                return queryset.gradable_by(request.user)
            case "answer":
                return queryset.to_answer_by(request.user)
        return queryset


def list_of(model: str, **filters: Any) -> str:
    """The address of the list of `hr.<model>` with these filters, those that are empty left out."""
    query = urlencode({name: value for name, value in filters.items() if value not in (None, "")})
    address = reverse(f"admin:hr_{model}_changelist")
    return f"{address}?{query}" if query else address


def days(field: str, period: Period) -> dict[str, str]:
    """The filters for what is on these days."""
    return {f"{field}__gte": period.first.isoformat(), f"{field}__lte": period.last.isoformat()}


def attendance_list(counts: str, period: Period, *, unit: Any = None, kind: Any = None) -> str:
    """The list of what a figure counts (CountedFilter)."""
    return list_of(
        "attendance",
        counts=counts,
        **days("event__starts_at", period),
        employee__org_unit__id__exact=unit.pk if unit else None,
        event__kind__id__exact=kind.pk if kind else None,
    )
