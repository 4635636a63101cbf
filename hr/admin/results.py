"""The results of a round, or of all rounds of a version of a form, on a page and as a workbook."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from core.replica import reading_from_replica
from hr.admin.charts import count_bars
from hr.admin.export_pages import sent
from hr.models import Evaluation, FormVersion
from hr.results import QuestionResult, results_of
from hr.results_file import results_file
from hr.rights import VIEW_EVALUATION
from hr.scope import answers_for_others, has_role_right
from hr.services import exports

EXPORT = "hr.export_evaluation"


class ResultPages(ModelAdmin):
    """Mixed into the admin of what has results: rounds, and forms over all their rounds."""

    def versions_of(self, row: Any) -> list[FormVersion]:
        """The versions whose results there are, the one to show first in front."""
        raise NotImplementedError

    def rounds_of(self, row: Any, version: FormVersion) -> QuerySet:
        raise NotImplementedError

    def list_of_state(self, row: Any, state: str) -> str:
        """The address of the list of the evaluations in a state, or '' if no list holds just these."""
        return ""

    def get_urls(self) -> list[URLPattern]:
        pages = [
            ("<path:object_id>/results/", self.results_view, "results"),
            ("<path:object_id>/results/xlsx/", self.results_file_view, "results_file"),
        ]
        return [
            path(route, self.admin_site.admin_view(view), name=self._page(name)) for route, view, name in pages
        ] + super().get_urls()

    def get_tabs(self, request: HttpRequest, obj: Model) -> list[dict[str, Any]]:
        tabs = super().get_tabs(request, obj)
        return [*tabs, self.tab(_("Results"), "results", obj)] if may_read_results(request) else tabs

    def results_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row, versions, version = self._asked(request, object_id)
        with reading_from_replica():
            found = results_of(self._evaluations(request, row, version), _questions(version))
        query = f"?version={version.pk}" if version and len(versions) > 1 else ""
        context = {
            **self.admin_site.each_context(request),
            **self.with_tabs(request, row, "results"),
            "title": _("Results: %(row)s") % {"row": row},
            "opts": self.opts,
            "original": row,
            "results": found,
            "states": [(label, count, self.list_of_state(row, state)) for state, label, count in found.states],
            "questions": [(each, chart_of(each)) for each in found.questions],
            "states_chart": count_bars(
                _("evaluations"),
                [str(label) for _state, label, _count in found.states],
                [count for *_other, count in found.states],
            ),
            "versions": versions,
            "version": version,
            "file": reverse(f"{self.admin_site.name}:{self._page('results_file')}", args=[row.pk]) + query
            if has_role_right(request.user, EXPORT)
            else "",
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "hr/admin/evaluations/results.html", context)

    def results_file_view(self, request: HttpRequest, object_id: str) -> StreamingHttpResponse:
        row, _versions, version = self._asked(request, object_id)
        if not has_role_right(request.user, EXPORT):
            raise PermissionDenied
        evaluations, questions = self._evaluations(request, row, version), _questions(version)
        with reading_from_replica():
            file = results_file(results_of(evaluations, questions), evaluations, questions, user=request.user)
        name = _("results-%(day)s.xlsx") % {"day": timezone.localdate().isoformat()}
        # Of which round or form is no part of the query.
        query = "&".join(filter(None, [urlencode({self.opts.model_name: row.pk}), request.GET.urlencode()]))
        logged = exports.Asked(exports.RESULTS, "xlsx", name, query)
        return sent(logged, file.pieces, rows=lambda: file.rows, actor=request.user)

    def _asked(self, request: HttpRequest, object_id: str) -> tuple[Any, list[FormVersion], FormVersion | None]:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not may_read_results(request):
            raise PermissionDenied
        versions = self.versions_of(row)
        asked = request.GET.get("version", "")
        chosen = next((version for version in versions if str(version.pk) == asked), None)
        return row, versions, chosen or next(iter(versions), None)

    def _evaluations(self, request: HttpRequest, row: Any, version: FormVersion | None) -> QuerySet:
        if version is None:
            return Evaluation.objects.none()
        return Evaluation.objects.visible_to(request.user).filter(round__in=self.rounds_of(row, version))


def may_read_results(request: HttpRequest) -> bool:
    """Who sees evaluations of others: one's own alone are no results."""
    return answers_for_others(request.user, VIEW_EVALUATION)


def chart_of(result: QuestionResult) -> dict[str, Any]:
    bars = result.bars
    return count_bars(_("answers"), [bar.label for bar in bars], [bar.count for bar in bars]) if bars else {}


def _questions(version: FormVersion | None) -> list[Any]:
    return list(version.questions.order_by("number")) if version else []
