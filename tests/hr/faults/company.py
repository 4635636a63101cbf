"""Whom the verbs are done to."""

from datetime import timedelta
from itertools import count

from django.utils import timezone

from core import access, roles
from core.models import User
from hr.models import Attendance, Employee, Event, OrgUnit, Outcome
from hr.services import corrections, delivery, outbox
from tests import factories
from tests.factories import make_attendance, make_employee, make_evaluation, make_event, make_unit, make_user


class Company:
    """One unit, and HR who is told where nobody else is. Made anew, everybody and everything is named as before."""

    def __init__(self) -> None:
        factories._numbers = count(1)
        self.unit = make_unit("Empresa", code="EMP")
        self.hr = make_user("hugo", role=roles.HR_MANAGER, email="hugo@example.org")
        make_user("root", role=roles.ADMINISTRATOR, email="root@example.org")
        self.number = 0

    def person(self, *, account: bool = True, **values) -> Employee:
        self.number += 1
        code = f"P{self.number}"
        values.setdefault("org_unit", self.unit)
        employee = make_employee(f"N{self.number}", code=code, work_email=f"{code.lower()}@example.org", **values)
        if account:
            make_user(code, employee=employee, role=roles.EMPLOYEE, email=employee.work_email)
        return employee

    def people(self, number: int, **values) -> list[Employee]:
        return [self.person(**values) for _number in range(number)]

    def event(self, *people: Employee, **values) -> Event:
        """Published unless it says otherwise, and these are enrolled."""
        values.setdefault("state", "published")
        values.setdefault("in_hours", 24 * 9)
        event = make_event(**values)
        for employee in people:
            make_attendance(event, employee)
        return event

    def absent(self, worker: Employee) -> Attendance:
        """From an event that is closed."""
        return make_attendance(make_event(state="closed", in_hours=-24), worker, outcome=Outcome.ABSENT)

    def asked_correction(self, worker: Employee) -> int:
        row = self.absent(worker)
        [asked] = corrections.ask_corrections({row.pk: "present"}, reason="was there", actor=account_of(worker))
        return asked.pk

    def manager(self) -> Employee:
        """Heads a unit with one person, was granted something, has a deputy, and decides about a correction."""
        unit = make_unit(parent=self.unit)
        manager = self.person(org_unit=unit)
        OrgUnit.objects.filter(pk=unit.pk).update(head=manager)
        worker = self.person(org_unit=unit, reports_to=manager)
        account = account_of(manager)
        access.grant("view_employee", account, worker)
        access.grant("act_as_manager", account_of(self.person()), manager, valid_until=timezone.now() + timedelta(9))
        make_attendance(make_event(state="published", in_hours=24 * 9, capacity=5), manager)
        self.asked_correction(worker)
        make_evaluation(worker, state="submitted")
        self.settle()
        return manager

    def settle(self) -> None:
        """What was done so far is told, so that it is no part of the verb."""
        outbox.expand_due(limit=100)
        delivery.deliver_due(limit=100)


def account_of(employee: Employee) -> User:
    return User.objects.get(employee_uid=employee.uid)
