"""Who is told what, in the application and by mail."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone, translation
from icalendar import Calendar

from core import access, roles
from hr.admin.messages import name_subjects
from hr.loading import notes
from hr.models import (
    AttendanceCorrection,
    ChangeRequest,
    Evaluation,
    Event,
    ExportLog,
    ImportJob,
    Notification,
    OutboxMessage,
)
from hr.services import addressees, delivery, outbox
from hr.services.notices import NOTICES
from tests.factories import (
    make_attendance,
    make_employee,
    make_evaluation,
    make_event,
    make_round,
    make_session,
    make_unit,
    make_user,
)

CONTRACT = {
    *(f"event.{word}" for word in ("published", "cancelled", "postponed", "reminder", "mandatory_reminder")),
    *(f"attendance.{word}" for word in ("enrolled", "promoted", "waitlisted", "cancelled")),
    *(f"evaluation.{word}" for word in ("available", "reminder", "expired", "submitted", "returned", "graded")),
    *(f"evaluation.{word}" for word in ("extended", "reopened", "cancelled")),
    *("correction.asked", "correction.decided", "change_request.asked", "change_request.decided"),
    *("export.done", "export.failed"),
    *("load.ended", "load.to_approve", "load.decided"),
}


@pytest.fixture
def account(beto):
    return make_user("E2", employee=beto, role=roles.EMPLOYEE, email="beto@example.org")


@pytest.fixture
def boss(ana):
    return make_user("E1", employee=ana, role=roles.MANAGER, email="ana@example.org")


def tell(kind, **payload):
    outbox.add(kind, {f"{kind}:{OutboxMessage.objects.count()}": payload})
    outbox.expand_due(limit=500)


def told(kind):
    rows = Notification.objects.filter(message__kind=kind, channel="app").order_by("pk")
    return list(rows.values_list("user_id", "about_id"))


def mailed():
    delivery.deliver_due(limit=100)


def errors():
    return list(OutboxMessage.objects.exclude(error="").values_list("kind", "error"))


def test_every_kind_of_the_contract_is_known():
    assert NOTICES.keys() == CONTRACT
    assert outbox.KINDS.keys() >= CONTRACT


# --- Events and enrolments -------------------------------------------------------------------------------------------
SEATED, WAITING, GONE, LOST = (
    {"status": "registered"},
    {"status": "waitlisted"},
    {"status": "cancelled", "cancelled_from": "self"},
    {"status": "cancelled", "cancelled_from": "event"},
)


@pytest.mark.parametrize(
    ("kind", "tells"),
    [
        ("event.published", [SEATED]),
        ("event.reminder", [SEATED]),
        ("event.postponed", [SEATED, WAITING]),
        ("event.cancelled", [SEATED, WAITING, LOST]),
    ],
)
@pytest.mark.parametrize("enrolment", [SEATED, WAITING, GONE, LOST], ids=["seated", "waiting", "gone", "lost"])
def test_a_message_about_an_event_tells_those_it_concerns(kind, tells, enrolment, beto, account):
    event = make_event(state="published")
    make_attendance(event, beto, **enrolment)

    tell(kind, event_id=event.pk)

    assert told(kind) == ([(account.pk, event.pk)] if enrolment in tells else [])
    assert errors() == []


@pytest.mark.parametrize(
    ("kind", "status", "is_told"),
    [
        ("attendance.enrolled", SEATED, True),
        ("attendance.enrolled", GONE, False),
        ("attendance.promoted", SEATED, True),
        ("attendance.waitlisted", WAITING, True),
        ("attendance.waitlisted", SEATED, False),
        ("attendance.cancelled", GONE, True),
        ("attendance.cancelled", SEATED, False),
        ("attendance.cancelled", LOST, False),
    ],
)
def test_a_message_about_enrolments_tells_what_is_still_so(kind, status, is_told, beto, account):
    attendance = make_attendance(make_event(state="published"), beto, **status)

    tell(kind, attendance_ids=[attendance.pk])

    assert told(kind) == ([(account.pk, attendance.event_id)] if is_told else [])


def test_somebody_in_two_events_of_one_message_is_told_of_both(beto, account):
    rows = [make_attendance(make_event(state="published"), beto) for _number in range(2)]

    tell("attendance.enrolled", attendance_ids=[row.pk for row in rows])

    assert told("attendance.enrolled") == [(account.pk, row.event_id) for row in rows]


def test_whoever_does_not_work_here_or_has_no_account_is_not_told(beto, ana, carla, account):
    event = make_event(state="published")
    for person in (beto, ana, carla):
        make_attendance(event, person)
    make_user("E3", employee=carla, is_active=False)
    type(beto).objects.filter(pk=beto.pk).update(status="suspended")

    tell("event.published", event_id=event.pk)

    assert Notification.objects.count() == 0


def test_reminders_of_a_mandatory_event_go_to_the_people_named(beto, ana, account, boss):
    event = make_event(state="published", mandatory=True)

    tell("event.mandatory_reminder", event_id=event.pk, employee_ids=[beto.pk])

    assert told("event.mandatory_reminder") == [(account.pk, event.pk)]


def test_of_a_mandatory_event_that_was_cancelled_nobody_is_reminded(beto, account, mailoutbox):
    event = make_event(state="published", mandatory=True)
    tell("event.mandatory_reminder", event_id=event.pk, employee_ids=[beto.pk])
    Event.objects.update(state="cancelled")
    tell("event.mandatory_reminder", event_id=event.pk, employee_ids=[beto.pk])

    mailed()

    assert told("event.mandatory_reminder") == [(account.pk, event.pk)]
    assert mailoutbox == []


def test_without_an_address_one_is_told_in_the_application_alone(beto):
    make_user("E2", employee=beto)
    event = make_event(state="published")
    make_attendance(event, beto)

    tell("event.published", event_id=event.pk)

    assert list(Notification.objects.values_list("channel", "state")) == [("app", "sent")]


def test_many_people_are_told_in_parts(monkeypatch, db):
    monkeypatch.setattr(addressees, "BATCH", 2)
    event, unit = make_event(state="published"), make_unit()
    users = []
    for number in range(5):
        person = make_employee(code=f"N{number}", org_unit=unit)
        users.append(make_user(f"N{number}", employee=person))
        make_attendance(event, person)

    tell("event.published", event_id=event.pk)
    parts = OutboxMessage.objects.exclude(payload__attendance_ids=None).order_by("pk")

    assert [len(part.payload["attendance_ids"]) for part in parts] == [2, 2, 1]
    assert told("event.published") == [(user.pk, event.pk) for user in users]
    OutboxMessage.objects.update(done_at=None)  # as after a kill before the commit
    outbox.expand_due(limit=500)
    assert Notification.objects.count() == 5


# --- Decisions --------------------------------------------------------------------------------------------------------
def make_correction(employee, asked_by):
    return AttendanceCorrection.objects.create(
        attendance=make_attendance(make_event(state="closed"), employee, outcome="absent"),
        outcome="present",
        reason="was there",
        asked_by_id=asked_by.pk,
        asked_by_name=str(asked_by),
    )


def test_the_boss_decides_about_a_correction(beto, account, boss, hr_manager):
    correction = make_correction(beto, account)

    tell("correction.asked", correction_id=correction.pk)

    assert told("correction.asked") == [(boss.pk, correction.pk)]


def test_nobody_is_asked_to_decide_what_he_asked_for(beto, account, boss, hr_manager):
    correction = make_correction(beto, boss)

    tell("correction.asked", correction_id=correction.pk)

    assert told("correction.asked") == [(hr_manager.pk, correction.pk)]


def test_without_a_boss_the_head_above_decides_and_without_one_hr(ana, beto, company, account, boss, hr_manager):
    director = make_employee("Dora", "Sol", org_unit=company)
    company.head = director
    company.save()
    above = make_user("dora", employee=director)
    correction = make_correction(ana, boss)

    tell("correction.asked", correction_id=correction.pk)
    assert told("correction.asked") == [(above.pk, correction.pk)]

    company.head = None
    company.save()
    Notification.objects.all().delete()
    tell("correction.asked", correction_id=correction.pk)
    assert told("correction.asked") == [(hr_manager.pk, correction.pk)]


def test_who_stands_in_for_the_boss_is_asked_as_well(beto, ana, carla, account, boss):
    deputy = make_user("E3", employee=carla)
    access.grant("act_as_manager", deputy, ana, valid_until=timezone.now() + timedelta(days=1))
    correction = make_correction(beto, account)

    tell("correction.asked", correction_id=correction.pk)

    assert told("correction.asked") == [(boss.pk, correction.pk), (deputy.pk, correction.pk)]


def test_what_was_decided_already_is_put_before_nobody(beto, account, boss):
    correction = make_correction(beto, account)
    AttendanceCorrection.objects.update(state="approved")

    tell("correction.asked", correction_id=correction.pk)

    assert told("correction.asked") == []


def test_who_asked_is_told_the_decision(beto, account, boss, mailoutbox):
    correction = make_correction(beto, account)

    tell("correction.decided", correction_id=correction.pk)
    mailed()

    assert told("correction.decided") == [(account.pk, correction.pk)]
    assert [mail.to for mail in mailoutbox] == [["beto@example.org"]]


def test_change_requests_go_to_hr_and_back(beto, account, hr_manager):
    request = ChangeRequest.objects.create(
        kind="data",
        employee=beto,
        field="private_phone",
        new="+584141112233",
        reason="new phone",
        asked_by_id=account.pk,
        asked_by_name="Beto",
    )

    tell("change_request.asked", change_request_id=request.pk)
    tell("change_request.decided", change_request_id=request.pk)

    assert told("change_request.asked") == [(hr_manager.pk, request.pk)]
    assert told("change_request.decided") == [(account.pk, request.pk)]


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("evaluation.available", "available"),
        ("evaluation.reminder", "in_progress"),
        ("evaluation.expired", "expired"),
        ("evaluation.returned", "returned"),
        ("evaluation.graded", "graded"),
        ("evaluation.extended", "available"),
        ("evaluation.reopened", "submitted"),
        ("evaluation.cancelled", "cancelled"),
    ],
)
def test_evaluations_are_told_to_their_employee(kind, state, beto, account, boss):
    evaluation = make_evaluation(beto, state=state, grade=77 if state == "graded" else None)

    tell(kind, evaluation_ids=[evaluation.pk])

    assert told(kind) == [(account.pk, evaluation.pk)]


def test_each_submitted_evaluation_is_told_to_who_grades_it(beto, account, boss):
    rows = [make_evaluation(beto, state="submitted") for _number in range(2)]

    tell("evaluation.submitted", evaluation_ids=[row.pk for row in rows])

    assert told("evaluation.submitted") == [(boss.pk, row.pk) for row in rows]


# --- The mail ---------------------------------------------------------------------------------------------------------
def test_what_waits_of_one_kind_for_one_reader_goes_in_one_mail(beto, account, mailoutbox):
    for title in ("Inducción", "Primeros auxilios"):
        event = make_event(title, state="published")
        make_attendance(event, beto)
        tell("event.published", event_id=event.pk)
    tell("evaluation.available", evaluation_ids=[make_evaluation(beto).pk])

    mailed()

    assert [mail.subject for mail in mailoutbox] == [
        "You are enrolled in 2 events",
        "An evaluation waits for your answers: Evaluación anual",
    ]
    assert "Inducción" in mailoutbox[0].body
    assert "Primeros auxilios" in mailoutbox[0].body
    assert set(Notification.objects.filter(channel="mail").values_list("state", "attempts")) == {("sent", 1)}


def test_a_mail_that_comes_back_marks_all_that_went_with_it(beto, account, mailoutbox):
    for _number in range(2):
        event = make_event(state="published")
        make_attendance(event, beto)
        tell("event.published", event_id=event.pk)
    mailed()

    delivery.note_bounced(Notification.objects.filter(channel="mail").first().pk, "550 gone")

    assert (
        list(Notification.objects.filter(channel="mail").values_list("state", "error")) == [("bounced", "550 gone")] * 2
    )


def test_the_mail_is_in_the_readers_language(beto, account, mailoutbox):
    account.language = "es"
    account.save()
    event = make_event(
        state="published", starts_at=datetime(2026, 3, 2, 13, tzinfo=UTC), ends_at=datetime(2026, 3, 2, 15, tzinfo=UTC)
    )
    make_attendance(event, beto)

    tell("event.published", event_id=event.pk)
    mailed()

    html = mailoutbox[0].alternatives[0][0]
    assert '<html lang="es">' in html
    assert "2 de marzo de 2026" in html
    assert "2 de marzo de 2026" in mailoutbox[0].body


def test_no_mail_loads_anything_from_elsewhere(beto, account, mailoutbox):
    event = make_event(state="published")
    make_attendance(event, beto)

    tell("event.published", event_id=event.pk)
    mailed()

    html = mailoutbox[0].alternatives[0][0]
    assert [word for word in ("src=", "url(", "@import", "<link", "<script", "<img") if word in html] == []


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("event.published", {"state": "cancelled"}),
        ("event.reminder", {"state": "closed"}),
    ],
)
def test_what_is_no_longer_so_is_not_mailed(kind, after, beto, account, mailoutbox):
    event = make_event(state="published")
    make_attendance(event, beto)
    tell(kind, event_id=event.pk)
    type(event).objects.update(**after)

    mailed()

    assert mailoutbox == []
    assert Notification.objects.get(channel="mail").state == "dropped"


def test_who_left_meanwhile_gets_no_mail(beto, account, mailoutbox):
    event = make_event(state="published")
    make_attendance(event, beto)
    tell("event.published", event_id=event.pk)
    type(beto).objects.filter(pk=beto.pk).update(status="terminated", ended_on=timezone.localdate())

    mailed()

    assert mailoutbox == []


def test_a_mail_that_cannot_be_written_holds_no_other_up(beto, account, monkeypatch, mailoutbox):
    event = make_event(state="published")
    make_attendance(event, beto)
    tell("event.published", event_id=event.pk)
    Notification.objects.filter(channel="mail").update(about_id=event.pk, next_attempt_at=timezone.now() - timedelta(1))
    OutboxMessage.objects.update(kind="no.such.kind")
    tell("evaluation.available", evaluation_ids=[make_evaluation(beto).pk])

    mailed()

    assert [mail.subject for mail in mailoutbox] == ["An evaluation waits for your answers: Evaluación anual"]
    assert Notification.objects.get(channel="mail", message__kind="no.such.kind").attempts == 1


def test_a_mail_says_no_more_than_it_must(beto, account, boss, mailoutbox):
    type(beto).objects.filter(pk=beto.pk).update(birth_date=date(1980, 5, 17))
    secrets = ["12345678", "4121234567", "1980", "77.5", "77,5", "SEKRET"]
    event = make_event(state="published", state_reason="SEKRET reason")
    make_attendance(event, beto)
    asked = AttendanceCorrection.objects.create(
        attendance=make_attendance(make_event(state="closed"), beto),
        outcome="present",
        reason="SEKRET reason",
        answer="SEKRET answer",
        asked_by_id=account.pk,
        asked_by_name="Beto",
    )
    request = ChangeRequest.objects.create(
        kind="missing", new="V-12345678", reason="SEKRET", asked_by_id=account.pk, asked_by_name="Beto"
    )
    make_user("hugo", role=roles.HR_MANAGER, email="hugo@example.org")
    export = ExportLog.objects.create(
        what="employees", file_name="employees.csv", query="q=V-12345678", error="SEKRET", created_by_id=boss.pk
    )
    loader = make_user("lola", role=roles.BULK_LOADER, email="lola@example.org")
    load = ImportJob.objects.create(
        resource="employees", state="awaiting_approval", file_name="people.csv", error="SEKRET", refusal="SEKRET",
        created_by_id=loader.pk,
    )  # fmt: skip
    values = {"grade": "77.5", "feedback": "SEKRET", "return_comment": "SEKRET", "score": "77.5"}
    by_state = {state: make_evaluation(beto, state=state, **values).pk for state in Evaluation.State.values}
    states = {"submitted": "submitted", "returned": "returned", "graded": "graded", "expired": "expired"}
    states |= {"reopened": "submitted", "cancelled": "cancelled"}
    for kind in CONTRACT:
        subject, _dot, word = kind.partition(".")
        state = states.get(word, "available")
        payloads = {
            "event": {"event_id": event.pk, "employee_ids": [beto.pk]},
            "attendance": {"attendance_ids": list(event.attendance.values_list("pk", flat=True))},
            "evaluation": {"evaluation_ids": [by_state[state]]},
            "correction": {"correction_id": asked.pk},
            "change_request": {"change_request_id": request.pk},
            "export": {"export_id": export.pk},
            "load": {"importjob_id": load.pk},
        }
        tell(kind, **payloads[subject])

    mailed()

    assert len(mailoutbox) >= 15
    for message in mailoutbox:
        # Digits stand by chance in the identifier and the boundary, which are drawn anew for each message.
        headers = [value for name, value in message.message().items() if name not in ("Message-ID", "Content-Type")]
        text = "\n".join([*headers, message.body, message.alternatives[0][0]])
        text += "".join(part.get_payload(decode=True).decode() for part in message.attachments)
        assert [secret for secret in secrets if secret in text] == [], message.subject


# --- Loads -----------------------------------------------------------------------------------------------------------
def test_a_load_that_waits_is_told_to_who_may_approve_it_while_it_waits(db):
    lola = make_user("lola", role=roles.BULK_LOADER, email="lola@example.org")
    hugo = make_user("hugo", role=roles.HR_MANAGER, email="hugo@example.org")
    load = ImportJob.objects.create(
        resource="employees", state="awaiting_approval", file_name="people.csv", created_by_id=lola.pk
    )

    tell("load.to_approve", importjob_id=load.pk)
    tell("load.ended", importjob_id=load.pk)
    ImportJob.objects.filter(pk=load.pk).update(state="applied")
    tell("load.to_approve", importjob_id=load.pk)

    assert told("load.to_approve") == [(hugo.pk, load.pk)]
    assert told("load.ended") == [(lola.pk, load.pk)]
    assert errors() == []


def test_notices_of_a_load_tell_how_it_stood_when_they_were_written(db, mailoutbox):
    lola = make_user("lola", role=roles.BULK_LOADER, email="lola@example.org", language="en")
    hugo = make_user("hugo", role=roles.HR_MANAGER, email="hugo@example.org", language="en")
    load = ImportJob.objects.create(
        resource="employees", state="awaiting_approval", file_name="a.csv", created_by_id=lola.pk
    )
    for tell_of, state in (
        (notes.tell_approvers, "awaiting_approval"),
        (notes.tell_of_decision, "applying"),
        (notes.tell_of_end, "applied"),
        (notes.tell_of_end, "undone"),
    ):
        load.state, load.rows_to_do, load.version = state, 1000, load.version + 1
        tell_of(load)
        outbox.expand_due(limit=10)
    ImportJob.objects.update(state="undone")

    def read(user):
        rows = list(Notification.objects.filter(user_id=user.pk, channel="app").order_by("pk"))
        name_subjects(rows, user)
        return [row.text for row in rows]

    with translation.override("en"):
        assert read(hugo) == ["A load waits for your approval: a.csv"]
        assert read(lola) == [
            "The approval of your load was decided: a.csv: approved",
            "Your load has ended: a.csv: written",
            "Your load has ended: a.csv: undone",
        ]
    tell("load.ended", importjob_id=load.pk)
    mailed()
    assert "Your load has ended: a.csv" in {mail.subject for mail in mailoutbox}


# --- The calendar -----------------------------------------------------------------------------------------------------
def entries_of(message):
    found = []
    for part in message.attachments:
        calendar = Calendar.from_ical(part.get_payload(decode=True))
        assert part.get_param("method") == calendar["METHOD"]
        found += [(str(calendar["METHOD"]), entry) for entry in calendar.walk("VEVENT")]
    return found


def test_the_calendar_entry_is_moved_and_taken_away_under_one_name(beto, account, mailoutbox):
    # Half an hour before midnight in Caracas, over midnight there.
    starts = datetime(2026, 3, 3, 3, 30, tzinfo=UTC)
    event = make_event(
        "Curso; con, signos", state="published", place="Sala 1", starts_at=starts, ends_at=starts + timedelta(hours=2)
    )
    make_attendance(event, beto)
    tell("event.published", event_id=event.pk)
    mailed()
    event.starts_at, event.ends_at = starts + timedelta(days=7), starts + timedelta(days=7, hours=2)
    event.version += 1
    event.save()
    tell("event.postponed", event_id=event.pk)
    mailed()
    type(event.attendance.get()).objects.update(status="cancelled", cancelled_from="event")
    event.state, event.version = "cancelled", event.version + 1
    event.save()
    tell("event.cancelled", event_id=event.pk)
    mailed()

    [[first], [second], [third]] = [entries_of(message) for message in mailoutbox]
    assert [method for method, _entry in (first, second, third)] == ["REQUEST", "REQUEST", "CANCEL"]
    assert {str(entry["UID"]) for _method, entry in (first, second, third)} == {f"event-{event.pk}@localhost"}
    sequences = [entry["SEQUENCE"] for _method, entry in (first, second, third)]
    assert sequences == sorted(set(sequences))
    assert first[1]["DTSTART"].dt == starts
    assert first[1]["DTSTART"].dt.tzname() == "UTC"
    assert second[1]["DTSTART"].dt == starts + timedelta(days=7)
    assert (str(first[1]["SUMMARY"]), str(first[1]["LOCATION"])) == ("Curso; con, signos", "Sala 1")
    assert (str(first[1]["ATTENDEE"]), str(third[1]["STATUS"])) == ("mailto:beto@example.org", "CANCELLED")
    assert "March 2, 2026, 11:30 p.m. – March 3, 2026, 1:30 a.m." in mailoutbox[0].body


def test_each_session_is_an_entry_of_its_own(beto, account, mailoutbox):
    event = make_event(state="published", hours=50)
    make_session(event, 1, ends_at=event.starts_at + timedelta(hours=2))
    make_session(event, 2, starts_at=event.starts_at + timedelta(hours=48))
    make_attendance(event, beto)

    tell("event.published", event_id=event.pk)
    mailed()

    assert [str(entry["UID"]) for _method, entry in entries_of(mailoutbox[0])] == [
        f"event-{event.pk}-1@localhost",
        f"event-{event.pk}-2@localhost",
    ]


def test_a_round_of_an_event_names_the_round(beto, account, mailoutbox):
    evaluation = make_evaluation(beto, in_round=make_round("Tras la inducción", event=make_event()))

    tell("evaluation.available", evaluation_ids=[evaluation.pk])
    mailed()

    assert mailoutbox[0].subject == "An evaluation waits for your answers: Tras la inducción"
    assert mailoutbox[0].attachments == []
