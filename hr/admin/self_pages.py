"""What the pages about oneself share: they exist for employees alone, and a button leads back to its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from core.admin.buttons import led_to_button
from hr.permissions import can_serve_himself

if TYPE_CHECKING:
    from hr.admin.base import HrAdmin

View = Callable[..., HttpResponse]
PER_PAGE = 20


def is_employee(request: HttpRequest) -> bool:
    """Whether there are such pages for the user. Asked for every sidebar."""
    user: Any = request.user
    return can_serve_himself(user)


def require_employee(request: HttpRequest) -> Any:
    """The user, who is an employee; for others the page is not there."""
    if not is_employee(request):
        raise Http404
    return request.user


def button_on(address: Callable[[], str]) -> Callable[[View], View]:
    """The view of a button that employees press on the page at `address`."""

    def decorate(view: View) -> View:
        @wraps(view)
        def pressed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            require_employee(request)
            if request.method == "POST":
                return view(request, *args, **kwargs)
            return led_to_button(request, address())

        return pressed

    return decorate


def self_page(
    request: HttpRequest, model_admin: HrAdmin, template: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    # Without the model, so that the page is headed by its own title and not by the way to a list.
    base = {**model_admin.admin_site.each_context(request), "content_title": context["title"]}
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, f"hr/admin/self/{template}", {**base, **context}, status=status)


def paged(request: HttpRequest, rows: QuerySet) -> dict[str, Any]:
    """Template context of one page of the rows."""
    page: Page = Paginator(rows, PER_PAGE).get_page(request.GET.get("p"))
    return {"page": page, "page_range": page.paginator.get_elided_page_range(page.number)}


def choices_of(request: HttpRequest, parts: Mapping[str, tuple[Any, QuerySet]]) -> tuple[str, list[dict[str, Any]]]:
    """Which part of a page is shown, by `?show=`, the first unless another is asked for; and the links to all, counted.

    `parts` holds title and rows by key.
    """
    shown = request.GET.get("show", "")
    shown = shown if shown in parts else next(iter(parts))
    links = [
        {"key": key, "title": title, "count": rows.count(), "active": key == shown}
        for key, (title, rows) in parts.items()
    ]
    return shown, links


def events_address(show: str) -> str:
    """Of a part of "My events"."""
    return f"{reverse('admin:hr_event_mine')}?{urlencode({'show': show})}"


def profile_address() -> str:
    return reverse("admin:hr_employee_profile")
