"""The pages about oneself: what they show, what their buttons do, and for whom there are none."""

import re
from datetime import date, timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from core import roles
from hr.models import Attendance, ChangeRequest, Employee, EventAudience
from hr.self_service import TOLD, attendance_of, counters
from tests.factories import (
    make_attendance,
    make_evaluation,
    make_event,
    make_kind,
    make_round,
    make_session,
    make_user,
)

PROFILE, EVENTS = "admin:hr_employee_profile", "admin:hr_event_mine"
ATTENDANCE, EVALUATIONS = "admin:hr_attendance_mine", "admin:hr_evaluation_mine"
ASK, MISSING = "admin:hr_changerequest_ask", "admin:hr_changerequest_missing_people"
PAGES = [PROFILE, EVENTS, ATTENDANCE, EVALUATIONS, ASK, "admin:hr_event_my_calendar"]


@pytest.fixture
def beto_browser(as_user, beto):
    return as_user(make_user("beto", employee=beto, role=roles.EMPLOYEE))


@pytest.fixture
def ana_browser(as_user, ana):
    return as_user(make_user("ana", employee=ana, role=roles.MANAGER))


def open_event(title="Inducción", **values):
    event = make_event(title, state="published", open_enrolment=True, **values)
    EventAudience.objects.create(event=event, everybody=True)
    return event


def titles(response):
    return [card["event"].title if "event" in card else card["row"].event.title for card in response.context["cards"]]


def status_of(event, employee):
    row = Attendance.objects.filter(event=event, employee=employee).first()
    return row.status if row else None


def queries(browser, address):
    with (
        CaptureQueriesContext(connections["business"]) as business,
        CaptureQueriesContext(connections["default"]) as default,
    ):
        browser.get(address)
    return len(business), len(default)


# --- For whom ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("page", PAGES)
def test_the_pages_exist_for_employees_alone(page, beto_browser, hr):
    assert beto_browser.get(reverse(page)).status_code == 200
    answers = [hr.get(address) for address in (reverse(page), "/no-such-page/")]
    assert [answer.status_code for answer in answers] == [404, 404]


def test_the_sidebar_offers_them_to_employees(beto_browser, hr):
    def groups(browser):
        return [str(group["title"]) for group in browser.get(reverse("admin:index")).context["sidebar_navigation"]]

    assert ("For me" in groups(beto_browser), "For me" in groups(hr)) == (True, False)


def test_a_list_of_requests_is_offered_to_who_works_on_them(ana_browser, beto_browser, hr):
    def titles(browser):
        groups = browser.get(reverse("admin:index")).context["sidebar_navigation"]
        return [str(item["title"]) for group in groups for item in group["items"]]

    shown = ["Requests to HR" in titles(browser) for browser in (hr, ana_browser, beto_browser)]
    assert shown == [True, True, False]


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("admin:hr_event_register", f"{EVENTS}?show=open"),
        ("admin:hr_attendance_confirm_own", f"{EVENTS}?show=coming"),
        ("admin:hr_attendance_give_up", f"{EVENTS}?show=coming"),
        ("admin:hr_changerequest_withdraw_own", PROFILE),
    ],
)
def test_who_follows_a_button_is_led_to_its_page_and_nothing_is_done(name, page, beto_browser, beto, hr):
    """As the login leads him whose session had ended when he pressed it."""
    event = open_event()
    row = make_attendance(event, beto) if "attendance" in name else None
    request = make_request(beto, int(beto_browser.session["_auth_user_id"])) if "changerequest" in name else None
    address = reverse(name, args=[(row or request or event).pk])
    page, _mark, query = page.partition("?")

    response = beto_browser.get(address)

    assert (response.status_code, response["Location"]) == (302, reverse(page) + (f"?{query}" if query else ""))
    assert beto_browser.texts(response) == ["Nothing was done yet: press the button once more."]
    assert list(Attendance.objects.values_list("status", flat=True)) == (["registered"] if row else [])
    assert set(ChangeRequest.objects.values_list("state", flat=True)) <= {"waiting"}
    assert [hr.get(address).status_code, hr.post(address).status_code] == [404, 404]


