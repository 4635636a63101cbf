"""Who has to attend: Ana heads sales, where Beto works; Carla is in finance."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from core import roles
from core.errors import DomainError, NotAllowed, NotFound
from hr.mandatory import Requirement, first_day_valid, missing_counts, owed_by, requirements
from hr.models import EventAudience, OutboxMessage
from hr.services.mandatory import remind_people, reminded_today
from hr.wall_clock import plus_months
from tests.factories import make_attendance, make_employee, make_event, make_kind, make_user

DAY = timedelta(days=1)


@pytest.fixture
def yearly(db):
    return make_kind("Seguridad", validity_months=12)


@pytest.fixture
def people(ana, beto, carla):
    return {"E1": ana, "E2": beto, "E3": carla}


def mandatory(*, days=0, everybody=True, **values):
    """A mandatory event that ended so many days ago, or is to come; in progress, it is on."""
    values.setdefault("state", "closed" if days else "published")
    is_on = values["state"] == "in_progress"
    ends_at = timezone.now() - days * DAY if days else timezone.now() + (timedelta(minutes=30) if is_on else DAY)
    event = make_event(starts_at=ends_at - timedelta(hours=1), ends_at=ends_at, mandatory=True, **values)
    if everybody:
        EventAudience.objects.create(event=event, everybody=True)
    return event


def codes(event, user=None, state=""):
    return {person.code for person in Requirement(event).people(user, state)}


# --- Once and for ever -----------------------------------------------------------------------------------------------
def test_without_a_validity_the_event_itself_has_to_be_attended(people, ana, beto, carla):
    event, other = mandatory(days=900), mandatory(days=1)
    make_attendance(event, ana, outcome="present")
    make_attendance(event, beto, outcome="absent")
    make_attendance(other, carla, outcome="present")

    assert codes(event) == {"E2", "E3"}
    assert [codes(event, state=state) for state in ("missing", "expired", "expiring")] == [{"E2", "E3"}, set(), set()]


@pytest.mark.parametrize(
    ("outcome", "counts"),
    [("present", True), ("late", True), ("absent", False), ("excused", False), ("pending", False)],
)
def test_only_who_came_has_attended(beto, outcome, counts):
    event = mandatory(days=1)
    make_attendance(event, beto, outcome=outcome)

    assert ("E2" not in codes(event)) == counts


@pytest.mark.parametrize("validity_months", [None, 12])
@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ({"state": "published", "in_hours": 24 * 14}, False),
        ({"state": "in_progress", "in_hours": -1}, True),
        ({"state": "cancelled", "in_hours": -24}, False),
    ],
)
def test_what_is_yet_to_come_or_was_cancelled_has_been_attended_by_nobody(beto, validity_months, values, counts):
    kind = make_kind(validity_months=validity_months)
    marked = make_event(kind=kind, mandatory=True, **values)
    event = mandatory(kind=kind) if validity_months else marked
    for each in {marked, event}:
        EventAudience.objects.get_or_create(event=each, everybody=True)
    make_attendance(marked, beto, "cancelled" if marked.state == "cancelled" else "registered", outcome="present")
    requirement, user = Requirement(event), make_user(employee=beto)

    found = (
        "E2" not in codes(event),
        requirement.attended_on([beto]) != {},
        # Ana is the other one.
        missing_counts([requirement], make_user(role=roles.HR_MANAGER)) == [1],
    )

    assert found == (counts, counts, counts)
    if values["state"] != "cancelled":
        assert (owed_by(user) == []) == counts


# --- For so many months ----------------------------------------------------------------------------------------------
def test_with_a_validity_any_event_of_the_kind_counts_for_so_long(people, yearly, ana, beto, carla):
    old, next_one = mandatory(days=400, kind=yearly), mandatory(kind=yearly)
    recent = make_event(kind=yearly, state="closed", in_hours=-24 * 350)
    make_attendance(old, ana, outcome="present")
    make_attendance(recent, beto, outcome="late")
    make_attendance(make_event(kind=yearly, state="closed", in_hours=-48), carla, outcome="present")
    make_employee("Dora", "Ruiz", code="E4")

    states = {state: codes(next_one, state=state) for state in ("missing", "expired", "expiring")}

    assert states == {"missing": {"E4"}, "expired": {"E1"}, "expiring": {"E2"}}
    assert codes(next_one) == {"E1", "E2", "E4"}
    requirement = Requirement(next_one)
    attended = requirement.attended_on([ana, beto])
    assert {key: requirement.state_of(day) for key, day in attended.items()} == {ana.pk: "expired", beto.pk: "expiring"}
    assert requirement.state_of(None) == "missing"


def test_it_is_for_the_audience_of_all_mandatory_events_of_the_kind(people, yearly, sales, finance):
    first, second = (mandatory(kind=yearly, everybody=False) for _ in range(2))
    EventAudience.objects.create(event=first, org_unit=sales)
    EventAudience.objects.create(event=second, org_unit=finance)
    for state in ("draft", "cancelled"):
        mandatory(kind=yearly, state=state)
    make_employee("Dora", "Ruiz", code="E4")

    assert codes(first) == codes(second) == {"E1", "E2", "E3"}


def test_only_active_people_have_to(sales, yearly):
    make_employee(code="S1", status="suspended")
    make_employee(code="T1", status="terminated", ended_on="2024-01-31")

    assert codes(mandatory(kind=yearly)) == set()


def test_what_ends_half_an_hour_before_midnight_counts_for_its_own_day(beto):
    kind = make_kind(validity_months=1)
    zone = ZoneInfo("America/Caracas")
    event = mandatory(kind=kind)
    today = timezone.localdate()
    attended = first_day_valid(today, 1)
    ends_at = datetime.combine(attended, datetime.min.time(), zone).replace(hour=23, minute=30)
    make_attendance(
        make_event(kind=kind, state="closed", starts_at=ends_at - DAY, ends_at=ends_at), beto, outcome="present"
    )

    with timezone.override(zone):
        assert codes(event, state="expired") == set()
        assert Requirement(event).attended_on([beto]) == {beto.pk: attended}


@pytest.mark.parametrize("months", [1, 6, 12])
def test_the_first_day_that_still_counts_agrees_with_the_last_day_it_counts(months):
    for number in range(800):
        on = date(2023, 6, 1) + number * DAY
        first = first_day_valid(on, months)
        assert plus_months(first, months) >= on
        assert plus_months(first - DAY, months) < on


# --- The list of requirements ----------------------------------------------------------------------------------------
def test_of_a_kind_with_validity_the_next_event_stands_for_all(yearly, hr_manager):
    last, soon, later = (mandatory(days=days, kind=yearly) for days in (5, 0, 0))
    later.starts_at, later.ends_at = later.starts_at + 9 * DAY, later.ends_at + 9 * DAY
    later.save()
    once = mandatory(days=3)
    make_event(state="published")
    mandatory(state="draft")
    mandatory(state="cancelled")

    assert set(requirements(hr_manager)) == {soon, once}
    type(soon).objects.filter(pk__in=[soon.pk, later.pk]).update(state="cancelled")
    assert set(requirements(hr_manager)) == {last, once}


def test_a_manager_sees_what_his_people_are_enrolled_in(people, ana, beto, carla):
    ours, theirs = mandatory(), mandatory()
    make_attendance(ours, beto)
    make_attendance(theirs, carla)

    assert set(requirements(make_user(employee=ana))) == {ours}


def test_everybody_sees_his_own_people(people, ana, beto, hr_manager, auditor):
    event = mandatory()

    assert codes(event, hr_manager) == codes(event, auditor) == {"E1", "E2", "E3"}
    assert codes(event, make_user(employee=ana)) == {"E1", "E2"}
    assert codes(event, make_user(employee=beto)) == {"E2"}


def test_the_next_enrolment_of_each(yearly, beto, carla):
    event, later = mandatory(kind=yearly), mandatory(kind=yearly)
    type(later).objects.filter(pk=later.pk).update(starts_at=later.starts_at + 5 * DAY, ends_at=later.ends_at + 5 * DAY)
    first = make_attendance(event, beto)
    make_attendance(later, beto)
    make_attendance(event, carla, status="cancelled")

    assert Requirement(event).enrolled_in([beto, carla]) == {beto.pk: first}


def test_everybody_is_told_what_he_owes_himself(people, yearly, ana, beto, carla):
    """As the list of who is missing tells it of him, whatever else he sees."""
    once, others = mandatory(days=5), mandatory(days=5, everybody=False)
    old, next_one = mandatory(kind=yearly, days=400), mandatory(kind=yearly)
    for person in (ana, beto, carla):
        make_attendance(once, person, outcome="present" if person == beto else "absent")
        make_attendance(others, person)
    make_attendance(old, ana, outcome="present")
    make_attendance(make_event(kind=yearly, state="closed", in_hours=-24 * 350), beto, outcome="late")
    enrolments = {person: make_attendance(next_one, person) for person in (ana, beto)}
    make_attendance(make_event(kind=yearly, state="closed", in_hours=-48), carla, outcome="present")
    make_attendance(next_one, carla, status="cancelled")

    owed = {person: owed_by(make_user(employee=person)) for person in (ana, beto, carla)}

    assert {person: [(each.requirement.event, each.state, each.enrolment) for each in told]
            for person, told in owed.items()} == {
        ana: [(next_one, "expired", enrolments[ana]), (once, "missing", None)],
        beto: [(next_one, "expiring", enrolments[beto])],
        carla: [(once, "missing", None)],
    }  # fmt: skip
    for event in (once, next_one):
        listed = {person for person, told in owed.items() if event in [each.requirement.event for each in told]}
        assert set(Requirement(event).people(None)) == listed
    assert owed[beto][0].valid_until == plus_months(owed[beto][0].attended_on, 12)


def test_nothing_is_owed_by_who_is_no_employee(hr_manager):
    mandatory()

    assert owed_by(hr_manager) == []


@pytest.mark.parametrize("days", range(-2, 3))
def test_what_is_owed_agrees_with_the_list_to_the_day(yearly, beto, days):
    """Around the day from which it soon expires."""
    event, user = mandatory(kind=yearly), make_user(employee=beto)
    ends_at = timezone.now() - timedelta(days=365 - 30 + days)
    make_attendance(
        make_event(kind=yearly, state="closed", starts_at=ends_at - DAY, ends_at=ends_at), beto, outcome="late"
    )
    make_attendance(event, beto)

    assert [each.state for each in owed_by(user)] == ["expiring"] * Requirement(event).people(None).filter(
        pk=beto.pk
    ).count()


# --- Reminders -------------------------------------------------------------------------------------------------------
def reminded():
    return sorted(payload["employee_ids"] for payload in OutboxMessage.objects.values_list("payload", flat=True))


def test_everybody_who_misses_it_is_reminded_once_a_day(people, hr_manager, ana, beto, carla):
    event = mandatory(state="in_progress")
    make_attendance(event, carla, outcome="present")

    assert remind_people(event.pk, actor=hr_manager) == 2
    assert remind_people(event.pk, actor=hr_manager) == 0

    assert reminded() == sorted([[ana.pk], [beto.pk]])
    assert set(OutboxMessage.objects.values_list("kind", "actor_id")) == {("event.mandatory_reminder", hr_manager.pk)}
    assert reminded_today(event.pk) == {ana.pk, beto.pk}


def test_who_was_reminded_of_another_event_or_yesterday_was_not_today(beto, hr_manager, monkeypatch):
    """The numbers of the events begin alike."""
    first, *_others, last = [mandatory() for _number in range(11)]
    with monkeypatch.context() as yesterday:
        now = timezone.now() - DAY
        yesterday.setattr(timezone, "now", lambda: now)
        remind_people(first.pk, actor=hr_manager)
    remind_people(last.pk, actor=hr_manager)

    assert [beto.pk in reminded_today(event.pk) for event in (first, last)] == [False, True]


def test_the_next_day_they_are_reminded_again(beto, hr_manager, monkeypatch):
    event = mandatory()
    remind_people(event.pk, actor=hr_manager)

    tomorrow = timezone.now() + DAY
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)

    assert remind_people(event.pk, actor=hr_manager) == len(reminded()) / 2


def test_a_manager_reminds_his_team(people, ana, beto, carla):
    event = mandatory()
    make_attendance(event, beto)

    assert remind_people(event.pk, actor=make_user(employee=ana)) == 1

    assert reminded() == [[beto.pk]]


def test_those_named_are_reminded_if_they_have_to_attend(people, hr_manager, ana, beto, carla):
    event = mandatory(state="in_progress")
    make_attendance(event, carla, outcome="present")

    assert remind_people(event.pk, employee_ids=[beto.pk, carla.pk, 999_999], actor=hr_manager) == 1

    assert reminded() == [[beto.pk]]


def test_of_what_is_over_nobody_is_reminded(beto, hr_manager):
    with pytest.raises(DomainError, match="plan one first"):
        remind_people(mandatory(days=3).pk, actor=hr_manager)


def test_an_event_that_is_no_requirement_is_not_there(beto, hr_manager):
    with pytest.raises(NotFound):
        remind_people(make_event(state="published").pk, actor=hr_manager)


def test_who_enrols_nobody_reminds_nobody(beto, auditor):
    event = mandatory()
    make_attendance(event, beto)

    for actor in (auditor, make_user(employee=beto, role=roles.EMPLOYEE)):
        with pytest.raises(NotAllowed):
            remind_people(event.pk, actor=actor)


# --- Of several at once ----------------------------------------------------------------------------------------------
def test_of_several_it_counts_as_each_lists(people, ana, beto, company, sales, finance, analyst, yearly):
    """By everybody, a unit with all below it, a position, people by name; once and again; of events of one kind."""
    head_of_sales, of_all = make_user(employee=ana), make_user(role=roles.HR_MANAGER)
    events = [mandatory(state="in_progress", everybody=False) for _number in range(5)]
    lines = [{"everybody": True}, {"org_unit": company}, {"position": analyst}, {"employee": beto}, {}]
    for event, line in zip(events, lines, strict=True):
        if line:
            EventAudience.objects.create(event=event, **line)
    EventAudience.objects.create(event=events[2], org_unit=finance)
    old, new = mandatory(kind=yearly, days=500, everybody=False), mandatory(kind=yearly, everybody=False)
    EventAudience.objects.create(event=old, org_unit=sales)
    EventAudience.objects.create(event=new, employee=people["E3"])
    make_attendance(old, beto, outcome="present")
    make_attendance(events[0], ana, outcome="late")
    asked = [Requirement(event) for event in [*events, new]]

    for user in (head_of_sales, of_all):
        assert missing_counts(asked, user) == [each.people(user).count() for each in asked]
    assert missing_counts(asked, of_all) == [2, 3, 2, 1, 0, 3]
    assert missing_counts([], of_all) == []
