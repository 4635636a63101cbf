from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from core.admin.base import BackofficeAdmin
from core.models import StoredMail

KEPT_IN = {"demo", "local", "testing"}


@admin.register(StoredMail)
class StoredMailAdmin(BackofficeAdmin):
    """What the demo would have mailed, with its links to click."""

    list_display = ["sent_at", "recipient", "subject"]
    list_display_links = ["subject"]
    search_fields = ["recipient", "subject"]
    fields = ["sent_at", "recipient", "subject", "body", "link_list"]
    readonly_fields = fields

    def has_view_permission(self, request: HttpRequest, obj: StoredMail | None = None) -> bool:
        return settings.APP_ENV in KEPT_IN and super().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: StoredMail | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: StoredMail | None = None) -> bool:
        return False

    @display(description=gettext_lazy("text"))
    def body(self, mail: StoredMail) -> SafeString:
        lines = [(line,) for line in mail.text.splitlines()]
        return format_html_join("", "<div>{}&nbsp;</div>", lines)

    @display(description=gettext_lazy("links"))
    def link_list(self, mail: StoredMail) -> SafeString:
        links = [(link, link) for link in mail.links]
        return format_html_join("", '<div><a class="break-all" href="{}">{}</a></div>', links)