# --- My profile -------------------------------------------------------------------------------------------------------
def test_the_profile_shows_what_is_known_of_oneself(beto_browser, beto):
    response = beto_browser.get(reverse(PROFILE))

    assert [fact for _title, facts in response.context["groups"] for fact in facts] == [
        ("First name", "Beto"),
        ("Last name", "Ñáñez"),
        ("Country", "Venezuela"),
        ("National id", "V-12345678"),
        ("Birth date", "–"),
        ("Work e-mail", "beto@example.org"),
        ("Code", "E2"),
        ("Unit", "Ventas"),
        ("Position", "Analista"),
        ("Reports to", "Ana Pérez"),
        ("Hired on", "01/07/2020"),
    ]


def test_phones_are_changed_at_once(beto_browser, beto):
    values = {"version": beto.version, "work_phone": "0212 555 1234", "private_phone": ""}

    response = beto_browser.post(reverse(PROFILE), values)

    assert (response.status_code, beto_browser.texts(response)) == (302, ["Your phones were saved."])
    beto.refresh_from_db()
    assert (beto.work_phone, beto.private_phone) == ("+582125551234", "")
    assert beto.history.first().history_source == "self-service"


def test_what_is_no_phone_is_told_on_its_field(beto_browser, beto):
    response = beto_browser.post(reverse(PROFILE), {"version": beto.version, "work_phone": "12", "private_phone": ""})

    assert response.status_code == 400
    assert list(response.context["form"].errors) == ["work_phone"]


def test_who_saves_over_another_change_is_told_first(beto_browser, beto):
    Employee.objects.filter(pk=beto.pk).update(version=5)
    values = {"version": 1, "work_phone": "0212 555 1234", "private_phone": ""}

    response = beto_browser.post(reverse(PROFILE), values)

    form = response.context["form"]
    assert "Not saved" in form.non_field_errors()[0]
    again = {bound.html_name: bound.value() for bound in form}
    assert again == values | {"version": 5}
    assert beto_browser.post(reverse(PROFILE), again).status_code == 302


def asked_for(response):
    return [(row.what, row.old_words, row.new_words, label) for row, label in response.context["requests"]]


def test_a_change_is_asked_for_by_writing_over_what_is_wrong(beto_browser, beto):
    form = beto_browser.get(reverse(ASK)).context["form"]
    data = {bound.html_name: bound.field.widget.format_value(bound.value()) or "" for bound in form}
    data["country"] = "VE"

    response = beto_browser.post(reverse(ASK), data | {"last_name": "Núñez", "org_unit": "Compras", "reason": "Moved"})

    assert (response.status_code, beto_browser.texts(response)) == (302, ["HR was asked for 2 changes."])
    assert asked_for(beto_browser.get(reverse(PROFILE))) == [
        ("Unit", "Ventas (VEN)", "Compras", "warning"),
        ("Last name", "Ñáñez", "Núñez", "warning"),
    ]
    page = beto_browser.get(reverse(ASK))
    assert page.context["waiting"] == ["last name", "unit"]
    assert {"last_name", "org_unit"}.isdisjoint(page.context["form"].fields)


def test_a_request_that_makes_no_sense_is_answered_in_the_form(beto_browser, beto):
    response = beto_browser.post(
        reverse(ASK), {"version": 1, "first_name": "", "country": "VE", "last_name": "Ñáñez", "reason": "x"}
    )

    assert (response.status_code, ChangeRequest.objects.count()) == (400, 0)
    assert response.context["form"].errors["first_name"] == ["This field cannot be blank."]


def test_what_somebody_changed_meanwhile_is_not_asked_back(beto_browser, beto):
    Employee.objects.filter(pk=beto.pk).update(first_name="Alberto", version=2)
    data = {"version": 1, "first_name": "Beto", "last_name": "Gil", "country": "VE", "reason": "x"}

    response = beto_browser.post(reverse(ASK), data)

    assert (response.status_code, response["Location"], ChangeRequest.objects.count()) == (302, reverse(ASK), 0)
    assert "Not saved, because it was changed" in beto_browser.texts(response)[0]


