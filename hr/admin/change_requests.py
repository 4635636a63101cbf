from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from core.admin.badges import badge, badge_column
from core.admin.rows import is_key
from hr.admin.asking import ask_view, missing_view, withdraw_view
from hr.admin.base import HrAdmin
from hr.admin.corrections import RejectForm
from hr.admin.deciding import DecisionList, StateFilter
from hr.admin.dialogs import ActionForm, RowField
from hr.admin.filters import SubtreeFilter
from hr.admin.labels import DECISION_LABELS
from hr.change_requests import ROWS, name_values
from hr.models import ChangeRequest, Employee
from hr.permissions import can_decide_requests, can_report_people, can_serve_himself
from hr.services import change_requests
from hr.services.clean import clean_code

State, Kind = ChangeRequest.State, ChangeRequest.Kind
# Shown once there is something to show.
LATER = ("decided_by_name", "decided_at", "answer")
# What HR chooses where somebody is missing.
OF_MISSING = {"employee", "org_unit", "reports_to"}


class ApproveForm(ActionForm):
    """Asks only for what the requests leave open; `needed` are the names of these fields."""

    employee = RowField(
        ChangeRequest,
        "employee",
        label=gettext_lazy("Who is meant"),
        required=False,
        help_text=gettext_lazy("Say below into which unit the person belongs, who is the boss, or both."),
    )
    org_unit = RowField(Employee, "org_unit", label=gettext_lazy("The right unit"), required=False)
    position = RowField(Employee, "position", label=gettext_lazy("The right position"), required=False)
    reports_to = RowField(Employee, "reports_to", label=gettext_lazy("The right boss"), required=False)
    answer = forms.CharField(
        label=gettext_lazy("Answer"),
        required=False,
        max_length=300,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Who asked for it reads this."),
    )

    def __init__(self, *args: Any, needed: Collection[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self._row() if self.object_id is not None else None
        if needed is None:
            needed = needed_by([(row.kind, row.field)] if row else [])
        for name in OF_MISSING.union(ROWS) - set(needed):
            del self.fields[name]
        if row is not None and row.kind == Kind.MISSING:
            # Somebody named by code is found already.
            named = Employee.objects.visible_to(self.request.user).filter(code=clean_code(row.new)).first()
            self.initial["employee"] = named.pk if named else None

    def _row(self) -> ChangeRequest | None:
        rows = ChangeRequest.objects.visible_to(self.request.user)
        return rows.filter(pk=self.object_id).first() if is_key(ChangeRequest, self.object_id) else None


def needed_by(requests: Iterable[tuple[str, str]]) -> set[str]:
    """What HR has to choose so that requests of these kinds and fields can be approved."""
    needed: set[str] = set()
    for kind, field in requests:
        needed |= OF_MISSING if kind == Kind.MISSING else ({field} & set(ROWS))
    return needed


def approve(ids: Collection[int], *, actor: Any, answer: str, **chosen: Any) -> list[ChangeRequest]:
    choice = change_requests.Choice(**chosen)
    return change_requests.approve_change_requests(ids, choice=choice, answer=answer, actor=actor)


class DecisionFilter(DropdownFilter):
    """Those that wait for the reader, and those he asked for."""

    title = gettext_lazy("decision")
    parameter_name = "decision"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Iterable[tuple[str, str]]:
        mine = [("mine", _("mine to decide"))] if can_decide_requests(request.user) else []
        return [*mine, ("asked", _("asked for by me"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case "mine":
                return queryset.decidable_by(request.user)
            case "asked":
                return queryset.asked_by(request.user)
        return queryset


@admin.register(ChangeRequest)
class ChangeRequestAdmin(DecisionList, HrAdmin):
    """What people ask of HR, to HR; and to everybody what he asked for himself."""

    first_tab = gettext_lazy("Request")
    list_display = ["what", "employee", "old_value", "new_value", "reason", "asked_by_name", "state_label"]
    list_display_links = ["what"]
    list_select_related = ["employee"]
    sortable_by = ()
    list_filter = [
        DecisionFilter,
        ("state", StateFilter),
        ("kind", ChoicesDropdownFilter),
        ("employee__org_unit", SubtreeFilter),
    ]
    search_fields = ["employee__search_text"]
    search_help_text = gettext_lazy("Name, code, e-mail or national id")
    fields = [
        "kind_text",
        "employee",
        "what",
        "old_value",
        "new_value",
        "missing",
        "reason",
        "asked_by_name",
        "created_at",
        "state_badge",
        *LATER,
    ]
    readonly_fields = fields
    actions_list = ["open_ask", "open_missing"]
    actions_detail = ["approve", "reject", "take_back"]
    actions = ["approve_many", "reject_many", "take_back_many"]
    empty_text = gettext_lazy("Nobody has asked for anything.")

    # --- Pages on which it is asked -----------------------------------------------------------------------------
    def get_urls(self) -> list[URLPattern]:
        pages = [
            ("ask/", ask_view, "ask"),
            ("missing/", missing_view, "missing_people"),
            ("<int:request_id>/withdraw/", withdraw_view, "withdraw_own"),
        ]
        own = {"model_admin": self}
        return [
            path(route, self.admin_site.admin_view(view), own, name=self._page(name)) for route, view, name in pages
        ] + super().get_urls()

    @action(
        description=gettext_lazy("Ask for a change"),
        icon="contact_support",
        url_path="open-ask",
        permissions=["serve_himself"],
    )
    def open_ask(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=302, headers={"Location": reverse("admin:hr_changerequest_ask")})

    @action(
        description=gettext_lazy("Somebody is missing"),
        icon="person_search",
        url_path="open-missing",
        permissions=["report"],
    )
    def open_missing(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=302, headers={"Location": reverse("admin:hr_changerequest_missing_people")})

    def has_serve_himself_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return can_serve_himself(request.user)

    def has_report_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return can_report_people(request.user)

    # --- Rows ---------------------------------------------------------------------------------------------------
    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> ChangeRequest | None:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            name_values([row], request.user)
        return row

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        changelist = super().get_changelist_instance(request)
        changelist.result_list = list(changelist.result_list)
        name_values(changelist.result_list, request.user)
        return changelist

    def get_tabs(self, request: HttpRequest, obj: Model) -> list[dict[str, Any]]:
        """Without a history: who asked and who decided is all there is, and stands on the page."""
        return []

    def get_fields(self, request: HttpRequest, obj: ChangeRequest | None = None) -> list[str]:
        left_out = {name for name in LATER if getattr(obj, name, None) in (None, "")}
        if obj is not None:
            left_out |= {"employee", "old_value", "new_value", "what"} if obj.kind == Kind.MISSING else {"missing"}
            left_out |= {"new_value"} if obj.kind == Kind.NOT_MINE else set()
        return [name for name in self.fields if name not in left_out]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # asked for on pages of its own

    def has_change_permission(self, request: HttpRequest, obj: ChangeRequest | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ChangeRequest | None = None) -> bool:
        return False

    @display(description=gettext_lazy("kind"))
    def kind_text(self, row: ChangeRequest) -> str:
        return capfirst(row.get_kind_display())

    @display(description=gettext_lazy("who is missing"))
    def missing(self, row: ChangeRequest) -> str:
        return row.new

    @display(description=gettext_lazy("what"))
    def what(self, row: ChangeRequest) -> str:
        if row.kind == Kind.NOT_MINE:
            return _("%(field)s is wrong") % {"field": row.what}
        return row.what

    @display(description=gettext_lazy("old value"))
    def old_value(self, row: ChangeRequest) -> str:
        return row.old_words

    @display(description=gettext_lazy("new value"))
    def new_value(self, row: ChangeRequest) -> str:
        return row.new_words

    @badge_column(description=gettext_lazy("state"), colours=DECISION_LABELS)
    def state_label(self, row: ChangeRequest) -> tuple[str, str]:
        return row.state, row.get_state_display()

    @display(description=gettext_lazy("state"))
    def state_badge(self, row: ChangeRequest) -> str:
        return badge(row.get_state_display(), DECISION_LABELS[row.state])

    # --- What may be done -------------------------------------------------------------------------------------
    @action(
        description=gettext_lazy("Approve"),
        icon="check",
        permissions=["decide"],
        dialog={
            "title": gettext_lazy("Approve the request"),
            "description": gettext_lazy("The person is changed at once."),
            "form_submit_text": gettext_lazy("Approve"),
            "form_class": ApproveForm,
        },
    )
    def approve(self, request: HttpRequest, form: ApproveForm, object_id: str) -> HttpResponse:
        done = _("The request was approved, and the person changed.")
        return self.run_in_dialog(request, form, object_id, "approve", approve, done=done)

    @action(
        description=gettext_lazy("Reject"),
        icon="close",
        permissions=["decide"],
        dialog={
            "title": gettext_lazy("Reject the request"),
            "form_submit_text": gettext_lazy("Reject"),
            "form_class": RejectForm,
        },
    )
    def reject(self, request: HttpRequest, form: RejectForm, object_id: str) -> HttpResponse:
        service, done = change_requests.reject_change_requests, _("The request was rejected.")
        return self.run_in_dialog(request, form, object_id, "reject", service, done=done)

    @action(
        description=gettext_lazy("Withdraw"),
        icon="undo",
        permissions=["take_back"],
        dialog={
            "title": gettext_lazy("Withdraw the request"),
            "description": gettext_lazy("Nobody decides about it then. You may ask again."),
            "form_submit_text": gettext_lazy("Withdraw"),
            "form_class": ActionForm,
        },
    )
    def take_back(self, request: HttpRequest, form: ActionForm, object_id: str) -> HttpResponse:
        service, done = change_requests.withdraw_change_requests, _("The request was withdrawn.")
        return self.run_in_dialog(request, form, object_id, "take_back", service, done=done)

    def has_decide_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        if object_id is None:
            return can_decide_requests(request.user)
        row = self.row_of(request, object_id)
        return row is not None and self._is_among(request, row, "decidable_by")

    def has_take_back_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        if object_id is None:
            return can_serve_himself(request.user) or can_report_people(request.user)
        row = self.row_of(request, object_id)
        return row is not None and row.asked_by_id == request.user.pk and row.state == State.WAITING

    # --- Many rows --------------------------------------------------------------------------------------------
    @action(description=gettext_lazy("Approve"), permissions=["decide"])
    def approve_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        mine = queryset.decidable_by(request.user).filter(Q(kind=Kind.MISSING) | Q(field__in=ROWS))
        needed = needed_by(mine.order_by().values_list("kind", "field").distinct())
        how = {"title": _("Approve"), "form_class": partial(ApproveForm, needed=needed), "service": approve}
        return self.decide_many(request, queryset, **how)

    @action(description=gettext_lazy("Reject"), permissions=["decide"])
    def reject_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        how = {"title": _("Reject"), "form_class": RejectForm, "service": change_requests.reject_change_requests}
        return self.decide_many(request, queryset, **how)

    @action(description=gettext_lazy("Withdraw"), permissions=["take_back"])
    def take_back_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return self.withdraw_many(request, queryset, service=change_requests.withdraw_change_requests)
