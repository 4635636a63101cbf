"""What a load does beyond its rows, told before it is written: to accounts, to enrolments, to who answers for whom."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet
from django.utils.formats import number_format
from django.utils.translation import ngettext

from core.models import User
from hr.models import Event, ImportJob, ImportRow

Verdict = ImportRow.Verdict


def effects_of(job: ImportJob, user: User) -> list[str]:
    """Sentences, each with its count as this reader sees it; the queries do not grow with the rows."""
    told = {
        ImportJob.Resource.EMPLOYEES: _on_people,
        ImportJob.Resource.UNITS: _on_units,
        ImportJob.Resource.ATTENDANCE: _on_enrolments,
    }.get(ImportJob.Resource(job.resource))
    return told(job, ImportRow.objects.visible_to(user).filter(job=job), user) if told else []


def _on_people(job: ImportJob, rows: QuerySet, user: User) -> list[str]:
    changed = Q(verdict=Verdict.CHANGED)
    found = rows.aggregate(
        leaving=Count("pk", filter=changed & Q(after__status="terminated")),
        suspended=Count("pk", filter=changed & Q(after__status="suspended")),
        returning=Count("pk", filter=changed & Q(after__status="active")),
        mails=Count("pk", filter=changed & Q(after__has_key="work_email")),
        moved=Count("pk", filter=changed & Q(after__has_key="org_unit")),
        bosses=Count("pk", filter=changed & Q(after__has_key="reports_to")),
    )
    events = _events_for_new_people(user) if job.created else 0
    return _counted(
        (
            found["leaving"],
            ngettext(
                "%(n)s person leaves: the access ends, and places in coming events are given up.",
                "%(n)s people leave: their access ends, and places in coming events are given up.",
                found["leaving"],
            ),
        ),
        (
            found["suspended"],
            ngettext(
                "%(n)s person is suspended and cannot log in until reactivated.",
                "%(n)s people are suspended and cannot log in until reactivated.",
                found["suspended"],
            ),
        ),
        (
            found["returning"],
            ngettext(
                "%(n)s person is active again; the account opens again.",
                "%(n)s people are active again; their accounts open again.",
                found["returning"],
            ),
        ),
        (
            found["mails"],
            ngettext(
                "%(n)s e-mail changes, and with it the one to log in with.",
                "%(n)s e-mails change, and with them those to log in with.",
                found["mails"],
            ),
        ),
        (
            found["moved"],
            ngettext(
                "%(n)s person changes unit, and with it who answers for them.",
                "%(n)s people change unit, and with it who answers for them.",
                found["moved"],
            ),
        ),
        (
            found["bosses"],
            ngettext("%(n)s person gets another boss.", "%(n)s people get another boss.", found["bosses"]),
        ),
        (
            events,
            ngettext(
                "New people are enrolled in %(n)s coming event, if it is meant for them, and told.",
                "New people are enrolled in those of %(n)s coming events that are meant for them, and told.",
                events,
            ),
        ),
    )


def _events_for_new_people(user: User) -> int:
    """How many published events have an audience, which later hires join."""
    events = Event.objects.visible_to(user).filter(state=Event.State.PUBLISHED, audience__isnull=False)
    return events.aggregate(events=Count("pk", distinct=True))["events"]


def _on_units(job: ImportJob, rows: QuerySet, user: User) -> list[str]:
    changed = Q(verdict=Verdict.CHANGED)
    found = rows.aggregate(
        heads=Count("pk", filter=changed & Q(after__has_key="head")),
        moved=Count("pk", filter=changed & Q(after__has_key="parent")),
    )
    return _counted(
        (
            found["heads"],
            ngettext(
                "%(n)s unit gets another head, who will answer for its people.",
                "%(n)s units get another head, who will answer for their people.",
                found["heads"],
            ),
        ),
        (
            found["moved"],
            ngettext(
                "%(n)s unit moves, with all that is below it.",
                "%(n)s units move, with all that is below them.",
                found["moved"],
            ),
        ),
    )


def _on_enrolments(job: ImportJob, rows: QuerySet, user: User) -> list[str]:
    found = rows.aggregate(
        enrolled=Count("pk", filter=Q(after__enrol=True)),
        confirmed=Count("pk", filter=Q(after__confirm=True)),
        cancelled=Count("pk", filter=Q(after__cancel=True)),
        came=Count("pk", filter=Q(after__outcome__in=["present", "late"])),
        missed=Count("pk", filter=Q(after__outcome__in=["absent", "excused"])),
    )
    return _counted(
        (
            found["enrolled"],
            ngettext(
                "%(n)s person is enrolled, and told unless the event is over.",
                "%(n)s people are enrolled, and told unless the event is over.",
                found["enrolled"],
            ),
        ),
        (
            found["confirmed"],
            ngettext("%(n)s enrolment is confirmed.", "%(n)s enrolments are confirmed.", found["confirmed"]),
        ),
        (
            found["cancelled"],
            ngettext(
                "%(n)s enrolment is cancelled; the person is told, and who waits gets the seat.",
                "%(n)s enrolments are cancelled; the people are told, and who waits gets the seats.",
                found["cancelled"],
            ),
        ),
        (
            found["came"],
            ngettext(
                "%(n)s attendance opens the evaluation of its event, where it has one.",
                "%(n)s attendances open the evaluations of their events, where they have one.",
                found["came"],
            ),
        ),
        (
            found["missed"],
            ngettext(
                "%(n)s person is marked as not having attended.",
                "%(n)s people are marked as not having attended.",
                found["missed"],
            ),
        ),
    )


def _counted(*told: tuple[int, str]) -> list[str]:
    return [text % {"n": number_format(count, force_grouping=True)} for count, text in told if count]
