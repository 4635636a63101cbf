"""The pages of events, in the browser of HR, of a manager and of one who takes part."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core import access, roles
from hr.admin.audience_form import SHOWN
from hr.admin.events import EventAdmin
from hr.models import EvaluationRound, Event, EventAudience, EventKind, FormVersion, OutboxMessage, SessionMark
from hr.services.evaluation_forms import DEFAULT_CODE
from hr.services.events import close_events, publish_events
from tests.factories import (
    make_attendance,
    make_employee,
    make_evaluation,
    make_event,
    make_form_version,
    make_kind,
    make_round,
    make_session,
    make_unit,
    make_user,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def page(name, *args):
    return reverse(f"admin:hr_event_{name}", args=args)


def listed(response):
    return [event.code for event in response.context["cl"].result_list]


@pytest.fixture
def kind(db):
    return make_kind("Taller", code="T")


@pytest.fixture
def manager(as_user, ana):
    return as_user(make_user(role=roles.MANAGER, employee=ana))


@pytest.fixture
def worker(as_user, beto):
    return as_user(make_user(role=roles.EMPLOYEE, employee=beto))


# --- List ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ({}, {"A", "B", "C"}),
        ({"state__exact": "draft"}, {"A"}),
        ({"kind__id__exact": "KIND"}, {"B"}),
        ({"starts_at__gte": "2026-05-10", "starts_at__lte": "2026-05-10"}, {"B"}),
        ({"starts_at__gte": "2026-05-11"}, {"C"}),
        ({"mandatory__exact": "1"}, {"C"}),
        ({"q": "bombero CARACAS"}, {"C"}),
    ],
)
def test_the_list_is_filtered_and_searched(hr, kind, query, codes):
    zone = timezone.get_default_timezone()
    make_event(code="A", starts_at=datetime(2026, 5, 9, 23, 59, tzinfo=zone))
    make_event(code="B", kind=kind, state="published", starts_at=datetime(2026, 5, 10, 23, 30, tzinfo=zone))
    make_event("Bombéros", code="C", state="closed", starts_at=datetime(2026, 5, 11, tzinfo=zone), mandatory=True,
               place="Sede Carácas")  # fmt: skip
    query = {name: kind.pk if value == "KIND" else value for name, value in query.items()}

    assert set(listed(hr.get(page("changelist"), query))) == codes


@pytest.mark.parametrize(
    ("column", "codes"),
    [
        ("title", ["B", "A", "C"]),
        ("code", ["A", "B", "C"]),
        ("kind", ["C", "B", "A"]),
        ("when", ["A", "C", "B"]),
        ("state_label", ["C", "A", "B"]),
        ("", ["B", "C", "A"]),
    ],
)
def test_the_list_is_put_in_order(hr, column, codes):
    for code, title, kind, days, state in (
        ("A", "Norte", "Zeta", 1, "draft"), ("B", "Este", "Beta", 3, "published"), ("C", "Sur", "Alfa", 2, "closed"),
    ):  # fmt: skip
        make_event(title, code=code, kind=make_kind(kind), state=state, in_hours=24 * days)
    columns = ["action_checkbox", *EventAdmin.list_display]

    assert listed(hr.get(page("changelist"), {"o": columns.index(column)} if column else {})) == codes


def test_a_day_that_is_none_is_no_filter(hr):
    assert hr.get(page("changelist"), {"starts_at__gte": "tomorrow"}).status_code == 302


def test_the_list_counts_whom_the_reader_sees(hr, manager, beto, carla):
    event = make_event(state="completed")
    make_attendance(event, beto, outcome="present")
    make_attendance(event, carla, outcome="late")
    make_attendance(event, make_employee(), status="cancelled")
    make_attendance(event, make_employee(), status="waitlisted")

    def counted(browser):
        return [(row.enrolled, row.came) for row in browser.get(page("changelist")).context["cl"].result_list]

    assert counted(hr) == [(2, 2)]
    assert counted(manager) == [(1, 1)]


@pytest.mark.parametrize("reader", ["hr", "manager"])
def test_the_list_takes_as_many_queries_for_three_events_as_for_one(request, reader, beto):
    browser, counted = request.getfixturevalue(reader), []
    for _size in (1, 3):
        while Event.objects.count() < _size:
            make_attendance(make_event(state="published"), beto)
        browser.get(page("changelist"))
        with CaptureQueriesContext(connections["business"]) as queries:
            assert len(listed(browser.get(page("changelist")))) == _size
        counted.append(len(queries))

    assert counted[0] == counted[1]


def test_one_sees_the_events_of_ones_people(manager, worker, beto, carla):
    ours, theirs = make_event(code="OURS", state="published"), make_event(code="THEIRS", state="published")
    make_attendance(ours, beto)
    make_attendance(theirs, carla)

    for browser in (manager, worker):
        assert listed(browser.get(page("changelist"))) == ["OURS"]
        assert browser.get(page("change", ours.pk)).status_code == 200
        for name in ("change", "history", "sessions", "reasons"):
            assert browser.get(page(name, theirs.pk)).status_code in (302, 404)


# --- Form ------------------------------------------------------------------------------------------------------------
def test_an_event_is_planned(hr, kind):
    sent = {
        "title": "Primeros auxilios", "kind": kind.pk, "starts_at": "2026-05-10T23:30", "ends_at": "2026-05-11T00:30",
        "completion_percent": "80", "place": "Sala 1", "_save": "",
    }  # fmt: skip

    response = hr.post(page("add"), hr.form(page("add"), **sent))

    event = Event.objects.get()
    assert response.status_code == 302, response.context["adminform"].form.errors
    assert response.url == page("audience", event.pk)
    assert hr.texts(response) == ["Primeros auxilios (EV-00001) was planned. Say whom it is for, then publish it."]
    assert (event.code, event.title, event.kind, event.place) == ("EV-00001", "Primeros auxilios", kind, "Sala 1")
    assert event.starts_at == datetime(2026, 5, 11, 3, 30, tzinfo=UTC)  # Caracas is four hours behind


def test_a_time_that_a_change_of_daylight_saving_leaves_out_is_refused(hr, kind, settings):
    settings.TIME_ZONE = "America/New_York"
    sent = {"title": "X", "kind": kind.pk, "starts_at": "2026-03-08T02:30", "ends_at": "2026-03-08T05:00"}

    response = hr.post(page("add"), hr.form(page("add"), completion_percent="80", **sent))

    assert list(response.context["adminform"].form.errors) == ["starts_at"]
    assert Event.objects.count() == 0


def test_a_broken_rule_stays_on_the_form(hr, kind):
    sent = {"title": "X", "kind": kind.pk, "starts_at": "2026-05-10T10:00", "ends_at": "2026-05-10T09:00"}

    response = hr.post(page("add"), hr.form(page("add"), completion_percent="80", **sent))

    assert response.context["adminform"].form.errors == {"ends_at": ["An event must end after it starts."]}


def test_a_change_is_saved_and_a_stale_one_shown(hr):
    event = make_event("Antes")
    form = hr.form(page("change", event.pk), title="Después")

    assert hr.post(page("change", event.pk), form).status_code == 302
    stale = hr.post(page("change", event.pk), form | {"title": "Otro"})

    event.refresh_from_db()
    assert event.title == "Después"
    assert "changed since you opened it" in stale.text


FIELDS = {
    "draft": {"title", "code", "kind", "description", "place", "capacity", "open_enrolment", "mandatory",
              "completion_percent", "starts_at", "ends_at"},
    "published": {"title", "code", "kind", "description", "place", "capacity", "open_enrolment", "mandatory",
                  "completion_percent"},
    "in_progress": {"title", "code", "kind", "description", "place", "capacity", "open_enrolment", "mandatory",
                    "completion_percent", "ends_at"},
    "completed": {"title", "code", "kind", "description", "place", "mandatory"},
    "closed": {"mandatory"},
    "cancelled": set(),
}  # fmt: skip


@pytest.mark.parametrize("state", FIELDS)
def test_the_form_offers_what_may_still_be_changed(hr, state):
    response = hr.get(page("change", make_event(state=state).pk))

    assert set(response.context["adminform"].form.fields) - {"version"} == FIELDS[state]


def test_the_times_of_a_course_follow_from_its_sessions(hr):
    event = make_event()
    make_session(event)

    response = hr.get(page("change", event.pk))

    assert {"starts_at", "ends_at"} & set(response.context["adminform"].form.fields) == set()
    assert "Its times follow from its sessions" in response.text


@pytest.mark.parametrize("moment", ["9999-12-31T23:30", "0000-01-01T00:00", "mañana"])
def test_a_moment_that_is_none_is_refused(hr, kind, moment):
    sent = {"title": "X", "kind": kind.pk, "starts_at": "2026-05-10T10:00", "ends_at": moment}

    response = hr.post(page("add"), hr.form(page("add"), completion_percent="80", **sent))

    assert list(response.context["adminform"].form.errors) == ["ends_at"]


def test_a_reader_is_told_what_holds_and_no_more(worker, beto):
    event = make_event(state="published", capacity=4)
    make_attendance(event, beto)

    response = worker.get(page("change", event.pk))

    fieldsets = [fieldset.fields for fieldset in response.context["adminform"]]
    assert fieldsets[0] == ["state_badge", "seats", "title", "code", "kind_name", "description"]
    assert fieldsets[2] == ["capacity"]
    assert reverse("admin:hr_eventkind_change", args=[event.kind_id]) not in response.text


def test_who_plans_nothing_only_reads(worker, beto):
    event = make_event(state="published")
    make_attendance(event, beto)

    response = worker.get(page("change", event.pk))

    assert set(response.context["adminform"].form.fields) - {"version"} == set()
    assert worker.post(page("change", event.pk), {"title": "x", "version": 1}).status_code == 403


def test_a_draft_is_deleted_and_a_published_event_is_not(hr):
    draft, published = make_event(), make_event(state="published")

    for event in (draft, published):
        hr.post(page("delete", event.pk), {"post": "yes"})

    assert list(Event.objects.all()) == [published]


# --- Steps -----------------------------------------------------------------------------------------------------------
OFFERED = {
    "draft": {"publish", "postpone", "cancel", "evaluate", "clone"},
    "published": {"unpublish", "start", "postpone", "cancel", "evaluate", "clone"},
    "in_progress": {"complete", "cancel", "evaluate", "clone"},
    "completed": {"close", "evaluate", "clone"},
    "closed": {"reopen", "evaluate", "clone"},
    "cancelled": {"clone"},
}
STEPS = set().union(*OFFERED.values())


@pytest.mark.parametrize("state", OFFERED)
def test_steps_are_offered_where_they_lead_somewhere(hr, state):
    event = make_event(state=state)

    text = hr.get(page("change", event.pk)).text

    assert {step for step in STEPS if page(step, event.pk) in text} == OFFERED[state]
    assert (page("delete", event.pk) in text) == (state == "draft")


def test_steps_are_offered_to_hr_alone(worker, manager, as_user, auditor, beto):
    event = make_event(state="published")
    make_attendance(event, beto)

    for browser in (worker, manager, as_user(auditor)):
        text = browser.get(page("change", event.pk)).text
        assert {step for step in STEPS if page(step, event.pk) in text} == set()
        assert browser.dialog(page("cancel", event.pk), reason="x").status_code == 403
    event.refresh_from_db()
    assert event.state == "published"


def test_an_event_walks_through_its_life_and_each_step_says_what_it_did(hr, sales, beto):
    event = make_event("Curso", code="C", in_hours=-3)
    EventAudience.objects.create(event=event, org_unit=sales)
    walk = [("publish", {}), ("start", {}), ("complete", {}), ("close", {}), ("reopen", {"reason": "Faltó uno"})]
    seen, told = [], []

    for step, values in walk:
        response = hr.dialog(page(step, event.pk), **values)
        assert response.headers.get("HX-Redirect") == page("change", event.pk), step
        event.refresh_from_db()
        seen.append(event.state)
        # Those that nobody has read yet come first.
        told.append(hr.texts(response)[-1])

    assert seen == ["published", "in_progress", "completed", "closed", "completed"]
    assert told == [
        "Curso (C) was published: 2 people take part.",
        "Curso (C) is in progress.",
        "Curso (C) is completed. Its roll can be taken until it is closed.",
        "The roll of Curso (C) is closed.",
        "The roll of Curso (C) is open again.",
    ]
    assert event.attendance.get(employee=beto).outcome == "absent"


def test_the_dialog_of_publishing_says_how_many_are_enrolled(hr, sales, ana, beto, carla):
    event = make_event()
    assert "Nobody is in its audience yet" in hr.get(page("publish", event.pk)).text

    EventAudience.objects.create(event=event, org_unit=sales)

    assert "2 people are enrolled and told." in hr.get(page("publish", event.pk)).text


def test_publishing_says_how_many_take_part(hr, sales, ana, beto, carla):
    event = make_event("Inducción", code="EV-1")
    EventAudience.objects.create(event=event, org_unit=sales)

    response = hr.dialog(page("publish", event.pk))

    assert hr.texts(response) == ["Inducción (EV-1) was published: 2 people take part."]


def test_publishing_tells_those_with_a_seat_from_those_who_wait(hr, sales, ana, beto):
    make_employee(org_unit=sales)
    event = make_event("Inducción", code="EV-1", capacity=2)
    EventAudience.objects.create(event=event, org_unit=sales)

    before = hr.get(page("publish", event.pk)).context["notes"]
    response = hr.dialog(page("publish", event.pk))

    assert before == [
        "2 people are enrolled and told.",
        "The seats are not enough: 1 person is put on the wait-list.",
    ]
    assert hr.texts(response) == [
        "Inducción (EV-1) was published: 2 people take part. The event is full: 1 person is on the wait-list."
    ]


def test_the_dialog_of_publishing_counts_as_publishing_does(hr, hr_manager, sales, ana, beto):
    """Ana was enrolled before and returns; Beto was taken out and stays so; Carlos is new."""
    event = make_event()
    EventAudience.objects.create(event=event, org_unit=sales)
    make_attendance(event, ana, "cancelled", cancelled_from="draft")
    make_attendance(event, beto, "cancelled", cancelled_from="manager")
    make_employee("Carlos", org_unit=sales)

    assert hr.get(page("publish", event.pk)).context["notes"] == ["2 people are enrolled and told."]
    publish_events([event.pk], actor=hr_manager)

    assert event.attendance.going().count() == 2


def test_the_dialog_of_closing_says_how_many_become_absent(hr, hr_manager, ana, beto, carla):
    event, course = (make_event(state="completed", in_hours=-3, completion_percent=50) for _number in range(2))
    for person, outcome in ((ana, "present"), (beto, "pending"), (carla, "pending")):
        make_attendance(event, person, outcome=outcome)
    make_attendance(event, make_employee(), "waitlisted")
    sessions = [make_session(course, number) for number in (1, 2, 3)]
    for person, excused in ((ana, 2), (beto, 1)):
        row = make_attendance(course, person)
        for session in sessions[:excused]:
            SessionMark.objects.create(attendance=row, session=session, outcome="excused")

    notes = [hr.get(page("close", each.pk)).context["notes"] for each in (event, course)]

    assert notes == [["2 people who are pending become absent."], ["1 person who is pending becomes absent."]]
    close_events([event.pk, course.pk], actor=hr_manager)
    assert [each.attendance.filter(outcome="absent").count() for each in (event, course)] == [2, 1]


def test_where_all_are_marked_closing_makes_nobody_absent(hr, beto):
    event = make_event(state="completed", in_hours=-3)
    make_attendance(event, beto, outcome="late")

    assert hr.get(page("close", event.pk)).context["notes"] == ["Nobody becomes absent by this."]


@pytest.mark.parametrize(
    ("state", "outcomes", "notes"),
    [
        ("draft", [], ["It was not published, so nobody is told."]),
        ("published", [], ["Nobody is enrolled, so nobody is told."]),
        ("published", ["pending"], ["1 person is enrolled, and is told."]),
        (
            "in_progress",
            ["pending", "late"],
            [
                "2 people are enrolled, and are told.",
                "Attendance of 1 person is marked already, and will count for nothing.",
            ],
        ),
    ],
)
def test_the_dialog_of_cancelling_says_who_loses_something(hr, ana, beto, carla, state, outcomes, notes):
    event = make_event(state=state)
    make_attendance(event, carla, "cancelled")
    for person, outcome in zip((ana, beto), outcomes, strict=False):
        make_attendance(event, person, outcome=outcome)

    assert hr.get(page("cancel", event.pk)).context["notes"] == notes


@pytest.mark.parametrize(
    ("step", "values", "text"),
    [
        ("unpublish", {}, "Curso (C) is a draft again, and nobody is enrolled in it."),
        (
            "postpone",
            {"starts_at": "2031-05-12T09:00", "ends_at": "", "reason": "Sin sala"},
            "Curso (C) begins on 05/12/2031 9 a.m. now.",
        ),
        ("cancel", {"reason": "Sin sala"}, "Curso (C) was cancelled."),
    ],
)
def test_a_step_says_what_it_did(hr, step, values, text):
    event = make_event("Curso", code="C", state="published")

    response = hr.dialog(page(step, event.pk), **values)

    assert hr.texts(response) == [text]


def test_who_was_enrolled_before_returns_also_where_people_register(hr, beto):
    event = make_event(open_enrolment=True)
    make_attendance(event, beto, "cancelled", cancelled_from="draft")

    assert hr.get(page("publish", event.pk)).context["notes"] == [
        "Those it is for are not enrolled by this: they register themselves.",
        "1 person is enrolled and told.",
    ]


@pytest.mark.parametrize(
    ("hours", "notes"),
    [
        (5, ["It began on 05/10/2026 9 a.m.: it is in progress at once.", "1 person is enrolled and told."]),
        (
            2,
            [
                "It ended on 05/10/2026 11 a.m.: nobody is told, it is completed at once, and its roll can be taken.",
                "1 person is enrolled.",
            ],
        ),
    ],
)
def test_the_dialog_of_publishing_says_that_it_is_late(hr, beto, hours, notes, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 5, 10, 16, tzinfo=UTC))
    event = make_event(starts_at=datetime(2026, 5, 10, 13, tzinfo=UTC), hours=hours)
    EventAudience.objects.create(event=event, employee=beto)

    assert hr.get(page("publish", event.pk)).context["notes"] == notes


def test_a_refused_step_keeps_its_dialog_open(hr):
    event = make_event(state="in_progress", in_hours=-1, hours=5)

    response = hr.dialog(page("complete", event.pk))

    assert "HX-Redirect" not in response.headers
    assert "ends on" in response.text


@pytest.mark.parametrize("step", ["cancel", "reopen"])
def test_steps_ask_for_their_reason(hr, step):
    event = make_event(state="closed" if step == "reopen" else "published")

    response = hr.dialog(page(step, event.pk))

    assert "HX-Redirect" not in response.headers
    assert response.context["form"].errors == {"reason": ["This field is required."]}


def test_an_event_is_postponed_from_its_page(hr):
    event = make_event(state="published", starts_at=datetime(2031, 5, 10, 13, tzinfo=UTC), hours=2)
    assert 'value="2031-05-10T09:00"' in hr.get(page("postpone", event.pk)).text

    hr.dialog(page("postpone", event.pk), starts_at="2031-05-12T09:00", ends_at="", reason="Sin sala")

    event.refresh_from_db()
    assert (event.starts_at, event.ends_at) == (
        datetime(2031, 5, 12, 13, tzinfo=UTC), datetime(2031, 5, 12, 15, tzinfo=UTC),
    )  # fmt: skip
    assert "Sin sala" in hr.get(page("change", event.pk)).text


def test_a_copy_opens_when_it_is_made(hr):
    event = make_event("Curso")
    make_session(event)

    response = hr.dialog(page("clone", event.pk), title="Curso II", starts_at="2031-06-01T09:00")

    copy = Event.objects.exclude(pk=event.pk).get()
    assert response.headers["HX-Redirect"] == page("change", copy.pk)
    assert (copy.title, copy.state, copy.sessions.count()) == ("Curso II", "draft", 1)


def test_a_copy_of_what_has_begun_is_offered_no_time(hr):
    held = make_event(state="closed", in_hours=-90)
    coming = make_event(state="published", starts_at=datetime(2031, 5, 10, 13, tzinfo=UTC))

    fields = [hr.get(page("clone", event.pk)).context["form"]["starts_at"] for event in (held, coming)]

    assert fields[0].value() is None
    assert 'value="2031-05-10T09:00"' in str(fields[1])


def test_many_events_take_a_step_at_once(hr):
    events = [make_event(state="completed", in_hours=-3) for _ in range(3)]
    sent = {"action": "close_many", "_selected_action": [event.pk for event in events], "_form_submitted": "on"}

    hr.post(page("changelist"), sent)

    assert set(Event.objects.values_list("state", flat=True)) == {"closed"}


# --- The evaluation after it ------------------------------------------------------------------------------------------
def test_an_evaluation_is_given_after_an_event(hr, ana, beto):
    version = make_form_version()
    event = make_event("Taller", state="completed", in_hours=-3)
    make_attendance(event, ana, outcome="late")
    make_attendance(event, beto, outcome="absent")
    address = page("evaluate", event.pk)
    assert 'value="Evaluation: Taller"' in hr.get(address).text

    response = hr.dialog(address, title="Encuesta", form_version=version.pk, days_to_answer="3")

    round_ = EvaluationRound.objects.get()
    assert response.headers["HX-Redirect"] == page("change", event.pk)
    assert (round_.event, round_.title, round_.form_version, round_.days_to_answer) == (event, "Encuesta", version, 3)
    assert list(round_.evaluations.values_list("employee__code", "state")) == [("E1", "available")]
    shown = hr.get(page("change", event.pk))
    assert reverse("admin:hr_evaluationround_change", args=[round_.pk]) in shown.text
    assert address not in shown.text, "there is one already"


def test_without_a_form_it_asks_the_usual_questions(hr):
    events = [make_event(state="published") for _ in range(2)]
    sent = {"action": "evaluate_many", "_selected_action": [event.pk for event in events], "_form_submitted": "on"}

    hr.post(page("changelist"), sent | {"form_version": "", "days_to_answer": "7"})

    assert set(EvaluationRound.objects.values_list("event", "form_version__form__code", "title")) == {
        (event.pk, DEFAULT_CODE, "Evaluation: Inducción") for event in events
    }


@pytest.mark.parametrize(
    ("sent", "field"),
    [({"days_to_answer": "0"}, "days_to_answer"), ({"title": ""}, "title"), ({"form_version": "999"}, "form_version")],
)
def test_an_evaluation_that_makes_no_sense_keeps_the_dialog_open(hr, sent, field):
    event = make_event(state="published")

    response = hr.dialog(page("evaluate", event.pk), **{"title": "X", "days_to_answer": "7", "form_version": ""} | sent)

    assert list(response.context["form"].errors) == [field]
    assert not EvaluationRound.objects.exists()


def test_a_draft_of_a_form_cannot_be_chosen(hr):
    version = make_form_version()
    FormVersion.objects.update(published_at=None)

    response = hr.dialog(page("evaluate", make_event().pk), title="X", days_to_answer="7", form_version=version.pk)

    assert response.context["form"].errors == {"form_version": ["Choose a published version of a form."]}


def test_a_manager_follows_to_the_round_of_his_people_and_gives_none(manager, worker, beto):
    event = make_event(state="completed", in_hours=-3)
    make_attendance(event, beto, outcome="present")
    round_ = make_round(event=event)
    link = reverse("admin:hr_evaluationround_change", args=[round_.pk])
    assert link not in manager.get(page("change", event.pk)).text, "nobody of his has it yet"

    make_evaluation(beto, in_round=round_)

    assert link in manager.get(page("change", event.pk)).text
    assert link in worker.get(page("change", event.pk)).text, "it is his own evaluation's"
    assert manager.dialog(page("evaluate", event.pk), title="X", days_to_answer="7").status_code == 403


# --- Audience --------------------------------------------------------------------------------------------------------
def test_the_audience_is_shown_with_how_many_and_who(hr, as_user, auditor, sales, ana, beto, carla):
    event = make_event()
    EventAudience.objects.create(event=event, org_unit=sales)

    for browser in (hr, as_user(auditor)):
        response = browser.get(page("audience", event.pk))
        assert {person.code for person in response.context["people"]} == {"E1", "E2"}
        assert "2 people" in response.text


def test_people_are_added_seen_before_and_removed(hr, sales, ana, beto):
    event = make_event()
    address = page("audience", event.pk)

    shown = hr.post(address, {"org_units": [sales.pk], "_preview": "1"})
    assert (shown.context["preview"]["count"], event.audience.count()) == (2, 0)

    assert hr.post(address, {"org_units": [sales.pk], "pasted": "E1", "_add": "1"}).status_code == 302
    assert set(event.audience.values_list("org_unit", "employee")) == {(sales.pk, None), (None, ana.pk)}

    hr.post(address, {"remove": event.audience.get(employee=ana).pk})
    assert list(event.audience.values_list("org_unit", flat=True)) == [sales.pk]


def test_a_faulty_list_stays_in_the_form(hr, beto):
    event = make_event()

    response = hr.post(page("audience", event.pk), {"pasted": "NADIE\nE2\nV-1", "_add": "1"})

    assert response.status_code == 400
    assert response.context["form"].errors["pasted"] == [
        "Line 1: «NADIE» is nobody's code or national id.",
        "Line 3: «V-1» is nobody's code or national id.",
    ]
    assert "V-1</textarea>" in response.text


def test_people_are_pasted_by_code_or_national_id(hr, beto, carla):
    event = make_event()

    hr.post(page("audience", event.pk), {"pasted": "e2\tBeto\nV-87654321", "_add": "1"})

    assert set(event.audience.values_list("employee__code", flat=True)) == {"E2", "E3"}


def test_who_a_choice_names_is_shown_page_by_page(hr, sales):
    event = make_event()
    for number in range(SHOWN + 1):
        make_employee(last_name=f"P{number:02}", code=f"N{number:02}", org_unit=sales)
    address, chosen = page("audience", event.pk), {"org_units": [sales.pk]}

    first, second = (hr.post(address, chosen | {"_preview": number}).context["preview"] for number in ("1", "2"))

    assert (first["count"], len(first["people"]), [row.code for row in second["people"]]) == (21, 20, ["N20"])
    assert event.audience.count() == 0


def test_no_choice_lists_the_people_there_are(hr, ana, beto, carla):
    """A hundred thousand would be a page nobody opens: they are found by typing."""
    event = make_event(state="published")

    for name in ("audience", "participants", "change", "sessions"):
        text = hr.get(page(name, event.pk)).text
        assert [person.code for person in (ana, beto, carla) if person.last_name in text] == [], name


def test_the_audience_is_no_business_of_who_sees_a_few_events(manager, worker, beto, sales):
    event = make_event(state="published")
    make_attendance(event, beto)
    line = EventAudience.objects.create(event=event, org_unit=sales)

    for browser in (manager, worker):
        assert browser.get(page("audience", event.pk)).status_code == 403
        assert browser.post(page("audience", event.pk), {"remove": line.pk}).status_code == 403
        assert page("audience", event.pk) not in browser.get(page("change", event.pk)).text
    assert event.audience.count() == 1


def test_who_may_only_view_changes_no_audience(as_user, auditor, sales):
    event = make_event()
    line = EventAudience.objects.create(event=event, org_unit=sales)

    assert as_user(auditor).post(page("audience", event.pk), {"remove": line.pk}).status_code == 403
    assert event.audience.count() == 1


def test_a_line_of_another_event_is_not_removed(hr, sales):
    event, other = make_event(), make_event()
    line = EventAudience.objects.create(event=other, org_unit=sales)

    hr.post(page("audience", event.pk), {"remove": line.pk})

    assert other.audience.count() == 1


def test_the_audience_takes_as_many_queries_however_many_lines(hr):
    event, counted = make_event(), []
    for count in (1, 3):
        while event.audience.count() < count:
            EventAudience.objects.create(event=event, employee=make_employee(org_unit=make_unit()))
        hr.get(page("audience", event.pk))
        with CaptureQueriesContext(connections["business"]) as queries:
            hr.get(page("audience", event.pk))
        counted.append(len(queries))

    assert counted[0] == counted[1]


# --- Sessions --------------------------------------------------------------------------------------------------------
def plan(event, *lines, initial=0, **values):
    sent = {"sessions-TOTAL_FORMS": len(lines), "sessions-INITIAL_FORMS": initial, "version": event.version} | values
    for number, (key, starts_at, ends_at) in enumerate(lines):
        sent |= {
            f"sessions-{number}-id": key, f"sessions-{number}-starts_at": starts_at,
            f"sessions-{number}-ends_at": ends_at,
        }  # fmt: skip
    return sent


def test_sessions_are_planned_moved_and_taken_away(hr):
    event = make_event()
    address = page("sessions", event.pk)

    hr.post(address, plan(event, ("", "2026-05-17T09:00", "2026-05-17T11:00"),
                          ("", "2026-05-10T09:00", "2026-05-10T11:00"), ("", "", "")))  # fmt: skip

    event.refresh_from_db()
    first, second = event.sessions.order_by("number")
    assert (first.starts_at, second.starts_at) == (
        datetime(2026, 5, 10, 13, tzinfo=UTC), datetime(2026, 5, 17, 13, tzinfo=UTC),
    )  # fmt: skip
    assert (event.starts_at, event.ends_at) == (first.starts_at, second.ends_at)

    hr.post(address, plan(event, (first.pk, "", ""), (second.pk, "2026-05-18T09:00", "2026-05-18T11:00"), initial=2))

    assert list(event.sessions.values_list("pk", "number", "starts_at")) == [
        (second.pk, 1, datetime(2026, 5, 18, 13, tzinfo=UTC))
    ]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (("", "2026-05-10T09:00", ""), "Say when it starts and when it ends."),
        (("", "2026-05-10T09:00", "2026-05-10T08:00"), "must end after it starts"),
    ],
)
def test_a_plan_that_cannot_be_stays_in_the_form(hr, line, text):
    event = make_event()

    response = hr.post(page("sessions", event.pk), plan(event, line))

    assert (response.status_code, event.sessions.count()) == (400, 0)
    assert text in response.text
    assert "2026-05-10T09:00" in response.text


def test_who_takes_part_reads_the_sessions(worker, beto):
    event = make_event(state="published")
    make_attendance(event, beto)
    make_session(event)

    response = worker.get(page("sessions", event.pk))

    assert "Session 1" in response.text
    assert "<input" not in response.text.split("<ol")[1]
    assert worker.post(page("sessions", event.pk), plan(event)).status_code == 403
    assert event.sessions.count() == 1


# --- Why -------------------------------------------------------------------------------------------------------------
def test_everybody_learns_why_he_sees_an_event(hr, manager, worker, as_user, ana, beto, carla):
    event = make_event(state="published", open_enrolment=True)
    make_attendance(event, beto)
    EventAudience.objects.create(event=event, employee=carla)
    guest = make_user()
    access.grant("mark_attendance_at", guest, event)

    def told(browser):
        return browser.get(page("reasons", event.pk)).context["reasons"]

    assert told(hr) == ["Role: HR manager.", "You see the attendance of 1 person in its list."]
    assert told(manager) == ["You see the attendance of 1 person in its list."]
    assert told(worker) == ["You are, or were, in its list."]
    assert told(as_user(make_user(employee=carla))) == ["It is for you, among others, and you may register."]
    assert told(as_user(guest)) == ["You were granted to take its roll."]


# --- Kinds -----------------------------------------------------------------------------------------------------------
def test_kinds_are_kept_by_hr(hr):
    address = reverse("admin:hr_eventkind_add")

    hr.post(address, hr.form(address, code="seg", name="Seguridad", validity_months="12"))

    kind = EventKind.objects.get()
    assert (kind.code, kind.name, kind.validity_months) == ("SEG", "Seguridad", 12)
    response = hr.get(reverse("admin:hr_eventkind_changelist"), {"q": "SEGURIDÁD"})
    assert [row.code for row in response.context["cl"].result_list] == ["SEG"]
    assert "12 months" in response.text

    change = reverse("admin:hr_eventkind_change", args=[kind.pk])
    hr.post(change, hr.form(change, validity_months=""))
    kind.refresh_from_db()
    assert kind.validity_months is None

    make_event(kind=kind)
    delete = reverse("admin:hr_eventkind_delete", args=[kind.pk])
    assert "is in use" in " ".join(hr.texts(hr.post(delete, {"post": "yes"})))


def test_the_list_of_kinds_takes_as_many_queries_for_three_as_for_one(hr):
    counted = []
    for size in (1, 3):
        while EventKind.objects.count() < size:
            make_kind(validity_months=size)
        hr.get(reverse("admin:hr_eventkind_changelist"))
        with CaptureQueriesContext(connections["business"]) as queries:
            hr.get(reverse("admin:hr_eventkind_changelist"))
        counted.append(len(queries))

    assert counted[0] == counted[1]


def test_kinds_are_no_business_of_others(worker, manager, as_user, auditor, kind):
    add, change = reverse("admin:hr_eventkind_add"), reverse("admin:hr_eventkind_change", args=[kind.pk])

    for browser in (worker, manager, as_user(auditor)):
        assert browser.post(add, {"code": "X", "name": "X"}).status_code == 403
        assert browser.post(change, {"code": "X", "name": "X", "version": 1}).status_code in (302, 403)
    kind.refresh_from_db()
    assert (kind.name, EventKind.objects.count()) == ("Taller", 1)


# --- Calendar --------------------------------------------------------------------------------------------------------
def test_the_calendar_shows_the_month_that_is_asked_for(hr, worker, beto, carla):
    ours = make_event("Nuestro", state="published", starts_at=datetime(2026, 5, 10, 13, tzinfo=UTC))
    theirs = make_event("Suyo", state="published", starts_at=datetime(2026, 5, 11, 13, tzinfo=UTC))
    make_attendance(ours, beto)
    make_attendance(theirs, carla)

    seen, mine = (browser.get(page("calendar"), {"month": "2026-05"}) for browser in (hr, worker))

    assert "Nuestro" in seen.text
    assert "Suyo" in seen.text
    assert "May 2026" in seen.text
    assert "Nuestro" in mine.text
    assert "Suyo" not in mine.text
    assert "Nuestro" not in hr.get(page("calendar"), {"month": "2026-06"}).text


def test_the_calendar_takes_as_many_queries_however_full(hr, worker, beto):
    counted = []
    for size in (1, 3):
        while Event.objects.count() < size:
            event = make_event(state="published", starts_at=datetime(2026, 5, 10, 13, tzinfo=UTC))
            make_attendance(event, beto)
        for browser in (hr, worker):
            browser.get(page("calendar"), {"month": "2026-05"})
            with CaptureQueriesContext(connections["business"]) as queries:
                browser.get(page("calendar"), {"month": "2026-05"})
            counted.append(len(queries))

    assert counted[:2] == counted[2:]


def test_a_night_is_on_both_its_days(hr):
    zone = timezone.get_default_timezone()
    make_event("Noche", starts_at=datetime(2026, 5, 10, 23, 30, tzinfo=zone), hours=1)

    month = hr.get(page("calendar"), {"month": "2026-05"}).context["month"]

    assert [(day.date.day, [entry.begins for entry in day.entries]) for day in month.days] == [
        (10, [True]), (11, [False]),
    ]  # fmt: skip


@pytest.mark.parametrize("month", ["", "x", "2026-13", "9999-12", "0001-01", "2026-05-01"])
def test_what_is_no_month_is_this_one(hr, month):
    response = hr.get(page("calendar"), {"month": month})

    assert response.context["month"].first == timezone.localdate().replace(day=1)


# --- Who is missing --------------------------------------------------------------------------------------------------
def test_who_is_missing_is_listed_and_reminded(hr, manager, ana, beto, carla):
    event = make_event("Seguridad", state="published", mandatory=True)
    EventAudience.objects.create(event=event, everybody=True)
    make_attendance(event, beto)

    def missing(browser):
        return {row["person"].code for row in browser.get(page("missing", event.pk)).context["rows"]}

    assert "Seguridad" in hr.get(page("mandatory")).text
    assert (missing(hr), missing(manager)) == ({"E1", "E2", "E3"}, {"E1", "E2"})

    def offered(browser):
        context = browser.get(page("missing", event.pk)).context
        return context["to_remind"], context.get("why_not", "")

    # A manager does not remind himself.
    assert (offered(hr), offered(manager)) == ((3, ""), (1, ""))
    response = manager.post(page("missing", event.pk), {"person": beto.pk})
    assert manager.texts(response) == ["1 person is being reminded."]
    assert (offered(hr), offered(manager)) == ((2, ""), (0, "They have been reminded today already."))
    response = hr.post(page("missing", event.pk), {"remind": "all"})
    assert hr.texts(response) == ["2 people are being reminded."]
    assert offered(hr) == (0, "They have been reminded today already.")
    shown = hr.get(page("missing", event.pk)).text
    assert ("reminded today" in shown, "Remind " in shown.split("<h1", 1)[1]) == (True, False)
    response = hr.post(page("missing", event.pk), {"remind": "all"})
    assert hr.texts(response) == ["They have been reminded today already."]


def test_a_manager_who_is_missing_himself_is_not_offered_to_remind_himself(manager, ana, beto):
    event = make_event("Seguridad", state="published", mandatory=True)
    EventAudience.objects.create(event=event, everybody=True)
    make_attendance(event, beto)

    shown = manager.get(page("missing", event.pk))

    assert {row["person"]: row["may_remind"] for row in shown.context["rows"]} == {ana: False, beto: True}
    assert "Remind 1 person" in shown.text

    event.attendance.update(outcome="present")
    Event.objects.filter(pk=event.pk).update(starts_at=timezone.now() - HOUR)
    shown = manager.get(page("missing", event.pk))
    assert [row["person"] for row in shown.context["rows"]] == [ana]
    assert shown.context["why_not"] == "None of these people is yours to remind."


def test_what_one_attended_long_ago_has_expired(hr, beto):
    kind = make_kind(validity_months=12)
    event = make_event(state="published", mandatory=True, kind=kind)
    EventAudience.objects.create(event=event, everybody=True)
    make_attendance(make_event(kind=kind, state="closed", in_hours=-24 * 500), beto, outcome="present")

    def listed_as(state):
        rows = hr.get(page("missing", event.pk), {"state": state}).context["rows"]
        return sorted(row["person"].code for row in rows)

    assert {state: listed_as(state) for state in ("", "missing", "expired", "expiring", "x")} == {
        "": ["E1", "E2"], "missing": ["E1"], "expired": ["E2"], "expiring": [], "x": ["E1", "E2"],
    }  # fmt: skip


def test_who_answers_for_nobody_has_no_such_page(worker, beto):
    event = make_event(state="published", mandatory=True)
    make_attendance(event, beto)

    assert worker.get(page("mandatory")).status_code == 403
    assert worker.post(page("missing", event.pk), {"remind": "all"}).status_code == 403
    assert worker.get(page("missing", event.pk)).status_code == 403


def test_of_what_is_over_nobody_can_be_reminded(hr, beto):
    event = make_event(state="closed", mandatory=True, in_hours=-5)
    EventAudience.objects.create(event=event, everybody=True)

    shown = hr.get(page("missing", event.pk))
    response = hr.post(page("missing", event.pk), {"remind": "all"})

    assert "plan one first" in shown.text
    assert "Remind" not in shown.text.split("<h1", 1)[1]
    assert hr.texts(response) == ["There is no event to come that they could attend: plan one first."]


def test_an_auditor_sees_who_is_missing_and_reminds_nobody(as_user, auditor, beto):
    event = make_event(state="published", mandatory=True)
    EventAudience.objects.create(event=event, everybody=True)
    browser = as_user(auditor)

    shown = browser.get(page("missing", event.pk)).context
    assert ([row["person"] for row in shown["rows"]][-1:] != [], "why_not" in shown) == (True, False)
    response = browser.post(page("missing", event.pk), {"remind": "all"})

    assert browser.texts(response) == ["You may not do this."]
    assert OutboxMessage.objects.count() == 0


@pytest.mark.parametrize("key", ["x", "0", "9" * 30, "٣"])
def test_a_key_that_is_none_is_nothing(hr, key):
    event = make_event(state="published", mandatory=True)

    assert hr.get(page("missing", key)).status_code == 404
    assert hr.post(page("missing", event.pk), {"person": key}).status_code == 302
    assert hr.post(page("audience", event.pk), {"remove": key}).status_code == 302


@pytest.mark.parametrize("reader", ["hr", "manager"])
def test_who_is_missing_takes_as_many_queries_however_many(request, reader, sales, ana):
    browser = request.getfixturevalue(reader)
    event, counted = make_event(state="published", mandatory=True), []
    EventAudience.objects.create(event=event, everybody=True)
    make_attendance(event, ana)
    for _size in (1, 3):
        make_employee(org_unit=sales)
        browser.get(page("missing", event.pk))
        with CaptureQueriesContext(connections["business"]) as queries:
            browser.get(page("missing", event.pk))
        counted.append(len(queries))

    assert counted[0] == counted[1]
