"""The verbs whose doing reaches into the other database: each is prepared afresh, and then done in one call.

Beside each stands all that it brings about once the clock has done its part (snapshot.effects).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from core import access, roles
from core.models import User
from core.services import invitations, users
from hr.models import Attendance, Employee, Evaluation, Event, EventAudience, ImportJob
from hr.services import (
    accounts,
    answers,
    audiences,
    change_requests,
    corrections,
    delegations,
    employees,
    employment,
    enrolment,
    evaluation_clock,
    evaluation_rounds,
    evaluations,
    event_plans,
    events,
    grading,
    imports,
    mandatory,
    marks,
    org_units,
    reconcile,
)
from tests.factories import (
    make_attendance,
    make_evaluation,
    make_event,
    make_round,
    make_unit,
    make_user,
)
from tests.hr.faults.company import Company, account_of

Call = Callable[[], object]


@dataclass(frozen=True)
class Verb:
    prepare: Callable[[Company], Call]
    effects: frozenset[str]

    @property
    def kinds(self) -> set[str]:
        """Of the messages it writes."""
        return {word.removeprefix("message ") for word in self.effects if word.startswith("message ")}


VERBS: dict[str, Verb] = {}
# The worker's, which is killed in tests/hr/loading: each is written in the one transaction that makes it true.
EXEMPT = {
    "load.ended": "ends a load; who is told is asked by test_apply.py, the worker killed by test_kills.py",
    "load.to_approve": "follows upon reading a file; who is told is asked by test_approval.py",
    "export.done": "ends an export; test_export_kills.py counts the message after a kill",
    "export.failed": "ends an export; who is told is asked by test_export_jobs.py",
}


def verb(*effects: str) -> Callable[[Callable[[Company], Call]], Callable[[Company], Call]]:
    def noted(prepare: Callable[[Company], Call]) -> Callable[[Company], Call]:
        VERBS[prepare.__name__] = Verb(prepare, frozenset(effects))
        return prepare

    return noted


def told(kind: str) -> tuple[str, str, str, str]:
    """A message, in the application and by mail."""
    return f"message {kind}", f"told {kind}", f"mailed {kind}", "mail"


# --- Accounts and employment ------------------------------------------------------------------------------------------
@verb("mail", "mailed employee.invited", "message employee.invited", "new invitation", "new user")
def invite(company):
    people = company.people(2, account=False)
    return lambda: accounts.invite_employees([row.pk for row in people], actor=None)


@verb("mail", "new invitation")
def invite_outsider(company):
    user = make_user("outsider", email="outsider@example.org")
    User.objects.filter(pk=user.pk).update(password="!")
    return lambda: invitations.prepare([user], actor=None)


@verb("mail", "new invitation", "new user")
def create_account(company):
    return lambda: users.create_user(
        actor=None, roles=[roles.EMPLOYEE], username="new", email="new@example.org", full_name="Nueva", language="en"
    )


@verb(
    "employee.ended_on",
    "employee.status",
    "gone invitation",
    "gone user",
    "mailed employee.invited",
    "message employee.invited",
    "message employee.left",
)
def leave_before_the_invitation(company):
    row = company.person(account=False)
    accounts.invite_employees([row.pk], actor=None)
    return lambda: employment.terminate_employees([row.pk], ended_on=timezone.localdate(), actor=None)


@verb(
    "employee.code",
    "employee.last_name",
    "employee.search_text",
    "employee.work_email",
    "message account.follow",
    "user.email",
    "user.full_name",
    "user.username",
)
def change_name_and_mail(company):
    row = company.person()
    values = {"code": "C1", "last_name": "Gil", "work_email": "c1@example.org"}
    return lambda: employees.change_employees({row.pk: values}, actor=None)


@verb(
    "attendance.cancelled_from",
    "attendance.status",
    "employee.ended_on",
    "employee.status",
    "event.seats_taken",
    "grant.unended",
    "grant.until",
    "message attendance.cancelled",
    "message employee.left",
    "orgunit.head",
    "user.ended sessions",
    "user.has_left",
    "user.is_active",
    *told("correction.asked"),
)
def terminate(company):
    manager = company.manager()
    return lambda: employment.terminate_employees([manager.pk], ended_on=timezone.localdate(), actor=None)


@verb("employee.status", "message employee.suspended", "user.ended sessions")
def suspend(company):
    row = company.person()
    return lambda: employment.suspend_employees([row.pk], actor=None)


@verb(
    "attendance.status",
    "employee.status",
    "event.seats_taken",
    "message employee.returned",
    *told("attendance.promoted"),
)
def reactivate(company):
    """Who waits for a free seat, and is passed over while suspended, gets it."""
    event = company.event(capacity=1)
    row = company.person()
    make_attendance(event, row, status="waitlisted")
    employment.suspend_employees([row.pk], actor=None)
    company.settle()
    return lambda: employment.reactivate_employees([row.pk], actor=None)


@verb(
    "employee.ended_on",
    "employee.hired_on",
    "employee.status",
    "message employee.returned",
    "user.has_left",
    "user.is_active",
)
def rehire(company):
    row = company.person()
    employment.terminate_employees([row.pk], ended_on=timezone.localdate(), actor=None)
    company.settle()
    return lambda: employment.rehire_employees([row.pk], hired_on=timezone.localdate(), actor=None)


@verb("event.seats_taken", "message attendance.enrolled", "new attendance", "new employee")
def hire_into_an_audience(company):
    """The clock enrols who is hired, and somebody is invited."""
    event = company.event()
    event.audience.create(org_unit=company.unit)
    new = employees.NewEmployee(
        first_name="Nina", last_name="Sol", hired_on=timezone.localdate(), org_unit_id=company.unit.pk
    )
    return lambda: employees.hire_employees([new], actor=None)


@verb("new grant")
def delegate(company):
    manager, deputy = company.manager(), company.person()
    now = timezone.now()
    return lambda: delegations.delegate(
        account_of(deputy).username,
        actor=account_of(manager),
        valid_from=now,
        valid_until=now + timedelta(days=3),
        reason="holidays",
    )


@verb("gone grant", "gone orgunit")
def delete_unit(company):
    unit = make_unit(parent=company.unit)
    access.grant("view_employee_in", account_of(company.person()), unit)
    return lambda: org_units.delete_org_units([unit.pk], actor=None)


# --- Events -----------------------------------------------------------------------------------------------------------
@verb("event.seats_taken", "event.state", "new attendance", *told("attendance.waitlisted"), *told("event.published"))
def publish(company):
    event = make_event(capacity=2, in_hours=24 * 9)
    for employee in company.people(3):
        event.audience.create(employee=employee)
    return lambda: events.publish_events([event.pk], actor=None)


@verb("event.seats_taken", "event.state", "new attendance", *told("event.published"), *told("event.reminder"))
def publish_soon(company):
    """People are reminded of it as well."""
    event = make_event(in_hours=5)
    event.audience.create(employee=company.person())
    return lambda: events.publish_events([event.pk], actor=None)


@verb(
    "attendance.cancelled_from",
    "attendance.status",
    "event.seats_taken",
    "event.state",
    "event.state_reason",
    *told("attendance.cancelled"),
)
def unpublish(company):
    event = company.event(*company.people(2))
    return lambda: events.unpublish_events([event.pk], actor=None, reason="too early")


@verb("event.ends_at", "event.starts_at", "event.state_reason", *told("event.postponed"))
def postpone(company):
    event = company.event(*company.people(2))
    later = event.starts_at + timedelta(days=2)
    return lambda: events.postpone_events([event.pk], starts_at=later, actor=None, reason="rain")


@verb(
    "attendance.cancelled_from",
    "attendance.status",
    "evaluation.cancelled_by_outcome",
    "evaluation.state",
    "event.seats_taken",
    "event.state",
    "event.state_reason",
    *told("event.cancelled"),
)
def cancel_event(company):
    event = company.event(*company.people(2))
    make_evaluation(company.person(), in_round=make_round(event=event))
    return lambda: events.cancel_events([event.pk], reason="rain", actor=None)


@verb("gone event", "gone eventaudience")
def delete_event(company):
    event = make_event(in_hours=24 * 9)
    event.audience.create(employee=company.person())
    return lambda: event_plans.delete_events([event.pk], actor=None)


@verb("attendance.marked_at", "attendance.marked_from", "attendance.outcome", "event.state", "eventfigures.absent")
def close_event(company):
    """Who is pending was absent, and who came is given the evaluation already."""
    event = company.event(*company.people(2), state="completed", in_hours=-24)
    return lambda: events.close_events([event.pk], actor=None)


@verb("event.seats_taken", "new attendance", "new eventaudience", *told("attendance.enrolled"))
def widen_audience(company):
    event = company.event()
    audience = audiences.Audience(employee_ids=[row.pk for row in company.people(2)])
    return lambda: audiences.add_audience([event.pk], audience, actor=None)


@verb(*told("event.mandatory_reminder"))
def remind_mandatory(company):
    event = company.event(mandatory=True)
    for employee in company.people(2):
        event.audience.create(employee=employee)
        make_attendance(event, employee)
    return lambda: mandatory.remind_people(event.pk, actor=company.hr)


# --- Enrolment and attendance -----------------------------------------------------------------------------------------
@verb("event.seats_taken", "new attendance", *told("attendance.enrolled"))
def enrol(company):
    event, row = company.event(), company.person()
    return lambda: enrolment.enrol_employees(event.pk, [row.pk], actor=None)


@verb("new attendance", *told("attendance.waitlisted"))
def enrol_without_a_seat(company):
    event, row = company.event(company.person(), capacity=1), company.person()
    return lambda: enrolment.enrol_employees(event.pk, [row.pk], actor=None)


@verb("attendance.cancelled_from", "attendance.status", "event.seats_taken", *told("attendance.enrolled"))
def register(company):
    event, row = company.event(open_enrolment=True), company.person()
    EventAudience.objects.create(event=event, everybody=True)
    Attendance.objects.create(
        event=event, employee=row, status="cancelled", cancelled_from=Attendance.CancelledFrom.SELF
    )
    return lambda: enrolment.register(event.pk, actor=account_of(row))


@verb("attendance.cancelled_from", "attendance.status", *told("attendance.cancelled"), *told("attendance.promoted"))
def free_a_seat(company):
    event = company.event(capacity=1)
    seated = make_attendance(event, company.person())
    make_attendance(event, company.person(), status="waitlisted")
    return lambda: enrolment.cancel_attendance([seated.pk], actor=None)


@verb(
    "attendance.marked_at",
    "attendance.marked_from",
    "attendance.outcome",
    "new evaluation",
    *told("evaluation.available"),
)
def mark(company):
    """Who came is given the evaluation of the event."""
    event = company.event(state="in_progress", in_hours=-1)
    make_round(event=event, days_to_answer=7)
    rows = [make_attendance(event, employee) for employee in company.people(2)]
    outcomes = {rows[0].pk: "present", rows[1].pk: "absent"}
    return lambda: marks.mark_attendance(outcomes, actor=None)


@verb(
    "mail",
    "mailed correction.asked",
    "message correction.asked",
    "new attendancecorrection",
    "told correction.asked",
)
def ask_correction(company):
    manager = company.manager()
    worker = Employee.objects.get(reports_to=manager)
    row, asker = company.absent(worker), account_of(worker)
    return lambda: corrections.ask_corrections({row.pk: "present"}, reason="was there", actor=asker)


@verb(
    "attendance.marked_at",
    "attendance.marked_by_id",
    "attendance.marked_by_name",
    "attendance.marked_from",
    "attendance.outcome",
    "attendancecorrection.decided_at",
    "attendancecorrection.decided_by_id",
    "attendancecorrection.decided_by_name",
    "attendancecorrection.state",
    "eventfigures.absent",
    "eventfigures.came",
    "eventfigures.time",
    *told("correction.decided"),
)
def approve_correction(company):
    asked = company.asked_correction(company.person())
    company.settle()
    return lambda: corrections.approve_corrections([asked], actor=company.hr)


@verb(
    "attendancecorrection.answer",
    "attendancecorrection.decided_at",
    "attendancecorrection.decided_by_id",
    "attendancecorrection.decided_by_name",
    "attendancecorrection.state",
    *told("correction.decided"),
)
def reject_correction(company):
    asked = company.asked_correction(company.person())
    company.settle()
    return lambda: corrections.reject_corrections([asked], actor=company.hr, answer="was not")


# --- Evaluations ------------------------------------------------------------------------------------------------------
@verb("new evaluation", *told("evaluation.available"))
def give_round(company):
    round_ = make_round()
    audience = audiences.Audience(employee_ids=[row.pk for row in company.people(2)])
    return lambda: evaluation_rounds.give_round(round_.pk, audience, actor=None)


@verb("evaluation.state", "evaluation.submitted_at", "new answer", *told("evaluation.submitted"))
def submit(company):
    worker = Employee.objects.get(reports_to=company.manager())
    evaluation = make_evaluation(worker)
    [question] = evaluation.round.form_version.questions.all()
    given = {evaluation.pk: {question.pk: "Mucho."}}
    return lambda: answers.submit_evaluations(given, actor=account_of(worker))


@verb(
    "evaluation.grade",
    "evaluation.graded_at",
    "evaluation.graded_by_id",
    "evaluation.graded_by_name",
    "evaluation.state",
    *told("evaluation.graded"),
)
def grade(company):
    evaluation = make_evaluation(company.person(), state="submitted")
    return lambda: grading.grade_evaluations({evaluation.pk: grading.Grading(Decimal(90))}, actor=company.hr)


@verb("evaluation.due_on", "evaluation.return_comment", "evaluation.state", *told("evaluation.returned"))
def return_evaluation(company):
    evaluation = make_evaluation(company.person(), state="submitted")
    due_on = timezone.localdate() + timedelta(days=9)
    return lambda: grading.return_evaluations([evaluation.pk], comment="more", due_on=due_on, actor=company.hr)


@verb("evaluation.due_on", "evaluation.state", *told("evaluation.expired"))
def expire(company):
    """A round is shortened until it is over."""
    evaluation = make_evaluation(company.person())
    over = timezone.localdate() - timedelta(days=1)
    return lambda: Evaluation.objects.filter(pk=evaluation.pk).update(due_on=over) and evaluation_clock.expire_due()


@verb("evaluation.due_on", "evaluation.state", *told("evaluation.extended"))
def extend(company):
    evaluation = make_evaluation(company.person(), state="expired", due_on=timezone.localdate() - timedelta(days=1))
    until = timezone.localdate() + timedelta(days=9)
    return lambda: evaluations.extend_evaluations([evaluation.pk], due_on=until, actor=company.hr)


@verb("evaluation.grade", "evaluation.state", *told("evaluation.reopened"))
def reopen(company):
    evaluation = make_evaluation(company.person(), state="graded", grade=Decimal(70))
    return lambda: grading.reopen_evaluations([evaluation.pk], reason="again", actor=company.hr)


@verb("evaluation.state", *told("evaluation.cancelled"))
def cancel_evaluation(company):
    evaluation = make_evaluation(company.person())
    return lambda: evaluations.cancel_evaluations([evaluation.pk], reason="too many", actor=company.hr)


@verb("evaluation.due_on", *told("evaluation.reminder"))
def remind_of_evaluation(company):
    evaluation = make_evaluation(company.person(), created_at=timezone.now() - timedelta(days=5))
    soon = timezone.localdate() + timedelta(days=2)
    evaluation_clock.FIRST_HOUR = 0
    return lambda: Evaluation.objects.filter(pk=evaluation.pk).update(due_on=soon)


# --- Requests and loads -----------------------------------------------------------------------------------------------
@verb("new changerequest", *told("change_request.asked"))
def ask_change(company):
    row = company.person()
    return lambda: change_requests.ask_changes(
        {"work_email": "other@example.org"}, reason="moved", actor=account_of(row)
    )


@verb(
    "changerequest.decided_at",
    "changerequest.decided_by_id",
    "changerequest.decided_by_name",
    "changerequest.state",
    "employee.search_text",
    "employee.work_email",
    "message account.follow",
    "user.email",
    *told("change_request.decided"),
)
def approve_change(company):
    row = company.person()
    values = {"work_email": "other@example.org"}
    [asked] = change_requests.ask_changes(values, reason="moved", actor=account_of(row))
    company.settle()
    return lambda: change_requests.approve_change_requests([asked.pk], actor=company.hr)


@verb("importjob.heartbeat_at", "importjob.refusal", "importjob.state", *told("load.decided"))
def refuse_load(company):
    loader = make_user("loader", role=roles.BULK_LOADER, email="loader@example.org")
    job = ImportJob.objects.create(
        resource="employees", state="awaiting_approval", file_name="x.csv", rows=1, created=1, created_by_id=loader.pk
    )
    return lambda: imports.refuse(job.pk, actor=company.hr, reason="wrong file")


# --- Repairs ----------------------------------------------------------------------------------------------------------
@verb("message system.repair", "user.ended sessions", "user.has_left", "user.is_active")
def repair_account(company):
    row = company.person()
    Employee.objects.filter(pk=row.pk).update(status="terminated", ended_on=timezone.localdate())
    wanted = [("accounts_of_leavers", str(account_of(row).pk))]
    return lambda: reconcile.repair(wanted, actor=None)


@verb("event.seats_taken", "message system.repair")
def repair_seats(company):
    event = company.event(company.person())
    Event.objects.filter(pk=event.pk).update(seats_taken=7)
    return lambda: reconcile.repair([("seats_miscounted", str(event.pk))], actor=None)
