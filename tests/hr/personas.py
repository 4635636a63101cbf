"""One small company and everybody who may knock at it: the ground truth that scope is held against.

`World.build()` makes units, employees, users and grants once. What each persona may see, whose personal data, and whom
he may change, is written down here by hand, never computed by the code under test. Every employee and unit carries
sentinels: texts of its own, which must appear in no answer to a persona that does not see it.

Luisa is the one most of it is about: she works in the team below sales and reports to Marco, who reports to Bruno.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from django.contrib.auth.models import Group
from django.utils import timezone

from core import access, roles
from core.models import User
from hr import paths
from hr.models import Employee, OrgUnit, Position
from tests.factories import make_user

# key: the unit it is part of
UNITS = {"company": None, "operations": "company", "sales": "operations", "team": "sales", "finance": "company",
         "staff": "company", "closed": "company"}  # fmt: skip

# key: (unit, boss)
EMPLOYEES = {
    "alma": ("operations", None),
    "hernan": ("sales", None),
    "bruno": ("staff", None),
    "marco": ("team", "bruno"),
    "luisa": ("team", "marco"),
    "pablo": ("sales", None),  # one's own page names one's boss: without, he sees nobody else at all
    "mateo": ("finance", None),
    "fabio": ("finance", "mateo"),
    "gabo": ("staff", None),
    "gina": ("staff", None),
    "gloria": ("staff", None),
    "elena": ("staff", None),
    "flor": ("staff", None),
    "delia": ("staff", None),
    "celia": ("staff", None),
    "perla": ("staff", None),
    "nadia": ("staff", None),
    "sandro": ("closed", None),
    "tomas": ("closed", None),
    "ivan": ("closed", None),
}
HEADS = {"operations": "alma", "sales": "hernan", "finance": "mateo"}
EVERYBODY = frozenset(EMPLOYEES)
SALES = frozenset({"hernan", "pablo", "marco", "luisa"})
NOBODY: frozenset[str] = frozenset()
# Keys that stand out wherever they are shown: all of the same length, and no number of anything else.
EMPLOYEE_KEYS, UNIT_KEYS, POSITION_KEYS, USER_KEYS = 4_410_001, 4_420_001, 4_430_001, 4_440_001


@dataclass(frozen=True)
class Persona:
    """`sees`, `personal` and `changes` name employees, `units` the units he sees, `hires` those he may hire into."""

    key: str
    employee: str | None = None
    roles: tuple[str, ...] = ()
    sees: frozenset[str] = NOBODY
    personal: frozenset[str] = NOBODY
    changes: frozenset[str] = NOBODY
    units: frozenset[str] = NOBODY
    hires: frozenset[str] = NOBODY
    is_active: bool = True

    @property
    def may_log_in(self) -> bool:
        return self.key not in {"suspended", "terminated", "inactive", "anonymous"}


def _staff(key: str, *held: str, **rights: frozenset[str]) -> Persona:
    units = frozenset(UNITS)
    return Persona(key, None, held, sees=EVERYBODY, personal=EVERYBODY, units=units, **rights)


def _worker(key: str, employee: str, *more: str, also_units: tuple[str, ...] = (), **values: object) -> Persona:
    sees = frozenset({employee, *more})
    units = frozenset({EMPLOYEES[name][0] for name in sees} | set(also_units))
    values.setdefault("roles", (roles.EMPLOYEE,))
    values.setdefault("personal", frozenset({employee}))
    return Persona(key, employee, sees=sees, units=units, **values)  # type: ignore[arg-type]


ALL_UNITS = frozenset(UNITS)
MANAGER = (roles.MANAGER, roles.EMPLOYEE)
PERSONAS = {
    persona.key: persona
    for persona in [
        _staff("administrator", roles.ADMINISTRATOR, changes=EVERYBODY, hires=ALL_UNITS),
        _staff("hr_manager", roles.HR_MANAGER, changes=EVERYBODY, hires=ALL_UNITS),
        _staff("auditor", roles.AUDITOR),
        _staff("bulk_loader", roles.BULK_LOADER, changes=EVERYBODY, hires=ALL_UNITS),
        _worker("head", "hernan", *SALES, roles=MANAGER),
        _worker("head_above", "alma", *SALES, roles=MANAGER),
        _worker("boss", "bruno", "marco", "luisa", roles=MANAGER),
        _worker("manager_elsewhere", "mateo", "fabio", roles=MANAGER),
        _worker("grant_employee", "gabo", "luisa"),
        _worker("grant_unit", "gina", *SALES),
        _worker("grant_group", "gloria", "luisa"),
        _worker("grant_expired", "elena"),
        _worker("grant_future", "flor"),
        _worker("delegate", "delia", *SALES),
        # With the right itself, beside the right to see.
        _worker("grant_change", "celia", "luisa", changes=frozenset({"luisa"})),
        _worker("grant_personal", "perla", "luisa", personal=frozenset({"perla", "luisa"})),
        _worker("grant_hire", "nadia", also_units=("team",), hires=frozenset({"team"})),
        # These hold a role and a grant in force, and may nevertheless do nothing.
        Persona("suspended", "sandro", (roles.HR_MANAGER,)),
        Persona("terminated", "tomas", (roles.HR_MANAGER,)),
        Persona("inactive", "ivan", (roles.HR_MANAGER,), is_active=False),
        _worker("plain", "pablo"),
        Persona("anonymous"),
    ]
}


def sentinels(key: str) -> dict[str, str]:
    """The texts by which an employee is known: names and code to who sees him, the rest to who sees personal data."""
    number = list(EMPLOYEES).index(key) + 1
    return {
        "code": f"ZC{key.upper()}",
        "first_name": f"Zf{key}q",
        "last_name": f"Zl{key}q",
        "work_email": f"zm{key}q@example.org",
        "work_phone": f"+58212{5550000 + number}",
        "national_id": f"V-{77100000 + number * 37}",
        "private_phone": f"+58412{7710000 + number * 37}",
        "birth_date": (date(1951, 1, 1) + timedelta(days=number * 401)).isoformat(),
    }


PERSONAL = ("national_id", "private_phone", "birth_date")


def unit_sentinels(key: str) -> dict[str, str]:
    return {"code": f"ZU{key.upper()}", "name": f"Zu{key}q"}


@dataclass
class World:
    """Rows and accounts by key. `users` holds None for the anonymous."""

    units: dict[str, OrgUnit] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    employees: dict[str, Employee] = field(default_factory=dict)
    users: dict[str, User | None] = field(default_factory=dict)

    @classmethod
    def build(cls) -> World:
        world = cls()
        roles.sync_roles()
        world._make_units()
        world._make_employees()
        world._make_users()
        world._give_grants()
        return world

    def user(self, persona: str) -> User | None:
        """As the next request would read him: facts are kept for one request."""
        user = self.users[persona]
        return None if user is None else User.objects.get(pk=user.pk)

    def keys_of(self, employees: object) -> frozenset[str]:
        """The keys of rows of Employee."""
        by_id = {row.pk: key for key, row in self.employees.items()}
        return frozenset(by_id[row.pk] for row in employees)  # type: ignore[attr-defined]

    def unit_keys_of(self, units: object) -> frozenset[str]:
        by_id = {row.pk: key for key, row in self.units.items()}
        return frozenset(by_id[row.pk] for row in units)  # type: ignore[attr-defined]

    def _make_units(self) -> None:
        for pk, (key, parent) in enumerate(UNITS.items(), UNIT_KEYS):
            above = self.units[parent] if parent else None
            path = paths.join(above.path if above else "", pk)
            self.units[key] = OrgUnit.objects.create(pk=pk, parent=above, path=path, **unit_sentinels(key))

    def _make_employees(self) -> None:
        statuses = {"sandro": Employee.Status.SUSPENDED, "tomas": Employee.Status.TERMINATED}
        for number, (key, (unit, boss)) in enumerate(EMPLOYEES.items()):
            # A position each: it is seen by who sees the employee.
            self.positions[key] = Position.objects.create(
                pk=POSITION_KEYS + number, code=f"ZP{key.upper()}", title=f"Zp{key}q"
            )
            values = sentinels(key)
            values["birth_date"] = date.fromisoformat(values["birth_date"])  # type: ignore[assignment]
            self.employees[key] = Employee.objects.create(
                pk=EMPLOYEE_KEYS + number,
                **values,
                hired_on=date(2020, 1, 7),
                status=statuses.get(key, Employee.Status.ACTIVE),
                ended_on=date(2024, 1, 31) if key == "tomas" else None,
                org_unit=self.units[unit],
                position=self.positions[key],
                reports_to=self.employees[boss] if boss else None,
            )
        for unit, head in HEADS.items():
            self.units[unit].head = self.employees[head]
            self.units[unit].save()

    def _make_users(self) -> None:
        for pk, (key, persona) in enumerate(PERSONAS.items(), USER_KEYS):
            if key == "anonymous":
                self.users[key] = None
                continue
            user = make_user(
                key,
                pk=pk,
                # A name of its own: it may be shown, as who did something, where the employee's may not.
                full_name=f"Persona {key}",
                employee=self.employees[persona.employee] if persona.employee else None,
                is_active=persona.is_active,
            )
            user.groups.set(Group.objects.filter(name__in=persona.roles))
            self.users[key] = user

    def _give_grants(self) -> None:
        now, hour, luisa = timezone.now(), timedelta(hours=1), self.employees["luisa"]
        giver = self.users["hr_manager"]
        values = {"granted_by": giver, "reason": "as the test says", "valid_from": now - hour}
        for holder in ("grant_employee", "grant_change", "grant_personal", "suspended", "terminated", "inactive"):
            access.grant("view_employee", self.users[holder], luisa, **values)
        access.grant("change_employee", self.users["grant_change"], luisa, **values)
        access.grant("view_personal_data", self.users["grant_personal"], luisa, **values)
        access.grant("view_employee_in", self.users["grant_unit"], self.units["sales"], **values)
        access.grant("add_employee_in", self.users["grant_hire"], self.units["team"], **values)
        night_shift = Group.objects.create(name="Night shift")
        self.users["grant_group"].groups.add(night_shift)
        access.grant("view_employee", night_shift, luisa, **values)
        past = values | {"valid_from": now - 2 * hour, "valid_until": now - hour}
        access.grant("view_employee", self.users["grant_expired"], luisa, **past)
        access.grant("view_employee_in", self.users["grant_expired"], self.units["sales"], **past)
        future = values | {"valid_from": now + hour, "valid_until": now + 2 * hour}
        access.grant("view_employee", self.users["grant_future"], luisa, **future)
        access.grant("view_employee_in", self.users["grant_future"], self.units["sales"], **future)
        until = values | {"valid_until": now + hour, "granted_by": self.users["head"]}
        access.grant("act_as_manager", self.users["delegate"], self.employees["hernan"], **until)
