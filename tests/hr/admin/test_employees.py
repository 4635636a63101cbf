import json
from datetime import date

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from core import roles
from hr.models import Employee
from hr.services.employees import change_employees
from tests.factories import make_employee, make_position, make_unit, make_user
from tests.hr.admin.conftest import sent

LIST = "admin:hr_employee_changelist"


HUGE = "9" * 30  # no key of any database


def page(name, *args):
    return reverse(f"admin:hr_employee_{name}", args=args)


def listed(response):
    return [employee.code for employee in response.context["cl"].result_list]


def reader_without_personal_data():
    user = make_user()
    user.user_permissions.set(Permission.objects.filter(codename="view_employee", content_type__app_label="hr"))
    return user


@pytest.fixture
def everybody(ana, beto, carla):
    return [ana, beto, carla]


# --- List ------------------------------------------------------------------------------------------------------


def test_the_list_shows_everybody_to_a_role_holder(hr, everybody):
    response = hr.get(reverse(LIST))

    assert listed(response) == ["E3", "E2", "E1"]
    assert "Finanzas (FIN)" in response.text
    assert "Analista" in response.text


def test_an_employee_finds_himself_alone(as_user, everybody, beto):
    browser = as_user(make_user(employee=beto, role=roles.EMPLOYEE))

    assert listed(browser.get(reverse(LIST))) == ["E2"]
    assert listed(browser.get(reverse(LIST), {"q": "carla"})) == []


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ({"status__exact": "suspended"}, ["S1"]),
        ({"hired_on__gte": "2023-01-01", "hired_on__lte": "2023-12-31"}, ["H1"]),
        ({"hired_on__gte": "2023-01-01", "hired_on__lte": ""}, ["H1"]),
        ({"country": "CO"}, ["C1"]),
        ({"boss": "left"}, ["B1"]),
        ({"q": "perez"}, ["E1"]),
        ({"q": "nanez beto"}, ["E2"]),
        ({"q": "12345678"}, ["E2"]),
    ],
)
def test_the_list_is_filtered_and_searched(hr, everybody, finance, query, codes):
    gone = make_employee(code="G1", last_name="Mota", org_unit=finance, status="terminated", ended_on=date(2024, 1, 1))
    make_employee(code="S1", last_name="Mota", org_unit=finance, status="suspended")
    make_employee(code="H1", last_name="Mota", org_unit=finance, hired_on=date(2023, 6, 1))
    make_employee(code="C1", last_name="Mota", org_unit=finance, country="CO")
    make_employee(code="B1", last_name="Mota", org_unit=finance, reports_to=gone)

    assert listed(hr.get(reverse(LIST), query)) == codes


def test_people_are_filtered_by_unit_with_all_below(hr, everybody, company, sales):
    make_employee(code="T1", last_name="Zapata", org_unit=make_unit(parent=sales))

    assert listed(hr.get(reverse(LIST), {"org_unit__id__exact": sales.pk})) == ["E2", "E1", "T1"]
    assert listed(hr.get(reverse(LIST), {"org_unit__id__exact": company.pk})) == ["E3", "E2", "E1", "T1"]


def test_people_are_filtered_by_position(hr, everybody, analyst):
    assert listed(hr.get(reverse(LIST), {"position__id__exact": analyst.pk})) == ["E2"]


@pytest.mark.parametrize("field", ["org_unit", "position"])
def test_a_filter_names_nothing_outside_the_scope(as_user, everybody, beto, carla, field):
    carla.position = make_position("Cargo Secreto")
    carla.save()
    browser = as_user(make_user(employee=beto, role=roles.EMPLOYEE))

    response = browser.get(reverse(LIST), {f"{field}__id__exact": getattr(carla, f"{field}_id")})

    assert listed(response) == []
    assert "Finanzas" not in response.text
    assert "Cargo Secreto" not in response.text


@pytest.mark.parametrize("value", ["abc", "999999", "1 OR 1=1", HUGE])
def test_a_filter_for_what_does_not_exist_finds_nobody(hr, everybody, value):
    assert listed(hr.get(reverse(LIST), {"org_unit__id__exact": value})) == []


