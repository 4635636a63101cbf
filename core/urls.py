from django.conf import settings
from django.urls import include, path

from core.views.language import set_language
from core.views.passwords import accept_invitation, activate, forgotten

urlpatterns = [
    path("i18n/setlang/", set_language, name="set_language"),
    path("invitation/<str:secret>/", accept_invitation, name="accept_invitation"),
    path("activate/", activate, name="activate"),
    # Unfold's login page links to a page of this name.
    path("forgotten/", forgotten, name="admin_password_reset"),
]
if settings.ANYMAIL.get("WEBHOOK_SECRET"):
    urlpatterns.append(path("mail-events/", include("anymail.urls")))
