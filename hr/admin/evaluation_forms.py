from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from unfold.decorators import action, display

from core.admin.badges import badge, badge_column
from hr.admin.answer_form import AnswerForm
from hr.admin.base import HrAdmin
from hr.admin.dialogs import ActionForm
from hr.admin.questions import QuestionInline, problems_of
from hr.admin.results import ResultPages
from hr.models import EvaluationForm, FormVersion
from hr.questions import told_choices
from hr.services import evaluation_forms

DRAFT, PUBLISHED = "draft", "published"
LABELS = {DRAFT: "warning", PUBLISHED: "success"}


def state_of(version: FormVersion) -> tuple[str, str]:
    if version.published_at is None:
        return DRAFT, _("draft")
    return PUBLISHED, pgettext("version of a form", "published")


@admin.register(EvaluationForm)
class EvaluationFormAdmin(ResultPages, HrAdmin):
    """A form and its versions. A new one leads on to the page on which its questions are written."""

    first_tab = gettext_lazy("Form")
    has_few_rows = True
    list_display = ["title", "code", "latest"]
    search_fields = ["title", "code"]
    fields = ["title", "code"]
    actions_detail = ["new_version"]
    change_form_after_template = "hr/admin/evaluations/versions.html"
    empty_text = gettext_lazy("A form is what people are asked: its questions, and what their answers are worth.")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).prefetch_related("versions")

    @badge_column(description=gettext_lazy("latest version"), colours=LABELS)
    def latest(self, form: EvaluationForm) -> tuple[str, str]:
        version = max(form.versions.all(), key=lambda version: version.number)
        state, label = state_of(version)
        return state, _("%(number)d, %(state)s") % {"number": version.number, "state": label}

    def versions_of(self, row: EvaluationForm) -> list[FormVersion]:
        return [version for version in row.versions.order_by("-number") if version.published_at is not None]

    def rounds_of(self, row: EvaluationForm, version: FormVersion) -> QuerySet:
        return version.rounds.all()

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        form = self.get_object(request, unquote(object_id)) if object_id else None
        versions = sorted(form.versions.all(), key=lambda version: -version.number) if form else []
        shown = {"versions": [(version, *state_of(version), LABELS[state_of(version)[0]]) for version in versions]}
        return super().changeform_view(request, object_id, form_url, shown | (extra_context or {}))

    def add_row(self, request: HttpRequest, obj: EvaluationForm, form: forms.ModelForm) -> EvaluationForm:
        new = evaluation_forms.NewForm(code=form.cleaned_data["code"], title=form.cleaned_data["title"])
        return evaluation_forms.create_forms([new], actor=request.user)[0]

    def response_add(self, request: HttpRequest, obj: EvaluationForm, post_url_continue: Any = None) -> HttpResponse:
        if "_save" not in request.POST:
            return super().response_add(request, obj, post_url_continue)
        messages.success(request, _("%(form)s was made. Write its questions.") % {"form": obj.title})
        return HttpResponseRedirect(_address(obj.versions.get()))

    def change_row(self, request: HttpRequest, obj: EvaluationForm, form: forms.ModelForm) -> None:
        values, versions = {obj.pk: form.changed_values()}, self.versions(obj, form)
        evaluation_forms.change_forms(values, versions=versions, actor=request.user)

    def has_delete_permission(self, request: HttpRequest, obj: EvaluationForm | None = None) -> bool:
        return False  # what people answered refers to it

    @action(
        description=gettext_lazy("New version"),
        icon="content_copy",
        permissions=["new_version"],
        dialog={
            "title": gettext_lazy("New version"),
            "description": gettext_lazy("The questions of the latest version are copied; the old one stays as it is."),
            "form_submit_text": gettext_lazy("New version"),
            "form_class": ActionForm,
        },
    )
    def new_version(self, request: HttpRequest, form: ActionForm, object_id: str) -> HttpResponse:
        row = self.row_of(request, object_id)
        if row is None:
            raise Http404
        with self.domain_errors_on(form):
            (version,) = evaluation_forms.start_versions([row.pk], actor=request.user)
            return HttpResponse(headers={"HX-Redirect": _address(version)})
        return render(request, "unfold/helpers/dialog.html", {"dialog": self.new_version.dialog, "form": form})

    def has_new_version_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_change_permission(request)