@pytest.mark.parametrize(
    "lookup",
    [
        "national_id__startswith",
        "birth_date__gte",
        "private_phone__contains",
        "org_unit__employees__national_id__startswith",
        "org_unit__head__last_name",
        "position__employees__last_name",
    ],
)
def test_hidden_fields_cannot_be_asked_for(hr, everybody, lookup):
    response = hr.get(reverse(LIST), {lookup: "1"})

    assert response.status_code == 400 or "e=1" in response.headers.get("Location", "")


def test_personal_data_is_not_searched_without_the_right(as_user, everybody):
    browser = as_user(reader_without_personal_data())

    assert listed(browser.get(reverse(LIST), {"q": "12345678"})) == []
    assert listed(browser.get(reverse(LIST), {"q": "beto"})) == ["E2"]


def test_the_list_takes_as_many_queries_for_three_rows_as_for_one(
    hr, hr_manager, beto, django_assert_num_queries, django_assert_max_num_queries
):
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    hr.get(reverse(LIST))  # content types are kept for the process
    counted = []
    for _size in (1, 3):
        with (
            CaptureQueriesContext(connections["business"]) as business,
            CaptureQueriesContext(connections["default"]) as rest,
        ):
            hr.get(reverse(LIST))
        counted.append((len(business), len(rest)))
        for _row in range(2):
            make_employee(position=make_position(), reports_to=beto)

    assert counted[0] == counted[1]
    assert counted[0][0] <= 6


def test_an_empty_list_says_what_to_do_next(hr):
    response = hr.get(reverse(LIST))

    assert "load all employees at once" in response.text
    assert page("add") in response.text
    assert "Nothing matches" in hr.get(reverse(LIST), {"q": "nobody"}).text


# --- One person ------------------------------------------------------------------------------------------------


def test_the_page_of_a_person_shows_fieldsets_and_tabs(hr, beto):
    response = hr.get(page("change", beto.pk))

    assert response.status_code == 200
    for text in ("V-12345678", "+58 412-1234567", page("history", beto.pk), "Employment"):
        assert text in response.text


def test_personal_fields_are_hidden_without_the_right(as_user, beto):
    response = as_user(reader_without_personal_data()).get(page("change", beto.pk))

    assert response.status_code == 200
    assert "beto@example.org" in response.text
    for text in ("12345678", "412-1234567", "national_id", "birth_date", "private_phone"):
        assert text not in response.text


def test_an_employee_reads_his_own_page_and_changes_nothing(as_user, beto):
    browser = as_user(make_user(employee=beto, role=roles.EMPLOYEE))

    response = browser.get(page("change", beto.pk))

    assert response.status_code == 200
    assert "V-12345678" in response.text
    assert 'name="_save"' not in response.text
    assert "Ana Pérez (E1)" in response.text
    assert page("change", beto.reports_to_id) not in response.text
    assert browser.post(page("change", beto.pk), {"first_name": "X"}).status_code == 403


@pytest.mark.parametrize("name", ["change", "history", "move", "suspend", "delete"])
def test_somebody_out_of_scope_is_like_nobody(as_user, beto, carla, name):
    browser = as_user(make_user(employee=beto, role=roles.EMPLOYEE))

    hidden, absent = (browser.get(page(name, key)) for key in (carla.pk, 999_999))

    assert hidden.status_code == absent.status_code
    assert hidden.status_code in {302, 403, 404}
    assert "Carla" not in hidden.text


def test_nobody_is_deleted(hr, beto):
    assert hr.get(page("delete", beto.pk)).status_code == 403
    assert hr.post(page("delete", beto.pk), {"post": "yes"}).status_code == 403
    assert Employee.objects.filter(pk=beto.pk).exists()


def test_a_person_is_hired_through_the_form(hr, sales, analyst, ana):
    data = hr.form(
        page("add"),
        first_name="Dora",
        last_name="Gil",
        national_id="v 9876543",
        work_phone="0212 5551234",
        org_unit=sales.pk,
        position=analyst.pk,
        reports_to=ana.pk,
        hired_on="2024-03-01",
    )

    response = hr.post(page("add"), data)

    dora = Employee.objects.get(first_name="Dora")
    assert response.status_code == 302
    assert (dora.code, dora.national_id, dora.work_phone) == ("EMP-00001", "V-9876543", "+582125551234")
    assert (dora.org_unit, dora.position, dora.reports_to) == (sales, analyst, ana)
    told = dora.history.get()
    assert (told.history_type, told.history_user_name, told.history_source) == ("+", "Hugo", "ui")