def make_request(employee, user_id, **values):
    defaults = {"field": "first_name", "old": "Beto", "new": "Alberto", "reason": "x", "asked_by_name": "somebody"}
    return ChangeRequest.objects.create(employee=employee, asked_by_id=user_id, **defaults | values)


def test_one_withdraws_what_one_asked_for_and_nothing_else(beto_browser, as_user, beto, carla):
    mine = make_request(beto, int(beto_browser.session["_auth_user_id"]))
    other = make_request(carla, make_user("carla", employee=carla).pk)

    told = []
    for row in (mine, other):
        response = beto_browser.post(reverse("admin:hr_changerequest_withdraw_own", args=[row.pk]))
        told += beto_browser.texts(response)[-1:]

    assert told == ["The request was withdrawn.", "That record does not exist."]
    assert list(ChangeRequest.objects.order_by("pk").values_list("state", flat=True)) == ["withdrawn", "waiting"]


# --- A manager's people -----------------------------------------------------------------------------------------------
def test_a_manager_tells_hr_who_is_missing_whether_the_code_exists_or_not(ana_browser, carla):
    told = []
    for who in (carla.code, "E999"):
        response = ana_browser.post(reverse(MISSING), {"people": who, "reason": "Since Monday"})
        told.append((response.status_code, response["Location"], ana_browser.texts(response)[-1]))

    listed = reverse("admin:hr_changerequest_changelist")
    assert told == [(302, listed, "HR was told. You will be told what was decided.")] * 2


def test_who_manages_nobody_has_no_page_for_it(beto_browser, hr):
    assert [browser.get(reverse(MISSING)).status_code for browser in (beto_browser, hr)] == [404, 404]


def test_a_manager_says_on_the_page_of_a_person_that_she_is_not_his(ana_browser, beto):
    address = reverse("admin:hr_employee_not_mine", args=[beto.pk])

    response = ana_browser.dialog(address, field="reports_to", reason="Works for Carla")

    assert response.headers["HX-Redirect"] == reverse("admin:hr_employee_change", args=[beto.pk])
    row = ChangeRequest.objects.get()
    assert (row.kind, row.employee, row.field, row.reason) == ("not_mine", beto, "reports_to", "Works for Carla")


def test_the_page_of_oneself_does_not_offer_it(ana_browser, beto_browser, ana, beto):
    text = ana_browser.get(reverse("admin:hr_employee_change", args=[beto.pk])).content.decode()
    own = ana_browser.get(reverse("admin:hr_employee_change", args=[ana.pk])).content.decode()
    his = beto_browser.get(reverse("admin:hr_employee_change", args=[beto.pk])).content.decode()

    assert ["Not one of my people" in page for page in (text, own, his)] == [True, False, False]


# --- HR decides -------------------------------------------------------------------------------------------------------
def page_of(name, row):
    return reverse(f"admin:hr_changerequest_{name}", args=[row.pk])


def test_hr_approves_in_a_dialog(hr, beto):
    row = make_request(beto, 999)

    response = hr.dialog(page_of("approve", row), answer="Seen")

    assert response.headers["HX-Redirect"] == page_of("change", row)
    beto.refresh_from_db()
    row.refresh_from_db()
    assert (beto.first_name, row.state, row.answer) == ("Alberto", "approved", "Seen")


def test_hr_is_asked_only_for_what_a_request_leaves_open(hr, beto, carla, sales, finance):
    plain = make_request(beto, 999)
    unit = make_request(beto, 999, kind="not_mine", field="org_unit", old=str(sales.pk), new="")
    missing = make_request(None, 999, kind="missing", field="", old="", new=carla.code.lower())

    fields = [
        [name for name in hr.get(page_of("approve", row)).context["form"].fields if not name.startswith("_")]
        for row in (plain, unit, missing)
    ]

    assert fields == [["answer"], ["org_unit", "answer"], ["employee", "org_unit", "reports_to", "answer"]]
    assert hr.get(page_of("approve", missing)).context["form"].initial["employee"] == carla.pk
    refused = hr.dialog(page_of("approve", unit), answer="")
    assert refused.context["form"].errors == {"org_unit": ["Say which one is right: unit."]}
    hr.dialog(page_of("approve", unit), answer="", org_unit=finance.pk)
    beto.refresh_from_db()
    assert beto.org_unit == finance


