"""The first page: a few counted facts, each leading to the list behind it, and what the user may begin with."""

from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from core.models import Invitation
from hr.admin.imports import job_page
from hr.models import Employee, ImportJob, OrgUnit, Position


def home(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's DASHBOARD_CALLBACK. At most eight queries, each over what the user may see."""
    user: Any = request.user
    own = Employee.objects.visible_to(user).filter(uid=user.employee_uid).first() if user.employee_uid else None
    return context | {
        "own_employee": own,
        "facts": _facts(user) if user.has_perm("hr.view_employee") else [],
        "starts": _starts(user),
        "recent_loads": [(job_page(job), job) for job in ImportJob.objects.visible_to(user)[:5]],
    }


def _facts(user: Any) -> list[dict[str, Any]]:
    employees = reverse("admin:hr_employee_changelist")
    by_status = dict(Employee.objects.visible_to(user).order_by().values_list("status").annotate(people=Count("pk")))
    facts = [
        (_("Active employees"), by_status.get("active", 0), f"{employees}?status__exact=active"),
        (_("Suspended"), by_status.get("suspended", 0), f"{employees}?status__exact=suspended"),
        (_("Units"), OrgUnit.objects.visible_to(user).count(), reverse("admin:hr_orgunit_changelist")),
        (_("Positions"), Position.objects.visible_to(user).count(), reverse("admin:hr_position_changelist")),
    ]
    if user.has_perm("core.view_invitation"):
        waiting = Invitation.objects.visible_to(user).open().count()
        facts.append((_("Invitations not yet accepted"), waiting, reverse("admin:core_invitation_changelist")))
    return [{"title": title, "value": value, "link": link} for title, value, link in facts]


def _starts(user: Any) -> list[dict[str, str]]:
    offered = [
        ("hr.import_employee", _("Load employees from a file"), "upload_file", "admin:hr_employee_import"),
        ("hr.add_employee", _("Hire somebody"), "person_add", "admin:hr_employee_add"),
        ("hr.add_orgunit", _("Add a unit"), "account_tree", "admin:hr_orgunit_add"),
        ("core.add_user", _("Add a user"), "group_add", "admin:core_user_add"),
    ]
    return [
        {"title": title, "icon": icon, "link": reverse(url)}
        for permission, title, icon, url in offered
        if user.has_perm(permission)
    ]
