"""The admin every model's page is built on. It decides once, for every surface, which rows exist for the user."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property, lru_cache
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.utils import NotRelationField, get_fields_from_path
from django.contrib.admin.views.main import ALL_VAR, SEARCH_VAR, ChangeList
from django.core.exceptions import NON_FIELD_ERRORS, FieldDoesNotExist
from django.core.paginator import Paginator
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import get_language
from unfold.admin import ModelAdmin, StackedInline, TabularInline, checkbox
from unfold.decorators import display

from core import kept_forms
from core.admin import unseen
from core.admin.paginator import CappedPaginator, PagedChangeList
from core.admin.rows import is_key, rows_for
from core.admin.widgets import RowSelect
from core.errors import DomainError, NotAllowed, NotFound
from core.templatetags.drawn import PLACE

# What filters add to the name of their field: of a relation, and of any other.
OF_A_ROW = {"", "__exact", "__id__exact", "__pk__exact", "__isnull"}
OF_A_VALUE = {"", "__exact", "__isnull", "__gt", "__gte", "__lt", "__lte", "__in"} | {
    f"_{end}{part}" for end in ("from", "to") for part in ("", "_0", "_1")
}


class ScopedChoices(BaseModelAdmin):
    """Form choices hold only rows the user may see, so that a forged key is no valid choice."""

    def formfield_for_foreignkey(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        kwargs.setdefault("queryset", self._choices(db_field, request))
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", RowSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        kwargs.setdefault("queryset", self._choices(db_field, request))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    @staticmethod
    def _choices(db_field: Field, request: HttpRequest) -> QuerySet:
        return rows_for(request.user, db_field.remote_field.model._default_manager.all())


class BackofficeAdmin(ScopedChoices, ModelAdmin):
    """Rows by `visible_to`, changes by services, errors of rules in the form they came from.

    Subclasses of `hr` override `add_row`, `change_row` and `delete_row` with a call of a service. A user without the
    model's permission still opens the pages when the queryset's `open_to(user, verb)` says so: a manager finds his
    people in the list, and nobody else.
    """

    # Relations that lead only to what is seen by whoever sees the row: they need not be asked about.
    seen_with_row: tuple[str, ...] = ()
    # So few that a list may be sorted by anything; otherwise by what an index holds in order.
    has_few_rows = False
    # Filters by relations of which each leaves few of the rows there are (PagedChangeList).
    narrowing_filters: tuple[str, ...] = ()
    paginator = CappedPaginator
    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = True
    warn_unsaved_form = True
    compressed_fields = True
    # The library's templates ask them for each row, and to find that one is missing takes Django long.
    ordering_field: str | None = None
    list_sections: tuple[Any, ...] = ()

    # --- Which rows exist -------------------------------------------------------------------------------------
    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        if not hasattr(rows, "visible_to") and not super().has_view_permission(request):
            # A third party's model: without the permission none of its rows is there.
            return rows.none()
        return rows_for(request.user, rows)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if not request.user.is_authenticated:
            return False
        if obj is None or not hasattr(self._all_rows(), "visible_to"):
            return self._is_open(request, "view", super().has_view_permission)
        return self._is_among(request, obj, "visible_to")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._is_open(request, "add", super().has_add_permission)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if not self._is_open(request, "change", super().has_change_permission):
            return False
        return (
            obj is None
            or not hasattr(self._all_rows(), "changeable_by")
            or self._is_among(request, obj, "changeable_by")
        )

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if not self._is_open(request, "delete", super().has_delete_permission):
            return False
        return obj is None or self.has_view_permission(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) or self.has_add_permission(request)

    def _is_open(self, request: HttpRequest, verb: str, by_permission: Callable[[HttpRequest], bool]) -> bool:
        """Whether the user may do this to any row of the model."""
        rows = self._all_rows()
        return rows.open_to(request.user, verb) if hasattr(rows, "open_to") else by_permission(request)

    def _is_among(self, request: HttpRequest, obj: Model, rule: str) -> bool:
        """Whether `rule` (a queryset method) holds for the row; asked many times a page, read once."""
        answers = request.__dict__.setdefault("_row_rules", {})
        key = (self.model, obj.pk, rule)
        if key not in answers:
            rows = getattr(self._all_rows(), rule)(request.user)
            answers[key] = obj.pk is not None and rows.filter(pk=obj.pk).exists()
        return answers[key]

    def _all_rows(self) -> QuerySet:
        return self.model._default_manager.all()

    # --- What a row points at ---------------------------------------------------------------------------------
    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Model | None:
        obj = super().get_object(request, object_id, from_field)
        if obj is not None:
            self.hide_unseen([obj], request)
        else:
            self.note_denied(request, "record")
        return obj

    def hide_unseen(self, rows: Sequence[Model], request: HttpRequest) -> None:
        """Whatever the rows point at that does not exist for the user is not named by them."""
        names = [field.name for field in self.opts.concrete_fields if field.many_to_one or field.one_to_one]
        unseen.hide(rows, self._to_be_asked(names), request.user)

    @staticmethod
    def note_denied(request: HttpRequest, kind: str) -> None:
        """For the record that the site keeps: this request asked for what it may not have."""
        request.denied = kind  # type: ignore[attr-defined]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str] | tuple[str, ...]:
        """A choice whose present value the user may not see is not his to change: he could only lose it."""
        fields = super().get_readonly_fields(request, obj)
        hidden = unseen.hidden_on(obj) if obj is not None else []
        return [*fields, *(name for name in hidden if name not in fields)] if hidden else fields

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        changelist = super().get_changelist_instance(request)
        if not changelist.is_popup:
            changelist.title = capfirst(self.opts.verbose_name_plural)
        shown = [name for name in changelist.list_display if isinstance(name, str) and _is_relation(self.opts, name)]
        if names := self._to_be_asked(shown):
            changelist.result_list = list(changelist.result_list)
            unseen.hide(changelist.result_list, names, request.user)
        return changelist

    def _to_be_asked(self, names: list[str]) -> list[str]:
        return [name for name in names if name not in self.seen_with_row]

    @display(description=ModelAdmin.action_checkbox.short_description)
    def action_checkbox(self, obj: Model) -> SafeString:
        """As the library draws it, but for all rows at once."""
        before, after = _checkbox(get_language())
        return mark_safe(f"{before}{escape(obj.pk)}{after}")  # noqa: S308  (escaped)

    # --- What may be asked of the list ------------------------------------------------------------------------
    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PagedChangeList

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Paginator:
        paginator = super().get_paginator(request, *args, **kwargs)
        if isinstance(paginator, CappedPaginator):
            paginator.counts_all = ALL_VAR in request.GET
            paginator.may_find_few = bool(request.GET.get(SEARCH_VAR))
        return paginator

    def get_sortable_by(self, request: HttpRequest) -> Sequence[str]:
        names = super().get_sortable_by(request)
        return names if self.has_few_rows else [name for name in names if self._sorted_by(name) in self._indexed]

    def _sorted_by(self, name: str) -> str | None:
        """The field by which a column is sorted."""
        with suppress(FieldDoesNotExist):
            return str(self.opts.get_field(name).name)
        column = getattr(self, name, None) or getattr(self.model, name, None)
        return getattr(column, "admin_order_field", None)

    @cached_property
    def _indexed(self) -> set[str]:
        """Fields of which an index has the rows in order. A relation is sorted by what it points at."""
        fields = {field.name for field in self.opts.concrete_fields if field.unique or field.db_index}
        fields |= {index.fields[0] for index in self.opts.indexes if index.fields}
        fields |= {rule.fields[0] for rule in self.opts.constraints if getattr(rule, "fields", ())}
        return {name for name in fields if not self.opts.get_field(name).is_relation}

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what a filter of this list asks for: any other lookup would tell hidden values by their effect.

        Of a relation that is which row, and nothing of what the row says or points at.
        """
        for item in self.get_list_filter(request) if request else self.list_filter:
            if not isinstance(item, str | list | tuple):
                allowed = lookup == item.parameter_name
            else:
                name = item if isinstance(item, str) else item[0]
                asked = OF_A_ROW if _is_relation(self.opts, name) else OF_A_VALUE
                allowed = lookup.startswith(name) and lookup.removeprefix(name) in asked
            if allowed:
                return True
        return False

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """A model whose queryset knows how to search does it; the folded columns then serve every engine alike."""
        search = getattr(queryset, "search", None)
        if search is None:
            return super().get_search_results(request, queryset, search_term)
        return (search(search_term, user=request.user) if search_term.strip() else queryset), False

    # --- Changes go through services --------------------------------------------------------------------------
    def add_row(self, request: HttpRequest, obj: Model, form: forms.ModelForm) -> Model:
        """Create the row of a valid form and return it with its key."""
        obj.save()
        return obj

    def change_row(self, request: HttpRequest, obj: Model, form: forms.ModelForm) -> None:
        """Write what a valid form changed."""
        obj.save()

    def delete_row(self, request: HttpRequest, obj: Model) -> None:
        obj.delete()

    def save_model(self, request: HttpRequest, obj: Model, form: forms.ModelForm, change: bool) -> None:
        if change:
            self.change_row(request, obj, form)
        else:
            obj.pk = self.add_row(request, obj, form).pk

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        self.delete_row(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for obj in queryset:
            self.delete_row(request, obj)

    # --- A rule that says no answers in the form --------------------------------------------------------------
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A DomainError from the service comes back as an error of the same form, nothing typed is lost."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except DomainError as error:
            self._note_refusal(request, error)
            request.domain_error = error  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any) -> type:
        form = kept_forms.refilled(request, super().get_form(request, obj, change, **kwargs))
        error = getattr(request, "domain_error", None)
        return _with_error(form, error) if error else form

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """A choice that was not among those offered was forged, or belongs to somebody whose scope has shrunk."""
        errors = context["adminform"].form.errors.as_data().values() if request.method == "POST" else ()
        if any(error.code == "invalid_choice" for found in errors for error in found):
            self.note_denied(request, "change")
        return super().render_change_form(request, context, *args, **kwargs)

    def response_action(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        """What is no key is dropped (Django answers 500); keys of rows that do not exist for the user are noted.

        What the action refuses is said on the list. What a filter no longer finds exists all the same.
        """
        sent = request.POST.copy()
        keys = [key for key in sent.getlist(ACTION_CHECKBOX_NAME) if is_key(self.model, key)]
        sent.setlist(ACTION_CHECKBOX_NAME, keys)
        request.POST = sent  # type: ignore[assignment]
        if self.get_queryset(request).filter(pk__in=keys).count() < len(set(keys)):
            self.note_denied(request, "record")
        with self.domain_errors_to_messages(request):
            return super().response_action(request, queryset)
        return None

    def _note_refusal(self, request: HttpRequest, error: DomainError) -> None:
        if isinstance(error, NotAllowed | NotFound):
            self.note_denied(request, "change")

    @contextmanager
    def domain_errors_on(self, form: forms.Form) -> Iterator[None]:
        """In a dialog: a broken rule becomes an error of the form, so that the dialog stays open."""
        try:
            yield
        except DomainError as error:
            if request := getattr(form, "request", None):
                self._note_refusal(request, error)
            form.add_error(error.field if error.field in form.fields else None, error.message.splitlines())

    @contextmanager
    def domain_errors_to_messages(self, request: HttpRequest) -> Iterator[None]:
        """Where there is no form to hold it: a broken rule becomes a message of the next page."""
        try:
            yield
        except DomainError as error:
            self._note_refusal(request, error)
            self.message_user(request, error.message, messages.ERROR)

    def back_to(self, object_id: Any | None = None) -> HttpResponse:
        """Close an htmx dialog and show the row, or the list without one."""
        opts = self.model._meta
        page, args = ("change", [object_id]) if object_id is not None else ("changelist", [])
        target = reverse(f"{self.admin_site.name}:{opts.app_label}_{opts.model_name}_{page}", args=args)
        return HttpResponse(headers={"HX-Redirect": target})


@lru_cache
def _checkbox(language: str | None) -> tuple[str, str]:
    """What stands before and after the key, as its label says it in this language."""
    before, _place, after = checkbox.render(ACTION_CHECKBOX_NAME, PLACE).partition(PLACE)
    return before, after


def _is_relation(opts: Any, path: str) -> bool:
    """Whether the field, of the model or of what it points at (`employee__org_unit`), points at a row."""
    try:
        field = get_fields_from_path(opts.model, path)[-1]
    except (FieldDoesNotExist, NotRelationField):
        return False
    return bool(field.many_to_one or field.one_to_one)


def _with_error(form: type[forms.ModelForm], error: DomainError) -> type[forms.ModelForm]:
    """The form class, invalid with this error whatever was typed."""

    def clean(self: forms.ModelForm) -> Any:
        cleaned = form.clean(self)
        self.add_error(error.field if error.field in self.fields else NON_FIELD_ERRORS, error.message)
        return cleaned

    return type(form.__name__, (form,), {"clean": clean})


class ScopedTabularInline(ScopedChoices, TabularInline):
    """Related rows the user may see."""

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return rows_for(request.user, super().get_queryset(request))


class ScopedStackedInline(ScopedChoices, StackedInline):
    """Related rows the user may see."""

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return rows_for(request.user, super().get_queryset(request))