def test_hr_decides_many_at_once(hr, beto, carla):
    rows = [make_request(beto, 999), make_request(carla, 998, old="Carla", new="Carlota")]
    data = {"action": "approve_many", "_selected_action": [row.pk for row in rows]}

    page = hr.post(reverse("admin:hr_changerequest_changelist"), data)
    assert [name for name in page.context["form"].fields if not name.startswith("_")] == ["answer"]
    hr.post(reverse("admin:hr_changerequest_changelist"), data | {"_form_submitted": "on", "answer": "Seen"})

    names = Employee.objects.filter(pk__in=[beto.pk, carla.pk]).order_by("pk").values_list("first_name", flat=True)
    assert list(names) == ["Alberto", "Carlota"]


def test_what_waits_for_hr_is_decided_and_the_rest_counted(hr, hr_manager, beto, carla):
    waits, own = make_request(beto, 999), make_request(carla, hr_manager.pk, old="Carla", new="Carlota")
    done = make_request(carla, 999, field="birth_date", old="1990-05-07", new="1991-05-07")
    ChangeRequest.objects.filter(pk=done.pk).update(state="rejected")
    data = {"action": "approve_many", "_selected_action": [waits.pk, own.pk, done.pk], "_form_submitted": "on"}

    response = hr.post(reverse("admin:hr_changerequest_changelist"), data | {"answer": ""})

    assert hr.texts(response) == ["Done for 1 record.", "2 do not wait for your decision and are passed over."]
    states = dict(ChangeRequest.objects.values_list("pk", "state"))
    assert states == {waits.pk: "approved", own.pk: "waiting", done.pk: "rejected"}


def test_what_a_decided_request_left_open_is_not_asked_for(hr, beto, sales):
    waits = make_request(beto, 999)
    done = make_request(beto, 999, kind="not_mine", field="org_unit", old=str(sales.pk), new="")
    ChangeRequest.objects.filter(pk=done.pk).update(state="approved")

    page = hr.post(
        reverse("admin:hr_changerequest_changelist"),
        {"action": "approve_many", "_selected_action": [waits.pk, done.pk]},
    )

    assert [name for name in page.context["form"].fields if not name.startswith("_")] == ["answer"]


def test_the_list_of_requests_opens_on_what_waits(hr, beto_browser, beto):
    done = make_request(beto, int(beto_browser.session["_auth_user_id"]))
    ChangeRequest.objects.filter(pk=done.pk).update(state="rejected")
    address = reverse("admin:hr_changerequest_changelist")

    found = [
        list(browser.get(address, query).context["cl"].result_list)
        for browser, query in ((hr, {}), (hr, {"state__exact": "all"}), (beto_browser, {}))
    ]

    assert found == [[], [done], [done]]


def test_the_list_tells_old_and_new_with_as_many_queries_for_3_as_for_1(hr, beto, carla, sales, finance):
    address = reverse("admin:hr_changerequest_changelist")
    make_request(beto, 999, field="org_unit", old=str(sales.pk), new="Compras")
    make_request(beto, 999, field="birth_date", old="", new="1990-01-02")
    hr.get(address)
    one = queries(hr, address)
    make_request(carla, 998, field="org_unit", old=str(finance.pk), new="Ventas")
    make_request(carla, 998, field="birth_date", old="1990-05-07", new="1991-05-07")

    assert queries(hr, address) == (one[0], one[1])
    rows = hr.get(address).context["cl"].result_list
    assert [(row.what, row.old_words, row.new_words) for row in rows] == [
        ("Birth date", "05/07/1990", "05/07/1991"),
        ("Unit", "Finanzas (FIN)", "Ventas"),
        ("Birth date", "–", "01/02/1990"),
        ("Unit", "Ventas (VEN)", "Compras"),
    ]


