"""What HR does to an event beside leading it through its states: plan, change, copy, delete, postpone."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from core import roles
from core.errors import DomainError, InvalidTransition, NotAllowed, NotFound, StaleRow
from hr.models import Attendance, Event, EventAudience, EventSession, OutboxMessage
from hr.services.events import (
    NewEvent,
    change_events,
    clone_event,
    create_events,
    delete_events,
    postpone_events,
)
from tests.factories import (
    make_attendance,
    make_event,
    make_kind,
    make_round,
    make_session,
    make_unit,
    make_user,
)

START = datetime(2031, 5, 10, 13, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def new(**values):
    values.setdefault("kind_id", make_kind().pk)
    return NewEvent(**{"title": "Inducción", "starts_at": START, "ends_at": START + HOUR} | values)


def history(event):
    return list(event.history.order_by("history_id").values_list("history_type", "version", "history_user_name"))


def told(kind):
    return list(OutboxMessage.objects.filter(kind=kind).values_list("payload", flat=True))


# --- Create ----------------------------------------------------------------------------------------------------------
def test_events_are_created_as_drafts_with_codes_and_history(hr_manager):
    first, second = create_events(
        [new(title="  Primeros   auxilios ", code=" pa-1 "), new(capacity=20, mandatory=True)], actor=hr_manager
    )

    assert (first.code, first.title, first.state, first.search_text) == (
        "PA-1", "Primeros auxilios", "draft", "primeros auxilios pa-1",
    )  # fmt: skip
    assert (second.code, second.capacity, second.mandatory, second.seats_taken) == ("EV-00001", 20, True, 0)
    assert history(first) == [("+", 1, str(hr_manager))]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"ends_at": START}, "ends_at"),
        ({"capacity": 0}, "capacity"),
        ({"completion_percent": 0}, "completion_percent"),
        ({"completion_percent": 101}, "completion_percent"),
        ({"code": "TAKEN"}, "code"),
        ({"kind_id": 999_999}, "kind"),
    ],
)
def test_a_broken_rule_of_an_event_names_its_field(hr_manager, values, field):
    make_event(code="TAKEN")

    with pytest.raises(DomainError) as refused:
        create_events([new(**values)], actor=hr_manager)

    assert refused.value.field == field
    assert Event.objects.count() == 1


@pytest.mark.parametrize("role", [roles.BULK_LOADER, roles.AUDITOR, roles.MANAGER, roles.EMPLOYEE])
def test_only_hr_creates_events(db, role):
    with pytest.raises(NotAllowed):
        create_events([new()], actor=make_user(role=role))


# --- Change ----------------------------------------------------------------------------------------------------------
def test_a_change_is_written_with_its_history_and_a_stale_one_refused(hr_manager):
    event = make_event(title="Antes")
    change_events({event.pk: {"title": "Después"}}, actor=hr_manager, versions={event.pk: 1})

    with pytest.raises(StaleRow, match="Después"):
        change_events({event.pk: {"title": "Otro"}}, actor=hr_manager, versions={event.pk: 1})

    event.refresh_from_db()
    assert (event.title, event.version, event.search_text) == ("Después", 2, f"despues {event.code.lower()}")


VALUES = {
    "code": "OTHER",
    "title": "Otro",
    "description": "Traer casco",
    "place": "Sala 2",
    "mandatory": True,
    "open_enrolment": True,
    "capacity": 7,
    "completion_percent": 60,
    "starts_at": START - HOUR,
    "ends_at": START + 3 * HOUR,
}
SETTLED = {
    "draft": set(),
    "published": {"starts_at", "ends_at"},
    "in_progress": {"starts_at"},
    "completed": {"starts_at", "ends_at", "open_enrolment", "capacity", "completion_percent"},
    "closed": set(VALUES) - {"mandatory"},
    "cancelled": set(VALUES),
}


@pytest.mark.parametrize("state", SETTLED)
def test_what_may_still_be_changed_depends_on_the_state(hr_manager, state):
    refused = {
        name: field for name, value in VALUES.items() if (field := refused_field(name, value, state, hr_manager))
    }

    assert refused == {name: name for name in SETTLED[state]}


def refused_field(name, value, state, actor):
    """Try to set one value of an event; the field of the refusal, None if it was written."""
    event = make_event(state=state, starts_at=START)
    before = getattr(event, name)
    try:
        change_events({event.pk: {name: value}}, actor=actor)
    except InvalidTransition as error:
        field = error.field
    else:
        field = None
    event.refresh_from_db()
    assert getattr(event, name) == (before if field else value)
    Event.objects.filter(pk=event.pk).update(code=f"X{event.pk}")
    return field


def test_an_event_keeps_as_many_seats_as_are_taken(hr_manager, beto, carla):
    event = make_event(state="published", capacity=3)
    make_attendance(event, beto)
    make_attendance(event, carla)

    with pytest.raises(DomainError, match="2 seats are taken") as refused:
        change_events({event.pk: {"capacity": 1}}, actor=hr_manager)

    assert refused.value.field == "capacity"


@pytest.mark.parametrize("capacity", [2, None])
def test_more_seats_go_to_who_waits(hr_manager, beto, carla, capacity):
    event = make_event(state="published", capacity=1)
    make_attendance(event, beto)
    waiting = make_attendance(event, carla, status="waitlisted")

    change_events({event.pk: {"capacity": capacity}}, actor=hr_manager)

    waiting.refresh_from_db()
    event.refresh_from_db()
    assert (waiting.status, event.seats_taken) == ("registered", 2)


def test_the_times_of_a_course_are_those_of_its_sessions(hr_manager):
    event = make_event(starts_at=START)
    make_session(event)

    with pytest.raises(DomainError, match="sessions"):
        change_events({event.pk: {"starts_at": START - HOUR}}, actor=hr_manager)


def test_nobody_but_hr_changes_an_event_he_sees(ana, beto, auditor, bulk_loader):
    event = make_event(state="published")
    make_attendance(event, beto)

    for actor in (make_user(employee=beto), make_user(employee=ana), auditor, bulk_loader):
        with pytest.raises(NotAllowed):
            change_events({event.pk: {"title": "x"}}, actor=actor)


def test_an_event_one_does_not_see_is_not_there(ana, beto, carla):
    event = make_event(state="published")
    make_attendance(event, carla)

    for actor in (make_user(employee=beto), make_user(employee=ana)):
        with pytest.raises(NotFound):
            change_events({event.pk: {"title": "x"}}, actor=actor)


# --- Postpone --------------------------------------------------------------------------------------------------------
def test_a_published_event_is_postponed_with_a_reason_and_everybody_told(hr_manager):
    event = make_event(state="published", starts_at=START, hours=2)

    postpone_events([event.pk], starts_at=START + DAY, reason="  El ponente está enfermo ", actor=hr_manager)

    event.refresh_from_db()
    assert (event.starts_at, event.ends_at) == (START + DAY, START + DAY + 2 * HOUR)
    assert (event.state, event.state_reason, event.version) == ("published", "El ponente está enfermo", 2)
    assert told("event.postponed") == [{"event_id": event.pk}]


def test_every_postponement_is_told(hr_manager):
    event = make_event(state="published", starts_at=START)

    postpone_events([event.pk], starts_at=START + DAY, reason="x", actor=hr_manager)
    postpone_events([event.pk], starts_at=START, reason="y", actor=hr_manager)

    assert len(told("event.postponed")) == 2


def test_sessions_move_along(hr_manager):
    event = make_event(state="published", starts_at=START, ends_at=START + 7 * DAY + HOUR)
    make_session(event, 1, starts_at=START, ends_at=START + 2 * HOUR)
    make_session(event, 2, starts_at=START + 7 * DAY, ends_at=START + 7 * DAY + HOUR)

    postpone_events([event.pk], starts_at=START + 3 * DAY, reason="x", actor=hr_manager)

    event.refresh_from_db()
    moved = START + 3 * DAY
    assert list(event.sessions.values_list("number", "starts_at", "ends_at", "version")) == [
        (1, moved, moved + 2 * HOUR, 2),
        (2, moved + 7 * DAY, moved + 7 * DAY + HOUR, 2),
    ]
    assert (event.starts_at, event.ends_at) == (moved, moved + 7 * DAY + HOUR)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 201}, "reason"),
        ({"starts_at": START}, "starts_at"),
        ({"starts_at": timezone.now() - HOUR}, "starts_at"),
        ({"ends_at": START + DAY}, "ends_at"),
    ],
)
def test_a_postponement_that_cannot_be_is_refused(hr_manager, values, field):
    event = make_event(state="published", starts_at=START)

    with pytest.raises(DomainError) as refused:
        postpone_events([event.pk], **{"starts_at": START + DAY, "reason": "x"} | values, actor=hr_manager)

    event.refresh_from_db()
    assert (refused.value.field, event.starts_at, told("event.postponed")) == (field, START, [])


def test_a_course_ends_with_its_last_session(hr_manager):
    event = make_event(state="published", starts_at=START)
    make_session(event)

    with pytest.raises(DomainError, match="last session"):
        postpone_events([event.pk], starts_at=START + DAY, ends_at=START + 2 * DAY, reason="x", actor=hr_manager)


def test_sessions_of_which_attendance_was_marked_do_not_move(hr_manager, beto):
    event = make_event(state="published", starts_at=START)
    session = make_session(event)
    make_attendance(event, beto).marks.create(session=session, outcome="present")

    with pytest.raises(DomainError, match="was marked"):
        postpone_events([event.pk], starts_at=START + DAY, reason="x", actor=hr_manager)


def test_a_draft_is_moved_without_a_word(hr_manager):
    event = make_event(starts_at=START)
    make_session(event)

    postpone_events([event.pk], starts_at=START + DAY, actor=hr_manager)

    event.refresh_from_db()
    assert (event.starts_at, event.sessions.get().starts_at) == (START + DAY, START + DAY)
    assert OutboxMessage.objects.count() == 0


# --- Clone -----------------------------------------------------------------------------------------------------------
def test_a_clone_has_audience_and_sessions_and_begins_anew(hr_manager, beto, analyst, sales):
    kind = make_kind(validity_months=12)
    source = make_event(
        "Curso", state="cancelled", kind=kind, starts_at=START, ends_at=START + 2 * DAY, capacity=30, mandatory=True,
        place="Sala 1", description="Traer casco", completion_percent=50, seats_taken=4, state_reason="Sin sala",
    )  # fmt: skip
    make_session(source, 1, starts_at=START, ends_at=START + HOUR)
    make_session(source, 2, starts_at=START + DAY, ends_at=START + 2 * DAY)
    for line in ({"org_unit": sales}, {"position": analyst}, {"employee": beto}, {"everybody": True}):
        EventAudience.objects.create(event=source, **line)
    make_attendance(source, beto)

    copy = clone_event(source.pk, starts_at=START + 30 * DAY, actor=hr_manager)

    copy.refresh_from_db()
    later = START + 30 * DAY
    assert [
        copy.title, copy.kind, copy.capacity, copy.mandatory, copy.place, copy.description, copy.completion_percent,
    ] == ["Curso", kind, 30, True, "Sala 1", "Traer casco", 50]  # fmt: skip
    assert (copy.state, copy.seats_taken, copy.state_reason, copy.version) == ("draft", 0, "", 1)
    assert (copy.starts_at, copy.ends_at) == (later, later + 2 * DAY)
    assert list(copy.sessions.values_list("number", "starts_at", "ends_at")) == [
        (1, later, later + HOUR),
        (2, later + DAY, later + 2 * DAY),
    ]
    assert set(copy.audience.values_list("everybody", "org_unit_id", "position_id", "employee_id")) == {
        (None, sales.pk, None, None),
        (None, None, analyst.pk, None),
        (None, None, None, beto.pk),
        (True, None, None, None),
    }
    assert copy.attendance.count() == 0
    assert EventAudience.history.filter(event_id=copy.pk).count() == 4
    assert EventSession.history.filter(event_id=copy.pk).count() == 2


def test_only_hr_clones(auditor):
    with pytest.raises(NotAllowed):
        clone_event(make_event().pk, actor=auditor)


# --- Delete ----------------------------------------------------------------------------------------------------------
def test_a_draft_goes_with_its_audience_and_sessions_and_leaves_its_history(hr_manager, sales):
    event = make_event()
    make_session(event)
    EventAudience.objects.create(event=event, org_unit=sales)

    assert delete_events([event.pk], actor=hr_manager) == 1

    assert [model.objects.count() for model in (Event, EventSession, EventAudience)] == [0, 0, 0]
    for model in (Event, EventSession, EventAudience):
        assert model.history.filter(history_type="-", history_user_name=str(hr_manager)).count() == 1


@pytest.mark.parametrize("state", ["published", "in_progress", "completed", "closed", "cancelled"])
def test_only_drafts_are_deleted(hr_manager, state):
    with pytest.raises(InvalidTransition, match="only drafts"):
        delete_events([make_event(state=state).pk], actor=hr_manager)


def test_a_draft_somebody_was_enrolled_in_stays(hr_manager, beto):
    event = make_event()
    Attendance.objects.create(event=event, employee=beto, status="cancelled", cancelled_from="draft")

    with pytest.raises(DomainError, match="Cancel it instead"):
        delete_events([event.pk], actor=hr_manager)


def test_a_draft_with_an_evaluation_stays(hr_manager):
    event = make_event()
    make_round(event=event)

    with pytest.raises(DomainError, match="Cancel it instead"):
        delete_events([event.pk], actor=hr_manager)


def test_a_unit_an_event_is_for_is_not_deleted(hr_manager):
    from hr.services.org_units import delete_org_units

    unit = make_unit()
    EventAudience.objects.create(event=make_event(), org_unit=unit)

    with pytest.raises(DomainError, match="it stays"):
        delete_org_units([unit.pk], actor=hr_manager)
