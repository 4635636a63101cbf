"""The demo's company in the database: units, positions, people, heads and boss lines, by the services."""

from collections.abc import Iterator
from datetime import timedelta

from core.models import User
from hr.demo.organisation import Unit, leaves_of, positions, units_for
from hr.demo.people import person
from hr.models import Employee, OrgUnit, Position
from hr.services.employees import NewEmployee, hire_employees
from hr.services.org_units import NewOrgUnit, create_org_units, set_heads
from hr.services.positions import NewPosition, create_positions
from hr.services.writing import business_atomic

# By the depth of the unit somebody heads, and for everybody else.
_HEADS = ("DIR-GEN", "DIR", "GER", "COORD", "SUP")
_MEMBERS = ("ANA-SR", "ANA", "ANA", "ANA-JR", "ASI", "ESP", "TEC", "OPE", "OPE", "OPE", "AUX", "AUX", "PAS")


@business_atomic
def found_company(employees: int, *, units_in_all: int | None = None, actor: User | None) -> dict[str, int]:
    """Fill an empty database with a company of so many people, all or nothing; returns how many rows of each kind.

    The first people head the units, from the top down; the others work in the units that have none below.
    """
    units = units_for(employees, units_in_all)
    keys = _unit_ids(units, actor)
    titles = _position_ids(actor)
    people = hire_employees(list(_hires(employees, units, keys, titles)), actor=actor)
    set_heads({keys[unit.code]: head for unit, head in zip(units, people, strict=False)}, actor=actor)
    return {"units": len(units), "positions": len(titles), "employees": len(people)}


def _unit_ids(units: list[Unit], actor: User | None) -> dict[str, int]:
    existing = dict(OrgUnit.objects.values_list("code", "pk"))
    new = [
        NewOrgUnit(code=unit.code, name=unit.name, parent_code=unit.parent)
        for unit in units
        if unit.code not in existing
    ]
    return existing | {unit.code: unit.pk for unit in create_org_units(new, actor=actor)}


def _position_ids(actor: User | None) -> dict[str, int]:
    existing = dict(Position.objects.values_list("code", "pk"))
    new = [NewPosition(code=code, title=title) for code, title in positions() if code not in existing]
    return existing | {position.code: position.pk for position in create_positions(new, actor=actor)}


def _hires(employees: int, units: list[Unit], keys: dict[str, int], titles: dict[str, int]) -> Iterator[NewEmployee]:
    leaves = leaves_of(units)
    head_of = {unit.code: person(number).code for number, unit in enumerate(units[:employees], start=1)}
    parent_of = {unit.code: unit.parent for unit in units}
    for number in range(1, employees + 1):
        if number <= len(units):
            unit = units[number - 1]
            title, boss = _HEADS[unit.depth], head_of.get(unit.parent, "")
        else:
            unit = leaves[number * 31 % len(leaves)]
            title, boss = _MEMBERS[number % len(_MEMBERS)], _nearest_head(unit.code, head_of, parent_of)
        yield _hire(number, keys[unit.code], titles[title], boss, head=number <= len(units))


def _nearest_head(unit: str, head_of: dict[str, str], parent_of: dict[str, str]) -> str:
    while unit not in head_of:
        unit = parent_of[unit]
    return head_of[unit]


def _hire(number: int, unit_id: int, position_id: int, boss: str, *, head: bool) -> NewEmployee:
    who = person(number)
    left = not head and number % 31 == 0
    away = not head and not left and number % 29 == 0
    status = Employee.Status
    return NewEmployee(
        code=who.code,
        first_name=who.first_name,
        last_name=who.last_name,
        country=who.country,
        national_id=who.national_id,
        work_email=who.work_email,
        work_phone=who.work_phone,
        private_phone=who.private_phone,
        birth_date=who.birth_date,
        hired_on=who.hired_on,
        org_unit_id=unit_id,
        position_id=position_id,
        reports_to_code=boss,
        status=status.TERMINATED if left else status.SUSPENDED if away else status.ACTIVE,
        ended_on=who.hired_on + timedelta(days=90) if left else None,
    )
