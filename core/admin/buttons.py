"""Addresses that only a button leads to: what is done there is done by a POST."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _


def led_to_button(request: HttpRequest, address: str) -> HttpResponse:
    """Nothing is done: who follows such an address, as the login leads him whose session had ended, is led to the page
    of the button.
    """
    messages.info(request, _("Nothing was done yet: press the button once more."))
    return HttpResponseRedirect(address)
