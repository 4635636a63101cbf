"""The pages about the roll of an event: roll-call, sheet to sign, screen, checking in."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from core import access, roles
from hr.admin.roll_call import KEYS
from hr.admin.roll_pages import span
from hr.check_in_codes import Sitting, codes_now
from hr.models import Attendance, Event, SessionMark
from tests.factories import make_attendance, make_employee, make_event, make_session, make_unit, make_user


def page(name, event, **query):
    return reverse(f"admin:hr_attendance_{name}", args=[event.pk], query=query)


CHECK_IN = "admin:hr_attendance_check_in"


@pytest.fixture
def event(db):
    return make_event("Inducción", code="IND", place="Sala 1", state="in_progress", in_hours=-0.1)


@pytest.fixture
def rows(event, ana, beto, carla):
    return {person.first_name: make_attendance(event, person) for person in (ana, beto, carla)}


@pytest.fixture
def manager(as_user, ana):
    return as_user(make_user("ana", employee=ana))


@pytest.fixture
def employee(as_user, beto):
    return as_user(make_user("beto", employee=beto))


def names(response):
    return [line.attendance.employee.first_name for line in response.context["lines"]]


def noted(**outcomes):
    """What the page sends of people: {key: (seen, chosen)}."""
    data = {}
    for key, (seen, chosen) in outcomes.items():
        data |= {f"was-{key[1:]}": seen, f"o-{key[1:]}": chosen}
    return data


def line(row, chosen, seen="pending"):
    return noted(**{f"k{row.pk}": (seen, chosen)})


# --- Roll-call --------------------------------------------------------------------------------------------------------
def test_the_roll_names_whom_the_reader_may_mark_by_name(event, rows, hr, manager):
    assert names(hr.get(page("roll_call", event))) == ["Carla", "Beto", "Ana"]
    assert names(manager.get(page("roll_call", event))) == ["Beto"]


@pytest.mark.parametrize("language", ["en", "es"])
def test_each_outcome_has_a_key_of_its_own_in_every_language(language):
    with translation.override(language):
        keys = [str(key) for key in KEYS.values()]

    assert len({key.lower() for key in keys}) == len(keys)
    assert {len(key) for key in keys} == {1}


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        (0.25, "03/05/2026 11:30 p.m. – 11:45 p.m."),
        (1.5, "03/05/2026 11:30 p.m. – 03/06/2026 1 a.m."),
    ],
)
def test_the_day_of_the_end_is_told_where_it_is_another_one(hours, told):
    starts_at = datetime(2026, 3, 5, 23, 30, tzinfo=ZoneInfo("America/Caracas"))

    assert span(starts_at, starts_at + timedelta(hours=hours)) == told


def test_saving_without_a_change_says_so(event, rows, hr):
    response = hr.post(page("roll_call", event), line(rows["Beto"], "pending"))

    assert hr.texts(response) == ["Nothing was changed."]


def test_who_waits_or_was_cancelled_is_not_in_the_roll(event, hr, beto, carla):
    make_attendance(event, beto, status="waitlisted")
    make_attendance(event, carla, status="cancelled")

    assert names(hr.get(page("roll_call", event))) == []


@pytest.mark.parametrize("name", ["roll_call", "walk_ins", "sign_in_sheet", "screen"])
def test_the_pages_are_closed_to_who_marks_nobody(name, event, rows, employee, as_user):
    assert employee.get(page(name, event)).status_code == 403
    assert as_user(make_user(role=roles.AUDITOR)).get(page(name, event)).status_code == 403


@pytest.mark.parametrize("name", ["roll_call", "walk_ins", "sign_in_sheet", "screen"])
def test_an_event_out_of_sight_is_not_there(name, rows, manager, carla):
    elsewhere = make_event(state="in_progress")
    make_attendance(elsewhere, carla)

    assert manager.get(page(name, elsewhere)).status_code == 404


def test_two_hundred_people_are_marked_in_one_submit(event, hr, sales):
    people = [make_attendance(event, make_employee(org_unit=sales)) for _number in range(200)]
    data = {}
    for number, row in enumerate(people):
        data |= line(row, ["present", "late", "absent", "excused"][number % 4])

    response = hr.post(page("roll_call", event), data)

    assert (response.status_code, hr.texts(response)) == (302, ["200 marks saved."])
    counted = hr.get(page("roll_call", event)).context["counts"]
    assert {value: count for value, _label, count in counted} == {
        "present": 50,
        "late": 50,
        "absent": 50,
        "excused": 50,
        "pending": 0,
    }


def test_a_roll_of_many_is_read_two_hundred_a_page_in_as_many_queries(event, hr, sales):
    hr.get(page("roll_call", event))
    counted = []
    for size in (1, 200):
        for _number in range(size):
            make_attendance(event, make_employee(org_unit=sales))
        with CaptureQueriesContext(connections["business"]) as queries:
            response = hr.get(page("roll_call", event))
        counted.append(len(queries))

    assert counted[0] == counted[1]
    assert len(response.context["lines"]) == 200
    assert len(hr.get(page("roll_call", event, p=2)).context["lines"]) == 1


def test_only_what_was_changed_on_the_page_is_sent_on(event, rows, hr):
    """Somebody checks in while the page is open: it still says pending of him."""
    Attendance.objects.filter(pk=rows["Beto"].pk).update(outcome="present", marked_from="check_in")

    hr.post(page("roll_call", event), line(rows["Beto"], "pending") | line(rows["Carla"], "late"))

    assert dict(Attendance.objects.values_list("employee__first_name", "outcome")) == {
        "Ana": "pending",
        "Beto": "present",
        "Carla": "late",
    }


def test_a_mark_that_somebody_else_overtook_is_shown_with_what_was_chosen(event, rows, hr):
    Attendance.objects.filter(pk=rows["Beto"].pk).update(outcome="present", marked_by_name="Lola")

    response = hr.post(page("roll_call", event), line(rows["Beto"], "absent") | line(rows["Carla"], "late"))

    assert response.status_code == 400
    assert "Beto Ñáñez (E2): present (Lola)" in response.text
    lines = {one.attendance.pk: (one.saved, one.chosen) for one in response.context["lines"]}
    assert lines[rows["Beto"].pk] == ("present", "absent")
    assert lines[rows["Carla"].pk] == ("pending", "late")


def test_a_manager_who_forges_the_form_marks_neither_strangers_nor_himself(event, rows, manager):
    for name in ("Ana", "Carla"):
        assert manager.post(page("roll_call", event), line(rows[name], "present")).status_code == 400

    assert set(Attendance.objects.values_list("outcome", flat=True)) == {"pending"}


@pytest.mark.parametrize("data", [{"o-x": "present"}, {"o-1": "nonsense"}, {"o-": "late"}, {"o-²": "late"}])
def test_what_the_page_would_never_send_does_nothing(data, event, rows, hr):
    assert hr.post(page("roll_call", event), data).status_code == 302
    assert set(Attendance.objects.values_list("outcome", flat=True)) == {"pending"}


@pytest.mark.parametrize(
    ("term", "found"), [("nanez", ["Beto"]), ("e3", ["Carla"]), ("GIL carla", ["Carla"]), ("zzz", [])]
)
def test_the_roll_is_searched(term, found, event, rows, hr):
    assert names(hr.get(page("roll_call", event, q=term))) == found


def test_a_closed_roll_is_read_only(rows, event, hr):
    event.state = "closed"
    event.save()

    response = hr.get(page("roll_call", event))

    assert "The roll of this event is not open" in response.text
    assert hr.post(page("roll_call", event), line(rows["Beto"], "late")).status_code == 400


@pytest.mark.parametrize(
    ("state", "hours", "is_told"),
    [("published", 24 * 14, True), ("published", -0.1, False), ("in_progress", 1, False), ("closed", 1, False)],
)
def test_a_roll_says_that_it_has_yet_to_begin(hr, beto, state, hours, is_told):
    event = make_event(state=state, in_hours=hours)
    make_attendance(event, beto)

    assert ("It has not begun yet" in hr.get(page("roll_call", event)).text) == is_told


def test_the_roll_of_a_session_says_that_it_has_yet_to_begin(event, rows, hr):
    on = make_session(event, 1)
    coming = make_session(event, 2, starts_at=event.ends_at, ends_at=event.ends_at + timedelta(hours=2))

    told = ["It has not begun yet" in hr.get(page("roll_call", event, session=key)).text for key in (on.pk, coming.pk)]

    assert told == [False, True]


def test_of_a_course_each_session_has_its_roll(event, rows, hr):
    first, second = make_session(event, 1), make_session(event, 2)

    hr.post(page("roll_call", event, session=second.pk), line(rows["Beto"], "late"))

    assert list(SessionMark.objects.values_list("session__number", "outcome")) == [(2, "late")]
    chosen = {
        number: {one.attendance.employee.first_name: one.saved for one in response.context["lines"]}
        for number, response in (
            (number, hr.get(page("roll_call", event, session=session.pk)))
            for number, session in ((1, first), (2, second))
        )
    }
    assert (chosen[1]["Beto"], chosen[2]["Beto"]) == ("pending", "late")
    assert [
        count for _value, _label, count in hr.get(page("roll_call", event, session=second.pk)).context["counts"]
    ] == [
        0,
        1,
        0,
        0,
        2,
    ]


def test_a_walk_in_is_enrolled_and_present(event, rows, hr, sales):
    guest = make_employee("Gabo", org_unit=sales)

    hr.post(page("roll_call", event), line(rows["Beto"], "late") | {"walk_ins": [guest.pk]})

    outcomes = dict(Attendance.objects.values_list("employee__first_name", "outcome"))
    assert outcomes == {"Ana": "pending", "Beto": "late", "Carla": "pending", "Gabo": "present"}


def test_a_walk_in_who_is_marked_already_keeps_the_mark_and_is_named(event, rows, hr):
    Attendance.objects.filter(pk=rows["Beto"].pk).update(outcome="late", marked_from="check_in")

    response = hr.post(page("roll_call", event), {"walk_ins": [rows["Beto"].employee_id]})

    assert hr.texts(response) == ["Was marked before, and stays so: Beto Ñáñez (E2) – late."]
    assert Attendance.objects.get(pk=rows["Beto"].pk).outcome == "late"


def test_a_walk_in_at_a_full_event_costs_nobody_his_mark(event, rows, hr, sales):
    Event.objects.filter(pk=event.pk).update(capacity=3, seats_taken=3)
    guest = make_employee("Gabo", "Mora", code="E77", org_unit=sales)

    response = hr.post(page("roll_call", event), line(rows["Beto"], "late") | {"walk_ins": [guest.pk]})

    saved, refused = hr.texts(response)
    assert saved == "1 mark saved."
    assert refused.startswith("There is no seat for Gabo Mora (E77), of whom nothing was noted.")
    assert Attendance.objects.get(pk=rows["Beto"].pk).outcome == "late"
    assert not Attendance.objects.filter(employee=guest).exists()


def offered(browser, event, term=""):
    """Whom the choice of walk-ins offers."""
    response = browser.get(page("walk_ins", event, term=term))
    return [person["text"].split()[0] for person in response.json()["results"]]


def test_only_who_may_be_brought_in_and_has_no_seat_is_offered(event, ana, beto, carla, hr, manager, sales):
    make_attendance(event, beto)
    make_attendance(event, make_employee("Wanda", org_unit=sales), status="waitlisted")
    make_attendance(event, make_employee("Xavier", org_unit=sales), status="cancelled")
    make_employee("Yago", org_unit=sales, status="terminated", ended_on="2026-01-01")

    assert sorted(offered(hr, event)) == ["Ana", "Carla", "Wanda", "Xavier"]
    assert offered(hr, event, term="gil e3") == ["Carla"]
    assert sorted(offered(manager, event)) == ["Wanda", "Xavier"]


def test_many_are_offered_a_page_at_a_time(event, hr, sales):
    for _number in range(21):
        make_employee(org_unit=sales)

    first, second = (hr.get(page("walk_ins", event, page=number)).json() for number in (1, 2))

    assert [len(part["results"]) for part in (first, second)] == [20, 1]
    assert [part["pagination"]["more"] for part in (first, second)] == [True, False]
    assert hr.get(page("walk_ins", event, page="x")).json() == first


def test_the_choice_of_walk_ins_asks_the_roll_whom_it_may_offer(event, hr):
    assert f'data-ajax--url="{page("walk_ins", event)}"' in hr.get(page("roll_call", event)).text


def test_without_scripts_walk_ins_are_named_by_code(event, rows, hr, sales):
    make_employee("Gabo", code="E77", org_unit=sales)

    hr.post(page("roll_call", event), {"codes": "e77"})
    refused = hr.post(page("roll_call", event), {"codes": "E78"} | line(rows["Beto"], "late"))

    assert Attendance.objects.get(employee__code="E77").outcome == "present"
    assert "Nobody of this code: E78." in refused.text
    assert Attendance.objects.get(employee__code="E2").outcome == "pending"


def test_a_manager_brings_in_his_people_only(event, rows, manager, sales):
    mine, foreign = make_employee("Mía", code="E81", org_unit=sales), make_employee("Otro", code="E82")

    manager.post(page("roll_call", event), {"walk_ins": [mine.pk]})
    refused = [
        manager.post(page("roll_call", event), data) for data in ({"walk_ins": [foreign.pk]}, {"codes": foreign.code})
    ]

    assert [response.status_code for response in refused] == [400, 400]
    assert sorted(Attendance.objects.values_list("employee__first_name", flat=True)) == ["Ana", "Beto", "Carla", "Mía"]


# --- Sign-in sheet ----------------------------------------------------------------------------------------------------
def test_the_sheet_holds_national_ids_for_who_may_see_them(event, rows, hr, manager):
    assert "V-12345678" in hr.get(page("sign_in_sheet", event)).text
    shown = manager.get(page("sign_in_sheet", event)).text
    assert "Ñáñez, Beto" in shown
    assert "V-12345678" not in shown
    assert "Gil, Carla" not in shown


def test_of_some_people_only_the_ids_are_there(event, rows, as_user, ana, beto, hr_manager, sales):
    make_attendance(event, make_employee("Pía", org_unit=sales, national_id="V-55555555"))
    user = make_user("ana", employee=ana)
    access.grant("view_personal_data", user, beto, granted_by=hr_manager, reason="takes the roll")

    shown = as_user(user).get(page("sign_in_sheet", event)).text

    assert ("V-12345678" in shown, "V-55555555" in shown) == (True, False)


def test_the_sheet_of_a_session_says_which(event, rows, hr):
    make_session(event, 1)
    second = make_session(event, 2)

    assert "Session 2 ·" in hr.get(page("sign_in_sheet", event, session=second.pk)).text


# --- The screen -------------------------------------------------------------------------------------------------------
def test_the_screen_shows_a_code_to_scan_and_one_to_type(event, rows, hr):
    response = hr.get(page("screen", event))

    codes = codes_now(Sitting(event.pk))
    assert "<svg" in response.text
    assert f"{codes.short[:3]}-{codes.short[3:]}" in response.text
    assert "no-store" in response.headers["Cache-Control"]


def test_its_fragment_is_what_changes(event, rows, hr):
    fragment = hr.get(page("screen", event, fragment=1)).text

    assert "<svg" in fragment
    assert "<html" not in fragment
    assert 200 <= int(re.search(r"delay:(\d+)ms", fragment)[1]) <= 20_200


@pytest.mark.parametrize(
    ("state", "hours", "text"),
    [
        ("in_progress", 1, "Check-in opens at"),
        ("in_progress", -5, "Check-in is over."),
        ("cancelled", 1, "Check-in is over."),
    ],
)
def test_outside_the_window_the_screen_shows_no_code(state, hours, text, hr, beto):
    event = make_event(state=state, in_hours=hours)
    make_attendance(event, beto)

    shown = hr.get(page("screen", event)).text

    assert text in shown
    assert "screen-code" not in shown


def test_a_manager_shows_no_codes_to_people_who_are_not_his(event, rows, manager):
    assert manager.get(page("screen", event)).status_code == 403
    assert page("screen", event) not in manager.get(page("roll_call", event)).text


# --- Checking in ------------------------------------------------------------------------------------------------------
def send(browser, code, reader):
    return browser.post(reverse(CHECK_IN), {"code": code, "reader": reader.pk})


def test_an_employee_scans_and_is_present(event, rows, as_user, beto):
    user = make_user("beto", employee=beto)
    browser = as_user(user)
    code = codes_now(Sitting(event.pk)).long

    opened = browser.get(reverse(CHECK_IN), {"code": code})
    assert Attendance.objects.get(employee=beto).outcome == "pending"
    response = send(browser, opened.context["form"]["code"].value(), user)

    assert browser.texts(response) == ["You are checked in to Inducción (IND): present."]
    assert Attendance.objects.get(employee=beto).outcome == "present"
    assert "You are checked in already." in send(browser, code, user).text


def test_a_scanned_page_names_its_event_to_who_is_in_it(event, rows, as_user, beto):
    enrolled, other = as_user(make_user("beto", employee=beto)), as_user(make_user(employee=make_employee()))
    code = codes_now(Sitting(event.pk)).long

    assert enrolled.get(reverse(CHECK_IN), {"code": code}).context["event"] == event
    page = other.get(reverse(CHECK_IN), {"code": code})
    assert (page.context["event"], "Inducción" in page.text) == (None, False)


@pytest.mark.parametrize("code", ["1-0-1:forged", "1-0-1:"])
def test_a_scanned_code_that_is_over_is_told_at_once_and_another_one_asked_for(code, rows, as_user, beto):
    page = as_user(make_user("beto", employee=beto)).get(reverse(CHECK_IN), {"code": code})

    assert page.status_code == 200
    assert "This code is not right, or no longer" in page.text
    assert 'name="code" value="1-0-1' not in page.text


def test_a_page_that_somebody_else_opened_checks_nobody_in(event, rows, as_user, beto, ana):
    opened_by, sends = make_user("beto", employee=beto), make_user("ana", employee=ana)

    response = send(as_user(sends), codes_now(Sitting(event.pk)).long, opened_by)

    assert (response.status_code, "Somebody else opened this page." in response.text) == (400, True)
    assert set(Attendance.objects.values_list("outcome", flat=True)) == {"pending"}


def test_nobody_is_checked_in_by_another(event, rows, as_user, beto, carla):
    """Whatever the form names besides: it is the login that counts."""
    user = make_user("beto", employee=beto)
    data = {"code": codes_now(Sitting(event.pk)).short, "reader": user.pk}

    as_user(user).post(reverse(CHECK_IN), data | {"employee": carla.pk, "attendance": rows["Carla"].pk})

    assert dict(Attendance.objects.values_list("employee__first_name", "outcome")) == {
        "Ana": "pending",
        "Beto": "present",
        "Carla": "pending",
    }


def test_a_wrong_code_can_be_corrected(event, rows, as_user, beto):
    user = make_user("beto", employee=beto)

    response = send(as_user(user), "K7P-2QM", user)

    assert response.status_code == 400
    assert "This code is not right" in response.text
    assert response.context["form"]["code"].value() == "K7P-2QM"


def test_who_is_not_logged_in_is_led_to_the_login_and_back(client, event, rows):
    address = reverse(CHECK_IN, query={"code": codes_now(Sitting(event.pk)).long})

    response = client.get(address)

    assert (response.status_code, response.headers["Location"].startswith("/login/?next=")) == (302, True)


def test_the_page_is_closed_to_an_account_without_employee(hr):
    assert hr.get(reverse(CHECK_IN)).status_code == 403


def test_no_page_holds_an_inline_script(event, rows, hr, employee):
    make_unit()
    pages = [hr.get(page(name, event)).text for name in ("roll_call", "sign_in_sheet", "screen")]
    pages.append(employee.get(reverse(CHECK_IN)).text)

    inline = [tag for text in pages for tag in re.findall(r"<script(?![^>]*\bsrc=)[^>]*>[^<]*\S[^<]*</script>", text)]
    assert [tag for tag in inline if "application/json" not in tag] == []
