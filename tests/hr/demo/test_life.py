"""What manage.py demo shows beside people: hr/demo/life.py and what it calls. Made once; the tests only look."""

from contextlib import ExitStack
from datetime import time
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from core.models import User
from hr.demo.calendar import CALENDAR
from hr.demo.life import LEFT_UNREAD, wants_life
from hr.mandatory import STATES, Requirement, requirements
from hr.models import (
    Answer,
    Attendance,
    AttendanceCorrection,
    ChangeRequest,
    Evaluation,
    EvaluationForm,
    EvaluationRound,
    Event,
    EventKind,
    OutboxMessage,
    Outcome,
)
from hr.scope import facts_of
from hr.services.delivery import inbox_of, unread_count


def seed(*options):
    out = StringIO()
    call_command("seed_demo", *options, stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module")
def seeded(django_db_setup, django_db_blocker):
    """Made once: the transactions of the tests are inside these, which are rolled back."""
    with django_db_blocker.unblock(), ExitStack() as stack:
        for alias in ("default", "business"):
            stack.enter_context(transaction.atomic(using=alias))
            stack.callback(transaction.set_rollback, True, using=alias)
        yield seed()


@pytest.fixture
def company(seeded, db):
    return seeded


@pytest.fixture
def users(company):
    return {user.username: user for user in User.objects.filter(username__in=("hr", "manager", "employee"))}


def own(rows, user):
    return rows.filter(employee_id=facts_of(user).employee_id)


def event(title):
    return Event.objects.get(title=title)


def test_events_are_of_every_kind_and_in_every_state(company):
    assert set(Event.objects.values_list("state", flat=True)) == set(Event.State.values)
    assert set(Event.objects.values_list("kind", flat=True)) == set(EventKind.objects.values_list("pk", flat=True))
    assert f"{len(CALENDAR)} " in company


def test_attendance_has_every_status_and_outcome(company):
    assert set(Attendance.objects.values_list("status", flat=True)) == set(Attendance.Status.values)
    assert set(Attendance.objects.values_list("outcome", flat=True)) == set(Outcome.values)


def test_evaluations_are_in_every_state_and_answered_as_they_must_be(company):
    assert set(Evaluation.objects.values_list("state", flat=True)) == set(Evaluation.State.values)
    submitted = Evaluation.objects.filter(state="submitted")
    required = Answer.objects.filter(evaluation__in=submitted, question__required=True)
    assert required.count() >= submitted.count()
    assert Evaluation.objects.filter(state="graded").exclude(feedback="").exists()
    assert not Evaluation.objects.exclude(score=None).exclude(score__gte=0, score__lte=100).exists()


def test_there_is_the_usual_form_and_one_with_a_version_in_the_works(company):
    usual, other = EvaluationForm.objects.get(code="EVENTO"), EvaluationForm.objects.exclude(code="EVENTO").get()

    assert [question.text for question in usual.versions.get().questions.order_by("number")] == [
        "¿Qué aprendiste en el evento?",
        "¿Cómo aplicarías lo aprendido en tu trabajo?",
        "¿Recomendarías este evento a tus compañeros?",
        "¿Qué mejorarías del evento?",
    ]
    assert [version.published_at is not None for version in other.versions.order_by("number")] == [True, False]


def test_rounds_are_of_events_and_of_hr(company):
    today = timezone.localdate()
    of_hr = EvaluationRound.objects.filter(event=None)

    assert EvaluationRound.objects.exclude(event=None).count() == 3
    assert of_hr.filter(due_on__lt=today).exists()
    assert of_hr.filter(opens_on__lte=today, due_on__gte=today).exists()
    assert of_hr.filter(opens_on__gt=today).exists()


def test_seats_are_limited_with_some_free_and_with_people_waiting(company):
    limited = Event.objects.filter(state="published").exclude(capacity=None)
    left = {row.open_enrolment: (row.seats_left, row.attendance.waiting().exists()) for row in limited}

    assert left[False] == (0, True)
    assert left[True][0] > 0
    assert left[True][1] is False


def test_what_goes_on_goes_on_now_and_what_comes_is_to_come(company):
    now = timezone.now()

    assert not Event.objects.filter(state="in_progress").exclude(starts_at__lte=now, ends_at__gt=now).exists()
    assert not Event.objects.filter(state="published", starts_at__lte=now).exists()
    assert not Event.objects.filter(state__in=("completed", "closed"), ends_at__gt=now).exists()


def test_a_course_has_sessions_behind_and_before_it(company):
    now, sessions = timezone.now(), event("Liderazgo para supervisores").sessions

    assert sessions.filter(ends_at__lte=now).exists()
    assert sessions.filter(starts_at__gt=now).exists()
    assert event("Curso de primeros auxilios, nivel básico").sessions.count() == 4


def test_one_begins_half_an_hour_before_midnight(company):
    night = event("Simulacro de evacuación nocturno")

    assert timezone.localtime(night.starts_at).time() == time(23, 30)
    assert timezone.localtime(night.ends_at).date() > timezone.localtime(night.starts_at).date()


def test_somebody_has_never_attended_what_is_mandatory_or_too_long_ago_or_soon_so(users):
    requirement = Requirement(requirements(users["hr"]).get())

    assert requirement.event.state == "published"
    assert all(requirement.people(users["hr"], state).exists() for state in STATES)


def test_corrections_are_waiting_granted_and_refused(company):
    states = set(AttendanceCorrection.objects.values_list("state", flat=True))

    assert states == {"waiting", "approved", "rejected"}


def test_requests_to_hr_are_waiting_and_refused(users):
    requests = ChangeRequest.objects.order_by("pk").values_list("kind", "state")

    assert list(requests) == [
        ("data", "waiting"),
        ("data", "rejected"),
        ("not_mine", "waiting"),
        ("missing", "waiting"),
    ]


def test_the_employee_has_something_to_confirm_to_join_and_to_answer(users):
    user = users["employee"]
    to_come = own(Attendance.objects.filter(event__state="published"), user)

    assert set(to_come.values_list("status", flat=True)) == {"registered", "confirmed", "waitlisted"}
    assert Event.objects.open_for(user).exists()
    assert set(own(Evaluation.objects.all(), user).values_list("state", flat=True)) == {
        "pending", "available", "in_progress", "returned", "graded",
    }  # fmt: skip
    assert own(Evaluation.objects.filter(state="graded"), user).exclude(feedback="").exists()


def test_the_manager_has_something_to_grade_to_decide_to_mark_and_to_confirm(users):
    user = users["manager"]

    assert Evaluation.objects.gradable_by(user).exists()
    assert AttendanceCorrection.objects.decidable_by(user).exists()
    assert Attendance.objects.markable_by(user).filter(event__state="in_progress", outcome="pending").exists()
    assert own(Attendance.objects.filter(event__state="published", status="registered"), user).exists()


def test_hr_has_something_to_grade_to_decide_to_close_and_to_publish(users):
    user = users["hr"]

    assert Evaluation.objects.gradable_by(user).exists()
    assert AttendanceCorrection.objects.decidable_by(user).exists()
    assert set(Event.objects.visible_to(user).values_list("state", flat=True)) >= {"completed", "draft"}
    assert own(Evaluation.objects.filter(state="available"), user).exists()


def test_each_has_news_and_not_too_many(users):
    unread = [unread_count(user, most=100) for user in users.values()]

    assert all(3 < count <= LEFT_UNREAD for count in unread)
    assert all(inbox_of(user).count() > LEFT_UNREAD for user in users.values())
    assert not OutboxMessage.objects.filter(done_at=None).exists()


def test_it_happens_once(company):
    before = Event.objects.count(), Attendance.objects.count(), OutboxMessage.objects.count()

    said = seed()

    assert (Event.objects.count(), Attendance.objects.count(), OutboxMessage.objects.count()) == before
    assert len(said.splitlines()) == 2
    assert not wants_life()
