from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from core.admin.base import BackofficeAdmin
from core.errors import NotFound
from core.models import User
from core.roles import ROLES, role_label
from core.services import invitations, users


class RoleFilter(DropdownFilter):
    title = gettext_lazy("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Iterable[tuple[str, Any]]:
        return [(name, role.label) for name, role in ROLES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(groups__name=self.value()) if self.value() else queryset


class LinkedFilter(DropdownFilter):
    title = gettext_lazy("employee")
    parameter_name = "linked"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Iterable[tuple[str, Any]]:
        return [("yes", _("Employees")), ("no", _("External staff"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(employee_uid__isnull=self.value() == "no") if self.value() else queryset


class UserForm(forms.ModelForm):
    """An account without its password: that is its owner's alone."""

    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Roles"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy("What they allow is listed under Roles. Nobody changes his or her own."),
    )

    class Meta:
        model = User
        fields = ("full_name", "username", "email", "language", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Without the right to change, the page shows the roles as text.
        if "roles" in self.fields:
            self.fields["roles"].choices = [(name, role.label) for name, role in ROLES.items()]
            self.fields["roles"].initial = users.roles_of(self.instance) if self.instance.pk else []


@admin.register(User)
class UserAdmin(BackofficeAdmin):
    form = UserForm
    list_display = ["full_name", "username", "email", "role_labels", "is_linked", "is_active", "last_login"]
    list_filter = [
        ("is_active", BooleanRadioFilter),
        RoleFilter,
        LinkedFilter,
        ("language", ChoicesDropdownFilter),
    ]
    search_fields = ["full_name", "username", "email"]
    search_help_text = gettext_lazy("Name, user name or e-mail")
    ordering = ["full_name", "pk"]
    actions_detail = ["send_link"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> list[tuple[Any, dict[str, Any]]]:
        person = ["full_name", "username", "email", "language"]
        if obj is None:
            return [(None, {"fields": person}), (gettext_lazy("Rights"), {"fields": ["roles"]})]
        roles = "roles" if self.has_change_permission(request, obj) else "role_labels"
        return [
            (None, {"fields": person}),
            (gettext_lazy("Rights"), {"fields": ["is_active", roles]}),
            (gettext_lazy("Use"), {"fields": ["is_linked", "has_password", "last_login", "created_at"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        return ["role_labels", "is_linked", "has_password", "last_login", "created_at"]

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False  # accounts are switched off: history names them

    def add_row(self, request: HttpRequest, obj: User, form: forms.ModelForm) -> User:
        fields = {name: form.cleaned_data[name] for name in ("full_name", "username", "email", "language")}
        user = users.create_user(actor=request.user, roles=form.cleaned_data["roles"], **fields)
        self._tell(request, user)
        return user

    def change_row(self, request: HttpRequest, obj: User, form: forms.ModelForm) -> None:
        changed = {name: form.cleaned_data[name] for name in form.changed_data if name != "roles"}
        if changed:
            users.change_user(obj, actor=request.user, **changed)
        if "roles" in form.changed_data:
            users.set_roles(obj, form.cleaned_data["roles"], actor=request.user)

    @action(
        description=gettext_lazy("Send a link to set the password"),
        permissions=["change"],
        dialog={
            "title": gettext_lazy("Send a link to set the password"),
            "description": gettext_lazy("The person gets a one-time link by e-mail; links sent before stop working."),
            "form_class": BaseDialogForm,
        },
    )
    def send_link(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        with self.domain_errors_to_messages(request):
            user = self.get_object(request, object_id)
            if user is None:
                raise NotFound()
            invitations.send_to(user, actor=request.user)
            self._tell(request, user)
        return self.back_to(object_id)

    def _tell(self, request: HttpRequest, user: User) -> None:
        if user.email:
            self.message_user(request, _("A link is on its way to %(email)s.") % {"email": user.email})
        else:
            text = _("Without an e-mail the account needs a code on paper: print it from the list of invitations.")
            self.message_user(request, text, messages.WARNING)

    @display(description=gettext_lazy("roles"))
    def role_labels(self, user: User) -> str:
        return ", ".join(str(role_label(name)) for name in users.roles_of(user)) or self.get_empty_value_display()

    @display(description=pgettext_lazy("employee or external", "who"), ordering="employee_uid")
    def is_linked(self, user: User) -> str:
        return _("external") if user.employee_uid is None else _("employee")

    @display(description=gettext_lazy("has chosen a password"), boolean=True)
    def has_password(self, user: User) -> bool:
        return user.has_usable_password()
