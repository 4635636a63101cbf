"""Downloads: the list as it is filtered, an empty template, sample files."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.utils.translation import get_language, override

from hr.demo.samples import sample_names, sample_path
from hr.loading.export import FORMATS, Export, file_name
from hr.loading.kinds import Kind, kind_of
from hr.loading.template import template


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
        """The rows of the list with its search, filters and order, all its pages."""
        if not (self.has_view_permission(request) and self.has_export_permission(request)):
            raise PermissionDenied
        if format_ not in FORMATS:
            raise Http404
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(f"{self.address('changelist')}?{ERROR_FLAG}=1")  # as from the list
        return _download(Export(self.kind, rows, user=request.user).file(format_), file_name(self.kind, format_))

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


def _download(pieces: object, name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(pieces, content_type=FORMATS[name.rpartition(".")[2]])
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