def test_who_is_no_longer_seen_is_not_named_by_a_request(ana_browser, beto, finance):
    row = make_request(beto, int(ana_browser.session["_auth_user_id"]), kind="not_mine", field="org_unit", old="1")
    Employee.objects.filter(pk=beto.pk).update(org_unit=finance, reports_to=None)

    withdraw = {"action": "take_back_many", "_selected_action": [row.pk]}
    texts = [
        ana_browser.get(page_of("change", row)).content.decode(),
        ana_browser.get(reverse("admin:hr_changerequest_changelist")).content.decode(),
        ana_browser.post(reverse("admin:hr_changerequest_changelist"), withdraw).content.decode(),
    ]

    assert ["Ñáñez" in text for text in texts] == [False, False, False]
    assert "not visible to you" in texts[0]


# --- My events --------------------------------------------------------------------------------------------------------
def test_events_are_coming_open_or_past(beto_browser, beto, carla):
    going, waits = make_event("Going", state="published"), make_event("Waits", state="in_progress", in_hours=-1)
    make_attendance(going, beto)
    make_attendance(waits, beto, status="waitlisted")
    make_attendance(make_event("Held", state="closed", in_hours=-90), beto, outcome="present")
    left = open_event("Left")
    make_attendance(left, beto, status="cancelled", cancelled_from="self")
    open_event("Open")
    open_event("Begun", in_hours=-1)
    make_event("Not open", state="published")
    make_attendance(make_event("Carla's", state="published"), carla)

    shown = {show: titles(beto_browser.get(reverse(EVENTS), {"show": show})) for show in ("coming", "open", "past")}

    assert shown == {"coming": ["Waits", "Going"], "open": ["Left", "Open"], "past": ["Left", "Held"]}
    links = beto_browser.get(reverse(EVENTS)).context["links"]
    assert [(link["key"], link["count"]) for link in links] == [("coming", 2), ("open", 2), ("past", 2)]


def test_of_what_was_cancelled_one_reads_why(beto_browser, beto):
    make_attendance(make_event("Off", state="cancelled", state_reason="Sin sala"), beto, status="cancelled")
    make_attendance(open_event("Left"), beto, status="cancelled", cancelled_from="self", cancel_reason="De viaje")
    make_attendance(make_event("Reopened", state="completed", state_reason="Faltó uno", in_hours=-9), beto)

    response = beto_browser.get(reverse(EVENTS), {"show": "past"})

    assert {card["event"].title: card["reason"] for card in response.context["cards"]} == {
        "Off": "Sin sala", "Left": "De viaje", "Reopened": "",
    }  # fmt: skip
    assert "Reason: Sin sala" in response.text


def press(browser, name, key):
    response = browser.post(reverse(name, args=[key]))
    assert response.status_code == 302
    return browser.texts(response)[-1]


def test_ones_events_say_what_is_mandatory_and_missing(ana_browser, beto_browser, ana, beto):
    """Of oneself, whoever one leads."""
    event = open_event("Ergonomía", mandatory=True)
    make_attendance(event, beto)
    Attendance.objects.create(
        event=open_event("Evacuación", mandatory=True, in_hours=-1), employee=ana, outcome="present"
    )

    def owed(browser):
        page = browser.get(reverse(EVENTS))
        return [(each.requirement.title.split(" (")[0], each.enrolment) for each, *_label in page.context["owed"]]

    assert dict(owed(beto_browser)) == {"Ergonomía": beto.attendance.get(event=event), "Evacuación": None}
    assert owed(ana_browser) == [("Ergonomía", None)]
    assert "registered for" in beto_browser.get(reverse(EVENTS)).text
    assert beto_browser.get(reverse(EVENTS), {"show": "past"}).context["owed"] == []


def test_the_buttons_register_confirm_and_cancel(beto_browser, beto):
    event = open_event()

    assert press(beto_browser, "admin:hr_event_register", event.pk) == "You are registered: Inducción."
    row = Attendance.objects.get()
    assert (row.status, row.history.first().history_source) == ("registered", "self-service")
    told = press(beto_browser, "admin:hr_attendance_confirm_own", row.pk)
    assert (told, status_of(event, beto)) == ("Thank you. It is noted that you will come.", "confirmed")
    told = press(beto_browser, "admin:hr_attendance_give_up", row.pk)
    assert (told, status_of(event, beto)) == ("You are no longer enrolled.", "cancelled")


