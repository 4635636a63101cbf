"""Inviting employees to log in, from their page and from the list. EmployeeAdmin takes the mixin in."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from core.errors import NotFound
from core.models import User
from hr.admin.bulk import run_on_many
from hr.admin.dialogs import ActionForm
from hr.models import Employee
from hr.services.accounts import Invited, can_invite, invite_employees


class InviteActions(admin.ModelAdmin):
    """Adds the action `invite_many` to the list and `invite` to the page of one employee."""

    def has_invite_permission(self, request: HttpRequest, object_id: Any | None = None) -> bool:
        return can_invite(request.user)

    @action(description=gettext_lazy("Invite to log in"), permissions=["invite"])
    def invite_many(self, request: HttpRequest, queryset: QuerySet[Employee]) -> HttpResponse | None:
        def invite(ids: list[int], *, actor: User) -> None:
            self._tell(request, invite_employees(ids, actor=actor))

        return run_on_many(self, request, queryset, title=_("Invite to log in"), form_class=ActionForm, service=invite)

    @action(
        description=gettext_lazy("Invite to log in"),
        permissions=["invite"],
        icon="mail",
        dialog={
            "title": gettext_lazy("Invite to log in"),
            "description": gettext_lazy(
                "An account is made, with the employee code as user name. The link to choose a password goes to the "
                "work e-mail; without one, print a code from the list of invitations."
            ),
            "form_class": BaseDialogForm,
        },
    )
    def invite(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        with self.domain_errors_to_messages(request):
            employee = self.get_object(request, object_id)
            if employee is None:
                raise NotFound()
            self._tell(request, invite_employees([employee.pk], actor=request.user))
        return self.back_to(object_id)

    @display(description=gettext_lazy("login"))
    def access(self, employee: Employee) -> str:
        account = User.objects.filter(employee_uid=employee.uid).first()
        if account is None:
            return _("not invited")
        if not account.is_active:
            return _("switched off")
        return _("as %(user)s") % {"user": account.username} if account.has_usable_password() else _("invited")

    def _tell(self, request: HttpRequest, invited: Invited) -> None:
        level = messages.SUCCESS if invited.invited else messages.WARNING
        self.message_user(request, " ".join(sentences(invited)), level)


def sentences(invited: Invited) -> list[str]:
    """What became of an invitation of several people, in words."""
    told = [
        ngettext("%(count)d person is being invited.", "%(count)d people are being invited.", invited.invited)
        % {"count": invited.invited}
    ]
    if invited.waiting:
        told.append(
            ngettext(
                "%(count)d invitation was on its way already.",
                "%(count)d invitations were on their way already.",
                invited.waiting,
            )
            % {"count": invited.waiting}
        )
    if invited.have_access:
        told.append(
            ngettext("%(count)d person logs in already.", "%(count)d people log in already.", invited.have_access)
            % {"count": invited.have_access}
        )
    if invited.not_active:
        told.append(
            ngettext("%(count)d person is not active.", "%(count)d people are not active.", invited.not_active)
            % {"count": invited.not_active}
        )
    return told
