from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST
from django.views.i18n import set_language as django_set_language

from core.services import users

# The choice made on the login page, until the login that makes it the user's.
CHOSEN = "chosen_language"


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Django's switch, which also remembers the language with the user."""
    language = request.POST.get("language")
    if language in dict(settings.LANGUAGES):
        if request.user.is_authenticated:
            users.choose_language(request.user, language)
        else:
            request.session[CHOSEN] = language
    return django_set_language(request)