def test_a_broken_rule_is_shown_on_its_field_and_nothing_typed_is_lost(hr, sales, beto):
    data = hr.form(
        page("add"),
        first_name="Dora",
        last_name="Gil",
        national_id="12345678",
        org_unit=sales.pk,
        hired_on="2024-03-01",
    )

    form = hr.post(page("add"), data).context["adminform"].form

    assert form.errors == {"national_id": ["Another employee has that national id."]}
    assert form["first_name"].value() == "Dora"
    assert Employee.objects.filter(first_name="Dora").count() == 0


def test_a_forged_unit_is_no_choice(hr, as_user, beto, carla):
    """A user who may change some, but sees only himself, cannot name a unit he does not see."""
    data = hr.form(page("change", beto.pk), org_unit=999_999)

    form = hr.post(page("change", beto.pk), data).context["adminform"].form

    assert list(form.errors) == ["org_unit"]


def test_a_form_saves_what_was_changed(hr, beto):
    response = hr.post(page("change", beto.pk), hr.form(page("change", beto.pk), last_name="Núñez"))

    beto.refresh_from_db()
    assert response.status_code == 302
    assert (beto.last_name, beto.version) == ("Núñez", 2)


def test_a_form_saved_unchanged_writes_nothing(hr, beto):
    hr.post(page("change", beto.pk), hr.form(page("change", beto.pk)))

    beto.refresh_from_db()
    assert (beto.version, beto.history.count()) == (1, 1)


def test_a_stale_form_shows_the_others_change_and_can_then_be_saved_over_it(hr, beto, finance, bulk_loader):
    mine = hr.form(page("change", beto.pk), first_name="Roberto")
    others = {"last_name": "Núñez", "work_phone": "0212 5551234", "org_unit": finance, "reports_to": None}
    change_employees({beto.pk: others}, actor=bulk_loader)

    response = hr.post(page("change", beto.pk), mine)

    beto.refresh_from_db()
    assert (beto.first_name, beto.version) == ("Beto", 2)
    for text in ("Lola", "last name «Ñáñez» → «Núñez»", "work phone «–» → «+58 212-5551234»"):
        assert text in response.text
    form = response.context["adminform"].form
    assert list(form.errors) == ["__all__"]
    assert form["first_name"].value() == "Roberto"  # mine
    assert form["last_name"].value() == "Núñez"  # the other's
    assert int(form["version"].value()) == 2

    again = {bound.html_name: sent(bound) for bound in form}
    assert hr.post(page("change", beto.pk), again).status_code == 302
    beto.refresh_from_db()
    assert (beto.first_name, beto.last_name, beto.work_phone) == ("Roberto", "Núñez", "+582125551234")
    assert (beto.org_unit, beto.reports_to, beto.version) == (finance, None, 3)


def test_a_form_without_its_version_is_refused(hr, beto):
    data = hr.form(page("change", beto.pk), first_name="Roberto", version="")

    response = hr.post(page("change", beto.pk), data)

    beto.refresh_from_db()
    assert response.status_code == 200
    assert beto.first_name == "Beto"


def test_the_history_tab_tells_changes_page_by_page(hr, beto, hr_manager):
    for number in range(25):
        change_employees({beto.pk: {"first_name": f"Beto {number}"}}, actor=hr_manager)

    first, last = (hr.get(page("history", beto.pk), {"p": number}).text for number in (1, 2))

    assert "Beto 24" in first
    assert "Beto 3<" not in first
    assert "Beto 3<" in last
    assert "the system" in last


def test_the_history_hides_personal_values_without_the_right(as_user, beto, hr_manager):
    change_employees({beto.pk: {"private_phone": "0424-1112233"}}, actor=hr_manager)

    text = as_user(reader_without_personal_data()).get(page("history", beto.pk)).text

    assert "Private phone" in text
    assert "1112233" not in text


