from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Field, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelect2Widget

from core.admin.badges import badge, badge_column
from hr.admin.accounts import InviteActions
from hr.admin.base import GrantTab, HrAdmin, VersionedForm
from hr.admin.bulk import run_on_many
from hr.admin.delegations import delegations_view, end_delegation_view
from hr.admin.dialogs import BossForm, MoveForm, ReasonForm, RehireForm, TerminateForm
from hr.admin.enrolment import EnrolActions
from hr.admin.filters import BossFilter, DayRangeFilter, ScopedAutocompleteFilter, SubtreeFilter
from hr.admin.profile import profile_view
from hr.admin.reporting import ReportActions
from hr.admin.spreadsheets import SpreadsheetAdmin
from hr.admin.why import reasons_view, why_view
from hr.countries import country_name
from hr.models import Employee, OrgUnit
from hr.permissions import (
    can_change,
    can_change_guarded,
    can_change_status,
    can_enter_personal_data,
    can_move,
    can_see_personal_data,
    is_self,
)
from hr.phones import display_phone
from hr.rights import GUARDED_FIELDS, VIEW
from hr.scope import answers_for_others
from hr.services import employees, employment

Status = Employee.Status
LABELS = {Status.ACTIVE: "success", Status.SUSPENDED: "warning", Status.TERMINATED: "danger"}

PERSON = ["first_name", "last_name", "country", "national_id", "birth_date"]
CONTACT = ["work_email", "work_phone", "private_phone"]
EMPLOYMENT = ["code", "org_unit", "position", "reports_to", "hired_on"]
PLAIN = {"org_unit": "unit_name", "position": "position_name", "reports_to": "boss_name"}


class EmployeeForm(VersionedForm):
    """Phones are shown as people read them; the service stores them as it always does."""

    class Meta:
        model = Employee
        fields = [*PERSON, *CONTACT, *EMPLOYMENT]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("work_phone", "private_phone"):
            self.initial[name] = display_phone(self.initial.get(name) or "")
        if self.instance.pk is None and "code" in self.fields:
            self.fields["code"].required = False
            self.fields["code"].help_text = _("Leave it empty and the next free one is given.")


