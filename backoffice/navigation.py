"""The UNFOLD setting: branding and the sidebar, by task. An entry shows only to who may open it."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ENVIRONMENT_COLOURS = {"production": "danger", "staging": "warning", "qa": "warning", "demo": "info"}


def environment(request: HttpRequest) -> list[str | Promise] | None:
    """The badge beside the user menu: where am I working?"""
    names = {
        "demo": _("Demo"),
        "local": _("Local"),
        "testing": _("Testing"),
        "qa": _("QA"),
        "staging": _("Staging"),
        "production": _("Production"),
    }
    return [names[settings.APP_ENV], ENVIRONMENT_COLOURS.get(settings.APP_ENV, "primary")]


def app_name(request: HttpRequest) -> str:
    return settings.APP_NAME


def may_open(model: str) -> Callable[[HttpRequest], bool]:
    """Whether the admin of app.model admits the user to its list."""

    def permitted(request: HttpRequest) -> bool:
        from django.apps import apps
        from django.contrib.admin import site

        target = apps.get_model(model)
        return site.is_registered(target) and site.get_model_admin(target).has_view_permission(request)

    return permitted


def may_delegate(request: HttpRequest) -> bool:
    from hr.admin.delegations import may_open as opens

    return opens(request)


def may_read_grants(request: HttpRequest) -> bool:
    from core.services.grants import can_read

    user: Any = request.user
    return can_read(user)


def page(title: Promise, icon: str, model: str) -> dict[str, Any]:
    """A sidebar entry for the list of app.model."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy("admin:{}_{}_changelist".format(*model.lower().split("."))),
        "permission": may_open(model),
    }


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups without an entry for this user are left out."""
    groups: list[dict[str, Any]] = [
        {
            "title": _("People"),
            "items": [
                page(_("Employees"), "badge", "hr.Employee"),
                page(_("Units"), "account_tree", "hr.OrgUnit"),
                {
                    "title": _("Org chart"),
                    "icon": "lan",
                    "link": reverse_lazy("admin:hr_orgunit_chart"),
                    "permission": may_open("hr.OrgUnit"),
                },
                page(_("Positions"), "work", "hr.Position"),
                {
                    "title": _("Standing in"),
                    "icon": "supervised_user_circle",
                    "link": reverse_lazy("admin:hr_employee_delegations"),
                    "permission": may_delegate,
                },
            ],
        },
        {
            "title": _("Spreadsheets"),
            "items": [page(_("Loads"), "upload_file", "hr.ImportJob")],
        },
        {
            "title": _("Inbox"),
            "items": [page(_("Notifications"), "notifications", "hr.Notification")],
        },
        {
            "title": _("Access"),
            "items": [
                page(_("Users"), "person", "core.User"),
                page(_("Roles"), "shield_person", "auth.Group"),
                page(_("Rights on single records"), "key", "core.UserGrant"),
                page(_("Rights of groups"), "key_vertical", "core.GroupGrant"),
                {
                    "title": _("Who sees whom"),
                    "icon": "help",
                    "link": reverse_lazy("admin:hr_employee_why"),
                    "permission": may_read_grants,
                },
                page(_("Invitations"), "mail", "core.Invitation"),
                page(_("Sent mail"), "mark_email_read", "core.StoredMail"),
            ],
        },
        {
            "title": _("System"),
            "items": [
                page(_("Messages"), "outbox", "hr.OutboxMessage"),
                page(_("Failed logins"), "lock", "axes.AccessAttempt"),
                page(_("Denied attempts"), "block", "hr.DeniedAttempt"),
            ],
        },
    ]
    shown = []
    for group in groups:
        items = [item for item in group["items"] if item["permission"](request)]
        if items:
            shown.append({**group, "separator": True, "items": items})
    _mark_active([item for group in shown for item in group["items"]], request.path)
    return shown


def _mark_active(items: list[dict[str, Any]], path: str) -> None:
    """One entry, the nearest: the pages of some stand below those of another."""
    links = [str(item["link"]) for item in items]
    nearest = max((link for link in links if path.startswith(link)), key=len, default="")
    for item, link in zip(items, links, strict=True):
        item["active"] = link == nearest


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": app_name,
    "SITE_HEADER": app_name,
    "SITE_SYMBOL": "diversity_3",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("backoffice/favicon.svg")},
    ],
    "SHOW_LANGUAGES": True,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "ENVIRONMENT": "backoffice.navigation.environment",
    "DASHBOARD_CALLBACK": "backoffice.dashboard.home",
    "STYLES": [lambda request: static("backoffice/backoffice.css")],
    "SCRIPTS": [lambda request: static("backoffice/dialogs.js")],
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": sidebar},
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 205)",
            "100": "oklch(94% .035 205)",
            "200": "oklch(88% .065 206)",
            "300": "oklch(79% .095 208)",
            "400": "oklch(69% .11 212)",
            "500": "oklch(58% .105 216)",
            "600": "oklch(50% .092 219)",
            "700": "oklch(43% .078 221)",
            "800": "oklch(37% .064 223)",
            "900": "oklch(31% .052 225)",
            "950": "oklch(23% .04 227)",
        },
    },
}
