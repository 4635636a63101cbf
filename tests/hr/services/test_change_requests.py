"""What people ask HR for: who may ask what about whom, who decides, and what an approval changes."""

from datetime import date

import pytest
from django.contrib.auth.models import Group

from core import access, roles
from core.errors import DomainError, InvalidTransition, NotAllowed, NotFound, StaleRow
from core.models import User
from hr.change_requests import name_values
from hr.models import ChangeRequest, Employee, Notification, OutboxMessage
from hr.services import outbox
from hr.services.change_requests import (
    Choice,
    approve_change_requests,
    ask_changes,
    disown_employees,
    reject_change_requests,
    report_missing,
    withdraw_change_requests,
)
from hr.services.employees import change_employees, change_own_phones
from tests.factories import make_employee, make_user


@pytest.fixture
def actors(ana, beto, carla):
    """By name; each as the next request would read him."""
    users = {
        "Ana": make_user("ana", employee=ana),
        "Beto": make_user("beto", employee=beto),
        "Carla": make_user("carla", employee=carla),
        "HR": make_user("hr", role=roles.HR_MANAGER),
        "other HR": make_user("hrb", role=roles.HR_MANAGER),
        "admin": make_user("admin", role=roles.ADMINISTRATOR),
        "loader": make_user("loader", role=roles.BULK_LOADER),
        "auditor": make_user("auditor", role=roles.AUDITOR),
        "deputy": make_user("deputy", employee=make_employee("Delia")),
        "granted": make_user("granted", employee=make_employee("Gabo")),
        "nobody": make_user("nobody"),
    }
    access.grant("act_as_manager", users["deputy"], ana, granted_by=users["Ana"], reason="away")
    access.grant("view_employee", users["granted"], beto, granted_by=users["HR"], reason="works with him")
    return lambda name: User.objects.get(pk=users[name].pk)


def answer_of(service, *args, **kwargs):
    try:
        service(*args, **kwargs)
    except (NotAllowed, NotFound) as error:
        return "not allowed" if isinstance(error, NotAllowed) else "not found"
    return "done"


def told(kind):
    return list(OutboxMessage.objects.filter(kind=kind).order_by("pk").values_list("payload", flat=True))


def ask(actors, who="Beto", reason="Married", **values):
    return ask_changes(values or {"last_name": "Núñez"}, reason=reason, actor=actors(who))


# --- Asking about oneself ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("asker", "answer"),
    [("Beto", "done"), ("Ana", "done"), ("deputy", "done"), ("HR", "not allowed"), ("nobody", "not allowed")],
)
def test_who_asks_for_a_change_of_his_data(asker, answer, actors):
    got = answer_of(ask_changes, {"first_name": "Zoe"}, reason="Typed wrong", actor=actors(asker))

    assert (got, ChangeRequest.objects.count()) == (answer, 1 if answer == "done" else 0)


def test_one_request_for_each_value_that_differs(actors, beto):
    values = {"first_name": "Beto", "last_name": " Núñez  Gil ", "birth_date": date(1990, 5, 7), "country": "VE"}

    asked = ask(actors, reason=" Identity card ", **values)

    rows = ChangeRequest.objects.order_by("pk").values_list("employee", "kind", "field", "old", "new", "reason")
    assert list(rows) == [
        (beto.pk, "data", "last_name", "Ñáñez", "Núñez Gil", "Identity card"),
        (beto.pk, "data", "birth_date", "", "1990-05-07", "Identity card"),
    ]
    assert told("change_request.asked") == [{"change_request_id": request.pk} for request in asked]
    assert ChangeRequest.objects.first().history.count() == 1
    beto.refresh_from_db()
    assert (beto.last_name, beto.birth_date, beto.version) == ("Ñáñez", None, 1)


def test_a_unit_position_or_boss_is_asked_for_in_words(actors, beto, sales, ana):
    ask(actors, org_unit="Compras, piso 2", position="", reports_to="Señor Ruiz")

    assert list(ChangeRequest.objects.order_by("pk").values_list("field", "old", "new")) == [
        ("org_unit", str(sales.pk), "Compras, piso 2"),
        ("reports_to", str(ana.pk), "Señor Ruiz"),
    ]