# --- Actions on one person ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["move", "change_boss", "suspend", "terminate"])
def test_opening_a_dialog_changes_nothing(hr, beto, name):
    response = hr.get(page(name, beto.pk))

    beto.refresh_from_db()
    assert 'id="dialog"' in response.text
    assert beto.version == 1


def test_dialogs_move_and_change_the_boss(hr, beto, carla, finance):
    moved = hr.dialog(page("move", beto.pk), org_unit=finance.pk)
    hr.dialog(page("change_boss", beto.pk), reports_to=carla.pk)

    beto.refresh_from_db()
    assert moved.headers["HX-Redirect"] == page("change", beto.pk)
    assert (beto.org_unit, beto.reports_to, beto.version) == (finance, carla, 3)


def test_dialogs_end_and_resume_an_employment(hr, beto):
    steps = [
        ("suspend", {"reason": "leave"}, "suspended"),
        ("reactivate", {}, "active"),
        ("terminate", {"ended_on": "2024-05-31", "reason": "resigned"}, "terminated"),
        ("rehire", {"hired_on": "2025-01-07"}, "active"),
    ]
    for name, data, status in steps:
        hr.dialog(page(name, beto.pk), **data)
        beto.refresh_from_db()
        assert beto.status == status

    assert (beto.hired_on, beto.ended_on, beto.version) == (date(2025, 1, 7), None, 5)
    assert [row.history_change_reason for row in beto.history.all()[:4]] == [None, "resigned", None, "leave"]


def test_a_rule_that_says_no_keeps_the_dialog_open(hr, beto):
    response = hr.dialog(page("terminate", beto.pk), ended_on="2019-01-01")

    beto.refresh_from_db()
    assert response.status_code == 200
    assert "HX-Redirect" not in response.headers
    assert "cannot end before it begins" in response.text
    assert beto.status == "active"


def test_a_rule_about_no_field_is_shown_in_the_dialog_too(as_user, hr_manager, beto):
    """Between opening and sending, somebody else suspended him."""
    hr_manager.employee_uid = None
    browser = as_user(hr_manager)
    Employee.objects.filter(pk=beto.pk).update(reports_to=None)

    response = browser.dialog(page("change_boss", beto.pk), reports_to=beto.pk)

    assert "directly or through others" in response.text


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        ("active", {"suspend", "terminate"}),
        ("suspended", {"reactivate", "terminate"}),
        ("terminated", {"rehire"}),
    ],
)
def test_only_what_the_status_allows_is_offered_and_done(hr, beto, status, offered):
    beto.status, beto.ended_on = status, date(2024, 5, 31) if status == "terminated" else None
    beto.save()

    text = hr.get(page("change", beto.pk)).text

    verbs = {"suspend", "reactivate", "terminate", "rehire"}
    assert {verb for verb in verbs if page(verb, beto.pk) in text} == offered
    for verb in verbs - offered:
        assert hr.dialog(page(verb, beto.pk), ended_on="2024-05-31", hired_on="2025-01-01").status_code == 403


def test_nobody_is_offered_to_end_his_own_employment(as_user, beto):
    browser = as_user(make_user(employee=beto, role=roles.HR_MANAGER))

    assert page("terminate", beto.pk) not in browser.get(page("change", beto.pk)).text
    assert browser.dialog(page("terminate", beto.pk), ended_on="2024-05-31").status_code == 403


@pytest.mark.parametrize("name", ["move", "suspend", "terminate"])
def test_an_auditor_is_offered_no_action(as_user, auditor, beto, name):
    browser = as_user(auditor)

    assert page(name, beto.pk) not in browser.get(page("change", beto.pk)).text
    assert browser.get(page(name, beto.pk)).status_code == 403


# --- Actions on many ---------------------------------------------------------------------------------------------


def many(browser, action, rows, **data):
    selected = {"_selected_action": [row.pk for row in rows]}
    return browser.post(reverse(LIST), {"action": action, "index": 0, "select_across": 0} | selected | data)


def test_a_number_too_large_for_a_key_is_nobody(hr, ana):
    action = {"action": "move_many", "index": 0, "select_across": 0, "_selected_action": HUGE}

    assert hr.post(reverse(LIST), action).status_code == 302
    assert hr.post(page("add"), hr.form(page("add"), org_unit=HUGE)).status_code == 200
    assert hr.get(page("add"), {"org_unit": HUGE}).status_code == 200
    assert hr.get(reverse("admin:hr_employee_why"), {"user": HUGE, "employee": HUGE}).status_code == 200


