"""Downloads: the list as it is filtered, an empty template, sample files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from hr.admin.export_rows import listed
from hr.demo.samples import sample_names, sample_path
from hr.loading.export import FORMATS, Export, exportable, file_name
from hr.loading.export_jobs import FILE_KEPT
from hr.loading.identities import personal_scope
from hr.loading.kinds import Kind, kind_of
from hr.loading.template import template
from hr.resources.base import Column
from hr.services import exports

# Beside the query of the list: the format to begin with.
FORMAT = "_format"


class ExportForm(forms.Form):
    """The format, and which of the columns that the user may have; at first all."""

    format = forms.ChoiceField(
        label=gettext_lazy("Format"),
        choices=[("xlsx", gettext_lazy("Excel (.xlsx)")), ("csv", gettext_lazy("Text (.csv)"))],
        widget=forms.RadioSelect,
    )
    columns = forms.MultipleChoiceField(
        label=gettext_lazy("Columns"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one column.")},
    )

    def __init__(self, *args: Any, columns: Mapping[str, Column], asked: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["columns"].choices = [(name, column.header) for name, column in columns.items()]
        self.initial |= {"format": asked if asked in FORMATS else "xlsx", "columns": list(columns)}


class ExportPages(ModelAdmin):
    """Part of SpreadsheetAdmin."""

    @property
    def kind(self) -> Kind:
        return kind_of(self.model)

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(self.kind.right("import"))

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(self.kind.right("export"))

    def export_view(self, request: HttpRequest, format_: str) -> HttpResponse | StreamingHttpResponse:
        """All columns of the rows of the list with its search, filters and order, all its pages.

        What the worker has to make is confirmed first: a link alone starts nothing.
        """
        self._require_export(request)
        if format_ not in FORMATS:
            raise Http404
        try:
            export = self._export(request)
        except IncorrectLookupParameters:
            return self._back_to_list()
        if export.is_larger_than(exports.AT_ONCE_ROWS):
            asked = "&".join(filter(None, [urlencode({FORMAT: format_}), _query(request)]))
            return HttpResponseRedirect(f"{self.address('export_form')}?{asked}")
        return self._sent(request, export, format_)

    def export_form_view(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """Which columns, and in what format."""
        self._require_export(request)
        user: Any = request.user
        columns = exportable(self.kind, personal_scope(user) if self.kind.person else None)
        sent = request.POST if request.method == "POST" else None
        form = ExportForm(sent, columns=columns, asked=request.GET.get(FORMAT))
        try:
            if form.is_valid():
                return self._made(request, form.cleaned_data["format"], form.cleaned_data["columns"])
            large = self._export(request).is_larger_than(exports.AT_ONCE_ROWS)
        except IncorrectLookupParameters:
            return self._back_to_list()
        query = _query(request)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Export %(rows)s") % {"rows": self.opts.verbose_name_plural},
            "opts": self.opts,
            "form": form,
            "large": large,
            "at_once": exports.AT_ONCE_ROWS,
            "days": FILE_KEPT.days,
            "list_link": f"{self.address('changelist')}?{query}" if query else self.address("changelist"),
            "narrowed": bool(query),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "hr/admin/exports/ask.html", context, status=400 if form.errors else 200)

    def _made(
        self, request: HttpRequest, format_: str, columns: list[str]
    ) -> StreamingHttpResponse | HttpResponseRedirect:
        export = self._export(request, columns)
        if not export.is_larger_than(exports.AT_ONCE_ROWS):
            return self._sent(request, export, format_)
        row = exports.ask(self._asked(request, export, format_), actor=request.user)
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:hr_exportlog_change", args=[row.pk]))

    def _export(self, request: HttpRequest, columns: list[str] | None = None) -> Export:
        user: Any = request.user
        return Export(self.kind, listed(self.kind, _query(request), user), user=user, columns=columns)

    def _sent(self, request: HttpRequest, export: Export, format_: str) -> StreamingHttpResponse:
        asked, actor = self._asked(request, export, format_), request.user
        return sent(asked, export.file(format_), rows=lambda: export.written, actor=actor)

    def _asked(self, request: HttpRequest, export: Export, format_: str) -> exports.Asked:
        name = file_name(self.kind, format_)
        return exports.Asked(self.kind.name, format_, name, _query(request), tuple(export.columns))

    def _require_export(self, request: HttpRequest) -> None:
        if not (self.has_view_permission(request) and self.has_export_permission(request)):
            raise PermissionDenied

    def _back_to_list(self) -> HttpResponseRedirect:
        return HttpResponseRedirect(f"{self.address('changelist')}?{ERROR_FLAG}=1")  # as from the list

    def template_view(self, request: HttpRequest) -> StreamingHttpResponse:
        if not self.has_import_permission(request):
            raise PermissionDenied
        asked = request.GET.get("language", "")
        language = asked if asked in dict(settings.LANGUAGES) else get_language()
        with override(language):
            name = f"{self.opts.verbose_name_plural}.xlsx"
        user: Any = request.user
        return _download(template(self.kind, user=user, language=language), name)

    def sample_view(self, request: HttpRequest, name: str) -> FileResponse:
        if not self.has_import_permission(request):
            raise PermissionDenied
        if name not in sample_names(self.kind.name):
            raise Http404
        return FileResponse(sample_path(name).open("rb"), as_attachment=True, filename=name)


def sent(
    asked: exports.Asked, pieces: Iterable[bytes], *, rows: Callable[[], int], actor: Any
) -> StreamingHttpResponse:
    """The file as an answer, with its place in the log of exports."""
    return _download(exports.stream(asked, pieces, rows=rows, actor=actor), asked.file_name)


def _download(pieces: object, name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(pieces, content_type=FORMATS[name.rpartition(".")[2]])
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _query(request: HttpRequest) -> str:
    """The list's own, without what is asked of these pages."""
    query = request.GET.copy()
    query.pop(FORMAT, None)
    return query.urlencode()
