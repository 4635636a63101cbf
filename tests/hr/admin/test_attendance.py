"""The list of attendance, the page of one, and corrections."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core import access
from hr.models import Attendance, AttendanceCorrection, SessionMark
from hr.services.corrections import ask_corrections
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