@pytest.mark.parametrize(
    ("values", "reason", "message"),
    [
        ({"last_name": "Gil"}, " ", "Give a reason."),
        ({"last_name": "Ñáñez"}, "x", "Nothing differs from what is known of you."),
        ({"last_name": ""}, "x", "This field cannot be blank."),
        ({"work_email": "no mail"}, "x", "Enter a valid email address."),
        ({"private_phone": "04141112233"}, "x", "HR is not asked about this: phones you change yourself."),
        ({"status": "terminated"}, "x", "HR is not asked about this: phones you change yourself."),
        ({"org_unit": "x" * 255}, "x", "Use at most 254 characters."),
    ],
)
def test_what_cannot_be_is_refused(values, reason, message, actors):
    with pytest.raises(DomainError) as refused:
        ask_changes(values, reason=reason, actor=actors("Beto"))
    assert (str(refused.value), ChangeRequest.objects.count()) == (message, 0)


def test_a_national_id_is_stored_as_it_is_written_on_the_card(actors):
    (asked,) = ask(actors, national_id="12.345.679")

    assert asked.new == "V-12345679"


def test_one_request_waits_for_each_field(actors):
    (first,) = ask(actors, last_name="Gil")
    with pytest.raises(DomainError, match="waits for HR already") as refused:
        ask(actors, last_name="Gal")
    assert refused.value.field == "last_name"
    withdraw_change_requests([first.pk], actor=actors("Beto"))

    assert len(ask(actors, last_name="Gal")) == 1


def test_a_form_opened_before_somebody_changed_the_row_is_refused(actors, beto, hr_manager):
    change_employees({beto.pk: {"first_name": "Alberto"}}, actor=hr_manager)

    with pytest.raises(StaleRow):
        ask_changes({"first_name": "Beto", "last_name": "Gil"}, reason="x", actor=actors("Beto"), version=beto.version)


# --- Asking about one's people ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("asker", "about", "answer"),
    [
        ("Ana", "beto", "done"),
        ("deputy", "beto", "done"),
        ("Ana", "ana", "not allowed"),
        ("Ana", "carla", "not found"),
        ("Beto", "beto", "not allowed"),
        ("Beto", "ana", "not found"),
        ("Carla", "beto", "not found"),
        ("granted", "beto", "not allowed"),
        ("HR", "beto", "not allowed"),
        ("auditor", "beto", "not allowed"),
    ],
)
def test_who_says_that_somebody_is_not_his(asker, about, answer, actors, request):
    person = request.getfixturevalue(about)

    got = answer_of(disown_employees, [person.pk], field="org_unit", reason="Moved", actor=actors(asker))

    assert (got, ChangeRequest.objects.count()) == (answer, 1 if answer == "done" else 0)


def test_several_are_disowned_together_or_none(actors, beto, carla, sales):
    eva = make_employee("Eva", org_unit=sales)
    with pytest.raises(NotFound):
        disown_employees([beto.pk, carla.pk], field="org_unit", reason="x", actor=actors("Ana"))
    assert ChangeRequest.objects.count() == 0

    asked = disown_employees([beto.pk, eva.pk], field="org_unit", reason="x", actor=actors("Ana"))

    assert {(row.employee_id, row.field, row.old, row.new) for row in asked} == {
        (beto.pk, "org_unit", str(sales.pk), ""),
        (eva.pk, "org_unit", str(sales.pk), ""),
    }
    with pytest.raises(DomainError, match="HR has been told already"):
        disown_employees([beto.pk], field="org_unit", reason="x", actor=actors("deputy"))
    with pytest.raises(DomainError, match="reports to nobody"):
        disown_employees([eva.pk], field="reports_to", reason="x", actor=actors("Ana"))
    with pytest.raises(DomainError, match="Say what is wrong"):
        disown_employees([eva.pk], field="status", reason="x", actor=actors("Ana"))


@pytest.mark.parametrize(
    ("asker", "answer"),
    [("Ana", "done"), ("deputy", "done"), ("Beto", "not allowed"), ("granted", "not allowed"), ("HR", "not allowed")],
)
def test_who_says_that_somebody_is_missing(asker, answer, actors):
    assert answer_of(report_missing, ["Somebody"], reason="x", actor=actors(asker)) == answer


def test_whether_a_code_exists_is_not_to_be_learnt(actors, carla):
    """Carla is a stranger to Ana; nobody has the other code."""
    asked = [report_missing([text], reason="x", actor=actors("Ana"))[0] for text in (carla.code, "E999")]

    rows = ChangeRequest.objects.order_by("pk").values_list("kind", "employee", "field", "old", "new", "state")
    assert list(rows) == [
        ("missing", None, "", "", carla.code, "waiting"),
        ("missing", None, "", "", "E999", "waiting"),
    ]
    assert [str(row) for row in asked] == [f"is missing among my people: {text}" for text in (carla.code, "E999")]