def test_a_full_event_offers_its_wait_list(beto_browser, beto, carla):
    event = open_event(capacity=1)
    make_attendance(event, carla)
    (card,) = beto_browser.get(reverse(EVENTS), {"show": "open"}).context["cards"]

    told = press(beto_browser, "admin:hr_event_register", event.pk)

    assert (card["is_full"], card["may_register"]) == (True, True)
    assert (told, status_of(event, beto)) == ("Inducción is full: you are on the wait-list.", "waitlisted")


def test_who_was_taken_out_by_a_manager_is_told_whom_to_ask(beto_browser, beto):
    event = open_event()
    make_attendance(event, beto, status="cancelled", cancelled_from="manager")
    response = beto_browser.get(reverse(EVENTS), {"show": "open"})

    assert [card["may_register"] for card in response.context["cards"]] == [False]
    assert "Ask your manager or HR to renew it" in response.content.decode()
    told = press(beto_browser, "admin:hr_event_register", event.pk)
    assert told == "Your enrolment was cancelled. Ask your manager or HR to renew it."


def test_what_is_not_ones_own_is_not_there(beto_browser, ana_browser, beto, carla):
    """A manager sees the enrolments of her people; the buttons are about her own."""
    event = make_event(state="published")
    others, his = make_attendance(event, carla), make_attendance(event, beto)

    assert press(beto_browser, "admin:hr_attendance_confirm_own", others.pk) == "That record does not exist."
    assert press(beto_browser, "admin:hr_attendance_confirm_own", 99999) == "That record does not exist."
    assert press(beto_browser, "admin:hr_event_register", 99999) == "That record does not exist."
    for name in ("admin:hr_attendance_confirm_own", "admin:hr_attendance_give_up"):
        assert press(ana_browser, name, his.pk) == "That record does not exist."
    assert set(Attendance.objects.values_list("status", flat=True)) == {"registered"}


@pytest.mark.parametrize(
    ("event", "status", "outcome", "buttons"),
    [
        ({"state": "published"}, "registered", "pending", (True, True, False)),
        ({"state": "published"}, "confirmed", "pending", (False, True, False)),
        ({"state": "published"}, "waitlisted", "pending", (False, True, False)),
        ({"state": "in_progress", "in_hours": -1}, "registered", "pending", (False, False, True)),
        ({"state": "published", "in_hours": -1}, "registered", "pending", (False, False, True)),
        ({"state": "published"}, "registered", "excused", (False, True, False)),
        ({"state": "in_progress", "in_hours": -1}, "registered", "present", (False, False, False)),
        ({"state": "in_progress", "in_hours": -1}, "waitlisted", "pending", (False, False, False)),
    ],
)
def test_each_card_offers_what_is_possible(event, status, outcome, buttons, beto_browser, beto):
    make_attendance(make_event(**event), beto, status=status, outcome=outcome)

    (card,) = beto_browser.get(reverse(EVENTS)).context["cards"]

    assert (card["may_confirm"], card["may_cancel"], card["may_check_in"]) == buttons


def test_the_page_of_an_event_offers_what_ones_own_card_does(beto_browser, ana_browser, hr, ana, beto):
    """Mail, notifications and the first page lead there."""
    event, open_one = make_event(state="published"), open_event()
    row = make_attendance(event, beto)
    over = make_attendance(make_event(state="closed", in_hours=-90), beto).event

    def buttons(browser, event):
        content = browser.get(reverse("admin:hr_event_change", args=[event.pk])).text
        addresses = {
            "confirm": reverse("admin:hr_attendance_confirm_own", args=[row.pk]),
            "give up": reverse("admin:hr_attendance_give_up", args=[row.pk]),
            "register": reverse("admin:hr_event_register", args=[event.pk]),
        }
        return [name for name, address in addresses.items() if address in content]

    assert buttons(beto_browser, event) == ["confirm", "give up"]
    assert buttons(beto_browser, open_one) == buttons(ana_browser, open_one) == ["register"]
    assert (
        buttons(beto_browser, over) == buttons(ana_browser, event) == buttons(hr, event) == buttons(hr, open_one) == []
    )


