"""List filters that offer and accept only what the user may see."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import AutocompleteSelectFilter, DropdownFilter

from core.admin.base import rows_for
from hr.models import OrgUnit


class ScopedAutocompleteFilter(AutocompleteSelectFilter):
    """The library's, but it names no row outside the scope, whatever key the address holds."""

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        for choice in super().choices(changelist):
            rows = self.field.remote_field.model._default_manager.all()
            choice["form"].fields[self.lookup_kwarg].queryset = rows_for(self.request.user, rows)
            yield choice

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        key = self.value()
        if not key:
            return queryset
        rows = rows_for(request.user, self.field.remote_field.model._default_manager.all())
        chosen = rows.filter(pk=key).first() if str(key).isdecimal() else None
        return queryset.none() if chosen is None else self.rows_of(queryset, chosen)

    def rows_of(self, queryset: QuerySet, chosen: Any) -> QuerySet:
        return queryset.filter(**{self.field_path: chosen})


class SubtreeFilter(ScopedAutocompleteFilter):
    """The people of a unit and of all units below it."""

    def rows_of(self, queryset: QuerySet, chosen: OrgUnit) -> QuerySet:
        return queryset.in_subtree(chosen.path)


class PartOfFilter(ScopedAutocompleteFilter):
    """A unit and all units below it."""

    def rows_of(self, queryset: QuerySet, chosen: OrgUnit) -> QuerySet:
        return queryset.subtree(chosen.path)


class BossFilter(DropdownFilter):
    """People whose line of command has an open end."""

    title = gettext_lazy("boss")
    parameter_name = "boss"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Iterable[tuple[str, str]]:
        return [("none", _("without a boss")), ("left", _("whose boss has left"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case "none":
                return queryset.filter(reports_to=None)
            case "left":
                return queryset.exclude(status="terminated").filter(reports_to__status="terminated")
        return queryset


class HeadFilter(DropdownFilter):
    """Units nobody heads."""

    title = gettext_lazy("head")
    parameter_name = "headed"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Iterable[tuple[str, str]]:
        return [("no", _("without a head")), ("yes", _("with a head"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case "no":
                return queryset.filter(head=None)
            case "yes":
                return queryset.exclude(head=None)
        return queryset
