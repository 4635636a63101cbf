"""What the command palette finds beside the pages: people and units of the user's scope."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from unfold.dataclasses import SearchResult

from hr.models import Employee, OrgUnit

SHORTEST, MOST = 2, 20


def find_rows(request: HttpRequest, term: str) -> list[SearchResult]:
    """At most 20 of each. Unfold's own search reads every match of every model."""
    if len(term) < SHORTEST:
        return []
    user: Any = request.user
    people = Employee.objects.visible_to(user).search(term, user=user).select_related("org_unit")[:MOST]
    found = [
        SearchResult(
            title=str(person),
            description=str(person.org_unit),
            link=reverse("admin:hr_employee_change", args=[person.pk]),
            icon="badge",
        )
        for person in people
    ]
    if not OrgUnit.objects.open_to(user, "view"):
        return found
    units = OrgUnit.objects.visible_to(user).search(term, user=user)[:MOST]
    return found + [
        SearchResult(
            title=str(unit),
            description=_("Unit"),
            link=reverse("admin:hr_orgunit_change", args=[unit.pk]),
            icon="account_tree",
        )
        for unit in units
    ]
