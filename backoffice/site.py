from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from unfold.sites import UnfoldAdminSite

from core.forms import LoginForm
from core.roles import role_label
from hr.demo.accounts import ACCOUNTS, PASSWORD


class BackofficeSite(UnfoldAdminSite):
    """The whole product. Every active user enters; what he finds is decided row by row."""

    site_title = settings.APP_NAME
    site_header = settings.APP_NAME
    site_url = None
    login_form = LoginForm
    login_template = "core/login.html"
    logout_template = "core/logged_out.html"

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return super().each_context(request) | {"app_name": settings.APP_NAME, "app_version": settings.APP_VERSION}

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context: dict[str, Any] = {}
        if settings.APP_ENV == "demo":
            accounts = [(account.username, role_label(account.roles[0])) for account in ACCOUNTS]
            context = {"demo_accounts": accounts, "demo_password": PASSWORD}
        return super().login(request, context | (extra_context or {}))
