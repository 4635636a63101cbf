from __future__ import annotations

from collections import defaultdict
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Field, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from unfold.decorators import action, display

from core.admin.widgets import RowSelect
from hr.admin.audience_form import AudienceForm, preview_of
from hr.admin.base import HrAdmin
from hr.admin.counted import list_of
from hr.admin.filters import DayRangeFilter
from hr.admin.results import ResultPages
from hr.models import Evaluation, EvaluationRound, Event, FormVersion
from hr.permissions import can_change_round
from hr.services import evaluation_rounds
from hr.services.evaluation_forms import DEFAULT_CODE

FIXED = ("form_version", "event")


@admin.register(EvaluationRound)
class EvaluationRoundAdmin(ResultPages, HrAdmin):
    """After an event (`add/?event=key`), or given by HR to whom it chooses."""

    first_tab = gettext_lazy("Round")
    # Whoever sees the round knows what it asked and after which event.
    seen_with_row = FIXED
    has_few_rows = True
    list_display = ["title", "form_name", "event_name", "opens_on", "due", "progress"]
    list_select_related = ["form_version__form", "event"]
    list_filter = [("opens_on", DayRangeFilter)]
    search_fields = ["title"]
    fields = ["title", "form_version", "event", "opens_on", "due_on", "days_to_answer"]
    readonly_fields = ["form_name", "event_name"]
    actions_detail = ["open_queue"]
    empty_text = gettext_lazy("A round gives one version of a form to people: after an event, or whenever you choose.")

    # --- Pages ------------------------------------------------------------------------------------------------
    def get_urls(self) -> list[URLPattern]:
        give = self.admin_site.admin_view(self.give_view)
        return [path("<path:object_id>/give/", give, name=self._page("give")), *super().get_urls()]

    def get_tabs(self, request: HttpRequest, obj: EvaluationRound) -> list[dict[str, Any]]:
        tabs = super().get_tabs(request, obj)
        gives = obj.event_id is None and can_change_round(request.user, obj)
        return [*tabs, self.tab(_("Give to people"), "give", obj)] if gives else tabs

    def versions_of(self, row: EvaluationRound) -> list[FormVersion]:
        return [row.form_version]

    def rounds_of(self, row: EvaluationRound, version: FormVersion) -> QuerySet:
        return version.rounds.filter(pk=row.pk)

    def list_of_state(self, row: EvaluationRound, state: str) -> str:
        return list_of("evaluation", round__id__exact=row.pk, state__exact=state)

    @action(description=pgettext_lazy("to do", "Grade"), icon="grading", permissions=["open_queue"])
    def open_queue(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(f"{reverse('admin:hr_evaluation_queue')}?{urlencode({'round': object_id})}")

    def has_open_queue_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Whether something of the round waits for a grade that the user may give."""
        round_ = self.row_of(request, object_id) if object_id is not None else None
        if round_ is None:
            return self.has_view_permission(request)
        return Evaluation.objects.visible_to(request.user).gradable_by(request.user).filter(round=round_).exists()

    # --- List -------------------------------------------------------------------------------------------------
    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """With how many evaluations the user sees of each, in one query a page."""
        changelist = super().get_changelist_instance(request)
        changelist.result_list = list(changelist.result_list)
        counts: defaultdict[int, dict[str, int]] = defaultdict(dict)
        seen = Evaluation.objects.visible_to(request.user).filter(round__in=[row.pk for row in changelist.result_list])
        for key, state, count in seen.order_by().values_list("round_id", "state").annotate(count=Count("pk")):
            counts[key][state] = count
        for row in changelist.result_list:
            row.counts = counts[row.pk]
        return changelist

    @display(description=gettext_lazy("evaluation form"))
    def form_name(self, round_: EvaluationRound) -> str:
        return str(round_.form_version)

    @display(description=gettext_lazy("event"))
    def event_name(self, round_: EvaluationRound) -> str:
        return str(round_.event or self.get_empty_value_display())

    @display(description=gettext_lazy("due"))
    def due(self, round_: EvaluationRound) -> Any:
        if round_.due_on is not None:
            return round_.due_on
        days = round_.days_to_answer or 0
        return ngettext("%(days)d day to answer", "%(days)d days to answer", days) % {"days": days}

    @display(description=pgettext_lazy("several", "submitted"))
    def progress(self, round_: EvaluationRound) -> str:
        submitted = sum(round_.counts.get(state, 0) for state in ("submitted", "graded"))
        given = sum(round_.counts.values()) - round_.counts.get("cancelled", 0)
        return _("%(submitted)d of %(given)d") % {"submitted": submitted, "given": given}

    # --- Form -------------------------------------------------------------------------------------------------
    def get_fields(self, request: HttpRequest, obj: EvaluationRound | None = None) -> list[str]:
        if obj is None:
            return list(self.fields)
        shown = {"form_version": "form_name", "event": "event_name"}
        return [shown.get(name, name) for name in self.fields]

    def formfield_for_foreignkey(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        kwargs["widget"] = RowSelect(db_field, self.admin_site)
        if db_field.name == "form_version":
            kwargs["queryset"] = FormVersion.objects.visible_to(request.user).exclude(published_at=None)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        helps = {
            "event": _("Whoever comes to it gets an evaluation. Leave it empty to choose the people yourself."),
            "due_on": _("The last day to answer. Leave it empty if everybody has a number of days."),
            "days_to_answer": _("From the day somebody gets it. After a change they count anew from today."),
        }
        if field is not None and db_field.name in helps:
            field.help_text = helps[db_field.name]
        return field

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial = super().get_changeform_initial_data(request) | {"opens_on": timezone.localdate()}
        events = Event.objects.visible_to(request.user)
        key = str(initial.get("event", ""))
        event = events.filter(pk=key).first() if key.isdecimal() else None
        if event is None:
            initial.pop("event", None)
            return initial
        usual = FormVersion.objects.visible_to(request.user).filter(form__code=DEFAULT_CODE)
        return initial | {
            "event": event.pk,
            "title": evaluation_rounds.title_after(event),
            "form_version": usual.exclude(published_at=None).order_by("-number").values_list("pk", flat=True).first(),
            "days_to_answer": evaluation_rounds.DAYS_AFTER_EVENT,
        }

    def add_row(self, request: HttpRequest, obj: EvaluationRound, form: forms.ModelForm) -> EvaluationRound:
        values = {name: value for name, value in form.cleaned_data.items() if name != "version"}
        for name in FIXED:
            row = values.pop(name)
            values[f"{name}_id"] = row.pk if row else None
        return evaluation_rounds.create_rounds([evaluation_rounds.NewRound(**values)], actor=request.user)[0]

    def response_add(self, request: HttpRequest, obj: EvaluationRound, post_url_continue: Any = None) -> HttpResponse:
        if "_save" not in request.POST or obj.event_id is not None:
            return super().response_add(request, obj, post_url_continue)
        messages.success(request, _("%(round)s was made. Choose who gets it.") % {"round": obj})
        return HttpResponseRedirect(self._address("give", obj))

    def change_row(self, request: HttpRequest, obj: EvaluationRound, form: forms.ModelForm) -> None:
        values, versions = {obj.pk: form.changed_values()}, self.versions(obj, form)
        evaluation_rounds.change_rounds(values, versions=versions, actor=request.user)
        if values[obj.pk].keys() & evaluation_rounds.TIME_TO_ANSWER:
            self._tell_of_expired(request, obj)

    def _tell_of_expired(self, request: HttpRequest, round_: EvaluationRound) -> None:
        """The days of a round are no longer theirs; its list has the way to give them more time."""
        expired = Evaluation.objects.visible_to(request.user).filter(round=round_, state=Evaluation.State.EXPIRED)
        count = expired.count()
        if not count:
            return
        text = ngettext(
            "%(count)d evaluation of this round has expired and stays so.",
            "%(count)d evaluations of this round have expired and stay so.",
            count,
        )
        told, link = text % {"count": count}, self.list_of_state(round_, Evaluation.State.EXPIRED)
        messages.warning(
            request, format_html('{} <a class="underline" href="{}">{}</a>', told, link, _("Give more time"))
        )

    def has_delete_permission(self, request: HttpRequest, obj: EvaluationRound | None = None) -> bool:
        return False  # what was answered is about it

    # --- Giving it to people ----------------------------------------------------------------------------------
    def give_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Who is to answer: first how many and who, then done."""
        round_ = self.get_object(request, unquote(object_id))
        if round_ is None:
            raise Http404
        if round_.event_id is not None or not can_change_round(request.user, round_):
            raise PermissionDenied
        sent = request.POST if request.method == "POST" else None
        form, preview = AudienceForm(sent, user=request.user), None
        if sent is not None and form.is_valid():
            with self.domain_errors_on(form):
                if "_give" in sent:
                    return self._given(request, round_, form)
                preview = _preview(request, round_, form)
        context = {
            **self.admin_site.each_context(request),
            **self.with_tabs(request, round_, "give"),
            "title": str(round_),
            "opts": self.opts,
            "original": round_,
            "form": form,
            "preview": preview,
            "media": self.media + form.media,
        }
        request.current_app = self.admin_site.name
        status = 400 if form.errors else 200
        return TemplateResponse(request, "hr/admin/evaluations/give.html", context, status=status)

    def _given(self, request: HttpRequest, round_: EvaluationRound, form: AudienceForm) -> HttpResponse:
        count = evaluation_rounds.give_round(round_.pk, form.audience(), actor=request.user)
        text = ngettext("%(count)d person got the evaluation.", "%(count)d people got the evaluation.", count)
        messages.success(request, text % {"count": count})
        return HttpResponseRedirect(self._address("give", round_))

    def _address(self, page: str, round_: EvaluationRound) -> str:
        return reverse(f"{self.admin_site.name}:{self._page(page)}", args=[round_.pk])


def _preview(request: HttpRequest, round_: EvaluationRound, form: AudienceForm) -> dict[str, Any]:
    people = evaluation_rounds.whom_to_give(round_, form.audience(), actor=request.user)
    new = people.exclude(pk__in=Evaluation.objects.visible_to(request.user).filter(round=round_).values("employee_id"))
    preview = preview_of(request, new)
    return preview | {"known": people.count() - preview["count"]}