class CountryFilter(DropdownFilter):
    """The countries that occur, not all there are."""

    title = gettext_lazy("country")
    parameter_name = "country"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Iterable[tuple[str, str]]:
        found = Employee.objects.visible_to(request.user).order_by().values_list("country", flat=True).distinct()
        return sorted(((code, country_name(code)) for code in found), key=lambda choice: choice[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(country=self.value()) if self.value() else queryset


@admin.register(Employee)
class EmployeeAdmin(SpreadsheetAdmin, InviteActions, EnrolActions, ReportActions, GrantTab, HrAdmin):
    form = EmployeeForm
    seen_with_row = ("org_unit", "position")
    list_display = ["code", "name", "org_unit", "position", "status_label", "hired_on"]
    list_display_links = ["code", "name"]
    list_select_related = ["org_unit", "position"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("org_unit", SubtreeFilter),
        ("position", ScopedAutocompleteFilter),
        CountryFilter,
        BossFilter,
        ("hired_on", DayRangeFilter),
    ]
    search_fields = ["search_text"]
    search_help_text = gettext_lazy("Name, code, e-mail or national id")
    autocomplete_fields = ["org_unit", "position", "reports_to"]
    readonly_fields = ["status_badge", "ended_on", "access", *PLAIN.values()]
    readonly_preprocess_fields = {"work_phone": display_phone, "private_phone": display_phone}
    actions_row = ["move", "change_boss"]
    actions_detail = [
        "move",
        "change_boss",
        {
            "title": gettext_lazy("Employment"),
            "icon": "badge",
            "items": ["suspend", "reactivate", "terminate", "rehire"],
        },
        "invite",
        "not_mine",
    ]
    actions_list = ["open_missing"]
    actions = [
        "move_many",
        "change_boss_many",
        "enrol_many",
        "not_mine_many",
        "invite_many",
        "suspend_many",
        "reactivate_many",
        "terminate_many",
        "rehire_many",
    ]
    empty_text = gettext_lazy("Hire somebody, or load all employees at once from a spreadsheet.")

    # --- Pages beside the form --------------------------------------------------------------------------------
    def get_urls(self) -> list[URLPattern]:
        pages = [
            ("delegations/", delegations_view, "delegations"),
            ("delegations/<int:grant_id>/end/", end_delegation_view, "end_delegation"),
            ("why/", why_view, "why"),
            ("profile/", profile_view, "profile"),
            ("<path:object_id>/reasons/", reasons_view, "reasons"),
        ]
        own = {"model_admin": self}
        return [
            path(route, self.admin_site.admin_view(view), own, name=self._page(name)) for route, view, name in pages
        ] + super().get_urls()

    def get_tabs(self, request: HttpRequest, obj: Employee) -> list[dict[str, Any]]:
        return [*super().get_tabs(request, obj), self.tab(_("Why can I see this?"), "reasons", obj)]

    # --- List -------------------------------------------------------------------------------------------------
    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        if request.GET.get("field_name") in {"reports_to", "head"}:
            queryset = queryset.exclude(status=Status.TERMINATED)
        elif request.GET.get("model_name") == "attendance":
            # Whom to enrol: the participants of an event, and the walk-ins of its roll.
            queryset = queryset.enrollable_by(request.user).active()
        return super().get_search_results(request, queryset, search_term)

    @display(description=gettext_lazy("name"), ordering="search_text")
    def name(self, employee: Employee) -> str:
        return f"{employee.last_name}, {employee.first_name}"

    @badge_column(description=gettext_lazy("status"), ordering="status", colours=LABELS)
    def status_label(self, employee: Employee) -> tuple[str, str]:
        return employee.status, employee.get_status_display()

    @display(description=gettext_lazy("status"))
    def status_badge(self, employee: Employee) -> str:
        return badge(employee.get_status_display(), LABELS[employee.status])

    @display(description=gettext_lazy("unit"))
    def unit_name(self, employee: Employee) -> str:
        return str(employee.org_unit)

    @display(description=gettext_lazy("position"))
    def position_name(self, employee: Employee) -> str:
        return str(employee.position or "")

    @display(description=gettext_lazy("reports to"))
    def boss_name(self, employee: Employee) -> str:
        return str(employee.reports_to or "")

    # --- Form -------------------------------------------------------------------------------------------------
    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Employee | None:
        employee = super().get_object(request, object_id, from_field)
        if employee is not None and is_self(request.user, employee):
            # Everybody may know the name of his own boss.
            employee._state.fields_cache.pop("reports_to", None)
        return employee

    def get_fieldsets(self, request: HttpRequest, obj: Employee | None = None) -> list[tuple[Any, dict[str, Any]]]:
        hidden = set() if self._shows_personal_data(request, obj) else set(Employee.PERSONAL_FIELDS)
        employment_fields = [*EMPLOYMENT, *(["status_badge", "ended_on"] if obj else [])]
        # One's own page names unit, position and boss, but links only to pages that are one's own, too.
        plain: dict[str, str] = {}
        if obj and not answers_for_others(request.user):
            plain = PLAIN
        elif obj and is_self(request.user, obj) and not request.user.has_perm(VIEW):
            plain = {"reports_to": "boss_name"}
        employment_fields = [plain.get(name, name) for name in employment_fields]
        if obj and self.has_invite_permission(request):
            employment_fields.append("access")
        return [
            (gettext_lazy("Person"), {"fields": [name for name in PERSON if name not in hidden]}),
            (gettext_lazy("Contact"), {"fields": [name for name in CONTACT if name not in hidden]}),
            (gettext_lazy("Employment"), {"fields": employment_fields}),
        ]

    @staticmethod
    def _shows_personal_data(request: HttpRequest, obj: Employee | None) -> bool:
        return can_see_personal_data(request.user, obj) if obj else can_enter_personal_data(request.user)

    def get_readonly_fields(self, request: HttpRequest, obj: Employee | None = None) -> list[str]:
        fields = list(super().get_readonly_fields(request, obj))
        if obj is not None and not can_move(request.user):
            fields.append("org_unit")
        if obj is not None and not can_change_guarded(request.user):
            fields += [name for name in GUARDED_FIELDS if name not in fields]
        return list(dict.fromkeys(fields))

    def get_form(self, request: HttpRequest, obj: Employee | None = None, change: bool = False, **kwargs: Any) -> type:
        """The units to choose are those into which this user may put this person."""
        form = super().get_form(request, obj, change, **kwargs)
        if "org_unit" in form.base_fields:
            if obj is None:
                chosen = OrgUnit.objects.open_to_hire(request.user)
            else:
                present = OrgUnit.objects.visible_to(request.user).filter(pk=obj.org_unit_id)
                chosen = OrgUnit.objects.open_to_move(request.user) | present
            form.base_fields["org_unit"].queryset = chosen
        return form

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        if db_field.name == "country":
            kwargs["widget"] = UnfoldAdminSelect2Widget()
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Employee | None = None) -> bool:
        return False  # employments end, people stay

    def add_row(self, request: HttpRequest, obj: Employee, form: forms.ModelForm) -> Employee:
        values = {name: value for name, value in form.cleaned_data.items() if name != "version"}
        for name in ("org_unit", "position", "reports_to"):
            row = values.pop(name, None)
            values[f"{name}_id"] = row.pk if row else None
        return employees.hire_employees([employees.NewEmployee(**values)], actor=request.user)[0]

    def change_row(self, request: HttpRequest, obj: Employee, form: forms.ModelForm) -> None:
        values, versions = {obj.pk: form.changed_values()}, self.versions(obj, form)
        employees.change_employees(values, versions=versions, actor=request.user)

    # --- One person -------------------------------------------------------------------------------------------
    @action(
        description=gettext_lazy("Move"),
        icon="drive_file_move",
        permissions=["move"],
        dialog={
            "title": gettext_lazy("Move to another unit"),
            "form_submit_text": gettext_lazy("Move"),
            "form_class": MoveForm,
        },
    )
    def move(self, request: HttpRequest, form: MoveForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(
            request, form, object_id, "move", employees.move_employees, done=_("%(row)s was moved.")
        )

    @action(
        description=gettext_lazy("Change boss"),
        icon="supervisor_account",
        permissions=["change_boss"],
        dialog={
            "title": gettext_lazy("Change the boss"),
            "form_submit_text": gettext_lazy("Change boss"),
            "form_class": BossForm,
        },
    )
    def change_boss(self, request: HttpRequest, form: BossForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(
            request, form, object_id, "change_boss", employees.change_boss, done=_("The boss of %(row)s was changed.")
        )

    @action(
        description=gettext_lazy("Suspend"),
        icon="pause_circle",
        permissions=["suspend"],
        dialog={
            "title": gettext_lazy("Suspend"),
            "description": gettext_lazy("The person cannot log in until reactivated."),
            "form_submit_text": gettext_lazy("Suspend"),
            "form_class": ReasonForm,
        },
    )
    def suspend(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(
            request, form, object_id, "suspend", employment.suspend_employees, done=_("%(row)s is suspended.")
        )

    @action(
        description=gettext_lazy("Reactivate"),
        icon="play_circle",
        permissions=["reactivate"],
        dialog={
            "title": gettext_lazy("Reactivate"),
            "form_submit_text": gettext_lazy("Reactivate"),
            "form_class": ReasonForm,
        },
    )
    def reactivate(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(
            request, form, object_id, "reactivate", employment.reactivate_employees, done=_("%(row)s is active again.")
        )

    @action(
        description=gettext_lazy("Terminate"),
        icon="person_off",
        permissions=["terminate"],
        dialog={
            "title": gettext_lazy("Terminate the employment"),
            "description": gettext_lazy(
                "Access ends at once. Units headed by this person are left without a head; "
                "those who report to this person keep their boss until you change it."
            ),
            "form_submit_text": gettext_lazy("Terminate"),
            "form_class": TerminateForm,
        },
    )
    def terminate(self, request: HttpRequest, form: TerminateForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(
            request,
            form,
            object_id,
            "terminate",
            employment.terminate_employees,
            done=_("The employment of %(row)s was terminated."),
        )

    @action(
        description=gettext_lazy("Rehire"),
        icon="person_add",
        permissions=["rehire"],
        dialog={
            "title": gettext_lazy("Rehire"),
            "description": gettext_lazy("The history keeps the dates of the employment that ended."),
            "form_submit_text": gettext_lazy("Rehire"),
            "form_class": RehireForm,
        },
    )
    def rehire(self, request: HttpRequest, form: RehireForm, object_id: str) -> HttpResponse:
        return self.run_in_dialog(
            request, form, object_id, "rehire", employment.rehire_employees, done=_("%(row)s was rehired.")
        )

    def has_move_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        if not can_move(request.user):
            return False
        if object_id is None:
            return self.has_change_permission(request)
        employee = self.row_of(request, object_id)
        return employee is not None and can_change(request.user, employee)

    def has_change_boss_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return can_change_guarded(request.user) and self.has_move_permission(request, object_id)

    def has_suspend_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._may_leave(request, object_id, {Status.ACTIVE})

    def has_reactivate_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._may_leave(request, object_id, {Status.SUSPENDED})

    def has_terminate_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._may_leave(request, object_id, {Status.ACTIVE, Status.SUSPENDED})

    def has_rehire_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._may_leave(request, object_id, {Status.TERMINATED})

    def _may_leave(self, request: HttpRequest, object_id: Any, statuses: set[str]) -> bool:
        """Whether the user may change the status of this person (of somebody, without an id) from one of `statuses`."""
        if object_id is None:
            return self.has_change_permission(request)
        employee = self.row_of(request, object_id)
        return employee is not None and employee.status in statuses and can_change_status(request.user, employee)

    # --- Many people ------------------------------------------------------------------------------------------
    @action(description=gettext_lazy("Move to another unit"), permissions=["move"])
    def move_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self, request, queryset, title=_("Move"), form_class=MoveForm, service=employees.move_employees
        )

    @action(description=gettext_lazy("Change the boss"), permissions=["change_boss"])
    def change_boss_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self, request, queryset, title=_("Change boss"), form_class=BossForm, service=employees.change_boss
        )

    @action(description=gettext_lazy("Suspend"), permissions=["change"])
    def suspend_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self, request, queryset, title=_("Suspend"), form_class=ReasonForm, service=employment.suspend_employees
        )

    @action(description=gettext_lazy("Reactivate"), permissions=["change"])
    def reactivate_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self,
            request,
            queryset,
            title=_("Reactivate"),
            form_class=ReasonForm,
            service=employment.reactivate_employees,
        )

    @action(description=gettext_lazy("Terminate the employment"), permissions=["change"])
    def terminate_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self,
            request,
            queryset,
            title=_("Terminate"),
            form_class=TerminateForm,
            service=employment.terminate_employees,
        )

    @action(description=gettext_lazy("Rehire"), permissions=["change"])
    def rehire_many(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        return run_on_many(
            self, request, queryset, title=_("Rehire"), form_class=RehireForm, service=employment.rehire_employees
        )
