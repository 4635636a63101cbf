"""What all pages about rows of `hr` share: services save, stale forms are refused, each row tells its history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_protect

from core.admin.base import BackofficeAdmin
from core.admin.grant_pages import GrantPages
from core.errors import DomainError, StaleRow
from hr.admin.dialogs import ActionForm
from hr.history import count_of, entries_of


class ServiceTransactions(admin.ModelAdmin):
    """Leaves the transaction to the service, whose own it is: only the outermost can be run again after a deadlock."""

    @method_decorator(csrf_protect)
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return self._changeform_view(request, object_id, form_url, extra_context)

    @method_decorator(csrf_protect)
    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self._delete_view(request, object_id, extra_context)


class VersionedForm(forms.ModelForm):
    """Carries the version of the row it was opened with. Rules of several columns are answered by the service."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].required = self.instance.pk is not None
        self.fields["version"].initial = self.instance.version

    def changed_values(self) -> dict[str, Any]:
        """What the user changed, by field."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name != "version"}


class GrantTab(GrantPages):
    """The page of rights on one row, as a tab beside the others."""

    def get_tabs(self, request: HttpRequest, obj: Model) -> list[dict[str, Any]]:
        tabs = super().get_tabs(request, obj)  # type: ignore[misc]
        return [*tabs, self.tab(_("Rights"), "grants", obj)] if self.has_grants_permission(request) else tabs  # type: ignore[attr-defined]

    def grants_context(self, request: HttpRequest, row: Model) -> dict[str, Any]:
        return self.with_tabs(request, row, "grants")  # type: ignore[attr-defined]


class HrAdmin(BackofficeAdmin, ServiceTransactions):
    """Pages over services. Subclasses say which service in `add_row`, `change_row` and `delete_row`."""

    form = VersionedForm
    change_form_before_template = "hr/admin/version.html"
    show_facets = admin.ShowFacets.NEVER
    history_per_page = 20
    empty_text: str = ""
    first_tab: Any = gettext_lazy("Profile")

    # --- Forms ------------------------------------------------------------------------------------------------
    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any) -> type:
        form = super().get_form(request, obj, change, **kwargs)
        error = getattr(request, "domain_error", None)
        if obj is None or not isinstance(error, StaleRow):
            return form
        hint = _("The form now holds that change and what you typed. Look it over and save again.")
        if not error.message.endswith(hint):
            error.message = f"{error.message}. {hint}"
        return _merging(form)

    def versions(self, obj: Model, form: forms.ModelForm) -> dict[int, int]:
        """For the service: the version the form was opened with."""
        return {obj.pk: form.cleaned_data["version"]}

    # --- Lists ------------------------------------------------------------------------------------------------
    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        changelist = super().get_changelist_instance(request)
        changelist.empty_text, changelist.first_steps = self.empty_text, self.first_steps(request)
        return changelist

    def first_steps(self, request: HttpRequest) -> list[dict[str, str]]:
        """What an empty list offers besides adding a row: dicts of title, link and icon."""
        return []

    # --- Actions ----------------------------------------------------------------------------------------------
    def row_of(self, request: HttpRequest, object_id: Any) -> Model | None:
        """The row an action is about, if it exists for the user; each action asks, so it is read once a request."""
        rows = request.__dict__.setdefault("_action_rows", {})
        key = (self.model, str(object_id))
        if key not in rows:
            rows[key] = self.get_object(request, unquote(str(object_id)))
        return rows[key]

    def run_in_dialog(
        self,
        request: HttpRequest,
        form: ActionForm,
        object_id: str,
        name: str,
        service: Callable[..., Any],
        *,
        done: str | Callable[[Any, HttpRequest], str],
    ) -> HttpResponse:
        """Call `service([key], **form values)`, say what was `done` to the %(row)s (or what it answers for the row) and
        show the row; a broken rule keeps the dialog of `name` open.
        """
        row = self.row_of(request, object_id)
        if row is None:
            raise Http404
        with self.domain_errors_on(form):
            service([row.pk], actor=request.user, **form.values())
            messages.success(request, done(row, request) if callable(done) else done % {"row": row})
            return self.back_to(row.pk)
        return render(request, "unfold/helpers/dialog.html", {"dialog": getattr(self, name).dialog, "form": form})

    # --- Tabs -------------------------------------------------------------------------------------------------
    def get_tabs(self, request: HttpRequest, obj: Model) -> list[dict[str, Any]]:
        """The pages about one row; others may add theirs."""
        return [self.tab(str(self.first_tab), "change", obj), self.tab(_("History"), "history", obj)]

    def tab(self, title: str, page: str, obj: Model) -> dict[str, Any]:
        link = reverse(f"{self.admin_site.name}:{self._page(page)}", args=[obj.pk])
        return {"title": title, "link": link, "page": page, "has_permission": True}

    def with_tabs(self, request: HttpRequest, obj: Model, active: str) -> dict[str, Any]:
        """Template context that shows the tabs with one of them open."""
        items = [tab | {"active": tab["page"] == active} for tab in self.get_tabs(request, obj)]
        tabs = {"models": [{"name": str(self.opts), "detail": True}], "items": items}
        # The history has its tab, so the library's button for it goes.
        return {"tab_list": [tabs], "show_history": False}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        obj = self.get_object(request, object_id) if object_id else None
        tabs = self.with_tabs(request, obj, "change") if obj else {}
        return super().changeform_view(request, object_id, form_url, tabs | (extra_context or {}))

    # --- History ----------------------------------------------------------------------------------------------
    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Who changed what and when, from the rows' own history; Django's log is another database's."""
        obj = self.get_object(request, object_id)
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        paginator = Paginator(range(count_of(obj)), self.history_per_page)
        page = paginator.get_page(request.GET.get("p"))
        first = max(page.start_index() - 1, 0)
        context = {
            **self.admin_site.each_context(request),
            **self.with_tabs(request, obj, "history"),
            "title": _("History of %(row)s") % {"row": obj},
            "entries": entries_of(obj, user=request.user, first=first, count=self.history_per_page),
            "page": page,
            "page_range": paginator.get_elided_page_range(page.number),
            "opts": self.opts,
            "original": obj,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "hr/admin/history.html", context)

    # --- Deletion ---------------------------------------------------------------------------------------------
    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list, dict, set, list]:
        """Only the rows themselves: what points at them may lie outside the scope, and the service counts it."""
        rows = [str(obj) for obj in objs]
        return rows, {self.opts.verbose_name_plural: len(rows)}, set(), []

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except DomainError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(reverse(f"{self.admin_site.name}:{self._page('change')}", args=[object_id]))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without Django's own deletion of many: a refusal of the service would be a broken page."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def _page(self, name: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{name}"