def test_who_is_there_or_named_already_is_not_missing(actors, beto):
    with pytest.raises(DomainError, match="is one of your people already"):
        report_missing(["e2"], reason="x", actor=actors("Ana"))
    report_missing(["Luisa  Gómez", "luisa gomez", " "], reason="x", actor=actors("Ana"))
    with pytest.raises(DomainError, match="HR knows of LUISA GÓMEZ already"):
        report_missing(["LUISA GÓMEZ"], reason="x", actor=actors("Ana"))
    with pytest.raises(DomainError, match="Say who is missing"):
        report_missing([" "], reason="x", actor=actors("Ana"))

    assert ChangeRequest.objects.count() == 1
    assert len(report_missing(["Luisa Gómez"], reason="x", actor=actors("deputy"))) == 1


# --- Deciding ---------------------------------------------------------------------------------------------------------
DECISIONS = [
    ("HR", "done"),
    ("admin", "done"),
    ("loader", "not found"),
    ("auditor", "not allowed"),
    ("Ana", "not found"),
    ("Carla", "not found"),
    ("Beto", "not allowed"),
    ("nobody", "not found"),
]


@pytest.mark.parametrize(("decider", "answer"), DECISIONS)
@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_who_decides(verb, decider, answer, actors, beto):
    (asked,) = ask(actors)
    service = {"approve": approve_change_requests, "reject": reject_change_requests}[verb]

    got = answer_of(service, [asked.pk], answer="Seen", actor=actors(decider))

    asked.refresh_from_db()
    beto.refresh_from_db()
    done = {"approve": ("approved", "Núñez"), "reject": ("rejected", "Ñáñez")}[verb]
    assert got == answer
    assert (asked.state, beto.last_name) == (done if answer == "done" else ("waiting", "Ñáñez"))


@pytest.mark.parametrize(("decider", "answer"), DECISIONS)
def test_the_queue_holds_what_one_decides(decider, answer, actors):
    ask(actors)

    assert ChangeRequest.objects.decidable_by(actors(decider)).exists() is (answer == "done")


@pytest.mark.parametrize(
    ("viewer", "seen"),
    [("HR", 2), ("admin", 2), ("auditor", 2), ("Ana", 1), ("Beto", 1), ("Carla", 0), ("deputy", 0), ("loader", 0)],
)
def test_who_sees_requests(viewer, seen, actors, beto):
    ask(actors)
    disown_employees([beto.pk], field="org_unit", reason="x", actor=actors("Ana"))

    assert ChangeRequest.objects.visible_to(actors(viewer)).count() == seen


def test_nobody_decides_about_himself_nor_what_he_asked_for(actors, beto):
    """Beto works in HR; his manager says he is not hers, and Beto asks for another name."""
    actors("Beto").groups.add(Group.objects.get(name=roles.HR_MANAGER))
    actors("Ana").groups.add(Group.objects.get(name=roles.HR_MANAGER))
    (own,) = ask(actors)
    (about,) = disown_employees([beto.pk], field="reports_to", reason="x", actor=actors("Ana"))
    (missing,) = report_missing(["E2000"], reason="x", actor=actors("Ana"))

    refused = "Somebody else decides about you and what you asked for"
    for key in (own.pk, about.pk):
        with pytest.raises(NotAllowed, match=refused):
            approve_change_requests([key], choice=Choice(reports_to=None), actor=actors("Beto"))
        assert not ChangeRequest.objects.decidable_by(actors("Beto")).filter(pk=key).exists()
    with pytest.raises(NotAllowed, match=refused):
        reject_change_requests([about.pk], answer="x", actor=actors("Ana"))
    chosen = Choice(employee=beto, reports_to=about.employee.reports_to)
    with pytest.raises(NotAllowed, match=refused):
        approve_change_requests([missing.pk], choice=chosen, actor=actors("Beto"))
    assert set(ChangeRequest.objects.values_list("state", flat=True)) == {"waiting"}


def test_an_approval_changes_the_person_with_history(actors, beto):
    asked = ask(actors, last_name="Núñez", birth_date=date(1990, 5, 7))

    approve_change_requests([row.pk for row in asked], answer="Card seen", actor=actors("HR"))

    beto.refresh_from_db()
    assert (beto.last_name, beto.birth_date, beto.version) == ("Núñez", date(1990, 5, 7), 2)
    written = beto.history.first()
    assert (written.history_user_name, written.history_change_reason) == ("Hr", "Married")
    row = ChangeRequest.objects.first()
    assert (row.state, row.answer, row.decided_by_name, row.version) == ("approved", "Card seen", "Hr", 2)
    assert len(told("change_request.decided")) == 2


