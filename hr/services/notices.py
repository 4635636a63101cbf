"""What people are told of events, attendance, evaluations and requests, in the application and by mail.

A mail says what happened and leads to the page; grades, comments, reasons and personal data stay behind the login.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hr.ics import CANCEL, REQUEST
from hr.models import Attendance, AttendanceCorrection, ChangeRequest, Evaluation, Event, ExportLog, ImportJob
from hr.services import addressees, notice_mail, outbox
from hr.services.subjects import (
    CHANGE_REQUEST,
    CORRECTION,
    DECIDED_LOAD,
    ENDED_LOAD,
    EVALUATION,
    EVENT,
    EXPORT,
    GRADING,
    LOAD,
    OWN_REQUEST,
    Subject,
)

SEATED = Q(status__in=Attendance.SEATED)
WAITLISTED = Q(status=Attendance.Status.WAITLISTED)
CANCELLED = Q(status=Attendance.Status.CANCELLED) & ~Q(cancelled_from=Attendance.CancelledFrom.EVENT)
NOT_CANCELLED = ~Q(status=Attendance.Status.CANCELLED)
LOST_BY_EVENT = NOT_CANCELLED | Q(cancelled_from=Attendance.CancelledFrom.EVENT)
State = Evaluation.State


@dataclass(frozen=True)
class Notice:
    """One kind of message about rows. `one` is the sentence with the name of its row, `many` the subject of a mail
    about several, `label` what is said where the row is not the reader's to know. It is mailed while `needed` holds for
    the row; `calendar` is the method of the calendar entry that goes with it.
    """

    label: Promise
    one: Promise
    many: Promise
    subject: Subject
    expand: addressees.Expand
    key: str = ""
    needed: Callable[[Any], bool] = lambda row: True
    calendar: str = ""


def is_on(event: Event) -> bool:
    return event.state in Event.ENROLLING


def waits(request: AttendanceCorrection | ChangeRequest) -> bool:
    return request.state == request.State.WAITING


def is_to_approve(job: ImportJob) -> bool:
    return job.state == ImportJob.State.AWAITING_APPROVAL


def in_state(*states: str) -> Callable[[Evaluation], bool]:
    return lambda evaluation: evaluation.state in states


NOTICES = {
    "event.published": Notice(
        label=_("enrolment in an event"),
        one=_("You are enrolled: %(about)s"),
        many=_("You are enrolled in %(count)d events"),
        subject=EVENT,
        expand=addressees.everybody_in(SEATED),
        key="event_id",
        needed=is_on,
        calendar=REQUEST,
    ),
    "event.postponed": Notice(
        label=_("new date of an event"),
        one=_("New date: %(about)s"),
        many=_("%(count)d events have new dates"),
        subject=EVENT,
        expand=addressees.everybody_in(NOT_CANCELLED),
        key="event_id",
        needed=is_on,
        calendar=REQUEST,
    ),
    "event.cancelled": Notice(
        label=_("cancellation of an event"),
        one=_("Cancelled: %(about)s"),
        many=_("%(count)d events were cancelled"),
        subject=EVENT,
        expand=addressees.everybody_in(LOST_BY_EVENT),
        key="event_id",
        calendar=CANCEL,
    ),
    "event.reminder": Notice(
        label=_("reminder of an event"),
        one=_("Soon: %(about)s"),
        many=_("%(count)d of your events are soon"),
        subject=EVENT,
        expand=addressees.everybody_in(SEATED),
        key="event_id",
        needed=is_on,
    ),
    "event.mandatory_reminder": Notice(
        label=_("reminder of a mandatory event"),
        one=_("You still have to attend: %(about)s"),
        many=_("You still have to attend %(count)d events"),
        subject=EVENT,
        expand=addressees.named_people,
        key="event_id",
        needed=is_on,
    ),
    "attendance.enrolled": Notice(
        label=_("enrolment in an event"),
        one=_("You are enrolled: %(about)s"),
        many=_("You are enrolled in %(count)d events"),
        subject=EVENT,
        expand=addressees.enrolled(SEATED),
        needed=is_on,
        calendar=REQUEST,
    ),
    "attendance.promoted": Notice(
        label=_("free seat in an event"),
        one=_("A seat became free for you: %(about)s"),
        many=_("Seats became free for you in %(count)d events"),
        subject=EVENT,
        expand=addressees.enrolled(SEATED),
        needed=is_on,
        calendar=REQUEST,
    ),
    "attendance.waitlisted": Notice(
        label=_("wait-list of an event"),
        one=_("You are on the wait-list: %(about)s"),
        many=_("You are on the wait-list of %(count)d events"),
        subject=EVENT,
        expand=addressees.enrolled(WAITLISTED),
        needed=is_on,
    ),
    "attendance.cancelled": Notice(
        label=_("end of an enrolment"),
        one=_("You are no longer enrolled: %(about)s"),
        many=_("You are no longer enrolled in %(count)d events"),
        subject=EVENT,
        expand=addressees.enrolled(CANCELLED),
        calendar=CANCEL,
    ),
    "correction.asked": Notice(
        label=_("correction of attendance to be decided"),
        one=_("A correction waits for your decision: %(about)s"),
        many=_("%(count)d corrections wait for your decision"),
        subject=CORRECTION,
        expand=addressees.deciders_of_corrections,
        key="correction_id",
        needed=waits,
    ),
    "correction.decided": Notice(
        label=_("decision about a correction of attendance"),
        one=_("The correction you asked for was decided: %(about)s"),
        many=_("%(count)d corrections you asked for were decided"),
        subject=CORRECTION,
        expand=addressees.asker(AttendanceCorrection, "correction_id"),
        key="correction_id",
    ),
    "evaluation.available": Notice(
        label=_("evaluation to be answered"),
        one=_("An evaluation waits for your answers: %(about)s"),
        many=_("%(count)d evaluations wait for your answers"),
        subject=EVALUATION,
        expand=addressees.evaluated(*Evaluation.ANSWERABLE),
        needed=in_state(*Evaluation.ANSWERABLE),
    ),
    "evaluation.reminder": Notice(
        label=_("reminder of an evaluation"),
        one=_("Still to be answered: %(about)s"),
        many=_("%(count)d evaluations are still to be answered"),
        subject=EVALUATION,
        expand=addressees.evaluated(*Evaluation.ANSWERABLE),
        needed=in_state(*Evaluation.ANSWERABLE),
    ),
    "evaluation.expired": Notice(
        label=_("evaluation that can no longer be answered"),
        one=_("The time to answer is over: %(about)s"),
        many=_("The time to answer %(count)d evaluations is over"),
        subject=EVALUATION,
        expand=addressees.evaluated(State.EXPIRED),
        needed=in_state(State.EXPIRED),
    ),
    "evaluation.extended": Notice(
        label=_("more time to answer an evaluation"),
        one=_("You have more time to answer: %(about)s"),
        many=_("You have more time to answer %(count)d evaluations"),
        subject=EVALUATION,
        expand=addressees.evaluated(*Evaluation.ANSWERABLE),
        needed=in_state(*Evaluation.ANSWERABLE),
    ),
    "evaluation.submitted": Notice(
        label=_("evaluation to be graded"),
        one=_("An evaluation waits for its grade: %(about)s"),
        many=_("%(count)d evaluations wait for their grades"),
        subject=GRADING,
        expand=addressees.graders,
        needed=in_state(State.SUBMITTED),
    ),
    "evaluation.returned": Notice(
        label=_("evaluation returned to be completed"),
        one=_("An evaluation was returned to you: %(about)s"),
        many=_("%(count)d evaluations were returned to you"),
        subject=EVALUATION,
        expand=addressees.evaluated(State.RETURNED),
        needed=in_state(*Evaluation.ANSWERABLE),
    ),
    "evaluation.graded": Notice(
        label=_("grade of an evaluation"),
        one=_("Your evaluation was graded: %(about)s"),
        many=_("%(count)d of your evaluations were graded"),
        subject=EVALUATION,
        expand=addressees.evaluated(State.GRADED),
    ),
    "evaluation.reopened": Notice(
        label=_("evaluation that is graded anew"),
        one=_("Your evaluation will be graded anew: %(about)s"),
        many=_("%(count)d of your evaluations will be graded anew"),
        subject=EVALUATION,
        expand=addressees.evaluated(State.SUBMITTED),
        needed=in_state(State.SUBMITTED),
    ),
    "evaluation.cancelled": Notice(
        label=_("cancellation of an evaluation"),
        one=_("Your evaluation was cancelled: %(about)s"),
        many=_("%(count)d of your evaluations were cancelled"),
        subject=EVALUATION,
        expand=addressees.evaluated(State.CANCELLED),
    ),
    "change_request.asked": Notice(
        label=_("request to be decided"),
        one=_("A request waits for your decision: %(about)s"),
        many=_("%(count)d requests wait for your decision"),
        subject=CHANGE_REQUEST,
        expand=addressees.deciders_of_change_requests,
        key="change_request_id",
        needed=waits,
    ),
    "change_request.decided": Notice(
        label=_("decision about a request"),
        one=_("Your request was decided: %(about)s"),
        many=_("%(count)d of your requests were decided"),
        subject=OWN_REQUEST,
        expand=addressees.asker(ChangeRequest, "change_request_id"),
        key="change_request_id",
    ),
    "load.ended": Notice(
        label=_("end of a load"),
        one=_("Your load has ended: %(about)s"),
        many=_("%(count)d of your loads have ended"),
        subject=ENDED_LOAD,
        expand=addressees.loaders,
        key="importjob_id",
    ),
    "load.to_approve": Notice(
        label=_("load to be approved"),
        one=_("A load waits for your approval: %(about)s"),
        many=_("%(count)d loads wait for your approval"),
        subject=LOAD,
        expand=addressees.approvers_of_loads,
        key="importjob_id",
        needed=is_to_approve,
    ),
    "load.decided": Notice(
        label=_("decision about a load"),
        one=_("The approval of your load was decided: %(about)s"),
        many=_("The approval of %(count)d of your loads was decided"),
        subject=DECIDED_LOAD,
        expand=addressees.loaders,
        key="importjob_id",
    ),
    "export.done": Notice(
        label=_("export that is ready"),
        one=_("Your export is ready: %(about)s"),
        many=_("%(count)d of your exports are ready"),
        subject=EXPORT,
        expand=addressees.asker(ExportLog, "export_id", by="created_by_id"),
        key="export_id",
        needed=lambda row: row.file_id is not None,
    ),
    "export.failed": Notice(
        label=_("export that could not be made"),
        one=_("Your export could not be made: %(about)s"),
        many=_("%(count)d of your exports could not be made"),
        subject=EXPORT,
        expand=addressees.asker(ExportLog, "export_id", by="created_by_id"),
        key="export_id",
    ),
}


def _text(notice: Notice, about: str) -> str:
    return str(notice.one) % {"about": about} if about else str(notice.label)


for _kind, _notice in NOTICES.items():
    outbox.KINDS[_kind] = outbox.Kind(
        label=_notice.label,
        expand=_notice.expand,
        deliver=partial(notice_mail.deliver, _notice),
        text=partial(_text, _notice),
        subject=_notice.subject,
        key=_notice.key,
        digest=True,
    )
