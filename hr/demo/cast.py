"""Those of the demo's accounts that are people of the company, and chance that falls the same way every time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from core.models import User
from hr.models import Attendance, Employee, Event

NAMES = ("hr", "manager", "employee")


@dataclass(frozen=True)
class Cast:
    hr: User
    manager: User
    employee: User
    persons: Mapping[str, Employee]  # by user name

    @property
    def keys(self) -> dict[int, User]:
        """The users by the keys of their employees."""
        return {self.persons[user.username].pk: user for user in (self.hr, self.manager, self.employee)}


def find_cast() -> Cast | None:
    """None where the accounts are nobody of the company."""
    users = {user.username: user for user in User.objects.filter(username__in=NAMES)}
    people = {
        person.uid: person for person in Employee.objects.filter(uid__in=[u.employee_uid for u in users.values()])
    }
    persons = {name: people[user.employee_uid] for name, user in users.items() if user.employee_uid in people}
    return Cast(**users, persons=persons) if len(persons) == len(NAMES) else None


def draw[Drawn: str](weights: Mapping[Drawn, int], seed: str) -> Drawn:
    return Random(seed).choices(list(weights), list(weights.values()))[0]


def attendance_of(event: Event, person: Employee) -> int:
    """The key of the person's attendance."""
    return Attendance.objects.values_list("pk", flat=True).get(event=event, employee=person)
