"""The list of attendance, the page of one, and corrections."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core import access
from hr.models import Attendance, AttendanceCorrection, DeniedAttempt, SessionMark
from hr.services.corrections import approve_corrections, ask_corrections, correct_at_once, reject_corrections
from hr.services.events import cancel_events
from tests.factories import make_attendance, make_employee, make_event, make_session, make_user

LIST, CORRECTIONS = "admin:hr_attendance_changelist", "admin:hr_attendancecorrection_changelist"


def page(name, key, model="attendance"):
    return reverse(f"admin:hr_{model}_{name}", args=[key])


def names(response):
    return sorted(row.employee.first_name for row in response.context["cl"].result_list)


@pytest.fixture
def closed(db):
    return make_event("Inducción", code="IND", state="closed", in_hours=-48)


@pytest.fixture
def rows(closed, ana, beto, carla):
    return {person.first_name: make_attendance(closed, person, outcome="absent") for person in (ana, beto, carla)}


@pytest.fixture
def manager(as_user, ana):
    return as_user(make_user("ana", employee=ana))


@pytest.fixture
def employee(as_user, beto):
    return as_user(make_user("beto", employee=beto))


# --- The list ---------------------------------------------------------------------------------------------------------
def test_everybody_finds_his_own_and_his_peoples_attendance(rows, hr, manager, employee):
    found = [names(browser.get(reverse(LIST))) for browser in (hr, manager, employee)]

    assert found == [["Ana", "Beto", "Carla"], ["Ana", "Beto"], ["Beto"]]


def test_what_was_noted_of_a_cancelled_event_counts_nowhere(hr, hr_manager, ana, beto, carla):
    event = make_event("Taller", state="in_progress", in_hours=-1)
    going = [make_attendance(event, person, outcome="present") for person in (ana, beto)]
    make_attendance(event, carla, status="waitlisted")
    address = reverse(LIST)

    before = [names(hr.get(address, {"outcome__exact": outcome})) for outcome in ("present", "pending")]
    cancel_events([event.pk], reason="Flood", actor=hr_manager)
    after = [names(hr.get(address, query)) for query in ({"outcome__exact": "present"}, {"status__exact": "cancelled"})]

    assert before == [["Ana", "Beto"], []]
    assert after == [[], ["Ana", "Beto", "Carla"]]
    changelist = hr.get(address).context["cl"]
    assert {changelist.model_admin.outcome_label(row) for row in changelist.result_list} == {"-"}
    (listed,) = hr.get(reverse("admin:hr_event_changelist")).context["cl"].result_list
    assert (listed.enrolled, listed.came) == (0, 0)
    assert "present" in hr.get(page("change", going[0].pk)).text


def test_the_list_is_filtered(rows, hr, beto, sales):
    other = make_event(state="published", starts_at=datetime(2026, 3, 5, 23, 30, tzinfo=ZoneInfo("America/Caracas")))
    make_attendance(other, beto, status="confirmed", outcome="late")

    def found(**query):
        return names(hr.get(reverse(LIST), query))

    assert found(event__id__exact=other.pk) == ["Beto"]
    assert found(status__exact="confirmed") == ["Beto"]
    assert found(outcome__exact="absent") == ["Ana", "Beto", "Carla"]
    assert found(employee__org_unit__id__exact=sales.pk) == ["Ana", "Beto", "Beto"]
    assert found(event__starts_at__gte="2026-03-05", event__starts_at__lte="2026-03-05") == ["Beto"]
    assert found(event__starts_at__gte="2026-03-06", event__starts_at__lte="2026-03-06") == []
    assert found(q="nanez") == ["Beto", "Beto"]


def test_a_unit_one_does_not_see_filters_nothing_out(rows, manager, finance):
    assert names(manager.get(reverse(LIST), {"employee__org_unit__id__exact": finance.pk})) == []


@pytest.mark.parametrize("query", ["employee__national_id=V-12345678", "employee__org_unit__name=Ventas"])
def test_nothing_else_can_be_asked_of_the_list(query, rows, hr):
    assert hr.get(f"{reverse(LIST)}?{query}").status_code == 400


def test_the_list_takes_as_many_queries_for_three_rows_as_for_one(hr, sales):
    hr.get(reverse(LIST))
    counted = []
    for _size in (1, 3):
        make_attendance(make_event(), make_employee(org_unit=sales))
        with CaptureQueriesContext(connections["business"]) as queries:
            hr.get(reverse(LIST))
        counted.append(len(queries))
        make_attendance(make_event(), make_employee(org_unit=sales))

    assert counted[0] == counted[1] <= 4


# --- One row ----------------------------------------------------------------------------------------------------------
def test_a_row_is_read_with_its_sessions_and_history_and_never_edited(rows, hr, closed):
    SessionMark.objects.create(attendance=rows["Beto"], session=make_session(closed), outcome="late")

    shown = hr.get(page("change", rows["Beto"].pk))

    assert "Session 1" in shown.text
    assert "_save" not in shown.text
    assert hr.post(page("change", rows["Beto"].pk), {"outcome": "present"}).status_code == 403
    assert hr.get(page("history", rows["Beto"].pk)).status_code == 200


def test_who_holds_an_event_reads_who_takes_part_in_it(rows, closed, as_user, hr_manager):
    holder = make_user("holder", employee=make_employee("Hilda"))
    access.grant("view_attendance_at", holder, closed, granted_by=hr_manager, reason="looks on")

    assert names(as_user(holder).get(reverse(LIST))) == ["Ana", "Beto", "Carla"]


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("published", {"hr": {"mark", "cancel"}, "manager": {"mark", "cancel"}, "employee": {"cancel"}}),
        ("completed", {"hr": {"mark", "cancel"}, "manager": {"mark", "cancel"}, "employee": {"cancel"}}),
        (
            "closed",
            {"hr": {"ask_correction", "correct"}, "manager": {"ask_correction"}, "employee": {"ask_correction"}},
        ),
        ("cancelled", {"hr": set(), "manager": set(), "employee": set()}),
    ],
)
def test_what_is_offered_depends_on_the_state_and_the_reader(state, offered, hr, manager, employee, beto):
    row = make_attendance(make_event(state=state), beto, outcome="absent")
    browsers = {"hr": hr, "manager": manager, "employee": employee}

    found = {
        who: {name for name in ("mark", "ask_correction", "correct", "cancel") if page(name, row.pk) in text}
        for who, text in ((who, browser.get(page("change", row.pk)).text) for who, browser in browsers.items())
    }

    assert found == offered


def test_a_manager_marks_from_the_page(manager, beto):
    row = make_attendance(make_event(state="in_progress"), beto)

    answer = manager.dialog(page("mark", row.pk), outcome="late")

    row.refresh_from_db()
    assert (answer.headers["HX-Redirect"], row.outcome) == (page("change", row.pk), "late")


def test_many_are_marked_from_the_list(hr, beto, carla):
    event = make_event(state="in_progress")
    keys = [make_attendance(event, person).pk for person in (beto, carla)]
    data = {"action": "mark_many", "index": 0, "select_across": 0, "_selected_action": keys}

    assert "2 chosen" in hr.post(reverse(LIST), data).text
    hr.post(reverse(LIST), data | {"_form_submitted": "on", "outcome": "excused"})

    assert set(Attendance.objects.values_list("outcome", flat=True)) == {"excused"}


def test_who_waits_reads_his_place(employee, beto, carla):
    event = make_event(state="published", capacity=1)
    make_attendance(event, carla, "waitlisted")
    waits, has_seat = make_attendance(event, beto, "waitlisted"), make_attendance(make_event(state="published"), beto)

    def place(row):
        form = employee.get(page("change", row.pk)).context["adminform"]
        fields = [field for fieldset in form for line in fieldset for field in line]
        return [field.contents() for field in fields if field.field["name"] == "place"]

    assert (place(waits), place(has_seat)) == (["2"], [])


@pytest.mark.parametrize(
    ("in_hours", "values", "offered"),
    [
        (24, {}, {"hr", "manager", "employee"}),
        (-1, {}, {"hr", "manager"}),
        (24, {"outcome": "present"}, set()),
        (24, {"status": "cancelled"}, set()),
    ],
)
def test_an_enrolment_is_cancelled_before_the_start_or_by_who_answers(
    in_hours, values, offered, hr, manager, employee, beto
):
    row = make_attendance(make_event(state="published", in_hours=in_hours), beto, **values)
    browsers = {"hr": hr, "manager": manager, "employee": employee}

    found = {
        who: page("cancel", row.pk) in browser.get(page("change", row.pk)).text for who, browser in browsers.items()
    }

    assert {who for who, is_offered in found.items() if is_offered} == offered


def test_an_employee_cancels_his_own_with_a_reason(employee, beto):
    row = make_attendance(make_event(state="published"), beto)

    answer = employee.dialog(page("cancel", row.pk), reason="Travelling")

    row.refresh_from_db()
    assert employee.texts(answer) == [f"The enrolment was cancelled: {row}."]
    assert (row.status, row.cancelled_from, row.cancel_reason) == ("cancelled", "self", "Travelling")


def many(action, rows, **sent):
    keys = [row.pk for row in rows]
    return {"action": action, "index": 0, "select_across": 0, "_selected_action": keys, **sent}


def test_many_enrolments_are_cancelled_from_the_list(manager, beto, sales):
    people = [beto, make_employee(org_unit=sales)]
    rows = [make_attendance(make_event(state="published"), person) for person in people]

    assert "2 chosen" in manager.post(reverse(LIST), many("cancel_many", rows)).text
    response = manager.post(reverse(LIST), many("cancel_many", rows, _form_submitted="on", reason="Shift"))

    assert set(Attendance.objects.values_list("status", "cancelled_from", "cancel_reason")) == {
        ("cancelled", "manager", "Shift")
    }
    assert manager.texts(response) == ["Done for 2 records."]


def test_of_many_one_who_came_leaves_all_as_they_were(hr, beto, carla):
    event = make_event(state="in_progress")
    rows = [make_attendance(event, beto), make_attendance(event, carla, outcome="present")]

    response = hr.post(reverse(LIST), many("cancel_many", rows, _form_submitted="on"))

    assert "came, so the enrolment stays" in response.text
    assert set(Attendance.objects.values_list("status", flat=True)) == {"registered"}


def test_rows_out_of_sight_are_not_cancelled(manager, beto, carla):
    event = make_event(state="published")
    mine, other = make_attendance(event, beto), make_attendance(event, carla)

    manager.post(reverse(LIST), many("cancel_many", [mine, other], _form_submitted="on"))

    assert dict(Attendance.objects.values_list("employee__first_name", "status")) == {
        "Beto": "cancelled",
        "Carla": "registered",
    }


def test_who_enrols_nobody_has_no_action_to_cancel_many(employee, auditor, as_user, rows):
    for browser in (employee, as_user(auditor)):
        offered = browser.get(reverse(LIST)).context["action_form"]
        assert offered is None or "cancel_many" not in dict(offered.fields["action"].choices)


# --- Corrections ------------------------------------------------------------------------------------------------------
def test_an_employee_asks_and_the_manager_approves(employee, manager, rows):
    asking = employee.dialog(page("ask_correction", rows["Beto"].pk), outcome="present", reason="I was there")
    correction = AttendanceCorrection.objects.get()

    assert employee.dialog(page("approve", correction.pk, "attendancecorrection")).status_code == 403
    deciding = manager.dialog(page("approve", correction.pk, "attendancecorrection"), answer="So he was")

    assert employee.texts(asking) == ["The correction was asked for. You will be told what was decided."]
    assert manager.texts(deciding) == ["The correction was approved, and the attendance changed."]
    correction.refresh_from_db()
    rows["Beto"].refresh_from_db()
    assert (correction.state, correction.answer, rows["Beto"].outcome) == ("approved", "So he was", "present")


def test_hr_corrects_at_once(hr, rows):
    hr.dialog(page("correct", rows["Beto"].pk), outcome="present", reason="List of the gate")

    rows["Beto"].refresh_from_db()
    assert rows["Beto"].outcome == "present"


def test_a_dialog_that_is_refused_stays_open_with_the_reason(employee, rows):
    answer = employee.dialog(page("ask_correction", rows["Beto"].pk), outcome="absent", reason="x")

    assert "That is what is noted already." in answer.text
    assert not AttendanceCorrection.objects.exists()


def test_the_queue_shows_what_is_the_readers_to_decide(manager, employee, rows, ana, beto):
    employee_user, manager_user = (make_user(f"x{number}") for number in (1, 2))
    AttendanceCorrection.objects.bulk_create(
        AttendanceCorrection(attendance=row, outcome="present", reason="x", asked_by_id=user.pk, asked_by_name="X")
        for row, user in ((rows["Beto"], employee_user), (rows["Ana"], manager_user), (rows["Carla"], manager_user))
    )

    response = manager.get(reverse(CORRECTIONS), {"decision": "mine"})

    assert [row.attendance.employee for row in response.context["cl"].result_list] == [beto]


@pytest.mark.parametrize(("action", "state"), [("approve_many", "approved"), ("reject_many", "rejected")])
def test_many_are_decided_from_the_list(action, state, hr, rows, ana, beto):
    asked = ask_corrections(
        {rows[name].pk: "present" for name in ("Ana", "Beto")}, reason="x", actor=make_user(role="HR manager")
    )
    data = {"action": action, "index": 0, "select_across": 0, "_selected_action": [row.pk for row in asked]}

    hr.post(reverse(CORRECTIONS), data | {"_form_submitted": "on", "answer": "Seen"})

    assert set(AttendanceCorrection.objects.values_list("state", flat=True)) == {state}


@pytest.fixture
def asked(rows, beto):
    """Of three people, asked for by nobody here."""
    states = {"Ana": "waiting", "Carla": "waiting", "Beto": "approved"}
    return {
        name: AttendanceCorrection.objects.create(
            attendance=rows[name], outcome="present", reason="x", asked_by_id=0, asked_by_name="X", state=state
        )
        for name, state in states.items()
    }


def decided_of(asked):
    found = AttendanceCorrection.objects.in_bulk([correction.pk for correction in asked.values()])
    return {name: found[correction.pk].state for name, correction in asked.items()}


@pytest.mark.parametrize(("action", "state"), [("approve_many", "approved"), ("reject_many", "rejected")])
def test_what_waits_for_the_reader_is_decided_and_the_rest_counted(action, state, hr, hr_manager, asked):
    AttendanceCorrection.objects.filter(pk=asked["Carla"].pk).update(asked_by_id=hr_manager.pk)
    data = {"action": action, "_selected_action": [correction.pk for correction in asked.values()]}
    told = "2 do not wait for your decision and are passed over."

    shown = hr.post(reverse(CORRECTIONS), data)
    response = hr.post(reverse(CORRECTIONS), data | {"_form_submitted": "on", "answer": "Seen"})

    assert (shown.context["count"], shown.context["passed_over"]) == (1, told)
    assert hr.texts(response) == ["Done for 1 record.", told]
    assert decided_of(asked) == {"Ana": state, "Beto": "approved", "Carla": "waiting"}
    assert not DeniedAttempt.objects.exists()


def test_what_somebody_else_decides_meanwhile_is_passed_over(hr, asked):
    data = {"action": "approve_many", "_selected_action": [asked["Ana"].pk, asked["Carla"].pk]}
    hr.post(reverse(CORRECTIONS), data)
    AttendanceCorrection.objects.filter(pk=asked["Ana"].pk).update(state="rejected")

    response = hr.post(reverse(CORRECTIONS), data | {"_form_submitted": "on", "answer": "Seen"})

    assert hr.texts(response) == ["Done for 1 record.", "1 does not wait for your decision and is passed over."]
    assert decided_of(asked) == {"Ana": "rejected", "Beto": "approved", "Carla": "approved"}


def test_where_nothing_is_left_to_decide_the_list_says_so(hr, asked):
    response = hr.post(
        reverse(CORRECTIONS), {"action": "approve_many", "_selected_action": [asked["Beto"].pk]}, follow=True
    )

    assert "1 does not wait for your decision and is passed over." in response.text


def test_all_of_the_list_is_decided_as_far_as_it_waits(hr, asked):
    data = {"action": "approve_many", "select_across": 1, "_selected_action": [asked["Ana"].pk]}

    response = hr.post(
        reverse(CORRECTIONS, query={"state__exact": "all"}), data | {"_form_submitted": "on", "answer": ""}
    )

    assert hr.texts(response) == ["Done for 2 records.", "1 does not wait for your decision and is passed over."]


def test_only_what_one_asked_for_is_withdrawn(hr, hr_manager, asked):
    AttendanceCorrection.objects.exclude(pk=asked["Carla"].pk).update(asked_by_id=hr_manager.pk)
    data = {"action": "take_back_many", "_selected_action": [correction.pk for correction in asked.values()]}

    response = hr.post(reverse(CORRECTIONS), data | {"_form_submitted": "on"})

    assert hr.texts(response) == [
        "Done for 1 record.",
        "2 were asked for by somebody else or are decided already, and are passed over.",
    ]
    assert decided_of(asked) == {"Ana": "withdrawn", "Beto": "approved", "Carla": "waiting"}


def listed(browser, **query):
    response = browser.get(reverse(CORRECTIONS), query)
    return {str(row.attendance.employee.first_name) for row in response.context["cl"].result_list}


def test_to_who_decides_the_list_opens_on_what_waits(hr, employee, asked):
    asked_for = [{}, {"q": "beto"}, {"state__exact": "all"}, {"state__exact": "approved"}, {"decision": "asked"}]

    assert [listed(hr, **query) for query in asked_for] == [
        {"Ana", "Carla"},
        set(),
        {"Ana", "Beto", "Carla"},
        {"Beto"},
        set(),
    ]
    assert listed(employee) == {"Beto"}


def test_the_list_shows_the_way_to_all_of_it(hr, employee, asked):
    address = reverse(CORRECTIONS)
    tabs = [
        [(tab["title"], tab["link"]) for tab in hr.get(address, query).context["tab_list"][0]["items"] if tab["active"]]
        for query in ({}, {"state__exact": "all"}, {"decision": "mine"})
    ]

    assert tabs == [[("Waiting", "?state__exact=waiting")], [("All", "?state__exact=all")], []]
    assert "?state__exact=all" in hr.get(address).text
    assert "?state__exact=all" not in employee.get(address).text


def noted(browser, **query):
    """What the list says was noted, by the name of the person, latest first."""
    rows = browser.get(reverse(CORRECTIONS), query).context["cl"].result_list
    return [(row.attendance.employee.first_name, row.noted) for row in rows]


def test_a_decided_correction_tells_what_stood_when_it_was_decided(hr, hr_manager, employee, rows):
    other = make_user(role="HR manager")
    (first,) = ask_corrections({rows["Beto"].pk: "present"}, reason="x", actor=other)
    approve_corrections([first.pk], actor=hr_manager)
    (second,) = ask_corrections({rows["Beto"].pk: "late"}, reason="x", actor=other)
    reject_corrections([second.pk], answer="x", actor=hr_manager)
    correct_at_once({rows["Beto"].pk: "excused"}, reason="x", actor=other)
    ask_corrections({rows["Beto"].pk: "late", rows["Carla"].pk: "late"}, reason="x", actor=other)

    assert noted(hr, state__exact="all") == [
        ("Carla", "absent"),
        ("Beto", "excused"),
        ("Beto", "present"),
        ("Beto", "absent"),
    ]
    assert hr.get(page("change", first.pk, "attendancecorrection")).context["original"].noted == "absent"


def test_what_stood_before_the_history_was_thrown_away_is_not_told(hr, hr_manager, rows):
    (asked,) = ask_corrections({rows["Beto"].pk: "late"}, reason="x", actor=make_user(role="HR manager"))
    approve_corrections([asked.pk], actor=hr_manager)
    Attendance.history.filter(id=rows["Beto"].pk).order_by("history_id").first().delete()

    assert noted(hr, state__exact="all") == [("Beto", "")]
    assert hr.get(page("change", asked.pk, "attendancecorrection")).status_code == 200


def test_the_list_of_decided_corrections_takes_as_many_queries_for_three_rows_as_for_one(hr, hr_manager, rows):
    other, counted = make_user(role="HR manager"), []
    for people in (["Ana"], ["Beto", "Carla"]):
        asked = ask_corrections({rows[name].pk: "late" for name in people}, reason="x", actor=other)
        approve_corrections([row.pk for row in asked], actor=hr_manager)
        hr.get(reverse(CORRECTIONS))
        with CaptureQueriesContext(connections["business"]) as queries:
            hr.get(reverse(CORRECTIONS), {"state__exact": "approved"})
        counted.append(len(queries))

    assert counted[0] == counted[1] <= 5


def test_who_asked_withdraws(employee, rows):
    employee.dialog(page("ask_correction", rows["Beto"].pk), outcome="present", reason="x")
    correction = AttendanceCorrection.objects.get()

    employee.dialog(page("take_back", correction.pk, "attendancecorrection"))

    correction.refresh_from_db()
    assert correction.state == "withdrawn"


def test_the_list_of_corrections_takes_as_many_queries_for_three_rows_as_for_one(hr, rows):
    hr.get(reverse(CORRECTIONS))
    counted = []
    for name in ("Ana", "Beto"):
        AttendanceCorrection.objects.create(attendance=rows[name], outcome="late", reason="x", asked_by_id=1)
        with CaptureQueriesContext(connections["business"]) as queries:
            hr.get(reverse(CORRECTIONS))
        counted.append(len(queries))
        AttendanceCorrection.objects.create(attendance=rows["Carla"], outcome="late", reason="x", asked_by_id=1)

    assert counted[0] == counted[1] <= 4
