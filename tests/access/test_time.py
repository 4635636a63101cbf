"""What is granted opens every surface with the next request; what is revoked or has ended closes every one."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from core import access, roles
from core.models import UserGrant
from core.services import users
from hr.models import Employee, OrgUnit
from hr.services import employment

# All of what shows Luisa, or the unit and the position she is in, to who sees her. Mateo may export.
SURFACES = {
    "list": "/hr/employee/",
    "search": "/hr/employee/?q=Zlluisaq",
    "export as text": "/hr/employee/export/csv/",
    "export as a workbook": "/hr/employee/export/xlsx/",
    "page": "/hr/employee/{luisa}/change/",
    "history": "/hr/employee/{luisa}/history/",
    "reasons": "/hr/employee/{luisa}/reasons/",
    "choice of a boss": "/autocomplete/?term=luisa&app_label=hr&model_name=employee&field_name=reports_to",
    "choice of a head": "/autocomplete/?term=luisa&app_label=hr&model_name=orgunit&field_name=head",
    "palette": "/search/?s=zlluisaq",
    "list of units": "/hr/orgunit/",
    "page of the unit": "/hr/orgunit/{team}/change/",
    "history of the unit": "/hr/orgunit/{team}/history/",
    "choice of a unit": "/autocomplete/?term=team&app_label=hr&model_name=employee&field_name=org_unit",
    "palette of units": "/search/?s=zuteamq",
    "chart": "/hr/orgunit/chart/level/?below={team}",
    "list of positions": "/hr/position/",
    "page of the position": "/hr/position/{position}/change/",
    "choice of a position": "/autocomplete/?term=luisa&app_label=hr&model_name=employee&field_name=position",
}


def open_surfaces(reader, world):
    keys = {
        "luisa": world.employees["luisa"].pk,
        "team": world.units["team"].pk,
        "position": world.positions["luisa"].pk,
    }
    found = set()
    for name, address in SURFACES.items():
        url = address.format(**keys)
        answer = reader.get(url)
        # A page about her opens or not; any other page names her by key or code, or does not.
        about_her = url.split("?")[0] != address.split("?")[0] or name == "chart"
        named = any(str(key) in answer.text for key in (*keys.values(), "ZCLUISA"))
        if answer.status == 200 and (about_her or named):
            found.add(name)
    return found


def grant_on_her(world, user):
    access.grant("view_employee", user, world.employees["luisa"])


def revoke_on_her(world, user):
    access.revoke("view_employee", user, world.employees["luisa"])


def grant_on_a_unit_above(world, user):
    access.grant("view_employee_in", user, world.units["operations"])


def revoke_on_a_unit_above(world, user):
    access.revoke("view_employee_in", user, world.units["operations"])


def end_all(world, user):
    """As time does it: the moment has come."""
    UserGrant.objects.filter(user=user).update(valid_until=timezone.now())


def join_a_group(world, user):
    user.groups.add(Group.objects.get(name="Night shift"))


def leave_the_group(world, user):
    user.groups.remove(Group.objects.get(name="Night shift"))


def become_head(world, user):
    OrgUnit.objects.filter(pk=world.units["operations"].pk).update(head=world.employees["mateo"])


def end_as_head(world, user):
    OrgUnit.objects.filter(pk=world.units["operations"].pk).update(head=None)


def become_boss(world, user):
    Employee.objects.filter(pk=world.employees["bruno"].pk).update(reports_to=world.employees["mateo"])


def end_as_boss(world, user):
    Employee.objects.filter(pk=world.employees["bruno"].pk).update(reports_to=None)


def stand_in(world, user):
    until = timezone.now() + timedelta(hours=1)
    access.grant("act_as_manager", user, world.employees["hernan"], valid_until=until)


def dismiss_the_one_stood_in_for(world, user):
    employment.terminate_employees([world.employees["hernan"].pk], ended_on=date(2026, 1, 15), actor=None)


def get_a_role(world, user):
    users.set_roles(user, [roles.AUDITOR, roles.MANAGER], actor=None)


def lose_the_role(world, user):
    users.set_roles(user, [roles.MANAGER], actor=None)


def be_suspended(world, user):
    employment.suspend_employees([world.employees["mateo"].pk], actor=None)


WAYS = [
    (grant_on_her, revoke_on_her),
    (grant_on_her, end_all),
    (grant_on_her, be_suspended),
    (grant_on_a_unit_above, revoke_on_a_unit_above),
    (grant_on_a_unit_above, end_all),
    (join_a_group, leave_the_group),
    (become_head, end_as_head),
    (become_boss, end_as_boss),
    (stand_in, end_all),
    (stand_in, dismiss_the_one_stood_in_for),
    (get_a_role, lose_the_role),
]


@pytest.mark.parametrize(("opening", "closing"), WAYS, ids=[f"{a.__name__}-{b.__name__}" for a, b in WAYS])
def test_every_surface_opens_and_closes_with_the_next_request(opening, closing, readers, world, watch):
    reader, user = readers["manager_elsewhere"], world.users["manager_elsewhere"]
    with watch.undone():
        assert open_surfaces(reader, world) == set()

        opening(world, user)
        assert SURFACES.keys() - open_surfaces(reader, world) == set()

        closing(world, user)
        assert open_surfaces(reader, world) == set()
        # Nor does anything say that she was there.
        left = [reader.get(SURFACES[name]).says for name in ("list", "list of units", "list of positions")]
        assert reader.leaks("\n".join(left)) == []