def test_an_action_on_many_asks_first(hr, everybody, finance):
    response = many(hr, "move_many", everybody[:2])

    assert response.status_code == 200
    assert "2 chosen" in response.text
    assert "Ana Pérez (E1)" in response.text
    assert not Employee.objects.filter(code__in=["E1", "E2"], org_unit=finance).exists()


@pytest.mark.parametrize(
    ("action", "data", "expected"),
    [
        ("move_many", {"org_unit": "FIN"}, {"org_unit__code": "FIN"}),
        ("change_boss_many", {"reports_to": "E3"}, {"reports_to__code": "E3"}),
        ("suspend_many", {"reason": "strike"}, {"status": "suspended"}),
        ("terminate_many", {"ended_on": "2024-05-31"}, {"status": "terminated", "ended_on": date(2024, 5, 31)}),
    ],
)
def test_an_action_on_many_is_carried_out(hr, everybody, finance, action, data, expected):
    keys = {"FIN": finance.pk, "E3": everybody[2].pk}
    data = {name: keys.get(value, value) for name, value in data.items()}

    response = many(hr, action, everybody[:2], _form_submitted="on", **data)

    assert response.status_code == 302
    assert Employee.objects.filter(code__in=["E1", "E2"], **expected).count() == 2


def test_all_of_the_filter_means_all_pages_of_it(hr, sales, finance):
    for number in range(60):
        make_employee(code=f"N{number}", org_unit=sales)
    other = make_employee(org_unit=finance, status="suspended")

    hr.post(
        reverse(LIST) + "?status__exact=active",
        {
            "action": "suspend_many",
            "index": 0,
            "select_across": 1,
            "_selected_action": [Employee.objects.first().pk],
            "_form_submitted": "on",
        },
    )

    assert Employee.objects.filter(status="suspended", version=2).count() == 60
    other.refresh_from_db()
    assert other.version == 1


def test_one_who_cannot_stops_all_and_is_named(hr, everybody):
    Employee.objects.filter(code="E2").update(status="suspended")

    response = many(hr, "suspend_many", everybody, _form_submitted="on")

    assert response.status_code == 200
    assert "Beto Ñáñez (E2) is suspended" in response.text
    assert Employee.objects.filter(status="active").count() == 2


def test_an_auditor_has_no_actions(as_user, auditor, everybody):
    browser = as_user(auditor)

    many(browser, "suspend_many", everybody, _form_submitted="on")

    assert Employee.objects.filter(status="active").count() == 3


# --- Autocomplete ----------------------------------------------------------------------------------------------


def choices(browser, field, term="", model="employee"):
    query = {"app_label": "hr", "model_name": model, "field_name": field, "term": term}
    response = browser.get(reverse("admin:autocomplete"), query)
    return [choice["text"] for choice in json.loads(response.content)["results"]]


@pytest.mark.parametrize(("field", "model"), [("reports", "employee"), ("employees", "orgunit")])
def test_a_relation_that_leads_back_offers_no_choices(hr, ana, field, model):
    query = {"app_label": "hr", "model_name": model, "field_name": field, "term": ""}

    assert hr.get(reverse("admin:autocomplete"), query).status_code == 403


def test_choices_are_searched_without_accents(hr, everybody):
    assert choices(hr, "reports_to", "perez") == ["Ana Pérez (E1)"]


def test_choices_hold_only_what_the_user_sees(as_user, everybody, beto):
    browser = as_user(make_user(employee=beto, role=roles.EMPLOYEE))

    assert choices(browser, "reports_to") == ["Beto Ñáñez (E2)"]


@pytest.mark.parametrize(("field", "model"), [("reports_to", "employee"), ("head", "orgunit")])
def test_who_left_is_no_choice_for_a_boss_or_head(hr, ana, field, model):
    make_employee("Gabriel", status="terminated", ended_on=date(2024, 1, 1))

    assert choices(hr, field, model=model) == ["Ana Pérez (E1)"]
