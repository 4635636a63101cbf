import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import ForeignObjectRel
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver
from django.utils.functional import SimpleLazyObject
from unfold.sites import UnfoldAdminSite

from backoffice.denials import recording_denials
from backoffice.search import find_rows
from core.forms import LoginForm
from core.roles import role_label
from hr.demo.accounts import ACCOUNTS, PASSWORD
from hr.unread import unread_label

RESULTS_A_PAGE = 100


class ChoicesView(AutocompleteJsonView):
    """Django's, which answers 500 to a relation that leads back: no form offers one."""

    def process_request(self, request: HttpRequest) -> tuple[Any, ...]:
        found: tuple[Any, ...] = super().process_request(request)  # type: ignore[misc]
        if isinstance(found[2], ForeignObjectRel):
            raise PermissionDenied
        return found


class BackofficeSite(UnfoldAdminSite):
    """The whole product. Every active user enters; what he finds is decided row by row."""

    site_title = settings.APP_NAME
    site_header = settings.APP_NAME
    site_url = None
    login_form = LoginForm
    login_template = "core/login.html"
    logout_template = "core/logged_out.html"

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return super().each_context(request) | {
            "app_name": settings.APP_NAME,
            "app_version": settings.APP_VERSION,
            # As long as git shows it, and a little more.
            "app_commit": settings.APP_COMMIT[:12],
            "unread": unread_label(request),
        }

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Put together when somebody looks at it: every page is given it, and the sidebar shows another list."""
        return SimpleLazyObject(partial(super().get_app_list, request, app_label))

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active

    def get_urls(self) -> list[URLResolver | URLPattern]:
        """Without Django's redirect to any row of any model: nothing here has a page outside."""
        return [url for url in super().get_urls() if getattr(url, "name", None) != "view_on_site"]

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        guarded = super().admin_view(view, cacheable)
        # An address that is mistyped is nobody's attempt.
        return guarded if getattr(view, "__name__", "") == "catch_all_view" else recording_denials(guarded)

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return ChoicesView.as_view(admin_site=self)(request)  # type: ignore[return-value]

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The command palette, as in Unfold but for its cache: for five minutes that would show what was revoked."""
        term = (request.GET.get("s") or "").strip().lower()
        if not term:
            return HttpResponse()
        started = time.time()
        results = self._search_apps(self.get_app_list(request), term) + find_rows(request, term)
        page = Paginator(results, RESULTS_A_PAGE).get_page(request.GET.get("page"))
        context = {
            "search_term": term,
            "page_obj": page.paginator,
            "results": page,
            "page_counter": page.start_index() - 1 if results else 0,
            "execution_time": time.time() - started,
            "command_show_history": False,
        }
        headers = {"HX-Trigger": "search"}
        return TemplateResponse(request, "unfold/helpers/command_results.html", context, headers=headers)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context: dict[str, Any] = {}
        if settings.APP_ENV == "demo":
            accounts = [(account.username, role_label(account.roles[0])) for account in ACCOUNTS]
            context = {"demo_accounts": accounts, "demo_password": PASSWORD}
        return super().login(request, context | (extra_context or {}))