def test_a_place_is_not_given_up_by_one_touch(beto_browser, beto):
    row = make_attendance(make_event(state="published"), beto)

    content = beto_browser.get(reverse(EVENTS)).text

    asked_again = re.search(r"<details.*?</details>", content, re.DOTALL)
    assert reverse("admin:hr_attendance_give_up", args=[row.pk]) in asked_again[0]
    assert content.count(reverse("admin:hr_attendance_give_up", args=[row.pk])) == 1


def test_the_calendar_holds_what_is_coming_session_by_session(beto_browser, beto):
    course, talk = make_event("Curso", state="published"), make_event("Charla", state="published", in_hours=48)
    for number in (1, 2):
        make_session(course, number)
    make_attendance(course, beto)
    make_attendance(talk, beto)
    make_attendance(make_event("Held", state="closed", in_hours=-90), beto)

    response = beto_browser.get(reverse("admin:hr_event_my_calendar"))

    calendar = Calendar.from_ical(response.content)
    assert [str(entry["SUMMARY"]) for entry in calendar.walk("VEVENT")] == [
        "Curso: Session 1",
        "Curso: Session 2",
        "Charla",
    ]
    assert (response["Content-Type"], calendar["METHOD"]) == ("text/calendar; charset=utf-8", "PUBLISH")
    assert response["Content-Disposition"] == 'attachment; filename="my-events.ics"'


def test_the_file_of_one_event_is_for_who_sees_it(beto_browser, beto, carla):
    seen, unseen = make_event("Charla", code="CH-1", state="published"), make_event(state="published")
    make_attendance(seen, beto)
    make_attendance(unseen, carla)
    files = [beto_browser.get(reverse("admin:hr_event_calendar_file", args=[event.pk])) for event in (seen, unseen)]

    assert [file.status_code for file in files] == [200, 404]
    (entry,) = Calendar.from_ical(files[0].content).walk("VEVENT")
    assert (str(entry["SUMMARY"]), "ATTENDEE" in entry, entry["DTSTART"].dt) == (
        "Charla",
        False,
        seen.starts_at.replace(microsecond=0),
    )


# --- My attendance ----------------------------------------------------------------------------------------------------
@pytest.fixture
def years(beto, carla):
    """Two kinds over two years, one of each sort, and somebody else's."""
    talk, course = make_kind("Charla"), make_kind("Curso")
    at = timezone.make_aware(timezone.datetime(2026, 1, 1, 0, 30))
    last = {"state": "closed", "ends_at": at, "starts_at": at - timedelta(hours=1)}
    this = {"state": "closed", "starts_at": at, "ends_at": at + timedelta(hours=1)}
    for outcome in ("present", "present", "late", "absent"):
        make_attendance(make_event(f"New {outcome}", kind=talk, **this), beto, outcome=outcome)
    make_attendance(make_event("Old excused", kind=course, **last), beto, outcome="excused")
    make_attendance(make_event("Old cancelled", kind=course, **last), beto, status="cancelled", outcome="present")
    make_attendance(make_event("Next", kind=course, state="published"), beto, status="waitlisted")
    make_attendance(make_event("Carla's", kind=talk, **this), carla, outcome="present")
    return {"talk": talk, "course": course, "next": timezone.localdate().year}


def counted(response):
    return {str(counter["label"]): counter["count"] for counter in response.context["counters"]}


def test_counters_are_the_rows_behind_them(beto_browser, years):
    response = beto_browser.get(reverse(ATTENDANCE))

    assert counted(response) == {
        "present": 2,
        "late": 1,
        "absent": 1,
        "excused": 1,
        "waitlisted": 1,
        "cancelled": 1,
    }
    assert response.context["total"]["count"] == len(response.context["cards"]) == 7
    for counter in response.context["counters"]:
        behind = beto_browser.get(reverse(ATTENDANCE) + counter["link"])
        assert len(behind.context["cards"]) == behind.context["page"].paginator.count == counter["count"]
        assert {str(card["label"][0]) for card in behind.context["cards"]} == {str(counter["label"])}