def test_the_country_and_the_number_of_it_are_read_together(actors, beto):
    asked = ask(actors, country="CO", national_id="1.020.304.050")

    approve_change_requests([row.pk for row in asked], actor=actors("HR"))

    beto.refresh_from_db()
    assert (beto.country, beto.national_id) == ("CO", asked[1].new)


def test_what_has_changed_since_is_not_written_over(actors, beto, hr_manager):
    (asked,) = ask(actors)
    change_employees({beto.pk: {"last_name": "Gil"}}, actor=hr_manager)

    with pytest.raises(StaleRow, match="last name of Beto Gil"):
        approve_change_requests([asked.pk], actor=actors("HR"))
    assert ChangeRequest.objects.get().state == "waiting"
    change_employees({beto.pk: {"last_name": "Núñez"}}, actor=hr_manager)

    approve_change_requests([asked.pk], actor=actors("HR"))

    beto.refresh_from_db()
    assert (beto.last_name, beto.version, ChangeRequest.objects.get().state) == ("Núñez", 3, "approved")


def test_a_rule_that_says_no_leaves_the_request_waiting(actors, beto, carla):
    (asked,) = ask(actors, national_id="V-87654321")

    with pytest.raises(DomainError, match="Another employee has that national id"):
        approve_change_requests([asked.pk], actor=actors("HR"))
    assert (ChangeRequest.objects.get().state, told("change_request.decided")) == ("waiting", [])


def test_hr_says_which_unit_is_meant(actors, beto, finance):
    (asked,) = ask(actors, org_unit="Finance, second floor")
    with pytest.raises(DomainError, match="Say which one is right: unit") as refused:
        approve_change_requests([asked.pk], actor=actors("HR"))
    assert refused.value.field == "org_unit"

    approve_change_requests([asked.pk], choice=Choice(org_unit=finance), actor=actors("HR"))

    beto.refresh_from_db()
    assert beto.org_unit == finance


def test_who_is_not_mine_goes_where_hr_says(actors, beto, sales, finance):
    (asked,) = disown_employees([beto.pk], field="org_unit", reason="Moved in May", actor=actors("Ana"))
    with pytest.raises(DomainError, match="That is what is said to be wrong"):
        approve_change_requests([asked.pk], choice=Choice(org_unit=sales), actor=actors("HR"))
    with pytest.raises(DomainError, match="Say which one is right"):
        approve_change_requests([asked.pk], actor=actors("HR"))

    approve_change_requests([asked.pk], choice=Choice(org_unit=finance), actor=actors("HR"))

    beto.refresh_from_db()
    assert beto.org_unit == finance
    assert beto.history.first().history_change_reason == "Moved in May"


def test_who_was_put_right_meanwhile_needs_no_choice(actors, beto, finance, hr_manager):
    (asked,) = disown_employees([beto.pk], field="org_unit", reason="x", actor=actors("Ana"))
    change_employees({beto.pk: {"org_unit": finance}}, actor=hr_manager)

    approve_change_requests([asked.pk], actor=actors("HR"))

    asked.refresh_from_db()
    beto.refresh_from_db()
    assert (asked.state, beto.org_unit, beto.version) == ("approved", finance, 2)


def test_who_was_missing_goes_where_hr_says(actors, ana, carla, sales):
    (asked,) = report_missing([carla.code], reason="Started on Monday", actor=actors("Ana"))
    for chosen, message in (
        (Choice(), "Say who is meant"),
        (Choice(employee=carla), "Say into which unit the person belongs"),
    ):
        with pytest.raises(DomainError, match=message):
            approve_change_requests([asked.pk], choice=chosen, actor=actors("HR"))

    chosen = Choice(employee=carla, org_unit=sales, reports_to=ana)
    approve_change_requests([asked.pk], choice=chosen, actor=actors("HR"))

    carla.refresh_from_db()
    assert (carla.org_unit, carla.reports_to, carla.version) == (sales, ana, 2)


def test_several_are_decided_together_or_none(actors, beto, carla):
    asked = [*ask(actors), *ask(actors, who="Carla", reason="Typo", first_name="Carlota")]
    ChangeRequest.objects.filter(pk=asked[1].pk).update(state="rejected")
    with pytest.raises(InvalidTransition):
        approve_change_requests([row.pk for row in asked], actor=actors("HR"))
    beto.refresh_from_db()
    assert beto.last_name == "Ñáñez"
    ChangeRequest.objects.update(state="waiting")

    approve_change_requests([row.pk for row in asked], actor=actors("HR"))

    assert set(Employee.objects.filter(pk__in=[beto.pk, carla.pk]).values_list("first_name", "last_name")) == {
        ("Beto", "Núñez"),
        ("Carlota", "Gil"),
    }


