"""The forms of the pages outside the back office: login, invitation, code on paper, forgotten password."""

from typing import Any

from django import forms
from django.contrib.auth.forms import SetPasswordForm
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from core.errors import DomainError
from core.models import Invitation
from core.services import invitations

LONGEST_NAME = 254  # an e-mail is longer than a user name may be
NAME_ATTRIBUTES = {"autocomplete": "username", "autocapitalize": "none", "maxlength": LONGEST_NAME}


class LoginForm(AuthenticationForm):
    """User name or e-mail, and the password."""

    error_messages = {
        "invalid_login": _("The user name, e-mail or password is not right. Mind capital letters in the password."),
        "inactive": _("The user name, e-mail or password is not right. Mind capital letters in the password."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = self.fields["username"]
        name.label = _("User name or e-mail")
        name.max_length = LONGEST_NAME
        name.validators = [check for check in name.validators if not hasattr(check, "limit_value")]
        name.widget.attrs |= NAME_ATTRIBUTES


class ChoosePasswordForm(SetPasswordForm):
    """A new password, twice, held against the rules for passwords."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("new_password1", "new_password2"):
            self.fields[name].widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})


class CodeForm(forms.Form):
    """The name and code from the paper. `invitation` is what they open, once the form is valid."""

    username = forms.CharField(
        label=_("User name"), max_length=LONGEST_NAME, widget=UnfoldAdminTextInputWidget(attrs=NAME_ATTRIBUTES)
    )
    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        help_text=_("The twelve letters and digits on your sheet; dashes and case do not matter."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "one-time-code", "autocapitalize": "characters"}),
    )
    invitation: Invitation | None = None

    def __init__(self, *args: Any, address: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.address = address

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "username" in cleaned and "code" in cleaned:
            try:
                self.invitation = invitations.find_by_code(cleaned["username"], cleaned["code"], address=self.address)
            except DomainError as error:
                raise forms.ValidationError(error.message) from error
            if self.invitation is None:
                raise forms.ValidationError(
                    _("That user name and code do not belong together, or the code is used up or expired.")
                )
        return cleaned


class ForgottenForm(forms.Form):
    name = forms.CharField(
        label=_("User name or e-mail"),
        max_length=LONGEST_NAME,
        widget=UnfoldAdminTextInputWidget(attrs=NAME_ATTRIBUTES | {"autofocus": True}),
    )