def _merging(form: type[forms.ModelForm]) -> type[forms.ModelForm]:
    """The form after a refusal: the other's values wherever this user typed nothing, at the version of now.

    Saving again then writes this user's changes over the row as it is, and nothing else.
    """

    class Merged(form):  # type: ignore[valid-type, misc]
        def __init__(self, data: Any = None, *args: Any, instance: Model | None = None, **kwargs: Any) -> None:
            if data is not None and instance is not None:
                data = _merged(form, data, instance)
            super().__init__(data, *args, instance=instance, **kwargs)

    Merged.__name__ = form.__name__
    return Merged


def _merged(form: type[forms.ModelForm], data: Any, instance: Model) -> Any:
    opened = instance.history.filter(version=data.get("version") or 0).first()  # type: ignore[attr-defined]
    data = data.copy()
    now = form(instance=instance)
    if opened is not None:
        then = form(instance=opened.instance)
        for name, field in now.fields.items():
            typed = field.widget.value_from_datadict(data, {}, name)
            if not field.has_changed(then.get_initial_for_field(field, name), typed):
                value = field.widget.format_value(field.prepare_value(now.get_initial_for_field(field, name)))
                # The widget of a choice gives a list, of one here.
                data[name] = (value[0] if isinstance(value, list) and value else value) or ""
    data["version"] = instance.version  # type: ignore[attr-defined]
    return data
