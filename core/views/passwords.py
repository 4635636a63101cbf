"""The ways to a password without one: a link by mail, a code on paper, a forgotten password."""

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from core.auth import client_ip
from core.errors import DomainError
from core.forms import ChoosePasswordForm, CodeForm, ForgottenForm
from core.models import Invitation, User
from core.services import invitations
from core.views.pages import page

SENSITIVE = ("new_password1", "new_password2", "code")


@never_cache
@sensitive_post_parameters(*SENSITIVE)
@require_http_methods(["GET", "POST"])
def accept_invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """The page behind a mailed link. Opening it uses nothing up; saving the password does."""
    invitation = invitations.find_by_link(secret)
    if invitation is None:
        return page(request, "core/link_invalid.html", {}, title=_("This link no longer works"), status=410)
    form = ChoosePasswordForm(invitation.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _accepted(request, invitation, form)
    context = {"form": form, "account": invitation.user}
    return page(request, "core/accept_invitation.html", context, title=_("Choose your password"))


@never_cache
@sensitive_post_parameters(*SENSITIVE)
@require_http_methods(["GET", "POST"])
def activate(request: HttpRequest) -> HttpResponse:
    """For people without e-mail: the user name and code from the sheet, and the password they choose."""
    code_form = CodeForm(request.POST or None, address=client_ip(request))
    known = code_form.invitation.user if code_form.is_valid() and code_form.invitation else None
    form = ChoosePasswordForm(known or User(), request.POST or None)
    if known and form.is_valid():
        return _accepted(request, code_form.invitation, form)
    return page(
        request,
        "core/activate.html",
        {"code_form": code_form, "form": form},
        title=_("Activate your account"),
    )


@never_cache
@require_http_methods(["GET", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Asks for a reset link. The answer is the same whether or not there is such an account."""
    form = ForgottenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        invitations.request_reset(form.cleaned_data["name"], address=client_ip(request))
        return page(request, "core/forgotten_done.html", {}, title=_("Look into your mail"))
    return page(request, "core/forgotten.html", {"form": form}, title=_("Forgotten password"))


def _accepted(request: HttpRequest, invitation: Invitation, form: ChoosePasswordForm) -> HttpResponse:
    try:
        user = invitations.accept(invitation, form.cleaned_data["new_password1"])
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("admin:login")
    logout(request)  # whoever was logged in here, it need not be the owner of the new password
    messages.success(request, _("Your password is set. Log in as %(user)s.") % {"user": user.email or user.username})
    return redirect("admin:login")
