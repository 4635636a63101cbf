"""List filters that offer and accept only what the user may see."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import AutocompleteSelectFilter, DropdownFilter
from unfold.contrib.filters.forms import AutocompleteDropdownForm

from core.admin.rows import is_key, rows_for
from core.admin.widgets import RowSelect
from hr.admin.dialogs import DayInput
from hr.models import Employee, OrgUnit


class RowForm(AutocompleteDropdownForm):
    widget = RowSelect


class ScopedAutocompleteFilter(AutocompleteSelectFilter):
    """The library's, but it names no row outside the scope, whatever key the address holds."""

    form_class = RowForm

    def value(self) -> str | None:
        """The key chosen; anything else in the address would break the choice of the filter's form."""
        key = super().value()
        return key if key and str(key).isdecimal() and is_key(self.field.remote_field.model, key) else None

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        for choice in super().choices(changelist):
            rows = self.field.remote_field.model._default_manager.all()
            choice["form"].fields[self.lookup_kwarg].queryset = rows_for(self.request.user, rows)
            yield choice

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not super().value():
            return queryset
        rows = rows_for(request.user, self.field.remote_field.model._default_manager.all())
        chosen = rows.filter(pk=self.value()).first()
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


class DayRangeForm(forms.Form):
    def __init__(self, *args: Any, names: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in zip(names, (_("From"), _("To")), strict=True):
            self.fields[name] = forms.DateField(label=label, required=False, widget=DayInput())


class DayRangeFilter(admin.FieldListFilter):
    """From one day to another, each optional. The browser's own date field sends the same in every language,
    while the library's reads 05/03 as May 3 whatever the language.
    """

    template = "hr/admin/day_range_filter.html"

    def expected_parameters(self) -> list[str]:
        return [f"{self.field_path}__gte", f"{self.field_path}__lte"]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        try:
            return queryset.filter(**self._chosen())
        except (ValueError, ValidationError) as error:
            raise IncorrectLookupParameters(error) from error

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        yield {"form": DayRangeForm(self._chosen(), names=self.expected_parameters())}

    def _chosen(self) -> dict[str, str]:
        return {name: values[-1] for name, values in self.used_parameters.items() if values and values[-1]}


class MomentRangeFilter(DayRangeFilter):
    """What is on these days, of the organisation's time zone."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        first, last = (self._day(name) for name in self.expected_parameters())
        if first:
            queryset = queryset.filter(**{f"{self.field_path}__gte": _midnight(first)})
        if last:
            queryset = queryset.filter(**{f"{self.field_path}__lt": _midnight(last + timedelta(days=1))})
        return queryset

    def _day(self, name: str) -> date | None:
        text = self._chosen().get(name)
        try:
            return date.fromisoformat(text) if text else None
        except ValueError as error:
            raise IncorrectLookupParameters(error) from error


class DayOfEventFilter(MomentRangeFilter):
    """Rows of events that begin on these days."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("day of the event")


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


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
                # Of a boss one does not see, it is not told that he left.
                left = Employee.objects.visible_to(request.user).filter(status="terminated")
                return queryset.exclude(status="terminated").filter(reports_to__in=left.order_by().values("pk"))
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
