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


def may_grade(request: HttpRequest) -> bool:
    from hr.admin.grading import may_grade as opens

    return opens(request)


def may_read_evaluations(request: HttpRequest) -> bool:
    """Those of others; to the rounds of one's own, one's evaluations lead."""
    from hr.admin.results import may_read_results as opens

    return opens(request)


def is_employee(request: HttpRequest) -> bool:
    from hr.admin.self_pages import is_employee as opens

    return opens(request)


def may_work_on_requests(request: HttpRequest) -> bool:
    """Who decides or watches them, or tells HR about his people. What one asks for oneself is in the profile."""
    from hr.permissions import can_report_people

    return request.user.has_perm("hr.view_changerequest") or can_report_people(request.user)  # type: ignore[arg-type]


def may_see_who_is_missing(request: HttpRequest) -> bool:
    from hr.admin.mandatory import may_open as opens

    return opens(request)


def may_report(request: HttpRequest) -> bool:
    from hr.admin.report import may_report as opens

    return opens(request)


def may_read_grants(request: HttpRequest) -> bool:
    from core.services.grants import can_read

    user: Any = request.user
    return can_read(user)


def may_compare(request: HttpRequest) -> bool:
    from hr.services.reconcile import can_compare

    return can_compare(request.user)  # type: ignore[arg-type]


def may_read_notifications(request: HttpRequest) -> bool:
    return request.user.has_perm("hr.view_notification")


def page(title: Promise, icon: str, model: str) -> dict[str, Any]:
    """A sidebar entry for the list of app.model."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy("admin:{}_{}_changelist".format(*model.lower().split("."))),
        "permission": may_open(model),
    }


def own_page(title: Promise, icon: str, name: str) -> dict[str, Any]:
    """A sidebar entry for a page about oneself."""
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{name}"), "permission": is_employee}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups without an entry for this user are left out."""
    groups: list[dict[str, Any]] = [
        {
            "title": _("For me"),
            "items": [
                own_page(_("My profile"), "account_circle", "hr_employee_profile"),
                own_page(_("My events"), "event_available", "hr_event_mine"),
                own_page(_("Check in"), "qr_code_scanner", "hr_attendance_check_in"),
                own_page(_("My attendance"), "checklist", "hr_attendance_mine"),
                own_page(_("My evaluations"), "rate_review", "hr_evaluation_mine"),
            ],
        },
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
                page(_("Requests to HR"), "contact_support", "hr.ChangeRequest") | {"permission": may_work_on_requests},
            ],
        },
        {
            "title": _("Events"),
            "items": [
                page(_("Events"), "event", "hr.Event"),
                {
                    "title": _("Calendar"),
                    "icon": "calendar_month",
                    "link": reverse_lazy("admin:hr_event_calendar"),
                    "permission": may_open("hr.Event"),
                },
                {
                    "title": _("Mandatory"),
                    "icon": "assignment_late",
                    "link": reverse_lazy("admin:hr_event_mandatory"),
                    "permission": may_see_who_is_missing,
                },
                page(_("Attendance"), "how_to_reg", "hr.Attendance"),
                page(_("Corrections"), "edit_note", "hr.AttendanceCorrection"),
                {
                    "title": _("Attendance report"),
                    "icon": "bar_chart",
                    "link": reverse_lazy("admin:hr_attendance_report"),
                    "permission": may_report,
                },
                page(_("Kinds of events"), "category", "hr.EventKind"),
            ],
        },
        {
            "title": _("Evaluations"),
            "items": [
                {
                    "title": _("To grade"),
                    "icon": "grading",
                    "link": reverse_lazy("admin:hr_evaluation_queue"),
                    "permission": may_grade,
                },
                page(_("Evaluations"), "fact_check", "hr.Evaluation"),
                page(_("Rounds"), "campaign", "hr.EvaluationRound") | {"permission": may_read_evaluations},
                page(_("Forms"), "quiz", "hr.EvaluationForm"),
            ],
        },
        {
            "title": _("Spreadsheets"),
            "items": [
                page(_("Loads"), "upload_file", "hr.ImportJob"),
                page(_("Exports"), "download", "hr.ExportLog"),
            ],
        },
        {
            "title": _("Inbox"),
            "items": [
                {
                    "title": _("Notifications"),
                    "icon": "notifications",
                    "link": reverse_lazy("admin:hr_notification_inbox"),
                    "permission": may_open("hr.Notification"),
                    "badge": "hr.unread.unread_label",
                    "badge_variant": "primary",
                },
            ],
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
                {
                    "title": _("State of the system"),
                    "icon": "monitor_heart",
                    "link": reverse_lazy("admin:hr_outboxmessage_system"),
                    "permission": may_compare,
                },
                page(_("Messages"), "outbox", "hr.OutboxMessage"),
                page(_("Notifications of all"), "forward_to_inbox", "hr.Notification")
                | {"permission": may_read_notifications},
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
    "SCRIPTS": [
        lambda request: static("backoffice/dialogs.js"),
        lambda request: static("backoffice/lists.js"),
        lambda request: static("backoffice/tabs.js"),
    ],
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": sidebar},
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 205)",
            "100": "oklch(94% .035 205)",
            "200": "oklch(88% .065 206)",
            "300": "oklch(79% .095 208)",
            "400": "oklch(69% .11 212)",
            "500": "oklch(64% .108 214)",
            "600": "oklch(50% .092 219)",
            "700": "oklch(43% .078 221)",
            "800": "oklch(37% .064 223)",
            "900": "oklch(31% .052 225)",
            "950": "oklch(23% .04 227)",
        },
    },
}
