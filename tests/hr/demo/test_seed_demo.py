"""The command, and through it hr/demo/company.py and hr/demo/accounts.py."""

from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command

from core import roles
from core.models import User
from hr.demo.accounts import ACCOUNTS, PASSWORD
from hr.demo.company import found_company
from hr.models import Employee, Event, OrgUnit, Position
from hr.services.lines import looped


def seed(employees: int = 300) -> str:
    out = StringIO()
    call_command("seed_demo", employees=employees, without_events=True, stdout=out)
    return out.getvalue()


def company() -> list[tuple]:
    """All that matters of it, without keys and times."""
    people = Employee.objects.order_by("code").values_list(
        "code", "first_name", "last_name", "national_id", "work_email", "hired_on", "status",
        "org_unit__code", "position__code", "reports_to__code",
    )  # fmt: skip
    units = OrgUnit.objects.order_by("code").values_list("code", "name", "parent__code", "head__code")
    return [*people, *units]


def test_an_empty_demo_is_filled(db):
    seed()

    assert Employee.objects.count() == 300
    assert OrgUnit.objects.count() == OrgUnit.objects.exclude(head=None).count() == 34
    assert Position.objects.count() == 14
    assert Employee.history.filter(history_type="+", history_source="cli").count() == 300


def test_the_company_is_the_same_each_time(db):
    seed(60)
    first = company()
    OrgUnit.objects.update(head=None)
    Employee.objects.update(reports_to=None)
    Employee.objects.all().delete()

    found_company(60, actor=None)

    assert company() == first


def test_a_second_run_changes_nothing_and_says_so(db):
    seed(60)
    before, users = company(), list(User.objects.order_by("pk").values())

    with_more_asked_for = seed(90)

    assert company() == before
    assert list(User.objects.order_by("pk").values()) == users
    assert len(with_more_asked_for.splitlines()) == 2


def test_every_boss_line_ends_at_the_one_without_a_boss(db):
    seed()
    bosses = dict(Employee.objects.values_list("pk", "reports_to_id"))

    assert looped(bosses) == []
    assert Employee.objects.filter(reports_to=None).values_list("code", flat=True).get() == "EMP-00001"


def test_bosses_work_here_and_head_the_unit_or_the_one_above(db):
    seed()
    people = Employee.objects.exclude(reports_to=None).select_related("org_unit__parent", "reports_to")

    for person in people:
        own, above = person.org_unit.head_id, person.org_unit.parent and person.org_unit.parent.head_id
        assert person.reports_to_id == (above if own == person.pk else own)
        assert person.reports_to.status == "active"


def test_some_are_suspended_and_some_have_left(db):
    seed()

    assert Employee.objects.filter(status="suspended").exists()
    assert Employee.objects.filter(status="terminated").exclude(ended_on=None).exists()


@pytest.mark.parametrize("employees", [1, 5, 35])
def test_a_small_company_has_heads_as_far_as_its_people_reach(db, employees):
    seed(employees)

    assert Employee.objects.count() == employees
    assert OrgUnit.objects.exclude(head=None).count() == min(employees, 34)


def test_everybody_can_log_in_with_his_role(rf, db):
    seed()

    users = [authenticate(rf.post("/"), username=account.username, password=PASSWORD) for account in ACCOUNTS]

    assert [user.username for user in users] == ["admin", "hr", "manager", "loader", "auditor", "employee"]
    assert [{group.name for group in user.groups.all()} for user in users] == [{*it.roles} for it in ACCOUNTS]
    assert not any(user.is_superuser for user in users)


def test_manager_heads_the_unit_the_employee_is_below(db):
    seed()
    manager, employee = (
        Employee.objects.get(uid=User.objects.get(username=name).employee_uid) for name in ("manager", "employee")
    )

    assert manager.headed_units.get().code == "OPE-CCS"
    assert employee.org_unit.parent.head == manager
    assert employee.headed_units.count() == 0
    assert employee.status == "active"


def test_administration_loading_and_audit_are_external(db):
    seed()
    external = User.objects.filter(employee_uid=None).values_list("username", flat=True)

    assert set(external) == {"admin", "loader", "auditor"}


def test_a_missing_account_comes_back_and_the_others_stay(db):
    seed(60)
    User.objects.get(username="admin").delete()
    loader = User.objects.get(username="loader")
    loader.set_password("a password of my own")
    loader.save()

    said = seed(60)

    assert User.objects.get(username="admin").check_password(PASSWORD)
    assert User.objects.get(username="loader").check_password("a password of my own")
    assert "admin" in said
    assert "loader" not in said


def test_an_existing_company_gets_accounts_but_no_people(db):
    unit = OrgUnit.objects.create(code="X", name="Otra")
    Employee.objects.create(code="1", first_name="Ana", last_name="Paz", hired_on="2020-01-01", org_unit=unit)

    seed()

    assert Employee.objects.count() == 1
    assert User.objects.filter(employee_uid=None).count() == len(ACCOUNTS)


@pytest.mark.parametrize("employees", [1, 30, 60])
def test_a_small_company_has_the_events_its_people_reach(db, employees):
    call_command("seed_demo", employees=employees, stdout=StringIO())

    assert Event.objects.exists() == User.objects.filter(username="employee").exclude(employee_uid=None).exists()


@pytest.mark.parametrize("environment", ["qa", "staging", "production"])
def test_known_passwords_never_reach_a_real_installation(db, settings, environment):
    settings.APP_ENV = environment

    with pytest.raises(CommandError, match=environment):
        seed()

    assert User.objects.count() == Employee.objects.count() == 0


def test_a_company_of_nobody_is_refused(db):
    with pytest.raises(CommandError):
        seed(0)


@pytest.mark.slow
def test_a_hundred_thousand_people_fit(db):
    seed(100_000)

    assert Employee.objects.count() == Employee.history.count() == 100_000
    assert OrgUnit.objects.count() == 2500
    assert looped(dict(Employee.objects.values_list("pk", "reports_to_id"))) == []


def test_units_and_accounts_of_managers_are_as_many_as_asked_for(db):
    call_command("seed_demo", employees=120, units=50, managers=20, stdout=StringIO())

    managers = User.objects.filter(groups__name=roles.MANAGER).exclude(username__in=[a.username for a in ACCOUNTS])
    heads = Employee.objects.exclude(headed_units=None)
    assert OrgUnit.objects.count() == 50
    assert managers.count() == 20
    assert set(managers.values_list("employee_uid", flat=True)) <= set(heads.values_list("uid", flat=True))
    assert managers.first().check_password(PASSWORD)
