"""A form that was posted after the session ended: kept for its user, and filled in again after he logs in.

Nothing is saved by it. Files and passwords are not kept, nor is anything large; only the same user, within the hour,
at the same address, gets it back, and once.
"""

import re
import time
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

KEY = "kept_form"
LARGEST_BYTES = 64 * 1024
KEPT_SECONDS = 60 * 60
SECRET = re.compile(r"password|secret|token|csrf", re.IGNORECASE)


def keep(request: HttpRequest, user_id: int) -> None:
    """Put the posted form into the (now anonymous) session."""
    if request.method != "POST" or "HX-Request" in request.headers:
        return
    data = request.POST.copy()
    for name in [name for name in data if SECRET.search(name)]:
        del data[name]
    text = data.urlencode()
    if data and len(text) <= LARGEST_BYTES:
        request.session[KEY] = {"user": user_id, "path": request.path, "data": text, "at": int(time.time())}


def offer(request: HttpRequest) -> None:
    """Take the kept form out of the session if this request asks for its page, or if it is nobody's any more."""
    kept = request.session.get(KEY)
    if kept is None or SESSION_KEY not in request.session:
        return
    mine = int(request.session[SESSION_KEY]) == kept["user"]
    fresh = time.time() - kept["at"] < KEPT_SECONDS
    if mine and fresh and request.path != kept["path"]:
        return
    del request.session[KEY]
    if mine and fresh and request.method == "GET":
        request.kept_form = QueryDict(kept["data"])  # type: ignore[attr-defined]


def kept_for(request: HttpRequest) -> QueryDict | None:
    """What the user had typed on this page before his session ended, or None."""
    return getattr(request, "kept_form", None)


def refilled(request: HttpRequest, form_class: type[forms.BaseForm]) -> type[forms.BaseForm]:
    """`form_class`, showing what was typed before the session ended, if that is so; unbound, so nothing is saved."""
    kept = kept_for(request)
    if kept is None:
        return form_class
    data = kept

    class RefilledForm(form_class):  # type: ignore[valid-type, misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            if not self.is_bound:
                self.initial |= _typed(self, data)

    RefilledForm.__name__ = form_class.__name__
    _say_so(request)
    return RefilledForm


def _typed(form: forms.BaseForm, data: QueryDict) -> dict[str, Any]:
    """Widget values by field; as `initial`, widgets show them as they would show a posted value."""
    return {
        name: field.widget.value_from_datadict(data, {}, form.add_prefix(name))
        for name, field in form.fields.items()
        if not isinstance(field.widget, forms.PasswordInput | forms.FileInput) and not field.disabled
    }


def _say_so(request: HttpRequest) -> None:
    if not getattr(request, "kept_form_announced", False):
        request.kept_form_announced = True  # type: ignore[attr-defined]
        messages.warning(
            request,
            _("Your session had ended. The form is filled in as you left it; nothing has been saved yet."),
        )