def decide(verb, asked, actors):
    match verb:
        case "approve":
            approve_change_requests([asked.pk], actor=actors("HR"))
        case "reject":
            reject_change_requests([asked.pk], answer="x", actor=actors("HR"))
        case "withdraw":
            withdraw_change_requests([asked.pk], actor=actors("Beto"))


@pytest.mark.parametrize("before", ["approved", "rejected", "withdrawn"])
def test_what_is_decided_stays_so(before, actors, beto):
    (asked,) = ask(actors)
    ChangeRequest.objects.update(state=before)

    for verb in ("approve", "reject", "withdraw"):
        with pytest.raises(InvalidTransition):
            decide(verb, asked, actors)
    beto.refresh_from_db()
    assert beto.last_name == "Ñáñez"


def test_a_rejection_says_why(actors):
    (asked,) = ask(actors)

    with pytest.raises(DomainError, match="Give a reason"):
        reject_change_requests([asked.pk], answer=" ", actor=actors("HR"))


@pytest.mark.parametrize(("who", "answer"), [("Beto", "done"), ("HR", "not allowed"), ("Ana", "not found")])
def test_only_who_asked_withdraws(who, answer, actors):
    (asked,) = ask(actors)

    assert answer_of(withdraw_change_requests, [asked.pk], actor=actors(who)) == answer
    asked.refresh_from_db()
    assert asked.state == ("withdrawn" if answer == "done" else "waiting")
    assert told("change_request.decided") == []


# --- What is told -----------------------------------------------------------------------------------------------------
def test_hr_is_told_of_the_question_and_who_asked_of_the_answer(actors, beto, carla):
    (asked,) = ask(actors)
    (not_mine,) = disown_employees([beto.pk], field="org_unit", reason="x", actor=actors("Ana"))
    outbox.expand_due(limit=500)
    approve_change_requests([asked.pk], actor=actors("HR"))
    approve_change_requests([not_mine.pk], choice=Choice(org_unit=carla.org_unit), actor=actors("HR"))
    outbox.expand_due(limit=500)

    rows = Notification.objects.select_related("message").filter(channel="app")
    by_kind = {
        kind: {row.user_id for row in rows if row.message.kind == f"change_request.{kind}"}
        for kind in ("asked", "decided")
    }
    assert by_kind == {
        "asked": {actors(name).pk for name in ("HR", "other HR", "admin")},
        "decided": {actors("Beto").pk, actors("Ana").pk},
    }


def words(request, user):
    name_values([request], user)
    return request.what, request.old_words, request.new_words


def test_values_are_told_in_words_to_who_may_read_them(actors, beto, ana):
    (born,) = ask(actors, birth_date=date(1990, 5, 7))
    (boss,) = ask(actors, reports_to="Señor Ruiz")
    (not_mine,) = disown_employees([beto.pk], field="reports_to", reason="x", actor=actors("deputy"))

    assert words(born, actors("HR")) == ("Birth date", "–", "05/07/1990")
    assert words(born, actors("Carla"))[1:] == ("hidden", "hidden")
    assert words(boss, actors("Beto")) == ("Reports to", "Ana Pérez (E1)", "Señor Ruiz")
    assert words(not_mine, actors("deputy")) == ("Reports to", "Ana Pérez (E1)", "–")
    assert words(not_mine, actors("granted"))[1] == "not visible to you"


# --- Phones -----------------------------------------------------------------------------------------------------------
def test_everybody_changes_his_own_phones(actors, beto):
    values = {"work_phone": "0212-5551234", "private_phone": ""}

    change_own_phones(values, version=beto.version, actor=actors("Beto"), source="self-service")

    beto.refresh_from_db()
    assert (beto.work_phone, beto.private_phone, beto.version) == ("+582125551234", "", 2)
    assert (beto.search_personal, beto.history.first().history_source) == ("v-12345678 v12345678", "self-service")
    with pytest.raises(StaleRow):
        change_own_phones(values, version=1, actor=actors("Beto"))
    change_own_phones(values, version=2, actor=actors("Beto"))
    beto.refresh_from_db()
    assert beto.version == 2


@pytest.mark.parametrize(
    ("who", "values", "error"),
    [
        ("Beto", {"work_phone": "12"}, DomainError),
        ("Beto", {"last_name": "Gil"}, NotAllowed),
        ("HR", {"work_phone": ""}, NotAllowed),
    ],
)
def test_nothing_else_is_changed_that_way(who, values, error, actors, beto):
    with pytest.raises(error):
        change_own_phones(values, version=1, actor=actors(who))
    assert Employee.objects.get(pk=beto.pk).version == 1
