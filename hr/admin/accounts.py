"""Inviting employees to log in, from their page and from the list. EmployeeAdmin takes the mixin in."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from core.errors import NotFound
from core.models import User
from core.services.users import account_of
from hr.admin.bulk import run_on_many
from hr.admin.dialogs import ActionForm
from hr.models import Employee
from hr.services.accounts import ERRORS, Invited, can_invite, invite_employees

NAMED = 5


class InviteActions(admin.ModelAdmin):
    """Adds the action `invite_many` to the list and `invite` to the page of one employee."""

    def has_invite_permission(self, request: HttpRequest, object_id: Any | None = None) -> bool:
        return can_invite(request.user)

    @action(description=gettext_lazy("Invite to log in"), permissions=["invite"])
    def invite_many(self, request: HttpRequest, queryset: QuerySet[Employee]) -> HttpResponse | None:
        def invite(ids: list[int], *, actor: User) -> None:
            tell(request, invite_employees(ids, actor=actor))

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
            "form_submit_text": gettext_lazy("Invite to log in"),
            "form_class": BaseDialogForm,
        },
    )
    def invite(self, request: HttpRequest, form: forms.Form, object_id: str) -> HttpResponse:
        with self.domain_errors_to_messages(request):
            employee = self.get_object(request, object_id)
            if employee is None:
                raise NotFound()
            tell(request, invite_employees([employee.pk], actor=request.user))
        return self.back_to(object_id)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        """The button is for who may log in and does not yet; one pressed on an old page is answered in words."""
        offered = super().get_actions_detail(request, object_id)
        employee = self.row_of(request, object_id)
        if employee is not None and employee.status == Employee.Status.ACTIVE:
            account = account_of(employee.uid)
            if account is None or not account.has_usable_password():
                return offered
        return [action for action in offered if not action.action_name.endswith("_invite")]

    @display(description=gettext_lazy("login"))
    def access(self, employee: Employee) -> str:
        if employee.status != Employee.Status.ACTIVE:
            return _("none: only active employees are invited and log in")
        account = account_of(employee.uid)
        if account is None:
            return _("not invited")
        if not account.is_active:
            return _("switched off")
        return _("as %(user)s") % {"user": account.username} if account.has_usable_password() else _("invited")


def tell(request: HttpRequest, invited: Invited) -> None:
    """Say what became of an invitation of several people; a warning if anybody could not be invited."""
    well = invited.invited and not invited.refused and not invited.not_active
    messages.add_message(request, messages.SUCCESS if well else messages.WARNING, " ".join(sentences(invited)))


def sentences(invited: Invited) -> list[str]:
    """What became of it, in words."""
    told = [_told_of_invited(invited.invited)]
    told += [_told_of_refused(reason, people) for reason, people in invited.refused.items()]
    if any(len(people) > NAMED for people in invited.refused.values()):
        told.append(_("The list of notifications names them all."))
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
            ngettext(
                "%(count)d person is suspended or no longer works here, and is not invited.",
                "%(count)d people are suspended or no longer work here, and are not invited.",
                invited.not_active,
            )
            % {"count": invited.not_active}
        )
    return told


def _told_of_invited(count: int) -> str:
    if not count:
        return _("Nobody is being invited.")
    text = ngettext("%(count)d person is being invited.", "%(count)d people are being invited.", count)
    return text % {"count": count}


def _told_of_refused(reason: str, people: Sequence[str]) -> str:
    text = ngettext(
        "%(reason)s %(count)d person cannot be invited: %(people)s.",
        "%(reason)s %(count)d people cannot be invited: %(people)s.",
        len(people),
    )
    named = ", ".join(people[:NAMED]) + (" …" if len(people) > NAMED else "")
    return text % {"reason": ERRORS[reason], "count": len(people), "people": named}
