"""What each step of an event's life brings about, and why one is refused. Who may take which: test_event_rules.py."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.errors import DomainError, InvalidTransition
from hr.models import EventAudience, OutboxMessage
from hr.services import events
from hr.services.events import (
    cancel_events,
    close_events,
    complete_events,
    publish_events,
    reopen_events,
    start_events,
    unpublish_events,
)
from tests.factories import make_attendance, make_event, make_session

REASONED = ["cancel_events", "postpone_events", "reopen_events"]


def values_of(verb):
    return {"starts_at": timezone.now() + timedelta(days=3)} if verb == "postpone_events" else {}


def test_a_refused_step_says_why(hr_manager):
    event = make_event("Taller", state="closed", code="T1")

    with pytest.raises(InvalidTransition, match=r"^Taller \(T1\) is closed and cannot become published\.$"):
        publish_events([event.pk], actor=hr_manager)


def test_a_step_that_was_taken_already_is_told_so(hr_manager):
    event = make_event("Taller", state="published", code="T1")

    with pytest.raises(InvalidTransition, match=r"^Taller \(T1\) is published already\.$"):
        publish_events([event.pk], actor=hr_manager)


def test_of_many_events_all_move_or_none(hr_manager):
    draft, closed = make_event(), make_event(state="closed")

    with pytest.raises(InvalidTransition):
        publish_events([draft.pk, closed.pk], actor=hr_manager)

    draft.refresh_from_db()
    assert (draft.state, OutboxMessage.objects.count()) == ("draft", 0)


@pytest.mark.parametrize("verb", REASONED)
@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_steps_that_need_a_reason_are_refused_without(hr_manager, verb, reason):
    state = "closed" if verb == "reopen_events" else "published"
    event = make_event(state=state)

    with pytest.raises(DomainError) as refused:
        getattr(events, verb)([event.pk], actor=hr_manager, **values_of(verb), reason=reason)

    event.refresh_from_db()
    assert (refused.value.field, event.state, event.version) == ("reason", state, 1)


def told():
    return list(OutboxMessage.objects.order_by("pk").values_list("kind", "payload"))


# --- What each step brings about -------------------------------------------------------------------------------------
def test_publishing_enrols_the_audience_and_tells_of_the_event(hr_manager, sales, ana, beto, carla):
    event = make_event()
    EventAudience.objects.create(event=event, org_unit=sales)

    publish_events([event.pk], actor=hr_manager)

    event.refresh_from_db()
    assert set(event.attendance.values_list("employee__code", "status")) == {("E1", "registered"), ("E2", "registered")}
    assert event.seats_taken == 2
    assert told() == [("event.published", {"event_id": event.pk})]
    assert event.history.filter(history_user_name=str(hr_manager), state="published").exists()


def test_of_an_event_that_is_over_nobody_is_told_by_publishing(hr_manager, sales, ana, beto):
    event = make_event(in_hours=-3, capacity=1)
    EventAudience.objects.create(event=event, org_unit=sales)

    publish_events([event.pk], actor=hr_manager)

    assert set(event.attendance.values_list("status", flat=True)) == {"registered", "waitlisted"}
    assert told() == []


def test_of_an_event_that_goes_on_people_are_told(hr_manager, beto, sales):
    event = make_event(in_hours=-1, hours=2)
    EventAudience.objects.create(event=event, org_unit=sales)

    publish_events([event.pk], actor=hr_manager)

    assert told() == [("event.published", {"event_id": event.pk})]


def test_going_back_to_draft_cancels_and_publishing_again_renews(hr_manager, sales, beto):
    event = make_event()
    EventAudience.objects.create(event=event, org_unit=sales)
    publish_events([event.pk], actor=hr_manager)

    unpublish_events([event.pk], actor=hr_manager)

    event.refresh_from_db()
    assert (event.state, event.seats_taken) == ("draft", 0)
    assert set(event.attendance.values_list("status", "cancelled_from")) == {("cancelled", "draft")}

    publish_events([event.pk], actor=hr_manager)

    event.refresh_from_db()
    assert set(event.attendance.values_list("status", "cancelled_from")) == {("registered", "")}
    assert event.seats_taken == event.attendance.count()
    assert [kind for kind, _payload in told()].count("event.published") == 2


def test_an_event_with_marks_is_no_draft_again(hr_manager, beto):
    event = make_event(state="published")
    make_attendance(event, beto, outcome="present")

    with pytest.raises(DomainError, match="was marked"):
        unpublish_events([event.pk], actor=hr_manager)

    event.refresh_from_db()
    assert event.state == "published"


def test_what_has_not_ended_is_not_completed(hr_manager):
    event = make_event(state="in_progress", in_hours=-1, hours=2)

    for actor in (hr_manager, None):
        with pytest.raises(InvalidTransition, match="ends on"):
            complete_events([event.pk], actor=actor)


def test_hr_may_start_before_the_clock_does(hr_manager):
    event = make_event(state="published", in_hours=1)

    start_events([event.pk], actor=hr_manager)

    event.refresh_from_db()
    assert event.state == "in_progress"


def test_closing_turns_pending_into_absent_once(hr_manager, ana, beto):
    event = make_event(state="completed", in_hours=-3)
    make_attendance(event, ana, outcome="present")
    pending = make_attendance(event, beto)
    close_events([event.pk], actor=hr_manager)
    pending.refresh_from_db()
    assert (pending.outcome, pending.marked_from, pending.version) == ("absent", "closing", 2)

    reopen_events([event.pk], reason="Faltó una firma", actor=hr_manager)
    close_events([event.pk], actor=hr_manager)

    pending.refresh_from_db()
    event.refresh_from_db()
    assert (pending.outcome, pending.version, event.state) == ("absent", 2, "closed")


def test_reopening_keeps_its_reason_until_the_next_step(hr_manager):
    event = make_event(state="closed", in_hours=-3)

    reopen_events([event.pk], reason="Faltó una firma", actor=hr_manager)
    event.refresh_from_db()
    assert event.state_reason == "Faltó una firma"
    assert event.history.first().history_change_reason == "Faltó una firma"

    close_events([event.pk], actor=hr_manager)
    event.refresh_from_db()
    assert event.state_reason == ""


@pytest.mark.parametrize("state", ["published", "in_progress"])
def test_cancelling_cancels_every_enrolment_and_tells(hr_manager, ana, beto, state):
    event = make_event(state=state, capacity=1)
    make_attendance(event, ana)
    make_attendance(event, beto, status="waitlisted")

    cancel_events([event.pk], reason="No hay sala", actor=hr_manager)

    event.refresh_from_db()
    assert (event.state, event.state_reason, event.seats_taken) == ("cancelled", "No hay sala", 0)
    assert set(event.attendance.values_list("status", "cancelled_from")) == {("cancelled", "event")}
    assert ("event.cancelled", {"event_id": event.pk}) in told()


def test_of_a_cancelled_draft_nobody_is_told(hr_manager):
    event = make_event()
    make_session(event)

    cancel_events([event.pk], reason="No hay sala", actor=hr_manager)

    event.refresh_from_db()
    assert (event.state, told()) == ("cancelled", [])
