from typing import Any

from django.conf import settings
from django.http import HttpRequest
from unfold.sites import UnfoldAdminSite


class BackofficeSite(UnfoldAdminSite):
    """The whole product. Every active user enters; what he finds is decided row by row."""

    site_title = settings.APP_NAME
    site_header = settings.APP_NAME
    site_url = None

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return super().each_context(request) | {"app_name": settings.APP_NAME, "app_version": settings.APP_VERSION}

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active
