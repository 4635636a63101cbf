"""The verbs whose doing reaches into the other database. Each is prepared afresh, and then done in one call."""

from datetime import timedelta

from django.utils import timezone

from core import access, roles
from core.models import User
from core.services import invitations
from hr.models import Employee, OrgUnit
from hr.services import accounts, corrections, employees, employment, enrolment, events, org_units, outbox, reconcile
from tests.factories import (
    make_attendance,
    make_employee,
    make_evaluation,
    make_event,
    make_unit,
    make_user,
)


class Company:
    """One unit with a head, and HR who is told where nobody else is."""

    def __init__(self):
        self.unit = make_unit("Empresa", code="EMP")
        self.hr = make_user("hugo", role=roles.HR_MANAGER, email="hugo@example.org")
        make_user("root", role=roles.ADMINISTRATOR, email="root@example.org")
        self.number = 0

    def person(self, *, account=True, **values):
        self.number += 1
        code = f"P{self.number}"
        values.setdefault("org_unit", self.unit)
        employee = make_employee(f"N{self.number}", code=code, work_email=f"{code.lower()}@example.org", **values)
        if account:
            make_user(code, employee=employee, role=roles.EMPLOYEE, email=employee.work_email)
        return employee

    def manager(self):
        """Heads a unit with one person, was granted something, has a deputy, and decides about a correction."""
        unit = make_unit(parent=self.unit)
        manager = self.person(org_unit=unit)
        OrgUnit.objects.filter(pk=unit.pk).update(head=manager)
        worker = self.person(org_unit=unit, reports_to=manager)
        account = account_of(manager)
        access.grant("view_employee", account, worker)
        access.grant("act_as_manager", account_of(self.person()), manager, valid_until=timezone.now() + timedelta(9))
        make_attendance(make_event(state="published", capacity=5), manager)
        ask_correction(worker)
        make_evaluation(worker, state="submitted")
        outbox.expand_due(limit=100)
        return manager


def account_of(employee):
    return User.objects.get(employee_uid=employee.uid)


def ask_correction(worker):
    row = make_attendance(make_event(state="closed"), worker, outcome="absent")
    return corrections.ask_corrections({row.pk: "present"}, reason="was there", actor=account_of(worker))[0]


def invite(company):
    people = [company.person(account=False) for _number in range(2)]
    return lambda: accounts.invite_employees([row.pk for row in people], actor=None)


def change_name_and_mail(company):
    row = company.person()
    values = {"code": f"C{row.pk}", "last_name": "Gil", "work_email": f"c{row.pk}@example.org"}
    return lambda: employees.change_employees({row.pk: values}, actor=None)


def terminate(company):
    manager = company.manager()
    return lambda: employment.terminate_employees([manager.pk], ended_on=timezone.localdate(), actor=None)


def suspend(company):
    row = company.person()
    return lambda: employment.suspend_employees([row.pk], actor=None)


def rehire(company):
    row = company.person()
    employment.terminate_employees([row.pk], ended_on=timezone.localdate(), actor=None)
    outbox.expand_due(limit=100)
    return lambda: employment.rehire_employees([row.pk], hired_on=timezone.localdate(), actor=None)


def leave_before_the_invitation(company):
    row = company.person(account=False)
    accounts.invite_employees([row.pk], actor=None)
    return lambda: employment.terminate_employees([row.pk], ended_on=timezone.localdate(), actor=None)


def publish(company):
    event = make_event(capacity=2)
    for _number in range(3):
        event.audience.create(employee=company.person())
    return lambda: events.publish_events([event.pk], actor=None)


def cancel_event(company):
    event = make_event(state="published")
    for _number in range(2):
        make_attendance(event, company.person())
    return lambda: events.cancel_events([event.pk], reason="rain", actor=None)


def enrol(company):
    event, row = make_event(state="published"), company.person()
    return lambda: enrolment.enrol_employees(event.pk, [row.pk], actor=None)


def free_a_seat(company):
    event = make_event(state="published", capacity=1)
    seated = make_attendance(event, company.person())
    make_attendance(event, company.person(), status="waitlisted")
    return lambda: enrolment.cancel_attendance([seated.pk], actor=None)


def correct(company):
    manager = company.manager()
    worker = Employee.objects.get(reports_to=manager)
    row = make_attendance(make_event(state="closed"), worker, outcome="absent")
    asker = account_of(worker)
    return lambda: corrections.ask_corrections({row.pk: "present"}, reason="was there", actor=asker)


def delete_unit(company):
    unit = make_unit(parent=company.unit)
    access.grant("view_employee_in", account_of(company.person()), unit)
    return lambda: org_units.delete_org_units([unit.pk], actor=None)


def repair_account(company):
    row = company.person()
    Employee.objects.filter(pk=row.pk).update(status="terminated", ended_on=timezone.localdate())
    wanted = [("accounts_of_leavers", str(account_of(row).pk))]
    return lambda: reconcile.repair(wanted, actor=None)


def repair_seats(company):
    event = make_event(state="published", seats_taken=7)
    make_attendance(event, company.person())
    return lambda: reconcile.repair([("seats_miscounted", str(event.pk))], actor=None)


def invite_outsider(company):
    company.number += 1
    user = make_user(f"x{company.number}", email=f"x{company.number}@example.org")
    User.objects.filter(pk=user.pk).update(password="!")
    return lambda: invitations.prepare([user], actor=None)


# What a repair puts right is a difference until it is done: these are done again when they were killed.
REPAIRS = [repair_account, repair_seats]
VERBS = [
    invite,
    change_name_and_mail,
    terminate,
    suspend,
    rehire,
    leave_before_the_invitation,
    publish,
    cancel_event,
    enrol,
    free_a_seat,
    correct,
    delete_unit,
    invite_outsider,
    *REPAIRS,
]