@admin.register(FormVersion)
class FormVersionAdmin(HrAdmin):
    """The questions of one version: written while it is a draft, shown once it is published."""

    first_tab = gettext_lazy("Questions")
    seen_with_row = ("form",)
    has_few_rows = True
    list_display = ["name", "state", "published_at"]
    list_select_related = ["form"]
    search_fields = ["form__title", "form__code"]
    ordering = ["form__title", "-number"]
    fields = ["form_link", "state_badge", "published_at"]
    readonly_fields = fields
    actions_detail = ["publish_version"]
    change_form_after_template = "hr/admin/evaluations/questions.html"

    def get_urls(self) -> list[URLPattern]:
        preview = self.admin_site.admin_view(self.preview_view)
        return [path("<path:object_id>/preview/", preview, name=self._page("preview")), *super().get_urls()]

    def get_tabs(self, request: HttpRequest, obj: FormVersion) -> list[dict[str, Any]]:
        return [*super().get_tabs(request, obj), self.tab(_("Preview"), "preview", obj)]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        if request.GET.get("field_name") == "form_version":
            queryset = queryset.exclude(published_at=None)
        return super().get_search_results(request, queryset, search_term)

    def get_inlines(self, request: HttpRequest, obj: FormVersion | None) -> list[type]:
        return [QuestionInline] if obj and obj.published_at is None and self.has_change_permission(request) else []

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        version = self.get_object(request, unquote(object_id)) if object_id else None
        shown: dict[str, Any] = {}
        if version is not None:
            # There is nothing to save; who sends an old page is told why.
            writes = version.published_at is None
            shown = {"show_save": writes, "show_save_and_continue": writes}
            shown |= {"questions": _told(version), "problems": problems_of(version)}
        return super().changeform_view(request, object_id, form_url, shown | (extra_context or {}))

    def preview_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The version as an employee sees it; nothing is kept."""
        version = self.get_object(request, unquote(object_id))
        if version is None:
            raise Http404
        questions = list(version.questions.order_by("number"))
        context = {
            **self.admin_site.each_context(request),
            **self.with_tabs(request, version, "preview"),
            "title": str(version),
            "opts": self.opts,
            "original": version,
            "form": AnswerForm(questions=questions, disabled=True),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "hr/admin/evaluations/preview.html", context)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # with its form, and by its action

    def has_delete_permission(self, request: HttpRequest, obj: FormVersion | None = None) -> bool:
        return False

    def change_row(self, request: HttpRequest, obj: FormVersion, form: forms.ModelForm) -> None:
        """Only its questions are written here, see `save_related`."""

    def save_related(self, request: HttpRequest, form: forms.ModelForm, formsets: list, change: bool) -> None:
        for formset in formsets:
            drafts, versions = {form.instance.pk: formset.drafts()}, self.versions(form.instance, form)
            evaluation_forms.write_questions(drafts, versions=versions, actor=request.user)

    def construct_change_message(self, request: HttpRequest, form: forms.ModelForm, formsets: list, add: bool) -> list:
        """Without the questions: the service writes them, and their history tells of them."""
        return super().construct_change_message(request, form, [], add)

    @display(description=gettext_lazy("version"), ordering="form__title")
    def name(self, version: FormVersion) -> str:
        return str(version)

    @badge_column(description=gettext_lazy("state"), colours=LABELS)
    def state(self, version: FormVersion) -> tuple[str, str]:
        return state_of(version)

    @display(description=gettext_lazy("state"))
    def state_badge(self, version: FormVersion) -> str:
        state, text = state_of(version)
        return badge(text, LABELS[state])

    @display(description=gettext_lazy("evaluation form"))
    def form_link(self, version: FormVersion) -> str:
        return version.form.title

    @action(
        description=gettext_lazy("Publish"),
        icon="publish",
        permissions=["publish_version"],
        dialog={
            "title": gettext_lazy("Publish this version"),
            "description": gettext_lazy("Rounds can use it from then on, and its questions do not change any more."),
            "form_submit_text": gettext_lazy("Publish"),
            "form_class": ActionForm,
        },
    )
    def publish_version(self, request: HttpRequest, form: ActionForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(
            request,
            form,
            object_id,
            "publish_version",
            evaluation_forms.publish_versions,
            done=_("%(row)s was published."),
        )

    def has_publish_version_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        version = self.row_of(request, object_id) if object_id is not None else None
        return self.has_change_permission(request) and (version is None or version.published_at is None)


def _told(version: FormVersion) -> list[tuple[Any, list[str]]]:
    """Each question with its choices in words, for a version that is not written any more."""
    return [(question, told_choices(question)) for question in version.questions.order_by("number")]


def _address(version: FormVersion) -> str:
    return reverse("admin:hr_formversion_change", args=[version.pk])