def test_every_row_is_of_exactly_one_sort(beto, beto_browser):
    for status in Attendance.Status:
        for outcome in ("pending", "present", "late", "absent", "excused"):
            make_attendance(make_event(), beto, status=status, outcome=outcome)
    user = type(make_user("x")).objects.get(username="beto")
    rows = attendance_of(user)

    assert sum(rows.filter(condition).count() for condition in TOLD.values()) == rows.count() == 20
    assert {counter.told: counter.count for counter in counters(rows)} == {
        told: rows.filter(condition).count() for told, condition in TOLD.items()
    }


def test_half_an_hour_after_midnight_is_of_the_new_year(beto_browser, years):
    """In Caracas it was 2025 still when the old ones began."""
    old = beto_browser.get(reverse(ATTENDANCE), {"year": "2025"})
    new = beto_browser.get(reverse(ATTENDANCE), {"year": "2026", "kind": years["talk"].pk})

    assert counted(old) == {"excused": 1, "cancelled": 1}
    assert counted(new) == {"present": 2, "late": 1, "absent": 1}
    assert set(old.context["years"]) == {2025, 2026, years["next"]} | set(range(2026, years["next"]))
    assert {str(kind) for kind in old.context["kinds"]} == {"Charla", "Curso"}


@pytest.mark.parametrize("query", [{"year": "x"}, {"kind": "0"}, {"told": "x"}, {"p": "x"}, {"year": "9999"}])
def test_what_makes_no_sense_is_not_asked(query, beto_browser, years):
    assert beto_browser.get(reverse(ATTENDANCE), query).context["page"].paginator.count == 7


# --- My evaluations ---------------------------------------------------------------------------------------------------
def test_what_waits_comes_first_and_leads_to_the_answers(beto_browser, beto, carla):
    today = timezone.localdate()
    due = {"later": today + timedelta(days=9), "soon": today, "over": today - timedelta(days=1)}
    rows = {
        name: make_evaluation(beto, in_round=make_round(name), state="available", due_on=day)
        for name, day in due.items()
    }
    make_evaluation(beto, in_round=make_round("graded"), state="graded", grade=77)
    make_evaluation(beto, in_round=make_round("closed"), state="pending", due_on=due["later"])
    make_evaluation(carla, in_round=make_round("Carla's"), state="available")

    shown = {
        show: [
            card["row"].round.title for card in beto_browser.get(reverse(EVALUATIONS), {"show": show}).context["cards"]
        ]
        for show in ("open", "later", "done")
    }

    assert shown == {"open": ["soon", "later"], "later": ["closed"], "done": ["graded", "over"]}
    text = beto_browser.get(reverse(EVALUATIONS)).content.decode()
    assert reverse("admin:hr_evaluation_answer", args=[rows["soon"].pk]) in text


@pytest.mark.parametrize("page", [EVENTS, f"{EVENTS}?open", f"{EVENTS}?past", ATTENDANCE, EVALUATIONS, PROFILE])
def test_pages_ask_as_much_for_3_rows_as_for_1(page, beto_browser, beto):
    name, _mark, show = page.partition("?")
    address = reverse(name) + (f"?show={show}" if show else "")
    user_id = int(beto_browser.session["_auth_user_id"])

    def one_more(number):
        make_attendance(make_event(f"On {number}", state="published", kind=make_kind()), beto)
        make_attendance(make_event(f"Off {number}", state="closed", in_hours=-90, kind=make_kind()), beto)
        open_event(f"Open {number}")
        make_evaluation(beto, in_round=make_round(f"Round {number}"), state="available")
        make_request(beto, user_id, field="birth_date", old="", new=date(1990, 1, number).isoformat())

    one_more(1)
    beto_browser.get(address)
    one = queries(beto_browser, address)
    one_more(2)
    one_more(3)

    assert queries(beto_browser, address) == one
